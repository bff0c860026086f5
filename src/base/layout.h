/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a weight matrix lies in memory: element type, strides and inner blocks. Products want panels
 * (tw_layout_panels); the packed file records the layout, so that files of older versions can be read.
 */
#ifndef TW_BASE_LAYOUT_H
#define TW_BASE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, number, text): texts are those of the packed file. I8 are whole numbers -127..127; what they are multiplied by
 * stands elsewhere. */
#define TW_ELEMENT_MAP(X) X(F32, 0, "f32") X(BF16, 1, "bf16") X(I8, 2, "i8")

#define TW_ELEMENT_ENUM(name, number, text) TW_ELEMENT_##name = number,
typedef enum tw_element { TW_ELEMENT_MAP(TW_ELEMENT_ENUM) TW_ELEMENTS } tw_element;
#undef TW_ELEMENT_ENUM

#define TW_LAYOUT_BLOCKS 4

/*
 * Axis 0 is `in`, axis 1 is `out`: the matrix W^T of y = x W^T. An element (i, o) lies at
 *   (index of its block on axis 0) * strides[0] + (the same on axis 1) * strides[1] + its place inside the block,
 * counted in elements. Inner blocks go from the outermost to the innermost, as in oneDNN: block b splits axis
 * block_axis[b] into pieces of block_size[b]. padded sizes are sizes rounded up to the product of the axis's blocks;
 * the elements between are zero. Without blocks the layout is plain: {in, out} = strides {1, in} is [out][in] row-major.
 */
typedef struct tw_layout {
    tw_element element;
    int64_t sizes[2];
    int64_t padded[2];
    int64_t strides[2]; /* elements */
    int blocks;         /* 0..TW_LAYOUT_BLOCKS */
    int block_size[TW_LAYOUT_BLOCKS];
    int block_axis[TW_LAYOUT_BLOCKS];
} tw_layout;

/* Bytes of an element; its text. */
size_t tw_element_size(tw_element element);
const char *tw_element_name(tw_element element);

/* The plain layout [out][in]. */
tw_layout tw_layout_plain(tw_element element, int64_t in, int64_t out);

/*
 * The layout of weights in products, the same on every machine: panels of 64 outputs one after the other, each with the
 * inputs in order; of bf16 two and of int8 four inputs of an output stand together, as the processors' instructions want
 * it. In oneDNN's words BA16a64b, BA16a64b2a and BA16a64b4a.
 */
tw_layout tw_layout_panels(tw_element element, int64_t in, int64_t out);

bool tw_layout_equal(const tw_layout *a, const tw_layout *b);

/* Checks a layout read from a file: sizes 1..2^26, blocks that divide the padded sizes, strides so that no two elements
 * meet and all lie within tw_layout_bytes. */
bool tw_layout_valid(const tw_layout *layout);

/* Bytes of the packed matrix. */
size_t tw_layout_bytes(const tw_layout *layout);

/* Reads `count` rows of W, [count][in], from the output `first` on, as f32 out of `packed`, which is aligned to its
 * elements; whole numbers as they are. Of a blocked matrix, many rows at a time are read much faster than one by one. */
void tw_layout_unpack(const tw_layout *layout, const void *packed, int64_t first, int64_t count, float *rows);

/* Rounds to the nearest bf16, ties to even; NaN stays NaN. */
uint16_t tw_bf16_from_f32(float value);
float tw_f32_from_bf16(uint16_t value);

#endif
