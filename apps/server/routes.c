/* SPDX-License-Identifier: Apache-2.0 */
/* Every path that this server knows, once; and the answers that need no computation. */
#include "routes.h"

#include <string.h>

#include "operations.h"
#include "service.h"

static void answer_health(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    buffer_format(&body, "{\"status\":\"ok\",\"version\":\"%s\"}\n", tuwen_version());
    service_answer(exchange, 200, "application/json", &body);
}

/* Whether requests are computed now: a balancer sends them elsewhere otherwise. */
static void answer_ready(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    bool loaded = worker_terms(service->worker) != NULL, closing = atomic_load(&service->closing);
    buffer_format(&body, "{\"status\":\"%s\",\"waiting\":%zu}\n",
                  closing  ? "shutting down"
                  : loaded ? "ready"
                           : "loading",
                  worker_jobs(service->worker));
    service_answer(exchange, loaded && !closing ? 200 : 503, "application/json", &body);
}

static void answer_models(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    const struct terms *terms = worker_terms(service->worker);
    buffer_text(&body, "{\"object\":\"list\",\"data\":[");
    if (terms) {
        buffer_text(&body, "{\"id\":");
        buffer_json(&body, terms->info->name, strlen(terms->info->name));
        buffer_format(&body, ",\"object\":\"model\",\"created\":%lld,\"owned_by\":\"tuwen\",\"dimension\":%d,",
                      (long long)service->created, terms->info->dimension);
        buffer_format(&body, "\"fingerprint\":\"%s\",\"space\":\"%s\",\"precision\":\"%s\",\"max_length\":%d}",
                      terms->info->fingerprint, terms->space, terms->info->precision, terms->info->max_length);
    }
    buffer_text(&body, "]}\n");
    service_answer(exchange, 200, "application/json", &body);
}

const struct route routes[] = {
    {"POST", "/v1/match", &dialect_match, NULL, false},   {"POST", "/v1/embeddings", &dialect_openai, NULL, false},
    {"GET", "/v1/models", NULL, answer_models, false},    {"GET", "/health", NULL, answer_health, true},
    {"GET", "/ready", NULL, answer_ready, true},          {"GET", "/metrics", NULL, answer_metrics, false},
    {"GET", "/openapi.json", NULL, answer_openapi, true},
};
const size_t route_count = sizeof routes / sizeof *routes;

const struct route *route_find(const char *method, const char *path, const char **allowed)
{
    *allowed = NULL;
    for (size_t i = 0; i < route_count; i++) {
        if (strcmp(routes[i].path, path) != 0)
            continue;
        if (strcmp(routes[i].method, method) == 0)
            return &routes[i];
        *allowed = routes[i].method;
    }
    return NULL;
}
