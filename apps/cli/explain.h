/* SPDX-License-Identifier: Apache-2.0 */
/* What `tuwen explain` found, for those who print it. */
#ifndef TUWEN_CLI_EXPLAIN_H
#define TUWEN_CLI_EXPLAIN_H

#include "contrast.h"
#include "input.h"
#include "terminal.h"
#include "tuwen/explain.h"

/* Words that are looked for in a text at most. */
enum { EXPLAIN_HITS = 32 };

/* What the picture says about a phrase. */
enum verdict { VERDICT_UNCLEAR, VERDICT_SUPPORTED, VERDICT_UNSUPPORTED };

struct explain {
    const tuwen_model_info *info;
    const char *space; /* the session's fingerprint */
    const char *picture;
    struct text text;
    const tuwen_explanation *found;
    tuwen_score score;
    float margin; /* effects below it are noise; a cosine */
    struct wording_hit hits[EXPLAIN_HITS];
    size_t hit_count;
    struct contrast_list contrasts;
};

enum verdict explain_verdict(const struct explain *explain, float effect);

/* Whether the picture tells a word from the others: its text is better than theirs by the margin. */
bool explain_told(const struct explain *explain, const struct contrast *contrast);

/* For people: coloured text or signs, the phrases, a small map, and the word that it is a hint. */
void explain_print(const struct explain *explain, const struct terminal *terminal);

#endif
