/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed files: the same vectors as from the folder bit for bit, the same facts, files of another machine, cancelling,
 * damage, and every allocation failing in turn.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "golden.h"
#include "testing.h"

static char folder[64] = "/tmp/tuwen-convert-XXXXXX";
static char target[96];

/* The path of a golden checkpoint, in storage that the next call overwrites. */
static const char *checkpoint(const char *name)
{
    static char path[1024];
    (void)snprintf(path, sizeof path, "%s", golden_path(name));
    return path;
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(target, sizeof target, "%s/a.tuwen", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(target);
    return rmdir(folder); /* fails when something was left behind */
}

static void convert(const char *source, tuwen_precision precision)
{
    tuwen_error error = {0};
    const tuwen_convert_options options = {.precision = precision};
    if (tuwen_convert(source, target, &options, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
}

static tuwen_model *open_model(const char *path, tuwen_model_options options)
{
    tuwen_model *model = NULL;
    tuwen_error error = {0};
    if (tuwen_model_open(path, &options, &model, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return model;
}

/* Two vectors, of a text and of a picture with a text, to be freed. */
static float *vectors_of(const tuwen_model *model)
{
    tuwen_session *session = NULL;
    tuwen_error error = {0};
    const tuwen_session_options options = {.image_tokens_min = 4, .image_tokens_max = 16};
    assert_int_equal(tuwen_session_open(model, &options, &session, &error), TUWEN_OK);
    size_t size = 0;
    char *picture = golden_file("images/60x44.png", &size);
    const tuwen_input inputs[2] = {
        {.text = "a girl on a bench", .text_size = 17},
        {.text = "狗", .text_size = 3, .picture = picture, .picture_size = size},
    };
    float *vectors = tw_alloc(2 * tuwen_model_dimension(model), sizeof *vectors);
    if (tuwen_embed(session, inputs, 2, vectors, NULL, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    tw_free(picture);
    tuwen_session_close(session);
    return vectors;
}

static float *vectors_of_path(const char *path, tuwen_model_options options)
{
    tuwen_model *model = open_model(path, options);
    float *vectors = vectors_of(model);
    tuwen_model_close(model);
    return vectors;
}

static void assert_same_vectors(const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i])
            fail_msg("number %zu is %.9g, not %.9g", i, (double)a[i], (double)b[i]);
}

static const char *const checkpoints[] = {"tiny", "variants/newer-names-sharded", "variants/f16"};

static void test_same_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checkpoints / sizeof *checkpoints; i++) {
        for (tuwen_precision precision = TUWEN_PRECISION_F32; precision <= TUWEN_PRECISION_BF16; precision++) {
            const char *source = checkpoint(checkpoints[i]);
            float *expected = vectors_of_path(source, (tuwen_model_options){.precision = precision});
            convert(source, precision);
            tuwen_model *model = open_model(target, (tuwen_model_options){0});
            assert_true(tuwen_model_get_info(model)->fits_machine);
            float *got = vectors_of(model);
            assert_same_vectors(got, expected, 2 * tuwen_model_dimension(model));
            tuwen_model_close(model);
            tw_free(got);
            tw_free(expected);
        }
    }
}

static void test_bf16_is_near_f32(void **state)
{
    (void)state;
    const char *source = checkpoint("tiny");
    float *exact = vectors_of_path(source, (tuwen_model_options){0});
    tuwen_model *model = open_model(source, (tuwen_model_options){.precision = TUWEN_PRECISION_BF16});
    float *rounded = vectors_of(model);
    size_t dimension = tuwen_model_dimension(model);
    for (size_t i = 0; i < 2; i++) {
        float cosine = tuwen_cosine(exact + i * dimension, rounded + i * dimension, dimension);
        print_message("bf16 against f32: cosine %.6f\n", (double)cosine);
        assert_true(cosine >= 0.9995f && cosine < 0.9999999f);
    }
    tuwen_model_close(model);
    tw_free(exact);
    tw_free(rounded);
}

static void test_same_facts(void **state)
{
    (void)state;
    const char *source = checkpoint("tiny");
    convert(source, TUWEN_PRECISION_AUTO);
    tuwen_model *a = open_model(source, (tuwen_model_options){.facts_only = true});
    tuwen_model *b = open_model(target, (tuwen_model_options){.facts_only = true});
    const tuwen_model_info *folder_info = tuwen_model_get_info(a);
    const tuwen_model_info *info = tuwen_model_get_info(b);
    assert_string_equal(info->name, folder_info->name);
    assert_string_equal(info->fingerprint, folder_info->fingerprint);
    assert_string_equal(info->weight_dtype, folder_info->weight_dtype);
    assert_int_equal(info->parameters, folder_info->parameters);
    assert_int_equal(info->vision_parameters, folder_info->vision_parameters);
    assert_int_equal(info->weight_bytes, folder_info->weight_bytes);
    assert_int_equal(info->tensors, folder_info->tensors);
    assert_int_equal(info->shards, folder_info->shards);
    assert_string_equal(folder_info->precision, "f32");
    assert_string_equal(info->precision, "bf16");
    assert_null(folder_info->made_by);
    assert_non_null(strstr(info->made_by, tuwen_version()));
    assert_true(info->fits_machine && !folder_info->fits_machine);
    assert_true(info->file_bytes > info->parameters * 2);
    tuwen_session *session = NULL;
    tuwen_error error = {0};
    assert_int_equal(tuwen_session_open(b, NULL, &session, &error), TUWEN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "a.tuwen: was opened for its facts only"));
    tuwen_model *full = open_model(source, (tuwen_model_options){0});
    assert_int_equal(tuwen_model_get_info(full)->parameters, info->parameters);
    tuwen_model_close(full);
    tuwen_model_close(a);
    tuwen_model_close(b);
}

/* Adds a matrix in a layout that is not its own: plain, [out][in] or [in][out]. */
static void add_foreign(tw_packed_writer *writer, const tw_item *item)
{
    tuwen_error error = {0};
    int64_t in = item->layout.sizes[0], out = item->layout.sizes[1];
    size_t count = (size_t)in * (size_t)out;
    tw_layout foreign = tw_layout_plain(item->layout.element, in, out);
    float *rows = tw_alloc(count, sizeof *rows);
    float *floats = tw_alloc(count, sizeof *floats);
    uint16_t *halves = tw_alloc(count, sizeof *halves);
    tw_layout_unpack(&item->layout, item->data, 0, out, rows);
    if (tw_layout_equal(&foreign, &item->layout)) {
        foreign.strides[0] = out;
        foreign.strides[1] = 1;
    }
    for (int64_t o = 0; o < out; o++)
        for (int64_t i = 0; i < in; i++)
            floats[i * foreign.strides[0] + o * foreign.strides[1]] = rows[o * in + i];
    for (size_t j = 0; j < count; j++)
        halves[j] = tw_bf16_from_f32(floats[j]);
    const void *data = foreign.element == TW_ELEMENT_F32 ? (const void *)floats : halves;
    assert_int_equal(tw_packed_add(writer, item->name, item->kind, &foreign, data, tw_layout_bytes(&foreign), &error),
                     TUWEN_OK);
    tw_free(floats);
    tw_free(halves);
    tw_free(rows);
}

/* The packed file as another machine would have made it. */
static void make_foreign(void)
{
    tw_packed *packed = NULL;
    tw_packed_writer *writer = NULL;
    tuwen_error error = {0};
    assert_int_equal(tw_packed_open(target, &packed, &error), TUWEN_OK);
    assert_int_equal(tw_packed_create(target, &writer, &error), TUWEN_OK);
    for (size_t i = 0; i < tw_packed_count(packed); i++) {
        const tw_item *item = tw_packed_at(packed, i);
        const tw_layout *layout = item->kind == TW_ITEM_FILE ? NULL : &item->layout;
        if (item->kind == TW_ITEM_MATRIX)
            add_foreign(writer, item);
        else
            assert_int_equal(tw_packed_add(writer, item->name, item->kind, layout, item->data, item->bytes, &error),
                             TUWEN_OK);
    }
    assert_int_equal(tw_packed_finish(writer, tw_packed_get_facts(packed), &error), TUWEN_OK);
    tw_packed_close(packed);
}

static void test_other_machine(void **state)
{
    (void)state;
    for (tuwen_precision precision = TUWEN_PRECISION_F32; precision <= TUWEN_PRECISION_BF16; precision++) {
        const char *source = checkpoint("tiny");
        float *expected = vectors_of_path(source, (tuwen_model_options){.precision = precision});
        convert(source, precision);
        make_foreign();
        tuwen_model *model = open_model(target, (tuwen_model_options){0});
        assert_false(tuwen_model_get_info(model)->fits_machine);
        float *got = vectors_of(model);
        size_t count = 2 * tuwen_model_dimension(model);
        assert_same_vectors(got, expected, count);
        tw_free(got);
        tuwen_model_close(model);
        /* Written anew; the vectors are the same. */
        model = open_model(target, (tuwen_model_options){.remake = true});
        assert_true(tuwen_model_get_info(model)->fits_machine);
        got = vectors_of(model);
        assert_same_vectors(got, expected, count);
        tw_free(got);
        tuwen_model_close(model);
        tuwen_error error = {0};
        assert_int_equal(tuwen_verify(target, NULL, NULL, &error), TUWEN_OK);
        tw_free(expected);
    }
}

static void test_precisions(void **state)
{
    (void)state;
    tuwen_error error = {0};
    tuwen_model *model = NULL;
    convert(checkpoint("tiny"), TUWEN_PRECISION_F32);
    tuwen_model_options options = {.precision = TUWEN_PRECISION_BF16};
    assert_int_equal(tuwen_model_open(target, &options, &model, &error), TUWEN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "a.tuwen: is packed in f32; for bf16 convert the checkpoint again"));
    /* f32 to bf16 in place is what the folder gives; the way back does not exist */
    float *expected = vectors_of_path(checkpoint("tiny"), options);
    convert(target, TUWEN_PRECISION_BF16);
    float *got = vectors_of_path(target, options);
    assert_memory_equal(got, expected, sizeof *got);
    const tuwen_convert_options back = {.precision = TUWEN_PRECISION_F32};
    assert_int_equal(tuwen_convert(target, target, &back, &error), TUWEN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "for f32 convert the checkpoint that it was made of"));
    options.precision = (tuwen_precision)9;
    assert_int_equal(tuwen_model_open(target, &options, &model, &error), TUWEN_INVALID_ARGUMENT);
    assert_string_equal(error.message, "precision 9: allowed are 0 (auto), 1 (f32), 2 (bf16) and 3 (int8)");
    tw_free(got);
    tw_free(expected);
}

/* Stops after a number of calls. */
static bool stop_after(void *user, uint64_t done, uint64_t total)
{
    int *left = user;
    assert_true(done <= total);
    return (*left)-- > 0;
}

static void test_cancelling(void **state)
{
    (void)state;
    tuwen_error error = {0};
    convert(checkpoint("variants/f16"), TUWEN_PRECISION_F32);
    size_t size_before = 0, size = 0;
    char *before = NULL, *after = NULL;
    assert_int_equal(tw_file_read(target, (size_t)1 << 30, &before, &size_before, &error), TUWEN_OK);
    for (int calls = 0; calls < 60; calls += 7) {
        int left = calls;
        const tuwen_convert_options options = {.progress = stop_after, .progress_user = &left};
        assert_int_equal(tuwen_convert(checkpoint("tiny"), target, &options, &error), TUWEN_CANCELLED);
    }
    assert_int_equal(tw_file_read(target, (size_t)1 << 30, &after, &size, &error), TUWEN_OK);
    assert_int_equal(size, size_before);
    assert_memory_equal(before, after, size);
    tw_free(before);
    tw_free(after);
    int left = 3;
    assert_int_equal(tuwen_verify(target, stop_after, &left, &error), TUWEN_CANCELLED);
}

/* Each 4096 bytes one bit is turned: verify or open tells of every one that lies in an item. */
static void test_damage(void **state)
{
    (void)state;
    tuwen_error error = {0};
    convert(checkpoint("tiny"), TUWEN_PRECISION_BF16);
    tw_packed *packed = NULL;
    assert_int_equal(tw_packed_open(target, &packed, &error), TUWEN_OK);
    size_t count = tw_packed_count(packed);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = tw_packed_at(packed, i)->offset + tw_packed_at(packed, i)->bytes / 2;
        if (tw_packed_at(packed, i)->bytes == 0)
            continue;
        for (int pass = 0; pass < 2; pass++) { /* and back */
            FILE *file = fopen(target, "r+b");
            assert_non_null(file);
            assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
            int byte = fgetc(file);
            assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
            assert_int_equal(fputc(byte ^ 16, file), byte ^ 16);
            assert_int_equal(fclose(file), 0);
            tuwen_status status = tuwen_verify(target, NULL, NULL, &error);
            assert_int_equal(status, pass == 0 ? TUWEN_BAD_MODEL : TUWEN_OK);
            if (pass == 0)
                assert_non_null(strstr(error.message, tw_packed_at(packed, i)->name));
        }
    }
    tw_packed_close(packed);
}

static tuwen_status convert_tiny(void *user, tuwen_error *error)
{
    return tuwen_convert(user, target, NULL, error);
}

static tuwen_status open_packed(void *user, tuwen_error *error)
{
    tuwen_model *model = NULL;
    tuwen_status status = tuwen_model_open(user, NULL, &model, error);
    tuwen_model_close(model);
    return status;
}

static void test_allocations(void **state)
{
    (void)state;
    char source[1024];
    (void)snprintf(source, sizeof source, "%s", checkpoint("variants/all-kv-heads"));
    (void)unlink(target);
    print_message("converting: %zu allocations\n", alloc_fail_each(convert_tiny, source));
    print_message("opening: %zu allocations\n", alloc_fail_each(open_packed, target));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_vectors), cmocka_unit_test(test_bf16_is_near_f32),
        cmocka_unit_test(test_same_facts),   cmocka_unit_test(test_other_machine),
        cmocka_unit_test(test_precisions),   cmocka_unit_test(test_cancelling),
        cmocka_unit_test(test_damage),       cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
