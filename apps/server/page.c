/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page for people, at /, and the pictures of its examples: bytes that the build puts into this program. A browser that
 * has the page asks whether it has changed, and gets it anew only then.
 */
#include "page.h"

#include <string.h>

#include "http.h"
#include "service.h"

/* Made by the build: scripts/report-page.sh and scripts/embed.sh. */
extern const unsigned char server_page[], dog_jpg[], sunset_city_png[];
extern const size_t server_page_size, dog_jpg_size, sunset_city_png_size;
extern const char server_page_policy[], server_page_tag[];

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

void page_answer(struct service *service, struct exchange *exchange)
{
    const char *known = exchange_header(exchange, "If-None-Match");
    if (strcmp(exchange->path, PAGE_DOG) == 0)
        service_answer_fixed(exchange, 200, "image/jpeg", dog_jpg, dog_jpg_size, picture_headers);
    else if (strcmp(exchange->path, PAGE_SUNSET) == 0)
        service_answer_fixed(exchange, 200, "image/png", sunset_city_png, sunset_city_png_size, picture_headers);
    else if (known && strstr(known, server_page_tag))
        service_answer_fixed(exchange, 304, NULL, NULL, 0, page_headers);
    else
        service_answer_fixed(exchange, 200, "text/html; charset=utf-8", server_page, server_page_size, page_headers);
}
