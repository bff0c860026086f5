/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of samples to rows of 8-bit RGB, as Pillow's unpackers followed by its convert("RGB") do: alpha is dropped and
 * not composited, gray is repeated, 16-bit gray saturates. `count` is in pixels; `step` is the distance of two pixels
 * in samples.
 */
#ifndef TW_IMAGE_CONVERT_H
#define TW_IMAGE_CONVERT_H

#include <stddef.h>
#include <stdint.h>

typedef struct tw_palette {
    uint8_t rgb[256][3];
} tw_palette;

/* The first sample of a pixel, three times. */
void tw_convert_gray(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step);

/* The first three samples of a pixel. */
void tw_convert_rgb(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step);

/* The first three samples divided by the fourth, the alpha with which they had been multiplied. */
void tw_convert_premultiplied(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step);

/* The first sample is an index. */
void tw_convert_palette(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step, const tw_palette *palette);

/* The first four samples are cyan, magenta, yellow and black; `flip` is 255 for files that store them inverted, or 0. */
void tw_convert_cmyk(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step, uint8_t flip);

/* Wide gray: what is above 255 becomes 255, what is below 0 becomes 0, fractions are cut. */
void tw_convert_gray_wide(uint8_t *rgb, const double *values, size_t count);

/* Samples of 1, 2, 4 or 8 bits, the first in the highest bits, to a byte each, unscaled. */
void tw_unpack_bits(uint8_t *samples, const uint8_t *packed, size_t count, int bits);

/* Scales samples of `bits` bits to 0..255. */
void tw_scale_bits(uint8_t *samples, size_t count, int bits);

#endif
