/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page for people, at /, the pictures of its examples, and the page of HTML reports up to its data, which the page for
 * people fills in: bytes that the build puts into this program. A browser that has a page asks whether it has changed, and
 * gets it anew only then.
 */
#include "page.h"

#include <string.h>

#include "http.h"
#include "service.h"

/* Made by the build: scripts/report-page.sh and scripts/embed.sh. */
extern const unsigned char server_page[], traffic_light_webp[], sunset_city_png[];
extern const size_t server_page_size, traffic_light_webp_size, sunset_city_png_size;
extern const char server_page_policy[], server_page_tag[];
extern const unsigned char html_report_page[]; /* of apps/cli/report, as `tuwen review --report` has it */
extern const size_t html_report_page_size;
extern const char html_report_page_tag[];

static const struct header page_headers[] = {
    {"ETag", server_page_tag},
    {"Cache-Control", "no-cache"},
    {"Content-Security-Policy", server_page_policy},
    {"Content-Security-Policy", "frame-ancestors 'none'"}, /* only a header can say this */
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {NULL, NULL},
};

static const struct header picture_headers[] = {
    {"Cache-Control", "max-age=3600"},
    {"Content-Security-Policy", "default-src 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {NULL, NULL},
};

/* It is read by our page's script, and does nothing where it lies. */
static const struct header report_headers[] = {
    {"ETag", html_report_page_tag},
    {"Cache-Control", "no-cache"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {NULL, NULL},
};

static void answer_page(struct exchange *exchange, const unsigned char *page, size_t size, const char *tag,
                        const struct header *headers)
{
    const char *known = exchange_header(exchange, "If-None-Match");
    if (known && strstr(known, tag))
        service_answer_fixed(exchange, 304, NULL, NULL, 0, headers);
    else
        service_answer_fixed(exchange, 200, "text/html; charset=utf-8", page, size, headers);
}

void page_answer(struct service *service, struct exchange *exchange)
{
    (void)service;
    if (strcmp(exchange->path, PAGE_LIGHT) == 0)
        service_answer_fixed(exchange, 200, "image/webp", traffic_light_webp, traffic_light_webp_size,
                             picture_headers);
    else if (strcmp(exchange->path, PAGE_SUNSET) == 0)
        service_answer_fixed(exchange, 200, "image/png", sunset_city_png, sunset_city_png_size, picture_headers);
    else if (strcmp(exchange->path, PAGE_REPORT) == 0)
        answer_page(exchange, html_report_page, html_report_page_size, html_report_page_tag, report_headers);
    else
        answer_page(exchange, server_page, server_page_size, server_page_tag, page_headers);
}
