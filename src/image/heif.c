/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HEIC and AVIF by libheif: the primary picture. Rotation and mirroring are properties of the file there, and its EXIF
 * orientation is to be ignored. libheif applies the properties; Pillow reports those of AVIF as an EXIF orientation
 * instead, so for AVIF they count only if the caller wants the picture upright.
 *
 * libheif cannot be interrupted: the time is checked before and after. The pixels are limited before, as the file's
 * boxes announce them, both as stored and as shown: a clean aperture (clap) shows a few pixels of many that are decoded.
 * The size in the compressed data itself is known to the codec only, and compared afterwards.
 */
#include <stdio.h>
#include <string.h>

#include <libheif/heif.h>

#include "image/decode.h"

/* A side of any picture in the file, tiles included: what libheif 1.15 allows by itself. Newer versions allow any shape
 * of as many pixels as this square. */
enum { LIBRARY_SIDE_MAX = 32768 };

static tuwen_status check_error(const tw_decode *decode, struct heif_error error)
{
    switch (error.code) {
    case heif_error_Ok:
        return TUWEN_OK;
    case heif_error_Memory_allocation_error:
        if (error.subcode == heif_suberror_Security_limit_exceeded)
            return tw_fail(decode->error, TUWEN_LIMIT, "%s: the %s file exceeds a limit of libheif: %.*s",
                           decode->name, decode->format, (int)strcspn(error.message, "\n"), error.message);
        return tw_decode_memory(decode);
    case heif_error_Unsupported_filetype:
    case heif_error_Unsupported_feature:
        return tw_decode_unsupported(decode, error.message);
    default:
        if (error.subcode == heif_suberror_End_of_data)
            return tw_decode_truncated(decode);
        return tw_decode_damaged(decode, error.message);
    }
}

static tuwen_status copy_rows(const tw_decode *decode, const struct heif_image *image)
{
    const tw_picture *picture = decode->picture;
    int stride;
    const uint8_t *plane = heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride);
    if (!plane || heif_image_get_width(image, heif_channel_interleaved) != picture->width ||
        heif_image_get_height(image, heif_channel_interleaved) != picture->height)
        return tw_decode_damaged(decode, "its picture has another size than announced");
    for (int y = 0; y < picture->height; y++)
        memcpy(tw_decode_row(decode, y), plane + (size_t)y * (size_t)stride, (size_t)picture->width * 3);
    return TUWEN_OK;
}

#if LIBHEIF_HAVE_VERSION(1, 15, 0)
/* libaom for AVIF, if libheif has it: its use of dav1d, in Debian 12, leaks memory and writes to standard error. Newer
 * versions refuse the name of a decoder that is not there, so it is looked for; NULL leaves the choice to libheif. */
static const char *preferred_decoder(bool avif)
{
    const struct heif_decoder_descriptor *found[16];
    int count = avif ? heif_get_decoder_descriptors(heif_compression_AV1, found, 16) : 0;
    for (int i = 0; i < count; i++) {
        const char *name = heif_decoder_descriptor_get_id_name(found[i]);
        if (name && strcmp(name, "aom") == 0)
            return "aom";
    }
    return NULL;
}
#endif

static tuwen_status read_image(tw_decode *decode, const struct heif_image_handle *handle, bool avif)
{
    bool as_stored = avif && !decode->upright;
    int stored_width = heif_image_handle_get_ispe_width(handle);
    int stored_height = heif_image_handle_get_ispe_height(handle);
    int width = as_stored ? stored_width : heif_image_handle_get_width(handle);
    int height = as_stored ? stored_height : heif_image_handle_get_height(handle);
    if (stored_width <= 0 || stored_height <= 0 || width <= 0 || height <= 0)
        return tw_decode_damaged(decode, "it has no pixels");
    tuwen_status status = tw_decode_check_size(decode, (uint64_t)stored_width, (uint64_t)stored_height);
    if (status == TUWEN_OK)
        status = tw_decode_begin(decode, (uint64_t)width, (uint64_t)height);
    if (status != TUWEN_OK)
        return status;
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    if (!options)
        return tw_decode_memory(decode);
    options->ignore_transformations = as_stored;
#if LIBHEIF_HAVE_VERSION(1, 15, 0)
    options->decoder_id = preferred_decoder(avif);
#endif
    struct heif_image *image = NULL;
    status = check_error(
        decode, heif_decode_image(handle, &image, heif_colorspace_RGB, heif_chroma_interleaved_RGB, options));
    heif_decoding_options_free(options);
    if (status == TUWEN_OK)
        status = copy_rows(decode, image);
    if (image)
        heif_image_release(image);
    return status;
}

static tuwen_status read_primary(tw_decode *decode, struct heif_context *context, bool avif)
{
    heif_context_set_maximum_image_size_limit(context, LIBRARY_SIDE_MAX);
    tuwen_status status =
        check_error(decode, heif_context_read_from_memory_without_copy(context, decode->bytes, decode->size, NULL));
    if (status != TUWEN_OK)
        return status;
    struct heif_image_handle *handle = NULL;
    status = check_error(decode, heif_context_get_primary_image_handle(context, &handle));
    if (status == TUWEN_OK)
        status = read_image(decode, handle, avif);
    if (handle)
        heif_image_handle_release(handle);
    return status;
}

tuwen_status tw_heif_decode(tw_decode *decode)
{
    int head = decode->size < 4096 ? (int)decode->size : 4096; /* enough for the list of brands */
    if (heif_check_filetype(decode->bytes, head) == heif_filetype_no)
        return tw_decode_unsupported(decode, "it is a film or another file without a picture");
    bool avif = heif_has_compatible_brand(decode->bytes, head, "avif") == 1;
    decode->format = avif ? "AVIF" : "HEIC";
    struct heif_context *context = heif_context_alloc();
    if (!context)
        return tw_decode_memory(decode);
    tuwen_status status = read_primary(decode, context, avif);
    heif_context_free(context);
    return status;
}

void tw_heif_version(char *out, size_t size)
{
    (void)snprintf(out, size, "libheif: %s", heif_get_version());
}
