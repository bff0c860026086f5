/* SPDX-License-Identifier: Apache-2.0 */
/* The vision tower of Qwen2-VL: patches of one picture in, image tokens out. */
#ifndef TW_MODEL_VISION_H
#define TW_MODEL_VISION_H

#include "model/config.h"
#include "model/load.h"
#include "model/run.h"

/* The tower's packed weights. Immutable; shared between threads. */
typedef struct tw_vision tw_vision;

/* Takes the "visual." tensors. `out` is the length of an image token, the language model's hidden size. A failure is in
 * the loader's status. */
tw_vision *tw_vision_open(const tw_vision_config *config, int out, tw_loader *loader);

/* Accepts NULL. */
void tw_vision_close(tw_vision *vision);

/* Patches of a picture, in rows and columns; multiples of merge_size. */
typedef struct tw_grid {
    int height, width;
} tw_grid;

/* Floats of scratch memory for pictures of those grids computed together. */
size_t tw_vision_scratch(const tw_vision *vision, const tw_machine *machine, const tw_grid *grids, int count);

/*
 * Computes `count` pictures together. `patches` holds of each one its [height * width][patch_length] in merge-block order: the merge_size^2 patches of a block stand together, blocks and patches inside a block row by
 * row. `tokens` becomes [height * width / merge_size^2][out] of each, blocks row by row.
 */
tuwen_status tw_vision_forward(const tw_vision *vision, const tw_run *run, const float *const *patches,
                               const tw_grid *grids, int count, float *tokens, tuwen_error *error);

#endif
