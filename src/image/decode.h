/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What decode.c and the wrapper of each picture library share: the state of one decoding, its limits and its error
 * sentences. Every wrapper has one entry point, which fills decode->picture or fails; decode.c frees the picture
 * after a failure.
 */
#ifndef TW_IMAGE_DECODE_H
#define TW_IMAGE_DECODE_H

#include "image/image.h"

/* Pixels of one side; every library's own limit is below or equal, and 3 * side fits an int. */
#define TW_SIDE_MAX 0x1fffffff

typedef struct tw_decode {
    const uint8_t *bytes;
    size_t size;
    const char *name;   /* of the picture, for messages */
    const char *format; /* "JPEG", for messages */
    const tw_image_limits *limits;
    double deadline; /* on the clock of base/clock.h */
    int edge;        /* a longer side of this many pixels will do; 0: the picture as it is */
    bool upright;    /* the caller wants the EXIF orientation applied */
    int orientation; /* 1..8, to be applied after decoding; wrappers set it where Pillow would */
    tw_picture *picture;
    tuwen_error *error;
} tw_decode;

/* Checks a size against the limits: the picture's, or that of something larger which is decoded on the way to it. */
tuwen_status tw_decode_check_size(const tw_decode *decode, uint64_t width, uint64_t height);

/* Checks the picture's size and makes decode->picture, all black. */
tuwen_status tw_decode_begin(tw_decode *decode, uint64_t width, uint64_t height);

/* Whether the time is over. tw_decode_begin and the end of decoding ask; wrappers also at every row, block or piece of
 * the file, except for the runs of a BMP (short: limited bytes and pixels) and HEIF (libheif cannot be interrupted). */
bool tw_decode_late(const tw_decode *decode);

/* The sentences with which a decoding fails. `detail` is the library's own words, or ours. */
tuwen_status tw_decode_timeout(const tw_decode *decode);
tuwen_status tw_decode_truncated(const tw_decode *decode);
tuwen_status tw_decode_damaged(const tw_decode *decode, const char *detail);
tuwen_status tw_decode_unsupported(const tw_decode *decode, const char *detail);
tuwen_status tw_decode_memory(const tw_decode *decode);

/* The first byte of a row of the picture being made. */
uint8_t *tw_decode_row(const tw_decode *decode, int y);

/* One a format, in its own file. */
tuwen_status tw_jpeg_decode(tw_decode *decode);
tuwen_status tw_png_decode(tw_decode *decode);
tuwen_status tw_webp_decode(tw_decode *decode);
tuwen_status tw_gif_decode(tw_decode *decode);
tuwen_status tw_bmp_decode(tw_decode *decode);
tuwen_status tw_tiff_decode(tw_decode *decode);
tuwen_status tw_heif_decode(tw_decode *decode);

/* "NAME: VERSION" of the library behind each. */
void tw_jpeg_version(char *out, size_t size);
void tw_png_version(char *out, size_t size);
void tw_webp_version(char *out, size_t size);
void tw_gif_version(char *out, size_t size);
void tw_tiff_version(char *out, size_t size);
void tw_heif_version(char *out, size_t size);

#endif
