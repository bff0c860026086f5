/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thumbnails of every file of tests/golden/images: a JPEG of the right size that shows the same picture the same way up
 * (means of its quarters against those of the decoded picture, which test_image.c holds against Pillow's), and refused
 * where that is refused. Then sizes, limits, and memory that runs out.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alloc_fail.h"
#include "base/memory.h"
#include "formats/json.h"
#include "golden.h"
#include "image/image.h"
#include "testing.h"
#include "tuwen/thumbnail.h"

static const tw_image_limits wide = {.bytes = 1 << 26, .pixels = 1 << 26, .seconds = 60};

enum { WHOLE = 4 };

/* Mean colour of a quarter of a picture (0..3) or of the whole. */
static void mean_of(const tw_picture *picture, int quarter, double mean[3])
{
    int width = picture->width, height = picture->height;
    int x0 = quarter != WHOLE && quarter & 1 ? width / 2 : 0,
        x1 = quarter & 1 || quarter == WHOLE ? width : width / 2;
    int y0 = quarter != WHOLE && quarter & 2 ? height / 2 : 0,
        y1 = quarter & 2 || quarter == WHOLE ? height : height / 2;
    for (int c = 0; c < 3; c++) {
        double sum = 0;
        for (int y = y0; y < y1; y++)
            for (int x = x0; x < x1; x++)
                sum += picture->rgb[((size_t)y * (size_t)width + (size_t)x) * 3 + (size_t)c];
        mean[c] = sum / ((double)(x1 - x0) * (y1 - y0));
    }
}

static void check_same_picture(const char *name, const tw_picture *picture, const tw_picture *small, double tolerance)
{
    /* Where a quarter is a few pixels only, one of them more or less makes another mean. */
    bool tiny = small->width < 8 || small->height < 8;
    for (int quarter = tiny ? WHOLE : 0; quarter <= WHOLE; quarter++) {
        double a[3], b[3];
        mean_of(picture, quarter, a);
        mean_of(small, quarter, b);
        for (int c = 0; c < 3; c++)
            if (fabs(a[c] - b[c]) > tolerance)
                fail_msg("%s: colour %d of quarter %d is %.1f instead of %.1f", name, c, quarter, b[c], a[c]);
    }
}

static void check_size(const char *name, const tw_picture *picture, const tw_picture *small, int edge)
{
    int longer = picture->width > picture->height ? picture->width : picture->height;
    double scale = longer > edge ? (double)edge / longer : 1;
    if (fabs(small->width - fmax(1, picture->width * scale)) > 0.51 ||
        fabs(small->height - fmax(1, picture->height * scale)) > 0.51)
        fail_msg("%s: %dx%d of %dx%d at %d", name, small->width, small->height, picture->width, picture->height,
                 edge);
}

/* A thumbnail of a picture file, decoded again. */
static void check_thumbnail(const char *name, const void *file, size_t size, const tuwen_thumbnail_options *options,
                            double tolerance)
{
    tw_picture picture, small;
    tuwen_error error = {0};
    void *jpeg = &jpeg;
    size_t jpeg_size = 1;
    bool upright = options->exif == TUWEN_EXIF_APPLY;
    tuwen_status expected = tw_picture_decode(file, size, name, &wide, upright, &picture, &error);
    tuwen_status status = tuwen_thumbnail_make(file, size, name, options, &jpeg, &jpeg_size, &error);
    if (status != expected)
        fail_msg("%s: %s", name, error.message);
    if (status != TUWEN_OK) {
        assert_null(jpeg);
        assert_int_equal(jpeg_size, 0);
        assert_non_null(strstr(error.message, name));
        return;
    }
    assert_true(jpeg_size > 100 && memcmp(jpeg, "\xff\xd8\xff", 3) == 0);
    assert_int_equal(tw_picture_decode(jpeg, jpeg_size, name, &wide, true, &small, &error), TUWEN_OK);
    check_size(name, &picture, &small, options->edge ? options->edge : 96);
    check_same_picture(name, &picture, &small, tolerance);
    tuwen_thumbnail_free(jpeg);
    tw_picture_free(&picture);
    tw_picture_free(&small);
}

static void every_picture_has_one(void **state)
{
    tw_json *json = NULL;
    tuwen_error error = {0};
    if (tw_json_open(golden_path("images.json"), (size_t)1 << 24, &json, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    tw_json_value files = tw_json_member(tw_json_root(json), "files");
    assert_true(tw_json_count(files) > 100);
    for (size_t i = 0; i < tw_json_count(files); i++) {
        const char *name = tw_json_string(tw_json_member(tw_json_element(files, i), "file"), NULL);
        char path[256];
        size_t size;
        (void)snprintf(path, sizeof path, "images/%s", name);
        char *file = golden_file(path, &size);
        /* Most are noise of a few pixels, where half the colours' resolution and a 16-pixel edge cost the most. */
        check_thumbnail(name, file, size, &(tuwen_thumbnail_options){.quality = 95}, 6);
        check_thumbnail(name, file, size, &(tuwen_thumbnail_options){.quality = 95, .exif = TUWEN_EXIF_IGNORE}, 6);
        check_thumbnail(name, file, size, &(tuwen_thumbnail_options){.quality = 95, .edge = 16}, 16);
        tw_free(file);
    }
    tw_json_close(json);
}

/* A gradient with another colour in each corner. */
static void paint(tw_picture *picture, int width, int height)
{
    *picture = (tw_picture){.width = width, .height = height, .rgb = tw_alloc((size_t)width * (size_t)height, 3)};
    assert_non_null(picture->rgb);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *pixel = picture->rgb + ((size_t)y * (size_t)width + (size_t)x) * 3;
            pixel[0] = (uint8_t)(255 * x / width);
            pixel[1] = (uint8_t)(255 * y / height);
            pixel[2] = (uint8_t)(255 - 255 * x / width);
        }
}

/* Large JPEGs are decoded to an eighth, a quarter or a half; the picture stays the same. */
static void large_pictures_are_the_same(void **state)
{
    static const int sizes[][2] = {{2000, 1500}, {1536, 17}, {900, 1200}, {400, 300},
                                   {191, 191},   {97, 96},   {3, 1000}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        tw_picture picture;
        tw_bytes file = {0};
        char name[64];
        paint(&picture, sizes[i][0], sizes[i][1]);
        (void)snprintf(name, sizeof name, "%dx%d", sizes[i][0], sizes[i][1]);
        assert_int_equal(tw_jpeg_encode(&picture, 90, &file, NULL), TUWEN_OK);
        for (int edge = 16; edge <= 256; edge *= 2)
            check_thumbnail(name, file.data, file.length, &(tuwen_thumbnail_options){.edge = edge}, 6);
        tw_bytes_free(&file);
        tw_picture_free(&picture);
    }
}

static void a_small_decoding_is_not_too_small(void **state)
{
    tw_picture picture, small;
    tw_bytes file = {0};
    paint(&picture, 2000, 1500);
    assert_int_equal(tw_jpeg_encode(&picture, 90, &file, NULL), TUWEN_OK);
    for (int edge = 100; edge < 2100; edge += 50) {
        assert_int_equal(tw_picture_decode_small(file.data, file.length, "x", &wide, true, edge, &small, NULL),
                         TUWEN_OK);
        assert_true(small.width >= edge || small.width == 2000);
        assert_true(small.width < 2 * edge || edge < 250);
        tw_picture_free(&small);
    }
    /* The limit is on the picture as it is. */
    const tw_image_limits tight = {.bytes = 1 << 26, .pixels = 2000 * 1500 - 1, .seconds = 60};
    assert_int_equal(tw_picture_decode_small(file.data, file.length, "x", &tight, true, 100, &small, NULL),
                     TUWEN_LIMIT);
    tw_bytes_free(&file);
    tw_picture_free(&picture);
}

static void options_are_checked(void **state)
{
    size_t size, jpeg_size;
    void *jpeg;
    char *file = golden_file("images/png-rgb.png", &size);
    static const struct {
        tuwen_thumbnail_options options;
        tuwen_status status;
        const char *message;
    } cases[] = {
        {{.edge = 15}, TUWEN_INVALID_ARGUMENT, "thumbnails of 15 pixels: allowed are 16 to 1024"},
        {{.edge = 1025}, TUWEN_INVALID_ARGUMENT, "thumbnails of 1025 pixels: allowed are 16 to 1024"},
        {{.edge = -96}, TUWEN_INVALID_ARGUMENT, "thumbnails of -96 pixels: allowed are 16 to 1024"},
        {{.quality = 101}, TUWEN_INVALID_ARGUMENT, "JPEG quality 101: allowed are 1 to 100"},
        {{.quality = -1}, TUWEN_INVALID_ARGUMENT, "JPEG quality -1: allowed are 1 to 100"},
        {{.max_picture_pixels = 431},
         TUWEN_LIMIT,
         "picture: has 24x18 = 432 pixels; at most 431 are allowed (--max-pixels)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tuwen_error error = {0};
        assert_int_equal(tuwen_thumbnail_make(file, size, NULL, &cases[i].options, &jpeg, &jpeg_size, &error),
                         cases[i].status);
        assert_string_equal(error.message, cases[i].message);
        assert_null(jpeg);
    }
    assert_int_equal(tuwen_thumbnail_make(file, size, NULL, NULL, &jpeg, &jpeg_size, NULL), TUWEN_OK);
    tuwen_thumbnail_free(jpeg);
    tuwen_thumbnail_free(NULL);
    tw_free(file);
}

static tuwen_status make_once(void *user, tuwen_error *error)
{
    tw_bytes *file = user;
    void *jpeg;
    size_t size;
    tuwen_status status = tuwen_thumbnail_make(file->data, file->length, "x", NULL, &jpeg, &size, error);
    tuwen_thumbnail_free(jpeg);
    return status;
}

static void memory_may_run_out(void **state)
{
    tw_picture picture;
    tw_bytes file = {0};
    paint(&picture, 300, 200);
    assert_int_equal(tw_jpeg_encode(&picture, 100, &file, NULL), TUWEN_OK);
    assert_true(file.length > 8192); /* several pieces */
    assert_true(alloc_fail_each(make_once, &file) >= 3);
    tw_bytes jpeg = {0};
    alloc_fail_at(2); /* the second piece of the file being written */
    assert_int_equal(tw_jpeg_encode(&picture, 100, &jpeg, NULL), TUWEN_OUT_OF_MEMORY);
    alloc_fail_at(0);
    tw_bytes_free(&jpeg);
    tw_bytes_free(&file);
    tw_picture_free(&picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_picture_has_one),
        cmocka_unit_test(large_pictures_are_the_same),
        cmocka_unit_test(a_small_decoding_is_not_too_small),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
