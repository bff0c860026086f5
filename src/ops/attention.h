/* SPDX-License-Identifier: Apache-2.0 */
/* Scaled dot-product attention with rotary positions, over several sequences of different lengths at once. */
#ifndef TW_OPS_ATTENTION_H
#define TW_OPS_ATTENTION_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ops/machine.h"
#include "ops/matrix.h"

/* The sizes that the heads of one layer have. Query head h reads the key and value head h / (heads / kv_heads). */
typedef struct tw_heads {
    int heads, kv_heads, head_dim;
    tw_element element; /* in which the two products are computed: F32, or BF16 where the machine multiplies it */
} tw_heads;

/* Rotated keys, and values, of one sequence in one layer, packed for the products. */
typedef struct tw_keys {
    int length;   /* tokens */
    void *memory; /* tw_keys_bytes, aligned to 64 */
} tw_keys;

size_t tw_keys_bytes(const tw_heads *heads, int length);

/* One sequence of the batch. */
typedef struct tw_sequence_keys {
    int row;               /* of its first token in k, v, cosines and sines */
    int queries;           /* its last so many tokens ask */
    int query_row;         /* row of the first of them in q and out */
    const tw_keys *prefix; /* keys of the tokens before it, which all see all of; NULL for none */
    tw_keys own;           /* its tokens; filled by tw_attend */
    int tasks;             /* of the sequences before it; filled by tw_attend */
} tw_sequence_keys;

typedef struct tw_attention {
    tw_heads heads;
    bool causal;    /* a token sees those of its sequence up to itself, else all */
    const float *q; /* [query rows], row stride q_stride floats: [heads][head_dim] */
    int q_stride;
    const float *k, *v; /* [rows], row stride kv_stride floats: [kv_heads][head_dim] */
    int kv_stride;
    const float *cosines, *sines; /* [rows][head_dim / 2]: how q and k turn; they come in unturned */
    tw_sequence_keys *sequences;  /* [count] */
    int count;
    tw_matrix *out;            /* [query rows][heads * head_dim] */
    const atomic_bool *cancel; /* looked at between tiles; may be NULL */
} tw_attention;

/*
 * softmax(q k^T / sqrt(head_dim)) v by tiles of queries over blocks of keys with a running softmax: memory does not grow
 * with the square of a length. A row of the result depends on its own sequence and prefix alone. Errors: CANCELLED,
 * OUT_OF_MEMORY, INTERNAL.
 */
tuwen_status tw_attend(tw_worker *worker, const tw_attention *attention, tuwen_error *error);

#endif
