/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that are taken as they come, and answers that are sent as they are made. Whoever takes or makes them is not waited
 * for on libmicrohttpd's thread: the connection is suspended instead, and the client's time stands still.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "http_parts.h"

/* So much of a body puts off its deadline, as a line does. */
enum { REWARDED = 65536 };

struct block {
    struct block *next;
    size_t begin, end;
    char bytes[16384 - sizeof(struct block *) - 2 * sizeof(size_t)];
};

/* ---- memory ---- */

static bool hold_locked(struct exchange_parts *parts, size_t size)
{
    struct http *http = parts->http;
    if (http->bytes + size > http->options.all_bytes)
        return false;
    http->bytes += size;
    parts->held += size;
    return true;
}

static void release_locked(struct exchange_parts *parts, size_t size)
{
    parts->http->bytes -= size;
    parts->held -= size;
}

bool exchange_hold(struct exchange *exchange, size_t size)
{
    struct exchange_parts *parts = exchange->parts;
    pthread_mutex_lock(&parts->http->lock);
    bool room = hold_locked(parts, size);
    pthread_mutex_unlock(&parts->http->lock);
    return room;
}

void exchange_release(struct exchange *exchange, size_t size)
{
    struct exchange_parts *parts = exchange->parts;
    pthread_mutex_lock(&parts->http->lock);
    release_locked(parts, size);
    pthread_mutex_unlock(&parts->http->lock);
}

/* ---- the body ---- */

/* Until exchange_more, which may have come already. */
static void wait_for_more(struct exchange_parts *parts)
{
    pthread_mutex_lock(&parts->http->lock);
    if (!parts->more)
        suspend_locked(parts, WAITS_MORE);
    else
        enter_locked(parts->connection, PHASE_BODY, parts->http->options.body_seconds);
    parts->more = false;
    pthread_mutex_unlock(&parts->http->lock);
    parts->unrewarded = 0;
}

static void reward(struct exchange_parts *parts, size_t size)
{
    parts->unrewarded += size;
    if (parts->unrewarded < REWARDED)
        return;
    parts->unrewarded = 0;
    pthread_mutex_lock(&parts->http->lock);
    enter_locked(parts->connection, PHASE_BODY, parts->http->options.body_seconds);
    pthread_mutex_unlock(&parts->http->lock);
}

/* libmicrohttpd 0.9.75 goes on with the next chunk that it has after the callback suspended the connection. */
static bool is_waiting(struct exchange_parts *parts)
{
    pthread_mutex_lock(&parts->http->lock);
    bool waiting = parts->waits == WAITS_MORE;
    pthread_mutex_unlock(&parts->http->lock);
    return waiting;
}

enum MHD_Result stream_take(struct exchange *exchange, const char *bytes, size_t *size)
{
    struct exchange_parts *parts = exchange->parts;
    const struct http_options *options = &parts->http->options;
    size_t count = *size;
    if (is_waiting(parts))
        return MHD_YES;
    *size = 0;
    exchange->size += count;
    switch (options->piece(options->user, exchange, bytes, count)) {
    case HTTP_WAIT:
        wait_for_more(parts);
        return MHD_YES;
    case HTTP_MORE:
        reward(parts, count);
        return MHD_YES;
    default:
        return MHD_NO;
    }
}

void exchange_more(struct exchange *exchange)
{
    struct exchange_parts *parts = exchange->parts;
    struct http *http = parts->http;
    pthread_mutex_lock(&http->lock);
    parts->more = parts->waits != WAITS_MORE;
    if (!parts->more) {
        enter_locked(parts->connection, PHASE_BODY, http->options.body_seconds);
        resume_locked(parts);
    }
    pthread_mutex_unlock(&http->lock);
}

/* ---- the answer ---- */

/* When there is something to send again, or nothing will be any more. */
static void wake_locked(struct exchange_parts *parts)
{
    if (parts->waits != WAITS_OUTPUT)
        return;
    enter_locked(parts->connection, PHASE_ANSWER, parts->left);
    resume_locked(parts);
}

static struct block *add_block_locked(struct exchange_parts *parts)
{
    struct block *block = hold_locked(parts, sizeof *block) ? malloc(sizeof *block) : NULL;
    if (!block)
        return NULL;
    block->next = NULL;
    block->begin = block->end = 0;
    if (parts->last)
        parts->last->next = block;
    else
        parts->first = block;
    parts->last = block;
    return block;
}

bool exchange_write(struct exchange *exchange, const char *bytes, size_t size)
{
    struct exchange_parts *parts = exchange->parts;
    bool good = true;
    pthread_mutex_lock(&parts->http->lock);
    while (size > 0 && good) {
        struct block *block =
            parts->last && parts->last->end < sizeof parts->last->bytes ? parts->last : add_block_locked(parts);
        good = block != NULL;
        if (!good)
            break;
        size_t room = sizeof block->bytes - block->end, count = size < room ? size : room;
        memcpy(block->bytes + block->end, bytes, count);
        block->end += count;
        bytes += count;
        size -= count;
    }
    wake_locked(parts);
    pthread_mutex_unlock(&parts->http->lock);
    return good;
}

void exchange_finish(struct exchange *exchange, bool good)
{
    struct exchange_parts *parts = exchange->parts;
    pthread_mutex_lock(&parts->http->lock);
    parts->finished = true;
    parts->good = good;
    wake_locked(parts);
    pthread_mutex_unlock(&parts->http->lock);
}

static void drop_first_locked(struct exchange_parts *parts)
{
    struct block *block = parts->first;
    parts->first = block->next;
    if (!parts->first)
        parts->last = NULL;
    release_locked(parts, sizeof *block);
    free(block);
}

static size_t take_locked(struct exchange_parts *parts, char *out, size_t most)
{
    size_t taken = 0;
    while (taken < most && parts->first) {
        struct block *block = parts->first;
        size_t there = block->end - block->begin, count = there < most - taken ? there : most - taken;
        memcpy(out + taken, block->bytes + block->begin, count);
        block->begin += count;
        taken += count;
        if (block->begin == block->end)
            drop_first_locked(parts);
    }
    return taken;
}

/* Called by libmicrohttpd for what is sent next. */
static ssize_t give(void *user, uint64_t position, char *out, size_t most)
{
    struct exchange_parts *parts = ((struct exchange *)user)->parts;
    struct connection *connection = parts->connection;
    pthread_mutex_lock(&parts->http->lock);
    ssize_t given = (ssize_t)take_locked(parts, out, most);
    if (given > 0) {
        connection->deadline += (double)given / 65536;
    } else if (parts->finished) {
        given = parts->good ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
    } else {
        parts->left = connection->deadline - clock_seconds();
        if (parts->left < 1)
            parts->left = 1;
        suspend_locked(parts, WAITS_OUTPUT);
    }
    pthread_mutex_unlock(&parts->http->lock);
    return given;
}

struct MHD_Response *stream_response(struct exchange *exchange)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, give, exchange, NULL);
}

void stream_free(struct exchange_parts *parts)
{
    while (parts->first)
        drop_first_locked(parts);
}
