/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TIFF by libtiff: the first page, in the combinations of photometric interpretation, depth and extra samples that
 * Pillow's TiffImagePlugin knows. libtiff decompresses strips or tiles; the samples are converted here, but for YCbCr,
 * which libtiff (or the JPEG library beneath) converts for Pillow as well. Pillow turns TIFF files by their orientation
 * even when not asked to, and so do we.
 */
#include <stdio.h>
#include <string.h>

#include <tiffio.h>

#include "base/memory.h"
#include "image/convert.h"
#include "image/decode.h"

enum { SAMPLES_MAX = 6, MESSAGE_SIZE = 200 };

typedef struct {
    tw_decode *decode;
    TIFF *tiff;
    uint64_t position;
    char message[MESSAGE_SIZE]; /* the library's first complaint */

    uint32_t width, height;
    uint16_t bits, samples, photometric, compression, planes, format; /* planes: 1, or `samples` when separate */
    uint16_t first_extra;                                             /* meaning of the first extra sample */
    tw_palette palette;

    /* Strips are blocks of the picture's width. */
    bool tiled;
    uint32_t block_width, block_height;
    size_t plane_row;     /* bytes of a row in one plane of a block */
    uint8_t *block;       /* samples of a pixel together */
    uint8_t *plane;       /* one plane of a block, for separate planes */
    uint8_t *row_samples; /* a block's row with one byte a sample */
    double *row_values;   /* a block's row of wide gray */
} tiff_reader;

static tmsize_t read_bytes(thandle_t handle, void *to, tmsize_t count)
{
    tiff_reader *reader = (tiff_reader *)handle;
    size_t size = reader->decode->size;
    if (count <= 0 || reader->position >= size)
        return 0;
    size_t left = size - (size_t)reader->position, length = (size_t)count < left ? (size_t)count : left;
    memcpy(to, reader->decode->bytes + reader->position, length);
    reader->position += length;
    return (tmsize_t)length;
}

static tmsize_t refuse_write(thandle_t handle, void *from, tmsize_t count)
{
    return 0;
}

static toff_t seek_to(thandle_t handle, toff_t offset, int whence)
{
    tiff_reader *reader = (tiff_reader *)handle;
    uint64_t base = whence == SEEK_CUR ? reader->position : whence == SEEK_END ? reader->decode->size : 0;
    reader->position = base + offset;
    return reader->position;
}

static int close_nothing(thandle_t handle)
{
    return 0;
}

static toff_t size_of(thandle_t handle)
{
    return ((const tiff_reader *)handle)->decode->size;
}

static int map_all(thandle_t handle, void **base, toff_t *size)
{
    const tw_decode *decode = ((const tiff_reader *)handle)->decode;
    *base = (void *)(uintptr_t)decode->bytes; /* the library only reads it */
    *size = decode->size;
    return 1;
}

static void unmap_nothing(thandle_t handle, void *base, toff_t size)
{
}

__attribute__((format(printf, 4, 0))) static int note_error(TIFF *tiff, void *user, const char *module,
                                                            const char *format, va_list arguments)
{
    tiff_reader *reader = user;
    if (!reader->message[0])
        (void)vsnprintf(reader->message, sizeof reader->message, format, arguments);
    return 1; /* the process-wide handlers stay out of it */
}

__attribute__((format(printf, 4, 0))) static int ignore_warning(TIFF *tiff, void *user, const char *module,
                                                                const char *format, va_list arguments)
{
    return 1;
}

static tuwen_status fail(const tiff_reader *reader)
{
    return tw_decode_damaged(reader->decode, reader->message[0] ? reader->message : "its data are invalid");
}

/*
 * What the library may allocate at once. Its largest needs are a block, of at most 12 bytes a pixel, two rows of run
 * lengths, 16 bytes a pixel, and lists of 8 bytes for each byte of the file; codecs add some fixed tables.
 */
static tmsize_t allocation_max(const tw_image_limits *limits)
{
    const uint64_t fixed = 1 << 20, most = PTRDIFF_MAX / 4;
    uint64_t pixels = limits->pixels < most / 16 ? limits->pixels * 16 : most;
    uint64_t bytes = limits->bytes < most / 8 ? limits->bytes * 8 : most;
    return (tmsize_t)(fixed + pixels + bytes);
}

static TIFF *open_memory(tiff_reader *reader)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, note_error, reader);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore_warning, reader);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, allocation_max(reader->decode->limits));
    TIFF *tiff = TIFFClientOpenExt("picture", "r", (thandle_t)reader, read_bytes, refuse_write, seek_to,
                                   close_nothing, size_of, map_all, unmap_nothing, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

/* Whether the samples are ones that Pillow converts; the extra samples of a pixel do not matter. */
static bool known_layout(const tiff_reader *reader)
{
    bool bytes = reader->bits == 8, words = reader->bits == 16;
    bool whole = reader->format == SAMPLEFORMAT_UINT;
    if (reader->samples < 1 || reader->samples > SAMPLES_MAX || (reader->planes > 1 && !bytes && !words))
        return false;
    switch (reader->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        if (bytes)
            return whole || reader->format == SAMPLEFORMAT_INT;
        if (reader->samples != 1)
            return false;
        if (reader->bits < 8)
            return whole && (reader->bits == 1 || reader->bits == 2 || reader->bits == 4);
        if (words)
            return whole || reader->format == SAMPLEFORMAT_INT;
        return reader->bits == 32 &&
               (whole || reader->format == SAMPLEFORMAT_INT || reader->format == SAMPLEFORMAT_IEEEFP);
    case PHOTOMETRIC_PALETTE:
        if (bytes)
            return whole;
        return whole && reader->samples == 1 && (reader->bits == 1 || reader->bits == 2 || reader->bits == 4);
    case PHOTOMETRIC_RGB:
        return whole && (bytes || words) && reader->samples >= 3;
    case PHOTOMETRIC_SEPARATED:
        return whole && (bytes || words) && reader->samples >= 4;
    case PHOTOMETRIC_YCBCR:
        return whole && bytes && (reader->samples == 1 || reader->samples == 3);
    default:
        return false;
    }
}

static tuwen_status read_palette(tiff_reader *reader)
{
    uint16_t *maps[3];
    if (!TIFFGetField(reader->tiff, TIFFTAG_COLORMAP, &maps[0], &maps[1], &maps[2]))
        return tw_decode_damaged(reader->decode, "it has no colour map");
    for (size_t i = 0; i < (size_t)1 << reader->bits; i++)
        for (int channel = 0; channel < 3; channel++)
            reader->palette.rgb[i][channel] = (uint8_t)(maps[channel][i] >> 8);
    return TUWEN_OK;
}

/* The size of the strips or tiles, which the library decodes whole whatever the size of the picture. */
static tuwen_status read_block_size(tiff_reader *reader)
{
    TIFF *tiff = reader->tiff;
    reader->tiled = TIFFIsTiled(tiff);
    if (reader->tiled) {
        if (!TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &reader->block_width) ||
            !TIFFGetField(tiff, TIFFTAG_TILELENGTH, &reader->block_height))
            return fail(reader);
    } else {
        reader->block_width = reader->width;
        (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &reader->block_height);
        if (reader->block_height > reader->height)
            reader->block_height = reader->height;
    }
    uint32_t width = reader->block_width, height = reader->block_height;
    if (width == 0 || height == 0)
        return tw_decode_damaged(reader->decode, "its strips or tiles are empty");
    if (width > TW_SIDE_MAX || height > reader->decode->limits->pixels / width)
        return tw_decode_unsupported(reader->decode, "its tiles are larger than the pixels allowed (--max-pixels)");
    return TUWEN_OK;
}

static tuwen_status read_header(tiff_reader *reader)
{
    TIFF *tiff = reader->tiff;
    tw_decode *decode = reader->decode;
    uint16_t planar = PLANARCONFIG_CONTIG, extras = 0, orientation = 1, *extra_meanings = NULL;
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &reader->width) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &reader->height))
        return fail(reader);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &reader->bits);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &reader->samples);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &reader->format);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &reader->compression);
    (void)TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extras, &extra_meanings);
    (void)TIFFGetField(tiff, TIFFTAG_ORIENTATION, &orientation);
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &reader->photometric))
        reader->photometric = PHOTOMETRIC_MINISWHITE; /* required, but Pillow does without */
    if (reader->compression == COMPRESSION_OJPEG)
        reader->photometric = PHOTOMETRIC_YCBCR;
    reader->planes = planar == PLANARCONFIG_SEPARATE ? reader->samples : 1;
    reader->first_extra = extras ? extra_meanings[0] : EXTRASAMPLE_UNSPECIFIED;
    if (!known_layout(reader))
        return tw_decode_unsupported(decode, "its combination of samples is unknown");
    decode->orientation = orientation;
    tuwen_status status = tw_decode_begin(decode, reader->width, reader->height);
    if (status == TUWEN_OK)
        status = read_block_size(reader);
    if (status == TUWEN_OK && reader->photometric == PHOTOMETRIC_PALETTE)
        status = read_palette(reader);
    return status;
}

/* The memory for a block. */
static tuwen_status make_block(tiff_reader *reader)
{
    TIFF *tiff = reader->tiff;
    size_t width = reader->block_width, height = reader->block_height;
    size_t together = reader->planes > 1 ? 1 : reader->samples;
    reader->plane_row = (width * together * reader->bits + 7) / 8;
    tmsize_t row = reader->tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
    if (row <= 0 || (size_t)row != reader->plane_row)
        return fail(reader);
    reader->block =
        tw_alloc_zero(height, reader->plane_row * reader->planes); /* libtiff may leave gaps in bad data */
    reader->plane = reader->planes > 1 ? tw_alloc_zero(height, reader->plane_row) : NULL;
    reader->row_samples = tw_alloc(width, reader->samples);
    reader->row_values = tw_alloc(width, sizeof *reader->row_values);
    if (!reader->block || (reader->planes > 1 && !reader->plane) || !reader->row_samples || !reader->row_values)
        return tw_decode_memory(reader->decode);
    return TUWEN_OK;
}

/* Reads `rows` rows of a block, samples of a pixel together. */
static tuwen_status read_block(tiff_reader *reader, uint32_t x, uint32_t y, uint32_t rows)
{
    size_t needed = rows * reader->plane_row, sample_size = reader->bits / 8u;
    if (reader->tiled)
        needed = reader->block_height * reader->plane_row;
    for (uint16_t plane = 0; plane < reader->planes; plane++) {
        uint8_t *to = reader->planes > 1 ? reader->plane : reader->block;
        tmsize_t got =
            reader->tiled
                ? TIFFReadEncodedTile(reader->tiff, TIFFComputeTile(reader->tiff, x, y, 0, plane), to,
                                      (tmsize_t)needed)
                : TIFFReadEncodedStrip(reader->tiff, TIFFComputeStrip(reader->tiff, y, plane), to, (tmsize_t)needed);
        if (got < 0 || (size_t)got < needed || reader->message[0])
            return fail(reader);
        for (size_t i = 0; reader->planes > 1 && i < needed / sample_size; i++)
            memcpy(reader->block + (i * reader->planes + plane) * sample_size, to + i * sample_size, sample_size);
    }
    return TUWEN_OK;
}

/* 16 and 32 bits, in the machine's byte order; see convert.h for what becomes of them. */
static void convert_wide(const tiff_reader *reader, uint8_t *rgb, const uint8_t *raw, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t word;
        uint32_t number;
        float real;
        if (reader->bits == 16) {
            memcpy(&word, raw + 2 * i, sizeof word);
            reader->row_values[i] = reader->format == SAMPLEFORMAT_INT ? (int16_t)word : word;
        } else if (reader->format == SAMPLEFORMAT_IEEEFP) {
            memcpy(&real, raw + 4 * i, sizeof real);
            reader->row_values[i] = real;
        } else { /* Pillow takes unsigned numbers for signed ones */
            memcpy(&number, raw + 4 * i, sizeof number);
            reader->row_values[i] = (int32_t)number;
        }
    }
    tw_convert_gray_wide(rgb, reader->row_values, count);
}

static void convert_run(const tiff_reader *reader, uint8_t *rgb, const uint8_t *raw, size_t count)
{
    size_t step = reader->samples;
    uint8_t *samples = reader->row_samples;
    bool gray = reader->photometric == PHOTOMETRIC_MINISWHITE || reader->photometric == PHOTOMETRIC_MINISBLACK ||
                reader->samples < 3;
    if (gray && reader->bits > 8) {
        convert_wide(reader, rgb, raw, count);
        return;
    }
    if (reader->bits == 16) {
        for (size_t i = 0; i < count * step; i++) {
            uint16_t word;
            memcpy(&word, raw + 2 * i, sizeof word);
            samples[i] = (uint8_t)(word >> 8);
        }
    } else {
        tw_unpack_bits(samples, raw, count * step, reader->bits);
    }
    if (reader->photometric == PHOTOMETRIC_PALETTE) {
        tw_convert_palette(rgb, samples, count, step, &reader->palette);
    } else if (gray) {
        if (reader->bits < 8)
            tw_scale_bits(samples, count, reader->bits);
        for (size_t i = 0; reader->photometric == PHOTOMETRIC_MINISWHITE && i < count * step; i++)
            samples[i] = (uint8_t)(255 - samples[i]);
        tw_convert_gray(rgb, samples, count, step);
    } else if (reader->photometric == PHOTOMETRIC_SEPARATED) {
        tw_convert_cmyk(rgb, samples, count, step, 0);
    } else if (step > 3 && reader->first_extra == EXTRASAMPLE_ASSOCALPHA) {
        tw_convert_premultiplied(rgb, samples, count, step);
    } else {
        tw_convert_rgb(rgb, samples, count, step);
    }
}

static tuwen_status read_blocks(tiff_reader *reader)
{
    tuwen_status status = make_block(reader);
    reader->message[0] = '\0'; /* from here on a complaint is about pixels, even if the library goes on */
    size_t row_size = reader->plane_row * reader->planes;
    for (uint64_t y = 0; y < reader->height; y += reader->block_height)
        for (uint64_t x = 0; x < reader->width; x += reader->block_width) {
            uint32_t rows = reader->height - (uint32_t)y, columns = reader->width - (uint32_t)x;
            rows = rows < reader->block_height ? rows : reader->block_height;
            columns = columns < reader->block_width ? columns : reader->block_width;
            if (status == TUWEN_OK)
                status = read_block(reader, (uint32_t)x, (uint32_t)y, rows);
            if (status == TUWEN_OK && tw_decode_late(reader->decode))
                status = tw_decode_timeout(reader->decode);
            if (status != TUWEN_OK)
                return status;
            for (uint32_t row = 0; row < rows; row++)
                convert_run(reader, tw_decode_row(reader->decode, (int)(y + row)) + x * 3,
                            reader->block + row * row_size, columns);
        }
    return status;
}

/* YCbCr with subsampling: the library's own conversion, a strip's rows at a time. */
static tuwen_status read_converted(tiff_reader *reader)
{
    char text[1024] = "";
    TIFFRGBAImage image;
    if (!TIFFRGBAImageOK(reader->tiff, text) || !TIFFRGBAImageBegin(&image, reader->tiff, 1, text))
        return tw_decode_unsupported(reader->decode, text);
    image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;
    image.col_offset = 0;
    uint32_t width = reader->width, height = reader->height;
    uint32_t block = reader->block_height < height ? reader->block_height : height;
    tuwen_status status = TUWEN_OK;
    reader->message[0] = '\0';
    uint32_t *raster = tw_alloc((size_t)width * block, sizeof *raster);
    if (!raster)
        status = tw_decode_memory(reader->decode);
    for (uint32_t y = 0; raster && y < height && status == TUWEN_OK; y += block) {
        uint32_t rows = height - y < block ? height - y : block;
        image.row_offset = (int)y;
        if (tw_decode_late(reader->decode))
            status = tw_decode_timeout(reader->decode);
        else if (!TIFFRGBAImageGet(&image, raster, width, rows) || reader->message[0])
            status = fail(reader);
        for (size_t i = 0; status == TUWEN_OK && i < (size_t)width * rows; i++) {
            uint8_t *rgb = tw_decode_row(reader->decode, (int)y) + 3 * i;
            rgb[0] = (uint8_t)TIFFGetR(raster[i]);
            rgb[1] = (uint8_t)TIFFGetG(raster[i]);
            rgb[2] = (uint8_t)TIFFGetB(raster[i]);
        }
    }
    tw_free(raster);
    TIFFRGBAImageEnd(&image);
    return status;
}

static tuwen_status read_page(tiff_reader *reader)
{
    tuwen_status status = read_header(reader);
    if (status != TUWEN_OK)
        return status;
    if (reader->photometric != PHOTOMETRIC_YCBCR || reader->samples == 1)
        return read_blocks(reader);
    if (reader->compression != COMPRESSION_JPEG || reader->planes > 1)
        return read_converted(reader);
    if (!TIFFSetField(reader->tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB))
        return fail(reader);
    return read_blocks(reader);
}

tuwen_status tw_tiff_decode(tw_decode *decode)
{
    tiff_reader reader = {.decode = decode};
    reader.tiff = open_memory(&reader);
    if (!reader.tiff)
        return fail(&reader);
    tuwen_status status = read_page(&reader);
    TIFFClose(reader.tiff);
    tw_free(reader.block);
    tw_free(reader.plane);
    tw_free(reader.row_samples);
    tw_free(reader.row_values);
    return status;
}

void tw_tiff_version(char *out, size_t size)
{
    const char *first = TIFFGetVersion(); /* "LIBTIFF, Version 4.5.0", then lines of copyright */
    const char *number = strpbrk(first, "0123456789");
    (void)snprintf(out, size, "libtiff: %.*s", number ? (int)strcspn(number, "\n") : 0, number ? number : "");
}
