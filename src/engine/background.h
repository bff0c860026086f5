/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels with their cosines, and how each pair stands to a background of mismatched others: the features that a profile is
 * fitted on.
 *
 * The level of a picture is its mean cosine with the background's texts, that of a text its mean cosine with the
 * background's pictures. A new pair is not in the background; so that the pairs which are fitted on look alike, a pair's own
 * picture and text, and what is known to match them, are taken out of their means.
 */
#ifndef TW_ENGINE_BACKGROUND_H
#define TW_ENGINE_BACKGROUND_H

#include "engine/fit.h"
#include "tuwen/profile.h"

typedef struct tw_row {
    double cosine;
    uint32_t picture, text;
    uint32_t group; /* what its fold is drawn by: the picture, or the text */
    uint32_t fold;
    tuwen_language language;
    bool match;
    bool first;      /* of the labels of the same pair */
    bool pair_match; /* one of them is yes */
} tw_row;

/* All pictures, or all texts. Arrays are [vectors.count]. */
typedef struct tw_side {
    tuwen_vectors vectors;
    bool *in; /* the background */
    size_t in_count;
    double *sum;      /* [dimension], of the vectors in the background */
    double *products; /* with the other side's sum */
    double *yes;      /* of those, what comes from vectors that match */
    uint32_t *yes_count;
} tw_side;

typedef struct tw_background {
    tw_row *rows; /* sorted by picture, then text */
    size_t count;
    tw_side pictures, texts;
} tw_background;

/* Takes in labels; folds and groups are left to the caller. Free with tw_background_free in any case. */
tuwen_status tw_background_open(const tuwen_label_set *set, tw_background *background, tuwen_error *error);
void tw_background_free(tw_background *background);

/* Makes the background of the pictures and texts of all rows but those of one fold (UINT32_MAX: of all). */
void tw_background_choose(tw_background *background, uint32_t without);

/* Cosine, picture's level, text's level. `known`: the row's label is, so what else matches its picture and text is taken
 * out of their levels as well. */
void tw_background_features(const tw_background *background, const tw_row *row, bool known,
                            double features[TW_FEATURES]);

#endif
