/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pillow's bicubic resize (libImaging/Resample.c): weights in double, quantised to 22 fractional bits, a horizontal
 * pass into 8 bits and then a vertical one. Equal bit by bit: the sums are exact integers, so their order is free.
 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "image/image.h"

enum { FRACTION_BITS = 22, CHANNELS = 3 };

/* The source pixels that make one target pixel. */
typedef struct {
    int first, count;
    const int32_t *weights; /* [count] */
} tap_span;

typedef struct {
    tap_span *spans; /* [target size] */
    int32_t *weights;
} tap_table;

static double bicubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static void table_free(tap_table *table)
{
    tw_free(table->spans);
    tw_free(table->weights);
}

/* The operations on doubles keep Pillow's order, since rounding a weight depends on it. */
static bool table_make(tap_table *table, int from, int to)
{
    double scale = (double)(float)from / to;
    double filter_scale = scale < 1.0 ? 1.0 : scale;
    double support = 2.0 * filter_scale;
    size_t taps = (size_t)ceil(support) * 2 + 1;
    double *exact = tw_alloc(taps, sizeof *exact);
    table->spans = tw_alloc((size_t)to, sizeof *table->spans);
    table->weights = taps <= SIZE_MAX / (size_t)to ? tw_alloc(taps * (size_t)to, sizeof *table->weights) : NULL;
    if (!exact || !table->spans || !table->weights) {
        tw_free(exact);
        return false;
    }
    for (int i = 0; i < to; i++) {
        double center = (i + 0.5) * scale, sum = 0.0, inverse = 1.0 / filter_scale;
        int first = (int)(center - support + 0.5), end = (int)(center + support + 0.5);
        first = first < 0 ? 0 : first;
        end = end > from ? from : end;
        int32_t *weights = table->weights + (size_t)i * taps;
        for (int x = first; x < end; x++) {
            exact[x - first] = bicubic((x - center + 0.5) * inverse);
            sum += exact[x - first];
        }
        for (int x = 0; x < end - first; x++) {
            double weight = exact[x];
            if (sum != 0.0)
                weight /= sum;
            weights[x] = (int32_t)((weight < 0 ? -0.5 : 0.5) + weight * (1 << FRACTION_BITS));
        }
        table->spans[i] = (tap_span){.first = first, .count = end - first, .weights = weights};
    }
    tw_free(exact);
    return true;
}

static inline uint8_t to_byte(int32_t sum)
{
    sum = sum < 0 ? 0 : sum >> FRACTION_BITS;
    return (uint8_t)(sum > 255 ? 255 : sum);
}

static void resize_row(uint8_t *to, const uint8_t *from, const tap_table *table, int width)
{
    for (int x = 0; x < width; x++, to += CHANNELS) {
        tap_span span = table->spans[x];
        const uint8_t *pixel = from + (size_t)span.first * CHANNELS;
        int32_t red = 1 << (FRACTION_BITS - 1), green = red, blue = red;
        for (int i = 0; i < span.count; i++, pixel += CHANNELS) {
            red += pixel[0] * span.weights[i];
            green += pixel[1] * span.weights[i];
            blue += pixel[2] * span.weights[i];
        }
        to[0] = to_byte(red);
        to[1] = to_byte(green);
        to[2] = to_byte(blue);
    }
}

/* One row of a picture whose rows have `bytes` bytes, from the rows of the span. A block's sums stay in the cache. */
static void blend_rows(uint8_t *to, const uint8_t *from, size_t bytes, tap_span span)
{
    enum { BLOCK = 1024 };
    int32_t sums[BLOCK];
    for (size_t start = 0; start < bytes; start += BLOCK) {
        size_t length = bytes - start < BLOCK ? bytes - start : BLOCK;
        for (size_t i = 0; i < length; i++)
            sums[i] = 1 << (FRACTION_BITS - 1);
        for (int tap = 0; tap < span.count; tap++) {
            const uint8_t *row = from + (size_t)(span.first + tap) * bytes + start;
            int32_t weight = span.weights[tap];
            for (size_t i = 0; i < length; i++)
                sums[i] += row[i] * weight;
        }
        for (size_t i = 0; i < length; i++)
            to[start + i] = to_byte(sums[i]);
    }
}

static bool picture_make(tw_picture *picture, int width, int height)
{
    picture->rgb = (size_t)height <= SIZE_MAX / CHANNELS / (size_t)width
                       ? tw_alloc((size_t)width * (size_t)height, CHANNELS)
                       : NULL;
    picture->width = width;
    picture->height = height;
    return picture->rgb != NULL;
}

static bool resize_width(const tw_picture *from, tw_picture *to, int width)
{
    tap_table table = {0};
    bool made = picture_make(to, width, from->height) && table_make(&table, from->width, width);
    for (int y = 0; made && y < from->height; y++)
        resize_row(to->rgb + (size_t)y * (size_t)width * CHANNELS,
                   from->rgb + (size_t)y * (size_t)from->width * CHANNELS, &table, width);
    table_free(&table);
    return made;
}

static bool resize_height(const tw_picture *from, tw_picture *to, int height)
{
    tap_table table = {0};
    size_t bytes = (size_t)from->width * CHANNELS;
    bool made = picture_make(to, from->width, height) && table_make(&table, from->height, height);
    for (int y = 0; made && y < height; y++)
        blend_rows(to->rgb + (size_t)y * bytes, from->rgb, bytes, table.spans[y]);
    table_free(&table);
    return made;
}

static bool copy(const tw_picture *from, tw_picture *to)
{
    if (!picture_make(to, from->width, from->height))
        return false;
    memcpy(to->rgb, from->rgb, (size_t)from->width * (size_t)from->height * CHANNELS);
    return true;
}

tuwen_status tw_picture_resize(const tw_picture *from, int width, int height, tw_picture *to, tuwen_error *error)
{
    *to = (tw_picture){0};
    if (width <= 0 || height <= 0)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "a picture cannot be resized to %dx%d pixels", width, height);
    bool made;
    if (width == from->width) {
        made = height == from->height ? copy(from, to) : resize_height(from, to, height);
    } else if (height == from->height) {
        made = resize_width(from, to, width);
    } else {
        tw_picture middle = {0};
        made = resize_width(from, &middle, width) && resize_height(&middle, to, height);
        tw_picture_free(&middle);
    }
    if (made)
        return TUWEN_OK;
    tw_picture_free(to);
    return tw_fail_memory(error, "the resized picture");
}
