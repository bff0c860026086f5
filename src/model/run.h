/* SPDX-License-Identifier: Apache-2.0 */
/* What a forward pass runs with: the worker, scratch memory, a way to stop it and a way to look inside. */
#ifndef TW_MODEL_RUN_H
#define TW_MODEL_RUN_H

#include <stdatomic.h>
#include <stddef.h>

#include "ops/machine.h"

/* Sees the values [rows][n] after a named stage ("vision", "merger", "embedding", "layer", "norm"); `index` counts
 * layers. */
typedef void (*tw_trace_function)(void *user, const char *stage, int index, const float *values, int rows, int n);

typedef struct tw_run {
    tw_worker *worker;
    float *scratch;            /* as much as the tower's _scratch function says, aligned to 64 bytes */
    const atomic_bool *cancel; /* looked at between layers; may be NULL */
    tw_trace_function trace;   /* may be NULL */
    void *trace_user;
} tw_run;

/* CANCELLED when the caller asked for it. */
tuwen_status tw_run_check(const tw_run *run, tuwen_error *error);

void tw_run_trace(const tw_run *run, const char *stage, int index, const float *values, int rows, int n);

/* Floats rounded up so that the next piece of scratch memory is aligned to 64 bytes. */
size_t tw_run_floats(size_t rows, size_t n);

/* Takes tw_run_floats(rows, n) floats from the front of `*scratch`. */
float *tw_run_take(float **scratch, size_t rows, size_t n);

#endif
