/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that read bodies, from one queue. */
#include "reader.h"

#include <pthread.h>
#include <stdlib.h>

struct reader {
    pthread_t threads[READER_THREADS_MOST];
    int thread_count;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t change;
    struct task *first, **end;
    bool ending;
};

static void *run(void *user)
{
    struct reader *reader = user;
    pthread_mutex_lock(&reader->lock);
    for (;;) {
        while (!reader->first && !reader->ending)
            pthread_cond_wait(&reader->change, &reader->lock);
        struct task *task = reader->first;
        if (!task)
            break;
        reader->first = task->next;
        if (!reader->first)
            reader->end = &reader->first;
        pthread_mutex_unlock(&reader->lock);
        task->run(task);
        pthread_mutex_lock(&reader->lock);
    }
    pthread_mutex_unlock(&reader->lock);
    return NULL;
}

struct reader *reader_start(int threads)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    reader->end = &reader->first;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->change, NULL);
    while (reader->thread_count < threads &&
           pthread_create(&reader->threads[reader->thread_count], NULL, run, reader) == 0)
        reader->thread_count++;
    if (reader->thread_count == threads)
        return reader;
    reader_end(reader);
    reader_free(reader);
    return NULL;
}

bool reader_add(struct reader *reader, struct task *task)
{
    pthread_mutex_lock(&reader->lock);
    bool taken = !reader->ending;
    if (taken) {
        task->next = NULL;
        *reader->end = task;
        reader->end = &task->next;
        pthread_cond_signal(&reader->change);
    }
    pthread_mutex_unlock(&reader->lock);
    return taken;
}

void reader_end(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    reader->ending = true;
    pthread_cond_broadcast(&reader->change);
    pthread_mutex_unlock(&reader->lock);
    for (int i = 0; i < reader->thread_count; i++)
        pthread_join(reader->threads[i], NULL);
    reader->thread_count = 0;
}

void reader_free(struct reader *reader)
{
    if (!reader)
        return;
    pthread_mutex_destroy(&reader->lock);
    pthread_cond_destroy(&reader->change);
    free(reader);
}
