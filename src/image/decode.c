/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding a picture of any known format: recognition by the first bytes, the limits, and the error sentences that the
 * wrappers of the libraries share. The wrappers follow Pillow 11.3, which is what the reference decodes with.
 */
#include "image/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "image/exif.h"

typedef struct {
    const char *name;
    size_t offset; /* of the magic bytes */
    const char *magic;
    size_t length;
    tuwen_status (*decode)(tw_decode *decode);
} picture_format;

/* Pillow also opens TIFF files whose magic number is in the wrong byte order; libtiff does not. */
static const picture_format formats[] = {
    {"JPEG", 0, "\xff\xd8\xff", 3, tw_jpeg_decode}, {"PNG", 0, "\x89PNG\r\n\x1a\n", 8, tw_png_decode},
    {"WebP", 8, "WEBP", 4, tw_webp_decode},         {"GIF", 0, "GIF87a", 6, tw_gif_decode},
    {"GIF", 0, "GIF89a", 6, tw_gif_decode},         {"BMP", 0, "BM", 2, tw_bmp_decode},
    {"TIFF", 0, "II*\0", 4, tw_tiff_decode},        {"TIFF", 0, "MM\0*", 4, tw_tiff_decode},
    {"TIFF", 0, "II+\0", 4, tw_tiff_decode},        {"TIFF", 0, "MM\0+", 4, tw_tiff_decode},
    {"HEIF", 4, "ftyp", 4, tw_heif_decode},
};

static const picture_format *recognise(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const picture_format *format = &formats[i];
        if (size >= format->offset + format->length &&
            memcmp(bytes + format->offset, format->magic, format->length) == 0)
            return format;
    }
    return NULL;
}

tuwen_status tw_decode_check_size(const tw_decode *decode, uint64_t width, uint64_t height)
{
    if (width == 0 || height == 0)
        return tw_decode_damaged(decode, "it has no pixels");
    if (width > TW_SIDE_MAX || height > TW_SIDE_MAX || width > decode->limits->pixels / height)
        return tw_fail(decode->error, TUWEN_LIMIT,
                       "%s: has %" PRIu64 "x%" PRIu64 " = %" PRIu64 " pixels; at most %" PRIu64
                       " are allowed (--max-pixels)",
                       decode->name, width, height, width * height, decode->limits->pixels);
    return TUWEN_OK;
}

tuwen_status tw_decode_begin(tw_decode *decode, uint64_t width, uint64_t height)
{
    tuwen_status status = tw_decode_check_size(decode, width, height);
    if (status != TUWEN_OK)
        return status;
    if (tw_decode_late(decode))
        return tw_decode_timeout(decode);
    tw_picture *picture = decode->picture;
    if (height <= SIZE_MAX / 3 / width)
        picture->rgb = tw_alloc_zero((size_t)(width * height), 3);
    if (!picture->rgb)
        return tw_decode_memory(decode);
    picture->width = (int)width;
    picture->height = (int)height;
    return TUWEN_OK;
}

bool tw_decode_late(const tw_decode *decode)
{
    return tw_clock_seconds() > decode->deadline;
}

tuwen_status tw_decode_timeout(const tw_decode *decode)
{
    return tw_fail(decode->error, TUWEN_LIMIT,
                   "%s: decoding takes longer than the %g seconds allowed (--max-seconds)", decode->name,
                   decode->limits->seconds);
}

tuwen_status tw_decode_truncated(const tw_decode *decode)
{
    return tw_fail(decode->error, TUWEN_BAD_IMAGE, "%s: the %s file is truncated", decode->name, decode->format);
}

tuwen_status tw_decode_damaged(const tw_decode *decode, const char *detail)
{
    return tw_fail(decode->error, TUWEN_BAD_IMAGE, "%s: the %s file is damaged: %s", decode->name, decode->format,
                   detail);
}

tuwen_status tw_decode_unsupported(const tw_decode *decode, const char *detail)
{
    return tw_fail(decode->error, TUWEN_BAD_IMAGE, "%s: this kind of %s file is not supported: %s", decode->name,
                   decode->format, detail);
}

tuwen_status tw_decode_memory(const tw_decode *decode)
{
    return tw_fail(decode->error, TUWEN_OUT_OF_MEMORY, "%s: not enough memory to decode the picture", decode->name);
}

uint8_t *tw_decode_row(const tw_decode *decode, int y)
{
    return decode->picture->rgb + (size_t)y * (size_t)decode->picture->width * 3;
}

tuwen_status tw_picture_decode(const void *bytes, size_t size, const char *name, const tw_image_limits *limits,
                               bool upright, tw_picture *picture, tuwen_error *error)
{
    return tw_picture_decode_small(bytes, size, name, limits, upright, 0, picture, error);
}

tuwen_status tw_picture_decode_small(const void *bytes, size_t size, const char *name, const tw_image_limits *limits,
                                     bool upright, int edge, tw_picture *picture, tuwen_error *error)
{
    *picture = (tw_picture){0};
    if (size > limits->bytes)
        return tw_fail(error, TUWEN_LIMIT, "%s: has %zu bytes; at most %" PRIu64 " are allowed (--max-bytes)", name,
                       size, limits->bytes);
    if (size == 0)
        return tw_fail(error, TUWEN_BAD_IMAGE, "%s: the file is empty", name);
    const picture_format *format = recognise(bytes, size);
    if (!format)
        return tw_fail(error, TUWEN_BAD_IMAGE,
                       "%s: is not a picture in a known format (JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF)",
                       name);
    tw_decode decode = {
        .bytes = bytes,
        .size = size,
        .name = name,
        .format = format->name,
        .limits = limits,
        .deadline = tw_clock_seconds() + limits->seconds,
        .edge = edge,
        .upright = upright,
        .orientation = 1,
        .picture = picture,
        .error = error,
    };
    tuwen_status status = format->decode(&decode);
    if (status == TUWEN_OK && !tw_picture_orient(picture, decode.orientation))
        status = tw_decode_memory(&decode);
    if (status == TUWEN_OK && tw_decode_late(&decode))
        status = tw_decode_timeout(&decode);
    if (status != TUWEN_OK)
        tw_picture_free(picture);
    return status;
}

void tw_picture_free(tw_picture *picture)
{
    tw_free(picture->rgb);
    *picture = (tw_picture){0};
}

size_t tw_image_describe(char *buffer, size_t size)
{
    static void (*const versions[])(char *, size_t) = {tw_jpeg_version, tw_png_version,  tw_webp_version,
                                                       tw_gif_version,  tw_tiff_version, tw_heif_version};
    size_t used = 0;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        char line[64];
        versions[i](line, sizeof line);
        int length = snprintf(buffer + used, size - used, "%s\n", line);
        if (length < 0 || (size_t)length >= size - used)
            break;
        used += (size_t)length;
    }
    return used;
}
