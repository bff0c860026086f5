/* SPDX-License-Identifier: Apache-2.0 */
/* What a forward pass runs with: the worker, scratch memory, a way to stop it and a way to look inside. */
#ifndef TW_MODEL_RUN_H
#define TW_MODEL_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "ops/machine.h"
#include "ops/matrix.h"

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

/* In which numbers attention is computed for a checkpoint whose matrices are in that element. */
tw_element tw_run_attention_element(const tw_machine *machine, tw_element matrices);

/* Scratch memory given out from the front. With base NULL it is only counted: what is taken is NULL. */
typedef struct tw_scratch {
    float *base; /* aligned to 64 bytes */
    size_t used; /* floats */
} tw_scratch;

/* rows * n floats, rounded up so that the next piece is aligned to 64 bytes. */
float *tw_scratch_take(tw_scratch *scratch, size_t rows, size_t n);

/* Memory for a matrix of up to those sizes in any element; for I8 only `with_bytes`. */
tw_matrix_memory tw_scratch_take_matrix(tw_scratch *scratch, size_t rows, size_t columns, bool with_bytes);

#endif
