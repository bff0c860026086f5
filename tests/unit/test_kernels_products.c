/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels against the scalar specification, as in test_kernels.c: rounding to bf16 and widening, products of panels, and
 * the weights of attention.
 */
#include <math.h>
#include <string.h>

#include "base/layout.h"
#include "kernel_rows.h"
#include "testing.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bf16),  cmocka_unit_test(test_widen_panel), cmocka_unit_test(test_product),
        cmocka_unit_test(test_weigh), cmocka_unit_test(test_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
