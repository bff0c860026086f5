/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing PNG by libspng, which was chosen over libpng because it reports errors by return values and not by longjmp, hands out
 * raw samples row by row, and bounds the memory for ancillary chunks. The samples are converted here, so that depth,
 * palette and transparency are treated as Pillow treats them: 16-bit gray saturates, other 16-bit samples keep their
 * high byte, transparency is ignored. Checksums are stricter than Pillow's, which does not look at those of the pixel
 * data's chunks.
 */
#include <stdio.h>
#include <string.h>

#include <spng.h>

#include "base/memory.h"
#include "image/convert.h"
#include "image/decode.h"
#include "image/exif.h"

enum { CHUNK_MAX = 64 << 20 }; /* bytes of one ancillary chunk, and of all that are kept */

typedef struct {
    tw_decode *decode;
    spng_ctx *spng;
    struct spng_ihdr header;
    tw_palette palette; /* black where the file has no colour, as in Pillow */
    size_t row_size;    /* bytes of a raw row */
    uint8_t *raw;       /* the row, or the whole picture when it is interlaced */
    uint8_t *samples;   /* a row with one byte a sample */
} png_reader;

static tuwen_status fail(const png_reader *reader, int code)
{
    switch (code) {
    case SPNG_EMEM:
    case SPNG_EZLIB_INIT:
        return tw_decode_memory(reader->decode);
    case SPNG_IO_EOF:
    case SPNG_EOF:
    case SPNG_EIDAT_TOO_SHORT:
        return tw_decode_truncated(reader->decode);
    default:
        return tw_decode_damaged(reader->decode, spng_strerror(code));
    }
}

static int channels(uint8_t color_type)
{
    switch (color_type) {
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA:
        return 2;
    case SPNG_COLOR_TYPE_TRUECOLOR:
        return 3;
    case SPNG_COLOR_TYPE_TRUECOLOR_ALPHA:
        return 4;
    default:
        return 1;
    }
}

static void convert_row(const png_reader *reader, uint8_t *rgb, const uint8_t *raw)
{
    size_t width = reader->header.width;
    int depth = reader->header.bit_depth;
    uint8_t type = reader->header.color_type;
    size_t step = (size_t)channels(type);
    uint8_t *samples = reader->samples;
    if (depth == 16) {
        bool saturate = type == SPNG_COLOR_TYPE_GRAYSCALE;
        for (size_t i = 0; i < width * step; i++)
            samples[i] = !saturate ? raw[2 * i] : raw[2 * i] ? 255 : raw[2 * i + 1];
    } else {
        tw_unpack_bits(samples, raw, width * step, depth);
    }
    if (type == SPNG_COLOR_TYPE_INDEXED) {
        tw_convert_palette(rgb, samples, width, step, &reader->palette);
    } else if (step < 3) {
        if (depth < 8)
            tw_scale_bits(samples, width, depth);
        tw_convert_gray(rgb, samples, width, step);
    } else {
        tw_convert_rgb(rgb, samples, width, step);
    }
}

static tuwen_status read_header(png_reader *reader)
{
    int code = spng_get_ihdr(reader->spng, &reader->header);
    if (code)
        return fail(reader, code);
    const struct spng_ihdr *header = &reader->header;
    tuwen_status status = tw_decode_begin(reader->decode, header->width, header->height);
    if (status != TUWEN_OK)
        return status;
    struct spng_plte palette;
    if (header->color_type == SPNG_COLOR_TYPE_INDEXED) {
        code = spng_get_plte(reader->spng, &palette);
        if (code)
            return fail(reader, code);
        for (uint32_t i = 0; i < palette.n_entries; i++)
            memcpy(reader->palette.rgb[i], &palette.entries[i], 3);
    }
    size_t raw_size;
    code = spng_decoded_image_size(reader->spng, SPNG_FMT_RAW, &raw_size);
    if (code)
        return fail(reader, code);
    reader->row_size = raw_size / header->height;
    reader->raw = tw_alloc_zero(header->interlace_method ? header->height : 1, reader->row_size);
    reader->samples = tw_alloc((size_t)header->width * (size_t)channels(header->color_type), 1);
    return reader->raw && reader->samples ? TUWEN_OK : tw_decode_memory(reader->decode);
}

static tuwen_status read_rows(png_reader *reader)
{
    tw_decode *decode = reader->decode;
    bool interlaced = reader->header.interlace_method != 0;
    int code = spng_decode_image(reader->spng, NULL, 0, SPNG_FMT_RAW, SPNG_DECODE_PROGRESSIVE);
    while (!code) {
        if (tw_decode_late(decode))
            return tw_decode_timeout(decode);
        struct spng_row_info info;
        code = spng_get_row_info(reader->spng, &info);
        if (code)
            break;
        uint8_t *raw = reader->raw + (interlaced ? info.row_num * reader->row_size : 0);
        code = spng_decode_row(reader->spng, raw, reader->row_size);
        if (!interlaced && (!code || code == SPNG_EOI))
            convert_row(reader, tw_decode_row(decode, (int)info.row_num), raw);
    }
    if (code != SPNG_EOI)
        return fail(reader, code);
    for (uint32_t y = 0; interlaced && y < reader->header.height; y++)
        convert_row(reader, tw_decode_row(decode, (int)y), reader->raw + y * reader->row_size);
    return TUWEN_OK;
}

/* The EXIF chunk may also follow the pixels; damage there does not matter any more. */
static void note_orientation(png_reader *reader)
{
    struct spng_exif exif;
    if (!reader->decode->upright)
        return;
    if (spng_get_exif(reader->spng, &exif) == 0 ||
        (spng_decode_chunks(reader->spng) == 0 && spng_get_exif(reader->spng, &exif) == 0))
        reader->decode->orientation = tw_exif_orientation((const uint8_t *)exif.data, exif.length);
}

tuwen_status tw_png_decode(tw_decode *decode)
{
    png_reader reader = {.decode = decode, .spng = spng_ctx_new(0)};
    if (!reader.spng)
        return tw_decode_memory(decode);
    int code = spng_set_crc_action(reader.spng, SPNG_CRC_ERROR, SPNG_CRC_ERROR);
    if (!code)
        code = spng_set_chunk_limits(reader.spng, CHUNK_MAX, CHUNK_MAX);
    if (!code)
        code = spng_set_png_buffer(reader.spng, decode->bytes, decode->size);
    tuwen_status status = code ? fail(&reader, code) : read_header(&reader);
    if (status == TUWEN_OK)
        status = read_rows(&reader);
    if (status == TUWEN_OK)
        note_orientation(&reader);
    spng_ctx_free(reader.spng);
    tw_free(reader.raw);
    tw_free(reader.samples);
    return status;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* Where the bytes go. */
typedef struct {
    tw_bytes *bytes;
    bool full; /* memory is out; libspng calls that an error of the stream */
} png_writer;

static int append(spng_ctx *spng, void *user, void *data, size_t size)
{
    png_writer *writer = user;
    writer->full = !tw_bytes_append(writer->bytes, data, size);
    return writer->full ? SPNG_IO_ERROR : 0;
}

static int write_png(spng_ctx *spng, const tw_picture *picture, const char *software, png_writer *writer)
{
    struct spng_ihdr header = {.width = (uint32_t)picture->width,
                               .height = (uint32_t)picture->height,
                               .bit_depth = 8,
                               .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
    struct spng_text text = {.type = SPNG_TEXT, .keyword = "Software", .length = strlen(software)};
    text.text = tw_copy_string(software, text.length);
    size_t size = (size_t)picture->width * (size_t)picture->height * 3;
    int code = text.text ? spng_set_png_stream(spng, append, writer) : SPNG_EMEM;
    if (!code)
        code = spng_set_ihdr(spng, &header);
    if (!code)
        code = spng_set_text(spng, &text, 1);
    if (!code)
        code = spng_encode_image(spng, picture->rgb, size, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    tw_free(text.text);
    return code;
}

tuwen_status tw_picture_to_png(const tw_picture *picture, const char *software, tw_bytes *bytes, tuwen_error *error)
{
    spng_ctx *spng = spng_ctx_new(SPNG_CTX_ENCODER);
    png_writer writer = {.bytes = bytes};
    int code = spng ? write_png(spng, picture, software, &writer) : SPNG_EMEM;
    spng_ctx_free(spng);
    if (writer.full || code == SPNG_EMEM || code == SPNG_EZLIB_INIT)
        return tw_fail_memory(error, "the PNG file");
    return code ? tw_fail(error, TUWEN_INTERNAL, "a PNG file could not be made: %s", spng_strerror(code)) : TUWEN_OK;
}

void tw_png_version(char *out, size_t size)
{
    (void)snprintf(out, size, "libspng: %s", spng_version_string());
}
