/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask, and how often: the Host and Origin headers, and keys. */
#include "gate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "http.h"

/* ---- names ---- */

/* The name in "name:port", "[::1]:port" or either without a port; false if it is neither. */
static bool split_host(const char *text, size_t length, char *name, size_t size)
{
    const char *end = text + length, *name_end = end;
    if (*text == '[')
        name_end = memchr(text, ']', length) ? (const char *)memchr(text, ']', length) + 1 : NULL;
    else if (memchr(text, ':', length))
        name_end = memchr(text, ':', length);
    if (!name_end || name_end == text || (size_t)(name_end - text) >= size || (name_end < end && *name_end != ':'))
        return false;
    for (const char *digit = name_end + 1; digit < end; digit++)
        if (*digit < '0' || *digit > '9')
            return false;
    snprintf(name, size, "%.*s", (int)(name_end - text), text);
    return true;
}

bool gate_host_good(const struct gate *gate, const char *host)
{
    char name[256];
    return split_host(host, strlen(host), name, sizeof name) &&
           (strcasecmp(name, "localhost") == 0 || strcmp(name, "127.0.0.1") == 0 || strcmp(name, "[::1]") == 0 ||
            (gate->host && strcasecmp(name, gate->host) == 0));
}

/* A page of ours has an origin that is the host itself; programs send none. */
static bool origin_good(const char *origin, const char *host)
{
    const char *rest = strncmp(origin, "http://", 7) == 0    ? origin + 7
                       : strncmp(origin, "https://", 8) == 0 ? origin + 8
                                                             : NULL;
    return rest && host && strcasecmp(rest, host) == 0;
}

static const char *key_shown(const struct exchange *exchange)
{
    const char *authorization = exchange_header(exchange, "Authorization");
    if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0)
        return authorization + 7 + strspn(authorization + 7, " ");
    const char *plain = exchange_header(exchange, "X-Api-Key");
    return plain ? plain : exchange_header(exchange, "Api-Key");
}

void gate_set_keys(struct gate *gate, struct keys *keys)
{
    pthread_mutex_lock(&gate->lock);
    struct keys *before = gate->keys;
    if (before && keys)
        keys_inherit(keys, before);
    gate->keys = keys;
    pthread_mutex_unlock(&gate->lock);
    keys_free(before);
}

/* Whether no key is needed, or a good one was shown whose rate has room; otherwise false with a refusal. */
static bool key_pass(struct gate *gate, const struct exchange *exchange, bool open, tuwen_language language,
                     char name[KEY_NAME_SIZE], struct refusal *refusal)
{
    const char *shown = key_shown(exchange);
    struct rate rate = {0};
    double wait = 0;
    pthread_mutex_lock(&gate->lock);
    struct key *found = gate->keys && shown ? keys_find(gate->keys, shown) : NULL;
    bool good = !gate->keys || found;
    if (found)
        snprintf(name, KEY_NAME_SIZE, "%s", key_name(found));
    if (found && !open)
        wait = key_take(found, clock_seconds(), &rate);
    pthread_mutex_unlock(&gate->lock);
    if (open || (good && wait <= 0))
        return true;
    if (!good)
        return refuse(refusal, language, shown ? REFUSE_WRONG_KEY : REFUSE_NO_KEY, NULL, NULL);
    refuse(refusal, language, REFUSE_RATE, NULL, WITH(digits_of(rate.requests).text, rate_unit(&rate, language)));
    refusal->retry_after = (int)ceil(wait);
    return false;
}

bool gate_pass(struct gate *gate, const struct exchange *exchange, bool open, tuwen_language language,
               char key[KEY_NAME_SIZE], struct refusal *refusal)
{
    static const char *const single[] = {"Host", "Content-Length", "Transfer-Encoding", "Authorization",
                                         "Content-Type"};
    const char *host = exchange_header(exchange, "Host"), *origin = exchange_header(exchange, "Origin");
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (exchange_header_twice(exchange, single[i]))
            return refuse(refusal, language, REFUSE_TWICE, NULL, WITH(single[i]));
    if (exchange_header(exchange, "Content-Length") && exchange_header(exchange, "Transfer-Encoding"))
        return refuse(refusal, language, REFUSE_TWO_LENGTHS, NULL, NULL);
    const char *coding = exchange_header(exchange, "Transfer-Encoding");
    if (coding && strcasecmp(coding, "chunked") != 0)
        return refuse(refusal, language, REFUSE_BAD_CODING, NULL, NULL);
    if (gate->check_host && (!host || !gate_host_good(gate, host)))
        return refuse(refusal, language, REFUSE_BAD_HOST, NULL, NULL);
    if (origin && !origin_good(origin, host))
        return refuse(refusal, language, REFUSE_BAD_ORIGIN, NULL, NULL);
    return key_pass(gate, exchange, open, language, key, refusal);
}
