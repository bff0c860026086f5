/* SPDX-License-Identifier: Apache-2.0 */
/* Packing weights as whole numbers of 8 bits. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "ops/linear.h"
#include "ops/worker.h"

/* One output's row into its column of a panel [in / 4][64][4]; the scale is 0 for a row of zeros. */
static void quantize_output(const float *row, size_t in, int8_t *column, float *scale, float *sum)
{
    float largest = 0;
    int32_t total = 0;
    for (size_t i = 0; i < in; i++)
        largest = fabsf(row[i]) > largest ? fabsf(row[i]) : largest;
    float factor = largest >= 0x1p-100f ? 127.0f / largest : 0.0f;
    for (size_t i = 0; i < in; i++) {
        /* 1.5 * 2^23 leaves no digit behind the point: rounds to the nearest whole number, ties to even */
        int value = (int)(row[i] * factor + 12582912.0f) - 12582912;
        total += value;
        column[i / 4 * 4 * TW_PANEL + i % 4] = (int8_t)value;
    }
    *scale = factor > 0 ? largest / 127.0f : 0.0f;
    *sum = (float)total;
}

static void quantize_panel(const tw_layout *layout, const float *weight, int64_t first, int8_t *panel, float *scales,
                           float *sums)
{
    int64_t in = layout->sizes[0];
    int64_t end = first + TW_PANEL < layout->sizes[1] ? first + TW_PANEL : layout->sizes[1];
    if (end < first + TW_PANEL || layout->padded[0] > in)
        memset(panel, 0, (size_t)layout->strides[1]);
    for (int64_t j = first; j < end; j++)
        quantize_output(weight + j * in, (size_t)in, panel + 4 * (j - first), &scales[j], &sums[j]);
}

void tw_linear_quantize(const tw_machine *machine, const tw_layout *layout, const float *weight, void *packed,
                        float *scales, float *sums)
{
    int64_t out = layout->sizes[1];
    int before = omp_get_max_threads();
    omp_set_num_threads(machine->threads);
#pragma omp parallel for schedule(dynamic)
    for (int64_t first = 0; first < out; first += TW_PANEL)
        quantize_panel(layout, weight, first, (int8_t *)packed + first / TW_PANEL * layout->strides[1], scales, sums);
    omp_set_num_threads(before);
}
