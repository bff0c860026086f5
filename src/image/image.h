/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a picture file to the patches that the vision tower reads, equal bit by bit to the reference:
 * Pillow's conversion to RGB, two bicubic resizes, normalisation, patch order.
 */
#ifndef TW_IMAGE_IMAGE_H
#define TW_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

/* Guards against decompression bombs. All must be set. */
typedef struct tw_image_limits {
    uint64_t bytes;  /* of the file */
    uint64_t pixels; /* width * height, checked before memory is taken */
    double seconds;  /* of decoding */
} tw_image_limits;

/* An 8-bit RGB picture. */
typedef struct tw_picture {
    int width, height; /* pixels */
    uint8_t *rgb;      /* [height][width][3], owned; free with tw_picture_free */
} tw_picture;

/* Recognises the format by content, decodes the first frame and converts it to RGB as Pillow's convert("RGB") does.
 * `name` is for messages. With `upright`, the EXIF orientation is applied (the reference ignores it, but for TIFF, which
 * Pillow always turns); a HEIC file's own rotation always is, an AVIF file's with `upright`.
 * Errors: BAD_IMAGE, LIMIT (naming the limit's flag), OUT_OF_MEMORY. Thread-safe. */
tuwen_status tw_picture_decode(const void *bytes, size_t size, const char *name, const tw_image_limits *limits,
                               bool upright, tw_picture *picture, tuwen_error *error);

/* The same where a picture with a longer side of `edge` pixels will do: a format that can be decoded to less at less cost
 * (JPEG) may give such a smaller one, never with a longer side below `edge`. The limits are on the picture as it is. */
tuwen_status tw_picture_decode_small(const void *bytes, size_t size, const char *name, const tw_image_limits *limits,
                                     bool upright, int edge, tw_picture *picture, tuwen_error *error);

/* Appends the picture as a JPEG file (colours at half the resolution) of this quality, 1 to 100. */
tuwen_status tw_jpeg_encode(const tw_picture *picture, int quality, tw_bytes *jpeg, tuwen_error *error);

/* Accepts a zeroed picture, and leaves it so. */
void tw_picture_free(tw_picture *picture);

/* Pillow's Image.resize((width, height), BICUBIC): fixed point, horizontal pass first, antialiased when shrinking.
 * `from` stays; `to` is new. A pass whose size does not change is skipped. */
tuwen_status tw_picture_resize(const tw_picture *from, int width, int height, tw_picture *to, tuwen_error *error);

/* The picture side of a checkpoint's configuration (preprocessor_config.json and vision_config). */
typedef struct tw_patch_config {
    int patch_size;          /* pixels, 14 */
    int temporal_patch_size; /* frames, 2: a still is shown twice */
    int merge_size;          /* patches a side of a merge block, 2 */
    float mean[3], std[3];   /* of RGB in 0..1 */
    int tokens_min;          /* image tokens: one covers (patch_size * merge_size)^2 pixels */
    int tokens_max;
    bool single_resize; /* step A has these limits too, which leaves nothing to do for step B */
} tw_patch_config;

/* The sizes that a picture takes on its way: after the reference's fetch_image (step A) and its processor (step B).
 * False when the reference would refuse (cannot happen for positive sizes unless the configuration is absurd). */
typedef struct tw_picture_plan {
    int first_width, first_height; /* after step A */
    int width, height;             /* after step B */
    int grid_h, grid_w;            /* patches */
    int tokens;                    /* image tokens, grid_h * grid_w / merge_size^2 */
} tw_picture_plan;
bool tw_picture_plan_sizes(int width, int height, const tw_patch_config *config, tw_picture_plan *plan);

/* The patch vectors of one picture. */
typedef struct tw_patches {
    int grid_h, grid_w; /* patches */
    int length;         /* of a patch vector: 3 * temporal_patch_size * patch_size^2 */
    float *
        values; /* [grid_h * grid_w][length], merge blocks of 2x2 patches together, each patch [channel][frame][y][x]; owned */
} tw_patches;

/* Both resizes, normalisation and patch order (section 2.1 and 6 of the model document). */
tuwen_status tw_patches_make(const tw_picture *picture, const tw_patch_config *config, tw_patches *patches,
                             tuwen_error *error);

/* Accepts zeroed patches, and leaves them so. */
void tw_patches_free(tw_patches *patches);

/* Appends a PNG file of the picture to `bytes`, with the text chunk "Software: `software`" before the pixels. */
tuwen_status tw_picture_to_png(const tw_picture *picture, const char *software, tw_bytes *bytes, tuwen_error *error);

/* "NAME: VERSION" of each picture library, a line each. Returns how many characters were written. */
size_t tw_image_describe(char *buffer, size_t size);

#endif
