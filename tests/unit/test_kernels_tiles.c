/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of tiles (AMX) against their specification: products of bf16 and of bytes, weights of attention, packing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/layout.h"
#include "kernel_rows.h"
#include "testing.h"

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
        for (size_t s = 0; s < SCALES; s++) {
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

static bool runs_tiles(void)
{
    for (size_t i = 0; tw_kernels_level(i); i++)
        if (tw_kernels_level(i)->tiles && tw_kernels_can_run(tw_kernels_level(i)))
            return true;
    return false;
}

static void test_tiles(void **state)
{
    (void)state;
    if (!runs_tiles()) {
        print_message("skipped: no level that runs here has tiles\n");
        skip();
    }
    each_level(bf16_products);
    each_level(byte_products);
    each_level(bf16_weights);
    each_level(bf16_packing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
