/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packed file (*.tuwen): one checkpoint in one file, its small files as they were and its weights as the products
 * want them, mapped instead of read. docs/formats.md describes the bytes. Knows nothing of what the weights mean.
 *
 * Opening checks the header, the index with its SHA-256 sum, and that all items lie inside the file without overlap; the
 * sums of the items are checked by tw_packed_verify (and those of the small files whenever they are read).
 */
#ifndef TW_FORMATS_PACKED_H
#define TW_FORMATS_PACKED_H

#include "base/digest.h"
#include "base/error.h"
#include "base/layout.h"

/* The latest version, of files with matrices of I8; without them a file is written as version 1. */
#define TW_PACKED_VERSION 2

typedef enum tw_item_kind {
    TW_ITEM_FILE,   /* a small file of the checkpoint, byte for byte */
    TW_ITEM_MATRIX, /* a weight matrix in `layout` */
    TW_ITEM_ROWS,   /* a table of rows [rows][columns] of F32 or BF16, row-major: the embedding table */
    TW_ITEM_VECTOR, /* f32 numbers */
} tw_item_kind;

/* One item. Owned by the packed file, valid as long as it. */
typedef struct tw_item {
    const char *name;
    tw_item_kind kind;
    tw_layout layout; /* MATRIX: as said; ROWS: the plain layout with sizes {columns, rows}; VECTOR: sizes {n, 1} */
    const void *data; /* mapped, aligned to 64 bytes */
    uint64_t offset;  /* in the file */
    uint64_t bytes;
    char sha256[TW_DIGEST_HEX];
} tw_item;

/* What is written beside the items. Texts are cut to their room. */
typedef struct tw_packed_facts {
    char name[128];       /* of the checkpoint */
    char fingerprint[32]; /* of the checkpoint that was converted */
    char precision[16];   /* "bf16", "f32", "int8" */
    char made_by[64];     /* "tuwen 0.1.0, oneDNN 2.6.3, avx512": information only, the layouts are what counts */
    char dtype[16];       /* of the checkpoint's tensors: "F32", "mixed" */
    int64_t tensors, files, weight_bytes, parameters, vision_parameters; /* of the checkpoint */
} tw_packed_facts;

typedef struct tw_packed tw_packed;

/* Whether the file begins like a packed file; false for folders and anything else. */
bool tw_packed_is(const char *path);

/* Maps and checks. A file of a later version is UNSUPPORTED; a damaged one is BAD_MODEL and is named with the offset. */
tuwen_status tw_packed_open(const char *path, tw_packed **packed, tuwen_error *error);
void tw_packed_close(tw_packed *packed); /* accepts NULL */
const char *tw_packed_path(const tw_packed *packed);
const tw_packed_facts *tw_packed_get_facts(const tw_packed *packed);
uint64_t tw_packed_size(const tw_packed *packed);   /* bytes of the file */
const char *tw_packed_sum(const tw_packed *packed); /* the index's SHA-256 sum: of all items' sums, in digits */
size_t tw_packed_count(const tw_packed *packed);
const tw_item *tw_packed_at(const tw_packed *packed, size_t index);       /* in file order */
const tw_item *tw_packed_find(const tw_packed *packed, const char *name); /* NULL when there is none */

/* Compares the item's bytes with its sum; BAD_MODEL names file, item and offset. Lets the pages go afterwards. */
tuwen_status tw_packed_verify(const tw_packed *packed, const tw_item *item, tuwen_error *error);

/* As tw_packed_open, from bytes in memory, which must outlive it; `name` stands for the file. For the fuzz target. */
tuwen_status tw_packed_open_bytes(const unsigned char *data, size_t size, const char *name, tw_packed **packed,
                                  tuwen_error *error);

/* ---- writing -------------------------------------------------------------------------------------------------- */

typedef struct tw_packed_writer tw_packed_writer;

/*
 * Starts writing `path`. What is written goes to "<path>.part" first, on which the writer holds a lock: a second writer
 * of the same path fails with IO ("another tuwen is writing it"). A .part file left by a killed writer is started anew.
 */
tuwen_status tw_packed_create(const char *path, tw_packed_writer **writer, tuwen_error *error);

/* Appends one item from memory, summing it on the way. Names are unique; the caller's memory is free afterwards. */
tuwen_status tw_packed_add(tw_packed_writer *writer, const char *name, tw_item_kind kind, const tw_layout *layout,
                           const void *data, uint64_t bytes, tuwen_error *error);

/* Appends one item in pieces: begin, then pieces until `bytes` are there. */
tuwen_status tw_packed_begin(tw_packed_writer *writer, const char *name, tw_item_kind kind, const tw_layout *layout,
                             uint64_t bytes, tuwen_error *error);
tuwen_status tw_packed_piece(tw_packed_writer *writer, const void *data, size_t size, tuwen_error *error);

/* Writes index and header, sees everything to the disk, and renames over `path`. The writer is closed in any case; after
 * a failure `path` is as it was and the .part file is gone. */
tuwen_status tw_packed_finish(tw_packed_writer *writer, const tw_packed_facts *facts, tuwen_error *error);

/* Gives up: removes the .part file. Accepts NULL. */
void tw_packed_abandon(tw_packed_writer *writer);

#endif
