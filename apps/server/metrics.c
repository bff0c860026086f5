/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of what the server did, and their text for Prometheus. */
#include "metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routes.h"

typedef atomic_ullong counter;

/* The last of each list stands for all others. */
static const int statuses[] = {200, 400, 401, 403, 404, 405, 408, 413, 415, 429, 500, 503, 0};
static const double duration_bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
static const double batch_bounds[] = {1, 2, 4, 8, 16, 32, 64};

enum {
    STATUSES = sizeof statuses / sizeof *statuses,
    DURATIONS = sizeof duration_bounds / sizeof *duration_bounds,
    BATCHES = sizeof batch_bounds / sizeof *batch_bounds,
    BUCKETS_MOST = DURATIONS
};

/* Buckets hold what is in them alone; they are summed up when they are written. The sum is in millionths. */
struct histogram {
    counter buckets[BUCKETS_MOST + 1], millionths;
};

struct route_counts {
    counter statuses[STATUSES];
    struct histogram durations;
};

struct metrics {
    counter begun, ended, received, sent;
    counter texts, pictures, tokens, image_tokens, pixels, failed, found, computed, passes;
    struct histogram batch_inputs, batch_durations;
    struct route_counts routes[]; /* [route_count + 1], the last for paths that there are not */
};

struct metrics *metrics_make(void)
{
    struct metrics *metrics = calloc(1, sizeof *metrics + (route_count + 1) * sizeof *metrics->routes);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    free(metrics);
}

/* ---- counting ---- */

static void count(counter *place, unsigned long long number)
{
    atomic_fetch_add_explicit(place, number, memory_order_relaxed);
}

static unsigned long long read_counter(const counter *place)
{
    return atomic_load_explicit(place, memory_order_relaxed);
}

static void observe(struct histogram *histogram, const double *bounds, size_t bound_count, double number)
{
    size_t place = 0;
    while (place < bound_count && number > bounds[place])
        place++;
    count(&histogram->buckets[place], 1);
    count(&histogram->millionths, number > 0 ? (unsigned long long)(number * 1e6 + 0.5) : 0);
}

void metrics_begin(struct metrics *metrics)
{
    count(&metrics->begun, 1);
}

void metrics_end(struct metrics *metrics, const struct route *route, int status, double seconds,
                 unsigned long long received, unsigned long long sent)
{
    struct route_counts *counts = &metrics->routes[route ? (size_t)(route - routes) : route_count];
    size_t place = 0;
    while (place + 1 < STATUSES && statuses[place] != status)
        place++;
    count(&counts->statuses[place], 1);
    observe(&counts->durations, duration_bounds, DURATIONS, seconds);
    count(&metrics->received, received);
    count(&metrics->sent, sent);
    count(&metrics->ended, 1);
}

void metrics_batch(struct metrics *metrics, const tuwen_output *outputs, size_t output_count,
                   unsigned long long found, double seconds)
{
    unsigned long long texts = 0, pictures = 0, tokens = 0, image_tokens = 0, pixels = 0, failed = 0;
    for (size_t i = 0; i < output_count; i++) {
        const tuwen_output *output = &outputs[i];
        if (output->status != TUWEN_OK) {
            failed++;
            continue;
        }
        bool picture = output->image_tokens > 0;
        pictures += picture;
        texts += !picture;
        tokens += (unsigned long long)output->tokens;
        image_tokens += (unsigned long long)output->image_tokens;
        if (picture)
            pixels += (unsigned long long)output->picture_width * (unsigned long long)output->picture_height;
    }
    count(&metrics->texts, texts);
    count(&metrics->pictures, pictures);
    count(&metrics->tokens, tokens);
    count(&metrics->image_tokens, image_tokens);
    count(&metrics->pixels, pixels);
    count(&metrics->failed, failed);
    count(&metrics->found, found);
    if (texts + pictures > found)
        count(&metrics->computed, texts + pictures - found);
    observe(&metrics->batch_inputs, batch_bounds, BATCHES, (double)output_count);
    observe(&metrics->batch_durations, duration_bounds, DURATIONS, seconds);
}

void metrics_passes(struct metrics *metrics, unsigned long long passes)
{
    count(&metrics->passes, passes);
}

/* ---- writing ---- */

static void head(struct buffer *body, const char *name, const char *type, const char *help)
{
    BUFFER_FORMAT(body, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct buffer *body, const char *name, const char *type, const char *help,
                   unsigned long long number)
{
    head(body, name, type, help);
    BUFFER_FORMAT(body, "%s %llu\n", name, number);
}

/* A value of a label, with its quotes. */
static void label(struct buffer *body, const char *text)
{
    buffer_text(body, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_text(body, "\\");
        if (*text == '\n')
            buffer_text(body, "\\n");
        else
            buffer_add(body, text, 1);
    }
    buffer_text(body, "\"");
}

/* `labels` is empty or ends with a comma. */
static void write_histogram(const struct histogram *histogram, const double *bounds, size_t bound_count,
                            const char *name, const char *labels, struct buffer *body)
{
    unsigned long long sum = 0, millionths = read_counter(&histogram->millionths);
    size_t length = strlen(labels);
    char inner[160] = "";
    if (length > 0)
        snprintf(inner, sizeof inner, "{%.*s}", (int)length - 1, labels);
    for (size_t i = 0; i <= bound_count; i++) {
        char bound[32] = "+Inf";
        if (i < bound_count)
            snprintf(bound, sizeof bound, "%g", bounds[i]);
        sum += read_counter(&histogram->buckets[i]);
        BUFFER_FORMAT(body, "%s_bucket{%sle=\"%s\"} %llu\n", name, labels, bound, sum);
    }
    BUFFER_FORMAT(body, "%s_sum%s %llu.%06llu\n", name, inner, millionths / 1000000, millionths % 1000000);
    BUFFER_FORMAT(body, "%s_count%s %llu\n", name, inner, sum);
}

static void route_labels(size_t index, char *text, size_t size)
{
    bool known = index < route_count;
    snprintf(text, size, "method=\"%s\",path=\"%s\",", known ? routes[index].method : "other",
             known ? routes[index].path : "other");
}

/* Every route has its counter of good answers and its histogram from the start, so that rates can be taken of them. */
static void write_requests(const struct metrics *metrics, struct buffer *body)
{
    char labels[128];
    head(body, "tuwen_http_requests_total", "counter",
         "Requests that ended, by route and status; status 0: without an answer.");
    for (size_t i = 0; i <= route_count; i++) {
        route_labels(i, labels, sizeof labels);
        for (size_t k = 0; k < STATUSES; k++) {
            unsigned long long number = read_counter(&metrics->routes[i].statuses[k]);
            if (number > 0 || (i < route_count && statuses[k] == 200))
                BUFFER_FORMAT(body, "tuwen_http_requests_total{%sstatus=\"%d\"} %llu\n", labels, statuses[k], number);
        }
    }
    head(body, "tuwen_http_request_duration_seconds", "histogram",
         "From the head of a request to the end of its answer.");
    for (size_t i = 0; i <= route_count; i++) {
        route_labels(i, labels, sizeof labels);
        write_histogram(&metrics->routes[i].durations, duration_bounds, DURATIONS,
                        "tuwen_http_request_duration_seconds", labels, body);
    }
}

static void write_engine(const struct metrics *metrics, struct buffer *body)
{
    head(body, "tuwen_batch_inputs", "histogram", "Inputs that were computed together.");
    write_histogram(&metrics->batch_inputs, batch_bounds, BATCHES, "tuwen_batch_inputs", "", body);
    head(body, "tuwen_batch_duration_seconds", "histogram", "The time that a batch took.");
    write_histogram(&metrics->batch_durations, duration_bounds, DURATIONS, "tuwen_batch_duration_seconds", "", body);
    head(body, "tuwen_inputs_total", "counter",
         "Inputs that got a vector; one with both a text and a picture is a picture.");
    BUFFER_FORMAT(body, "tuwen_inputs_total{kind=\"text\"} %llu\n", read_counter(&metrics->texts));
    BUFFER_FORMAT(body, "tuwen_inputs_total{kind=\"picture\"} %llu\n", read_counter(&metrics->pictures));
    single(body, "tuwen_inputs_failed_total", "counter", "Inputs that got none, such as damaged pictures.",
           read_counter(&metrics->failed));
    single(body, "tuwen_tokens_total", "counter",
           "Tokens of inputs, with those of pictures, also where the cache had them.",
           read_counter(&metrics->tokens));
    single(body, "tuwen_image_tokens_total", "counter", "Tokens of pictures.", read_counter(&metrics->image_tokens));
    single(body, "tuwen_picture_pixels_total", "counter", "Pixels of pictures, as they were sent.",
           read_counter(&metrics->pixels));
    single(body, "tuwen_cache_hits_total", "counter", "Vectors that came from the cache.",
           read_counter(&metrics->found));
    single(body, "tuwen_cache_misses_total", "counter", "Vectors that were computed.",
           read_counter(&metrics->computed));
    single(body, "tuwen_explain_passes_total", "counter",
           "Passes of pictures with a part covered, which explanations take; none of the above counts them.",
           read_counter(&metrics->passes));
}

void metrics_write(const struct metrics *metrics, const struct metrics_state *state, struct buffer *body)
{
    unsigned long long ended = read_counter(&metrics->ended), begun = read_counter(&metrics->begun);
    head(body, "tuwen_info", "gauge", "The program and its model.");
    BUFFER_FORMAT(body, "tuwen_info{version=\"%s\",model=", tuwen_version());
    label(body, state->info ? state->info->name : "");
    buffer_text(body, ",precision=");
    label(body, state->info ? state->info->precision : "");
    buffer_text(body, ",fingerprint=");
    label(body, state->info ? state->info->fingerprint : "");
    buffer_text(body, "} 1\n");
    single(body, "tuwen_ready", "gauge", "1 when requests are computed.", state->ready);
    head(body, "process_start_time_seconds", "gauge", "When the server was started, in seconds since 1970.");
    BUFFER_FORMAT(body, "process_start_time_seconds %.3f\n", state->started);
    single(body, "tuwen_queue_length", "gauge", "Requests that wait for the model or are computed.", state->jobs);
    single(body, "tuwen_queue_limit", "gauge", "The most of them (--max-queue).", state->max_jobs);
    single(body, "tuwen_http_requests_in_flight", "gauge", "Requests on their way.",
           begun > ended ? begun - ended : 0);
    single(body, "tuwen_http_received_bytes_total", "counter", "Bytes of the bodies of requests.",
           read_counter(&metrics->received));
    single(body, "tuwen_http_sent_bytes_total", "counter", "Bytes of the bodies of answers.",
           read_counter(&metrics->sent));
    write_requests(metrics, body);
    write_engine(metrics, body);
}
