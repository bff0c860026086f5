/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vLLM's /score: two sides, one with many or as many with as many, by any of four pairs of names; an element is a text,
 * {"content": [parts]}, or our own object. `score` is the cosine, as vLLM's is of models like this one.
 */
#include <string.h>
#include <time.h>

#include "dialect.h"

static const char *const sides[][2] = {{"queries", "documents"},
                                       {"queries", "items"},
                                       {"data_1", "data_2"},
                                       {"text_1", "text_2"},
                                       {"query", "documents"}};

static bool score_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    enum { COUNT = sizeof sides / sizeof *sides };
    size_t i = 0;
    value instruction;
    while (i < COUNT && !(value_member(call->document, sides[i][0]) && value_member(call->document, sides[i][1])))
        i++;
    if (i == COUNT)
        return refuse(refusal, terms->language, REFUSE_MISSING, "queries",
                      WITH(terms->language == TUWEN_CHINESE ? "queries 与 documents" : "queries, with documents,"));
    if (!items_optional_text(call->document, "instruction", &instruction, terms, refusal) ||
        !items_add_list(call, value_member(call->document, sides[i][0]), sides[i][0], instruction, terms, refusal))
        return false;
    call->queries = call->count;
    if (!items_add_list(call, value_member(call->document, sides[i][1]), sides[i][1], instruction, terms, refusal))
        return false;
    size_t documents = call->count - call->queries;
    if (call->queries > 1 && call->queries != documents)
        return refuse(refusal, terms->language, REFUSE_UNEQUAL_SIDES, sides[i][0],
                      WITH(digits_of(call->queries).text, digits_of(documents).text));
    rank_set_instructions(call, terms);
    return true;
}

static bool score_write(const struct call *call, const struct terms *terms, struct buffer *body,
                        struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    struct usage usage = call_usage(call);
    BUFFER_FORMAT(body, "{\"id\":\"score-%s\",\"object\":\"list\",\"created\":%lld,\"model\":", call->id,
                  (long long)time(NULL));
    buffer_json(body, terms->info->name, strlen(terms->info->name));
    buffer_text(body, ",\"data\":[");
    for (size_t i = 0; i < call->count - call->queries; i++)
        BUFFER_FORMAT(body, "%s\n{\"index\":%zu,\"object\":\"score\",\"score\":%.6f}", i ? "," : "", i,
                      (double)rank_cosine(call, call->queries > 1 ? i : 0, i));
    BUFFER_FORMAT(body, "],\"usage\":{\"prompt_tokens\":%zu,\"total_tokens\":%zu}}\n", usage.tokens, usage.tokens);
    return true;
}

const struct dialect dialect_score = {.read = score_read, .write = score_write, .refuse = vllm_refuse};
