/* SPDX-License-Identifier: Apache-2.0 */
/* One input on its way to the network: all that needs no other input and no session's memory. */
#ifndef TW_ENGINE_PREPARE_H
#define TW_ENGINE_PREPARE_H

#include "engine/engine.h"
#include "engine/stages.h"

/* What inputs are prepared with. Immutable; shared between threads. */
typedef struct tw_preparer {
    const tuwen_model *model;
    tuwen_session_options options; /* with the defaults filled in */
    tw_patch_config patch_config;
    tuwen_language language; /* of messages */
} tw_preparer;

/* A prepared input. Zero-initialise; made again in the same memory; free with tw_prepared_free. */
typedef struct tw_prepared {
    tuwen_output output;
    tuwen_status status; /* OK, or why there is nothing to compute */
    tuwen_error error;
    tw_ids ids;         /* of the prompt, cut at max_length */
    tw_patches patches; /* of the picture, or of the blank one that some prompts want; values NULL without */
    tw_stages stages;   /* what it took */
} tw_prepared;

/* Tokens and patches of an input. Thread-safe for different `prepared`. */
void tw_prepare(const tw_preparer *preparer, const tuwen_input *input, tw_prepared *prepared);

/* The same without patches: the tokens alone. */
void tw_prepare_ids(const tw_preparer *preparer, const tuwen_input *input, tw_prepared *prepared);

/* The input's picture decoded within the preparer's limits; to be freed. Thread-safe. */
tuwen_status tw_prepare_picture(const tw_preparer *preparer, const tuwen_input *input, tw_picture *picture,
                                tuwen_error *error);

/* A copy in the memory that `to` has; its status is that of `from`, or OUT_OF_MEMORY. Its stages took nothing. */
void tw_prepared_copy(const tw_prepared *from, tw_prepared *to);

void tw_prepared_free(tw_prepared *prepared);

/* The limits for a picture that a caller set, with the defaults in the place of zeros. */
tw_image_limits tw_picture_limits(uint64_t bytes, uint64_t pixels, double seconds);

/* Memory that it holds, in bytes. */
size_t tw_prepared_bytes(const tw_prepared *prepared);

#endif
