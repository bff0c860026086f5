/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product library, oneDNN, as the rest of the operations see it: products of small tiles, prepared once a shape and
 * run on the calling thread alone. So nothing of a result depends on how many threads there are.
 */
#ifndef TW_OPS_LIBRARY_H
#define TW_OPS_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/layout.h"

typedef struct tw_library tw_library; /* immutable, shared between threads */

/* Holds the library to the instructions of a level, before its first product and once in a process. False when it has
 * computed with higher ones already. */
bool tw_library_cap(const char *level);

tuwen_status tw_library_open(tw_library **library, tuwen_error *error);
void tw_library_close(tw_library *library); /* accepts NULL */

/* Whether it multiplies panels of that element by instructions for it. */
bool tw_library_multiplies(const tw_library *library, tw_element element);

/* "2.6.3" */
void tw_library_version(char *buffer, size_t size);

/* The prepared products of one worker. Preparing is for one thread at a time. */
typedef struct tw_tiles tw_tiles;

/* `threads` is how many may run products at the same time. */
tuwen_status tw_tiles_open(const tw_library *library, int threads, tw_tiles **tiles, tuwen_error *error);
void tw_tiles_close(tw_tiles *tiles); /* accepts NULL */

/* Memory of ours that they hold, in bytes: not the library's own, which it does not tell. */
size_t tw_tiles_bytes(const tw_tiles *tiles);

/* A product y [rows][out] = x [rows][in] times panels of weights (tw_panel_layout of `element`, out <= that layout's).
 * x is of the element, I8 as unsigned bytes; y is f32, of I8 int32. Valid until TW_TILES_KEPT others are prepared. */
typedef struct tw_tile {
    tw_element element;
    int rows, in, out;
} tw_tile;

#define TW_TILES_KEPT 200

tuwen_status tw_tiles_prepare(tw_tiles *tiles, tw_tile shape, const tw_tile **tile, tuwen_error *error);

/* Bytes that running it needs for the time of the call. */
size_t tw_tile_memory(const tw_tile *tile);

/* Runs on the calling thread, which is number `thread` of those that `tiles` was opened for. */
tuwen_status tw_tile_run(tw_tiles *tiles, const tw_tile *tile, int thread, const void *x, const void *panels, void *y,
                         void *memory, tuwen_error *error);

/* The library's name of the code that runs, such as "brg:avx512_core_bf16". */
const char *tw_tile_code(const tw_tile *tile);

/* ---- for measuring what the library can do (peak.c) ---- */

/* Element types: x, weight and result are f32; bf16, bf16 and f32; or u8, s8 and s32. */
typedef enum tw_trial_type { TW_TRIAL_F32, TW_TRIAL_BF16, TW_TRIAL_INT8 } tw_trial_type;

/* A product [rows][in] times [in][out] of arbitrary numbers, the weight in the layout that the library wants. Unlike
 * tiles it runs on all threads of the calling thread's OpenMP team, as the library divides the work. */
typedef struct tw_trial tw_trial;

/* `code` becomes the library's name of the code. NULL with OK where the machine has no such products, or the library
 * only its reference code. */
tuwen_status tw_trial_open(const tw_library *library, tw_trial_type type, int rows, int out, int in, tw_trial **trial,
                           char *code, size_t size, tuwen_error *error);

/* Computes it once. */
tuwen_status tw_trial_run(tw_trial *trial, tuwen_error *error);

/* Accepts NULL. */
void tw_trial_close(tw_trial *trial);

#endif
