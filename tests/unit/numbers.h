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

/* Rows [rows][columns] as a matrix of that element with the room that tiles may read; what lies beyond the rows is no
 * number. Free its values with tw_free. */
tw_matrix numbers_matrix(tw_element element, int rows, int columns, const float *values);

/* A matrix of that element to be written; every byte is 0xff. */
tw_matrix numbers_empty(tw_element element, int rows, int columns);

/* Element `index` of a matrix in F32 or BF16. */
float numbers_at(const tw_matrix *matrix, size_t index);

/* Whether TUWEN_ISA names a level that this build or machine has not: then a test is skipped (exit code 77). */
bool numbers_no_level(void);

#endif
