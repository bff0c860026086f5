/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers by libcurl's multi interface; the only file that knows it. */
#include "net/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/memory.h"

#define MAX_REDIRECTS 10
#define MAX_REDIRECT_BODY (1 << 20) /* what a redirect may say besides its address, bytes */
#define CONNECT_SECONDS 15.0
#define SLOWEST 64.0 /* bytes a second, over `stall` seconds, below which a transfer counts as broken */
#define MAX_HEADERS (256 << 10)

typedef struct transfer {
    struct tw_http *http;
    struct transfer *next;
    CURL *easy;
    struct curl_slist *headers;
    tw_http_client client;
    tw_http_head head;
    char *url;   /* as asked for */
    char *token; /* NULL: none */
    char *cookie;
    int64_t from;
    int redirects;
    bool is_redirect; /* the answer now being read only names another address */
    bool only_public;
    bool refused; /* an address that is not public */
    bool stopped;
    bool head_done; /* headers after it are a chunked body's trailers */
    size_t header_bytes;
    size_t redirect_bytes;
    double window_start; /* of the watch for stalls */
    double window_bytes;
    bool stalled;
} transfer;

struct tw_http {
    CURLM *multi;
    transfer *transfers;
    double stall;
    char *authorities; /* NULL: the system's */
};

/* --- addresses ----------------------------------------------------------------------------------------------------- */

/* Scheme, host and port of an address, as "https", "host", "443". */
typedef struct {
    char *scheme;
    char *host;
    char *port;
} origin;

static void origin_free(origin *o)
{
    curl_free(o->scheme);
    curl_free(o->host);
    curl_free(o->port);
    *o = (origin){0};
}

static bool origin_of(const char *url, origin *o)
{
    *o = (origin){0};
    CURLU *parts = curl_url();
    if (!parts)
        return false;
    char *secret = NULL;
    bool good = curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_SCHEME, &o->scheme, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_HOST, &o->host, 0) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_PORT, &o->port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(parts, CURLUPART_USER, &secret, 0) == CURLUE_NO_USER &&
                curl_url_get(parts, CURLUPART_PASSWORD, &secret, 0) == CURLUE_NO_PASSWORD &&
                (strcmp(o->scheme, "http") == 0 || strcmp(o->scheme, "https") == 0);
    curl_free(secret);
    curl_url_cleanup(parts);
    if (!good)
        origin_free(o);
    return good;
}

static bool same_origin(const char *a, const char *b)
{
    origin first, second;
    bool same = origin_of(a, &first);
    if (same && (same = origin_of(b, &second))) {
        same = strcmp(first.scheme, second.scheme) == 0 && strcmp(first.host, second.host) == 0 &&
               strcmp(first.port, second.port) == 0;
        origin_free(&second);
    }
    origin_free(&first);
    return same;
}

bool tw_http_host_of(const char *url, char host[TW_HTTP_HOST])
{
    origin o;
    if (!origin_of(url, &o))
        return false;
    bool usual = strcmp(o.port, strcmp(o.scheme, "https") == 0 ? "443" : "80") == 0;
    int length = snprintf(host, TW_HTTP_HOST, "%s%s%s", o.host, usual ? "" : ":", usual ? "" : o.port);
    origin_free(&o);
    return length > 0 && length < TW_HTTP_HOST;
}

bool tw_http_encode(char *buffer, size_t size, const char *text, bool slashes)
{
    size_t at = strlen(buffer);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     strchr("-_.~", c) || (slashes && c == '/');
        if (at + 4 > size)
            return false;
        if (plain)
            buffer[at++] = (char)c;
        else
            at += (size_t)snprintf(buffer + at, size - at, "%%%02X", c);
    }
    buffer[at] = '\0';
    return true;
}

/* --- the head of an answer ------------------------------------------------------------------------------------------ */

/* Whether `line` (without its end) is the header `name`; its value is then a NUL-terminated copy in `value`. */
static bool header_is(const char *line, size_t length, const char *name, char *value, size_t size)
{
    size_t name_length = strlen(name);
    if (length <= name_length || line[name_length] != ':' || !curl_strnequal(line, name, name_length))
        return false;
    line += name_length + 1;
    length -= name_length + 1;
    while (length && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    while (length && (line[length - 1] == ' ' || line[length - 1] == '\t'))
        length--;
    if (length >= size)
        length = size - 1;
    memcpy(value, line, length);
    value[length] = '\0';
    return true;
}

/* A count of bytes, -1 if it is none. */
static int64_t read_count(const char *text, const char **end)
{
    char *stop = NULL;
    if (*text < '0' || *text > '9')
        return -1;
    long long count = strtoll(text, &stop, 10);
    *end = stop;
    return count == INT64_MAX ? -1 : (int64_t)count;
}

/* "bytes 5-9/10" or "bytes 5-9/\*". */
static void read_range(const char *value, tw_http_head *head)
{
    const char *at = value;
    head->range_first = head->range_total = -1;
    if (!curl_strnequal(at, "bytes ", 6))
        return;
    int64_t first = read_count(at + 6, &at);
    if (first < 0 || *at != '-' || read_count(at + 1, &at) < first || *at != '/')
        return;
    head->range_first = first;
    head->range_total = read_count(at + 1, &at);
}

static double read_retry_after(const char *value)
{
    const char *end = value;
    int64_t seconds = read_count(value, &end);
    if (seconds >= 0)
        return (double)seconds;
    time_t when = curl_getdate(value, NULL);
    double wait = when == -1 ? 0 : difftime(when, time(NULL));
    return wait > 0 ? wait : 0;
}

/* The address of rel="next" in a Link header, which may list several. */
static void read_link(const char *value, char next[TW_HTTP_LINK])
{
    while ((value = strchr(value, '<')) != NULL) {
        const char *end = strchr(++value, '>');
        if (!end)
            return;
        const char *until = strchr(end, '<');
        const char *relation = strstr(end, "rel=\"next\"");
        size_t length = (size_t)(end - value);
        if (relation && (!until || relation < until) && length < TW_HTTP_LINK) {
            memcpy(next, value, length);
            next[length] = '\0';
            return;
        }
        value = end;
    }
}

static void read_header(transfer *t, const char *line, size_t length)
{
    char value[TW_HTTP_LINK + 64] = "";
    const char *end = value;
    if (header_is(line, length, "Content-Length", value, sizeof value))
        t->head.length = read_count(value, &end);
    else if (header_is(line, length, "Content-Range", value, sizeof value))
        read_range(value, &t->head);
    else if (header_is(line, length, "Retry-After", value, sizeof value))
        t->head.retry_after = read_retry_after(value);
    else if (header_is(line, length, "Link", value, sizeof value))
        read_link(value, t->head.next);
    else if (header_is(line, length, "Location", value, sizeof value))
        t->is_redirect = t->head.code >= 300 && t->head.code < 400 && t->head.code != 304;
}

static void note_bytes(transfer *t, size_t size)
{
    t->window_bytes += (double)size;
}

static size_t on_header(char *data, size_t one, size_t size, void *owner)
{
    transfer *t = owner;
    size_t length = one * size, whole = length;
    note_bytes(t, length);
    t->header_bytes += length;
    if (t->header_bytes > MAX_HEADERS)
        return 0;
    while (length && (data[length - 1] == '\n' || data[length - 1] == '\r'))
        length--;
    if (t->head_done)
        return whole;
    if (length >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        t->head = (tw_http_head){.length = -1, .range_first = -1, .range_total = -1};
        t->is_redirect = false;
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->head.code);
        char *url = NULL;
        if (curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url) {
            (void)tw_http_host_of(url, t->head.host);
            t->head.redirected = t->redirects > 0 && !same_origin(url, t->url);
        }
    } else if (length > 0) {
        read_header(t, data, length);
    } else if (t->head.code >= 200) {
        t->head_done = true;
        if (!t->is_redirect && !t->client.head(t->client.owner, &t->head)) {
            t->stopped = true;
            return 0;
        }
    }
    return whole;
}

static size_t on_body(char *data, size_t one, size_t size, void *owner)
{
    transfer *t = owner;
    size_t length = one * size;
    note_bytes(t, length);
    if (t->is_redirect) {
        t->redirect_bytes += length;
        return t->redirect_bytes > MAX_REDIRECT_BODY ? 0 : length;
    }
    if (!t->client.body(t->client.owner, data, length)) {
        t->stopped = true;
        return 0;
    }
    return length;
}

/* --- transfers ------------------------------------------------------------------------------------------------------ */

static void transfer_free(transfer *t)
{
    if (!t)
        return;
    if (t->easy) {
        (void)curl_multi_remove_handle(t->http->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->headers);
    tw_free(t->url);
    if (t->token)
        memset(t->token, 0, strlen(t->token));
    tw_free(t->token);
    tw_free(t->cookie);
    tw_free(t);
}

static bool add_header(transfer *t, const char *name, const char *middle, const char *value)
{
    size_t size = strlen(name) + strlen(middle) + strlen(value) + 1;
    char *line = tw_alloc(size, 1);
    if (!line)
        return false;
    (void)snprintf(line, size, "%s%s%s", name, middle, value);
    struct curl_slist *list = curl_slist_append(t->headers, line);
    tw_free(line);
    if (list)
        t->headers = list;
    return list != NULL;
}

/* Sets address, headers and range, and hands the transfer to libcurl; false when memory is out. */
static bool transfer_send(transfer *t, const char *url)
{
    CURL *easy = t->easy;
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    bool good = add_header(t, "Accept-Encoding: ", "", "identity");
    if (good && t->token && same_origin(t->url, url)) {
        good = add_header(t, "Authorization: ", "Bearer ", t->token);
        if (good && t->cookie) {
            char start[128];
            (void)snprintf(start, sizeof start, "Cookie: %s=", t->cookie);
            good = add_header(t, start, "", t->token);
        }
    }
    char range[32];
    (void)snprintf(range, sizeof range, "%lld-", (long long)t->from);
    t->head = (tw_http_head){.length = -1, .range_first = -1, .range_total = -1};
    t->is_redirect = t->head_done = t->refused = false;
    t->header_bytes = t->redirect_bytes = 0;
    t->window_start = tw_clock_seconds();
    t->window_bytes = 0;
    return good && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_RANGE, t->from > 0 ? range : NULL) == CURLE_OK &&
           curl_multi_add_handle(t->http->multi, easy) == CURLM_OK;
}

static curl_socket_t on_open_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *t = owner;
    if (tw_address_is_public(&address->addr, address->addrlen))
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    t->refused = true;
    return CURL_SOCKET_BAD;
}

static bool transfer_guard(transfer *t)
{
    return curl_easy_setopt(t->easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK &&
           curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK;
}

static bool transfer_prepare(transfer *t)
{
    CURL *easy = t->easy;
    if (t->only_public && !transfer_guard(t))
        return false;
    if (t->http->authorities && curl_easy_setopt(easy, CURLOPT_CAINFO, t->http->authorities) != CURLE_OK)
        return false;
    long connect = (long)(1000 * (t->http->stall < CONNECT_SECONDS ? t->http->stall : CONNECT_SECONDS));
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "tuwen-fetch") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect > 0 ? connect : 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK;
}

static char *copy_of(const char *text)
{
    return text && *text ? tw_copy_string(text, strlen(text)) : NULL;
}

tuwen_status tw_http_start(tw_http *http, const tw_http_request *request, const tw_http_client *client,
                           tuwen_error *error)
{
    char host[TW_HTTP_HOST];
    if (!tw_http_host_of(request->url, host))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "an address must begin with http:// or https://, without name and password");
    transfer *t = tw_alloc_zero(1, sizeof *t);
    if (!t)
        return tw_fail_memory(error, host);
    *t = (transfer){.http = http,
                    .client = *client,
                    .from = request->from,
                    .only_public = request->only_public,
                    .easy = curl_easy_init()};
    t->url = copy_of(request->url);
    /* A token has no blanks; one that was read from a file often has its line end. */
    t->token =
        request->token && *request->token ? tw_copy_string(request->token, strcspn(request->token, " \t\r\n")) : NULL;
    t->cookie = copy_of(request->cookie);
    bool token = !request->token || !*request->token || t->token;
    bool cookie = !request->cookie || !*request->cookie || t->cookie;
    if (!t->easy || !t->url || !token || !cookie || !transfer_prepare(t) || !transfer_send(t, t->url)) {
        transfer_free(t);
        return tw_fail_memory(error, host);
    }
    t->next = http->transfers;
    http->transfers = t;
    return TUWEN_OK;
}

/* Follows a redirect if the answer is one; false with `end` set when it cannot be followed. */
static bool follow(transfer *t, tw_http_end *end)
{
    char *target = NULL;
    char host[TW_HTTP_HOST];
    char *from = NULL;
    *end = TW_HTTP_BAD_REDIRECT;
    if (curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &target) != CURLE_OK || !target ||
        t->redirects >= MAX_REDIRECTS || !tw_http_host_of(target, host))
        return false;
    if (curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &from) != CURLE_OK || !from ||
        (curl_strnequal(from, "https:", 6) && !curl_strnequal(target, "https:", 6)))
        return false;
    char *copy = copy_of(target);
    t->redirects++;
    (void)curl_multi_remove_handle(t->http->multi, t->easy);
    bool sent = copy && transfer_send(t, copy);
    tw_free(copy);
    *end = TW_HTTP_BROKEN;
    return sent;
}

static tw_http_end end_of(const transfer *t, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return TW_HTTP_DONE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return TW_HTTP_UNSAFE;
    default:
        return t->head.code != 0 ? TW_HTTP_BROKEN : t->refused ? TW_HTTP_NOT_PUBLIC : TW_HTTP_NO_ANSWER;
    }
}

/* Takes a finished transfer out and tells its client. */
static void finish(transfer *t, tw_http_end end, const char *reason)
{
    tw_http *http = t->http;
    tw_http_result result = {.end = t->stopped ? TW_HTTP_STOPPED : end, .head = t->head};
    char *url = NULL;
    if (curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url)
        (void)tw_http_host_of(url, result.host);
    (void)snprintf(result.reason, sizeof result.reason, "%s", reason);
    for (transfer **at = &http->transfers; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    tw_http_client client = t->client;
    transfer_free(t);
    client.done(client.owner, &result);
}

/* Ends what has ended; false if nothing has. */
static bool finish_messages(tw_http *http)
{
    bool any = false;
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        char *owner = NULL;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        transfer *t = (transfer *)(void *)owner;
        any = true;
        tw_http_end end = end_of(t, code);
        if (code == CURLE_OK && t->is_redirect && follow(t, &end))
            continue;
        finish(t, end, curl_easy_strerror(code));
    }
    return any;
}

/* Ends the first transfer that has stalled; false if there is none. */
static bool finish_stalled(tw_http *http)
{
    double now = tw_clock_seconds();
    for (transfer *t = http->transfers; t; t = t->next) {
        if (now - t->window_start < http->stall)
            continue;
        bool slow = t->window_bytes < SLOWEST * http->stall;
        t->window_start = now;
        t->window_bytes = 0;
        if (slow) {
            finish(t, t->head.code == 0 ? TW_HTTP_NO_ANSWER : TW_HTTP_BROKEN, "Timeout was reached");
            return true;
        }
    }
    return false;
}

tuwen_status tw_http_step(tw_http *http, double seconds, tuwen_error *error)
{
    int running = 0;
    CURLMcode code = curl_multi_perform(http->multi, &running);
    bool any = finish_messages(http);
    while (finish_stalled(http))
        any = true;
    if (code == CURLM_OK && !any) /* what has ended may have something to follow at once */
        code = curl_multi_poll(http->multi, NULL, 0, (int)(seconds * 1000), NULL);
    if (code != CURLM_OK)
        return tw_fail(error, TUWEN_INTERNAL, "libcurl: %s", curl_multi_strerror(code));
    return TUWEN_OK;
}

tuwen_status tw_http_open(double stall, const char *authorities, tw_http **http, tuwen_error *error)
{
    *http = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return tw_fail_memory(error, "libcurl");
    tw_http *made = tw_alloc_zero(1, sizeof *made);
    CURLM *multi = curl_multi_init();
    char *copy = copy_of(authorities);
    if (!made || !multi || (authorities && !copy)) {
        tw_free(copy);
        tw_free(made);
        curl_multi_cleanup(multi);
        curl_global_cleanup();
        return tw_fail_memory(error, "libcurl");
    }
    *made = (tw_http){.multi = multi, .stall = stall, .authorities = copy};
    /* A connection for each transfer: on long lines several are faster than one that is shared. */
    (void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    *http = made;
    return TUWEN_OK;
}

void tw_http_stop(tw_http *http)
{
    while (http->transfers) {
        transfer *t = http->transfers;
        http->transfers = t->next;
        transfer_free(t);
    }
}

void tw_http_close(tw_http *http)
{
    if (!http)
        return;
    tw_http_stop(http);
    curl_multi_cleanup(http->multi);
    tw_free(http->authorities);
    tw_free(http);
    curl_global_cleanup();
}
