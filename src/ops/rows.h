/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels over the rows of a matrix, shared out between threads. Called between tw_worker_enter and _leave. */
#ifndef TW_OPS_ROWS_H
#define TW_OPS_ROWS_H

#include "ops/machine.h"

/* out [rows][n] = layer normalisation of x [rows][n] with weight and bias [n] */
void tw_layer_norm(const tw_worker *worker, float *out, const float *x, const float *weight, const float *bias,
                   int rows, int n, float epsilon);

/* out [rows][n] = root-mean-square normalisation of x [rows][n] with weight [n] */
void tw_rms_norm(const tw_worker *worker, float *out, const float *x, const float *weight, int rows, int n,
                 float epsilon);

/* x [rows][n] = x * sigmoid(1.702 x) */
void tw_quick_gelu(const tw_worker *worker, float *x, int rows, int n);

/* x [rows][n] = exact GELU, by erf */
void tw_gelu(const tw_worker *worker, float *x, int rows, int n);

/* gate [rows][n] = gate * sigmoid(gate) * up [rows][n] */
void tw_silu_times(const tw_worker *worker, float *gate, const float *up, int rows, int n);

/*
 * Rotary position embedding, "half" style: in each of the `heads` consecutive heads of a row of x (row stride
 * `stride`), the pair (j, j + head_dim / 2) turns by the angle whose cosine and sine stand at j of the row's tables
 * [rows][head_dim / 2].
 */
void tw_rotate(const tw_worker *worker, float *x, int stride, const float *cosines, const float *sines, int rows,
               int heads, int head_dim);

#endif
