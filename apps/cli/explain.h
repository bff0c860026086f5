/* SPDX-License-Identifier: Apache-2.0 */
/* What `tuwen explain` found, for those who print it. */
#ifndef TUWEN_CLI_EXPLAIN_H
#define TUWEN_CLI_EXPLAIN_H

#include "contrast.h"
#include "effect.h"
#include "input.h"
#include "terminal.h"
#include "tuwen/explain.h"

struct explain {
    const tuwen_model_info *info;
    const char *space; /* the session's fingerprint */
    const char *picture;
    struct text text;
    const tuwen_explanation *found;
    tuwen_score score;
    float margin; /* effects below it are noise; a cosine */
    struct words words;
};

/* The effect of the region with the strongest cell, and the effect that has the full colour: never one near the margin. */
float explain_strongest(const struct explain *explain);
float explain_full_effect(const struct explain *explain);

/* Lines for people, the same in the terminal and on a page. */
enum { EXPLAIN_LINE = 512 };
void explain_score_line(const struct explain *explain, char line[EXPLAIN_LINE]);
void explain_contrast_line(const struct explain *explain, const struct contrast *contrast, char line[EXPLAIN_LINE]);
void explain_strongest_line(const struct explain *explain, char line[EXPLAIN_LINE]);
/* False if the text has no word of that kind, or there is no warning of it. */
bool explain_warning_line(const struct explain *explain, enum wording kind, char line[EXPLAIN_LINE]);
const char *explain_verdict_word(enum verdict verdict);

/* For people: coloured text or signs, the phrases, a small map, and the word that it is a hint. */
void explain_print(const struct explain *explain, const struct terminal *terminal);

/* A page of HTML with the drawing (bytes of a PNG file). False if memory is short; errors of writing are the stream's. */
bool explain_page(FILE *stream, const struct explain *explain, const void *png, size_t png_size);

#endif
