/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole pipeline against transformers 4.51.3 in float32 (tools/reference): token ids, image tokens, the states
 * after each layer and the final vectors of the tiny checkpoint and its variants (head counts, dtypes, shards, names).
 *
 * By hand on other checkpoints: TUWEN_GOLDEN_DIR=FOLDER test_parity NAME..., with the checkpoint in FOLDER/NAME and what
 * the reference computed of it in FOLDER/NAME/vectors.json. Deep models of full size differ by more roundings, so that
 * only the cosine is bounded there, by 0.99999.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/engine.h"
#include "golden.h"
#include "numbers.h"
#include "testing.h"

/* What is allowed of a final vector, by size of the checkpoint. */
typedef struct {
    double difference, cosine;
} bounds;
static const bounds small = {.difference = 2e-5, .cosine = 0.999999};
static const bounds full = {.difference = 1, .cosine = 0.99999};

static const char *const checkpoints[] = {
    "tiny",
    "variants/all-kv-heads",
    "variants/bf16",
    "variants/f16",
    "variants/newer-names-sharded",
    "variants/one-kv-head",
    "variants/untied-padded-vocabulary",
};

static tuwen_model *open_model(const char *relative)
{
    tuwen_model *model = NULL;
    tuwen_error error = {0};
    if (tuwen_model_open(golden_path(relative), NULL, &model, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return model;
}

/* A session with the settings of a golden case, which are the reference's. */
static tuwen_session *open_session(const tuwen_model *model, tw_json_value item)
{
    const tuwen_session_options options = {
        .image_tokens_min = (int)tw_json_integer(tw_json_member(item, "min_image_tokens"), 0),
        .image_tokens_max = (int)tw_json_integer(tw_json_member(item, "max_image_tokens"), 0),
        .max_length = (int)tw_json_integer(tw_json_member(item, "max_length"), 0),
        .exif = TUWEN_EXIF_IGNORE,
        .raw_special = true};
    tuwen_session *session = NULL;
    tuwen_error error = {0};
    if (tuwen_session_open(model, &options, &session, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return session;
}

/* The input of a golden case; `*picture` is its file, to be freed. */
static tuwen_input read_input(tw_json_value item, char **picture)
{
    tuwen_input input = {.name = tw_json_string(tw_json_member(item, "image"), NULL)};
    *picture = NULL;
    input.text = tw_json_string(tw_json_member(item, "text"), &input.text_size);
    if (tw_json_boolean(tw_json_member(item, "is_query"), true))
        input.instruction = tw_json_string(tw_json_member(item, "instruction"), &input.instruction_size);
    if (input.name)
        input.picture = *picture = golden_file(input.name, &input.picture_size);
    return input;
}

static void check_ids(tuwen_session *session, const tuwen_input *input, tw_json_value expected, const char *name)
{
    static int32_t ids[32768];
    size_t count = 0;
    tuwen_error error = {0};
    if (tuwen_tokenize(session, input, ids, sizeof ids / sizeof *ids, &count, &error) != TUWEN_OK)
        fail_msg("%s: %s", name, error.message);
    assert_int_equal(count, tw_json_count(expected));
    for (size_t i = 0; i < count; i++)
        if (ids[i] != tw_json_integer(tw_json_element(expected, i), -1))
            fail_msg("%s: id %zu is %d", name, i, (int)ids[i]);
}

typedef struct {
    double cosine, difference; /* the worst so far */
    int cases;
} parity;

static void check_case(const tuwen_model *model, tw_json_value item, bounds allowed, parity *worst)
{
    const char *name = tw_json_string(tw_json_member(item, "name"), NULL);
    char *picture = NULL;
    tuwen_session *session = open_session(model, item);
    tuwen_input input = read_input(item, &picture);
    size_t dimension = tuwen_model_dimension(model);
    float *vector = tw_alloc(dimension, sizeof *vector);
    tuwen_output output = {0};
    tuwen_error error = {0};
    assert_int_equal(tuwen_embed(session, &input, 1, vector, &output, &error), TUWEN_OK);
    if (!tw_json_absent(tw_json_member(item, "error"))) {
        assert_int_equal(output.status, TUWEN_BAD_TEXT); /* the reference raises an exception here */
    } else {
        if (output.status != TUWEN_OK)
            fail_msg("%s: %s", name, output.message);
        size_t count = 0;
        float *expected = golden_floats(tw_json_member(item, "vector"), &count);
        assert_int_equal(count, dimension);
        check_ids(session, &input, tw_json_member(item, "ids"), name);
        double difference = golden_difference(vector, expected, count);
        double cosine = (double)tuwen_cosine(vector, expected, count);
        if (!(difference <= allowed.difference) || !(cosine >= allowed.cosine))
            fail_msg("%s: cosine %.9f, largest difference %.3g", name, cosine, difference);
        worst->difference = fmax(worst->difference, difference);
        worst->cosine = fmin(worst->cosine, cosine);
        worst->cases++;
        tw_free(expected);
    }
    tw_free(vector);
    tw_free(picture);
    tuwen_session_close(session);
}

static tw_json *open_cases(const char *checkpoint)
{
    char path[256];
    tw_json *json = NULL;
    tuwen_error error = {0};
    (void)snprintf(path, sizeof path, "%s/vectors.json", checkpoint);
    if (tw_json_open(golden_path(path), (size_t)1 << 26, &json, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return json;
}

static void check_checkpoint(const char *name, bounds allowed)
{
    tuwen_model *model = open_model(name);
    tw_json *json = open_cases(name);
    tw_json_value cases = tw_json_member(tw_json_root(json), "cases");
    parity worst = {.cosine = 1};
    for (size_t i = 0; i < tw_json_count(cases); i++)
        check_case(model, tw_json_element(cases, i), allowed, &worst);
    assert_true(worst.cases > 0);
    print_message("%-34s %2d vectors, least cosine %.9f, largest difference %.2g\n", name, worst.cases, worst.cosine,
                  worst.difference);
    tw_json_close(json);
    tuwen_model_close(model);
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checkpoints / sizeof *checkpoints; i++)
        check_checkpoint(checkpoints[i], small);
}

/* Several inputs in one call give what each gives alone: batching tells sequences apart. */
static void test_batch(void **state)
{
    (void)state;
    tuwen_model *model = open_model("tiny");
    tw_json *json = open_cases("tiny");
    tw_json_value cases = tw_json_member(tw_json_root(json), "cases");
    tuwen_session *session = open_session(model, tw_json_element(cases, 0));
    size_t dimension = tuwen_model_dimension(model);
    tuwen_input inputs[64];
    char *pictures[64];
    size_t owners[64];
    size_t count = 0;
    for (size_t i = 0; i < tw_json_count(cases) && count < 64; i++) {
        tw_json_value item = tw_json_element(cases, i);
        if (tw_json_integer(tw_json_member(item, "max_length"), 0) != 1800 ||
            tw_json_integer(tw_json_member(item, "min_image_tokens"), 0) != 256)
            continue;
        owners[count] = i;
        inputs[count] = read_input(item, &pictures[count]);
        count++;
    }
    assert_true(count > 20);
    float *vectors = tw_alloc(count * dimension, sizeof *vectors);
    tuwen_error error = {0};
    assert_int_equal(tuwen_embed(session, inputs, count, vectors, NULL, &error), TUWEN_OK);
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        float *expected = golden_floats(tw_json_member(tw_json_element(cases, owners[i]), "vector"), &length);
        assert_true(golden_difference(vectors + i * dimension, expected, length) <= small.difference);
        tw_free(expected);
        tw_free(pictures[i]);
    }
    tw_free(vectors);
    tuwen_session_close(session);
    tw_json_close(json);
    tuwen_model_close(model);
}

/* Where the stages of a case lie, and how far they are off. */
typedef struct {
    const char *folder;
    double worst;
    int seen;
} stages;

static void compare_stage(void *user, const char *stage, int index, const float *values, int rows, int n)
{
    stages *of = user;
    char path[256];
    if (strcmp(stage, "vision") == 0)
        (void)snprintf(path, sizeof path, "tiny/stages/%s/vision.block.%d.npy", of->folder, index);
    else if (strcmp(stage, "merger") == 0)
        (void)snprintf(path, sizeof path, "tiny/stages/%s/vision.output.npy", of->folder);
    else if (strcmp(stage, "embedding") == 0)
        (void)snprintf(path, sizeof path, "tiny/stages/%s/text.input.npy", of->folder);
    else
        (void)snprintf(path, sizeof path, "tiny/stages/%s/text.layer.%d.npy", of->folder, index);
    size_t count = 0;
    float *expected = golden_npy(path, &count);
    assert_int_equal(count, (size_t)rows * (size_t)n);
    double difference = golden_difference(values, expected, count) / golden_difference(expected, NULL, count);
    if (!(difference <= 1e-5))
        fail_msg("%s: off by %.3g of its largest value", path, difference);
    of->worst = fmax(of->worst, difference);
    of->seen++;
    tw_free(expected);
}

/* The states after every layer of both towers, for one fused input. */
static void test_stages(void **state)
{
    (void)state;
    tuwen_model *model = open_model("tiny");
    tuwen_error error = {0};
    size_t size = 0;
    char *file = golden_file("images/60x44.png", &size);
    const tw_image_limits limits = {.bytes = 1 << 20, .pixels = 1 << 20, .seconds = 10};
    tw_patch_config config = {
        .patch_size = 14, .temporal_patch_size = 2, .merge_size = 2, .tokens_min = 4, .tokens_max = 16};
    memcpy(config.mean, model->config.image_mean, sizeof config.mean);
    memcpy(config.std, model->config.image_std, sizeof config.std);
    tw_picture picture = {0};
    tw_patches patches = {0};
    assert_int_equal(tw_picture_decode(file, size, "60x44.png", &limits, false, &picture, &error), TUWEN_OK);
    assert_int_equal(tw_patches_make(&picture, &config, &patches, &error), TUWEN_OK);
    int count = patches.grid_h * patches.grid_w;
    size_t hidden = tuwen_model_dimension(model);
    stages of = {.folder = "fused-60x44-small"};
    tw_run run = {.trace = compare_stage, .trace_user = &of};
    assert_int_equal(tw_worker_open(model->machine, &run.worker, &error), TUWEN_OK);
    float *tokens = tw_alloc((size_t)count / 4 * hidden, sizeof *tokens);
    const tw_grid grid = {patches.grid_h, patches.grid_w};
    const float *values = patches.values;
    float *scratch = tw_alloc_aligned(tw_vision_scratch(model->vision, model->machine, &grid, 1), sizeof *scratch);
    run.scratch = scratch;
    assert_int_equal(tw_vision_forward(model->vision, &run, &values, &grid, 1, tokens, &error), TUWEN_OK);
    tw_free(scratch);
    tw_ids ids = {0};
    const tuwen_input input = {.text = "What kind of car is this?", .text_size = 25, .picture = file};
    assert_int_equal(tw_prompt_encode(model, &input, count / 4, true, &ids, &error), TUWEN_OK);
    int length = (int)ids.count;
    float *rows = tw_alloc(ids.count * hidden, sizeof *rows);
    float *final = tw_alloc(hidden, sizeof *final);
    tw_language_embed(model->language, ids.items, length, rows);
    size_t token = 0;
    for (size_t i = 0; i < ids.count; i++)
        if (ids.items[i] == model->image_pad)
            memcpy(rows + i * hidden, tokens + token++ * hidden, hidden * sizeof *rows);
    const tw_sequence sequence = {.length = length};
    scratch = tw_alloc_aligned(tw_language_scratch(model->language, model->machine, &sequence, 1), sizeof *scratch);
    run.scratch = scratch;
    assert_int_equal(tw_language_forward(model->language, &run, rows, &sequence, 1, TW_POOL_LAST, final, &error),
                     TUWEN_OK);
    assert_int_equal(of.seen, 2 + 1 + 1 + 3);
    print_message("%d stages, off by at most %.2g of the largest value\n", of.seen, of.worst);
    tw_free(scratch);
    tw_free(rows);
    tw_free(final);
    tw_free(tokens);
    tw_free(file);
    tw_ids_free(&ids);
    tw_patches_free(&patches);
    tw_picture_free(&picture);
    tw_worker_close(run.worker);
    tuwen_model_close(model);
}

static void test_full(void **state)
{
    for (char **name = *state; *name; name++)
        check_checkpoint(*name, full);
}

int main(int count, char **arguments)
{
    if (numbers_no_level())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_stages),
    };
    const struct CMUnitTest by_hand[] = {cmocka_unit_test_prestate(test_full, arguments + 1)};
    return count > 1 ? cmocka_run_group_tests(by_hand, NULL, NULL) : cmocka_run_group_tests(tests, NULL, NULL);
}
