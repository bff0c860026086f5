/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The weight files of a checkpoint folder: model.safetensors, or shards with model.safetensors.index.json, mapped and
 * checked before any tensor is handed out. Knows nothing of what the tensors mean.
 */
#ifndef TW_FORMATS_SAFETENSORS_H
#define TW_FORMATS_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* X(name, bytes an element). Every dtype that the format names, so that files with foreign tensors still open. */
#define TW_DTYPE_MAP(X)                                                                                              \
    X(F64, 8)                                                                                                        \
    X(F32, 4)                                                                                                        \
    X(F16, 2)                                                                                                        \
    X(BF16, 2)                                                                                                       \
    X(I64, 8)                                                                                                        \
    X(I32, 4)                                                                                                        \
    X(I16, 2)                                                                                                        \
    X(I8, 1)                                                                                                         \
    X(U64, 8)                                                                                                        \
    X(U32, 4)                                                                                                        \
    X(U16, 2)                                                                                                        \
    X(U8, 1)                                                                                                         \
    X(BOOL, 1)                                                                                                       \
    X(F8_E4M3, 1)                                                                                                    \
    X(F8_E5M2, 1)

typedef enum tw_dtype {
#define TW_DTYPE_ENUM(name, bytes) TW_DTYPE_##name,
    TW_DTYPE_MAP(TW_DTYPE_ENUM)
#undef TW_DTYPE_ENUM
} tw_dtype;

/* "F32" and the like; constant storage. */
const char *tw_dtype_name(tw_dtype dtype);
size_t tw_dtype_size(tw_dtype dtype);

#define TW_TENSOR_MAX_DIMENSIONS 8

/* A tensor inside a mapped file. Valid as long as its weight store. */
typedef struct tw_tensor {
    const char *name;
    const char *file; /* path, for messages */
    tw_dtype dtype;
    int dimensions;
    int64_t shape[TW_TENSOR_MAX_DIMENSIONS];
    const void *data; /* little-endian, row-major; aligned to its dtype or not: read it with memcpy */
    size_t bytes;
} tw_tensor;

typedef struct tw_weights tw_weights;

/* Opens all weight files of `folder`. Checks header size, JSON, dtypes, shapes, offsets (inside the file, no overlap,
 * no hole) and, with an index, that each name lies where the index says. Thread-safe afterwards. */
tuwen_status tw_weights_open(const char *folder, tw_weights **weights, tuwen_error *error);

/* Accepts NULL; unmaps the files. */
void tw_weights_close(tw_weights *weights);

/* The tensor of that name, or NULL. */
const tw_tensor *tw_weights_find(const tw_weights *weights, const char *name);

/* All tensors, sorted by name. */
size_t tw_weights_count(const tw_weights *weights);
const tw_tensor *tw_weights_at(const tw_weights *weights, size_t index);

/* How many files. */
size_t tw_weights_files(const tw_weights *weights);

/* Elements converted to f32: `count` elements from element `first` on. F32, F16 and BF16 only (checked by the
 * caller). */
void tw_tensor_read_f32(const tw_tensor *tensor, size_t first, size_t count, float *out);

/* Lets the tensor's pages leave memory after they were read; reading it again brings them back. */
void tw_tensor_forget(const tw_tensor *tensor);

/* Parses the header of one file in memory: for the fuzz target. */
tuwen_status tw_safetensors_check(const unsigned char *data, size_t size, const char *name, tuwen_error *error);

#endif
