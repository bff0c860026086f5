/* SPDX-License-Identifier: Apache-2.0 */
/* Where a session's time goes: what the engine does around the network, beside the worker's profile of the network. */
#ifndef TW_ENGINE_STAGES_H
#define TW_ENGINE_STAGES_H

#include "ops/profile.h"
#include "tuwen/tuwen.h"

/* X(name, text): the engine's own stages, in the order of the work. */
#define TW_STAGE_MAP(X) X(DECODE, "decode") X(PREPROCESS, "preprocess") X(TOKENIZE, "tokenize")

#define TW_STAGE_NAME(name, text) TW_STAGE_##name,
typedef enum tw_stage { TW_STAGE_MAP(TW_STAGE_NAME) TW_STAGES } tw_stage;
#undef TW_STAGE_NAME

/* Seconds of each. Zero-initialise. */
typedef struct tw_stages {
    double seconds[TW_STAGES];
} tw_stages;

/* Adds the time since `begin`, a time of tw_clock_seconds, to a stage. */
void tw_stages_add(tw_stages *stages, tw_stage stage, double begin);

/* Adds what `more` has. */
void tw_stages_join(tw_stages *stages, const tw_stages *more);

/* tuwen_session_get_stages over its two sources. */
size_t tw_stages_list(const tw_stages *stages, const tw_profile *profile, tuwen_stage *list, size_t capacity);

#endif
