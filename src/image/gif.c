/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GIF by giflib: the first frame on its canvas, as Pillow shows it. The canvas is filled with the transparent index if
 * the frame has one and with index 0 otherwise, grows to hold the frame, and takes the frame's palette.
 *
 * giflib parses the file. Its LZW decoder lets invalid codes pass and reads beyond the last pixel, so that it would
 * show damaged files that Pillow refuses, and refuse files that lack only their end; the codes are expanded here.
 */
#include <stdio.h>
#include <string.h>

#include <gif_lib.h>

#include "base/memory.h"
#include "image/convert.h"
#include "image/decode.h"

typedef struct {
    tw_decode *decode;
    GifFileType *gif;
    size_t position;
    bool ended;      /* the library wanted more bytes than there are */
    int transparent; /* index, or -1 */
    tw_palette palette;
} gif_reader;

enum { CODE_BITS_MAX = 12, CODES = 1 << CODE_BITS_MAX };

/* The LZW state. The string of a code is that of its prefix and one more index. */
typedef struct {
    gif_reader *reader;
    GifByteType *block; /* the rest of a block of data */
    size_t left;        /* bytes in it */
    uint32_t bits;      /* read and not yet used, the next in the lowest */
    int bit_count, code_size;
    int clear, next; /* the code that empties the table, and the one that enters it next */
    int previous;    /* code, -1 after clear */
    uint16_t prefix[CODES];
    uint8_t last[CODES];
    uint8_t string[CODES + 1]; /* of the current code, at the end */
    size_t start;              /* of the string */
} gif_codes;

static int read_bytes(GifFileType *gif, GifByteType *to, int count)
{
    gif_reader *reader = gif->UserData;
    size_t left = reader->decode->size - reader->position;
    if (count < 0 || (size_t)count > left) {
        reader->ended = true;
        count = count < 0 ? 0 : (int)left;
    }
    memcpy(to, reader->decode->bytes + reader->position, (size_t)count);
    reader->position += (size_t)count;
    return count;
}

static tuwen_status fail(const gif_reader *reader, int code)
{
    if (code == D_GIF_ERR_NOT_ENOUGH_MEM)
        return tw_decode_memory(reader->decode);
    if (reader->ended)
        return tw_decode_truncated(reader->decode);
    const char *text = GifErrorString(code);
    return tw_decode_damaged(reader->decode, text ? text : "no picture in it");
}

/* Whether the colours are just the gray steps 0, 1, 2...: such a palette is no palette for Pillow. */
static bool gray_steps(const ColorMapObject *map)
{
    for (int i = 0; i < map->ColorCount; i++)
        if (map->Colors[i].Red != i || map->Colors[i].Green != i || map->Colors[i].Blue != i)
            return false;
    return true;
}

/* Indices beyond a palette of colours are black, and gray without one. */
static void fill_palette(gif_reader *reader)
{
    const ColorMapObject *map = reader->gif->Image.ColorMap;
    if (!map || gray_steps(map))
        map = reader->gif->SColorMap;
    if (!map || gray_steps(map)) {
        for (int i = 0; i < 256; i++)
            memset(reader->palette.rgb[i], i, 3);
        return;
    }
    for (int i = 0; i < map->ColorCount && i < 256; i++) {
        reader->palette.rgb[i][0] = map->Colors[i].Red;
        reader->palette.rgb[i][1] = map->Colors[i].Green;
        reader->palette.rgb[i][2] = map->Colors[i].Blue;
    }
}

/* Reads the blocks up to the first frame, noting its transparent index. giflib's code, 0 for success. */
static int find_frame(gif_reader *reader)
{
    GifFileType *gif = reader->gif;
    GifRecordType type;
    reader->transparent = -1;
    for (;;) {
        if (DGifGetRecordType(gif, &type) != GIF_OK)
            return gif->Error;
        if (type == IMAGE_DESC_RECORD_TYPE)
            return DGifGetImageDesc(gif) == GIF_OK ? 0 : gif->Error;
        if (type != EXTENSION_RECORD_TYPE)
            return D_GIF_ERR_NO_IMAG_DSCR;
        int kind;
        GifByteType *block; /* its length, then its bytes */
        if (DGifGetExtension(gif, &kind, &block) != GIF_OK)
            return gif->Error;
        if (kind == GRAPHICS_EXT_FUNC_CODE && block && block[0] >= 4 && block[1] & 1)
            reader->transparent = block[4];
        while (block)
            if (DGifGetExtensionNext(gif, &block) != GIF_OK)
                return gif->Error;
    }
}

static void start_table(gif_codes *codes, int bits)
{
    codes->clear = 1 << bits;
    codes->next = codes->clear + 2;
    codes->code_size = bits + 1;
    codes->previous = -1;
}

/* The next code, or -1 where the data end. */
static int read_code(gif_codes *codes)
{
    while (codes->bit_count < codes->code_size) {
        if (codes->left == 0) {
            if (DGifGetCodeNext(codes->reader->gif, &codes->block) != GIF_OK || !codes->block)
                return -1;
            codes->left = *codes->block++; /* its length comes first */
            continue;
        }
        codes->bits |= (uint32_t)*codes->block++ << codes->bit_count;
        codes->bit_count += 8;
        codes->left--;
    }
    int code = (int)(codes->bits & ((1u << codes->code_size) - 1));
    codes->bits >>= codes->code_size;
    codes->bit_count -= codes->code_size;
    return code;
}

/* Makes the string of a code and enters the next code into the table. False for a code that cannot be. */
static bool expand(gif_codes *codes, int code)
{
    int rest = code, previous = codes->previous;
    codes->previous = code;
    codes->start = sizeof codes->string;
    if (previous < 0) {
        codes->string[--codes->start] = (uint8_t)code;
        return code < codes->clear;
    }
    if (code > codes->next)
        return false;
    if (code == codes->next) { /* the code being entered: the previous string and its own first index, see below */
        codes->start--;
        rest = previous;
    }
    for (; rest >= codes->clear; rest = codes->prefix[rest]) {
        if (codes->start <= 1 || rest >= CODES)
            return false;
        codes->string[--codes->start] = codes->last[rest];
    }
    codes->string[--codes->start] = (uint8_t)rest;
    if (code == codes->next)
        codes->string[sizeof codes->string - 1] = (uint8_t)rest;
    if (codes->next < CODES) {
        codes->last[codes->next] = (uint8_t)rest;
        codes->prefix[codes->next] = (uint16_t)previous;
        if (codes->next == (1 << codes->code_size) - 1 && codes->code_size < CODE_BITS_MAX)
            codes->code_size++;
        codes->next++;
    }
    return true;
}

/* Fills the next `count` indices. The strings of codes do not end where rows end. */
static tuwen_status read_indices(gif_codes *codes, int bits, uint8_t *indices, size_t count)
{
    const tw_decode *decode = codes->reader->decode;
    for (size_t filled = 0; filled < count;) {
        while (codes->start < sizeof codes->string && filled < count)
            indices[filled++] = codes->string[codes->start++];
        if (filled == count)
            break;
        int code = read_code(codes);
        if (code < 0 || code == codes->clear + 1)
            return tw_decode_truncated(decode);
        if (code == codes->clear)
            start_table(codes, bits);
        else if (!expand(codes, code))
            return tw_decode_damaged(decode, "it has an invalid code");
    }
    return TUWEN_OK;
}

/* The rows of the four passes of an interlaced frame, or of the only pass. */
static tuwen_status read_rows(gif_reader *reader, gif_codes *codes, uint8_t *indices)
{
    static const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    const GifImageDesc *frame = &reader->gif->Image;
    int bits;
    if (DGifGetCode(reader->gif, &bits, &codes->block) != GIF_OK)
        return fail(reader, reader->gif->Error);
    if (bits < 0 || bits > 8)
        return tw_decode_damaged(reader->decode, "its codes have an invalid size");
    codes->left = codes->block ? *codes->block++ : 0;
    codes->start = sizeof codes->string;
    start_table(codes, bits);
    for (int pass = 0; pass < (frame->Interlace ? 4 : 1); pass++)
        for (int y = frame->Interlace ? first[pass] : 0; y < frame->Height; y += frame->Interlace ? step[pass] : 1) {
            if (tw_decode_late(reader->decode))
                return tw_decode_timeout(reader->decode);
            tuwen_status status = read_indices(codes, bits, indices, (size_t)frame->Width);
            if (status != TUWEN_OK)
                return status;
            uint8_t *rgb = tw_decode_row(reader->decode, frame->Top + y) + (size_t)frame->Left * 3;
            tw_convert_palette(rgb, indices, (size_t)frame->Width, 1, &reader->palette);
        }
    return TUWEN_OK;
}

static tuwen_status read_frame(gif_reader *reader)
{
    int code = find_frame(reader);
    if (code)
        return fail(reader, code);
    const GifFileType *gif = reader->gif;
    const GifImageDesc *frame = &gif->Image;
    if (frame->Width <= 0 || frame->Height <= 0)
        return tw_decode_damaged(reader->decode, "its first frame has no pixels");
    int right = frame->Left + frame->Width, bottom = frame->Top + frame->Height;
    int width = right > gif->SWidth ? right : gif->SWidth, height = bottom > gif->SHeight ? bottom : gif->SHeight;
    tuwen_status status = tw_decode_begin(reader->decode, (uint64_t)width, (uint64_t)height);
    if (status != TUWEN_OK)
        return status;
    fill_palette(reader);
    const uint8_t *background = reader->palette.rgb[reader->transparent >= 0 ? reader->transparent : 0];
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
        memcpy(reader->decode->picture->rgb + 3 * i, background, 3);
    gif_codes codes = {.reader = reader};
    uint8_t *indices = tw_alloc((size_t)frame->Width, 1);
    if (!indices)
        return tw_decode_memory(reader->decode);
    status = read_rows(reader, &codes, indices);
    tw_free(indices);
    return status;
}

tuwen_status tw_gif_decode(tw_decode *decode)
{
    gif_reader reader = {.decode = decode};
    int code = 0;
    reader.gif = DGifOpen(&reader, read_bytes, &code);
    if (!reader.gif)
        return fail(&reader, code);
    tuwen_status status = read_frame(&reader);
    (void)DGifCloseFile(reader.gif, &code);
    return status;
}

void tw_gif_version(char *out, size_t size)
{
    (void)snprintf(out, size, "giflib: %d.%d.%d", GIFLIB_MAJOR, GIFLIB_MINOR, GIFLIB_RELEASE);
}
