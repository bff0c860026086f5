/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BMP by hand, after Pillow's BmpImagePlugin: core (OS/2) and info headers of all versions; 1, 4, 8, 16, 24 and 32
 * bits; bit fields; RLE4 and RLE8; rows from the bottom up or from the top down.
 */
#include <string.h>

#include "base/memory.h"
#include "image/convert.h"
#include "image/decode.h"

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40 };
enum { RAW = 0, RLE8 = 1, RLE4 = 2, BIT_FIELDS = 3 }; /* compression */

typedef struct {
    tw_decode *decode;
    size_t position; /* of the next byte to be read */
    size_t pixels;   /* position of the pixels */
    uint32_t width, height;
    bool top_down;
    int bits; /* a pixel */
    uint32_t compression;
    uint32_t colors; /* in the palette */
    uint32_t masks[3];
    tw_palette palette;
} bmp_reader;

static uint32_t little_endian(const uint8_t *at, int length)
{
    uint32_t value = 0;
    for (int i = length; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

/* The next `length` bytes, or NULL where the file ends before. */
static const uint8_t *take(bmp_reader *reader, size_t length)
{
    if (reader->position > reader->decode->size || length > reader->decode->size - reader->position)
        return NULL;
    reader->position += length;
    return reader->decode->bytes + reader->position - length;
}

static bool known_header(uint32_t size)
{
    static const uint32_t sizes[] = {CORE_HEADER, INFO_HEADER, 52, 56, 64, 108, 124};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (size == sizes[i])
            return true;
    return false;
}

static tuwen_status read_info_header(bmp_reader *reader, const uint8_t *header, uint32_t header_size)
{
    reader->width = little_endian(header + 4, 4);
    reader->height = little_endian(header + 8, 4);
    reader->top_down = header[11] == 0xff; /* a negative height */
    if (reader->top_down)
        reader->height = 0 - reader->height;
    reader->bits = (int)little_endian(header + 14, 2);
    reader->compression = little_endian(header + 16, 4);
    reader->colors = little_endian(header + 32, 4);
    if (reader->compression != BIT_FIELDS)
        return TUWEN_OK;
    /* The masks are part of the newer headers, and follow the old one. */
    const uint8_t *masks = header_size >= 52 ? header + INFO_HEADER : take(reader, 12);
    if (!masks)
        return tw_decode_truncated(reader->decode);
    for (int i = 0; i < 3; i++)
        reader->masks[i] = little_endian(masks + 4 * i, 4);
    return TUWEN_OK;
}

/* A palette of gray steps that are their own index is no palette for Pillow: further indices are gray too, while those
 * beyond a palette of colours are black. */
static tuwen_status read_palette(bmp_reader *reader, size_t entry_size)
{
    if (reader->colors > 256)
        return tw_decode_unsupported(reader->decode, "its palette has more than 256 colours");
    const uint8_t *entries = take(reader, entry_size * reader->colors);
    if (!entries)
        return tw_decode_truncated(reader->decode);
    bool steps = true;
    for (uint32_t i = 0; i < reader->colors; i++)
        for (int channel = 0; channel < 3; channel++) {
            reader->palette.rgb[i][channel] = entries[i * entry_size + 2 - (size_t)channel];
            steps = steps && reader->palette.rgb[i][channel] == i;
        }
    for (uint32_t i = reader->colors; steps && i < 256; i++)
        memset(reader->palette.rgb[i], (int)i, 3);
    return TUWEN_OK;
}

static bool known_layout(const bmp_reader *reader)
{
    switch (reader->compression) {
    case RAW:
        return true;
    case RLE8:
        return reader->bits == 8;
    case RLE4:
        return reader->bits == 4;
    case BIT_FIELDS:
        return reader->bits >= 16;
    default:
        return false;
    }
}

static tuwen_status read_headers(bmp_reader *reader)
{
    tw_decode *decode = reader->decode;
    const uint8_t *file_header = take(reader, FILE_HEADER), *size_field = take(reader, 4);
    if (!file_header || !size_field)
        return tw_decode_truncated(decode);
    uint32_t header_size = little_endian(size_field, 4);
    if (!known_header(header_size))
        return tw_decode_unsupported(decode, "its header has an unknown size");
    reader->position -= 4;
    const uint8_t *header = take(reader, header_size);
    if (!header)
        return tw_decode_truncated(decode);
    if (header_size == CORE_HEADER) {
        reader->width = little_endian(header + 4, 2);
        reader->height = little_endian(header + 6, 2);
        reader->bits = (int)little_endian(header + 10, 2);
    } else {
        tuwen_status status = read_info_header(reader, header, header_size);
        if (status != TUWEN_OK)
            return status;
    }
    int bits = reader->bits;
    if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
        return tw_decode_unsupported(decode, "its pixels have an unknown number of bits");
    if (!known_layout(reader))
        return tw_decode_unsupported(decode, "its compression is unknown");
    reader->pixels = little_endian(file_header + 10, 4);
    if (bits <= 8) {
        if (reader->colors == 0)
            reader->colors = 1u << bits;
        if (reader->pixels == FILE_HEADER + header_size) /* a known mistake of writers: the palette lies between */
            reader->pixels += 4 * (size_t)reader->colors;
        tuwen_status status = read_palette(reader, header_size == CORE_HEADER ? 3 : 4);
        if (status != TUWEN_OK)
            return status;
    }
    if (reader->pixels == 0)
        reader->pixels = reader->position;
    return TUWEN_OK;
}

/* Where in a 32-bit pixel the byte of each channel is. False for fields that are not whole bytes. */
static bool channel_bytes(const bmp_reader *reader, int bytes[3])
{
    static const int usual[] = {2, 1, 0};
    const uint32_t *masks = reader->masks;
    memcpy(bytes, usual, sizeof usual);
    if (reader->compression == RAW || (masks[0] | masks[1] | masks[2]) == 0)
        return true;
    for (int channel = 0; channel < 3; channel++) {
        int byte = 0;
        while (byte < 4 && masks[channel] != 0xffu << 8 * byte)
            byte++;
        if (byte == 4)
            return false;
        bytes[channel] = byte;
    }
    return true;
}

static void convert_wide(const bmp_reader *reader, uint8_t *rgb, const uint8_t *raw, const int bytes[3])
{
    size_t step = (size_t)reader->bits / 8;
    for (uint32_t x = 0; x < reader->width; x++, raw += step, rgb += 3)
        for (int channel = 0; channel < 3; channel++)
            rgb[channel] = raw[bytes[channel]];
}

static void convert_16(const bmp_reader *reader, uint8_t *rgb, const uint8_t *raw, unsigned green_bits)
{
    unsigned green_max = (1u << green_bits) - 1;
    for (uint32_t x = 0; x < reader->width; x++, raw += 2, rgb += 3) {
        unsigned pixel = little_endian(raw, 2);
        rgb[0] = (uint8_t)((pixel >> (5 + green_bits) & 31) * 255 / 31);
        rgb[1] = (uint8_t)((pixel >> 5 & green_max) * 255 / green_max);
        rgb[2] = (uint8_t)((pixel & 31) * 255 / 31);
    }
}

/* 5 or 6, or 0 for fields that Pillow does not know either. */
static unsigned green_bits_of(const bmp_reader *reader)
{
    static const uint32_t fields_555[] = {0x7c00, 0x3e0, 0x1f}, fields_565[] = {0xf800, 0x7e0, 0x1f};
    if (reader->compression == RAW || memcmp(reader->masks, fields_555, sizeof fields_555) == 0)
        return 5;
    return memcmp(reader->masks, fields_565, sizeof fields_565) == 0 ? 6 : 0;
}

static uint8_t *row_of(const bmp_reader *reader, uint32_t row)
{
    return tw_decode_row(reader->decode, (int)(reader->top_down ? row : reader->height - 1 - row));
}

static tuwen_status read_raw(bmp_reader *reader)
{
    tw_decode *decode = reader->decode;
    int bytes[3];
    unsigned green_bits = green_bits_of(reader);
    bool known = channel_bytes(reader, bytes);
    if ((reader->bits == 16 && !green_bits) || (reader->bits == 32 && !known) ||
        (reader->bits == 24 && (!known || bytes[0] != 2 || bytes[1] != 1 || bytes[2] != 0)))
        return tw_decode_unsupported(decode, "its bit fields are unknown");
    size_t row_bits = (size_t)reader->width * (size_t)reader->bits;
    size_t stride = (row_bits + 31) / 32 * 4;
    uint8_t *indices = tw_alloc(reader->width, 1);
    if (!indices)
        return tw_decode_memory(decode);
    tuwen_status status = TUWEN_OK;
    for (uint32_t y = 0; y < reader->height && status == TUWEN_OK; y++) {
        reader->position = reader->pixels + y * stride;
        const uint8_t *raw = take(reader, (row_bits + 7) / 8); /* the last row may lack its padding */
        uint8_t *rgb = row_of(reader, y);
        if (!raw) {
            status = tw_decode_truncated(decode);
        } else if (tw_decode_late(decode)) {
            status = tw_decode_timeout(decode);
        } else if (reader->bits <= 8) {
            tw_unpack_bits(indices, raw, reader->width, reader->bits);
            tw_convert_palette(rgb, indices, reader->width, 1, &reader->palette);
        } else if (reader->bits == 16) {
            convert_16(reader, rgb, raw, green_bits);
        } else {
            convert_wide(reader, rgb, raw, bytes);
        }
    }
    tw_free(indices);
    return status;
}

/* The indices of a run-length picture while they are being made, first row first. */
typedef struct {
    uint8_t *indices; /* zeros at first */
    size_t length, end;
    size_t x; /* as Pillow counts it: a row that overflows does not go back to 0 */
} rle_target;

static void put(rle_target *target, uint8_t index)
{
    if (target->length < target->end)
        target->indices[target->length++] = index;
}

static void put_skip(rle_target *target, size_t count)
{
    size_t room = target->end - target->length;
    target->length += count < room ? count : room;
}

static void put_run(rle_target *target, size_t width, size_t count, uint8_t value, bool nibbles)
{
    if (target->x + count > width)
        count = target->x < width ? width - target->x : 0;
    for (size_t i = 0; i < count; i++)
        put(target, !nibbles ? value : i % 2 == 0 ? value >> 4 : value & 15);
    target->x += count;
}

/* One of the commands that begin with a zero. False at the end of the picture or file. */
static bool read_escape(bmp_reader *reader, rle_target *target, uint8_t command)
{
    bool nibbles = reader->compression == RLE4;
    if (command == 0) { /* the row ends */
        put_skip(target, (reader->width - target->length % reader->width) % reader->width);
        target->x = 0;
        return true;
    }
    if (command == 1)
        return false;
    if (command == 2) { /* a step to the right and up */
        const uint8_t *step = take(reader, 2);
        if (step) {
            put_skip(target, step[0] + (size_t)step[1] * reader->width);
            target->x = target->length % reader->width;
        }
        return step != NULL;
    }
    const uint8_t *literal = take(reader, nibbles ? command / 2 : command);
    for (size_t i = 0; literal && i < (nibbles ? command / 2u : command); i++) {
        put(target, nibbles ? literal[i] >> 4 : literal[i]);
        if (nibbles)
            put(target, literal[i] & 15);
    }
    target->x += command;
    reader->position += reader->position % 2; /* of the file, as Pillow aligns */
    return literal != NULL;
}

static tuwen_status read_runs(bmp_reader *reader)
{
    tw_decode *decode = reader->decode;
    rle_target target = {.end = (size_t)reader->width * reader->height};
    target.indices = tw_alloc_zero(target.end, 1);
    if (!target.indices)
        return tw_decode_memory(decode);
    reader->position = reader->pixels;
    bool more = true;
    while (more && target.length < target.end) {
        const uint8_t *pair = take(reader, 2);
        if (pair && pair[0])
            put_run(&target, reader->width, pair[0], pair[1], reader->compression == RLE4);
        else
            more = pair && read_escape(reader, &target, pair[1]);
    }
    for (uint32_t y = 0; y < reader->height; y++)
        tw_convert_palette(row_of(reader, y), target.indices + (size_t)y * reader->width, reader->width, 1,
                           &reader->palette);
    tw_free(target.indices);
    return target.length == target.end ? TUWEN_OK : tw_decode_truncated(decode);
}

tuwen_status tw_bmp_decode(tw_decode *decode)
{
    bmp_reader reader = {.decode = decode};
    tuwen_status status = read_headers(&reader);
    if (status == TUWEN_OK)
        status = tw_decode_begin(decode, reader.width, reader.height);
    if (status != TUWEN_OK)
        return status;
    return reader.compression == RLE8 || reader.compression == RLE4 ? read_runs(&reader) : read_raw(&reader);
}
