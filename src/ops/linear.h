/* SPDX-License-Identifier: Apache-2.0 */
/* A linear layer, y = x W^T + b, with W packed once into the product library's own layout. */
#ifndef TW_OPS_LINEAR_H
#define TW_OPS_LINEAR_H

#include <stdbool.h>

#include "ops/machine.h"

/* Packed weights. Immutable; shared between threads. */
typedef struct tw_linear tw_linear;

/* `weight` is [out][in] row-major, `bias` [out] or NULL; both are copied. */
tuwen_status tw_linear_open(const tw_machine *machine, int out, int in, const float *weight, const float *bias,
                            tw_linear **linear, tuwen_error *error);

/* Accepts NULL. */
void tw_linear_close(tw_linear *linear);

/* y [rows][out] = x W^T + b, or y += x W^T + b with `accumulate`; x is [rows][in], without gaps between its rows: for
 * others oneDNN 2.6 falls back to code that is a thousand times slower. */
tuwen_status tw_linear_apply(tw_worker *worker, const tw_linear *linear, const float *x, int rows, float *y,
                             bool accumulate, tuwen_error *error);

/* The library's name of the code that such a product runs, such as "brg:avx512_core"; for tests. */
tuwen_status tw_linear_describe(tw_worker *worker, const tw_linear *linear, int rows, bool accumulate, char *name,
                                size_t size, tuwen_error *error);

/* c [m][n] (row stride c_stride) = scale * a [m][k] (a_stride) times b: b is [n][k] when `b_transposed`, else [k][n]
 * (b_stride). Not packed: for attention. May be called inside a parallel region, and then uses one thread. */
tuwen_status tw_product(int m, int n, int k, float scale, const float *a, int a_stride, const float *b, int b_stride,
                        bool b_transposed, float *c, int c_stride, tuwen_error *error);

#endif
