/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one owner of the engine: a thread that opens the model, takes jobs from a bounded queue, and computes them in batches
 * across jobs.
 *
 * Batches are filled in turn: each client, and among a client's jobs the oldest, has a slice of its inputs taken, texts by
 * their tokens and pictures by theirs, and goes to the end of the line with what is left. So a job of a thousand texts delays
 * one of a single text by a batch, not by a thousand texts. A job whose client has left is dropped at its next turn.
 *
 * Explanations, which take many passes each, are computed one after the other, in turns of their own, in a session of their own;
 * between two passes the other jobs have a batch.
 */
#ifndef TUWEN_SERVER_WORKER_H
#define TUWEN_SERVER_WORKER_H

#include <stdatomic.h>

#include "call.h"
#include "metrics.h"

struct worker;

struct worker_options {
    const char *model; /* path */
    tuwen_model_options opening;
    tuwen_session_options session;
    int image_tokens_min, image_tokens_max; /* as typed; 0 = not said */
    const char *const *profiles;            /* [profile_count], as profiles_open has them */
    size_t profile_count;
    const char *cache; /* path; NULL = none */
    uint64_t cache_bytes;
    size_t max_jobs, max_items;
    tuwen_language language;
    struct metrics *metrics; /* NULL: none are counted */
    tuwen_log_function log;  /* from the worker's thread */
    void *log_user;
    /* Once, from the worker's thread, perhaps before worker_start returns: the model's facts, or NULL and why it cannot be
     * had. */
    void (*ready)(void *user, const struct terms *terms, const char *message);
    void *ready_user;
};

/* A call on its way. It belongs to the submitter, and must stay until `done`. */
struct job {
    struct call *call;
    unsigned long long client;     /* equal numbers share a turn */
    atomic_bool *gone;             /* set by others when nobody waits for it any more */
    tuwen_language language;       /* of its messages */
    bool part;                     /* of a request that was let in: it does not count against max_jobs */
    void (*done)(struct job *job); /* on the worker's thread; the job is the submitter's again */
    void *user;
    /* Set before `done`. */
    tuwen_status status; /* OK, or why nothing was computed */
    char message[TUWEN_MESSAGE_SIZE];
    double waited, computed; /* seconds until its first batch, and from there to the last */
    /* The worker's own. */
    struct job *next;
    size_t next_input;
    double submitted, begun;
};

enum worker_answer { WORKER_TAKEN, WORKER_LOADING, WORKER_FULL, WORKER_CLOSING, WORKER_NO_MEMORY };

/* Starts the thread. NULL if memory or threads are short. */
struct worker *worker_start(const struct worker_options *options);

/* Hands in a job; everything but WORKER_TAKEN leaves it the caller's. Thread-safe. */
enum worker_answer worker_submit(struct worker *worker, struct job *job);

/* The model's facts, or NULL while it is being loaded. Thread-safe; what it points to lives as long as the worker. */
const struct terms *worker_terms(struct worker *worker);

/* How many jobs wait or are computed; thread-safe. */
size_t worker_jobs(struct worker *worker);

/* Whether another job would not be taken now; thread-safe. */
bool worker_full(struct worker *worker);

/* Seconds, roughly, until what is in the queue will be done; from what lately was. Thread-safe. */
double worker_wait_seconds(struct worker *worker);

/* Ends the running computation and all that wait with CANCELLED. */
void worker_cancel(struct worker *worker);

/* Takes no more jobs, and ends when those that it has are done. */
void worker_end(struct worker *worker);

/* After the end, and when nobody asks any more. Accepts NULL. */
void worker_free(struct worker *worker);

#endif
