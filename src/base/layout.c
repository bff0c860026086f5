/* SPDX-License-Identifier: Apache-2.0 */
/* Reading matrices in blocked layouts. */
#include "base/layout.h"

#include <string.h>

/* No weight has a longer side; sizes and offsets then stay far from overflow. */
#define MAX_SIZE ((int64_t)1 << 26)

size_t tw_element_size(tw_element element)
{
    static const size_t sizes[TW_ELEMENTS] = {[TW_ELEMENT_F32] = 4, [TW_ELEMENT_BF16] = 2, [TW_ELEMENT_I8] = 1};
    return sizes[element];
}

const char *tw_element_name(tw_element element)
{
#define NAME(name, number, text) [number] = text,
    static const char *const names[TW_ELEMENTS] = {TW_ELEMENT_MAP(NAME)};
#undef NAME
    return names[element];
}

tw_layout tw_layout_plain(tw_element element, int64_t in, int64_t out)
{
    return (tw_layout){.element = element, .sizes = {in, out}, .padded = {in, out}, .strides = {1, in}};
}

tw_layout tw_layout_panels(tw_element element, int64_t in, int64_t out)
{
    int together = (int)(4 / tw_element_size(element)); /* inputs of one output */
    int64_t block[2] = {16 * together, 64};
    tw_layout layout = {.element = element, .sizes = {in, out}, .blocks = together > 1 ? 3 : 2};
    for (int axis = 0; axis < 2; axis++)
        layout.padded[axis] = (layout.sizes[axis] + block[axis] - 1) / block[axis] * block[axis];
    layout.strides[0] = block[0] * block[1];
    layout.strides[1] = layout.padded[0] * block[1];
    const int sizes[3] = {16, 64, together};
    for (int i = 0; i < layout.blocks; i++) {
        layout.block_size[i] = sizes[i];
        layout.block_axis[i] = i % 2;
    }
    return layout;
}

bool tw_layout_equal(const tw_layout *a, const tw_layout *b)
{
    bool same = a->element == b->element && a->blocks == b->blocks;
    for (int axis = 0; axis < 2; axis++)
        same = same && a->sizes[axis] == b->sizes[axis] && a->padded[axis] == b->padded[axis] &&
               a->strides[axis] == b->strides[axis];
    for (int i = 0; same && i < a->blocks; i++)
        same = a->block_size[i] == b->block_size[i] && a->block_axis[i] == b->block_axis[i];
    return same;
}

/* Elements of the inner blocks along one axis. */
static int64_t block_of(const tw_layout *layout, int axis)
{
    int64_t size = 1;
    for (int i = 0; i < layout->blocks; i++)
        if (layout->block_axis[i] == axis)
            size *= layout->block_size[i];
    return size;
}

bool tw_layout_valid(const tw_layout *layout)
{
    if ((int)layout->element < 0 || layout->element >= TW_ELEMENTS || layout->blocks < 0 ||
        layout->blocks > TW_LAYOUT_BLOCKS)
        return false;
    for (int i = 0; i < layout->blocks; i++)
        if (layout->block_size[i] < 1 || layout->block_size[i] > 4096 || layout->block_axis[i] < 0 ||
            layout->block_axis[i] > 1)
            return false;
    int64_t count[2];
    int64_t block[2] = {block_of(layout, 0), block_of(layout, 1)};
    for (int axis = 0; axis < 2; axis++) {
        if (layout->sizes[axis] < 1 || layout->sizes[axis] > MAX_SIZE || layout->padded[axis] < layout->sizes[axis] ||
            block[axis] > 4096 || layout->padded[axis] >= layout->sizes[axis] + block[axis] ||
            layout->padded[axis] % block[axis] != 0 || layout->strides[axis] < 1)
            return false;
        count[axis] = layout->padded[axis] / block[axis];
    }
    /* Packed without gaps: one axis's blocks follow each other, the other steps over a whole line of them. */
    int64_t inner = block[0] * block[1];
    bool by_in = layout->strides[0] == inner && layout->strides[1] == inner * count[0];
    bool by_out = layout->strides[1] == inner && layout->strides[0] == inner * count[1];
    return by_in || by_out;
}

size_t tw_layout_bytes(const tw_layout *layout)
{
    return (size_t)layout->padded[0] * (size_t)layout->padded[1] * tw_element_size(layout->element);
}

uint16_t tw_bf16_from_f32(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40u); /* quiet NaN */
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

float tw_f32_from_bf16(uint16_t value)
{
    uint32_t bits = (uint32_t)value << 16;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

/* Where the index of one axis leads, in elements: strides and inner blocks are sums of one term an axis. */
static int64_t place(const tw_layout *layout, int axis, int64_t index)
{
    int64_t block = block_of(layout, axis);
    int64_t at = index / block * layout->strides[axis];
    int64_t rest = index % block;
    int64_t inner = 1; /* elements of the blocks inside block i */
    int64_t own = 1;   /* of them along this axis */
    for (int i = layout->blocks - 1; i >= 0; i--) {
        if (layout->block_axis[i] == axis) {
            at += rest / own % layout->block_size[i] * inner;
            own *= layout->block_size[i];
        }
        inner *= layout->block_size[i];
    }
    return at;
}

/* Unpacking goes tile by tile, so that what is read twice is still in the cache, and the divisions of `place` are few
 * beside the tile's elements. Of a power of two: inner blocks then seldom cross tiles. */
#define TILE_IN 64
#define TILE_OUT 256

static void places(const tw_layout *layout, int axis, int64_t first, int64_t count, int64_t *at)
{
    for (int64_t i = 0; i < count; i++)
        at[i] = place(layout, axis, first + i);
}

/* Part of one row of W: `count` elements that lie `at` elements behind `packed`. */
static void unpack_row(tw_element element, const void *packed, const int64_t *at, int64_t count, float *row)
{
    const uint16_t *half = packed;
    const float *whole = packed;
    const int8_t *small = packed;
    if (element == TW_ELEMENT_F32)
        for (int64_t i = 0; i < count; i++)
            row[i] = whole[at[i]];
    else if (element == TW_ELEMENT_BF16)
        for (int64_t i = 0; i < count; i++)
            row[i] = tw_f32_from_bf16(half[at[i]]);
    else
        for (int64_t i = 0; i < count; i++)
            row[i] = (float)small[at[i]];
}

void tw_layout_unpack(const tw_layout *layout, const void *packed, int64_t first, int64_t count, float *rows)
{
    int64_t in = layout->sizes[0];
    const unsigned char *bytes = packed;
    int64_t at_in[TILE_IN], at_out[TILE_OUT];
    for (int64_t o = 0; o < count; o += TILE_OUT) {
        int64_t outs = count - o < TILE_OUT ? count - o : TILE_OUT;
        places(layout, 1, first + o, outs, at_out);
        for (int64_t i = 0; i < in; i += TILE_IN) {
            int64_t ins = in - i < TILE_IN ? in - i : TILE_IN;
            places(layout, 0, i, ins, at_in);
            for (int64_t k = 0; k < outs; k++)
                unpack_row(layout->element, bytes + (size_t)at_out[k] * tw_element_size(layout->element), at_in, ins,
                           rows + (o + k) * in + i);
        }
    }
}
