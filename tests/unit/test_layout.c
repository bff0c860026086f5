/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrices in blocked layouts, against the plainest reading of the notation: the tensor as nested loops, the outer
 * blocks first, then the inner blocks one inside the other, laying elements one behind the other.
 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/layout.h"
#include "base/memory.h"
#include "testing.h"

/* One loop of the nest: an axis (0 is in, 1 is out) and how often. */
typedef struct loop {
    int axis;
    int64_t count;
} loop;

typedef struct nest {
    const char *name;
    int loops; /* the first two are the outer ones */
    loop list[2 + TW_LAYOUT_BLOCKS];
    int64_t in, out;
} nest;

static const nest nests[] = {
    {"plain", 2, {{1, 5}, {0, 7}}, 7, 5},
    {"transposed", 2, {{0, 7}, {1, 5}}, 7, 5},
    {"one", 2, {{1, 1}, {0, 1}}, 1, 1},
    {"BA16a64b", 4, {{1, 3}, {0, 4}, {0, 16}, {1, 64}}, 64, 192},
    {"BA16a64b, ragged", 4, {{1, 3}, {0, 4}, {0, 16}, {1, 64}}, 50, 129},
    {"AB16a64b, ragged", 4, {{0, 4}, {1, 3}, {0, 16}, {1, 64}}, 63, 191},
    {"BA16b64a", 4, {{1, 12}, {0, 2}, {1, 16}, {0, 64}}, 128, 180},
    {"BA16a64b2a, ragged", 5, {{1, 5}, {0, 11}, {0, 16}, {1, 64}, {0, 2}}, 337, 300},
    {"BA16a64b4a, ragged", 5, {{1, 3}, {0, 2}, {0, 16}, {1, 64}, {0, 4}}, 100, 129},
    {"BA64b", 3, {{1, 9}, {0, 100}, {1, 64}}, 100, 570},
    {"AB8a8b2a2b", 6, {{0, 6}, {1, 40}, {0, 8}, {1, 8}, {0, 2}, {1, 2}}, 90, 635},
    {"AB3b5a7b", 5, {{0, 14}, {1, 13}, {1, 3}, {0, 5}, {1, 7}}, 68, 270},
    {"BA4096b", 3, {{1, 1}, {0, 3}, {1, 4096}}, 3, 1000},
};
#define NESTS (sizeof nests / sizeof *nests)

static tw_layout layout_of(const nest *from, tw_element element)
{
    tw_layout layout = {.element = element, .sizes = {from->in, from->out}, .padded = {1, 1}};
    int64_t inner = 1;
    for (int i = 0; i < from->loops; i++)
        layout.padded[from->list[i].axis] *= from->list[i].count;
    layout.blocks = from->loops - 2;
    for (int i = 0; i < layout.blocks; i++) {
        layout.block_size[i] = (int)from->list[2 + i].count;
        layout.block_axis[i] = from->list[2 + i].axis;
        inner *= from->list[2 + i].count;
    }
    layout.strides[from->list[1].axis] = inner;
    layout.strides[from->list[0].axis] = inner * from->list[1].count;
    return layout;
}

/* The value of W[o][i]: different for neighbours, and exact in every element. */
static float value_of(int64_t in, int64_t out)
{
    return (float)((in * 37 + out * 101) % 251 - 125);
}

/* Walks the nest from `depth` on, writing elements in the order in which the loops come to them. */
static void lay(const nest *from, int depth, const int64_t at[2], tw_element element, unsigned char **next)
{
    if (depth == from->loops) {
        bool inside = at[0] < from->in && at[1] < from->out;
        float value = inside ? value_of(at[0], at[1]) : NAN; /* what lies between is never to be read */
        uint16_t half = tw_bf16_from_f32(value);
        int8_t small = inside ? (int8_t)value : -128;
        const void *const parts[TW_ELEMENTS] = {&value, &half, &small};
        memcpy(*next, parts[element], tw_element_size(element));
        *next += tw_element_size(element);
        return;
    }
    const loop *own = &from->list[depth];
    int64_t step = 1; /* along the axis: what the loops inside walk through */
    for (int i = depth + 1; i < from->loops; i++)
        if (from->list[i].axis == own->axis)
            step *= from->list[i].count;
    for (int64_t i = 0; i < own->count; i++) {
        const int64_t there[2] = {at[0] + (own->axis == 0 ? i * step : 0), at[1] + (own->axis == 1 ? i * step : 0)};
        lay(from, depth + 1, there, element, next);
    }
}

static void expect_rows(const tw_layout *layout, const void *packed, int64_t first, int64_t count)
{
    int64_t in = layout->sizes[0];
    float *rows = tw_alloc((size_t)(count * in) + 1, sizeof *rows);
    rows[count * in] = 12345; /* a guard */
    tw_layout_unpack(layout, packed, first, count, rows);
    for (int64_t o = 0; o < count; o++)
        for (int64_t i = 0; i < in; i++)
            if (!(rows[o * in + i] == value_of(i, first + o)))
                fail_msg("W[%d][%d] is %g, not %g", (int)(first + o), (int)i, (double)rows[o * in + i],
                         (double)value_of(i, first + o));
    assert_true(rows[count * in] == 12345);
    tw_free(rows);
}

static void layouts_are_read(void **state)
{
    (void)state;
    for (size_t n = 0; n < TW_ELEMENTS * NESTS; n++) {
        const nest *from = &nests[n / TW_ELEMENTS];
        tw_layout layout = layout_of(from, (tw_element)(n % TW_ELEMENTS));
        if (!tw_layout_valid(&layout))
            fail_msg("%s is not valid", from->name);
        size_t bytes = tw_layout_bytes(&layout);
        unsigned char *packed = tw_alloc(bytes, 1); /* exactly, so that the sanitizer sees a read past the end */
        unsigned char *next = packed;
        lay(from, 0, (const int64_t[2]){0, 0}, layout.element, &next);
        assert_ptr_equal(next, packed + bytes);
        expect_rows(&layout, packed, 0, from->out);
        expect_rows(&layout, packed, from->out - 1, 1);
        expect_rows(&layout, packed, from->out / 2, 0);
        if (from->out > 66)
            expect_rows(&layout, packed, 33, from->out - 34);
        tw_free(packed);
    }
}

static void plain_is_rows(void **state)
{
    (void)state;
    static const float rows[2][3] = {{1, 2, 3}, {4, 5, 6}};
    tw_layout layout = tw_layout_plain(TW_ELEMENT_F32, 3, 2);
    tw_layout same = layout_of(&(nest){"", 2, {{1, 2}, {0, 3}}, 3, 2}, TW_ELEMENT_F32);
    float found[2][3];
    assert_true(tw_layout_equal(&layout, &same));
    assert_int_equal(tw_layout_bytes(&layout), sizeof rows);
    tw_layout_unpack(&layout, rows, 0, 2, found[0]);
    assert_memory_equal(found, rows, sizeof rows);
    same.element = TW_ELEMENT_BF16;
    assert_false(tw_layout_equal(&layout, &same));
    assert_int_equal(tw_layout_bytes(&same), sizeof rows / 2);
    same.element = TW_ELEMENT_I8;
    assert_int_equal(tw_layout_bytes(&same), sizeof rows / 4);
    assert_string_equal(tw_element_name(TW_ELEMENT_F32), "f32");
    assert_string_equal(tw_element_name(TW_ELEMENT_BF16), "bf16");
    assert_string_equal(tw_element_name(TW_ELEMENT_I8), "i8");
}

/* Each way in which a layout from a file can be wrong. */
static void wrong_layouts_are_refused(void **state)
{
    (void)state;
    const tw_layout good = layout_of(&nests[7], TW_ELEMENT_BF16);
    tw_layout bad[24];
    size_t count = 0;
    assert_true(tw_layout_valid(&good));
#define BAD(change) (bad[count] = good, bad[count].change, count++)
    BAD(element = TW_ELEMENTS);
    BAD(element = (tw_element)-1);
    BAD(blocks = -1);
    BAD(blocks = TW_LAYOUT_BLOCKS + 1);
    BAD(block_size[1] = 0);
    BAD(block_size[1] = -64);
    BAD(block_size[1] = 4097);
    BAD(block_size[1] = 32);
    BAD(block_axis[0] = 2);
    BAD(block_axis[0] = -1);
    BAD(block_axis[0] = 1);
    BAD(sizes[0] = 0);
    BAD(sizes[0] = -1);
    BAD(sizes[1] = INT64_MAX);
    BAD(sizes[0] = 353); /* more than are there */
    BAD(sizes[0] = 320); /* a whole block too many */
    BAD(padded[0] = 353);
    BAD(padded[1] = INT64_MAX);
    BAD(padded[1] = 384);
    BAD(strides[0] = 0);
    BAD(strides[0] = -2048);
    BAD(strides[1] = 2048);
    BAD(strides[1] = good.strides[1] + 1);
    BAD(strides[0] = INT64_MAX);
#undef BAD
    for (size_t i = 0; i < count; i++)
        if (tw_layout_valid(&bad[i]) || tw_layout_equal(&bad[i], &good))
            fail_msg("wrong layout %d is taken", (int)i);
    tw_layout huge = tw_layout_plain(TW_ELEMENT_F32, INT64_MAX, INT64_MAX);
    assert_false(tw_layout_valid(&huge));
    tw_layout empty = tw_layout_plain(TW_ELEMENT_F32, 0, 4);
    assert_false(tw_layout_valid(&empty));
}

/* Against the definition: of all bf16 numbers, the nearest; the even one of two that are as near. */
static void bf16_rounds_to_even(void **state)
{
    (void)state;
    static const struct {
        float from;
        uint16_t to;
    } examples[] = {
        {0.0f, 0x0000},
        {-0.0f, 0x8000},
        {1.0f, 0x3f80},
        {-2.0f, 0xc000},
        {1.00390625f, 0x3f80},     /* halfway between 0x3f80 and 0x3f81 */
        {1.01171875f, 0x3f82},     /* halfway between 0x3f81 and 0x3f82 */
        {1.00390637f, 0x3f81},     /* just above halfway */
        {0x1.fffffep127f, 0x7f80}, /* beyond the largest: infinity */
        {0x1.fep127f, 0x7f7f},     /* the largest */
        {INFINITY, 0x7f80},
        {-INFINITY, 0xff80},
        {0x1p-133f, 0x0001}, /* the least */
        {0x1p-134f, 0x0000},
        {0x1.8p-133f, 0x0002},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        assert_int_equal(tw_bf16_from_f32(examples[i].from), examples[i].to);
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        float value = tw_f32_from_bf16((uint16_t)bits);
        if (isnan(value))
            assert_true(isnan(tw_f32_from_bf16(tw_bf16_from_f32(value))));
        else
            assert_int_equal(tw_bf16_from_f32(value), bits);
    }
    uint32_t signalling = 0x7f800001u; /* its upper half alone would be infinity */
    float value;
    memcpy(&value, &signalling, sizeof value);
    assert_true(isnan(tw_f32_from_bf16(tw_bf16_from_f32(value))));
}

/* The largest matrix of the 2B checkpoint: says how long it takes. */
static void large_matrices_are_read(void **state)
{
    (void)state;
    static const nest large[] = {
        {"plain", 2, {{1, 1536}, {0, 8960}}, 8960, 1536},
        {"BA16a64b", 4, {{1, 24}, {0, 560}, {0, 16}, {1, 64}}, 8960, 1536},
        {"BA16a64b2a", 5, {{1, 140}, {0, 48}, {0, 16}, {1, 64}, {0, 2}}, 1536, 8960},
    };
    for (size_t n = 0; n < 3; n++) {
        tw_layout layout = layout_of(&large[n], TW_ELEMENT_BF16);
        assert_true(tw_layout_valid(&layout));
        void *packed = tw_alloc_zero(tw_layout_bytes(&layout), 1);
        float *rows = tw_alloc((size_t)(layout.sizes[0] * layout.sizes[1]), sizeof *rows);
        memset(rows, 1, (size_t)(layout.sizes[0] * layout.sizes[1]) * sizeof *rows);
        memset(packed, 1, tw_layout_bytes(&layout));
        for (int64_t step = 64; step <= layout.sizes[1]; step = step == 64 ? layout.sizes[1] : step + 1) {
            double before = tw_clock_seconds();
            for (int64_t o = 0; o < layout.sizes[1]; o += step)
                tw_layout_unpack(&layout, packed, o, step, rows + o * layout.sizes[0]);
            print_message("%s, %d rows at a time: %.1f ms\n", large[n].name, (int)step,
                          1e3 * (tw_clock_seconds() - before));
        }
        for (int64_t i = 0; i < layout.sizes[0] * layout.sizes[1]; i++)
            if (!(rows[i] == tw_f32_from_bf16(0x0101)))
                fail_msg("element %d of %s is wrong", (int)i, large[n].name);
        tw_free(rows);
        tw_free(packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_are_read),          cmocka_unit_test(plain_is_rows),
        cmocka_unit_test(wrong_layouts_are_refused), cmocka_unit_test(bf16_rounds_to_even),
        cmocka_unit_test(large_matrices_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
