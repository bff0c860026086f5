/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes: connections, whole requests within limits, responses when they are ready. The one place of this program that knows
 * libmicrohttpd. It knows no JSON and no models.
 *
 * Threads: libmicrohttpd's one polling thread calls `head`, `piece` and `whole`; none may wait. A second thread of ours watches the
 * connections' deadlines, and whether clients leave while they wait. exchange_answer may be called from any thread.
 */
#ifndef TUWEN_SERVER_HTTP_H
#define TUWEN_SERVER_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REQUEST_ID_SIZE = 65 };

struct http;

/* A request, from its head to the end of its response. */
struct exchange {
    const char *method; /* HEAD as GET */
    const char *path;   /* as it came, without the query */
    const char *body;   /* whole; given away with exchange_drop_body. NULL if it was streamed */
    size_t size;
    unsigned long long connection; /* its number */
    char id[REQUEST_ID_SIZE];      /* the client's X-Request-Id if that is good, else one of ours */
    double arrived;                /* when its head was there */
    atomic_bool gone;              /* the client has left */
    bool streamed;                 /* set by `head`: the body comes to `piece`, bit by bit */
    void *user;                    /* of the one who answers */
    struct exchange_parts *parts;  /* http.c's own */
};

/* The value of a header, or NULL. Until the exchange is answered. */
const char *exchange_header(const struct exchange *exchange, const char *name);

/* Whether a header comes more than once. */
bool exchange_header_twice(const struct exchange *exchange, const char *name);

/* Frees the body early. */
void exchange_drop_body(struct exchange *exchange);

struct header {
    const char *name, *value;
};

struct response {
    int status;
    const char *type; /* of the body; NULL: no body */
    char *body;       /* from malloc: taken over */
    size_t size;
    const char *allow;            /* header Allow; NULL: none */
    int retry_after;              /* seconds; 0: none */
    bool challenge;               /* header WWW-Authenticate */
    bool close;                   /* the connection ends with it */
    const struct header *headers; /* others, up to one without a name; NULL: none. They must last */
    bool keep;                    /* the browser may keep the body, as the headers say */
    bool streamed; /* the body is what exchange_write adds, before and from now on, until exchange_finish */
};

/* Answers; exactly once for each exchange that `head` or `whole` was called for and that was not answered before. */
void exchange_answer(struct exchange *exchange, const struct response *response);

/*
 * Of streamed exchanges, from any thread, from `head` until `ended` begins.
 *
 * libmicrohttpd 0.9.75 takes a response before a body or behind it, not within. So what is written before the body's end waits
 * in memory.
 */

/* After HTTP_WAIT: the next piece may come. */
void exchange_more(struct exchange *exchange);

/* Adds to the body of the answer. False if memory is short, or all_bytes would be exceeded; part of it may have been added. */
bool exchange_write(struct exchange *exchange, const char *bytes, size_t size);

/* The body of the answer is complete; or it will not be, which the client sees by a broken connection. */
void exchange_finish(struct exchange *exchange, bool good);

/* Counts memory of the exchange against all_bytes; false if there is no room. What is not released is with its end. */
bool exchange_hold(struct exchange *exchange, size_t size);
void exchange_release(struct exchange *exchange, size_t size);

/* What is to become of a streamed body; HTTP_CUT ends the connection. */
enum http_next { HTTP_MORE, HTTP_WAIT, HTTP_CUT };

/* Why http.c itself cannot take a request. */
enum http_trouble { HTTP_BODY_TOO_LARGE, HTTP_NO_ROOM, HTTP_NO_MEMORY };

struct http_options {
    int socket;                    /* listening; http_stop closes it */
    const char *certificate, *key; /* PEM, for TLS; NULL: none */
    size_t body_bytes;             /* of one request */
    uint64_t all_bytes;            /* of the bodies of all */
    unsigned connections;
    double head_seconds;   /* for the head of a request, from the connection or its first line on */
    double body_seconds;   /* for its body; of a streamed one, for 64 KB or what ends with HTTP_WAIT */
    double idle_seconds;   /* without a request */
    double answer_seconds; /* for the client to take an answer, and a second for every 64 KB of it */
    /* The head is there: may answer, then the body is not read. */
    void (*head)(void *user, struct exchange *exchange);
    /* The whole request is there: answers, now or later. */
    void (*whole)(void *user, struct exchange *exchange);
    /* Before `whole`, for each piece of a streamed body. */
    enum http_next (*piece)(void *user, struct exchange *exchange, const char *bytes, size_t size);
    /* In place of `whole`: answers. */
    void (*trouble)(void *user, struct exchange *exchange, enum http_trouble trouble);
    /* The response was sent, or the connection broke; status as answered, 0 if none was. */
    void (*ended)(void *user, struct exchange *exchange, int status, bool whole);
    void (*log)(void *user, const char *line);
    void *user;
};

/* NULL if it cannot be started. */
struct http *http_start(const struct http_options *options);

/* Accepts no more connections; those that are open go on. */
void http_quiesce(struct http *http);

/* How many exchanges are on their way. */
size_t http_exchanges(struct http *http);

/* How many connections are open. */
size_t http_connections(struct http *http);

/* Ends all. Every exchange must have been answered. Accepts NULL. */
void http_stop(struct http *http);

/* The version of libmicrohttpd. */
const char *http_library(void);

#endif
