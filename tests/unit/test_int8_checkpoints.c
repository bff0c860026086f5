/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints in int8: converted with and without planted outliers, and what is refused. An outlier channel is planted
 * without changing what the checkpoint computes: a norm's weight is multiplied and the matching inputs of the products behind
 * it are divided by the same power of two.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/select.h"
#include "golden.h"
#include "testing.h"
#include "tiny.h"

/* ---- checkpoints ------------------------------------------------------------------------------------------------ */

static char folder[64] = "/tmp/tuwen-int8-XXXXXX";
static char target[96], plain[96], source[96];
static int most; /* the largest byte here */

static int make_folder(void **state)
{
    (void)state;
    tw_machine *machine = NULL;
    assert_int_equal(tw_machine_open(NULL, 1, &machine, NULL), TUWEN_OK);
    most = tw_machine_int8_most(machine);
    tw_machine_close(machine);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(target, sizeof target, "%s/a.tuwen", folder);
    (void)snprintf(plain, sizeof plain, "%s/b.tuwen", folder);
    (void)snprintf(source, sizeof source, "%s/source-XXXXXX", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(target);
    (void)unlink(plain);
    return rmdir(folder); /* fails when something was left behind */
}

/* What a report said, kept beyond the call. */
typedef struct kept_report {
    int calls;
    size_t count, kept;
    float bound, least, median;
    float largest;            /* error of a product that was not kept */
    size_t planted;           /* of those with outliers: how many were kept, */
    float least_planted;      /* and their least error */
    const char *const *names; /* parts of the names of those, ending with NULL */
} kept_report;

static void keep_report(void *user, const tuwen_int8_report *report)
{
    kept_report *to = user;
    to->calls++;
    to->count = report->count;
    to->kept = report->kept;
    to->bound = report->bound;
    to->least = report->cosine_least;
    to->median = report->cosine_median;
    to->least_planted = INFINITY;
    assert_int_equal(report->samples, TW_SAMPLES);
    for (size_t i = 0; i < report->count; i++) {
        const tuwen_int8_product *product = &report->products[i];
        bool planted = false;
        for (size_t j = 0; to->names && to->names[j]; j++)
            planted = planted || strstr(product->name, to->names[j]);
        if (planted && product->kept)
            to->planted++;
        if (planted)
            to->least_planted = product->error < to->least_planted ? product->error : to->least_planted;
        if (!product->kept)
            to->largest = product->error > to->largest ? product->error : to->largest;
    }
}

static kept_report convert(const char *from, const char *to, const char *const *names)
{
    tuwen_error error = {0};
    kept_report report = {.names = names};
    const tuwen_convert_options options = {
        .precision = TUWEN_PRECISION_INT8, .report = keep_report, .report_user = &report};
    if (tuwen_convert(from, to, &options, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    assert_int_equal(report.calls, 1);
    return report;
}

static tuwen_model *open_model(const char *path)
{
    tuwen_model *model = NULL;
    tuwen_error error = {0};
    if (tuwen_model_open(path, NULL, &model, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return model;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Cosines of the samples between two checkpoints: the least and the median. */
static void compare_checkpoints(const char *a, const char *b, float *least, float *median)
{
    float *vectors[2], cosines[TW_SAMPLES];
    size_t dimension = 0;
    const char *const paths[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        tuwen_model *model = open_model(paths[i]);
        tuwen_session *session = NULL;
        tw_samples samples;
        tuwen_error error = {0};
        dimension = tuwen_model_dimension(model);
        vectors[i] = tw_alloc(TW_SAMPLES * dimension, sizeof(float));
        assert_int_equal(tw_samples_make(model, &samples, &error), TUWEN_OK);
        assert_int_equal(tw_samples_open(model, &session, &error), TUWEN_OK);
        if (tw_samples_embed(session, &samples, vectors[i], &error) != TUWEN_OK)
            fail_msg("%s", error.message);
        tuwen_session_close(session);
        tw_samples_free(&samples);
        tuwen_model_close(model);
    }
    for (size_t i = 0; i < TW_SAMPLES; i++)
        cosines[i] = tuwen_cosine(vectors[0] + i * dimension, vectors[1] + i * dimension, dimension);
    qsort(cosines, TW_SAMPLES, sizeof *cosines, compare_floats);
    *least = cosines[0];
    *median = cosines[TW_SAMPLES / 2];
    tw_free(vectors[0]);
    tw_free(vectors[1]);
}

/* The path of a golden checkpoint, or the shipped one, in storage that the next call overwrites. */
static const char *checkpoint(const char *name)
{
    static char path[1024];
    if (strcmp(name, "demo") == 0)
        (void)snprintf(path, sizeof path, "%s/../../models/demo", golden_path(""));
    else
        (void)snprintf(path, sizeof path, "%s", golden_path(name));
    return path;
}

/* docs/numerics.md says where these come from. */
#define PLAIN_MEDIAN (most == 255 ? 0.999f : 0.997f)
#define PLAIN_LEAST (most == 255 ? 0.99f : 0.95f)

static void plain_checkpoints_stay_near(void **state)
{
    (void)state;
    static const char *const names[] = {"tiny", "variants/f16", "variants/newer-names-sharded", "demo"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        float least = 0, median = 0;
        kept_report report = convert(checkpoint(names[i]), target, NULL);
        compare_checkpoints(checkpoint(names[i]), target, &least, &median);
        print_message(
            "%s: %zu of %zu products in int8, errors up to %.2f %%; cosine to bf16 %.6f, %.6f, to f32 %.6f, "
            "%.6f\n",
            names[i], report.count - report.kept, report.count, 100 * (double)report.largest, (double)report.least,
            (double)report.median, (double)least, (double)median);
        assert_int_equal(report.kept, 0);
        assert_true(report.largest <= report.bound);
        assert_true(median >= PLAIN_MEDIAN && least >= PLAIN_LEAST);
        assert_true(median < 0.999999f); /* int8 it is */
    }
}

/* ---- planted outliers ------------------------------------------------------------------------------------------- */

#define FACTOR 128.0f

/* Every 17th channel. */
static void scale_channels(float *values, size_t rows, size_t columns, float factor)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 3; j < columns; j += 17)
            values[i * columns + j] *= factor;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), size = strlen(end);
    return length >= size && strcmp(name + length - size, end) == 0;
}

/* Plants outliers behind the norms of every block: what goes into q, k, v, gate, up and fc1. */
static void plant(const char *to)
{
    static const char *const norms[] = {"input_layernorm.weight", "post_attention_layernorm.weight",
                                        "norm1.weight",           "norm1.bias",
                                        "norm2.weight",           "norm2.bias"};
    static const char *const behind[] = {"q_proj.weight",  "k_proj.weight",   "v_proj.weight", "gate_proj.weight",
                                         "up_proj.weight", "attn.qkv.weight", "mlp.fc1.weight"};
    size_t size = 0, planted = 0;
    char *file = golden_file("tiny/model.safetensors", &size);
    uint64_t header = 0;
    memcpy(&header, file, sizeof header);
    tw_weights *weights = NULL;
    assert_int_equal(tw_weights_open(checkpoint("tiny"), &weights, NULL), TUWEN_OK);
    const char *first = tw_weights_at(weights, 0)->data;
    for (size_t i = 1; i < tw_weights_count(weights); i++)
        first = (const char *)tw_weights_at(weights, i)->data < first ? tw_weights_at(weights, i)->data : first;
    for (size_t i = 0; i < tw_weights_count(weights); i++) {
        const tw_tensor *tensor = tw_weights_at(weights, i);
        assert_int_equal(tensor->dtype, TW_DTYPE_F32);
        char *at = file + 8 + header + ((const char *)tensor->data - first);
        size_t columns = (size_t)tensor->shape[tensor->dimensions - 1], rows = tensor->bytes / 4 / columns;
        float *values = tw_alloc(rows * columns, sizeof *values);
        float factor = 1;
        memcpy(values, at, tensor->bytes);
        for (size_t j = 0; j < sizeof norms / sizeof *norms; j++)
            factor = ends_with(tensor->name, norms[j]) ? FACTOR : factor;
        for (size_t j = 0; j < sizeof behind / sizeof *behind; j++)
            factor = ends_with(tensor->name, behind[j]) ? 1 / FACTOR : factor;
        scale_channels(values, rows, columns, factor);
        planted += factor != 1;
        memcpy(at, values, tensor->bytes);
        tw_free(values);
    }
    tw_weights_close(weights);
    assert_true(planted > 20);
    char path[160];
    (void)snprintf(path, sizeof path, "%s/model.safetensors", to);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    tw_free(file);
}

static void outliers_are_kept(void **state)
{
    (void)state;
    static const char *const names[] = {"q_proj", "gate_proj", "up_proj", "attn.qkv", "mlp.fc1", NULL};
    float least = 0, median = 0;
    tiny_make(source, "model.safetensors", "{}");
    plant(source);
    compare_checkpoints(checkpoint("tiny"), source, &least, &median);
    assert_true(least > 0.999999f); /* the same function as before */
    kept_report report = convert(source, target, names);
    compare_checkpoints(source, target, &least, &median);
    print_message(
        "outliers: %zu of %zu products kept in bf16, the planted ones with errors from %.0f %%; cosine to f32 "
        "%.6f, %.6f\n",
        report.kept, report.count, 100 * (double)report.least_planted, (double)least, (double)median);
    assert_true(report.least_planted > 2 * report.bound);
    assert_int_equal(report.planted, report.kept); /* those, and no others */
    assert_int_equal(report.kept,
                     13); /* q, k, v as one, gate and up of 3 layers; q, k, v as one and fc1 of 2 blocks */
    assert_true(least >= 0.995f);
    tiny_remove(source);
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static void *read_whole(const char *path, size_t *size)
{
    char *data = NULL;
    assert_int_equal(tw_file_read(path, (size_t)1 << 30, &data, size, NULL), TUWEN_OK);
    return data;
}

/* From a packed bf16 file the same bytes come as from the folder; the bf16 file stays. */
static void sources_agree(void **state)
{
    (void)state;
    tuwen_error error = {0};
    size_t size = 0, other_size = 0;
    (void)convert(checkpoint("tiny"), target, NULL);
    void *bytes = read_whole(target, &size);
    assert_int_equal(tuwen_convert(checkpoint("tiny"), plain, NULL, &error), TUWEN_OK);
    (void)convert(plain, target, NULL);
    void *other = read_whole(target, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, other, size);
    (void)convert(plain, plain, NULL); /* in its own place */
    tw_free(other);
    other = read_whole(plain, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, other, size);
    tw_free(bytes);
    tw_free(other);
}

static void files_say_int8(void **state)
{
    (void)state;
    tuwen_error error = {0};
    (void)convert(checkpoint("tiny"), target, NULL);
    tuwen_model *model = open_model(target);
    const tuwen_model_info *info = tuwen_model_get_info(model);
    assert_string_equal(info->precision, "int8");
    assert_true(info->fits_machine);
    tuwen_model *of_folder = open_model(checkpoint("tiny"));
    assert_int_equal(info->parameters, tuwen_model_get_info(of_folder)->parameters);
    assert_string_equal(info->fingerprint, tuwen_model_get_info(of_folder)->fingerprint);
    tuwen_session *sessions[2] = {NULL, NULL};
    assert_int_equal(tuwen_session_open(model, NULL, &sessions[0], &error), TUWEN_OK);
    assert_int_equal(tuwen_session_open(of_folder, NULL, &sessions[1], &error), TUWEN_OK);
    assert_string_not_equal(tuwen_session_fingerprint(sessions[0]), tuwen_session_fingerprint(sessions[1]));
    tuwen_session_close(sessions[0]);
    tuwen_session_close(sessions[1]);
    tuwen_model_close(of_folder);
    tuwen_model_close(model);
    assert_int_equal(tuwen_verify(target, NULL, NULL, &error), TUWEN_OK);
    tw_packed *packed = NULL;
    assert_int_equal(tw_packed_open(target, &packed, &error), TUWEN_OK);
    static const char gate[] = "model.layers.0.mlp.gate_proj";
    char name[64];
    (void)snprintf(name, sizeof name, "%s.weight", gate);
    const tw_item *weight = tw_packed_find(packed, name);
    (void)snprintf(name, sizeof name, "%s.scales", gate);
    const tw_item *scales = tw_packed_find(packed, name);
    (void)snprintf(name, sizeof name, "%s.sums", gate);
    const tw_item *sums = tw_packed_find(packed, name);
    assert_true(weight && scales && sums && weight->layout.element == TW_ELEMENT_I8);
    size_t in = (size_t)weight->layout.sizes[0];
    float *row = tw_alloc(in, sizeof *row);
    for (int64_t o = 0; o < weight->layout.sizes[1]; o++) {
        float sum = 0, largest = 0;
        tw_layout_unpack(&weight->layout, weight->data, o, 1, row);
        for (size_t i = 0; i < in; i++) {
            sum += row[i];
            largest = fabsf(row[i]) > largest ? fabsf(row[i]) : largest;
        }
        assert_true(sum == ((const float *)sums->data)[o] && largest == 127 && ((const float *)scales->data)[o] > 0);
    }
    tw_free(row);
    tw_packed_close(packed);
}

/* Writes a bf16 file again with one matrix row by row, as older versions did. */
static void lay_out_by_rows(const char *path, const char *name)
{
    tw_packed *packed = NULL;
    tw_packed_writer *writer = NULL;
    assert_int_equal(tw_packed_open(path, &packed, NULL), TUWEN_OK);
    assert_int_equal(tw_packed_create(path, &writer, NULL), TUWEN_OK);
    for (size_t i = 0; i < tw_packed_count(packed); i++) {
        const tw_item *item = tw_packed_at(packed, i);
        tw_layout layout = item->layout;
        const void *data = item->data;
        size_t bytes = item->bytes, numbers = (size_t)(layout.sizes[0] * layout.sizes[1]);
        float *rows = NULL;
        uint16_t *halves = NULL;
        if (strcmp(item->name, name) == 0) {
            rows = tw_alloc(numbers, sizeof *rows);
            halves = tw_alloc(numbers, sizeof *halves);
            tw_layout_unpack(&layout, item->data, 0, layout.sizes[1], rows);
            for (size_t j = 0; j < numbers; j++)
                halves[j] = tw_bf16_from_f32(rows[j]);
            layout = tw_layout_plain(TW_ELEMENT_BF16, layout.sizes[0], layout.sizes[1]);
            data = halves;
            bytes = tw_layout_bytes(&layout);
        }
        assert_int_equal(tw_packed_add(writer, item->name, item->kind, &layout, data, bytes, NULL), TUWEN_OK);
        tw_free(rows);
        tw_free(halves);
    }
    assert_int_equal(tw_packed_finish(writer, tw_packed_get_facts(packed), NULL), TUWEN_OK);
    tw_packed_close(packed);
}

/* Writes `target` again with one matrix as it is in `plain`. */
static void exchange_matrix(const char *name)
{
    tw_packed *packed = NULL, *other = NULL;
    tw_packed_writer *writer = NULL;
    assert_int_equal(tw_packed_open(target, &packed, NULL), TUWEN_OK);
    assert_int_equal(tw_packed_open(plain, &other, NULL), TUWEN_OK);
    assert_int_equal(tw_packed_create(target, &writer, NULL), TUWEN_OK);
    for (size_t i = 0; i < tw_packed_count(packed); i++) {
        const tw_item *item = tw_packed_at(packed, i);
        if (strcmp(item->name, name) == 0)
            item = tw_packed_find(other, name);
        assert_int_equal(tw_packed_add(writer, item->name, item->kind, &item->layout, item->data, item->bytes, NULL),
                         TUWEN_OK);
    }
    assert_int_equal(tw_packed_finish(writer, tw_packed_get_facts(packed), NULL), TUWEN_OK);
    tw_packed_close(packed);
    tw_packed_close(other);
}

/* Opens `target`, which may be written anew, and expects that nobody tries. */
static void expect_left_alone(void *user, const char *line)
{
    (void)user;
    if (strstr(line, "anew"))
        fail_msg("%s", line);
}

/* An int8 file whose bf16 matrices lie otherwise is used, and not written anew: int8 does not come of int8. */
static void other_layouts_are_read(void **state)
{
    (void)state;
    tuwen_error error = {0};
    tuwen_model *model = NULL;
    (void)convert(checkpoint("tiny"), target, NULL);
    assert_int_equal(tuwen_convert(checkpoint("tiny"), plain, NULL, &error), TUWEN_OK);
    lay_out_by_rows(plain, "model.layers.1.mlp.down_proj.weight");
    exchange_matrix("model.layers.1.mlp.down_proj.weight");
    const tuwen_model_options options = {.remake = true, .log = expect_left_alone};
    if (tuwen_model_open(target, &options, &model, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    assert_false(tuwen_model_get_info(model)->fits_machine);
    tuwen_model_close(model);
}

static void gate_and_up_are_of_one_precision(void **state)
{
    (void)state;
    static const char *const names[] = {"model.layers.1.mlp.gate_proj.weight", "model.layers.1.mlp.up_proj.weight"};
    tuwen_error error = {0};
    tuwen_model *model = NULL;
    assert_int_equal(tuwen_convert(checkpoint("tiny"), plain, NULL, &error), TUWEN_OK);
    for (size_t i = 0; i < 2; i++) {
        (void)convert(checkpoint("tiny"), target, NULL);
        exchange_matrix(names[i]);
        assert_int_equal(tuwen_model_open(target, NULL, &model, &error), TUWEN_BAD_MODEL);
        assert_non_null(strstr(error.message,
                               "items model.layers.1.mlp.gate_proj and mlp.up_proj: are not in the same precision"));
    }
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    tuwen_error error = {0};
    tuwen_model *model = NULL;
    tuwen_model_options options = {.precision = TUWEN_PRECISION_INT8};
    assert_int_equal(tuwen_model_open(checkpoint("tiny"), &options, &model, &error), TUWEN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message,
                           "int8 is chosen product by product, which takes a packed file: tuwen convert "
                           "--precision int8"));
    (void)convert(checkpoint("tiny"), target, NULL);
    options.precision = TUWEN_PRECISION_BF16;
    assert_int_equal(tuwen_model_open(target, &options, &model, &error), TUWEN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "is packed in int8; for bf16 convert the checkpoint again"));
    for (tuwen_precision to = TUWEN_PRECISION_AUTO; to <= TUWEN_PRECISION_INT8; to++) {
        const tuwen_convert_options convert_options = {.precision = to};
        assert_int_equal(tuwen_convert(target, plain, &convert_options, &error), TUWEN_INVALID_ARGUMENT);
        assert_non_null(strstr(error.message, "is packed in int8; convert the checkpoint that it was made of"));
    }
}

/* Cancelled wherever it may be: the old file stays, and nothing else. The last pass is about a file that is finished. */
static bool stop_after(void *user, uint64_t done, uint64_t total)
{
    int *left = user;
    assert_true(done <= total);
    return (*left)-- > 0;
}

static void cancelling_leaves_nothing(void **state)
{
    (void)state;
    tuwen_error error = {0};
    size_t size = 0, after = 0;
    assert_int_equal(tuwen_convert(checkpoint("variants/f16"), target, NULL, &error), TUWEN_OK);
    void *before = read_whole(target, &size);
    int cancelled = 0;
    for (int calls = 0;; calls += 17) {
        int left = calls;
        const tuwen_convert_options options = {
            .precision = TUWEN_PRECISION_INT8, .progress = stop_after, .progress_user = &left};
        tuwen_status status = tuwen_convert(checkpoint("tiny"), target, &options, &error);
        if (status == TUWEN_OK)
            break;
        assert_int_equal(status, TUWEN_CANCELLED);
        void *now = read_whole(target, &after);
        assert_int_equal(after, size);
        assert_memory_equal(now, before, size);
        tw_free(now);
        cancelled++;
    }
    assert_true(cancelled > 10);
    tw_free(before);
}

static tuwen_status open_it(void *user, tuwen_error *error)
{
    tuwen_model *model = NULL;
    tuwen_status status = tuwen_model_open(user, NULL, &model, error);
    tuwen_model_close(model);
    return status;
}

static void ignore_report(void *user, const tuwen_int8_report *report)
{
    (void)user;
    (void)report;
}

static tuwen_status convert_it(tuwen_error *error)
{
    const tuwen_convert_options options = {.precision = TUWEN_PRECISION_INT8, .threads = 1, .report = ignore_report};
    return tuwen_convert(checkpoint("variants/all-kv-heads"), target, &options, error);
}

/* Every allocation of opening fails in turn; of converting, which takes thousands, some. */
static void failed_allocations_are_survived(void **state)
{
    (void)state;
    tuwen_error error = {0};
    alloc_fail_at(0);
    assert_int_equal(convert_it(&error), TUWEN_OK);
    size_t count = alloc_fail_count();
    print_message("opening: %zu allocations; converting: %zu\n", alloc_fail_each(open_it, target), count);
    for (size_t at = 1; at < count; at += count / 97 + 1) {
        alloc_fail_at(at);
        tuwen_status status = convert_it(&error);
        alloc_fail_at(0);
        assert_true(status == TUWEN_OK || status == TUWEN_OUT_OF_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest checkpoints[] = {
        cmocka_unit_test(plain_checkpoints_stay_near),
        cmocka_unit_test(outliers_are_kept),
        cmocka_unit_test(sources_agree),
        cmocka_unit_test(files_say_int8),
        cmocka_unit_test(other_layouts_are_read),
        cmocka_unit_test(gate_and_up_are_of_one_precision),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(cancelling_leaves_nothing),
        cmocka_unit_test(failed_allocations_are_survived),
    };
    return cmocka_run_group_tests(checkpoints, make_folder, remove_folder);
}
