/* SPDX-License-Identifier: Apache-2.0 */
/* Every path that this server knows, once; and the answers that need no computation. */
#include "routes.h"

#include <string.h>

#include "clock.h"
#include "operations.h"
#include "page.h"
#include "service.h"

static void answer_health(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    BUFFER_FORMAT(&body, "{\"status\":\"ok\",\"version\":\"%s\"}\n", tuwen_version());
    service_answer(exchange, 200, "application/json", &body);
}

/* Whether requests are computed now: a balancer sends them elsewhere otherwise. */
static void answer_ready(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    bool loaded = worker_terms(service->worker) != NULL, closing = atomic_load(&service->closing);
    BUFFER_FORMAT(&body, "{\"status\":\"%s\",\"waiting\":%zu}\n",
                  closing  ? "shutting down"
                  : loaded ? "ready"
                           : "loading",
                  worker_jobs(service->worker));
    service_answer(exchange, loaded && !closing ? 200 : 503, "application/json", &body);
}

/* Where band "fair" begins: by the model, and by each profile. */
static void put_threshold(struct buffer *body, const struct terms *terms)
{
    float cosine = terms->info->band_from[TUWEN_BAND_FAIR];
    BUFFER_FORMAT(body, ",\"threshold\":{\"cosine\":%.4f,\"score\":%.4f,\"match\":{", cosine,
                  tuwen_score_cosine(terms->model, cosine).score);
    for (size_t i = 0; i < terms->profiles.count; i++) {
        const tuwen_profile_info *profile = tuwen_profile_get_info(terms->profiles.items[i]);
        buffer_text(body, i ? "," : "");
        buffer_json(body, profile->name, strlen(profile->name));
        BUFFER_FORMAT(body, ":%.4f", profile->band_from[TUWEN_BAND_FAIR]);
    }
    buffer_text(body, "}}");
}

static void put_model(struct buffer *body, const struct service *service, const struct terms *terms)
{
    buffer_text(body, "{\"id\":");
    buffer_json(body, terms->info->name, strlen(terms->info->name));
    BUFFER_FORMAT(body, ",\"object\":\"model\",\"created\":%lld,\"owned_by\":\"tuwen\",\"dimension\":%d,",
                  (long long)service->created, terms->info->dimension);
    BUFFER_FORMAT(body, "\"fingerprint\":\"%s\",\"space\":\"%s\",\"precision\":\"%s\",\"max_length\":%d",
                  terms->info->fingerprint, terms->space, terms->info->precision, terms->info->max_length);
    buffer_text(body, ",\"profiles\":");
    profiles_write(&terms->profiles, body);
    put_threshold(body, terms);
    buffer_text(body, "}");
}

static void answer_models(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    const struct terms *terms = worker_terms(service->worker);
    buffer_text(&body, "{\"object\":\"list\",\"data\":[");
    if (terms)
        put_model(&body, service, terms);
    buffer_text(&body, "]}\n");
    service_answer(exchange, 200, "application/json", &body);
}

/* The model by its name, which is all that there is. */
static void answer_model(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    const struct terms *terms = worker_terms(service->worker);
    const char *name = exchange->path + strlen("/v1/models/");
    if (!terms) {
        service_refuse(exchange, REFUSE_LOADING, NULL);
    } else if (strcmp(name, terms->info->name) != 0) {
        service_refuse(exchange, REFUSE_NO_MODEL, WITH(terms->info->name));
    } else {
        put_model(&body, service, terms);
        buffer_text(&body, "\n");
        service_answer(exchange, 200, "application/json", &body);
    }
}

/* What Text Embeddings Inference says of itself. */
static void answer_info(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    const struct terms *terms = worker_terms(service->worker);
    if (!terms) {
        buffer_text(&body, "{\"error\":\"the model is still being loaded\",\"error_type\":\"Unhealthy\"}\n");
        service_answer(exchange, 503, "application/json", &body);
        return;
    }
    buffer_text(&body, "{\"model_id\":");
    buffer_json(&body, terms->info->name, strlen(terms->info->name));
    BUFFER_FORMAT(&body, ",\"model_sha\":\"%s\",\"model_dtype\":\"%s\",", terms->info->fingerprint,
                  terms->info->precision);
    BUFFER_FORMAT(&body, "\"model_type\":{\"embedding\":{\"pooling\":\"last_token\"}},\"max_input_length\":%d,",
                  terms->info->max_length);
    BUFFER_FORMAT(&body, "\"max_concurrent_requests\":%zu,\"max_client_batch_size\":%zu,\"auto_truncate\":false,",
                  service->max_jobs, terms->max_items);
    BUFFER_FORMAT(&body, "\"version\":\"%s\",\"sha\":null,\"docker_label\":null}\n", tuwen_version());
    service_answer(exchange, 200, "application/json", &body);
}

/* Ollama's /api/version, /api/tags, /api/ps and /api/show. What is no number of ours (sizes, expiry) is 0 or left out. */

static void answer_version(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    (void)service;
    BUFFER_FORMAT(&body, "{\"version\":\"%s\"}\n", tuwen_version());
    service_answer(exchange, 200, "application/json", &body);
}

static void put_details(struct buffer *body, const struct terms *terms)
{
    BUFFER_FORMAT(body,
                  "\"details\":{\"format\":\"tuwen\",\"family\":\"qwen2vl\",\"families\":[\"qwen2vl\"],"
                  "\"parameter_size\":\"\",\"quantization_level\":\"%s\"}",
                  terms->info->precision);
}

static void answer_tags(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    const struct terms *terms = worker_terms(service->worker);
    buffer_text(&body, "{\"models\":[");
    if (terms) {
        buffer_text(&body, "{\"name\":");
        buffer_json(&body, terms->info->name, strlen(terms->info->name));
        buffer_text(&body, ",\"model\":");
        buffer_json(&body, terms->info->name, strlen(terms->info->name));
        BUFFER_FORMAT(&body, ",\"size\":0,\"digest\":\"%s\",", terms->info->fingerprint);
        put_details(&body, terms);
        buffer_text(&body, "}");
    }
    buffer_text(&body, "]}\n");
    service_answer(exchange, 200, "application/json", &body);
}

static void answer_show(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    const struct terms *terms = worker_terms(service->worker);
    if (!terms) {
        service_refuse(exchange, REFUSE_LOADING, NULL);
        return;
    }
    buffer_text(&body, "{");
    put_details(&body, terms);
    BUFFER_FORMAT(&body,
                  ",\"model_info\":{\"general.architecture\":\"qwen2vl\",\"qwen2vl.context_length\":%d,"
                  "\"qwen2vl.embedding_length\":%d},\"capabilities\":[\"embedding\",\"vision\"]}\n",
                  terms->info->max_length, terms->info->dimension);
    service_answer(exchange, 200, "application/json", &body);
}

/* Immich's. */
static void answer_ping(struct service *service, struct exchange *exchange)
{
    struct buffer body = {0};
    (void)service;
    buffer_text(&body, "pong");
    service_answer(exchange, 200, "text/plain; charset=utf-8", &body);
}

const struct route routes[] = {
    {"POST", "/v1/match", &dialect_match, NULL, false},
    {"POST", "/v1/review", &dialect_review, NULL, false},
    {"POST", "/v1/explain", &dialect_explain, NULL, false},
    {"POST", "/v1/embeddings", &dialect_openai, NULL, false},
    {"POST", "/embeddings", &dialect_openai, NULL, false},
    {"POST", "/score", &dialect_score, NULL, false},
    {"POST", "/v1/score", &dialect_score, NULL, false},
    {"POST", "/rerank", &dialect_rerank, NULL, false},
    {"POST", "/v1/rerank", &dialect_rerank, NULL, false},
    {"POST", "/v2/rerank", &dialect_cohere_rerank, NULL, false},
    {"POST", "/v2/embed", &dialect_cohere, NULL, false},
    {"POST", "/v1/embed", &dialect_cohere_first, NULL, false},
    {"POST", "/v1/multimodalembeddings", &dialect_voyage, NULL, false},
    {"POST", "/api/embed", &dialect_ollama, NULL, false},
    {"POST", "/api/embeddings", &dialect_ollama_single, NULL, false},
    {"GET", "/api/tags", NULL, answer_tags, false},
    {"GET", "/api/ps", NULL, answer_tags, false},
    {"POST", "/api/show", NULL, answer_show, false},
    {"GET", "/api/version", NULL, answer_version, false},
    {"POST", "/embed", &dialect_tei_embed, NULL, false},
    {"POST", "/similarity", &dialect_tei_similarity, NULL, false},
    {"POST", "/api/v1/services/embeddings/multimodal-embedding/multimodal-embedding", &dialect_dashscope, NULL,
     false},
    {"POST", "/api/v1/services/rerank/text-rerank/text-rerank", &dialect_dashscope_rerank, NULL, false},
    {"POST", "/predict", &dialect_immich, NULL, false},
    {"GET", "/v1/models", NULL, answer_models, false},
    {"GET", "/v1/models/{model}", NULL, answer_model, false},
    {"GET", "/info", NULL, answer_info, false},
    {"GET", "/health", NULL, answer_health, true},
    {"GET", "/ready", NULL, answer_ready, true},
    {"GET", "/ping", NULL, answer_ping, true},
    {"GET", "/", NULL, page_answer, true},
    {"GET", PAGE_LIGHT, NULL, page_answer, true},
    {"GET", PAGE_SUNSET, NULL, page_answer, true},
    {"GET", PAGE_REPORT, NULL, page_answer, true},
    {"GET", "/metrics", NULL, answer_metrics, false},
    {"GET", "/openapi.json", NULL, answer_openapi, true},
};
const size_t route_count = sizeof routes / sizeof *routes;

static bool is_path(const char *pattern, const char *path)
{
    size_t fixed = strcspn(pattern, "{");
    return pattern[fixed] ? strncmp(pattern, path, fixed) == 0 : strcmp(pattern, path) == 0;
}

const struct route *route_find(const char *method, const char *path, const char **allowed)
{
    *allowed = NULL;
    for (size_t i = 0; i < route_count; i++) {
        if (!is_path(routes[i].path, path))
            continue;
        if (strcmp(routes[i].method, method) == 0)
            return &routes[i];
        *allowed = routes[i].method;
    }
    return NULL;
}
