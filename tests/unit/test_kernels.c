/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every level of every kernel that this machine runs against the scalar specification: row lengths around the vector
 * widths, guard floats on both sides, extreme values. Tolerances are derived: a kernel of a few operations may be off by
 * a few units in the last place (2^-23) of its largest intermediate; sums grow with the square root of the length. Here the
 * kernels of rows, and the levels themselves; products, int8 and tiles have files of their own.
 */
#include <math.h>
#include <string.h>

#include "kernel_rows.h"
#include "testing.h"

static void norms(const tw_kernels *level)
{
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t n = lengths[l];
        double tolerance = ULP * (8 + 2 * sqrt((double)n));
        for (size_t s = 0; s < SCALES; s++) {
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

static void activations(const tw_kernels *level)
{
    for (size_t l = 0; l < LENGTHS; l++) {
        size_t n = lengths[l];
        for (size_t s = 0; s < SCALES; s++) {
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
        for (size_t s = 0; s < SCALES; s++) {
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
        cmocka_unit_test(test_norms),  cmocka_unit_test(test_activations), cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_rotate), cmocka_unit_test(test_sums),        cmocka_unit_test(test_specification),
        cmocka_unit_test(test_add),    cmocka_unit_test(test_anywhere),    cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
