/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a pair besides its cosine, for all of our own paths: by the profile that the call has, or else by the model's
 * scale. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"

/* The names that a request may say, for a sentence. */
static void list_names(const struct profiles *profiles, char *list, size_t size)
{
    size_t length = 0;
    list[0] = '\0';
    for (size_t i = 0; i < profiles->count && length < size; i++)
        length +=
            (size_t)snprintf(list + length, size - length, "%s, ", tuwen_profile_get_info(profiles->items[i])->name);
    if (length < size)
        snprintf(list + length, size - length, "%s", NO_PROFILE);
}

/* Sets call->profile to the one that the request names, or to the usual one; `*said` if it was asked for by anybody. */
static bool take_profile(struct call *call, bool *said, const struct terms *terms, struct refusal *refusal)
{
    char names[512];
    value named;
    if (!items_optional_text(call->document, "profile", &named, terms, refusal))
        return false;
    *said = named || terms->profiles.said;
    call->profile = terms->profiles.usual;
    if (!named || profiles_find(&terms->profiles, named, &call->profile))
        return true;
    list_names(&terms->profiles, names, sizeof names);
    return refuse(refusal, terms->language, REFUSE_NO_PROFILE, "profile", WITH(names));
}

bool judge_choose(struct call *call, size_t text, const struct terms *terms, struct refusal *refusal)
{
    tuwen_error error = {.language = terms->language};
    bool said;
    if (!take_profile(call, &said, terms, refusal))
        return false;
    while (text < call->count && !call->inputs[text].text)
        text++; /* that one could not be read */
    if (!call->profile || text == call->count)
        return true;
    const tuwen_input *input = &call->inputs[text];
    char *instruction = input->instruction ? strndup(input->instruction, input->instruction_size) : NULL;
    if (input->instruction && !instruction)
        return refuse(refusal, terms->language, REFUSE_OUT_OF_MEMORY, NULL, NULL);
    bool fits = tuwen_profile_check(call->profile, terms->space, instruction, &error) == TUWEN_OK;
    free(instruction);
    if (!fits)
        call->profile = NULL;
    return fits || !said || refuse(refusal, terms->language, REFUSE_PROFILE, "instruction", WITH(error.message));
}

struct judged judge_pair(const struct call *call, const tuwen_profile_pair *pair, const struct terms *terms)
{
    const tuwen_score score = tuwen_score_cosine(terms->model, pair->cosine);
    struct judged judged = {.cosine = pair->cosine, .score = score.score, .match = NAN, .band = score.band};
    if (call->profile) {
        judged.match = tuwen_profile_match(call->profile, pair);
        judged.band = tuwen_profile_band(call->profile, judged.match);
    }
    return judged;
}

void judge_write_string(struct buffer *body, const char *text)
{
    buffer_json(body, text, strlen(text));
}

void judge_add_number(struct buffer *body, float number)
{
    double rounded = round((double)number * 1e6) / 1e6;
    if (isnan(number))
        buffer_text(body, "null");
    else
        BUFFER_FORMAT(body, "%.6f", rounded == 0 ? 0 : rounded);
}

void judge_write_number(struct buffer *body, const char *key, float number)
{
    BUFFER_FORMAT(body, ",\"%s\":", key);
    judge_add_number(body, number);
}

void judge_write_head(const struct call *call, const struct terms *terms, struct buffer *body)
{
    buffer_text(body, "{\"model\":");
    judge_write_string(body, terms->info->name);
    BUFFER_FORMAT(body, ",\"fingerprint\":\"%s\",\"space\":\"%s\"", terms->info->fingerprint, terms->space);
    if (call->profile) {
        buffer_text(body, ",\"profile\":");
        judge_write_string(body, tuwen_profile_get_info(call->profile)->name);
    }
}

void judge_write(const struct judged *judged, struct buffer *body)
{
    judge_write_number(body, "cosine", judged->cosine);
    judge_write_number(body, "score", judged->score);
    judge_write_number(body, "match", judged->match);
}
