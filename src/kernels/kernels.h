/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner loops around the matrix products: one table of function pointers a level of instruction sets, chosen at
 * run time. The scalar table is the specification; every other level is compared with it by tests/unit/test_kernels.c.
 * No threads here, no models: most kernels work on one row of f32 values. Rows need no alignment.
 */
#ifndef TW_KERNELS_KERNELS_H
#define TW_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * X(return type, name, parameters). n counts values; in and out rows may be the same, but must not overlap otherwise.
 *   layer_norm  out = (x - mean) / sqrt(variance + epsilon) * weight + bias
 *   rms_norm    out = x / sqrt(mean of squares + epsilon) * weight
 *   quick_gelu  x = x * sigmoid(1.702 x)
 *   gelu        x = x / 2 * (1 + erf(x / sqrt(2)))
 *   silu_times  gate = gate * sigmoid(gate) * up
 *   softmax     x = exp(scale * (x - max)) / sum; n >= 1
 *   rotate      a pair (x[j], x[j + half]) turned by the angle with cosine c[j] and sine s[j], for j < half
 *   dot         sum of a * b
 *   round_bf16  the nearest bf16, ties to even, as tw_bf16_from_f32: the same bits at every level
 *   widen_bf16  the f32 of the same value
 *   add         x = x + y
 *   scale_add   x = x * factor + y
 *   widen_panel a bf16 panel of a packed weight, [k / 2][64][2], as the f32 panel [k][64]; k is even
 *   product     c [rows][columns] (row strides in floats), or c + with `add`: a [rows][k] times the f32 panel [k][64]
 *               of which the first `columns` count; the rest of c's 64 columns may be overwritten. Each element of
 *               c is one chain of fused multiply-additions over k, whatever the rows and columns around it. `next`,
 *               which may be NULL, is memory that will be wanted soon: it is fetched into the cache on the way
 *   weigh       one block of a running softmax: with the new maximum m of *maximum and x, x = exp(scale * (x - m)),
 *               *sum = *sum * f + sum of x, where f = exp(scale * (*maximum - m)) is returned, and *maximum = m.
 *               Begin with *maximum = -INFINITY and *sum = 0; n may be 0
 * For int8, the same bits at every level:
 *   quantize    a row as bytes 0 to `most`, 2 to 255, such that x is near (byte - *zero) * scale, which is returned: with
 *               low = min(0, x...) and high = max(0, x...), scale = (high - low) / (most - 1), and with f the other way
 *               round, *zero = rint(-low * f) and byte = *zero + rint(x * f), ties to even. A row with high - low below
 *               2^-100 counts as zeros: scale 0. Where x or high - low is not finite, the scale is NaN, so that the
 *               fault shows in the result. In both cases the bytes and *zero are 0
 *   dequantize  out = (sum - zero * total) * scale * scales, where `totals` are whole numbers below 2^24 and
 *               zero * total is below 2^31; out and sums may be the same memory
 *   product_s8  out [rows][64] = x [rows][k] times a panel of weights [k rounded up to 4, by 4][64][4], whole numbers;
 *               bytes of x are at most int8_most of the level, weights -127..127, k at most TW_INT8_INPUTS
 */
#define TW_KERNEL_MAP(X)                                                                                             \
    X(void, layer_norm,                                                                                              \
      (float *out, const float *x, const float *weight, const float *bias, size_t n, float epsilon))                 \
    X(void, rms_norm, (float *out, const float *x, const float *weight, size_t n, float epsilon))                    \
    X(void, quick_gelu, (float *x, size_t n))                                                                        \
    X(void, gelu, (float *x, size_t n))                                                                              \
    X(void, silu_times, (float *gate, const float *up, size_t n))                                                    \
    X(void, softmax, (float *x, size_t n, float scale))                                                              \
    X(void, rotate, (float *x, const float *c, const float *s, size_t half))                                         \
    X(float, dot, (const float *a, const float *b, size_t n))                                                        \
    X(void, round_bf16, (uint16_t * out, const float *x, size_t n))                                                  \
    X(void, widen_bf16, (float *out, const uint16_t *x, size_t n))                                                   \
    X(void, add, (float *x, const float *y, size_t n))                                                               \
    X(void, scale_add, (float *x, float factor, const float *y, size_t n))                                           \
    X(void, widen_panel, (float *out, const uint16_t *panel, size_t k))                                              \
    X(void, product,                                                                                                 \
      (float *c, size_t c_stride, const float *a, size_t a_stride, size_t rows, const float *panel, size_t columns,  \
       size_t k, bool add, const void *next, size_t next_bytes))                                                     \
    X(float, weigh, (float *x, size_t n, float scale, float *maximum, float *sum))                                   \
    X(float, quantize, (uint8_t * out, const float *x, size_t n, int most, int *zero))                               \
    X(void, dequantize,                                                                                              \
      (float *out, const int32_t *sums, const float *scales, const float *totals, size_t n, float scale, int zero))  \
    X(void, product_s8,                                                                                              \
      (int32_t * out, size_t out_stride, const uint8_t *x, size_t x_stride, const int8_t *panel, size_t rows,        \
       size_t k))

/* Inputs of an int8 product at most: twice 255 * 127 times as many is below 2^31, so that a sum less its zero point's part
 * fits whatever the numbers are, and sums of weights are below 2^24. */
#define TW_INT8_INPUTS 32768

/* Outputs of a packed weight that stand side by side. */
#define TW_PANEL 64

/* Inputs that a product is best called with at a time, and the best row stride of `a`, for which it has code of its own:
 * such rows fall into different sets of a first-level cache, and follow each other, so that they can be fetched ahead. */
#define TW_DEPTH 512
#define TW_STRIDE (TW_DEPTH + 16)

/* A product by tiles: c [rows][columns] (strides count elements), or c + with `add`, = a [rows][k] times packed panels of
 * 64 outputs, `panel_stride` elements from each other. Columns are computed in whole sixteens; an element of c does not
 * depend on the rows and columns around it. `next`, which may be NULL, are panels that will be wanted soon, as far apart as
 * these ones: so many bytes of each are fetched into the second-level cache on the way.
 *   bf16     panels [k rounded up to 32, by 2][64][2], zeros beyond k; sums are f32
 *   `bytes`  a is of u8, weights of s8 in panels [k rounded up to 64, by 4][64][4], zeros beyond k; sums are int32, and
 *            exact for k up to TW_INT8_INPUTS */
typedef struct tw_tile_product {
    void *c;
    size_t c_stride;
    const void *a;
    size_t a_stride;
    size_t rows;
    const void *panels;
    size_t panel_stride;
    size_t columns, k;
    bool add, bytes;
    const void *next;
    size_t next_bytes;
} tw_tile_product;

/*
 * Kernels for levels that multiply bf16 and bytes by tiles of their own. X(return type, name, parameters):
 *   product      see tw_tile_product
 *   finish       y = x + bias, or y + (x + bias) with `add`; bias may be NULL
 *   weigh        as `weigh` above, but the exponentials become bf16, to within one unit in the last place, `padded` numbers
 *                (a multiple of 32, at least n) with zeros behind the n; the sum is that of the rounded ones. n may be 0
 *   put_columns  rows [count][depth] become the columns of a panel, [depth / 2][64][2]; columns beyond count become
 *                zeros. depth and stride are even, count is at most 64
 *   put_pairs    out[2 j] = a[j] and out[2 j + 1] = b[j], rounded as round_bf16 does; NULL stands for zeros
 */
#define TW_TILE_KERNEL_MAP(X)                                                                                        \
    X(void, product, (const tw_tile_product *of))                                                                    \
    X(void, finish, (float *y, const float *x, const float *bias, size_t n, bool add))                               \
    X(float, weigh,                                                                                                  \
      (uint16_t * out, const float *x, size_t n, size_t padded, float scale, float *maximum, float *sum))            \
    X(void, put_columns, (uint16_t * panel, const uint16_t *rows, size_t stride, size_t count, size_t depth))        \
    X(void, put_pairs, (uint16_t * out, const float *a, const float *b, size_t n))

#define TW_KERNEL_POINTER(type, name, parameters) type(*name) parameters;
typedef struct tw_tile_kernels {
    TW_TILE_KERNEL_MAP(TW_KERNEL_POINTER)
} tw_tile_kernels;

typedef struct tw_kernels {
    const char *level; /* name of the level, as in TW_LEVEL_MAP */
    /* The largest byte that product_s8 takes: 255, or 127 where pairs of products are summed in 16 bits, which hold
     * 2 * 127 * 127 but not 2 * 255 * 127. */
    int int8_most;
    const tw_tile_kernels *tiles; /* NULL where such products are the library's, or computed otherwise */
    TW_KERNEL_MAP(TW_KERNEL_POINTER)
#undef TW_KERNEL_POINTER
} tw_kernels;

/* X(name, text): levels, lowest first; a level includes those before it on the same architecture. */
#if defined(__x86_64__)
#define TW_LEVEL_MAP(X)                                                                                              \
    X(scalar, "scalar") X(avx2, "avx2") X(avx512, "avx512") X(avx512_bf16, "avx512_bf16") X(amx, "amx")
#elif defined(__aarch64__)
#define TW_LEVEL_MAP(X) X(scalar, "scalar") X(neon, "neon")
#else
#define TW_LEVEL_MAP(X) X(scalar, "scalar")
#endif

#define TW_LEVEL_TABLE(name, text) extern const tw_kernels tw_kernels_##name;
TW_LEVEL_MAP(TW_LEVEL_TABLE)
#undef TW_LEVEL_TABLE

/* The specification of the bf16 kernels, and those of tiles. No level computes with the first. */
extern const tw_tile_kernels tw_tile_scalar;
#if defined(__x86_64__)
extern const tw_tile_kernels tw_tile_amx;
#endif

/* How many levels this build has, and the table of each (0 is scalar). NULL beyond. */
const tw_kernels *tw_kernels_level(size_t index);

/* Whether this machine, its operating system included, can run the level. */
bool tw_kernels_can_run(const tw_kernels *kernels);

/*
 * The highest level that pays on this machine. "avx512_bf16" has the kernels of "avx512"; it says that products of bf16
 * are left to the processor's own instructions. It is passed over on Intel processors, where these take twice the time of
 * the same product in f32 (docs/speed.md), unless the level above it, "amx", can run.
 */
const tw_kernels *tw_kernels_best(void);

/* Whether the level can run here, but tw_kernels_best passes it over. */
bool tw_kernels_is_slow(const tw_kernels *kernels);

#if defined(__x86_64__)
/* The processor's own instructions for products of bf16, or of bytes, that a level lets oneDNN use: "AMX", "VNNI", "bf16
 * instructions". NULL without. */
const char *tw_kernels_instructions(const tw_kernels *kernels, bool bytes);
#endif

/* The level of that name; NULL when this build has none. */
const tw_kernels *tw_kernels_named(const char *level);

#endif
