/* SPDX-License-Identifier: Apache-2.0 */
/* What http.c and http_stream.c share, and nobody else knows. */
#ifndef TUWEN_SERVER_HTTP_PARTS_H
#define TUWEN_SERVER_HTTP_PARTS_H

#include <pthread.h>

#include <microhttpd.h>

#include "http.h"

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_WAITING, PHASE_ANSWER, PHASE_IDLE };

struct connection {
    struct http *http;
    int file;
    unsigned long long number;
    /* Under the lock of `http`. */
    struct connection *next, **link;
    enum phase phase;
    double deadline; /* 0: none */
    bool cut;        /* broken off */
    struct exchange *exchange;
};

/* What a connection is suspended for; until it is resumed nothing frees the exchange. */
enum waits { WAITS_NOT, WAITS_ANSWER, WAITS_MORE, WAITS_OUTPUT };

struct block;

struct exchange_parts {
    struct http *http;
    struct connection *connection;
    struct MHD_Connection *handle;
    char *body;
    size_t capacity;
    size_t unrewarded; /* bytes of a streamed body since its deadline was last put off */
    bool whole;        /* the body is there */
    bool troubled;
    enum http_trouble trouble;
    /* Under the lock. */
    bool answered;
    enum waits waits;
    struct response response;
    /* Of streamed ones. */
    uint64_t held;              /* bytes beside the body's */
    bool more;                  /* exchange_more came before the connection was suspended for it */
    struct block *first, *last; /* of the answer, not sent yet */
    bool finished, good;
    double left; /* seconds for the client to take the answer, while the connection is suspended */
};

struct http {
    struct http_options options;
    struct MHD_Daemon *daemon;
    pthread_t watcher;
    pthread_mutex_t lock;
    pthread_cond_t change;
    struct connection *connections;
    size_t connection_count, exchange_count;
    unsigned long long last_number;
    uint64_t bytes; /* of all bodies, and what streamed ones hold */
    bool ending;
    unsigned long long seed, last_id;
    int listener;
};

/* What a connection is doing now, and how long it may. The lock is held. */
void enter_locked(struct connection *connection, enum phase phase, double seconds);

/* Suspends or resumes the connection. The lock is held. */
void suspend_locked(struct exchange_parts *parts, enum waits waits);
void resume_locked(struct exchange_parts *parts);

/* ---- http_stream.c ---- */

/* A piece of a streamed body, as libmicrohttpd gives it. */
enum MHD_Result stream_take(struct exchange *exchange, const char *bytes, size_t *size);

/* The response whose body is what exchange_write adds. NULL if memory is short. */
struct MHD_Response *stream_response(struct exchange *exchange);

/* Frees what was not sent. The lock is held. */
void stream_free(struct exchange_parts *parts);

#endif
