/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of what the server did, and their text for Prometheus (its exposition format 0.0.4). Counting is atomic and takes
 * no lock, so it is allowed on every thread; what is read while others count is near enough.
 */
#ifndef TUWEN_SERVER_METRICS_H
#define TUWEN_SERVER_METRICS_H

#include "buffer.h"
#include "tuwen/tuwen.h"

struct metrics;
struct route;

/* NULL if memory is short. */
struct metrics *metrics_make(void);
void metrics_free(struct metrics *metrics);

/* A request began; every one ends once. */
void metrics_begin(struct metrics *metrics);

/* A request ended; `route` NULL: of a path that there is not. Status 0: without an answer. Bytes are those of the bodies. */
void metrics_end(struct metrics *metrics, const struct route *route, int status, double seconds,
                 unsigned long long received, unsigned long long sent);

/* The worker computed a batch, with `found` of its vectors from the cache. */
void metrics_batch(struct metrics *metrics, const tuwen_output *outputs, size_t count, unsigned long long found,
                   double seconds);

/* An explanation computed so many passes. */
void metrics_passes(struct metrics *metrics, unsigned long long passes);

/* What is so now, rather than counted. */
struct metrics_state {
    size_t jobs, max_jobs;        /* that wait or are computed */
    const tuwen_model_info *info; /* NULL: the model is being loaded */
    bool ready;
    double started; /* seconds since 1970 */
};

void metrics_write(const struct metrics *metrics, const struct metrics_state *state, struct buffer *body);

#endif
