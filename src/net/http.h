/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP through libcurl, which only http.c knows: several transfers at a time on one thread. Only http and https;
 * certificates are always checked; bodies come as they are stored ("identity"). Redirects are followed here and not by
 * libcurl, so that it is plain where a token goes: to the first address's scheme, host and port, and nowhere else.
 */
#ifndef TW_NET_HTTP_H
#define TW_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TW_HTTP_HOST 256  /* "host" or "host:port", and a NUL */
#define TW_HTTP_LINK 2048 /* the address of a listing's next page */
#define TW_HTTP_REASON 128

/* What the server said before the body of the last answer (redirects followed). */
typedef struct tw_http_head {
    long code;           /* 200, 206, 404, ... */
    int64_t length;      /* Content-Length; -1 if not said */
    int64_t range_first; /* Content-Range; -1 if not said */
    int64_t range_total; /* -1 if not said, or "*" */
    double retry_after;  /* seconds; 0 if not said */
    bool redirected;     /* it comes from another scheme, host or port than was asked */
    char host[TW_HTTP_HOST];
    char next[TW_HTTP_LINK]; /* Link: <...>; rel="next"; empty if there is none */
} tw_http_head;

/* How a transfer ended. */
typedef enum tw_http_end {
    TW_HTTP_DONE,         /* the whole answer came, whatever its code */
    TW_HTTP_STOPPED,      /* a callback said so */
    TW_HTTP_NO_ANSWER,    /* no address, no connection, or no first line */
    TW_HTTP_BROKEN,       /* it ended early or stalled */
    TW_HTTP_UNSAFE,       /* the certificate is not good */
    TW_HTTP_BAD_REDIRECT, /* too many, to another protocol, or from https to http */
    TW_HTTP_NOT_PUBLIC    /* the host has no address of the public internet, and only such were to be asked */
} tw_http_end;

typedef struct tw_http_result {
    tw_http_end end;
    tw_http_head head;           /* code 0 if there was no answer */
    char host[TW_HTTP_HOST];     /* whom it was asked of last */
    char reason[TW_HTTP_REASON]; /* the library's words, English, without addresses */
} tw_http_result;

/* The caller's part of a transfer. head: false stops it before the body. body: false stops it. done: the last call. */
typedef struct tw_http_client {
    void *owner;
    bool (*head)(void *owner, const tw_http_head *head);
    bool (*body)(void *owner, const void *data, size_t size);
    void (*done)(void *owner, const tw_http_result *result);
} tw_http_client;

/* What is asked. The strings are needed only during tw_http_start. */
typedef struct tw_http_request {
    const char *url;
    const char *token;  /* NULL or empty: none. Sent as a bearer token */
    const char *cookie; /* NULL or the name of a cookie that carries the token too */
    int64_t from;       /* first byte; 0 asks for all */
    /* For addresses that strangers give: connects to machines of the public internet only, after a name was looked up and
     * wherever a redirect leads, and to no proxy, which would look names up itself. */
    bool only_public;
} tw_http_request;

typedef struct tw_http tw_http;

/* `stall`: seconds without any byte after which a transfer counts as broken. `authorities`: a file of certificates to
 * trust in place of the system's; NULL for the system's. */
tuwen_status tw_http_open(double stall, const char *authorities, tw_http **http, tuwen_error *error);

/* Ends all transfers, without their `done`. Accepts NULL. */
void tw_http_close(tw_http *http);

/* Ends all transfers, without their `done`. */
void tw_http_stop(tw_http *http);

/* Starts a transfer. Fails only for want of memory or an address that is none (INVALID_ARGUMENT). */
tuwen_status tw_http_start(tw_http *http, const tw_http_request *request, const tw_http_client *client,
                           tuwen_error *error);

/* Works on all transfers, waiting at most `seconds` for something to do; calls the callbacks, which may start further
 * transfers in `done`. */
tuwen_status tw_http_step(tw_http *http, double seconds, tuwen_error *error);

/* Whether `url` is http(s) with a host and without name and password; writes "host" or "host:port". */
bool tw_http_host_of(const char *url, char host[TW_HTTP_HOST]);

/* Appends `text` to the NUL-terminated `buffer` of `size` bytes with all but letters, digits and -_.~ (and '/' if
 * `slashes`) percent-encoded; false when it does not fit. */
bool tw_http_encode(char *buffer, size_t size, const char *text, bool slashes);

#endif
