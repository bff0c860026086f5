/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/review: JSON Lines that are read, computed and answered one by one, in their order, while more of them arrive. */
#include "review.h"

#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "fetch.h"
#include "review_line.h"
#include "service.h"

/* Lines that are read or computed at a time: two batches of pictures and texts; and their bytes, if they are more than one. */
enum { WINDOW = 64, WINDOW_BYTES = 8 << 20 };

/* Room for a beginning of a line. */
enum { INPUT_BYTES = 32768 };

/* A line in the window. */
struct entry {
    struct review *review;
    struct review_line line;
    struct job job;
    struct buffer rows; /* its answer */
    size_t held;        /* from here on under the lock */
    bool done;
};

/* The bytes of the body that are in no line yet. */
struct input {
    char *data;
    size_t begin, size, capacity;
    size_t next;            /* bytes of the line at `begin`, if it was looked for; 0: not yet */
    enum refusal_id refuse; /* why the line at `begin` was not kept whole */
};

struct review {
    struct service *service;
    unsigned long long client;
    struct terms terms; /* the request's */
    struct task task;   /* reads lines */
    struct input input;
    size_t number;             /* of the last line, from 1; blank ones count */
    size_t discarded;          /* bytes after it failed */
    atomic_bool gone;          /* nobody waits for it */
    pthread_mutex_t lock;      /* of everything below */
    struct exchange *exchange; /* NULL: it has ended */
    size_t users;              /* the exchange, the task, and entries that are computed */
    struct entry *window[WINDOW];
    size_t first, count, bytes; /* of the window */
    bool stalled;               /* the task waits for room in the window */
    bool ended;                 /* the body has */
    bool read;                  /* all lines were */
    bool failed;                /* there was no room for an answer */
    struct review_counts counts;
};

struct review *review_begin(struct service *service, struct exchange *exchange, unsigned long long client,
                            tuwen_language language)
{
    struct review *review = calloc(1, sizeof *review);
    if (!review)
        return NULL;
    review->service = service;
    review->exchange = exchange;
    review->client = client;
    review->terms = *worker_terms(service->worker);
    review->terms.language = language;
    review->users = 1;
    atomic_init(&review->gone, false);
    pthread_mutex_init(&review->lock, NULL);
    return review;
}

static void free_entry(struct entry *entry)
{
    review_line_free(&entry->line);
    buffer_free(&entry->rows);
    free(entry);
}

/* Unlocks the review; the last user frees it. */
static void release(struct review *review, size_t users)
{
    bool last = (review->users -= users) == 0;
    pthread_mutex_unlock(&review->lock);
    if (!last)
        return;
    for (size_t i = 0; i < review->count; i++)
        free_entry(review->window[(review->first + i) % WINDOW]);
    free(review->input.data);
    pthread_mutex_destroy(&review->lock);
    free(review);
}

/* The lock is held. */
static bool is_gone(struct review *review)
{
    if (!review->exchange || atomic_load(&review->exchange->gone))
        atomic_store(&review->gone, true);
    return atomic_load(&review->gone);
}

/* Lines may name addresses, and are read one after the other: where these are fetched, reviews do not keep others waiting. */
static struct reader *reader_of(const struct review *review)
{
    return review->service->fetchers ? review->service->fetchers : review->service->reader;
}

static bool is_over(void *user)
{
    struct review *review = user;
    pthread_mutex_lock(&review->lock);
    bool over = is_gone(review);
    pthread_mutex_unlock(&review->lock);
    return over || atomic_load(&review->service->closing);
}

/* ---- the window ---- */

/* Writes the answers of the lines that are done, in their order. The lock is held. */
static void flush(struct review *review)
{
    while (review->count > 0 && review->window[review->first]->done) {
        struct entry *entry = review->window[review->first];
        if (review->exchange)
            exchange_release(review->exchange, entry->held);
        if (review->exchange && !review->failed) {
            review->failed =
                entry->rows.failed || !exchange_write(review->exchange, entry->rows.data, entry->rows.size);
            review->counts.sent += entry->rows.size;
        }
        review->bytes -= entry->held;
        review->first = (review->first + 1) % WINDOW;
        review->count--;
        free_entry(entry);
        if (review->stalled) /* the reader ends after the worker, which is what is waited for */
            review->stalled = !reader_add(reader_of(review), &review->task);
    }
    if (review->read && review->count == 0 && review->exchange)
        exchange_finish(review->exchange, !review->failed);
}

static void finish_entry(struct entry *entry, size_t users)
{
    struct review *review = entry->review;
    review_line_write(&entry->line, &review->terms, &entry->rows);
    review_line_free(&entry->line);
    pthread_mutex_lock(&review->lock);
    entry->done = true;
    flush(review);
    release(review, users);
}

static void fail_entry(struct entry *entry, tuwen_status status, enum refusal_id id)
{
    struct refusal refusal = {0};
    refuse(&refusal, entry->review->terms.language, id, NULL, WITH(entry->job.message));
    review_line_fail(&entry->line, status, refusal.message);
}

/* On the worker's thread. */
static void on_done(struct job *job)
{
    struct entry *entry = job->user;
    if (job->status == TUWEN_CANCELLED)
        fail_entry(entry, job->status, REFUSE_CLOSING);
    else if (job->status != TUWEN_OK)
        fail_entry(entry, job->status, REFUSE_FAILED);
    finish_entry(entry, 1);
}

static void submit(struct entry *entry)
{
    struct review *review = entry->review;
    entry->job = (struct job){.call = &entry->line.call,
                              .client = review->client,
                              .language = review->terms.language,
                              .gone = &review->gone,
                              .part = true,
                              .done = on_done,
                              .user = entry};
    pthread_mutex_lock(&review->lock);
    review->users++;
    pthread_mutex_unlock(&review->lock);
    switch (worker_submit(review->service->worker, &entry->job)) {
    case WORKER_TAKEN:
        return;
    case WORKER_NO_MEMORY:
        fail_entry(entry, TUWEN_OUT_OF_MEMORY, REFUSE_OUT_OF_MEMORY);
        break;
    default:
        fail_entry(entry, TUWEN_CANCELLED, REFUSE_CLOSING);
    }
    finish_entry(entry, 1);
}

/* Room for a line of `size` bytes, which is then counted; false: not yet. The lock is held. */
static bool enter_window(struct review *review, struct entry *entry, size_t size)
{
    if (review->count == WINDOW || (review->count > 0 && review->bytes + size > WINDOW_BYTES))
        return false;
    if (review->exchange && exchange_hold(review->exchange, size))
        entry->held = size;
    else if (review->exchange && review->count > 0)
        return false;
    else
        review->input.refuse = REFUSE_NO_ROOM;
    review->window[(review->first + review->count++) % WINDOW] = entry;
    review->bytes += entry->held;
    review->counts.lines++;
    return true;
}

/* ---- lines ---- */

static bool is_blank(const char *line, size_t size)
{
    while (size > 0 && strchr(" \t\r\n", line[size - 1]) && line[size - 1])
        size--;
    return size == 0;
}

/* Finds the line at the beginning of the input: its bytes with the line end, 0 if it is not there to its end. */
static size_t next_line(struct review *review)
{
    struct input *input = &review->input;
    while (input->next == 0 && input->begin < input->size) {
        const char *at = input->data + input->begin;
        size_t left = input->size - input->begin;
        const char *end = memchr(at, '\n', left);
        if (!end && !review->ended)
            return 0;
        size_t size = end ? (size_t)(end - at) + 1 : left;
        review->number++;
        if (is_blank(at, size) && input->refuse == REFUSE_NOTHING)
            input->begin += size;
        else
            input->next = size;
    }
    return input->next;
}

/* Counts what the line takes now that it is read, which can be much more than its bytes. Without room it is refused. */
static void weigh(struct review *review, struct entry *entry, const struct terms *terms)
{
    size_t weight = review_line_weight(&entry->line, terms);
    pthread_mutex_lock(&review->lock);
    bool room = review->exchange && exchange_hold(review->exchange, weight);
    entry->held += room ? weight : 0;
    review->bytes += room ? weight : 0;
    pthread_mutex_unlock(&review->lock);
    if (room)
        return;
    review_line_free(&entry->line);
    entry->line = (struct review_line){0};
    review_line_refuse(&entry->line, REFUSE_NO_ROOM, WITH(digits_of(review->service->max_memory).text), terms);
}

static void read_line(struct review *review, struct entry *entry, const char *text, size_t size)
{
    struct terms terms = review->terms;
    struct fetching fetching = {
        .program = review->service->fetch, .gone = is_over, .user = review, .left = review->service->max_body};
    terms.fetching = fetching.program ? &fetching : NULL;
    review_line_read(&entry->line, text, size, review->number, &terms);
    weigh(review, entry, &terms);
}

static void read_entry(struct review *review, struct entry *entry, size_t size)
{
    struct input *input = &review->input;
    const struct service *service = review->service;
    const struct terms *terms = &review->terms;
    const char *text = input->data + input->begin;
    size_t bare = text[size - 1] == '\n' ? size - 1 : size;
    if (input->refuse == REFUSE_NO_ROOM)
        review_line_refuse(&entry->line, input->refuse, WITH(digits_of(service->max_memory).text), terms);
    else if (input->refuse == REFUSE_OUT_OF_MEMORY)
        review_line_refuse(&entry->line, input->refuse, NULL, terms);
    else if (input->refuse == REFUSE_LINE_TOO_LARGE || bare > service->max_body)
        review_line_refuse(&entry->line, REFUSE_LINE_TOO_LARGE,
                           WITH(digits_of(review->number).text, digits_of(service->max_body).text), terms);
    else
        read_line(review, entry, text, bare);
    input->refuse = REFUSE_NOTHING;
    input->begin += size;
    input->next = 0;
    if (review_line_is_open(&entry->line))
        submit(entry);
    else
        finish_entry(entry, 0);
}

/* Gives back what a long line took and a short beginning of the next does not need. The lock is held. */
static void shrink(struct review *review)
{
    struct input *input = &review->input;
    size_t capacity = input->size < INPUT_BYTES ? INPUT_BYTES : input->size;
    char *data = capacity < input->capacity / 2 ? realloc(input->data, capacity) : NULL;
    if (!data)
        return;
    if (review->exchange)
        exchange_release(review->exchange, input->capacity - capacity);
    input->data = data;
    input->capacity = capacity;
}

/* All whole lines are in the window: the input is libmicrohttpd's thread's again. */
static void hand_back(struct review *review)
{
    struct input *input = &review->input;
    size_t left = input->size - input->begin;
    if (left == 0) {
        free(input->data);
        size_t capacity = input->capacity;
        *input = (struct input){.refuse = input->refuse};
        pthread_mutex_lock(&review->lock);
        if (review->exchange)
            exchange_release(review->exchange, capacity);
    } else {
        memmove(input->data, input->data + input->begin, left);
        input->begin = 0;
        input->size = left;
        pthread_mutex_lock(&review->lock);
        shrink(review);
    }
    review->read = review->ended;
    if (review->exchange && !review->ended)
        exchange_more(review->exchange);
    flush(review);
    release(review, 1);
}

/* On a thread of the reader. */
static void read_lines(struct task *task)
{
    struct review *review = task->user;
    struct entry *entry = NULL;
    for (size_t size; (size = next_line(review)) > 0; entry = NULL) {
        entry = calloc(1, sizeof *entry);
        pthread_mutex_lock(&review->lock);
        if (is_gone(review) || review->failed || !entry) {
            review->failed = true;
            review->input.begin = review->input.size;
            review->input.next = 0;
            pthread_mutex_unlock(&review->lock);
            break;
        }
        entry->review = review;
        review->stalled = !enter_window(review, entry, size);
        bool stalled = review->stalled;
        pthread_mutex_unlock(&review->lock);
        if (stalled) {
            free(entry);
            return; /* flush adds the task anew */
        }
        read_entry(review, entry, size);
    }
    free(entry);
    hand_back(review);
}

static bool start_reading(struct review *review)
{
    review->task = (struct task){.run = read_lines, .user = review};
    pthread_mutex_lock(&review->lock);
    review->users++;
    pthread_mutex_unlock(&review->lock);
    if (reader_add(reader_of(review), &review->task))
        return true;
    pthread_mutex_lock(&review->lock);
    release(review, 1);
    return false;
}

/* ---- the body ---- */

static bool grow(struct review *review, size_t size)
{
    struct input *input = &review->input;
    size_t capacity = input->capacity ? input->capacity * 2 : INPUT_BYTES;
    if (size <= input->capacity)
        return true;
    if (capacity < size)
        capacity = size;
    if (!exchange_hold(review->exchange, capacity - input->capacity)) {
        input->refuse = REFUSE_NO_ROOM;
        return false;
    }
    char *data = realloc(input->data, capacity);
    if (!data) {
        exchange_release(review->exchange, capacity - input->capacity);
        input->refuse = REFUSE_OUT_OF_MEMORY;
        return false;
    }
    input->data = data;
    input->capacity = capacity;
    return true;
}

static bool append(struct review *review, const char *bytes, size_t size)
{
    struct input *input = &review->input;
    if (size == 0)
        return true;
    if (!grow(review, input->size + size))
        return false;
    memcpy(input->data + input->size, bytes, size);
    input->size += size;
    return true;
}

/* Of a line that cannot be taken one byte is kept, which stands for it. */
static bool append_to_line(struct review *review, const char *bytes, size_t size)
{
    struct input *input = &review->input;
    if (input->refuse != REFUSE_NOTHING)
        return true;
    if (input->size + size > review->service->max_body)
        input->refuse = REFUSE_LINE_TOO_LARGE;
    else if (append(review, bytes, size))
        return true;
    free(input->data);
    exchange_release(review->exchange, input->capacity);
    *input = (struct input){.refuse = input->refuse};
    return append(review, "{", 1);
}

enum http_next review_piece(struct review *review, const char *bytes, size_t size)
{
    pthread_mutex_lock(&review->lock);
    bool gone = is_gone(review), failed = review->failed;
    pthread_mutex_unlock(&review->lock);
    review->discarded += failed ? size : 0;
    if (gone || review->discarded / 4 > review->service->max_body)
        return HTTP_CUT;
    if (failed)
        return HTTP_MORE;
    const char *end = memchr(bytes, '\n', size);
    size_t first = end ? (size_t)(end - bytes) : size;
    if (!append_to_line(review, bytes, first) || (end && !append(review, end, size - first))) {
        pthread_mutex_lock(&review->lock);
        review->failed = true;
        pthread_mutex_unlock(&review->lock);
        return HTTP_MORE;
    }
    if (!end)
        return HTTP_MORE;
    return start_reading(review) ? HTTP_WAIT : HTTP_CUT;
}

enum review_end review_whole(struct review *review)
{
    pthread_mutex_lock(&review->lock);
    bool failed = review->failed;
    review->ended = true;
    pthread_mutex_unlock(&review->lock);
    if (failed)
        return REVIEW_NO_ROOM;
    return start_reading(review) ? REVIEW_GOES_ON : REVIEW_CLOSING;
}

struct review_counts review_leave(struct review *review)
{
    pthread_mutex_lock(&review->lock);
    struct review_counts counts = review->counts;
    review->exchange = NULL;
    atomic_store(&review->gone, true);
    release(review, 1);
    return counts;
}

const struct dialect dialect_review = {.refuse = openai_refuse, .lines = true};
