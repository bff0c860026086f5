/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a profile, which calibrate.c makes and profile.c reads, writes and applies. */
#ifndef TW_ENGINE_PROFILE_H
#define TW_ENGINE_PROFILE_H

#include "engine/fit.h"
#include "tuwen/profile.h"

#define TW_LANGUAGES 2 /* tuwen_language: its numbers are places in arrays */
#define TW_PROFILE_BANDS 3

/* Features, in this order: cosine, level of the picture, level of the text. */
typedef struct tw_fit {
    tw_logistic logistic;
    tw_curve curve; /* from its log odds to a probability; no points: their sigmoid */
} tw_fit;

/* How a profile fared out of fold, told to people by its file. */
typedef struct tw_quality {
    double calibration_error, brier, log_loss, auc;
    double ridge;
    uint64_t seed;
    int folds;
} tw_quality;

struct tuwen_profile {
    tuwen_profile_info info;
    char *name, *model, *space, *instruction;
    char fingerprint[17];
    tw_fit fits[TW_LANGUAGES]; /* not by language: only the first */
    float *mean_picture;       /* [dimension], of the background; NULL without contrast */
    float *mean_text;
    tw_quality quality;
};

/* A probability by a fit, at the share of matches that it was fitted on. */
double tw_fit_probability(const tw_fit *fit, const double features[TW_FEATURES]);

/* Fills what `info` says of the rest. */
void tw_profile_finish(tuwen_profile *profile);

#endif
