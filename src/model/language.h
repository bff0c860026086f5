/* SPDX-License-Identifier: Apache-2.0 */
/* The language model of Qwen2-VL as GME uses it: a causal decoder whose last token's state is the embedding. */
#ifndef TW_MODEL_LANGUAGE_H
#define TW_MODEL_LANGUAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/config.h"
#include "model/load.h"
#include "model/run.h"

/* The decoder's packed weights. Immutable; shared between threads. */
typedef struct tw_language tw_language;

/* Takes the "model." tensors. The embedding table stays in the mapped file, so the weights must outlive the model. A
 * failure is in the loader's status. */
tw_language *tw_language_open(const tw_text_config *config, tw_loader *loader);

/* Accepts NULL. */
void tw_language_close(tw_language *language);

/* Copies the embedding rows of `count` token ids, each from 0 to vocabulary - 1, to `rows` [count][hidden]. */
void tw_language_embed(const tw_language *language, const int32_t *ids, int count, float *rows);

/* Floats of scratch memory for `tokens` tokens in all, the longest sequence having `longest`. */
size_t tw_language_scratch(const tw_language *language, const tw_machine *machine, int tokens, int longest);

/*
 * Computes `count` sequences that stand one after the other in x [sum of lengths][hidden], the embedding rows, which
 * are overwritten. Positions count 0, 1, 2, ... in each sequence, image tokens included. `states` becomes
 * [count][hidden]: the state of each sequence's last token after the final norm.
 */
tuwen_status tw_language_forward(const tw_language *language, const tw_run *run, float *x, const int *lengths,
                                 int count, float *states, tuwen_error *error);

/* Divides the vector by its Euclidean length. False, and zeros, when that is zero or not finite. */
bool tw_normalize(float *vector, int n);

#endif
