/* SPDX-License-Identifier: Apache-2.0 */
/* int8 has the same bits at every level: quantising rows, products, and back to floats. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/layout.h"
#include "kernel_rows.h"
#include "testing.h"

/* What makes rows hard to quantise: huge beside small, all alike, ties, one value, nothing but tiny ones, zeros. */
static const float hard_rows[][4] = {
    {1e30f, 1, -1, 0},
    {-3, -3, -3, -3},
    {127, 0.5f, 1.5f, -2.5f},
    {63, 0.5f, -1.5f, 2.5f},
    {0, 0, -1e-20f, 0},
    {0x1p-100f, 0, 0, -0x1p-101f},
    {0x1p-101f, 0, 0x1p-149f, -0x1p-102f},
    {0, -0.0f, 0, 0},
    {0x1.fffffep127f, -0x1.fffffep127f, 1, 2},
    {0x1.fffffep127f, 5, 1, 2},
    {3, 4, 5, 0.017f},
    {-3, -4, -5, -0.0299f},
    {1, INFINITY, 2, 3},
    {1, 2, -INFINITY, NAN},
    {NAN, 0, 0, 0},
};
#define HARD_ROWS (sizeof hard_rows / sizeof *hard_rows)

static void check_quantising(const tw_kernels *level, const float *from, size_t n, int most)
{
    uint8_t want[LONGEST], got[LONGEST + 2 * GUARD];
    memset(got, 0xa5, sizeof got);
    int want_zero;
    int got_zero;
    float want_scale = tw_kernels_scalar.quantize(want, from, n, most, &want_zero);
    float got_scale = level->quantize(got + GUARD, from, n, most, &got_zero);
    if ((memcmp(&want_scale, &got_scale, sizeof want_scale) != 0 && !(isnan(want_scale) && isnan(got_scale))) ||
        want_zero != got_zero)
        fail_msg("%s quantize: n %zu, scale %a, zero %d, not %a, %d", level->level, n, (double)got_scale, got_zero,
                 (double)want_scale, want_zero);
    for (size_t i = 0; i < n; i++)
        if (want_scale > 0 &&
            !(fabs((want[i] - want_zero) * (double)want_scale - (double)from[i]) <= 0.5001 * (double)want_scale))
            fail_msg("quantize: n %zu, element %zu of %a is %d", n, i, (double)from[i], want[i]);
    for (size_t i = 0; i < n; i++)
        if (got[GUARD + i] != want[i] || want[i] > most)
            fail_msg("%s quantize: n %zu, element %zu is %d, not %d", level->level, n, i, got[GUARD + i], want[i]);
    for (size_t i = 0; i < GUARD; i++)
        if (got[i] != 0xa5 || got[GUARD + n + i] != 0xa5)
            fail_msg("%s quantize wrote outside its row of %zu", level->level, n);
}

static void quantisings(const tw_kernels *level)
{
    static const int mosts[] = {255, 127, 2};
    for (size_t l = 0; l < LENGTHS; l++)
        for (size_t r = 0; r < 3; r++) {
            size_t n = lengths[l];
            for (size_t s = 0; s < SCALES; s++) {
                fill(&x, n, 21 + (uint32_t)n, scales[s]);
                check_quantising(level, of(&x), n, mosts[r]);
                of(&x)[n - 1] = -100 * scales[s]; /* an outlier, at the end of the row */
                check_quantising(level, of(&x), n, mosts[r]);
                put_extremes(&x, n);
                check_quantising(level, of(&x), n, mosts[r]);
            }
            for (size_t h = 0; h < HARD_ROWS; h++) {
                for (size_t i = 0; i < n; i++)
                    of(&x)[i] = hard_rows[h][(n - 1 - i) % 4];
                check_quantising(level, of(&x), n, mosts[r]);
            }
        }
}

/* Sums as large as products of 8960 inputs make them, in place too. */
static void dequantisings(const tw_kernels *level)
{
    static const int zeros[] = {128, 64};
    static int32_t sums[LONGEST + GUARD];
    for (size_t l = 0; l < LENGTHS; l++)
        for (size_t z = 0; z < 2; z++) {
            size_t n = lengths[l];
            uint32_t seed = 5;
            fill(&weight, n, 31, 0.01f);
            fill(&bias, 0, 0, 0);
            for (size_t i = 0; i < n; i++) {
                of(&bias)[i] = roundf(random_float(&seed, 127.0f * 8960.0f)); /* totals */
                sums[i] = (int32_t)random_float(&seed, 255.0f * 127.0f * 8960.0f);
            }
            sums[n - 1] = 255 * 127 * 65536;
            of(&bias)[n - 1] = 127 * 65536;
            fill(&expected, 0, 0, 0);
            fill(&found, 0, 0, 0);
            tw_kernels_scalar.dequantize(of(&expected), sums, of(&weight), of(&bias), n, 0.37f, zeros[z]);
            level->dequantize(of(&found), sums, of(&weight), of(&bias), n, 0.37f, zeros[z]);
            check_guards(&found, n, "dequantize");
            assert_memory_equal(of(&found), of(&expected), n * sizeof(float));
            memcpy(of(&found), sums, n * sizeof *sums);
            level->dequantize(of(&found), (const int32_t *)(const void *)of(&found), of(&weight), of(&bias), n, 0.37f,
                              zeros[z]);
            check_guards(&found, n, "dequantize in place");
            assert_memory_equal(of(&found), of(&expected), n * sizeof(float));
        }
}

/* Rows of x end where memory ends, so that the sanitizer sees a byte read too far; out has gaps, which must stay. */
static void check_product(const tw_kernels *level, size_t rows, size_t k, size_t gap, bool extreme)
{
    const int most = level->int8_most;
    const size_t x_stride = k + gap, out_stride = TW_PANEL + gap, groups = (k + 3) / 4;
    uint8_t *from = malloc(x_stride * (rows - 1) + k);
    int8_t *panel = malloc(groups * 4 * TW_PANEL);
    int32_t *want = calloc(rows * out_stride, sizeof *want), *got = calloc(rows * out_stride, sizeof *got);
    uint32_t seed = (uint32_t)(rows * 1000 + k);
    for (size_t i = 0; i < x_stride * (rows - 1) + k; i++)
        from[i] = (uint8_t)(extreme ? most : (int)(random_float(&seed, 0.5f) * (float)most + 0.5f * (float)most));
    for (size_t i = 0; i < groups * 4 * TW_PANEL; i++)
        panel[i] = (int8_t)(extreme ? (i / 4 % 2 ? 127 : -127) : (int)random_float(&seed, 127.9f));
    for (size_t i = 0; i < rows * out_stride; i++)
        want[i] = got[i] = 77777;
    tw_kernels_scalar.product_s8(want, out_stride, from, x_stride, panel, rows, k);
    level->product_s8(got, out_stride, from, x_stride, panel, rows, k);
    for (size_t i = 0; i < rows * out_stride; i++)
        if (got[i] != want[i])
            fail_msg("%s product_s8: %zu rows of %zu, row %zu, output %zu is %d, not %d", level->level, rows, k,
                     i / out_stride, i % out_stride, (int)got[i], (int)want[i]);
    free(from);
    free(panel);
    free(want);
    free(got);
}

static void products(const tw_kernels *level)
{
    static const size_t rows[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 33};
    static const size_t ks[] = {1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 64, 1176, 1279};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
            for (size_t gap = 0; gap < 10; gap += 9)
                for (int extreme = 0; extreme < 2; extreme++)
                    check_product(level, rows[r], ks[i], gap, extreme);
    check_product(level, 9, 8960, 0, true);
    check_product(level, 2, 65536, 0, true);
}

static void test_int8(void **state)
{
    (void)state;
    each_level(quantisings);
    each_level(dequantisings);
    each_level(products);
}

/* The specification by hand. */
static void test_int8_specification(void **state)
{
    (void)state;
    uint8_t out[4];
    int zero;
    const float row4[4] = {-1.0f, 0.0f, 1.53f, 0.015f}; /* a spread of 2.53 */
    assert_true(tw_kernels_scalar.quantize(out, row4, 4, 255, &zero) == 2.53f / 254.0f);
    assert_int_equal(zero, 100); /* 100.4 */
    assert_int_equal(out[0], 0);
    assert_int_equal(out[1], 100);
    assert_int_equal(out[2], 254); /* 153.6 */
    assert_int_equal(out[3], 102); /* 1.506 */
    const float above[4] = {5, 0, 2.5f, 126};
    assert_true(tw_kernels_scalar.quantize(out, above, 4, 127, &zero) == 1.0f);
    assert_int_equal(zero, 0);
    assert_int_equal(out[0], 5);
    assert_int_equal(out[1], 0);
    assert_int_equal(out[2], 2); /* as near to 3: the even one */
    assert_int_equal(out[3], 126);
    const int32_t sums[2] = {128 * 5 + 3, -7};
    const float scales_of[2] = {0.5f, 4.0f}, totals[2] = {5, 0};
    float back[2];
    tw_kernels_scalar.dequantize(back, sums, scales_of, totals, 2, 0.25f, 128);
    assert_true(back[0] == 3 * 0.125f && back[1] == -7.0f);
    int8_t panel[2 * 4 * TW_PANEL] = {0};
    int32_t product[TW_PANEL];
    const uint8_t x5[5] = {1, 2, 3, 4, 200};
    panel[4 * 9 + 0] = 10; /* output 9, inputs 0, 3 and 4 */
    panel[4 * 9 + 3] = -1;
    panel[4 * TW_PANEL + 4 * 9] = -100;
    tw_kernels_scalar.product_s8(product, TW_PANEL, x5, 5, panel, 1, 5);
    assert_int_equal(product[9], 10 - 4 - 20000);
    assert_int_equal(product[8], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int8),
        cmocka_unit_test(test_int8_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
