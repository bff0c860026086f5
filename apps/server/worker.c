/* SPDX-License-Identifier: Apache-2.0 */
/* The one owner of the engine: a thread that opens the model and computes jobs in batches across jobs. */
#include "worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "tuwen/cache.h"

/* A batch: enough tokens that the products are as fast as they get, few enough that the next job waits briefly. A slice: what
 * is taken of a job in one turn. */
enum { BATCH_INPUTS = 64, BATCH_TOKENS = 4096, SLICE_TOKENS = 512 };

struct batch {
    size_t count;
    size_t tokens;
    struct job *jobs[BATCH_INPUTS];
    size_t places[BATCH_INPUTS]; /* of the input in its job */
    tuwen_input inputs[BATCH_INPUTS];
    tuwen_output outputs[BATCH_INPUTS];
    float *vectors; /* [BATCH_INPUTS][dimension] */
};

struct queue {
    struct job *first, *last; /* in the order of their turns */
};

struct worker {
    struct worker_options options;
    struct terms terms;
    pthread_t thread;
    tuwen_model *model;
    tuwen_session *session;
    tuwen_session *explainer; /* for explanations, between whose passes `session` computes; NULL before the first */
    tuwen_cache *cache;
    struct batch batch;
    double picture_tokens; /* of the pictures seen lately, the mean */

    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t change;
    struct queue inputs;       /* jobs with inputs that are not computed yet */
    struct queue explanations; /* that wait */
    bool explaining;           /* one is computed */
    size_t jobs, parts;        /* of all these and of the batch; parts among jobs */
    bool ready, closing, cancelled;
    double busy, done; /* seconds of batches, and jobs that ended, the older ones fading */
};

/* ---- the queue; the lock is held ---- */

static void append(struct queue *queue, struct job *job)
{
    job->next = NULL;
    if (queue->last)
        queue->last->next = job;
    else
        queue->first = job;
    queue->last = job;
}

static bool is_full(const struct worker *worker)
{
    return worker->jobs - worker->parts >= worker->options.max_jobs;
}

static struct job *take_first(struct queue *queue)
{
    struct job *job = queue->first;
    queue->first = job->next;
    if (!queue->first)
        queue->last = NULL;
    return job;
}

/* Moves the waiting jobs of a client, which has had its turn, behind those of the others, in their order. */
static void end_turn(struct queue *queue, unsigned long long client)
{
    struct queue others = {0}, its = {0};
    while (queue->first) {
        struct job *job = take_first(queue);
        append(job->client == client ? &its : &others, job);
    }
    *queue = others;
    while (its.first)
        append(queue, take_first(&its));
}

/* Whether nobody waits for the job any more, or the server has given up. */
static bool is_dropped(const struct worker *worker, const struct job *job)
{
    return worker->cancelled || (job->gone && atomic_load(job->gone));
}

/* ---- batches ---- */

/* What an input will take, roughly: tokens are known only when it is computed. */
static size_t tokens_of(const struct worker *worker, const tuwen_input *input)
{
    enum { FRAME = 16 }; /* of the prompt's template */
    size_t text = input->text_size / 3 + FRAME, most = (size_t)tuwen_session_get_options(worker->session)->max_length;
    return (text < most ? text : most) + (input->picture ? (size_t)worker->picture_tokens : 0);
}

/* Takes a slice of a job into the batch; at least one input, unless all of them failed before. */
static void take_slice(struct worker *worker, struct job *job)
{
    struct batch *batch = &worker->batch;
    size_t taken = 0;
    for (; job->next_input < job->call->count && batch->count < BATCH_INPUTS && taken < SLICE_TOKENS;
         job->next_input++) {
        size_t place = job->next_input;
        if (!call_is_open(job->call, place))
            continue;
        size_t tokens = tokens_of(worker, &job->call->inputs[place]);
        if (batch->count > 0 && batch->tokens + tokens > BATCH_TOKENS)
            return;
        batch->jobs[batch->count] = job;
        batch->places[batch->count] = place;
        batch->inputs[batch->count++] = job->call->inputs[place];
        batch->tokens += tokens;
        taken += tokens;
    }
}

/* The jobs whose inputs have all been computed or dropped, as a list for which `done` is called without the lock. */
static void finish(struct job **finished, struct job *job, double now)
{
    job->computed = job->begun > 0 ? now - job->begun : 0;
    job->next = *finished;
    *finished = job;
}

/* Takes out the explanations that nobody waits for any more: their turn may be minutes away. */
static void drop_explanations(struct worker *worker, struct job **finished)
{
    struct queue kept = {0};
    while (worker->explanations.first) {
        struct job *job = take_first(&worker->explanations);
        if (!is_dropped(worker, job)) {
            append(&kept, job);
            continue;
        }
        job->status = TUWEN_CANCELLED;
        finish(finished, job, clock_seconds());
    }
    worker->explanations = kept;
}

/*
 * Fills the batch from the queue. Jobs that are taken whole leave the queue and are found by the batch; those that ended
 * otherwise are added to `finished`.
 */
static void gather(struct worker *worker, struct job **finished)
{
    struct batch *batch = &worker->batch;
    double now = clock_seconds();
    batch->count = batch->tokens = 0;
    while (worker->inputs.first && batch->count < BATCH_INPUTS && batch->tokens < BATCH_TOKENS) {
        if (batch->count > 0 && worker->inputs.first->language != batch->jobs[0]->language)
            return; /* the messages of a batch are in one language */
        struct job *job = take_first(&worker->inputs);
        size_t before = batch->count;
        if (is_dropped(worker, job)) {
            job->status = TUWEN_CANCELLED;
            job->next_input = job->call->count;
        } else {
            take_slice(worker, job);
        }
        if (batch->count > before && job->begun <= 0) {
            job->begun = now;
            job->waited = now - job->submitted;
        }
        bool in_batch = false;
        for (size_t i = 0; i < batch->count && !in_batch; i++)
            in_batch = batch->jobs[i] == job;
        if (job->next_input < job->call->count) {
            append(&worker->inputs, job);
            end_turn(&worker->inputs, job->client);
            if (batch->count == before)
                return; /* its next input does not fit: it comes first in the next batch or soon after */
        } else if (!in_batch) {
            finish(finished, job, now);
        } else {
            end_turn(&worker->inputs, job->client);
        }
    }
}

/* Gives each job its share of the batch's results. */
static void scatter(struct worker *worker, tuwen_status status, const char *message)
{
    struct batch *batch = &worker->batch;
    size_t dimension = worker->terms.info->dimension > 0 ? (size_t)worker->terms.info->dimension : 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct job *job = batch->jobs[i];
        if (status != TUWEN_OK) {
            job->status = status;
            snprintf(job->message, sizeof job->message, "%s", message);
            continue;
        }
        job->call->outputs[batch->places[i]] = batch->outputs[i];
        memcpy(job->call->vectors + batch->places[i] * dimension, batch->vectors + i * dimension,
               dimension * sizeof(float));
        if (batch->outputs[i].image_tokens > 0)
            worker->picture_tokens += ((double)batch->outputs[i].image_tokens - worker->picture_tokens) / 16;
    }
}

static void compute(struct worker *worker)
{
    struct batch *batch = &worker->batch;
    tuwen_error error = {.language = batch->jobs[0]->language};
    uint64_t before = 0, after = 0, computed;
    double begun = clock_seconds();
    tuwen_cache_count(worker->cache, &before, &computed);
    tuwen_status status = tuwen_cache_embed(worker->cache, worker->session, batch->inputs, batch->count,
                                            batch->vectors, batch->outputs, &error);
    tuwen_cache_count(worker->cache, &after, &computed);
    if (worker->options.metrics && status == TUWEN_OK)
        metrics_batch(worker->options.metrics, batch->outputs, batch->count, after - before, clock_seconds() - begun);
    scatter(worker, status, status == TUWEN_OK ? "" : error.message);
}

/* Of the batch's jobs those that are complete, or failed, each once. Takes those that failed out of the queue. */
static void collect(struct worker *worker, struct job **finished)
{
    struct batch *batch = &worker->batch;
    double now = clock_seconds();
    for (size_t i = 0; i < batch->count; i++) {
        struct job *job = batch->jobs[i];
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = batch->jobs[k] == job;
        if (seen)
            continue;
        bool whole = job->next_input >= job->call->count;
        if (!whole && job->status != TUWEN_OK)
            job->next_input = job->call->count; /* found complete at its next turn */
        else if (whole)
            finish(finished, job, now);
    }
}

/* A job that had its last input computed or dropped is told so. */
static void tell(struct worker *worker, struct job *finished)
{
    while (finished) {
        struct job *job = finished;
        finished = job->next;
        pthread_mutex_lock(&worker->lock);
        worker->jobs--;
        worker->parts -= job->part;
        worker->done += job->begun > 0 && !job->call->explaining.wanted;
        pthread_mutex_unlock(&worker->lock);
        job->done(job);
    }
}

/* Computes a batch of what waits, if anything does. */
static void compute_some(struct worker *worker)
{
    struct job *finished = NULL;
    pthread_mutex_lock(&worker->lock);
    drop_explanations(worker, &finished);
    gather(worker, &finished);
    pthread_mutex_unlock(&worker->lock);
    tell(worker, finished);
    if (worker->batch.count == 0)
        return;
    double begun = clock_seconds();
    compute(worker);
    finished = NULL;
    pthread_mutex_lock(&worker->lock);
    worker->busy = 0.95 * worker->busy + (clock_seconds() - begun);
    worker->done *= 0.95;
    collect(worker, &finished);
    pthread_mutex_unlock(&worker->lock);
    tell(worker, finished);
}

/* ---- explanations ---- */

struct explanation {
    struct worker *worker;
    struct job *job;
    uint64_t passes;
};

/* Between two passes the others have a batch, so that they wait for one pass more and not for all of them. */
static bool between_passes(void *user, uint64_t done, uint64_t total)
{
    struct explanation *explanation = user;
    struct worker *worker = explanation->worker;
    (void)total;
    if (worker->options.metrics)
        metrics_passes(worker->options.metrics, done - explanation->passes);
    explanation->passes = done;
    compute_some(worker);
    pthread_mutex_lock(&worker->lock);
    bool dropped = is_dropped(worker, explanation->job);
    pthread_mutex_unlock(&worker->lock);
    return !dropped;
}

static tuwen_status open_explainer(struct worker *worker, tuwen_error *error)
{
    return worker->explainer ? TUWEN_OK
                             : tuwen_session_open(worker->model, &worker->options.session, &worker->explainer, error);
}

static void explain(struct worker *worker, struct job *job)
{
    struct explanation explanation = {.worker = worker, .job = job};
    tuwen_error error = {.language = job->language};
    tuwen_status status = open_explainer(worker, &error);
    pthread_mutex_lock(&worker->lock);
    if (status == TUWEN_OK && is_dropped(worker, job))
        status = TUWEN_CANCELLED;
    worker->explaining = status == TUWEN_OK;
    pthread_mutex_unlock(&worker->lock);
    if (status == TUWEN_OK)
        status = call_explain(job->call, worker->explainer, between_passes, &explanation, &error);
    pthread_mutex_lock(&worker->lock);
    worker->explaining = false;
    pthread_mutex_unlock(&worker->lock);
    job->status = status;
    snprintf(job->message, sizeof job->message, "%s", error.message);
}

/* Computes the explanation whose turn it is, if one waits. */
static void explain_one(struct worker *worker)
{
    struct job *finished = NULL, *job = NULL;
    pthread_mutex_lock(&worker->lock);
    if (worker->explanations.first) {
        job = take_first(&worker->explanations);
        end_turn(&worker->explanations, job->client);
    }
    pthread_mutex_unlock(&worker->lock);
    if (!job)
        return;
    job->begun = clock_seconds();
    job->waited = job->begun - job->submitted;
    explain(worker, job);
    finish(&finished, job, clock_seconds());
    tell(worker, finished);
}

static void work(struct worker *worker)
{
    for (;;) {
        pthread_mutex_lock(&worker->lock);
        while (!worker->inputs.first && !worker->explanations.first && !worker->closing)
            pthread_cond_wait(&worker->change, &worker->lock);
        bool ended = !worker->inputs.first && !worker->explanations.first;
        pthread_mutex_unlock(&worker->lock);
        if (ended)
            return;
        compute_some(worker);
        explain_one(worker);
    }
}

/* ---- opening ---- */

/* "..64" means up to 64, below the model's own least number too; the library fills what stays 0. */
static void set_image_tokens(struct worker *worker, const tuwen_model_info *info)
{
    tuwen_session_options *session = &worker->options.session;
    int least = worker->options.image_tokens_min, most = worker->options.image_tokens_max;
    session->image_tokens_min = least;
    session->image_tokens_max = most;
    if (most > 0 && least <= 0 && info->image_tokens_min > most)
        session->image_tokens_min = most;
    if (least > 0 && most <= 0 && info->image_tokens_max < least)
        session->image_tokens_max = least;
}

static tuwen_status open_engine(struct worker *worker, tuwen_error *error)
{
    const struct worker_options *options = &worker->options;
    tuwen_status status = tuwen_model_open(options->model, &options->opening, &worker->model, error);
    if (status != TUWEN_OK)
        return status;
    const tuwen_model_info *info = tuwen_model_get_info(worker->model);
    set_image_tokens(worker, info);
    status = tuwen_session_open(worker->model, &options->session, &worker->session, error);
    if (status != TUWEN_OK)
        return status;
    worker->batch.vectors = calloc(BATCH_INPUTS, sizeof(float) * tuwen_model_dimension(worker->model));
    if (!worker->batch.vectors) {
        snprintf(error->message, sizeof error->message, "%s",
                 tuwen_status_text(TUWEN_OUT_OF_MEMORY, options->language));
        return TUWEN_OUT_OF_MEMORY;
    }
    worker->picture_tokens = tuwen_session_get_options(worker->session)->image_tokens_max;
    worker->terms.info = info;
    worker->terms.model = worker->model;
    worker->terms.space = tuwen_session_fingerprint(worker->session);
    const struct profiles_for wanted = {.model = options->model,
                                        .space = worker->terms.space,
                                        .instruction = info->match_instruction,
                                        .language = options->language,
                                        .log = options->log,
                                        .log_user = options->log_user};
    return profiles_open(&worker->terms.profiles, options->profiles, options->profile_count, &wanted, error);
}

/* The cache is worth its vectors only: without it everything is computed, and the log says so. */
static void open_cache(struct worker *worker)
{
    const struct worker_options *options = &worker->options;
    tuwen_error error = {.language = options->language};
    tuwen_cache_options wanted = {.max_bytes = options->cache_bytes,
                                  .log = options->log,
                                  .log_user = options->log_user,
                                  .language = options->language};
    if (options->cache && tuwen_cache_open(options->cache, &wanted, &worker->cache, &error) != TUWEN_OK)
        options->log(options->log_user, error.message);
}

static void *run(void *user)
{
    struct worker *worker = user;
    tuwen_error error = {.language = worker->options.language};
    bool good = open_engine(worker, &error) == TUWEN_OK;
    if (good) {
        open_cache(worker);
        pthread_mutex_lock(&worker->lock);
        worker->ready = true;
        pthread_mutex_unlock(&worker->lock);
    }
    worker->options.ready(worker->options.ready_user, good ? &worker->terms : NULL, error.message);
    if (good)
        work(worker);
    return NULL;
}

struct worker *worker_start(const struct worker_options *options)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    worker->options = *options;
    worker->terms.language = options->language;
    worker->terms.max_items = options->max_items;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->change, NULL);
    if (pthread_create(&worker->thread, NULL, run, worker) == 0)
        return worker;
    free(worker);
    return NULL;
}

/* ---- what others ask for ---- */

enum worker_answer worker_submit(struct worker *worker, struct job *job)
{
    enum worker_answer answer = WORKER_TAKEN;
    struct call *call = job->call;
    if (!worker_terms(worker))
        return WORKER_LOADING;
    call->dimension = tuwen_model_dimension(worker->model);
    call->vectors = calloc(call->count ? call->count : 1, call->dimension * sizeof(float));
    if (!call->vectors)
        return WORKER_NO_MEMORY;
    job->status = TUWEN_OK;
    job->submitted = clock_seconds();
    pthread_mutex_lock(&worker->lock);
    if (worker->closing) {
        answer = WORKER_CLOSING;
    } else if (!job->part && is_full(worker)) {
        answer = WORKER_FULL;
    } else {
        append(call->explaining.wanted ? &worker->explanations : &worker->inputs, job);
        worker->jobs++;
        worker->parts += job->part;
        pthread_cond_signal(&worker->change);
    }
    pthread_mutex_unlock(&worker->lock);
    return answer;
}

const struct terms *worker_terms(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool ready = worker->ready;
    pthread_mutex_unlock(&worker->lock);
    return ready ? &worker->terms : NULL;
}

size_t worker_jobs(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    size_t jobs = worker->jobs;
    pthread_mutex_unlock(&worker->lock);
    return jobs;
}

bool worker_full(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool full = is_full(worker);
    pthread_mutex_unlock(&worker->lock);
    return full;
}

double worker_wait_seconds(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    double seconds = (double)worker->jobs * worker->busy / (worker->done > 1 ? worker->done : 1);
    pthread_mutex_unlock(&worker->lock);
    return seconds;
}

void worker_cancel(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->cancelled = true;
    if (worker->ready && worker->jobs > 0)
        tuwen_session_cancel(worker->session);
    if (worker->explaining)
        tuwen_session_cancel(worker->explainer);
    pthread_mutex_unlock(&worker->lock);
}

void worker_end(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->closing = true;
    pthread_cond_signal(&worker->change);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    tuwen_cache_close(worker->cache);
    profiles_close(&worker->terms.profiles);
    tuwen_session_close(worker->explainer);
    tuwen_session_close(worker->session);
    tuwen_model_close(worker->model);
    free(worker->batch.vectors);
    pthread_mutex_destroy(&worker->lock);
    pthread_cond_destroy(&worker->change);
    free(worker);
}
