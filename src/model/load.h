/* SPDX-License-Identifier: Apache-2.0 */
/* From named tensors to packed layers: finds a tensor under either naming scheme, checks its shape, converts to f32. */
#ifndef TW_MODEL_LOAD_H
#define TW_MODEL_LOAD_H

#include "formats/safetensors.h"
#include "ops/linear.h"

/*
 * Reads tensors of one checkpoint. The first failure is kept in `status` and makes the calls that follow do nothing,
 * so that a tower is loaded by a plain list of calls and one look at the end. Zero-initialise but for the first four.
 */
typedef struct tw_loader {
    const tw_weights *weights;
    const tw_machine *machine;
    const char *folder; /* of the checkpoint, for messages */
    tuwen_error *error;
    tuwen_status status;
    float *buffer; /* f32 copy of the layer at hand; freed by tw_loader_close */
    size_t capacity;
    uint64_t parameters; /* read so far */
    uint64_t bytes;      /* the same as stored */
} tw_loader;

void tw_loader_close(tw_loader *loader);

/*
 * The tensor of that name as in the published files ("visual." and "model." in front) or as newer versions save it
 * ("model.visual." and "model.language_model."), with `dimensions` sizes equal to `shape`. NULL on failure.
 */
const tw_tensor *tw_loader_find(tw_loader *loader, const char *name, int dimensions, const int64_t *shape);

/* The vector "<prefix>.<index>.<name>" of n floats, owned by the caller (tw_free); with index < 0 the name has no
 * index. NULL on failure. */
float *tw_loader_vector(tw_loader *loader, const char *prefix, int index, const char *name, int n);

/* A part of the rows of a linear layer: tensors "<prefix>.<index>.<name>.weight" [out][in] and ".bias" [out]. */
typedef struct tw_loader_part {
    const char *name;
    int out;
} tw_loader_part;

/* One linear layer made of `count` parts, one under the other. With index < 0 names have no index. NULL on failure. */
tw_linear *tw_loader_linear(tw_loader *loader, const char *prefix, int index, const tw_loader_part *parts, int count,
                            int in, bool bias);

/* A convolution without bias whose stride is its kernel, [out][channels][frames][size][size], as a linear layer. */
tw_linear *tw_loader_convolution(tw_loader *loader, const char *name, int out, int channels, int frames, int size);

#endif
