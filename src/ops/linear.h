/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A linear layer, y = x W^T + b, with W packed once in panels of 64 outputs, and with what follows it: every product is
 * computed in tiles, and each tile is finished (bias, activation, residual, rounding) while it is in the cache.
 *
 * A row of the result depends on that row of x alone: not on the rows beside it, their number, or the number of threads
 * (docs/numerics.md).
 */
#ifndef TW_OPS_LINEAR_H
#define TW_OPS_LINEAR_H

#include <stdbool.h>

#include "base/layout.h"
#include "ops/machine.h"
#include "ops/matrix.h"

/* tw_linear: packed weights. Immutable; shared between threads. */

/* The layout of a packed weight W [out][in] of that element: the same on every machine (docs/formats.md). */
tw_layout tw_linear_layout(tw_element element, int out, int in);

/* Packs `weight` [out][in] row-major into `packed` (tw_layout_bytes, aligned to 64 bytes) in tw_linear_layout. */
void tw_linear_pack(const tw_machine *machine, const tw_layout *layout, const float *weight, void *packed);

/* The same for I8: each output's numbers as whole ones from -127 to 127, of which the largest is as large as can be.
 * `scales` [out] are what they are to be multiplied by, `sums` [out] their sums. `in` is at most TW_INT8_INPUTS. */
void tw_linear_quantize(const tw_machine *machine, const tw_layout *layout, const float *weight, void *packed,
                        float *scales, float *sums);

/* A linear layer over packed memory, which it borrows, as it does `bias` [out] (or NULL): both outlive it. */
tuwen_status tw_linear_map(const tw_machine *machine, const tw_layout *layout, const void *packed, const float *bias,
                           tw_linear **linear, tuwen_error *error);

/* The same for I8, with the scales and sums of tw_linear_quantize. */
tuwen_status tw_linear_map_int8(const tw_machine *machine, const tw_layout *layout, const void *packed,
                                const float *scales, const float *sums, const float *bias, tw_linear **linear,
                                tuwen_error *error);

/* Packs `weight` [out][in] row-major into memory of its own, and copies `bias` [out] or NULL. */
tuwen_status tw_linear_open(const tw_machine *machine, tw_element element, int out, int in, const float *weight,
                            const float *bias, tw_linear **linear, tuwen_error *error);

/* Accepts NULL. */
void tw_linear_close(tw_linear *linear);

/* The element in which x must be: I8 for weights in it; else F32 unless the machine multiplies the weight's own. */
tw_element tw_linear_input(const tw_linear *linear);

int tw_linear_out(const tw_linear *linear);
int tw_linear_in(const tw_linear *linear);

/* The packed weights. */
const void *tw_linear_packed(const tw_linear *linear);

/* Which outputs of a layer; `first` is a multiple of 64. */
typedef struct tw_outputs {
    int first, count;
} tw_outputs;

/* y [x.rows] (row stride y_stride floats) = x W^T + b for those outputs, the first of them at y[0]; y += with `add`. */
tuwen_status tw_linear_apply(tw_worker *worker, const tw_linear *linear, const tw_matrix *x, tw_outputs outputs,
                             float *y, int y_stride, bool add, tuwen_error *error);

/* What follows a layer's product inside an MLP. */
typedef enum tw_activation { TW_QUICK_GELU, TW_GELU } tw_activation;

/* out = activation(x W^T + b), in out's element. */
tuwen_status tw_linear_activate(tw_worker *worker, const tw_linear *linear, const tw_matrix *x,
                                tw_activation activation, tw_matrix *out, tuwen_error *error);

/* out = silu(x G^T) * (x U^T), in out's element; gate and up have the same sizes and elements, and no bias. */
tuwen_status tw_linear_gate(tw_worker *worker, const tw_linear *gate, const tw_linear *up, const tw_matrix *x,
                            tw_matrix *out, tuwen_error *error);

/* The name of the code that multiplies so many rows: the library's, such as "brg:avx512_core_bf16", or "own"; for tests
 * and for people. */
const char *tw_linear_code(tw_worker *worker, const tw_linear *linear, int rows);

#endif
