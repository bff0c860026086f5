/* SPDX-License-Identifier: Apache-2.0 */
/* Judging answers, backing off, and whole small bodies. */
#include "net/fetch.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/place.h"

#define STALL 30.0
#define DELAY 1.0
#define TRIES 10
#define LONGEST_BACKOFF 60.0

tw_net_settings tw_net_settings_of_environment(void)
{
    return (tw_net_settings){.stall = tw_seconds_of("TUWEN_NET_STALL", STALL, 0.1, 3600),
                             .delay = tw_seconds_of("TUWEN_NET_DELAY", DELAY, 0, 60),
                             .tries = TRIES,
                             .authorities = tw_variable("CURL_CA_BUNDLE") ? tw_variable("CURL_CA_BUNDLE")
                                                                          : tw_variable("SSL_CERT_FILE")};
}

const char *tw_size_text(int64_t bytes, char text[TW_SIZE_TEXT])
{
    double count = (double)bytes;
    if (bytes >= 1000000000)
        (void)snprintf(text, TW_SIZE_TEXT, "%.2f GB", count / 1e9);
    else if (bytes >= 1000000)
        (void)snprintf(text, TW_SIZE_TEXT, "%.1f MB", count / 1e6);
    else
        (void)snprintf(text, TW_SIZE_TEXT, "%.1f kB", count / 1e3);
    return text;
}

static tw_verdict judge_code(const tw_http_result *result, const char *what, const char *token_name, bool has_token,
                             tuwen_error *error)
{
    long code = result->head.code;
    const char *host = result->host;
    if (code == 200 || code == 206)
        return TW_VERDICT_GOOD;
    if (result->head.retry_after > TW_LONGEST_WAIT) {
        (void)tw_fail(error, TUWEN_IO, "%s asks for a wait of %.0f seconds (HTTP %ld): try again later", host,
                      result->head.retry_after, code);
        return TW_VERDICT_REFUSED;
    }
    if (code == 408 || code == 425 || code == 429 || code >= 500) {
        (void)tw_fail(error, TUWEN_IO, "%s answers HTTP %ld for %s", host, code, what);
        return code >= 500 ? TW_VERDICT_NO_ANSWER : TW_VERDICT_AGAIN;
    }
    /* Addresses that a hub redirects to are good for a while only: the next try asks the hub anew. */
    if (result->head.redirected) {
        (void)tw_fail(error, TUWEN_IO, "%s no longer gives %s (HTTP %ld)", host, what, code);
        return TW_VERDICT_AGAIN;
    }
    if (code == 401 && token_name && !has_token)
        (void)tw_fail(error, TUWEN_NOT_FOUND,
                      "%s wants a login for %s (HTTP 401): mind the spelling of the name; for a private or gated "
                      "checkpoint set %s",
                      host, what, token_name);
    else if (code == 401 && token_name)
        (void)tw_fail(error, TUWEN_NOT_FOUND, "%s does not accept the login in %s for %s (HTTP 401)", host,
                      token_name, what);
    else if (code == 403 && token_name)
        (void)tw_fail(error, TUWEN_NOT_FOUND,
                      "%s refuses %s (HTTP 403): accept the checkpoint's terms on its page there, and set %s", host,
                      what, token_name);
    else if (code == 404 || code == 410)
        (void)tw_fail(error, TUWEN_NOT_FOUND, "%s has no %s (HTTP %ld): mind the spelling", host, what, code);
    else
        (void)tw_fail(error, TUWEN_IO, "%s answers HTTP %ld for %s", host, code, what);
    return TW_VERDICT_REFUSED;
}

tw_verdict tw_judge(const tw_http_result *result, const char *what, const char *token_name, bool has_token,
                    tuwen_error *error)
{
    switch (result->end) {
    case TW_HTTP_NO_ANSWER:
        (void)tw_fail(error, TUWEN_IO, "%s does not answer: %s", result->host, result->reason);
        return TW_VERDICT_NO_ANSWER;
    case TW_HTTP_BROKEN:
        (void)tw_fail(error, TUWEN_IO, "%s: the connection broke while %s came: %s", result->host, what,
                      result->reason);
        return TW_VERDICT_AGAIN;
    case TW_HTTP_UNSAFE:
        (void)tw_fail(error, TUWEN_IO, "%s: its certificate is not trusted: %s", result->host, result->reason);
        return TW_VERDICT_REFUSED;
    case TW_HTTP_BAD_REDIRECT:
        (void)tw_fail(error, TUWEN_IO,
                      "%s redirects %s too often, to another protocol, or from https to http: that is not followed",
                      result->host, what);
        return TW_VERDICT_REFUSED;
    case TW_HTTP_NOT_PUBLIC:
        (void)tw_fail(error, TUWEN_INVALID_ARGUMENT,
                      "%s is on this machine or in a private network, and %s may come from public addresses only",
                      result->host, what);
        return TW_VERDICT_REFUSED;
    case TW_HTTP_DONE:
    case TW_HTTP_STOPPED:
        break;
    }
    return judge_code(result, what, token_name, has_token, error);
}

double tw_backoff_next(tw_backoff *backoff, double delay, double asked)
{
    if (backoff->chance == 0)
        backoff->chance = (uint64_t)(tw_clock_seconds() * 1e9) ^ (uint64_t)(uintptr_t)backoff ^ 0x9e3779b97f4a7c15u;
    backoff->chance ^= backoff->chance << 13;
    backoff->chance ^= backoff->chance >> 7;
    backoff->chance ^= backoff->chance << 17;
    double wait = delay;
    for (int i = 0; i < backoff->failures && wait < LONGEST_BACKOFF; i++)
        wait *= 2;
    backoff->failures++;
    if (wait > LONGEST_BACKOFF)
        wait = LONGEST_BACKOFF;
    wait *= 0.5 + (double)(backoff->chance % 1024) / 1024.0;
    return wait > asked ? wait : asked;
}

/* --- small bodies --------------------------------------------------------------------------------------------------- */

typedef struct {
    tw_bytes *body;
    size_t limit;
    bool too_long, no_memory, done;
    tw_http_result result;
} small_body;

static bool small_head(void *owner, const tw_http_head *head)
{
    small_body *small = owner;
    small->too_long = head->code == 200 && head->length > (int64_t)small->limit;
    return head->code == 200 && !small->too_long;
}

static bool small_data(void *owner, const void *data, size_t size)
{
    small_body *small = owner;
    small->too_long = size > small->limit - small->body->length;
    small->no_memory = !small->too_long && !tw_bytes_append(small->body, data, size);
    return !small->too_long && !small->no_memory;
}

static void small_done(void *owner, const tw_http_result *result)
{
    small_body *small = owner;
    small->result = *result;
    small->done = true;
}

/* Steps until `until` (a time) or `*flag`; CANCELLED when the user stops. */
static tuwen_status wait_for(tw_http *http, const bool *flag, double until, const tw_net_report *report,
                             tuwen_error *error)
{
    tuwen_status status = TUWEN_OK;
    while (status == TUWEN_OK && !(flag && *flag) && (until <= 0 || tw_clock_seconds() < until)) {
        if (report->cancelled(report->owner))
            return tw_fail(error, TUWEN_CANCELLED, "stopped: the same command goes on from here");
        double left = until > 0 ? until - tw_clock_seconds() : 0.1;
        status = tw_http_step(http, left < 0 ? 0 : left < 0.1 ? left : 0.1, error);
    }
    return status;
}

static tuwen_status get_once(tw_http *http, const tw_get *get, const tw_net_report *report, small_body *small,
                             tw_verdict *verdict, tuwen_error *error)
{
    *verdict = TW_VERDICT_NEVER;
    small->body->length = 0;
    tw_http_request request = {
        .url = get->url, .token = get->token, .cookie = get->cookie, .only_public = get->only_public};
    tw_http_client client = {.owner = small, .head = small_head, .body = small_data, .done = small_done};
    tuwen_status status = tw_http_start(http, &request, &client, error);
    if (status == TUWEN_OK)
        status = wait_for(http, &small->done, 0, report, error);
    if (status != TUWEN_OK)
        return status;
    if (small->too_long) {
        *verdict = TW_VERDICT_REFUSED;
        return tw_fail(error, TUWEN_LIMIT, "%s: %s is larger than the %zu bytes allowed", small->result.host,
                       get->what, get->limit);
    }
    if (small->no_memory)
        return tw_fail_memory(error, get->what);
    *verdict = tw_judge(&small->result, get->what, get->token_name, get->token != NULL, error);
    return *verdict == TW_VERDICT_GOOD ? TUWEN_OK : error ? error->status : TUWEN_IO;
}

tuwen_status tw_net_get(tw_http *http, const tw_get *get, const tw_net_settings *settings,
                        const tw_net_report *report, tw_bytes *body, char next[TW_HTTP_LINK], tw_verdict *verdict,
                        tuwen_error *error)
{
    tw_backoff backoff = {0};
    for (;;) {
        small_body small = {.body = body, .limit = get->limit};
        tuwen_status status = get_once(http, get, report, &small, verdict, error);
        if (next)
            memcpy(next, small.result.head.next, TW_HTTP_LINK);
        if ((*verdict != TW_VERDICT_AGAIN && *verdict != TW_VERDICT_NO_ANSWER) || backoff.failures + 1 >= get->tries)
            return status;
        double wait = tw_backoff_next(&backoff, settings->delay, small.result.head.retry_after);
        tuwen_status waited = wait_for(http, NULL, tw_clock_seconds() + wait, report, error);
        if (waited != TUWEN_OK) {
            *verdict = TW_VERDICT_NEVER;
            return waited;
        }
    }
}
