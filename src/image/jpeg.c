/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG by libjpeg-turbo with its defaults (accurate integer DCT, smooth upsampling), as Pillow uses it: reading, and
 * writing thumbnails.
 *
 * The library reports a failure by a call that must not return, so it is left by longjmp. All that is needed after the
 * jump is in one structure outside of the function that calls setjmp; its memory is freed in one place, jump or not.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "image/convert.h"
#include "image/decode.h"
#include "image/exif.h"

typedef struct {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf leave;
    tw_decode *decode;
    tuwen_status status;
} jpeg_reader;

/* Each manager below is found from the library's pointer to the reader, which the library keeps for us. */
static jpeg_reader *reader_of(j_common_ptr info)
{
    return info->client_data;
}

static void fail(j_common_ptr info)
{
    jpeg_reader *reader = reader_of(info);
    if (info->err->msg_code == JERR_OUT_OF_MEMORY) {
        reader->status = tw_decode_memory(reader->decode);
    } else {
        char text[JMSG_LENGTH_MAX];
        info->err->format_message(info, text);
        reader->status = tw_decode_damaged(reader->decode, text);
    }
    longjmp(reader->leave, 1);
}

/* Warnings are about data that Pillow accepts too. */
static void stay_silent(j_common_ptr info)
{
}

/* Called at every row of blocks, also while the scans of a progressive file are gathered. */
static void check_time(j_common_ptr info)
{
    jpeg_reader *reader = reader_of(info);
    if (tw_decode_late(reader->decode)) {
        reader->status = tw_decode_timeout(reader->decode);
        longjmp(reader->leave, 1);
    }
}

static void ignore_source(j_decompress_ptr info)
{
}

/* The whole file is in memory: where it ends early the library is told to wait, and we report a truncated file. */
static boolean fill_nothing(j_decompress_ptr info)
{
    return FALSE;
}

static void skip_bytes(j_decompress_ptr info, long count)
{
    struct jpeg_source_mgr *source = info->src;
    if (count <= 0)
        return;
    size_t step = (size_t)count < source->bytes_in_buffer ? (size_t)count : source->bytes_in_buffer;
    source->next_input_byte += step;
    source->bytes_in_buffer -= step;
}

static void note_orientation(jpeg_reader *reader)
{
    for (jpeg_saved_marker_ptr marker = reader->info.marker_list; marker; marker = marker->next)
        if (marker->data_length >= 6 && memcmp(marker->data, "Exif\0", 6) == 0) {
            reader->decode->orientation = tw_exif_orientation(marker->data, marker->data_length);
            return;
        }
}

/* False when the file ends early. */
static bool read_header(jpeg_reader *reader)
{
    struct jpeg_decompress_struct *info = &reader->info;
    if (reader->decode->upright)
        jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
    int result;
    do
        result = jpeg_read_header(info, FALSE);
    while (result == JPEG_HEADER_TABLES_ONLY);
    return result == JPEG_HEADER_OK;
}

static tuwen_status read_rows(jpeg_reader *reader)
{
    struct jpeg_decompress_struct *info = &reader->info;
    tw_decode *decode = reader->decode;
    JSAMPARRAY cmyk = NULL;
    if (info->out_color_space == JCS_CMYK)
        cmyk = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, info->output_width * 4, 1);
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = tw_decode_row(decode, (int)info->output_scanline);
        if (jpeg_read_scanlines(info, cmyk ? cmyk : &row, 1) != 1)
            return tw_decode_truncated(decode);
        if (cmyk) /* always stored inverted, Pillow says */
            tw_convert_cmyk(row, *cmyk, info->output_width, 4, 255);
    }
    (void)jpeg_finish_decompress(info); /* looks for damage after the last row; the end mark may be missing */
    return TUWEN_OK;
}

enum { NARROW = 16 }; /* pixels */

/* The library makes halves, quarters and eighths of a picture from its coefficients, for a fraction of the time. The last
 * row and column may then stand for pixels beyond the picture, so it must not be narrow. */
static void choose_scale(jpeg_reader *reader)
{
    struct jpeg_decompress_struct *info = &reader->info;
    unsigned longer = info->image_width > info->image_height ? info->image_width : info->image_height;
    unsigned shorter = info->image_width < info->image_height ? info->image_width : info->image_height;
    unsigned edge = (unsigned)reader->decode->edge;
    info->scale_num = 1;
    info->scale_denom = edge > 0 ? 8 : 1;
    while (info->scale_denom > 1 && (longer / info->scale_denom < edge || shorter / info->scale_denom < NARROW))
        info->scale_denom /= 2;
    jpeg_calc_output_dimensions(info);
}

static tuwen_status read_picture(jpeg_reader *reader)
{
    struct jpeg_decompress_struct *info = &reader->info;
    tw_decode *decode = reader->decode;
    if (!read_header(reader))
        return tw_decode_truncated(decode);
    if (info->num_components != 1 && info->num_components != 3 && info->num_components != 4)
        return tw_decode_unsupported(decode, "it has neither 1, 3 nor 4 components");
    note_orientation(reader);
    info->out_color_space = info->num_components == 4 ? JCS_CMYK : JCS_RGB;
    tuwen_status status = tw_decode_check_size(decode, info->image_width, info->image_height);
    if (status != TUWEN_OK)
        return status;
    choose_scale(reader);
    status = tw_decode_begin(decode, info->output_width, info->output_height);
    if (status != TUWEN_OK)
        return status;
    if (!jpeg_start_decompress(info))
        return tw_decode_truncated(decode);
    return read_rows(reader);
}

/* The function that setjmp returns to; it has no variables that a jump could make indeterminate. */
static void read_guarded(jpeg_reader *reader)
{
    if (setjmp(reader->leave) == 0) {
        jpeg_create_decompress(&reader->info);
        reader->info.src = &reader->source;
        reader->info.progress = &reader->progress;
        reader->status = read_picture(reader);
    }
}

tuwen_status tw_jpeg_decode(tw_decode *decode)
{
    jpeg_reader reader = {
        .source = {.next_input_byte = decode->bytes,
                   .bytes_in_buffer = decode->size,
                   .init_source = ignore_source,
                   .fill_input_buffer = fill_nothing,
                   .skip_input_data = skip_bytes,
                   .resync_to_restart = jpeg_resync_to_restart,
                   .term_source = ignore_source},
        .progress = {.progress_monitor = check_time},
        .decode = decode,
    };
    reader.info.err = jpeg_std_error(&reader.errors);
    reader.errors.error_exit = fail;
    reader.errors.output_message = stay_silent;
    reader.info.client_data = &reader;
    read_guarded(&reader);
    jpeg_destroy_decompress(&reader.info);
    return reader.status;
}

/* Writing. */

enum { WRITE_STEP = 4096 }; /* bytes */

typedef struct {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr target;
    jmp_buf leave;
    const tw_picture *picture;
    int quality;
    tw_bytes *jpeg;
    tuwen_status status;
} jpeg_writer;

/* Only memory can be short. */
static void fail_writing(j_common_ptr info)
{
    jpeg_writer *writer = info->client_data;
    writer->status = TUWEN_OUT_OF_MEMORY;
    longjmp(writer->leave, 1);
}

/* Gives the library the next piece of memory to fill. */
static void make_room(j_compress_ptr info)
{
    jpeg_writer *writer = info->client_data;
    if (!tw_bytes_reserve(writer->jpeg, WRITE_STEP))
        fail_writing((j_common_ptr)info);
    writer->target.next_output_byte = (JOCTET *)writer->jpeg->data + writer->jpeg->length;
    writer->target.free_in_buffer = WRITE_STEP;
}

static boolean take_full(j_compress_ptr info)
{
    jpeg_writer *writer = info->client_data;
    writer->jpeg->length += WRITE_STEP;
    make_room(info);
    return TRUE;
}

static void take_rest(j_compress_ptr info)
{
    jpeg_writer *writer = info->client_data;
    writer->jpeg->length += WRITE_STEP - writer->target.free_in_buffer;
}

static void write_picture(jpeg_writer *writer)
{
    struct jpeg_compress_struct *info = &writer->info;
    const tw_picture *picture = writer->picture;
    info->image_width = (JDIMENSION)picture->width;
    info->image_height = (JDIMENSION)picture->height;
    info->input_components = 3;
    info->in_color_space = JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, writer->quality, TRUE);
    info->optimize_coding = TRUE;
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        JSAMPROW row = picture->rgb + (size_t)info->next_scanline * info->image_width * 3;
        (void)jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
}

static void write_guarded(jpeg_writer *writer)
{
    if (setjmp(writer->leave) == 0) {
        jpeg_create_compress(&writer->info);
        writer->info.dest = &writer->target;
        write_picture(writer);
    }
}

tuwen_status tw_jpeg_encode(const tw_picture *picture, int quality, tw_bytes *jpeg, tuwen_error *error)
{
    jpeg_writer writer = {
        .target = {.init_destination = make_room, .empty_output_buffer = take_full, .term_destination = take_rest},
        .picture = picture,
        .quality = quality,
        .jpeg = jpeg,
    };
    if (picture->width > JPEG_MAX_DIMENSION || picture->height > JPEG_MAX_DIMENSION)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "a picture of %dx%d pixels cannot be written as JPEG",
                       picture->width, picture->height);
    writer.info.err = jpeg_std_error(&writer.errors);
    writer.errors.error_exit = fail_writing;
    writer.errors.output_message = stay_silent;
    writer.info.client_data = &writer;
    write_guarded(&writer);
    jpeg_destroy_compress(&writer.info);
    return writer.status == TUWEN_OK ? TUWEN_OK : tw_fail_memory(error, "the thumbnail");
}

#define TEXT(number) #number
#define VERSION(number) TEXT(number)

void tw_jpeg_version(char *out, size_t size)
{
    (void)snprintf(out, size, "libjpeg-turbo: %s", VERSION(LIBJPEG_TURBO_VERSION));
}
