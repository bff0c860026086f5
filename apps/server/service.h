/* SPDX-License-Identifier: Apache-2.0 */
/* What joins bytes, dialects and the worker: from a request to its answer. */
#ifndef TUWEN_SERVER_SERVICE_H
#define TUWEN_SERVER_SERVICE_H

#include <stdatomic.h>

#include "buffer.h"
#include "gate.h"
#include "http.h"
#include "log.h"
#include "metrics.h"
#include "reader.h"
#include "worker.h"

struct service {
    struct worker *worker;
    struct reader *reader;
    struct reader *fetchers; /* reads what names addresses; NULL: these are refused */
    const char *fetch;       /* the program for it */
    struct metrics *metrics;
    struct gate gate;
    struct log log;
    tuwen_language language;
    size_t max_jobs, max_body;
    uint64_t max_memory;
    atomic_bool closing; /* no more requests are taken */
    double started;
    int64_t created; /* seconds since 1970 */
};

/* The callbacks of http.h; `user` is the service. */
void service_head(void *user, struct exchange *exchange);
enum http_next service_piece(void *user, struct exchange *exchange, const char *bytes, size_t size);
void service_whole(void *user, struct exchange *exchange);
void service_trouble(void *user, struct exchange *exchange, enum http_trouble trouble);
void service_ended(void *user, struct exchange *exchange, int status, bool whole);
void service_log(void *user, const char *line);

/* Answers with bytes that last, and headers as in struct response. Without a body if `bytes` is NULL. */
void service_answer_fixed(struct exchange *exchange, int status, const char *type, const void *bytes, size_t size,
                          const struct header *headers);

/* Answers with a refusal, in the shape of the route's dialect. */
void service_refuse(struct exchange *exchange, enum refusal_id id, const char *const *arguments);

/* Answers with a body, which is taken over. */
void service_answer(struct exchange *exchange, int status, const char *type, struct buffer *body);

#endif
