/* SPDX-License-Identifier: Apache-2.0 */
/* One maker, one taker, a ring of slots between them. */
#include "base/ahead.h"

#include <pthread.h>

#include "base/memory.h"

struct tw_ahead {
    size_t count, slots;
    tw_ahead_function make;
    void *user;
    size_t made, taken, given; /* items so far; given <= taken <= made <= given + slots */
    bool threaded, stop;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static void *work(void *argument)
{
    tw_ahead *ahead = argument;
    (void)pthread_mutex_lock(&ahead->lock);
    while (ahead->made < ahead->count && !ahead->stop) {
        if (ahead->made - ahead->given == ahead->slots) {
            (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
            continue;
        }
        size_t index = ahead->made;
        (void)pthread_mutex_unlock(&ahead->lock);
        ahead->make(ahead->user, index, index % ahead->slots);
        (void)pthread_mutex_lock(&ahead->lock);
        ahead->made++;
        (void)pthread_cond_broadcast(&ahead->changed);
    }
    (void)pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

tw_ahead *tw_ahead_open(size_t count, size_t slots, bool thread, tw_ahead_function make, void *user)
{
    tw_ahead *ahead = tw_alloc_zero(1, sizeof *ahead);
    if (!ahead)
        return NULL;
    ahead->count = count;
    ahead->slots = slots;
    ahead->make = make;
    ahead->user = user;
    if (!thread)
        return ahead;
    (void)pthread_mutex_init(&ahead->lock, NULL);
    (void)pthread_cond_init(&ahead->changed, NULL);
    ahead->threaded = pthread_create(&ahead->thread, NULL, work, ahead) == 0;
    if (!ahead->threaded) {
        (void)pthread_mutex_destroy(&ahead->lock);
        (void)pthread_cond_destroy(&ahead->changed);
    }
    return ahead;
}

size_t tw_ahead_take(tw_ahead *ahead)
{
    if (!ahead->threaded) {
        ahead->make(ahead->user, ahead->taken, ahead->taken % ahead->slots);
        return ahead->taken++ % ahead->slots;
    }
    (void)pthread_mutex_lock(&ahead->lock);
    while (ahead->made == ahead->taken)
        (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
    size_t slot = ahead->taken++ % ahead->slots;
    (void)pthread_mutex_unlock(&ahead->lock);
    return slot;
}

void tw_ahead_give(tw_ahead *ahead)
{
    if (!ahead->threaded)
        return;
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->given = ahead->taken;
    (void)pthread_cond_broadcast(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
}

void tw_ahead_close(tw_ahead *ahead)
{
    if (!ahead)
        return;
    if (ahead->threaded) {
        (void)pthread_mutex_lock(&ahead->lock);
        ahead->stop = true;
        (void)pthread_cond_broadcast(&ahead->changed);
        (void)pthread_mutex_unlock(&ahead->lock);
        (void)pthread_join(ahead->thread, NULL);
        (void)pthread_mutex_destroy(&ahead->lock);
        (void)pthread_cond_destroy(&ahead->changed);
    }
    tw_free(ahead);
}
