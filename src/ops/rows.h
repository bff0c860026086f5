/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels over the rows of a matrix, shared out between threads. Called between tw_worker_enter and _leave. */
#ifndef TW_OPS_ROWS_H
#define TW_OPS_ROWS_H

#include "ops/machine.h"
#include "ops/matrix.h"

/* out = layer normalisation of x [out.rows][out.columns] with weight and bias [out.columns], in out's element.
 * OUT_OF_MEMORY when the threads' memory cannot be had. */
tuwen_status tw_layer_norm(tw_worker *worker, tw_matrix *out, const float *x, const float *weight, const float *bias,
                           float epsilon, tuwen_error *error);

/* The same for the root-mean-square normalisation. */
tuwen_status tw_rms_norm(tw_worker *worker, tw_matrix *out, const float *x, const float *weight, float epsilon,
                         tuwen_error *error);

/* The same into plain rows [rows][n]. */
tuwen_status tw_layer_norm_rows(tw_worker *worker, float *out, const float *x, const float *weight, const float *bias,
                                int rows, int n, float epsilon, tuwen_error *error);
tuwen_status tw_rms_norm_rows(tw_worker *worker, float *out, const float *x, const float *weight, int rows, int n,
                              float epsilon, tuwen_error *error);

/* Rows first..first+count of out = x [count][out.columns] in out's element. */
void tw_matrix_fill(tw_worker *worker, tw_matrix *out, int first, int count, const float *x);

/* To be called when all rows of a matrix have been put: brings those of I8 from `wide` into bytes. */
void tw_matrix_finish(tw_worker *worker, const tw_matrix *out);

/* Numbers [count] as columns first..first+count of row `row` of a matrix; in I8 into `wide`. */
void tw_matrix_put(const tw_kernels *kernels, const tw_matrix *out, int row, int first, const float *values,
                   int count);

/* A row of a matrix in F32 or BF16 as floats [columns]. */
void tw_matrix_get(const tw_kernels *kernels, const tw_matrix *from, int row, float *values);

/* Row `from_row` of a matrix as row `to_row` of another one of its element and columns. */
void tw_matrix_copy_row(const tw_matrix *from, int from_row, tw_matrix *to, int to_row);

#endif
