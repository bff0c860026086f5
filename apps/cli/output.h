/* SPDX-License-Identifier: Apache-2.0 */
/* Writing results to standard output, or to a file that appears only when it is complete. */
#ifndef TUWEN_CLI_OUTPUT_H
#define TUWEN_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct output {
    FILE *stream;
    char *target;     /* NULL: standard output, or a device written in place */
    char *temporary;  /* beside the target, until it is complete */
    const char *name; /* for messages */
};

/* Opens `path` (NULL or "-": standard output). Complains and returns false on failure. */
bool output_open(struct output *output, const char *path);

/* Completes the file (`keep`), or removes what was written. Complains and returns false if writing failed. */
bool output_close(struct output *output, bool keep);

/* A file and the facts that its format has no place for, in FILE.json beside it; standard output and devices have none. */
struct output_pair {
    struct output main;
    struct output facts; /* its stream is NULL where there are none */
};

/* Opens both; `with_facts` false opens the file alone. Complains and returns false on failure. */
bool output_pair_open(struct output_pair *pair, const char *path, bool with_facts);

/* Completes both, or removes them. Facts that stood beside an older file go first, so that they never stand beside the new
 * one. Complains and returns false if writing failed. */
bool output_pair_close(struct output_pair *pair, bool keep);

/* Whether a file could be written there, as far as that can be seen without writing. Complains and returns false if not. */
bool output_try(const char *path);

/* Whether both paths name one file, which need not be there yet. Never so a device or a pipe, which takes from many. */
bool output_same(const char *one, const char *other);

/* Whether a file of a kind that we make may be written there without asking: nothing is there, or no ordinary file, or an older
 * one, which begins with `begin` and has `mark` within its first 4,096 bytes. */
bool output_is_free(const char *path, const char *begin, const char *mark);

/* Writes bytes as base64, padded, on one line. */
void output_base64(FILE *stream, const unsigned char *bytes, size_t size);

/* Flushes standard output; the first error is remembered. */
void output_flush(void);

/* Flushes standard output for the last time; complains and returns false if anything was lost. */
bool output_finish(void);

/* The beginning of a NumPy file, format 1.0, of a little-endian float32 array [rows][columns] in C order. */
void npy_header(FILE *stream, size_t rows, size_t columns);
void npy_row(FILE *stream, const float *row, size_t columns);

#endif
