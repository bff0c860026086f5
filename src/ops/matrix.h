/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of activations, in the numbers that the next product multiplies. */
#ifndef TW_OPS_MATRIX_H
#define TW_OPS_MATRIX_H

#include "base/layout.h"

/*
 * Borrowed memory, aligned to 64 bytes. `room` rows can be read although only `rows` count: products run on tiles of
 * fixed heights.
 *   F32, BF16   values [room][columns] of that element
 */
typedef struct tw_matrix {
    tw_element element;
    int rows, columns;
    void *values;
} tw_matrix;

/* Rows of memory that a matrix of `rows` rows needs: tiles are multiples of 8 rows high. */
static inline int tw_matrix_room(int rows)
{
    return (rows + 7) / 8 * 8;
}

#endif
