/* SPDX-License-Identifier: Apache-2.0 */
/* Scaled dot-product attention over one sequence. */
#ifndef TW_OPS_ATTENTION_H
#define TW_OPS_ATTENTION_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ops/machine.h"

/* What attends to what. Head h of q reads the key and value head h / (heads / kv_heads). */
typedef struct tw_attention {
    int length;                /* tokens or patches of the sequence */
    int heads;                 /* of q */
    int kv_heads;              /* of k and v; divides heads */
    int head_dim;              /* floats */
    bool causal;               /* token i sees 0..i, else all */
    const float *q;            /* [length], row stride `stride`: [heads][head_dim] */
    const float *k, *v;        /* [length], row stride `stride`: [kv_heads][head_dim] */
    int stride;                /* floats from row to row of q, k and v (they lie in one fused row) */
    float *out;                /* [length][heads * head_dim] */
    const atomic_bool *cancel; /* looked at between tiles; may be NULL */
} tw_attention;

/* Floats of scratch memory that tw_attend needs for sequences up to `length`. */
size_t tw_attention_scratch(const tw_machine *machine, int length);

/* softmax(q k^T / sqrt(head_dim)) v in tiles of query rows; never the whole length x length matrix.
 * CANCELLED when asked for. */
tuwen_status tw_attend(const tw_worker *worker, const tw_attention *attention, float *scratch, tuwen_error *error);

#endif
