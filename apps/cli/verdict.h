/* SPDX-License-Identifier: Apache-2.0 */
/* From the vectors of a pair to what is said about it, and whether that is good enough. */
#ifndef TUWEN_CLI_VERDICT_H
#define TUWEN_CLI_VERDICT_H

#include <stdbool.h>

#include "tuwen/profile.h"

/* Who judges: the model's scale and bands, or with a profile (else NULL) probabilities and its bands. */
struct judge {
    const tuwen_model *model;
    const tuwen_profile *profile;
};

/* Numbers are rounded to the six decimals that are printed, so that what is read back compares the same. */
struct verdict {
    double cosine; /* -1..1 */
    double score;  /* 0..1 on the model's scale */
    double match;  /* probability; NaN without a profile */
    tuwen_band band;
};

struct verdict verdict_of_pair(const struct judge *judge, const float *picture, const float *text,
                               tuwen_language language);

/* Score and band of a cosine, and the probability; the levels are those of the profile. */
tuwen_score verdict_of_cosine(const struct judge *judge, const tuwen_profile_pair *pair, double *match);

/* What a pair must reach at least. */
struct verdict_bar {
    bool given, by_band, by_match;
    tuwen_band band;
    double score; /* or the probability */
};

/* Reads a band by its English or Chinese name ("very-high" too), a score from 0 to 1, or "match=" and a probability;
 * false if it is neither. */
bool verdict_bar_read(struct verdict_bar *bar, const char *word);

bool verdict_is_below(const struct verdict_bar *bar, const struct verdict *verdict);

/* The band of an English name; false if there is none. */
bool verdict_band_of(const char *name, size_t size, tuwen_band *band);

#endif
