/* SPDX-License-Identifier: Apache-2.0 */
/* How well a picture and a text of a call match. */
#include "judge.h"

#include <math.h>

bool judge_choose(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    char instruction[1024];
    tuwen_error error = {.language = terms->language};
    size_t first = call->pictures;
    while (first < call->count && !call->inputs[first].text)
        first++; /* that one could not be read */
    if (!terms->profile || first == call->count)
        return true;
    const tuwen_input *text = &call->inputs[first];
    bool fits = text->instruction_size < sizeof instruction;
    snprintf(instruction, sizeof instruction, "%.*s", (int)text->instruction_size,
             text->instruction ? text->instruction : "");
    if (fits)
        fits = tuwen_profile_check(terms->profile, terms->space, text->instruction ? instruction : NULL, &error) ==
               TUWEN_OK;
    call->judged = fits;
    return fits || !terms->profile_said ||
           refuse(refusal, terms->language, REFUSE_PROFILE, "instruction", WITH(error.message));
}

static const float *vector_of(const struct call *call, size_t input)
{
    return call->vectors + input * call->dimension;
}

struct judge_text judge_text(const struct call *call, size_t text, const struct terms *terms)
{
    const tuwen_input *input = &call->inputs[text];
    if (!call->judged)
        return (struct judge_text){.input = text};
    return (struct judge_text){.input = text,
                               .level = tuwen_profile_text_level(terms->profile, vector_of(call, text)),
                               .language = tuwen_text_language(input->text, input->text_size)};
}

float judge_picture(const struct call *call, size_t picture, const struct terms *terms)
{
    return call->judged ? tuwen_profile_picture_level(terms->profile, vector_of(call, picture)) : 0;
}

struct judgement judge_pair(const struct call *call, size_t picture, float picture_level,
                            const struct judge_text *text, const struct terms *terms)
{
    float cosine = tuwen_cosine(vector_of(call, picture), vector_of(call, text->input), call->dimension);
    const tuwen_score score = tuwen_score_cosine(terms->model, cosine);
    const tuwen_profile_pair pair = {cosine, picture_level, text->level, text->language};
    if (!call->judged)
        return (struct judgement){cosine, score.score, NAN, score.band};
    float match = tuwen_profile_match(terms->profile, &pair);
    return (struct judgement){cosine, score.score, match, tuwen_profile_band(terms->profile, match)};
}

void judge_write(struct buffer *body, float number)
{
    double rounded = round((double)number * 1e6) / 1e6;
    if (isnan(number))
        buffer_text(body, "null");
    else
        BUFFER_FORMAT(body, "%.6f", rounded == 0 ? 0 : rounded);
}
