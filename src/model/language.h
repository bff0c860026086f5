/* SPDX-License-Identifier: Apache-2.0 */
/* The language model of Qwen2-VL as an encoder: a causal decoder whose last token's state is the embedding. */
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

/* The keys and values, in every layer, of tokens that many sequences begin with. Made by a forward pass that keeps them;
 * read by any number of later ones of the same model. */
typedef struct tw_prefix tw_prefix;

/* Memory for a prefix of `length` tokens. */
tuwen_status tw_prefix_open(const tw_language *language, const tw_machine *machine, int length, tw_prefix **prefix,
                            tuwen_error *error);
void tw_prefix_close(tw_prefix *prefix); /* accepts NULL */
int tw_prefix_length(const tw_prefix *prefix);
size_t tw_prefix_bytes(const tw_prefix *prefix); /* that it holds; of NULL 0 */

/*
 * One sequence of tokens. It follows the tokens of `prefix`, if there is one, or is that prefix itself: then `keep` is
 * where its keys are put, no vector comes of it, and it stands before the sequences of the batch that follow it.
 * With image_rows and image_columns its image tokens, image_rows * image_columns of them from token `image_start` on,
 * have positions in three dimensions; with zeros all positions count 0, 1, 2, ...
 */
typedef struct tw_sequence {
    int length;
    int image_start, image_rows, image_columns;
    const tw_prefix *prefix; /* may be NULL, as for every picture */
    tw_prefix *keep;         /* likewise */
} tw_sequence;

/* Which state becomes the vector: the last token's, or the mean over all tokens. */
typedef enum tw_pooling { TW_POOL_LAST, TW_POOL_MEAN } tw_pooling;

/* Copies the embedding rows of `count` token ids, each from 0 to vocabulary - 1, to `rows` [count][hidden]. */
void tw_language_embed(const tw_language *language, const int32_t *ids, int count, float *rows);

/* Floats of scratch memory for those sequences. */
size_t tw_language_scratch(const tw_language *language, const tw_machine *machine, const tw_sequence *sequences,
                           int count);

/*
 * Computes `count` sequences that stand one after the other in x [sum of lengths][hidden], the embedding rows, which
 * are overwritten. `states` becomes [sequences without keep][hidden]: of each the pooled state after the final norm. In
 * the last layer only what these states need is computed.
 */
tuwen_status tw_language_forward(const tw_language *language, const tw_run *run, float *x,
                                 const tw_sequence *sequences, int count, tw_pooling pooling, float *states,
                                 tuwen_error *error);

/* Divides the vector by its Euclidean length. False, and zeros, when that is zero or not finite. */
bool tw_normalize(float *vector, int n);

#endif
