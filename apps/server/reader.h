/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that read bodies: JSON and base64 of many megabytes take longer than libmicrohttpd's one polling thread may stop
 * for, since everybody waits for that.
 */
#ifndef TUWEN_SERVER_READER_H
#define TUWEN_SERVER_READER_H

#include <stdbool.h>

struct reader;

/* Belongs to the submitter, and must stay until it runs; `run` may free it, or add it again. */
struct task {
    void (*run)(struct task *task); /* on a thread of the reader */
    void *user;
    struct task *next; /* the reader's own */
};

enum { READER_THREADS_MOST = 8 };

/* NULL if memory or threads are short. */
struct reader *reader_start(int threads);

/* Tasks begin in the order in which they were added. False, and the task is left alone, once the reader is ending.
 * Thread-safe. */
bool reader_add(struct reader *reader, struct task *task);

/* Takes no more tasks, and ends when those that it has were run. */
void reader_end(struct reader *reader);

/* After the end, and when nobody adds tasks any more. Accepts NULL. */
void reader_free(struct reader *reader);

#endif
