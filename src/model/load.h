/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a checkpoint's weights to packed layers. The weights come from the tensors of a folder (under either naming
 * scheme, checked and converted), from the items of a packed file, or from a generator of random numbers; they become
 * layers in memory, items of a new packed file, or are only counted. A tower is loaded by one list of calls, whatever the two ends are.
 */
#ifndef TW_MODEL_LOAD_H
#define TW_MODEL_LOAD_H

#include "formats/packed.h"
#include "formats/safetensors.h"
#include "model/random.h"
#include "ops/linear.h"

/* What becomes of the weights. */
typedef enum tw_load_purpose {
    TW_LOAD_USE = 0, /* layers in memory, or mapped */
    TW_LOAD_COUNT,   /* nothing: names and shapes are checked, parameters and bytes counted */
    TW_LOAD_WRITE,   /* items of `writer` */
} tw_load_purpose;

/*
 * Reads the weights of one checkpoint. The first failure is kept in `status` and makes the calls that follow do nothing,
 * so that a tower is loaded by a plain list of calls and one look at the end. With another purpose than USE the calls
 * return NULL without a failure. Zero-initialise but for what is set.
 */
typedef struct tw_loader {
    tw_load_purpose purpose;
    const tw_weights *weights; /* the source: tensors, */
    const tw_packed *packed;   /* or items, */
    tw_random *random;         /* or random numbers; the other two are NULL */
    bool map;                  /* items lie as products want them: see tw_packed_fits */
    tw_packed_writer *writer;
    const tw_machine *machine; /* unused when counting */
    tw_element element;        /* in which matrices are packed */
    tw_element (*choose)(const void *user,
                         const char *weight); /* of WRITE: tells it of each one; NULL for `element` */
    const void *choose_user;
    const char *path; /* of the checkpoint, for messages */
    bool (*progress)(void *user, uint64_t done,
                     uint64_t total); /* in bytes of the source; false stops; may be NULL */
    void *progress_user;
    uint64_t total;
    tuwen_error *error;
    tuwen_status status;
    float *buffer; /* f32 copy of the layer at hand; freed by tw_loader_close */
    size_t capacity;
    void *packing; /* the same as it is written; likewise */
    size_t packing_capacity;
    uint64_t parameters; /* read so far */
    uint64_t bytes;      /* the same as stored in the source */
} tw_loader;

void tw_loader_close(tw_loader *loader);

/* Whether the packed file's matrices lie as products want them, so that they can be used where they are: those of files
 * that older versions wrote may not. */
bool tw_packed_fits(const tw_packed *packed);

/* The vector "<prefix>.<index>.<name>" of n floats, owned by the caller (tw_free); with index < 0 the name has no
 * index. NULL on failure. */
float *tw_loader_vector(tw_loader *loader, const char *prefix, int index, const char *name, int n);

/* A table of which single rows are read: the embedding. Its data stay in the mapped file; a random one has none. */
typedef struct tw_table {
    tw_tensor tensor; /* [rows][columns] */
    bool rounded;     /* rows are rounded to bf16, as they would be in a packed file */
} tw_table;

/* The table of that name, whose rows must be [rows][columns]. */
tw_table tw_loader_table(tw_loader *loader, const char *name, int rows, int columns);

/* One row as f32. */
void tw_table_read(const tw_table *table, size_t row, float *out);

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
