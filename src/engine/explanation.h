/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an explanation. */
#ifndef TW_ENGINE_EXPLANATION_H
#define TW_ENGINE_EXPLANATION_H

#include "base/memory.h"
#include "tuwen/explain.h"

/* What a caller holds, and what its pointers point to. */
typedef struct tw_explanation {
    tuwen_explanation shown; /* first: the caller's pointer is this one's */
    tuwen_phrase phrases[TUWEN_PHRASES];
    float *cells;
    int *block_cells;
    float *vectors; /* of picture and text, [2][dimension] */
    tw_bytes png;   /* of the last drawing */
} tw_explanation;

#endif
