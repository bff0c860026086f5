/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every level of every kernel that this machine runs against the scalar specification: row lengths around the vector
 * widths, guard floats on both sides, extreme values. Tolerances are derived: a kernel of a few operations may be off by
 * a few units in the last place (2^-23) of its largest intermediate; sums grow with the square root of the length.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/layout.h"
#include "kernels/kernels.h"
#include "testing.h"

#define GUARD 8
#define LONGEST 5200
#define ULP 0x1p-23

static const size_t lengths[] = {1,  2,  3,  7,  8,   9,   15,  16,   17,   31,   32,  33,
                                 40, 63, 64, 65, 127, 128, 129, 1000, 1279, 1280, 5120};
#define LENGTHS (sizeof lengths / sizeof *lengths)

/* A row with guard floats around it. */
typedef struct {
    float values[GUARD + LONGEST + GUARD];
} row;

static row x, y, weight, bias, expected, found;

static const float guard = 12345.678f;

static float *of(row *r)
{
    return r->values + GUARD;
}

static float random_float(uint32_t *seed, float scale)
{
    *seed = *seed * 1664525u + 1013904223u;
    return ((float)(*seed >> 8) / 8388608.0f - 1.0f) * scale;
}

static void fill(row *r, size_t n, uint32_t seed, float scale)
{
    for (size_t i = 0; i < GUARD + LONGEST + GUARD; i++)
        r->values[i] = guard;
    for (size_t i = 0; i < n; i++)
        r->values[GUARD + i] = random_float(&seed, scale);
}

static void check_guards(const row *r, size_t n, const char *what)
{
    for (size_t i = 0; i < GUARD; i++)
        if (r->values[i] != guard || r->values[GUARD + n + i] != guard)
            fail_msg("%s wrote outside its row of %zu", what, n);
}

/* |a - b| <= tolerance * max(1, |b|), infinities and NaN alike. */
static void check(const row *a, const row *b, size_t n, double tolerance, const char *level, const char *what)
{
    check_guards(a, n, what);
    for (size_t i = 0; i < n; i++) {
        double got = (double)a->values[GUARD + i];
        double want = (double)b->values[GUARD + i];
        if (isnan(want) ? !isnan(got) : got != want && !(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
            fail_msg("%s %s: n %zu, element %zu is %.9g, not %.9g", level, what, n, i, got, want);
    }
}

static const float scales[] = {1e-3f, 1.0f, 30.0f};

/* Calls `body` for every level above scalar that runs here. */
static void each_level(void (*body)(const tw_kernels *level))
{
    size_t run = 0;
    for (size_t i = 1; tw_kernels_level(i); i++) {
        const tw_kernels *level = tw_kernels_level(i);
        if (!tw_kernels_can_run(level)) {
            print_message("%s: skipped, this machine cannot run it\n", level->level);
            continue;
        }
        body(level);
        run++;
    }
    if (run == 0)
        skip();
}

static void norms(const tw_kernels *level)
{
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t n = lengths[l];
        double tolerance = ULP * (8 + 2 * sqrt((double)n));
        for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
            fill(&x, n, 1 + (uint32_t)n, scales[s]);
            fill(&weight, n, 2, 1);
            fill(&bias, n, 3, 1);
            fill(&expected, 0, 0, 0);
            fill(&found, 0, 0, 0);
            tw_kernels_scalar.layer_norm(of(&expected), of(&x), of(&weight), of(&bias), n, 1e-6f);
            level->layer_norm(of(&found), of(&x), of(&weight), of(&bias), n, 1e-6f);
            /* A row of one value, or of nearly equal ones, is all cancellation: only what epsilon lets through. */
            check(&found, &expected, n, n < 4 ? 2e-3 : tolerance, level->level, "layer_norm");
            tw_kernels_scalar.rms_norm(of(&expected), of(&x), of(&weight), n, 1e-6f);
            level->rms_norm(of(&found), of(&x), of(&weight), n, 1e-6f);
            check(&found, &expected, n, tolerance, level->level, "rms_norm");
        }
    }
}

/* Values at which activations are hard: zeros, tiny, huge, infinite. */
static void put_extremes(row *r, size_t n)
{
    static const float extremes[] = {0.0f, -0.0f, 1e-30f, -1e-30f, 1e30f, -1e30f, 88.0f, -88.0f, 104.0f, -104.0f};
    for (size_t i = 0; i < n && i < sizeof extremes / sizeof *extremes; i++)
        of(r)[n - 1 - i] = extremes[i];
}

static void activations(const tw_kernels *level)
{
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t n = lengths[l];
        for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
            fill(&x, n, 5 + (uint32_t)n, scales[s]);
            put_extremes(&x, n);
            fill(&y, n, 6, 1);
            memcpy(&expected, &x, sizeof x);
            memcpy(&found, &x, sizeof x);
            tw_kernels_scalar.quick_gelu(of(&expected), n);
            level->quick_gelu(of(&found), n);
            check(&found, &expected, n, 8 * ULP, level->level, "quick_gelu");
            memcpy(&expected, &x, sizeof x);
            memcpy(&found, &x, sizeof x);
            tw_kernels_scalar.gelu(of(&expected), n);
            level->gelu(of(&found), n);
            check(&found, &expected, n, 8 * ULP, level->level, "gelu");
            memcpy(&expected, &x, sizeof x);
            memcpy(&found, &x, sizeof x);
            tw_kernels_scalar.silu_times(of(&expected), of(&y), n);
            level->silu_times(of(&found), of(&y), n);
            check(&found, &expected, n, 8 * ULP, level->level, "silu_times");
        }
    }
}

static void softmaxes(const tw_kernels *level)
{
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t n = lengths[l];
        for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
            fill(&x, n, 9 + (uint32_t)n, scales[s]);
            memcpy(&expected, &x, sizeof x);
            memcpy(&found, &x, sizeof x);
            tw_kernels_scalar.softmax(of(&expected), n, 0.125f);
            level->softmax(of(&found), n, 0.125f);
            check(&found, &expected, n, 8 * ULP, level->level, "softmax");
            double sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += (double)of(&found)[i];
            assert_true(fabs(sum - 1) < 1e-5);
        }
        /* One key far above the others takes everything. */
        fill(&found, n, 1, 1);
        of(&found)[n / 2] = 1e30f;
        level->softmax(of(&found), n, 1.0f);
        assert_true(of(&found)[n / 2] == 1.0f);
    }
}

static void rotations(const tw_kernels *level)
{
    static const size_t halves[] = {1, 2, 4, 7, 8, 16, 20, 40, 64};
    for (size_t h = 0; h < sizeof halves / sizeof *halves; h++) {
        size_t half = halves[h];
        fill(&x, 2 * half, 11, 3);
        for (size_t j = 0; j < half; j++) {
            of(&weight)[j] = cosf(0.3f * (float)j);
            of(&bias)[j] = sinf(0.3f * (float)j);
        }
        memcpy(&expected, &x, sizeof x);
        memcpy(&found, &x, sizeof x);
        tw_kernels_scalar.rotate(of(&expected), of(&weight), of(&bias), half);
        level->rotate(of(&found), of(&weight), of(&bias), half);
        check(&found, &expected, 2 * half, 6 * ULP, level->level, "rotate");
    }
}

static void sums(const tw_kernels *level)
{
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t n = lengths[l];
        fill(&x, n, 13, 1);
        fill(&y, n, 14, 1);
        double difference = (double)tw_kernels_scalar.dot(of(&x), of(&y), n) - (double)level->dot(of(&x), of(&y), n);
        assert_true(fabs(difference) <= ULP * (4 + (double)n));
    }
}

static void test_norms(void **state)
{
    (void)state;
    each_level(norms);
}

static void test_activations(void **state)
{
    (void)state;
    each_level(activations);
}

static void test_softmax(void **state)
{
    (void)state;
    each_level(softmaxes);
}

static void test_rotate(void **state)
{
    (void)state;
    each_level(rotations);
}

static void test_sums(void **state)
{
    (void)state;
    each_level(sums);
}

/* A f32 of those bits. */
static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Ties to both sides and one unit beside them, the largest finite, infinities, NaN of every kind, denormals, zeros. */
static const uint32_t hard_bits[] = {
    0x3f808000, 0x3f818000, 0x3f807fff, 0x3f808001, 0x3f817fff, 0x3f818001, 0x7f7fffff, 0xff7fffff, 0x7f7f8000,
    0x7f7f7fff, 0x7f800000, 0xff800000, 0x7f800001, 0xff800001, 0x7fbfffff, 0x7fc00000, 0xffffffff, 0x7fff8000,
    0x00000001, 0x80000001, 0x00008000, 0x00018000, 0x007fffff, 0x807fffff, 0x00800000, 0x00000000, 0x80000000};

/* The same bits as the scalar kernel's, which is tw_bf16_from_f32; nothing outside the row. */
static void check_rounding(const tw_kernels *level, const float *from, size_t n)
{
    uint16_t want[LONGEST];
    uint16_t got[LONGEST + 2 * GUARD];
    memset(got, 0x5a, sizeof got);
    tw_kernels_scalar.round_bf16(want, from, n);
    level->round_bf16(got + GUARD, from, n);
    for (size_t i = 0; i < n; i++)
        if (got[GUARD + i] != want[i])
            fail_msg("%s round_bf16: n %zu, %a is %04x, not %04x", level->level, n, (double)from[i], got[GUARD + i],
                     want[i]);
    for (size_t i = 0; i < GUARD; i++)
        if (got[i] != 0x5a5a || got[GUARD + n + i] != 0x5a5a)
            fail_msg("%s round_bf16 wrote outside its row of %zu", level->level, n);
}

static void check_widening(const tw_kernels *level, const uint16_t *from, size_t n)
{
    fill(&expected, 0, 0, 0);
    fill(&found, 0, 0, 0);
    tw_kernels_scalar.widen_bf16(of(&expected), from, n);
    level->widen_bf16(of(&found), from, n);
    check_guards(&found, n, "widen_bf16");
    if (memcmp(of(&found), of(&expected), n * sizeof(float)) != 0)
        fail_msg("%s widen_bf16: n %zu differs", level->level, n);
}

static void roundings(const tw_kernels *level)
{
    uint16_t halves[LONGEST];
    uint32_t seed = 17;
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t n = lengths[l];
        /* Bit patterns of every kind; then each hard one at each place. */
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            of(&x)[i] = from_bits(seed ^ seed << 13);
            halves[i] = (uint16_t)(seed >> 16);
        }
        check_rounding(level, of(&x), n);
        check_widening(level, halves, n);
        for (size_t h = 0; h < sizeof hard_bits / sizeof *hard_bits; h++) {
            for (size_t i = 0; i < n; i++)
                of(&x)[i] = from_bits(hard_bits[(h + i) % (sizeof hard_bits / sizeof *hard_bits)]);
            check_rounding(level, of(&x), n);
        }
    }
    for (uint32_t first = 0; first < 0x10000; first += 0x1000) {
        for (uint32_t i = 0; i < 0x1000; i++)
            halves[i] = (uint16_t)(first + i);
        check_widening(level, halves, 0x1000);
        check_rounding(level, of(&found), 0x1000);
    }
}

static void test_bf16(void **state)
{
    (void)state;
    each_level(roundings);
}

/* ---- int8: the same bits at every level ------------------------------------------------------------------------- */

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
            for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
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

/* The scalar kernels against their formulas, at points known by heart. */
static void test_specification(void **state)
{
    (void)state;
    float value[2] = {1.0f, -1.0f};
    tw_kernels_scalar.quick_gelu(value, 2);
    assert_float_equal(value[0], 0.84579577f, 1e-6f);
    assert_float_equal(value[1], -0.15420423f, 1e-6f);
    value[0] = 1.0f;
    tw_kernels_scalar.gelu(value, 1);
    assert_float_equal(value[0], 0.84134475f, 1e-6f);
    float gate = 1.0f;
    const float up = 2.0f;
    tw_kernels_scalar.silu_times(&gate, &up, 1);
    assert_float_equal(gate, 1.4621172f, 1e-6f);
    float scores[2] = {0.0f, 2.0f};
    tw_kernels_scalar.softmax(scores, 2, 0.5f);
    assert_float_equal(scores[1], 0.73105858f, 1e-6f);
    /* 1 + 2^-8 and 1 + 3 * 2^-8 lie between two neighbours: to the even one, down and up. */
    static const uint32_t bits[] = {0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff,
                                    0xff800000, 0x7f800001, 0x00008001};
    static const uint16_t rounded[] = {0x3f80, 0x3f82, 0x3f81, 0x7f80, 0xff80, 0x7fc0, 0x0001};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        uint16_t half;
        float from = from_bits(bits[i]);
        tw_kernels_scalar.round_bf16(&half, &from, 1);
        assert_int_equal(half, rounded[i]);
    }
}

/* ---- what stands in loops around products ------------------------------------------------------------------------ */

static void additions(const tw_kernels *level)
{
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t n = lengths[l];
        fill(&x, n, 21 + (uint32_t)n, 30);
        fill(&y, n, 22, 1);
        memcpy(&expected, &x, sizeof x);
        memcpy(&found, &x, sizeof x);
        tw_kernels_scalar.add(of(&expected), of(&y), n);
        level->add(of(&found), of(&y), n);
        check(&found, &expected, n, 0, level->level, "add");
        tw_kernels_scalar.scale_add(of(&expected), 0.7f, of(&y), n);
        level->scale_add(of(&found), 0.7f, of(&y), n);
        /* Both terms are below 32: the rounding of a product that a fused one leaves out. */
        check(&found, &expected, n, 32 * ULP, level->level, "scale_add");
        memcpy(&found, &y, sizeof y);
        level->scale_add(of(&found), 0, of(&x), n);
        check(&found, &x, n, 0, level->level, "scale_add from 0");
    }
}

static void test_add(void **state)
{
    (void)state;
    each_level(additions);
}

#define MOST_K 600

static void panels(const tw_kernels *level)
{
    static uint16_t halves[MOST_K * TW_PANEL];
    static float want[MOST_K * TW_PANEL + GUARD];
    static float got[MOST_K * TW_PANEL + GUARD];
    uint32_t seed = 23;
    for (size_t i = 0; i < MOST_K * TW_PANEL; i++) {
        seed = seed * 1664525u + 1013904223u;
        halves[i] = (uint16_t)(seed >> 16);
    }
    for (size_t k = 2; k <= MOST_K; k += k < 40 ? 2 : 94) {
        size_t n = k * TW_PANEL;
        for (size_t i = 0; i < n + GUARD; i++)
            got[i] = guard;
        tw_kernels_scalar.widen_panel(want, halves, k);
        level->widen_panel(got, halves, k);
        if (memcmp(got, want, n * sizeof *got) != 0)
            fail_msg("%s widen_panel: k %zu differs", level->level, k);
        for (size_t i = 0; i < GUARD; i++)
            assert_true(got[n + i] == guard);
    }
}

static void test_widen_panel(void **state)
{
    (void)state;
    each_level(panels);
}

#define MOST_ROWS 30
#define C_STRIDE (TW_PANEL + GUARD)

static float product_a[MOST_ROWS * (MOST_K + 16)];
static float product_panel[MOST_K * TW_PANEL];
static float product_start[GUARD + MOST_ROWS * C_STRIDE]; /* c before the product */
static float product_c[GUARD + MOST_ROWS * C_STRIDE];

static void fill_product(void)
{
    uint32_t seed = 29;
    for (size_t i = 0; i < sizeof product_a / sizeof *product_a; i++)
        product_a[i] = random_float(&seed, 1);
    for (size_t i = 0; i < sizeof product_panel / sizeof *product_panel; i++)
        product_panel[i] = random_float(&seed, 1);
    for (size_t i = 0; i < sizeof product_c / sizeof *product_c; i++) {
        bool inside = i >= GUARD && (i - GUARD) % C_STRIDE < TW_PANEL;
        product_start[i] = inside ? random_float(&seed, 1) : guard;
    }
}

/* Element (i, j) in double, and as the chain of fused additions that it is at every level above scalar. */
static double multiply(size_t i, size_t j, size_t a_stride, size_t k, bool add, float *chain)
{
    float start = add ? product_start[GUARD + i * C_STRIDE + j] : 0;
    double sum = (double)start;
    *chain = start;
    for (size_t p = 0; p < k; p++) {
        float a = product_a[i * a_stride + p];
        float b = product_panel[p * TW_PANEL + j];
        sum += (double)a * (double)b;
        *chain = fmaf(a, b, *chain);
    }
    return sum;
}

/*
 * Every element to within twelve times what k roundings of partial sums near sqrt(k) / 3 come to (test_ops.c), and with
 * optimisation, which fuses, as the very chain. The last row and columns, and what lies around, are looked at always.
 */
static void check_f32_product(const tw_kernels *level, size_t rows, size_t columns, size_t k, size_t a_stride,
                              bool add)
{
    memcpy(product_c, product_start, sizeof product_c);
    /* What is fetched on the way is only read: any memory does. */
    const void *next = columns % 2 ? product_panel : NULL;
    level->product(product_c + GUARD, C_STRIDE, product_a, a_stride, rows, product_panel, columns, k, add, next,
                   k * TW_PANEL * sizeof(float));
    for (size_t i = 0; i < sizeof product_c / sizeof *product_c; i++) {
        size_t at = i < GUARD ? MOST_ROWS : (i - GUARD) / C_STRIDE;
        size_t column = i < GUARD ? 0 : (i - GUARD) % C_STRIDE;
        if ((at >= rows || column >= TW_PANEL) && product_c[i] != product_start[i])
            fail_msg("%s product wrote outside its %zu rows", level->level, rows);
        if (at >= rows || column >= columns)
            continue;
        float chain;
        double want = multiply(at, column, a_stride, k, add, &chain);
        bool good = fabs((double)product_c[i] - want) <= 0x1p-22 * (double)(4 + k);
#ifdef __OPTIMIZE__
        good = good && (level == &tw_kernels_scalar || product_c[i] == chain);
#endif
        if (!good)
            fail_msg("%s product: %zu rows of %zu (stride %zu) to %zu: %.9g at %zu, %zu, not %.9g", level->level,
                     rows, k, a_stride, columns, (double)product_c[i], at, column, want);
    }
}

static void f32_products(const tw_kernels *level)
{
    static const size_t ks[] = {1, 2, 3, 8, 31, 64, 129, 511, 512, 513, 600};
    static const size_t some_rows[] = {1, 6, 13, 14, 15, 30};
    fill_product();
    for (size_t rows = 1; rows <= MOST_ROWS; rows++)
        for (size_t columns = 1; columns <= TW_PANEL; columns++)
            check_f32_product(level, rows, columns, 5, 5 + columns % 3, columns % 2);
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
        for (size_t r = 0; r < sizeof some_rows / sizeof *some_rows; r++) {
            size_t stride = ks[i] <= TW_STRIDE && r % 2 ? TW_STRIDE : ks[i] + r;
            check_f32_product(level, some_rows[r], i % 2 ? TW_PANEL : 33 + i, ks[i], stride, r % 3);
        }
}

static void test_product(void **state)
{
    (void)state;
    f32_products(&tw_kernels_scalar);
    each_level(f32_products);
}

/* One block after another, by the level and by the scalar kernel. The sum may be off by what its length allows. */
static void weigh_blocks(const tw_kernels *level, const size_t *blocks, size_t count, float scale)
{
    static float values[LONGEST];
    static double weights[LONGEST]; /* as they stand so far, scaled like the last block */
    float maximum = -INFINITY;
    float sum = 0;
    float want_maximum = -INFINITY;
    float want_sum = 0;
    size_t n = 0;
    for (size_t b = 0; b < count; b++) {
        fill(&x, blocks[b], 31 + (uint32_t)b, b % 2 ? 30 : 1);
        memcpy(values + n, of(&x), blocks[b] * sizeof *values);
        memcpy(&expected, &x, sizeof x);
        memcpy(&found, &x, sizeof x);
        float want = tw_kernels_scalar.weigh(of(&expected), blocks[b], scale, &want_maximum, &want_sum);
        float factor = level->weigh(of(&found), blocks[b], scale, &maximum, &sum);
        check(&found, &expected, blocks[b], 8 * ULP, level->level, "weigh");
        assert_true(maximum == want_maximum);
        assert_true(fabs((double)factor - (double)want) <= 8 * ULP);
        for (size_t i = 0; i < n; i++)
            weights[i] *= (double)factor;
        for (size_t i = 0; i < blocks[b]; i++)
            weights[n + i] = (double)of(&found)[i];
        n += blocks[b];
    }
    double total = 0;
    double largest = -INFINITY;
    for (size_t i = 0; i < n; i++)
        largest =
            (double)values[i] > largest ? (double)values[i] : largest; /* gcc 12 for aarch64 dies of fmax here */
    for (size_t i = 0; i < n; i++)
        total += exp((double)scale * ((double)values[i] - largest));
    /* Each block's factor and sum are a few units off. */
    double tolerance = ULP * (16 + 8 * (double)count);
    if (!(fabs((double)sum - total) <= tolerance * fmax(1, total)))
        fail_msg("%s weigh: the sum of %zu blocks is %.9g, not %.9g", level->level, count, (double)sum, total);
    for (size_t i = 0; i < n; i++)
        assert_true(fabs(weights[i] - exp((double)scale * ((double)values[i] - largest))) <= tolerance);
}

static void weights(const tw_kernels *level)
{
    for (size_t l = 0; l < LENGTHS; l++)
        weigh_blocks(level, &lengths[l], 1, 0.125f);
    weigh_blocks(level, (const size_t[]){512, 512, 512, 77}, 4, 0.125f);
    weigh_blocks(level, (const size_t[]){1, 0, 1, 40, 0, 33}, 6, 1.0f);
    weigh_blocks(level, (const size_t[]){0, 0, 17}, 3, 0.1f);
    /* Nothing seen yet, and nothing seen now. */
    float maximum = -INFINITY;
    float sum = 0;
    assert_true(level->weigh(of(&x), 0, 1, &maximum, &sum) == 1);
    assert_true(maximum == -INFINITY && sum == 0);
    /* What came before counts for nothing beside a value far above it, and the other way round. */
    float value = 3;
    assert_true(level->weigh(&value, 1, 1, &maximum, &sum) <= 0x1p-100f);
    assert_true(maximum == 3 && sum == 1 && value == 1);
    value = 1e30f;
    assert_true(level->weigh(&value, 1, 1, &maximum, &sum) <= 0x1p-100f);
    assert_true(maximum == 1e30f && sum == 1 && value == 1);
    value = 0;
    assert_true(level->weigh(&value, 1, 1, &maximum, &sum) == 1);
    assert_true(maximum == 1e30f && sum == 1 && value <= 0x1p-100f);
}

static void test_weigh(void **state)
{
    (void)state;
    weights(&tw_kernels_scalar);
    each_level(weights);
}

/* What is no number stays none: a fault of the weights shows in the vector. */
static void faults(const tw_kernels *level)
{
    static const size_t ns[] = {1, 7, 16, 40, 64};
    static const float bad[] = {NAN, INFINITY};
    for (size_t i = 0; i < sizeof ns / sizeof *ns; i++)
        for (size_t place = 0; place < ns[i]; place += 3)
            for (size_t b = 0; b < 2; b++) {
                float maximum = -INFINITY;
                float sum = 0;
                fill(&x, ns[i], 37, 1);
                of(&x)[place] = bad[b];
                (void)level->weigh(of(&x), ns[i], 0.1f, &maximum, &sum);
                assert_true(isnan(sum) && isnan(of(&x)[place]));
                check_guards(&x, ns[i], "weigh");
            }
}

static void test_not_finite(void **state)
{
    (void)state;
    faults(&tw_kernels_scalar);
    each_level(faults);
}

/* An element has the same bits wherever a row is cut into whole panels. */
static void cuts(const tw_kernels *level)
{
    const size_t n = 5 * TW_PANEL + 37;
    fill(&x, n, 41, 5);
    fill(&y, n, 42, 5);
    for (int kind = 0; kind < 5; kind++)
        for (size_t size = TW_PANEL; size < 6 * TW_PANEL; size += TW_PANEL) {
            memcpy(&expected, &x, sizeof x);
            memcpy(&found, &x, sizeof x);
            for (size_t whole = 0; whole < 2; whole++)
                for (size_t first = 0; first < n; first += whole ? n : size) {
                    size_t count = whole ? n : n - first < size ? n - first : size;
                    float *at = of(whole ? &expected : &found) + first;
                    if (kind == 0)
                        level->quick_gelu(at, count);
                    else if (kind == 1)
                        level->gelu(at, count);
                    else if (kind == 2)
                        level->silu_times(at, of(&y) + first, count);
                    else if (kind == 3)
                        level->add(at, of(&y) + first, count);
                    else
                        level->scale_add(at, 0.3f, of(&y) + first, count);
                }
            if (memcmp(&expected, &found, sizeof found) != 0)
                fail_msg("%s: kernel %d gives other bits in pieces of %zu", level->level, kind, size);
        }
}

static void test_anywhere(void **state)
{
    (void)state;
    cuts(&tw_kernels_scalar);
    each_level(cuts);
}

/* ---- tiles --------------------------------------------------------------------------------------------------------- */

/* Random bf16 in `n` elements, the rest of the memory no numbers, so that a read of it shows. */
static void fill_halves(uint16_t *at, size_t n, size_t all, uint32_t seed)
{
    for (size_t i = 0; i < all; i++)
        at[i] = i < n ? tw_bf16_from_f32(random_float(&seed, 1)) : 0x7fff;
}

static void check_tile_product(const tw_kernels *level, size_t rows, size_t columns, size_t k, bool add)
{
    const size_t stride = k + 6;
    const size_t width = (columns + 15) / 16 * 16;
    const size_t c_stride = width + 3;
    const size_t depth = (k + 31) / 32 * 32;
    const size_t panels = (columns + 63) / 64;
    /* One panel more, which is fetched and not read. */
    uint16_t *a = malloc(rows * stride * sizeof *a);
    uint16_t *b = malloc((panels + 1) * depth * 64 * sizeof *b);
    float *c[2] = {malloc((rows * c_stride + GUARD) * sizeof **c), malloc((rows * c_stride + GUARD) * sizeof **c)};
    assert_true(a && b && c[0] && c[1]);
    fill_halves(a, 0, rows * stride, 1);
    for (size_t i = 0; i < rows; i++)
        fill_halves(a + i * stride, k, k, 2 + (uint32_t)i);
    fill_halves(b, panels * depth * 64, (panels + 1) * depth * 64, 3);
    for (size_t i = k; i < depth; i++)
        for (size_t j = 0; j < panels * 64; j++)
            b[j / 64 * depth * 64 + i / 2 * 128 + j % 64 * 2 + i % 2] = 0;
    for (size_t i = 0; i < rows * c_stride + GUARD; i++)
        c[0][i] = c[1][i] = i % c_stride < width && i < rows * c_stride ? (float)(i % 7) : guard;
    tw_tile_product of = {.c = c[0], .c_stride = c_stride, .a = a, .a_stride = stride, .rows = rows, .panels = b};
    of.panel_stride = depth * 64;
    of.columns = columns;
    of.k = k;
    of.add = add;
    tw_tile_scalar.product(&of);
    of.c = c[1];
    of.next = b;
    of.next_bytes = depth * 128;
    level->tiles->product(&of);
    double tolerance = 2 * ULP * (4 + (double)k);
    for (size_t i = 0; i < rows * c_stride + GUARD; i++) {
        bool inside = i < rows * c_stride && i % c_stride < columns;
        bool outside = i >= rows * c_stride || i % c_stride >= width;
        if ((inside && !(fabs((double)c[1][i] - (double)c[0][i]) <= tolerance)) || (outside && c[1][i] != guard))
            fail_msg("%s: %zu rows of %zu to %zu: element %zu is %.9g, not %.9g", level->level, rows, k, columns, i,
                     (double)c[1][i], (double)c[0][i]);
    }
    for (int i = 0; i < 2; i++)
        free(c[i]);
    free(a);
    free(b);
}

static void bf16_products(const tw_kernels *level)
{
    static const size_t rows[] = {1, 2, 15, 16, 17, 31, 32, 33, 48, 63, 64, 97};
    static const size_t columns[] = {1, 16, 17, 32, 33, 48, 64, 80, 128, 130, 256};
    static const size_t depths[] = {1, 2, 24, 31, 32, 33, 64, 80, 96, 520};
    if (!level->tiles)
        return;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++)
            for (size_t l = 0; l < sizeof depths / sizeof *depths; l++)
                check_tile_product(level, rows[i], columns[j], depths[l], (i + j + l) % 2 == 1);
}

/* Sums of bytes are exact: the same numbers, whatever stands behind the rows' ends. */
static void check_byte_product(const tw_kernels *level, size_t rows, size_t columns, size_t k, bool add)
{
    const size_t stride = k + 5;
    const size_t width = (columns + 15) / 16 * 16;
    const size_t c_stride = width + 3;
    const size_t depth = (k + 63) / 64 * 64;
    const size_t panels = (columns + 63) / 64;
    const size_t count = rows * c_stride + GUARD;
    uint8_t *a = malloc(rows * stride);
    int8_t *b = malloc(panels * depth * 64);
    int32_t *c[2] = {malloc(count * sizeof **c), malloc(count * sizeof **c)};
    assert_true(a && b && c[0] && c[1]);
    uint32_t seed = (uint32_t)(rows + columns + k);
    for (size_t i = 0; i < rows * stride; i++)
        a[i] = (uint8_t)(127.5f + 127.5f * random_float(&seed, 1));
    for (size_t i = 0; i < panels * depth * 64; i++)
        b[i] = i % (depth * 64) / 256 * 4 + i % 4 < k ? (int8_t)(127 * random_float(&seed, 1)) : 0;
    for (size_t i = 0; i < count; i++)
        c[0][i] = c[1][i] = (int32_t)(i % 7) - 3;
    tw_tile_product of = {.c = c[0], .c_stride = c_stride, .a = a, .a_stride = stride, .rows = rows, .panels = b};
    of.panel_stride = depth * 64;
    of.columns = columns;
    of.k = k;
    of.add = add;
    of.bytes = true;
    tw_tile_scalar.product(&of);
    of.c = c[1];
    level->tiles->product(&of);
    for (size_t i = 0; i < count; i++) {
        bool inside = i < rows * c_stride && i % c_stride < columns;
        bool outside = i >= rows * c_stride || i % c_stride >= width;
        if ((inside || outside) && c[1][i] != c[0][i])
            fail_msg("%s: bytes, %zu rows of %zu to %zu: element %zu is %d, not %d", level->level, rows, k, columns,
                     i, (int)c[1][i], (int)c[0][i]);
    }
    for (int i = 0; i < 2; i++)
        free(c[i]);
    free(a);
    free(b);
}

static void byte_products(const tw_kernels *level)
{
    static const size_t rows[] = {1, 15, 16, 17, 32, 33, 64, 97};
    static const size_t columns[] = {1, 16, 17, 32, 48, 64, 80, 256};
    static const size_t depths[] = {1, 4, 63, 64, 65, 80, 128, 1030};
    if (!level->tiles)
        return;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++)
            for (size_t l = 0; l < sizeof depths / sizeof *depths; l++)
                check_byte_product(level, rows[i], columns[j], depths[l], (i + j + l) % 2 == 1);
}

static void bf16_weights(const tw_kernels *level)
{
    static uint16_t out[2][LONGEST + 64];
    if (!level->tiles)
        return;
    for (size_t l = 0; l < LENGTHS; l++)
        for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
            size_t n = lengths[l];
            size_t padded = (n + 31) / 32 * 32 + (l % 2) * 32;
            float maximum[2] = {-INFINITY, -INFINITY};
            float sum[2] = {0, 0};
            for (int turn = 0; turn < 2; turn++) { /* the second one with a larger score before it, or not */
                fill(&x, n, 5 + (uint32_t)(n + s) + (uint32_t)turn, scales[s]);
                memset(out, 0x11, sizeof out);
                float want = tw_tile_scalar.weigh(out[0], of(&x), n, padded, 0.125f, &maximum[0], &sum[0]);
                float got = level->tiles->weigh(out[1], of(&x), n, padded, 0.125f, &maximum[1], &sum[1]);
                assert_true(maximum[0] == maximum[1]);
                assert_true(fabs((double)got - (double)want) <= 8 * ULP);
                /* Each weight is within a unit of bf16, the sum of rounded ones within a part of that. */
                assert_true(fabs((double)sum[1] - (double)sum[0]) <= 0x1p-8 * (double)sum[0]);
                for (size_t i = 0; i < LONGEST + 64; i++) {
                    double difference =
                        fabs((double)tw_f32_from_bf16(out[1][i]) - (double)tw_f32_from_bf16(out[0][i]));
                    if (i < n ? difference > 0x1p-7 * (double)tw_f32_from_bf16(out[0][i]) : out[1][i] != out[0][i])
                        fail_msg("%s: weight %zu of %zu is %x, not %x", level->level, i, n, out[1][i], out[0][i]);
                }
            }
            float before[2] = {maximum[1], sum[1]};
            assert_true(level->tiles->weigh(out[1], of(&x), 0, 32, 0.125f, &maximum[1], &sum[1]) == 1.0f);
            assert_true(maximum[1] == before[0] && sum[1] == before[1] && out[1][0] == 0 && out[1][31] == 0);
        }
    fill(&x, 40, 1, 1);
    of(&x)[37] = NAN;
    float maximum = -INFINITY;
    float sum = 0;
    (void)level->tiles->weigh(out[1], of(&x), 40, 64, 1, &maximum, &sum);
    assert_true(isnan(sum) && isnan(tw_f32_from_bf16(out[1][37])) && !isnan(tw_f32_from_bf16(out[1][36])));
}

static void bf16_packing(const tw_kernels *level)
{
    static uint16_t rows[64 * 134], panels[2][128 * 64 + GUARD], pairs[2][2 * 64 + GUARD];
    if (!level->tiles)
        return;
    fill_halves(rows, sizeof rows / sizeof *rows, sizeof rows / sizeof *rows, 9);
    for (size_t count = 0; count <= 64; count += count % 16 == 1 ? 15 : 1)
        for (size_t depth = 2; depth <= 128; depth += 42) {
            memset(panels, 0x22, sizeof panels);
            tw_tile_scalar.put_columns(panels[0], rows, 134, count, depth);
            level->tiles->put_columns(panels[1], rows, 134, count, depth);
            assert_memory_equal(panels[1], panels[0], sizeof *panels);
        }
    for (size_t n = 1; n <= 64; n++)
        for (int which = 0; which < 4; which++) {
            fill(&x, n, 3, 1);
            fill(&y, n, 4, 1);
            put_extremes(&x, n);
            of(&y)[0] = NAN;
            memset(pairs, 0x22, sizeof pairs);
            tw_tile_scalar.put_pairs(pairs[0], which & 1 ? of(&x) : NULL, which & 2 ? of(&y) : NULL, n);
            level->tiles->put_pairs(pairs[1], which & 1 ? of(&x) : NULL, which & 2 ? of(&y) : NULL, n);
            assert_memory_equal(pairs[1], pairs[0], sizeof *pairs);
        }
    for (size_t l = 0; l < LENGTHS; l++)
        for (int which = 0; which < 4; which++) {
            size_t n = lengths[l];
            fill(&x, n, 3, 1);
            fill(&bias, n, 4, 1);
            fill(&expected, n, 5, 1);
            fill(&found, n, 5, 1);
            tw_tile_scalar.finish(of(&expected), of(&x), which & 1 ? of(&bias) : NULL, n, which & 2);
            level->tiles->finish(of(&found), of(&x), which & 1 ? of(&bias) : NULL, n, which & 2);
            assert_memory_equal(&found, &expected, sizeof found);
        }
}

static void test_tiles(void **state)
{
    (void)state;
    each_level(bf16_products);
    each_level(byte_products);
    each_level(bf16_weights);
    each_level(bf16_packing);
}

/* Levels are found by their names, in order; the best one runs. */
static void test_levels(void **state)
{
    (void)state;
    static const char *const names[] = {
#define NAME(name, text) text,
        TW_LEVEL_MAP(NAME)
#undef NAME
    };
    size_t count = sizeof names / sizeof *names;
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(tw_kernels_level(i)->level, names[i]);
        assert_ptr_equal(tw_kernels_named(names[i]), tw_kernels_level(i));
    }
    assert_null(tw_kernels_level(count));
    assert_null(tw_kernels_named("avx"));
    assert_true(tw_kernels_can_run(&tw_kernels_scalar));
    assert_true(tw_kernels_can_run(tw_kernels_best()));
#if defined(__x86_64__)
    const tw_kernels *wide = tw_kernels_named("avx512");
    const tw_kernels *native = tw_kernels_named("avx512_bf16");
    assert_non_null(native);
    assert_ptr_equal(native->product, wide->product);
    assert_ptr_equal(tw_kernels_named("amx")->product, wide->product);
    assert_true(tw_kernels_can_run(native) || !tw_kernels_can_run(tw_kernels_named("amx")));
    assert_true(tw_kernels_can_run(wide) || !tw_kernels_can_run(native));
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specification),
        cmocka_unit_test(test_norms),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_rotate),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_bf16),
        cmocka_unit_test(test_int8),
        cmocka_unit_test(test_int8_specification),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_widen_panel),
        cmocka_unit_test(test_product),
        cmocka_unit_test(test_weigh),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_anywhere),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
