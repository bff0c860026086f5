/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints that differ from GME by tuwen.json alone, against transformers 4.51.3 in float32: prompts, true
 * three-dimensional positions, mean pooling, one resize. The weights are those of the tiny checkpoint, to which a
 * temporary folder links; each golden folder has a tuwen.json and what the reference's full forward pass gave.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alloc_fail.h"
#include "base/memory.h"
#include "golden.h"
#include "testing.h"
#include "tiny.h"

#define ALLOWED 2e-5 /* of a number of a vector */
#define LARGE 1e-3   /* what a wrong scheme must change at least */

static tw_json *open_cases(const char *name)
{
    char relative[64];
    tw_json *json = NULL;
    tuwen_error error = {0};
    (void)snprintf(relative, sizeof relative, "neighbours/%s/vectors.json", name);
    if (tw_json_open(golden_path(relative), (size_t)1 << 26, &json, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return json;
}

/* The input of a case; `*picture` is its file, to be freed. */
static tuwen_input read_input(tw_json_value item, char **picture)
{
    tuwen_input input = {.name = tw_json_string(tw_json_member(item, "image"), NULL)};
    input.text = tw_json_string(tw_json_member(item, "text"), &input.text_size);
    input.instruction = tw_json_string(tw_json_member(item, "instruction"), &input.instruction_size);
    *picture = input.name ? golden_file(input.name, &input.picture_size) : NULL;
    input.picture = *picture;
    return input;
}

static bool same_ids(tuwen_session *session, const tuwen_input *input, tw_json_value expected)
{
    static int32_t ids[4096];
    size_t count = 0;
    tuwen_error error = {0};
    if (tuwen_tokenize(session, input, ids, sizeof ids / sizeof *ids, &count, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    if (count != tw_json_count(expected))
        return false;
    for (size_t i = 0; i < count; i++)
        if (ids[i] != tw_json_integer(tw_json_element(expected, i), -1))
            return false;
    return true;
}

/* The largest difference from the reference's vector. */
static double compare(const tuwen_model *model, tw_json_value item, bool *ids_equal)
{
    const tuwen_session_options options = {.exif = TUWEN_EXIF_IGNORE,
                                           .raw_special = true,
                                           .max_length = (int)tw_json_integer(tw_json_member(item, "max_length"), 0)};
    char *picture = NULL;
    tuwen_input input = read_input(item, &picture);
    tuwen_session *session = NULL;
    tuwen_error error = {0};
    size_t count = 0;
    float *expected = golden_floats(tw_json_member(item, "vector"), &count);
    assert_int_equal(count, tuwen_model_dimension(model));
    float *vector = tw_alloc(count, sizeof *vector);
    if (tuwen_session_open(model, &options, &session, &error) != TUWEN_OK ||
        tuwen_embed(session, &input, 1, vector, NULL, &error) != TUWEN_OK)
        fail_msg("%s: %s", tw_json_string(tw_json_member(item, "name"), NULL), error.message);
    *ids_equal = same_ids(session, &input, tw_json_member(item, "ids"));
    double worst = golden_difference(vector, expected, count);
    tuwen_session_close(session);
    tw_free(vector);
    tw_free(expected);
    tw_free(picture);
    return worst;
}

static void check_neighbour(const char *name)
{
    char *settings = tiny_settings(name, NULL, NULL);
    tuwen_model *model = tiny_open(settings);
    tw_json *json = open_cases(name);
    tw_json_value cases = tw_json_member(tw_json_root(json), "cases");
    double worst = 0;
    assert_true(tw_json_count(cases) > 8);
    for (size_t i = 0; i < tw_json_count(cases); i++) {
        tw_json_value item = tw_json_element(cases, i);
        bool ids_equal = false;
        double difference = compare(model, item, &ids_equal);
        if (!ids_equal || !(difference <= ALLOWED))
            fail_msg("%s: %s: %s, largest difference %.3g", name, tw_json_string(tw_json_member(item, "name"), NULL),
                     ids_equal ? "same ids" : "other ids", difference);
        worst = fmax(worst, difference);
    }
    print_message("%-10s %2zu vectors, largest difference %.2g\n", name, tw_json_count(cases), worst);
    tw_json_close(json);
    tuwen_model_close(model);
    tw_free(settings);
}

static void test_vectors(void **state)
{
    (void)state;
    static const char *const names[] = {"ops-mm", "dse", "vlm2vec", "rzenembed", "mean"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check_neighbour(names[i]);
}

/* How far off a neighbour's cases are with one setting changed. */
typedef struct {
    double least, most;
} range;

static range change(const char *name, const char *old, const char *new, bool only_pictures)
{
    char *settings = tiny_settings(name, old, new);
    tuwen_model *model = tiny_open(settings);
    tw_json *json = open_cases(name);
    tw_json_value cases = tw_json_member(tw_json_root(json), "cases");
    range off = {.least = INFINITY};
    for (size_t i = 0; i < tw_json_count(cases); i++) {
        tw_json_value item = tw_json_element(cases, i);
        bool ids_equal = false;
        if (only_pictures && tw_json_absent(tw_json_member(item, "image")))
            continue;
        double difference = compare(model, item, &ids_equal);
        off.least = fmin(off.least, difference);
        off.most = fmax(off.most, difference);
    }
    print_message("%-10s with %s: off by %.2g to %.2g\n", name, new, off.least, off.most);
    tw_json_close(json);
    tuwen_model_close(model);
    tw_free(settings);
    return off;
}

/* The golden vectors tell the settings apart: with another one they would not pass. */
static void test_bites(void **state)
{
    (void)state;
    static const char mrope[] = "\"positions\": \"mrope\"";
    static const char sequential[] = "\"positions\": \"sequential\"";
    assert_true(change("ops-mm", mrope, sequential, true).least > LARGE);
    assert_true(change("dse", mrope, sequential, true).least > LARGE);
    assert_true(change("mean", mrope, sequential, true).least > LARGE);
    assert_true(change("mean", "\"pooling\": \"mean\"", "\"pooling\": \"last\"", false).least > LARGE);
    /* Not every size is another one after two resizes. */
    assert_true(change("ops-mm", "\"resizes\": 1", "\"resizes\": 2", true).most > LARGE);
    /* Without <|vision_start|> the reference itself does not see the picture, and counts its tokens like text. */
    assert_true(change("vlm2vec", mrope, sequential, true).most <= ALLOWED);
}

/* Texts and pictures by turns in one call: sequences, the blank picture's tokens and positions stay apart. */
static void test_batch(void **state)
{
    (void)state;
    char *settings = tiny_settings("dse", NULL, NULL);
    tuwen_model *model = tiny_open(settings);
    tw_json *json = open_cases("dse");
    tw_json_value cases = tw_json_member(tw_json_root(json), "cases");
    tuwen_session *session = NULL;
    tuwen_input inputs[32];
    char *pictures[32];
    tw_json_value owners[32];
    size_t count = 0;
    size_t most = tw_json_count(cases);
    for (size_t i = 0; i < 2 * most && count < 32; i++) {
        tw_json_value item = tw_json_element(cases, (i % 2 ? i / 2 : most - 1 - i / 2));
        if (tw_json_integer(tw_json_member(item, "max_length"), 0) > 0)
            continue;
        owners[count] = item;
        inputs[count] = read_input(item, &pictures[count]);
        count++;
    }
    size_t dimension = tuwen_model_dimension(model);
    float *vectors = tw_alloc(count * dimension, sizeof *vectors);
    tuwen_output *outputs = tw_alloc(count, sizeof *outputs);
    const tuwen_session_options options = {.exif = TUWEN_EXIF_IGNORE, .raw_special = true};
    assert_int_equal(tuwen_session_open(model, &options, &session, NULL), TUWEN_OK);
    assert_int_equal(tuwen_embed(session, inputs, count, vectors, outputs, NULL), TUWEN_OK);
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        float *expected = golden_floats(tw_json_member(owners[i], "vector"), &length);
        assert_int_equal(outputs[i].status, TUWEN_OK);
        assert_true(outputs[i].image_tokens > 0 && (outputs[i].picture_width > 0) == (inputs[i].picture != NULL));
        for (size_t j = 0; j < length; j++)
            assert_true(fabs((double)vectors[i * dimension + j] - (double)expected[j]) <= ALLOWED);
        tw_free(expected);
        tw_free(pictures[i]);
    }
    tw_free(outputs);
    tw_free(vectors);
    tuwen_session_close(session);
    tw_json_close(json);
    tuwen_model_close(model);
    tw_free(settings);
}

static tuwen_status embed_text(void *user, tuwen_error *error)
{
    float vector[256];
    tuwen_session *session = NULL;
    const tuwen_input input = {.text = "a dog", .text_size = 5};
    tuwen_status status = tuwen_session_open(user, NULL, &session, error);
    if (status == TUWEN_OK)
        status = tuwen_embed(session, &input, 1, vector, NULL, error);
    tuwen_session_close(session);
    return status;
}

/* Every allocation failing in turn, with a blank picture beside the text and the mean as vector. */
static void test_memory(void **state)
{
    (void)state;
    char *settings = tiny_settings("dse", "\"positions\": \"mrope\"", "\"positions\":\"mrope\",\"pooling\":\"mean\"");
    tuwen_model *model = tiny_open(settings);
    assert_true(tuwen_model_dimension(model) <= 256);
    print_message("embedding: %zu allocations\n", alloc_fail_each(embed_text, model));
    tuwen_model_close(model);
    tw_free(settings);
}

/* What a session says that it holds is what was allocated for it and not freed, but for small things and rounding. */
static void expect_told(tuwen_model *model, bool with_instruction)
{
    enum { SMALL = 8192 };
    size_t size, before = alloc_bytes_held();
    uint64_t told = 0;
    tuwen_session *session = NULL;
    char *picture = golden_file("images/60x44.png", &size);
    const tuwen_input inputs[] = {
        {.text = "a dog", .text_size = 5},
        {.picture = picture, .picture_size = size},
        {.text = "a dog", .text_size = 5, .picture = picture, .picture_size = size},
        {.text = "a cat",
         .text_size = 5,
         .instruction = TUWEN_MATCH_INSTRUCTION,
         .instruction_size = sizeof TUWEN_MATCH_INSTRUCTION - 1},
    };
    enum { COUNT = sizeof inputs / sizeof *inputs };
    float vectors[COUNT * 256];
    size_t own = alloc_bytes_held() - before; /* the test's */
    assert_int_equal(tuwen_session_open(model, NULL, &session, NULL), TUWEN_OK);
    for (size_t count = 0; count + !with_instruction <= COUNT;
         count++) { /* of none, of the first, and so on, each after the others */
        if (count > 0)
            assert_int_equal(tuwen_embed(session, inputs, count, vectors, NULL, NULL), TUWEN_OK);
        uint64_t now = tuwen_session_memory(session);
        uint64_t held = alloc_bytes_held() - before - own;
        print_message("%zu inputs: %llu bytes held, %llu told\n", count, (unsigned long long)held,
                      (unsigned long long)now);
        assert_true(now >= told && now <= held && held - now <= SMALL + held / 100);
        told = now;
    }
    tuwen_session_close(session);
    assert_int_equal(alloc_bytes_held() - before, own);
    tw_free(picture);
}

static void test_memory_told(void **state)
{
    (void)state;
    char *settings = tiny_settings("dse", NULL, NULL); /* with a blank picture beside texts */
    tuwen_model *model = tiny_open(settings);
    expect_told(model, false);
    tuwen_model_close(model);
    tw_free(settings);
    model = tiny_open("{}"); /* GME's own: texts behind prefixes */
    expect_told(model, true);
    tuwen_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_bites),       cmocka_unit_test(test_batch),
        cmocka_unit_test(test_memory),  cmocka_unit_test(test_memory_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
