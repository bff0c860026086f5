/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers, matrices of them, and what a rounding makes of one: for the tests of the operations. */
#ifndef TEST_NUMBERS_H
#define TEST_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/machine.h"

/* `count` values of both signs below 1, aligned to 64 bytes; free with tw_free. */
float *numbers_random(size_t count, uint32_t seed);

/* The value as it is stored in that element. */
double numbers_stored(tw_element element, float value);

/* A matrix of that element to be written, with the room that tiles may read; every byte is 0xff. */
tw_matrix numbers_empty(tw_element element, int rows, int columns);

/* Rows [rows][columns] as a matrix of that element, F32 or BF16; what lies beyond the rows is no number. */
tw_matrix numbers_matrix(tw_element element, int rows, int columns, const float *values);

/* Frees what the two gave. */
void numbers_free(tw_matrix *matrix);

/* Element `index`, counted row by row, of a matrix in F32 or BF16. */
float numbers_at(const tw_matrix *matrix, size_t index);

/* Whether `count` rows of two matrices in F32 or BF16 have the same bits. */
bool numbers_same(const tw_matrix *a, int a_row, const tw_matrix *b, int b_row, int count);

/* Whether TUWEN_ISA names a level that this build or machine has not: then a test is skipped (exit code 77). */
bool numbers_no_level(void);

#endif
