/* SPDX-License-Identifier: Apache-2.0 */
/* A small JPEG of a picture, for reports and lists. Needs no model. */
#ifndef TUWEN_THUMBNAIL_H
#define TUWEN_THUMBNAIL_H

#include "tuwen/tuwen.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How to make one. Zero-initialise for the defaults; a zero field means its default. */
typedef struct tuwen_thumbnail_options {
    int edge;        /* 16..1024 pixels of the longer side; default 96. A smaller picture keeps its size */
    int quality;     /* 1..100, of the JPEG; default 70 */
    tuwen_exif exif; /* as in tuwen_session_options, like the limits below */
    uint64_t max_picture_bytes, max_picture_pixels;
    double max_picture_seconds;
} tuwen_thumbnail_options;

/*
 * Makes a JPEG of a picture file in memory, of any format that tuwen_embed reads. It shows what the model sees: colours
 * without their transparency, the first frame, upright unless EXIF is to be ignored. `name` is for messages and may be
 * NULL, as may `options`. `*jpeg` (`*jpeg_size` bytes) is owned by the caller and freed with tuwen_thumbnail_free; NULL
 * after a failure. Errors: BAD_IMAGE, LIMIT, INVALID_ARGUMENT, OUT_OF_MEMORY. Thread-safe.
 */
TUWEN_API tuwen_status tuwen_thumbnail_make(const void *picture, size_t picture_size, const char *name,
                                            const tuwen_thumbnail_options *options, void **jpeg, size_t *jpeg_size,
                                            tuwen_error *error);

/* Accepts NULL. */
TUWEN_API void tuwen_thumbnail_free(void *jpeg);

#ifdef __cplusplus
}
#endif

#endif
