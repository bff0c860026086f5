/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that appears under its name only when it is complete. What is written goes to "<path>.part", which is locked
 * against a second writer; committing renames it. A writer that was killed leaves the .part file, the next one starts
 * it anew.
 */
#ifndef TW_BASE_OUTPUT_H
#define TW_BASE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A file being written. Zero-initialised is "not open". */
typedef struct tw_output {
    char *path;
    char *part;
    int descriptor;
    uint64_t length;  /* where tw_output_append goes on */
    uint64_t started; /* up to here the disk was told to write */
} tw_output;

/* Opens an empty "<path>.part"; IO when another process, or another tw_output, holds its lock,
 * and when the path is there and no regular file: a device or a pipe is not replaced. */
tuwen_status tw_output_open(const char *path, tw_output *output, tuwen_error *error);

/* Writes at `offset`; what is skipped reads as zeros. */
tuwen_status tw_output_write(tw_output *output, uint64_t offset, const void *data, size_t size, tuwen_error *error);

/* Writes at `length`, and moves it on. */
tuwen_status tw_output_append(tw_output *output, const void *data, size_t size, tuwen_error *error);

/* Sees everything to the disk and renames over the path, replacing what is there. Closes in any case; after a failure
 * the path is as it was, and the .part file is gone. */
tuwen_status tw_output_commit(tw_output *output, tuwen_error *error);

/* All of it at once: a small file, whole or as it was. */
tuwen_status tw_output_put(const char *path, const void *data, size_t size, tuwen_error *error);

/* Gives up: removes the .part file. Accepts an output that is not open, and leaves it so. */
void tw_output_discard(tw_output *output);

#endif
