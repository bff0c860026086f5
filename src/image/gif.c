/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GIF by giflib: the first frame on its canvas, as Pillow shows it. The canvas is filled with the transparent index if
 * the frame has one and with index 0 otherwise, grows to hold the frame, and takes the frame's palette.
 */
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

/* The rows of the four passes of an interlaced frame, or of the only pass. */
static tuwen_status read_rows(gif_reader *reader, uint8_t *indices)
{
    static const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    const GifImageDesc *frame = &reader->gif->Image;
    for (int pass = 0; pass < (frame->Interlace ? 4 : 1); pass++)
        for (int y = frame->Interlace ? first[pass] : 0; y < frame->Height; y += frame->Interlace ? step[pass] : 1) {
            if (tw_decode_late(reader->decode))
                return tw_decode_timeout(reader->decode);
            if (DGifGetLine(reader->gif, indices, frame->Width) != GIF_OK)
                return fail(reader, reader->gif->Error);
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
    uint8_t *indices = tw_alloc((size_t)frame->Width, 1);
    if (!indices)
        return tw_decode_memory(reader->decode);
    status = read_rows(reader, indices);
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
