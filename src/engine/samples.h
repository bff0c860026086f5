/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs by which the numbers of a checkpoint are judged on the user's machine: short and long texts in English and
 * Chinese, with and without an instruction, drawn pictures of different content, and pictures with texts. The same ones
 * everywhere; nothing is read from the disk.
 */
#ifndef TW_ENGINE_SAMPLES_H
#define TW_ENGINE_SAMPLES_H

#include "engine/engine.h"

#define TW_SAMPLE_TEXTS 24
#define TW_SAMPLE_PICTURES 6
#define TW_SAMPLE_FUSED 2
#define TW_SAMPLES (TW_SAMPLE_TEXTS + TW_SAMPLE_PICTURES + TW_SAMPLE_FUSED)

/* Texts first, then pictures, then both. */
typedef struct tw_samples {
    tuwen_input inputs[TW_SAMPLES];
    unsigned char *pictures[TW_SAMPLE_PICTURES]; /* BMP files */
} tw_samples;

/* Makes them for a model: its own instruction for matching stands in those that have one. Free in any case. */
tuwen_status tw_samples_make(const tuwen_model *model, tw_samples *samples, tuwen_error *error);
void tw_samples_free(tw_samples *samples);

/* A session for them: pictures stay small, since their number of tokens changes nothing of what is judged. */
tuwen_status tw_samples_open(const tuwen_model *model, tuwen_session **session, tuwen_error *error);

/* Their vectors [TW_SAMPLES][dimension]: the texts as one batch, then all that has pictures as another. */
tuwen_status tw_samples_embed(tuwen_session *session, const tw_samples *samples, float *vectors, tuwen_error *error);

#endif
