/* SPDX-License-Identifier: Apache-2.0 */
/* From the vectors of a pair to what is said about it, and whether that is good enough. */
#ifndef TUWEN_CLI_VERDICT_H
#define TUWEN_CLI_VERDICT_H

#include <stdbool.h>

#include "tuwen/tuwen.h"

/* Numbers are rounded to the six decimals that are printed, so that what is read back compares the same. */
struct verdict {
    double cosine; /* -1..1 */
    double score;  /* 0..1 on the model's scale */
    tuwen_band band;
};

struct verdict verdict_of_pair(const tuwen_model *model, const float *a, const float *b);

/* What a pair must reach at least. */
struct verdict_bar {
    bool given, by_band;
    tuwen_band band;
    double score;
};

/* Reads a band by its English or Chinese name ("very-high" too), or a score from 0 to 1; false if it is neither. */
bool verdict_bar_read(struct verdict_bar *bar, const char *word);

bool verdict_is_below(const struct verdict_bar *bar, const struct verdict *verdict);

/* The band of an English name; false if there is none. */
bool verdict_band_of(const char *name, size_t size, tuwen_band *band);

#endif
