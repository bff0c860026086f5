/* SPDX-License-Identifier: Apache-2.0 */
/* How well a picture and a text of a call match: by the profile where it holds for the texts' instruction, else by the model's
 * scale alone. */
#ifndef TUWEN_SERVER_JUDGE_H
#define TUWEN_SERVER_JUDGE_H

#include "buffer.h"
#include "call.h"

/* Sets call->judged, once pictures and texts are there. False with a refusal if --profile says a profile that does not hold. */
bool judge_choose(struct call *call, const struct terms *terms, struct refusal *refusal);

/* The text's side of a judgement, the same for all pictures; and the picture's. Both must have been computed. */
struct judge_text {
    size_t input;
    float level;
    tuwen_language language;
};
struct judge_text judge_text(const struct call *call, size_t text, const struct terms *terms);
float judge_picture(const struct call *call, size_t picture, const struct terms *terms);

struct judgement {
    float cosine, score, match; /* match: NaN without a profile */
    tuwen_band band;
};
struct judgement judge_pair(const struct call *call, size_t picture, float picture_level,
                            const struct judge_text *text, const struct terms *terms);

/* A number of six decimals, never -0; NaN is null. */
void judge_write(struct buffer *body, float number);

#endif
