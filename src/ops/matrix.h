/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of activations, in the numbers that the next product multiplies. */
#ifndef TW_OPS_MATRIX_H
#define TW_OPS_MATRIX_H

#include <stdint.h>

#include "base/layout.h"
#include "kernels/kernels.h"

/*
 * Borrowed memory, aligned to 64 bytes, of tw_matrix_bytes. `room` rows (tw_matrix_room) can be read although only `rows`
 * count: products run on tiles of fixed heights.
 *   F32    values in blocks of TW_DEPTH columns, one after the other, each [room][TW_STRIDE], as the product kernel
 *          wants them
 *   BF16   values [room][columns]
 *   I8     values [room][columns] of bytes; number (r, c) is (byte - zeros[r]) * scales[r]. Rows that come in parts stand
 *          in `wide` until tw_matrix_finish
 */
typedef struct tw_matrix {
    tw_element element;
    int rows, columns;
    void *values;
    float *scales; /* [room]; I8 only, as the next ones */
    int *zeros;    /* [room] */
    float *wide;   /* [room][columns] f32 */
} tw_matrix;

/* Memory for a matrix of any element, of up to so many rows and columns. */
typedef struct tw_matrix_memory {
    float *values;  /* [room][columns] */
    uint8_t *bytes; /* [room][columns] */
    float *scales;  /* [room] */
    int *zeros;     /* [room] */
} tw_matrix_memory;

/* A matrix in that memory. */
static inline tw_matrix tw_matrix_in(const tw_matrix_memory *memory, tw_element element, int rows, int columns)
{
    tw_matrix matrix = {.element = element, .rows = rows, .columns = columns, .values = memory->values};
    if (element == TW_ELEMENT_I8) {
        matrix.values = memory->bytes;
        matrix.scales = memory->scales;
        matrix.zeros = memory->zeros;
        matrix.wide = memory->values;
    }
    return matrix;
}

/* Rows of memory that a matrix of `rows` rows needs: tiles are multiples of 8 rows high. */
static inline int tw_matrix_room(int rows)
{
    return (rows + 7) / 8 * 8;
}

/* Bytes for a matrix of those sizes in any element. */
static inline size_t tw_matrix_bytes(size_t rows, size_t columns)
{
    return (size_t)tw_matrix_room((int)rows) * ((columns + TW_DEPTH - 1) / TW_DEPTH) * TW_STRIDE * sizeof(float);
}

/* Where columns `block` * TW_DEPTH and the following of a row stand in an F32 matrix. */
static inline float *tw_matrix_block(const tw_matrix *matrix, int row, int block)
{
    size_t room = (size_t)tw_matrix_room(matrix->rows);
    return (float *)matrix->values + ((size_t)block * room + (size_t)row) * TW_STRIDE;
}

#endif
