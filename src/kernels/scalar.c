/* SPDX-License-Identifier: Apache-2.0 */
/* The specification of every kernel: plain loops, sums in double precision, the C library's exp and erf. */
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

#include "base/layout.h"

static void layer_norm(float *out, const float *x, const float *weight, const float *bias, size_t n, float epsilon)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    double mean = sum / (double)n;
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    double scale = 1 / sqrt(squares / (double)n + (double)epsilon);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(((double)x[i] - mean) * scale * (double)weight[i] + (double)bias[i]);
}

static void rms_norm(float *out, const float *x, const float *weight, size_t n, float epsilon)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (double)x[i] * (double)x[i];
    double scale = 1 / sqrt(squares / (double)n + (double)epsilon);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)((double)x[i] * scale * (double)weight[i]);
}

static void quick_gelu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] / (1 + expf(-1.702f * x[i]));
}

static void gelu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0.5f * x[i] * (1 + erff(x[i] * (float)M_SQRT1_2));
}

static void silu_times(float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++)
        gate[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
}

static void softmax(float *x, size_t n, float scale)
{
    float largest = x[0];
    for (size_t i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(scale * (x[i] - largest));
        sum += (double)x[i];
    }
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((double)x[i] / sum);
}

static void rotate(float *x, const float *c, const float *s, size_t half)
{
    for (size_t j = 0; j < half; j++) {
        float first = x[j];
        float second = x[j + half];
        x[j] = first * c[j] - second * s[j];
        x[j + half] = second * c[j] + first * s[j];
    }
}

static float dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return (float)sum;
}

static void round_bf16(uint16_t *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = tw_bf16_from_f32(x[i]);
}

static void widen_bf16(float *out, const uint16_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = tw_f32_from_bf16(x[i]);
}

static void add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

static void scale_add(float *x, float factor, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] * factor + y[i];
}

static void widen_panel(float *out, const uint16_t *panel, size_t k)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < TW_PANEL; j++)
            out[i * TW_PANEL + j] = tw_f32_from_bf16(panel[i / 2 * 2 * TW_PANEL + j * 2 + i % 2]);
}

static void product(float *c, size_t c_stride, const float *a, size_t a_stride, size_t rows, const float *panel,
                    size_t columns, size_t k, bool add, const void *next, size_t next_bytes)
{
    (void)next;
    (void)next_bytes;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double sum = add ? (double)c[i * c_stride + j] : 0;
            for (size_t p = 0; p < k; p++)
                sum += (double)a[i * a_stride + p] * (double)panel[p * TW_PANEL + j];
            c[i * c_stride + j] = (float)sum;
        }
}

static float weigh(float *x, size_t n, float scale, float *maximum, float *sum)
{
    float largest = *maximum;
    for (size_t i = 0; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    /* Without a value so far both are -INFINITY, and their difference is no number. */
    float factor = largest == *maximum ? 1.0f : expf(scale * (*maximum - largest));
    double total = (double)*sum * (double)factor;
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(scale * (x[i] - largest));
        total += (double)x[i];
    }
    *maximum = largest;
    *sum = (float)total;
    return factor;
}

static float quantize(uint8_t *out, const float *x, size_t n, int most, int *zero)
{
    float low = 0;
    float high = 0;
    bool finite = true;
    for (size_t i = 0; i < n; i++) {
        finite = finite && isfinite(x[i]);
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    float spread = high - low;
    finite = finite && isfinite(spread);
    *zero = 0;
    if (!finite || spread < 0x1p-100f) {
        memset(out, 0, n);
        return finite ? 0.0f : NAN;
    }
    float factor = (float)(most - 1) / spread;
    *zero = (int)lrintf(-low * factor);
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(*zero + (int)lrintf(x[i] * factor));
    return spread / (float)(most - 1);
}

static void dequantize(float *out, const int32_t *sums, const float *scales, const float *totals, size_t n,
                       float scale, int zero)
{
    for (size_t i = 0; i < n; i++) {
        int32_t sum;
        memcpy(&sum, sums + i, sizeof sum);
        float value = (float)(sum - zero * (int32_t)totals[i]) * scale * scales[i];
        memcpy(out + i, &value, sizeof value);
    }
}

static void product_s8(int32_t *out, size_t out_stride, const uint8_t *x, size_t x_stride, const int8_t *panel,
                       size_t rows, size_t k)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t j = 0; j < TW_PANEL; j++) {
            int32_t sum = 0;
            for (size_t i = 0; i < k; i++)
                sum += x[row * x_stride + i] * panel[i / 4 * 4 * TW_PANEL + j * 4 + i % 4];
            out[row * out_stride + j] = sum;
        }
}

const tw_kernels tw_kernels_scalar = {.level = "scalar",
                                      .int8_most = 255,
#define ENTRY(type, name, parameters) .name = name,
                                      TW_KERNEL_MAP(ENTRY)
#undef ENTRY
};

/* ---- tiles ------------------------------------------------------------------------------------------------------------ */

static void bf16_product(const tw_tile_product *of)
{
    const uint16_t *a = of->a;
    for (size_t row = 0; row < of->rows; row++)
        for (size_t j = 0; j < of->columns; j++) {
            const uint16_t *panel = (const uint16_t *)of->panels + j / TW_PANEL * of->panel_stride + j % TW_PANEL * 2;
            float *c = (float *)of->c + row * of->c_stride + j;
            float sum = of->add ? *c : 0;
            for (size_t i = 0; i < of->k; i++)
                sum += tw_f32_from_bf16(a[row * of->a_stride + i]) *
                       tw_f32_from_bf16(panel[i / 2 * 2 * TW_PANEL + i % 2]);
            *c = sum;
        }
}

static void byte_product(const tw_tile_product *of)
{
    const uint8_t *a = of->a;
    for (size_t row = 0; row < of->rows; row++)
        for (size_t j = 0; j < of->columns; j++) {
            const int8_t *panel = (const int8_t *)of->panels + j / TW_PANEL * of->panel_stride + j % TW_PANEL * 4;
            int32_t *c = (int32_t *)of->c + row * of->c_stride + j;
            int32_t sum = of->add ? *c : 0;
            for (size_t i = 0; i < of->k; i++)
                sum += a[row * of->a_stride + i] * panel[i / 4 * 4 * TW_PANEL + i % 4];
            *c = sum;
        }
}

static void tile_product(const tw_tile_product *of)
{
    (of->bytes ? byte_product : bf16_product)(of);
}

static void tile_finish(float *y, const float *x, const float *bias, size_t n, bool add)
{
    for (size_t i = 0; i < n; i++) {
        float value = bias ? x[i] + bias[i] : x[i];
        y[i] = add ? y[i] + value : value;
    }
}

static float tile_weigh(uint16_t *out, const float *x, size_t n, size_t padded, float scale, float *maximum,
                        float *sum)
{
    float largest = *maximum;
    for (size_t i = 0; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    float factor = largest == *maximum ? 1.0f : expf(scale * (*maximum - largest));
    double total = (double)*sum * (double)factor;
    for (size_t i = 0; i < padded; i++) {
        out[i] = i < n ? tw_bf16_from_f32(expf(scale * (x[i] - largest))) : 0;
        total += (double)tw_f32_from_bf16(out[i]);
    }
    *maximum = largest;
    *sum = (float)total;
    return factor;
}

static void tile_put_columns(uint16_t *panel, const uint16_t *rows, size_t stride, size_t count, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        for (size_t j = 0; j < TW_PANEL; j++)
            panel[i / 2 * 2 * TW_PANEL + 2 * j + i % 2] = j < count ? rows[j * stride + i] : 0;
}

static void tile_put_pairs(uint16_t *out, const float *a, const float *b, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        out[2 * j] = a ? tw_bf16_from_f32(a[j]) : 0;
        out[2 * j + 1] = b ? tw_bf16_from_f32(b[j]) : 0;
    }
}

const tw_tile_kernels tw_tile_scalar = {
#define ENTRY(type, name, parameters) .name = tile_##name,
    TW_TILE_KERNEL_MAP(ENTRY)
#undef ENTRY
};
