/* SPDX-License-Identifier: Apache-2.0 */
/* Pillow's conversions to RGB (libImaging/Convert.c and Unpack.c of version 11.3), a row at a time. */
#include "image/convert.h"

#include <string.h>

void tw_convert_gray(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step)
{
    for (size_t i = 0; i < count; i++)
        rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = samples[i * step];
}

void tw_convert_rgb(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step)
{
    for (size_t i = 0; i < count; i++)
        for (size_t channel = 0; channel < 3; channel++)
            rgb[3 * i + channel] = samples[i * step + channel];
}

void tw_convert_premultiplied(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = samples + i * step;
        unsigned alpha = pixel[3];
        for (size_t channel = 0; channel < 3; channel++) {
            unsigned value = alpha == 0 ? 0 : pixel[channel] * 255u / alpha;
            rgb[3 * i + channel] = (uint8_t)(value > 255 ? 255 : value);
        }
    }
}

void tw_convert_palette(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step, const tw_palette *palette)
{
    for (size_t i = 0; i < count; i++)
        memcpy(rgb + 3 * i, palette->rgb[samples[i * step]], 3);
}

void tw_convert_cmyk(uint8_t *rgb, const uint8_t *samples, size_t count, size_t step, uint8_t flip)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = samples + i * step;
        int light = 255 - (pixel[3] ^ flip);
        for (size_t channel = 0; channel < 3; channel++) {
            int product = (pixel[channel] ^ flip) * light + 128; /* divided by 255 with rounding */
            int value = light - (((product >> 8) + product) >> 8);
            rgb[3 * i + channel] = (uint8_t)(value < 0 ? 0 : value);
        }
    }
}

void tw_convert_gray_wide(uint8_t *rgb, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t value = values[i] >= 255 ? 255 : values[i] > 0 ? (uint8_t)values[i] : 0;
        rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = value;
    }
}

void tw_unpack_bits(uint8_t *samples, const uint8_t *packed, size_t count, int bits)
{
    if (bits == 8) {
        memcpy(samples, packed, count);
        return;
    }
    unsigned mask = (1u << bits) - 1;
    size_t each = 8 / (size_t)bits; /* samples a byte */
    for (size_t i = 0; i < count; i++)
        samples[i] = (uint8_t)(packed[i / each] >> (8 - (size_t)bits * (i % each + 1)) & mask);
}

void tw_scale_bits(uint8_t *samples, size_t count, int bits)
{
    unsigned factor = 255u / ((1u << bits) - 1); /* 255, 85, 17 or 1: exact */
    for (size_t i = 0; i < count; i++)
        samples[i] = (uint8_t)(samples[i] * factor);
}
