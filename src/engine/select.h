/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which products of a checkpoint can be computed in int8 without harm. The samples go through the bf16 model; on the
 * way every product is computed once more in int8, from the same inputs, and the two results are compared. So the
 * outliers of real activations are seen where they are, which no look at the weights would show.
 */
#ifndef TW_ENGINE_SELECT_H
#define TW_ENGINE_SELECT_H

#include "engine/samples.h"

/*
 * A product whose error is above this stays in bf16. The error of a row of its result is the length of the difference
 * over the length of the row; that of the product is their root mean square over all rows that were compared.
 * docs/numerics.md says why.
 */
#define TW_INT8_BOUND 0.05f

/* One product of the checkpoint. */
typedef struct tw_judged {
    const tw_item *item; /* its weight in the bf16 file */
    double squares;      /* sum of the rows' squared errors */
    uint64_t rows;
    float error;
    bool kept; /* in bf16 */
} tw_judged;

typedef struct tw_selection {
    tw_judged *products; /* [count], in the order of the file */
    size_t count, kept;
    float *vectors; /* of the samples in bf16, [TW_SAMPLES][dimension] */
} tw_selection;

/* Judges the products of `model`, which is open from a packed bf16 file and uses it as it lies. Free in any case.
 * Errors: as tuwen_embed; CANCELLED when `progress` says so. */
tuwen_status tw_selection_make(const tuwen_model *model, const tw_samples *samples, tuwen_progress_function progress,
                               void *progress_user, tw_selection *selection, tuwen_error *error);
void tw_selection_free(tw_selection *selection);

/* The element of the matrix item of that name: I8 or BF16. `selection` is a tw_selection. */
tw_element tw_selection_element(const void *selection, const char *name);

#endif
