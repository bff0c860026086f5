/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of kernels share: rows with guard floats on both sides, their comparison, and the loop over levels. Names
 * are short, since no other test includes this.
 */
#ifndef TEST_KERNEL_ROWS_H
#define TEST_KERNEL_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

#define GUARD 8
#define LONGEST 5200
#define ULP 0x1p-23

/* Lengths of rows, around the widths of vectors. */
#define LENGTHS 23
extern const size_t lengths[LENGTHS];

#define SCALES 3
extern const float scales[SCALES];

/* A row with guard floats around it. */
typedef struct {
    float values[GUARD + LONGEST + GUARD];
} row;

extern row x, y, weight, bias, expected, found;

extern const float guard;

/* The first number of a row. */
float *of(row *r);

/* Of both signs, below `scale`. */
float random_float(uint32_t *seed, float scale);

/* The float of those bits. */
float from_bits(uint32_t bits);

/* Guards everywhere, then `n` random numbers. */
void fill(row *r, size_t n, uint32_t seed, float scale);

/* Values at which activations are hard, at the end of the row: zeros, tiny, huge. */
void put_extremes(row *r, size_t n);

void check_guards(const row *r, size_t n, const char *what);

/* |a - b| <= tolerance * max(1, |b|), infinities and NaN alike. */
void check(const row *a, const row *b, size_t n, double tolerance, const char *level, const char *what);

/* Calls `body` for every level above scalar that runs here. */
void each_level(void (*body)(const tw_kernels *level));

#endif
