/* SPDX-License-Identifier: Apache-2.0 */
/* Answers for those who run the server, and for programs that ask what it can do. */
#include "operations.h"

#include "metrics.h"
#include "service.h"

/* The file openapi.json, made into C by scripts/embed.sh. */
extern const unsigned char openapi_json[];
extern const size_t openapi_json_size;

void answer_metrics(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    const struct terms *terms = worker_terms(service->worker);
    const struct metrics_state state = {
        .jobs = worker_jobs(service->worker),
        .max_jobs = service->max_jobs,
        .info = terms ? terms->info : NULL,
        .ready = terms && !atomic_load(&service->closing),
        .started = (double)service->created,
    };
    metrics_write(service->metrics, &state, &body);
    service_answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
}

void answer_openapi(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    buffer_add(&body, openapi_json, openapi_json_size);
    service_answer(exchange, 200, "application/json", &body);
}
