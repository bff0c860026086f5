/* SPDX-License-Identifier: Apache-2.0 */
/* What joins bytes, dialects and the worker: from a request to its answer. */
#include "service.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "fetch.h"
#include "language.h"
#include "review.h"
#include "routes.h"

/* What is known of a request on its way; `user` of its exchange. */
struct work {
    struct service *service;
    struct exchange *exchange;
    const struct route *route;     /* NULL: none, so far */
    const struct dialect *dialect; /* the route's, or what it chose by the body */
    bool form;                     /* the body is one, not JSON */
    char key[KEY_NAME_SIZE];       /* the name of the key */
    tuwen_language language;       /* of its messages */
    struct terms terms;            /* from when it is read on */
    struct call call;
    struct task task; /* reads the body */
    struct job job;
    struct review *review; /* of JSON Lines, in place of the three above */
    size_t sent, items;
};

void service_answer(struct exchange *exchange, int status, const char *type, struct buffer *body)
{
    struct work *work = exchange->user;
    if (body->failed) {
        buffer_free(body);
        status = 503;
    }
    work->sent = body->size;
    exchange_answer(exchange, &(struct response){.status = status,
                                                 .type = body->data ? type : NULL,
                                                 .body = body->data,
                                                 .size = body->size,
                                                 .close = atomic_load(&work->service->closing)});
}

void service_answer_fixed(struct exchange *exchange, int status, const char *type, const void *bytes, size_t size,
                          const struct header *headers)
{
    struct work *work = exchange->user;
    struct buffer body = {0};
    if (bytes)
        buffer_add(&body, bytes, size);
    if (body.failed) {
        service_answer(exchange, 503, type, &body);
        return;
    }
    work->sent = body.size;
    exchange_answer(exchange, &(struct response){.status = status,
                                                 .type = body.data ? type : NULL,
                                                 .body = body.data,
                                                 .size = body.size,
                                                 .headers = headers,
                                                 .keep = true,
                                                 .close = atomic_load(&work->service->closing)});
}

/* Answers with a refusal in the shape of the route's dialect. The exchange may be gone afterwards. */
static void answer_refusal(struct work *work, const struct refusal *refusal, const char *allow, bool close)
{
    struct buffer body = {0};
    struct refusal named = *refusal;
    named.request = work->exchange->id;
    (work->dialect                                    ? work->dialect->refuse
     : strncmp(work->exchange->path, "/api/", 5) == 0 ? ollama_refuse
                                                      : openai_refuse)(&named, &body);
    if (body.failed)
        buffer_free(&body);
    work->sent = body.size;
    exchange_answer(work->exchange, &(struct response){.status = refusal->status,
                                                       .type = body.data ? "application/json" : NULL,
                                                       .body = body.data,
                                                       .size = body.size,
                                                       .allow = allow,
                                                       .retry_after = refusal->retry_after,
                                                       .challenge = refusal->status == 401,
                                                       .close = close || atomic_load(&work->service->closing)});
}

static void refuse_now(struct work *work, enum refusal_id id, const char *const *arguments)
{
    struct refusal refusal = {0};
    refuse(&refusal, work->language, id, NULL, arguments);
    if (refusal.status == 429 || refusal.status == 503) {
        double seconds = worker_wait_seconds(work->service->worker);
        refusal.retry_after = seconds < 1 ? 1 : seconds > 60 ? 60 : (int)(seconds + 0.5);
    }
    answer_refusal(work, &refusal, NULL, false);
}

void service_refuse(struct exchange *exchange, enum refusal_id id, const char *const *arguments)
{
    refuse_now(exchange->user, id, arguments);
}

/* ---- the head ---- */

/* Pages of other sites can send forms, and text/plain, without asking first: there the Origin header, which browsers add to
 * them, is what the gate goes by. `types`: those that one kind of body goes by, up to NULL. */
static bool type_good(const struct exchange *exchange, const char *const *types)
{
    const char *type = exchange_header(exchange, "Content-Type");
    size_t length = type ? strcspn(type, "; ") : 0;
    for (; type && *types; types++)
        if (length == strlen(*types) && strncasecmp(type, *types, length) == 0)
            return true;
    return false;
}

/* What `curl -d` and other programs send that do not say what it is. Browsers always say where a request comes from. */
static bool type_unsaid(const struct exchange *exchange)
{
    static const char *const unsaid[] = {"application/x-www-form-urlencoded", NULL};
    return !exchange_header(exchange, "Origin") && !exchange_header(exchange, "Sec-Fetch-Site") &&
           (!exchange_header(exchange, "Content-Type") || type_good(exchange, unsaid));
}

/* Sets `form`. False with a refusal. */
static bool check_type(struct work *work, struct refusal *refusal)
{
    static const char *const json[] = {"application/json", NULL}, *const form[] = {"multipart/form-data", NULL},
                             *const lines[] = {"application/x-ndjson",   "application/ndjson",
                                               "application/jsonl",      "application/x-jsonl",
                                               "application/jsonlines",  "application/x-jsonlines",
                                               "application/json-lines", NULL};
    const struct dialect *dialect = work->dialect;
    work->form = dialect->read_form && type_good(work->exchange, form);
    if (work->form || (dialect->lines && type_good(work->exchange, lines)) ||
        (dialect->read && !dialect->lines && type_good(work->exchange, json)) ||
        ((dialect->read || dialect->lines) && type_unsaid(work->exchange)))
        return true;
    return refuse(refusal, work->language,
                  dialect->lines        ? REFUSE_BAD_LINES_TYPE
                  : !dialect->read_form ? REFUSE_BAD_TYPE
                  : dialect->read       ? REFUSE_BAD_TYPES
                                        : REFUSE_BAD_FORM_TYPE,
                  NULL, NULL);
}

/* Sets the route. False with a refusal. */
static bool check_head(struct work *work, struct refusal *refusal, const char **allowed)
{
    struct service *service = work->service;
    struct exchange *exchange = work->exchange;
    work->route = route_find(exchange->method, exchange->path, allowed);
    work->dialect = work->route ? work->route->dialect : NULL;
    if (!gate_pass(&service->gate, exchange, work->route && work->route->open, work->language, work->key, refusal))
        return false;
    if (!work->route && *allowed)
        return refuse(refusal, work->language, REFUSE_BAD_METHOD, NULL, WITH(*allowed));
    if (!work->route)
        return refuse(refusal, work->language, REFUSE_NO_ROUTE, NULL, NULL);
    if (!work->route->dialect)
        return true;
    if (exchange_header(exchange, "Content-Encoding"))
        return refuse(refusal, work->language, REFUSE_ENCODED, NULL, NULL);
    if (!check_type(work, refusal))
        return false;
    if (atomic_load(&service->closing))
        return refuse(refusal, work->language, REFUSE_CLOSING, NULL, NULL);
    return true;
}

/* Who shares a turn: all connections of a key, or each connection for itself. FNV-1a of the key's name, in the upper half of
 * the numbers, where connections do not get. */
static unsigned long long client_of(const struct work *work)
{
    unsigned long long hash = 14695981039346656037u;
    if (!*work->key)
        return work->exchange->connection;
    for (const char *at = work->key; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    return hash | 1ull << 63;
}

/* Whether it can be taken is known before its body, which may be long. */
static void begin_review(struct work *work)
{
    struct service *service = work->service;
    if (!worker_terms(service->worker)) {
        refuse_now(work, REFUSE_LOADING, NULL);
    } else if (worker_full(service->worker)) {
        refuse_now(work, REFUSE_BUSY, WITH(digits_of(service->max_jobs).text));
    } else {
        work->review = review_begin(service, work->exchange, client_of(work), work->language);
        work->exchange->streamed = work->review != NULL;
        if (!work->review)
            refuse_now(work, REFUSE_OUT_OF_MEMORY, NULL);
    }
}

void service_head(void *user, struct exchange *exchange)
{
    struct work *work = calloc(1, sizeof *work);
    struct refusal refusal = {0};
    const char *allowed = NULL;
    if (!work) {
        exchange_answer(exchange, &(struct response){.status = 503, .close = true});
        return;
    }
    work->service = user;
    work->exchange = exchange;
    exchange->user = work;
    work->language = language_accepted(exchange_header(exchange, "Accept-Language"), work->service->language);
    metrics_begin(work->service->metrics);
    if (check_head(work, &refusal, &allowed)) {
        if (work->dialect && work->dialect->lines)
            begin_review(work);
        return;
    }
    if (refusal.status == 503)
        refusal.retry_after = 1;
    answer_refusal(work, &refusal, refusal.id == REFUSE_BAD_METHOD ? allowed : NULL, false);
}

void service_trouble(void *user, struct exchange *exchange, enum http_trouble trouble)
{
    struct work *work = exchange->user;
    const struct service *service = user;
    if (trouble == HTTP_BODY_TOO_LARGE)
        refuse_now(work, REFUSE_BODY_TOO_LARGE, WITH(digits_of(service->max_body).text));
    else if (trouble == HTTP_NO_ROOM)
        refuse_now(work, REFUSE_NO_ROOM, WITH(digits_of(service->max_memory).text));
    else
        refuse_now(work, REFUSE_OUT_OF_MEMORY, NULL);
}

/* ---- calls ---- */

/* On the worker's thread. The exchange must not be touched after its answer. */
static void on_done(struct job *job)
{
    struct work *work = job->user;
    struct buffer body = {0};
    struct refusal refusal = {0};
    bool good = false;
    if (job->status == TUWEN_CANCELLED)
        refuse(&refusal, work->language, REFUSE_CLOSING, NULL, NULL);
    else if (job->status == TUWEN_OUT_OF_MEMORY)
        refuse(&refusal, work->language, REFUSE_OUT_OF_MEMORY, NULL, NULL);
    else if (job->status != TUWEN_OK)
        refuse(&refusal, work->language, REFUSE_FAILED, NULL, WITH(job->message));
    else
        good = work->dialect->write(&work->call, &work->terms, &body, &refusal);
    call_free(&work->call);
    if (good) {
        service_answer(work->exchange, 200, "application/json", &body);
        return;
    }
    buffer_free(&body);
    answer_refusal(work, &refusal, NULL, false);
}

/* Reads a form into the call, other bodies into its document. False with a refusal. */
static bool read_document(struct work *work, const struct terms *terms, struct refusal *refusal)
{
    struct exchange *exchange = work->exchange;
    char why[256];
    if (exchange->size == 0)
        return refuse(refusal, terms->language, REFUSE_NO_BODY, NULL, NULL);
    work->call.id = exchange->id;
    work->call.began = exchange->arrived;
    if (work->form) {
        bool good = items_read_form(work->dialect, &work->call, exchange_header(exchange, "Content-Type"),
                                    exchange->body, exchange->size, terms, refusal);
        exchange_drop_body(exchange);
        return good;
    }
    work->call.document = document_read(exchange->body, exchange->size, why, sizeof why);
    exchange_drop_body(exchange);
    if (!work->call.document)
        return refuse(refusal, terms->language, REFUSE_BAD_JSON, NULL, WITH(why));
    if (value_kind(work->call.document) != KIND_OBJECT)
        return refuse(refusal, terms->language, REFUSE_NOT_OBJECT, NULL, NULL);
    const struct dialect *chosen = work->dialect->choose ? work->dialect->choose(work->call.document) : NULL;
    if (chosen)
        work->dialect = chosen;
    return true;
}

static void submit(struct work *work)
{
    struct service *service = work->service;
    work->job = (struct job){.call = &work->call,
                             .client = client_of(work),
                             .language = work->language,
                             .gone = &work->exchange->gone,
                             .done = on_done,
                             .user = work};
    enum worker_answer answer = worker_submit(service->worker, &work->job);
    if (answer == WORKER_TAKEN)
        return; /* it may be answered already */
    call_free(&work->call);
    if (answer == WORKER_FULL)
        refuse_now(work, REFUSE_BUSY, WITH(digits_of(service->max_jobs).text));
    else if (answer == WORKER_NO_MEMORY)
        refuse_now(work, REFUSE_OUT_OF_MEMORY, NULL);
    else
        refuse_now(work, answer == WORKER_CLOSING ? REFUSE_CLOSING : REFUSE_LOADING, NULL);
}

/* The call is read, if there is no refusal. */
static void end_reading(struct work *work, const struct refusal *refusal)
{
    if (refusal->id == REFUSE_NOTHING) {
        work->items = work->call.count;
        submit(work);
        return;
    }
    call_free(&work->call);
    answer_refusal(work, refusal, NULL, false);
}

static bool is_gone(void *user)
{
    const struct work *work = user;
    return atomic_load(&work->exchange->gone) || atomic_load(&work->service->closing);
}

/* On a thread of those that fetch: what the document names is waited for. */
static void read_addresses(struct task *task)
{
    struct work *work = task->user;
    struct refusal refusal = {0};
    struct fetching fetching = {
        .program = work->service->fetch, .gone = is_gone, .user = work, .left = work->service->max_body};
    work->terms.fetching = &fetching;
    (void)work->dialect->read(&work->call, &work->terms, &refusal);
    work->terms.fetching = NULL;
    end_reading(work, &refusal);
}

/* On a thread of the reader. */
static void read_body(struct task *task)
{
    struct work *work = task->user;
    struct service *service = work->service;
    struct refusal refusal = {0};
    work->terms = *worker_terms(service->worker);
    work->terms.language = work->language;
    bool good = read_document(work, &work->terms, &refusal);
    if (good && !work->form) {
        if (service->fetchers && value_has_text(work->call.document, fetch_is_address)) {
            work->task.run = read_addresses;
            if (reader_add(service->fetchers, &work->task))
                return;
            refuse(&refusal, work->language, REFUSE_CLOSING, NULL, NULL);
        } else {
            (void)work->dialect->read(&work->call, &work->terms, &refusal);
        }
    }
    end_reading(work, &refusal);
}

enum http_next service_piece(void *user, struct exchange *exchange, const char *bytes, size_t size)
{
    const struct work *work = exchange->user;
    (void)user;
    return review_piece(work->review, bytes, size);
}

static void end_review_body(struct work *work)
{
    struct service *service = work->service;
    switch (review_whole(work->review)) {
    case REVIEW_GOES_ON:
        exchange_answer(work->exchange, &(struct response){.status = 200,
                                                           .type = "application/x-ndjson",
                                                           .streamed = true,
                                                           .close = atomic_load(&service->closing)});
        break;
    case REVIEW_NO_ROOM:
        refuse_now(work, REFUSE_NO_ROOM, WITH(digits_of(service->max_memory).text));
        break;
    default:
        refuse_now(work, REFUSE_CLOSING, NULL);
    }
}

void service_whole(void *user, struct exchange *exchange)
{
    struct service *service = user;
    struct work *work = exchange->user;
    work->task = (struct task){.run = read_body, .user = work};
    if (!work->route->dialect)
        work->route->answer(service, exchange);
    else if (work->review)
        end_review_body(work);
    else if (!worker_terms(service->worker))
        refuse_now(work, REFUSE_LOADING, NULL);
    else if (worker_full(service->worker))
        refuse_now(work, REFUSE_BUSY, WITH(digits_of(service->max_jobs).text));
    else if (!reader_add(service->reader, &work->task))
        refuse_now(work, REFUSE_CLOSING, NULL);
}

void service_ended(void *user, struct exchange *exchange, int status, bool whole)
{
    struct service *service = user;
    struct work *work = exchange->user;
    if (!work)
        return;
    if (work->review) {
        struct review_counts counts = review_leave(work->review);
        work->items = counts.lines;
        if (work->sent == 0) /* else a refusal took their place */
            work->sent = counts.sent;
    }
    struct log_request line = {
        .id = exchange->id,
        .method = work->route ? work->route->method : "-",
        .path = work->route ? work->route->path : "-",
        .status = atomic_load(&exchange->gone) ? 499 : status,
        .whole = whole,
        .connection = exchange->connection,
        .received = exchange->size,
        .sent = work->sent,
        .items = (unsigned long)work->items,
        .seconds = clock_seconds() - exchange->arrived,
        .waited = work->job.waited,
        .computed = work->job.computed,
        .key = *work->key ? work->key : NULL,
    };
    log_request(&service->log, &line);
    metrics_end(service->metrics, work->route, status, line.seconds, line.received, line.sent);
    call_free(&work->call);
    free(work);
}

void service_log(void *user, const char *line)
{
    const struct service *service = user;
    log_event(&service->log, false, line);
}
