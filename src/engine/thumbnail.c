/* SPDX-License-Identifier: Apache-2.0 */
/* Thumbnails: a picture decoded as for the model, made small, and written as JPEG. */
#include "tuwen/thumbnail.h"

#include "base/memory.h"
#include "engine/prepare.h"
#include "image/image.h"

enum { EDGE_DEFAULT = 96, EDGE_LEAST = 16, EDGE_MOST = 1024, QUALITY_DEFAULT = 70 };

static tuwen_status complete(tuwen_thumbnail_options *options, tuwen_error *error)
{
    if (options->edge == 0)
        options->edge = EDGE_DEFAULT;
    if (options->quality == 0)
        options->quality = QUALITY_DEFAULT;
    if (options->edge < EDGE_LEAST || options->edge > EDGE_MOST)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "thumbnails of %d pixels: allowed are %d to %d", options->edge,
                       EDGE_LEAST, EDGE_MOST);
    if (options->quality < 1 || options->quality > 100)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "JPEG quality %d: allowed are 1 to 100", options->quality);
    return TUWEN_OK;
}

/* The other side of a picture whose longer side becomes `edge`. */
static int scaled(int side, int longer, int edge)
{
    int length = (int)(((int64_t)side * edge + longer / 2) / longer);
    return length < 1 ? 1 : length;
}

static tuwen_status write_small(const tw_picture *picture, const tuwen_thumbnail_options *options, tw_bytes *jpeg,
                                tuwen_error *error)
{
    int longer = picture->width > picture->height ? picture->width : picture->height;
    if (longer <= options->edge)
        return tw_jpeg_encode(picture, options->quality, jpeg, error);
    tw_picture small;
    tuwen_status status = tw_picture_resize(picture, scaled(picture->width, longer, options->edge),
                                            scaled(picture->height, longer, options->edge), &small, error);
    if (status == TUWEN_OK)
        status = tw_jpeg_encode(&small, options->quality, jpeg, error);
    tw_picture_free(&small);
    return status;
}

tuwen_status tuwen_thumbnail_make(const void *picture, size_t picture_size, const char *name,
                                  const tuwen_thumbnail_options *options, void **jpeg, size_t *jpeg_size,
                                  tuwen_error *error)
{
    tuwen_thumbnail_options chosen = options ? *options : (tuwen_thumbnail_options){0};
    tw_picture decoded = {0};
    tw_bytes bytes = {0};
    *jpeg = NULL;
    *jpeg_size = 0;
    tuwen_status status = complete(&chosen, error);
    if (status != TUWEN_OK)
        return status;
    const tw_image_limits limits =
        tw_picture_limits(chosen.max_picture_bytes, chosen.max_picture_pixels, chosen.max_picture_seconds);
    status = tw_picture_decode_small(picture, picture_size, name ? name : "picture", &limits,
                                     chosen.exif == TUWEN_EXIF_APPLY, 2 * chosen.edge, &decoded, error);
    if (status == TUWEN_OK)
        status = write_small(&decoded, &chosen, &bytes, error);
    tw_picture_free(&decoded);
    if (status != TUWEN_OK) {
        tw_bytes_free(&bytes);
        return status;
    }
    *jpeg = bytes.data;
    *jpeg_size = bytes.length;
    return TUWEN_OK;
}

void tuwen_thumbnail_free(void *jpeg)
{
    tw_free(jpeg);
}
