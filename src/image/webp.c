/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebP by libwebp: the first frame at its place on a black canvas, which is what Pillow's animation decoder gives once
 * alpha is dropped. The data are fed in pieces so that the time can be checked between them.
 */
#include <stdio.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include "image/decode.h"
#include "image/exif.h"

enum { PIECE = 1 << 16 }; /* bytes */

static tuwen_status check_code(const tw_decode *decode, VP8StatusCode code)
{
    switch (code) {
    case VP8_STATUS_OK:
        return TUWEN_OK;
    case VP8_STATUS_OUT_OF_MEMORY:
        return tw_decode_memory(decode);
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return tw_decode_truncated(decode);
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return tw_decode_unsupported(decode, "it uses an unknown feature");
    default:
        return tw_decode_damaged(decode, "its bit stream is invalid");
    }
}

static tuwen_status feed(const tw_decode *decode, const WebPIterator *frame, WebPIDecoder *decoder)
{
    const uint8_t *bytes = frame->fragment.bytes;
    size_t size = frame->fragment.size, fed = 0;
    VP8StatusCode code = VP8_STATUS_SUSPENDED;
    while (code == VP8_STATUS_SUSPENDED && fed < size) {
        if (tw_decode_late(decode))
            return tw_decode_timeout(decode);
        fed = size - fed < PIECE ? size : fed + PIECE;
        code = WebPIUpdate(decoder, bytes, fed);
    }
    return check_code(decode, code);
}

static tuwen_status read_frame(tw_decode *decode, const WebPIterator *frame)
{
    tw_picture *picture = decode->picture;
    if (frame->x_offset < 0 || frame->y_offset < 0 || frame->width <= 0 || frame->height <= 0 ||
        frame->width > picture->width - frame->x_offset || frame->height > picture->height - frame->y_offset)
        return tw_decode_damaged(decode, "its first frame is not within the canvas");
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return tw_decode_unsupported(decode, "the version of libwebp does not match");
    size_t stride = (size_t)picture->width * 3;
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = tw_decode_row(decode, frame->y_offset) + (size_t)frame->x_offset * 3;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = stride * ((size_t)frame->height - 1) + (size_t)frame->width * 3;
    WebPIDecoder *decoder = WebPIDecode(NULL, 0, &config);
    if (!decoder)
        return tw_decode_memory(decode);
    tuwen_status status = feed(decode, frame, decoder);
    if (status == TUWEN_OK && (config.output.width != frame->width || config.output.height != frame->height))
        status = tw_decode_damaged(decode, "its first frame has another size than announced");
    WebPIDelete(decoder);
    WebPFreeDecBuffer(&config.output);
    return status;
}

static void note_orientation(tw_decode *decode, const WebPDemuxer *demuxer)
{
    WebPChunkIterator chunk;
    if (!decode->upright || !WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk))
        return;
    decode->orientation = tw_exif_orientation(chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
}

tuwen_status tw_webp_decode(tw_decode *decode)
{
    WebPData data = {decode->bytes, decode->size};
    WebPDemuxState state;
    WebPDemuxer *demuxer = WebPDemuxPartial(&data, &state);
    if (!demuxer)
        return state == WEBP_DEMUX_PARSE_ERROR ? tw_decode_damaged(decode, "its chunks are invalid")
                                               : tw_decode_truncated(decode);
    WebPIterator frame;
    tuwen_status status;
    if (state != WEBP_DEMUX_DONE) {
        status = tw_decode_truncated(decode);
    } else if (!WebPDemuxGetFrame(demuxer, 1, &frame)) {
        status = tw_decode_damaged(decode, "it has no frame");
    } else {
        status = tw_decode_begin(decode, WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH),
                                 WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT));
        if (status == TUWEN_OK)
            status = read_frame(decode, &frame);
        WebPDemuxReleaseIterator(&frame);
    }
    if (status == TUWEN_OK)
        note_orientation(decode, demuxer);
    WebPDemuxDelete(demuxer);
    return status;
}

void tw_webp_version(char *out, size_t size)
{
    unsigned version = (unsigned)WebPGetDecoderVersion(); /* a byte each of major, minor, revision */
    (void)snprintf(out, size, "libwebp: %u.%u.%u", version >> 16 & 0xff, version >> 8 & 0xff, version & 0xff);
}
