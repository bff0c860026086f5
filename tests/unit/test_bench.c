/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `tuwen bench` stands on: the stages of a session, the peaks of the machine, and models of random weights, whose
 * sizes are those that others publish.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alloc_fail.h"
#include "base/memory.h"
#include "golden.h"
#include "model/random.h"
#include "ops/machine.h"
#include "testing.h"
#include "tuwen/tuwen.h"

static tuwen_model *open_random(const char *random, tuwen_precision precision, bool facts_only)
{
    tuwen_model *model = NULL;
    tuwen_error error = {0};
    const tuwen_model_options options = {.random = random, .precision = precision, .facts_only = facts_only};
    if (tuwen_model_open(golden_path("tiny"), &options, &model, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return model;
}

/* Of both presets the parameters that the leaderboard of MTEB counts, and GME's own settings. */
static void test_presets(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t parameters, vision;
        int dimension;
    } known[] = {{"gme-2b", 2208985600, 665271296, 1536}, {"gme-7b", 7746378240, 675759104, 3584}};
    char fingerprints[2][17];
    for (size_t i = 0; i < 2; i++) {
        tuwen_model *model = open_random(known[i].name, TUWEN_PRECISION_AUTO, true);
        const tuwen_model_info *info = tuwen_model_get_info(model);
        assert_string_equal(info->name, known[i].name);
        assert_string_equal(info->precision, "bf16");
        assert_string_equal(info->weight_dtype, "random");
        assert_true(info->parameters == known[i].parameters);
        assert_true(info->vision_parameters == known[i].vision);
        assert_int_equal(info->dimension, known[i].dimension);
        assert_int_equal(info->image_tokens_min, 256);
        assert_int_equal(info->image_tokens_max, 1280);
        assert_int_equal(info->max_length, 1800);
        (void)snprintf(fingerprints[i], sizeof fingerprints[i], "%s", info->fingerprint);
        tuwen_model_close(model);
    }
    assert_int_equal(strlen(fingerprints[0]), 16);
    assert_string_not_equal(fingerprints[0], fingerprints[1]);
}

static char *tiny_config(void)
{
    const char *path = golden_path("tiny/config.json");
    char *copy = tw_copy_string(path, strlen(path));
    assert_non_null(copy);
    return copy;
}

#define DIMENSION 64

/* Vectors [2][DIMENSION] of a picture and a text, by the tiny configuration with random weights. */
static void embed_random(tuwen_precision precision, float *vectors)
{
    char *config = tiny_config();
    tuwen_model *model = open_random(config, precision, false);
    tuwen_session *session = NULL;
    size_t size;
    char *picture = golden_file("images/28x28.png", &size);
    tuwen_input inputs[2] = {{.picture = picture, .picture_size = size}, {.text = "a dog", .text_size = 5}};
    assert_int_equal(tuwen_model_dimension(model), DIMENSION);
    assert_int_equal(tuwen_session_open(model, NULL, &session, NULL), TUWEN_OK);
    assert_int_equal(tuwen_embed(session, inputs, 2, vectors, NULL, NULL), TUWEN_OK);
    tuwen_session_close(session);
    tuwen_model_close(model);
    tw_free(picture);
    tw_free(config);
}

/* Random weights are the same every time, and tell inputs apart. (In another precision they are others, as they are
 * written in the order of the packed layout.) */
static void test_random_vectors(void **state)
{
    (void)state;
    static const tuwen_precision precisions[] = {TUWEN_PRECISION_F32, TUWEN_PRECISION_BF16, TUWEN_PRECISION_INT8};
    for (size_t i = 0; i < 3; i++) {
        float first[2 * DIMENSION], again[2 * DIMENSION];
        embed_random(precisions[i], first);
        embed_random(precisions[i], again);
        assert_memory_equal(first, again, sizeof first);
        assert_true(tuwen_cosine(first, first + DIMENSION, DIMENSION) < 0.95f);
    }
}

/* Mean 0 and the deviation asked for, in either element type; other seeds and later fills give other numbers. */
static void test_random_numbers(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    float *floats = tw_alloc(COUNT, sizeof *floats);
    uint16_t *halves = tw_alloc(COUNT, sizeof *halves);
    tw_random *random = tw_random_open(1);
    assert_true(floats && halves && random);
    assert_true(tw_random_fill(random, TW_ELEMENT_F32, 0.5f, floats, COUNT));
    assert_true(tw_random_fill(random, TW_ELEMENT_BF16, 0.5f, halves, COUNT));
    double sums[2] = {0}, squares[2] = {0}, product = 0;
    for (size_t i = 0; i < COUNT; i++) {
        double values[2] = {(double)floats[i], (double)tw_f32_from_bf16(halves[i])};
        for (size_t j = 0; j < 2; j++) {
            sums[j] += values[j];
            squares[j] += values[j] * values[j];
        }
        product += values[0] * values[1];
    }
    for (size_t j = 0; j < 2; j++) {
        assert_true(fabs(sums[j] / COUNT) < 0.01);
        assert_true(fabs(sqrt(squares[j] / COUNT) - 0.5) < 0.01);
    }
    assert_true(fabs(product / COUNT) < 0.01);
    tw_random_row(3, floats, 64);
    tw_random_row(4, floats + 64, 64);
    assert_memory_not_equal(floats, floats + 64, 64 * sizeof *floats);
    tw_random_close(random);
    tw_free(halves);
    tw_free(floats);
}

static void test_random_refused(void **state)
{
    (void)state;
    tuwen_model *model = NULL;
    tuwen_error error = {0};
    assert_int_equal(
        tuwen_model_open(golden_path("tiny"), &(tuwen_model_options){.random = "gme-3b"}, &model, &error),
        TUWEN_NOT_FOUND);
    assert_string_equal(error.message, "gme-3b: is no file, and none of the known configurations: gme-2b, gme-7b");
    char *config = tiny_config();
    assert_int_equal(tuwen_model_open(golden_path("tiny"),
                                      &(tuwen_model_options){.random = config, .precision = (tuwen_precision)9},
                                      &model, &error),
                     TUWEN_INVALID_ARGUMENT);
    assert_null(model);
    tw_free(config);
}

/* Stages of a picture and a text: those of the engine have times, and all begin anew after a reset. */
static void test_stages(void **state)
{
    (void)state;
    static const char *const names[] = {"decode",           "preprocess",     "tokenize",        "vision products",
                                        "vision attention", "vision rest",    "merger products", "merger rest",
                                        "text products",    "text attention", "text rest"};
    enum { NAMES = sizeof names / sizeof *names };
    char *config = tiny_config();
    tuwen_model *model = open_random(config, TUWEN_PRECISION_F32, false);
    tuwen_session *session = NULL;
    tuwen_stage stages[NAMES + 1] = {{0}};
    float vector[DIMENSION];
    size_t size;
    char *picture = golden_file("images/28x28.png", &size);
    tuwen_input input = {.picture = picture, .picture_size = size};
    assert_int_equal(tuwen_session_open(model, NULL, &session, NULL), TUWEN_OK);
    assert_int_equal(tuwen_session_get_stages(session, NULL, 0), NAMES);
    assert_int_equal(tuwen_embed(session, &input, 1, vector, NULL, NULL), TUWEN_OK);
    assert_int_equal(tuwen_session_get_stages(session, stages, NAMES + 1), NAMES);
    for (size_t i = 0; i < NAMES; i++)
        assert_string_equal(stages[i].name, names[i]);
    for (size_t i = 0; i < 3; i++)
        assert_true(stages[i].seconds > 0 && stages[i].operations == 0);
    assert_null(stages[NAMES].name);
    assert_true(tuwen_session_memory(session) > 0);
    tuwen_session_reset_stages(session);
    tuwen_session_get_stages(session, stages, NAMES);
    for (size_t i = 0; i < NAMES; i++)
        assert_true(stages[i].seconds == 0 && stages[i].operations == 0);
    stages[1].name = NULL;
    assert_int_equal(tuwen_session_get_stages(session, stages, 1), NAMES);
    assert_null(stages[1].name);
    tuwen_session_close(session);
    tuwen_model_close(model);
    tw_free(picture);
    tw_free(config);
}

#define SHORT 1e-9 /* seconds: one product to warm up, and one that counts */

static void test_peaks(void **state)
{
    (void)state;
    static const char *const names[TUWEN_PEAKS] = {"f32", "bf16", "int8"};
    tuwen_peak peaks[TUWEN_PEAKS];
    tuwen_error error = {0};
    assert_int_equal(tuwen_measure_peaks(NULL, 1, SHORT, peaks, NULL), TUWEN_OK);
    for (size_t i = 0; i < TUWEN_PEAKS; i++) {
        assert_string_equal(peaks[i].name, names[i]);
        assert_true(peaks[i].rate >= 0 && isfinite(peaks[i].rate));
        assert_true(peaks[i].rate > 0 || !*peaks[i].code);
        print_message("%s: %.1f GFLOP/s, %s\n", peaks[i].name, peaks[i].rate / 1e9, peaks[i].code);
    }
    assert_true(peaks[0].rate > 0 && *peaks[0].code);
    assert_int_equal(tuwen_measure_peaks(NULL, 1, -1, peaks, &error), TUWEN_INVALID_ARGUMENT);
    assert_string_equal(error.message, "seconds is -1; allowed are 0 to 3600");
    assert_int_equal(tuwen_measure_peaks(NULL, 1, (double)NAN, peaks, &error), TUWEN_INVALID_ARGUMENT);
    assert_int_equal(tuwen_measure_peaks("mmx", 1, SHORT, peaks, &error), TUWEN_INVALID_ARGUMENT);
    assert_int_equal(tuwen_measure_peaks(NULL, -1, SHORT, peaks, &error), TUWEN_INVALID_ARGUMENT);
    assert_int_equal(tuwen_measure_peaks(NULL, 1, SHORT, NULL, &error), TUWEN_INVALID_ARGUMENT);
}

/* A gauge measures one of them, as often as it is asked; a type without products has the rate 0 here too. */
static void test_gauge(void **state)
{
    (void)state;
    tuwen_gauge *gauge = NULL;
    tuwen_peak all[TUWEN_PEAKS], peak;
    tuwen_error error = {0};
    assert_int_equal(tuwen_measure_peaks(NULL, 1, SHORT, all, NULL), TUWEN_OK);
    for (size_t i = 0; i < TUWEN_PEAKS; i++) {
        assert_int_equal(tuwen_gauge_open(NULL, 1, all[i].name, &gauge, NULL), TUWEN_OK);
        for (int times = 0; times < 2; times++) {
            assert_int_equal(tuwen_gauge_measure(gauge, SHORT, &peak, NULL), TUWEN_OK);
            assert_string_equal(peak.name, all[i].name);
            assert_string_equal(peak.code, all[i].code);
            assert_true((peak.rate > 0) == (all[i].rate > 0) && isfinite(peak.rate));
        }
        assert_int_equal(tuwen_gauge_measure(gauge, -1, &peak, &error), TUWEN_INVALID_ARGUMENT);
        assert_int_equal(tuwen_gauge_measure(gauge, 1, NULL, &error), TUWEN_INVALID_ARGUMENT);
        tuwen_gauge_close(gauge);
    }
    assert_int_equal(tuwen_gauge_open(NULL, 1, "f64", &gauge, &error), TUWEN_INVALID_ARGUMENT);
    assert_string_equal(error.message, "no peak is called f64; there are f32, bf16 and int8");
    assert_null(gauge);
    assert_int_equal(tuwen_gauge_open(NULL, 1, NULL, &gauge, &error), TUWEN_INVALID_ARGUMENT);
    assert_int_equal(tuwen_gauge_open(NULL, 1, "f32", NULL, &error), TUWEN_INVALID_ARGUMENT);
    assert_int_equal(tuwen_gauge_measure(NULL, 1, &peak, &error), TUWEN_INVALID_ARGUMENT);
    tuwen_gauge_close(NULL);
}

/* TUWEN_LEVELS has every level of this build. */
static void test_levels(void **state)
{
    (void)state;
    const tw_kernels *level = NULL;
    for (size_t i = 0; (level = tw_kernels_level(i)) != NULL; i++) {
        char list[] = "|" TUWEN_LEVELS "|", word[32];
        (void)snprintf(word, sizeof word, "|%s|", level->level);
        assert_non_null(strstr(list, word));
    }
}

/* What is said about products, without asking oneDNN, is what a machine then does. */
static void test_described(void **state)
{
    (void)state;
    static const struct {
        tw_element element;
        const char *key;
    } rows[] = {{TW_ELEMENT_BF16, "\nbf16: "}, {TW_ELEMENT_I8, "\nint8: "}};
    char facts[1024];
    tw_machine *machine = NULL;
    assert_true(tuwen_describe_build(NULL, TUWEN_ENGLISH, facts, sizeof facts) < sizeof facts);
    assert_int_equal(tw_machine_open(NULL, 1, &machine, NULL), TUWEN_OK);
    for (size_t i = 0; i < 2; i++) {
        const char *line = strstr(facts, rows[i].key);
        assert_non_null(line);
        size_t length = strcspn(line + 1, "\n") + 1;
        const char *widened = strstr(line, "widened"), *own = strstr(line, " kernels\n");
        bool ours = (widened && widened < line + length) || (own && own < line + length);
        assert_true(tw_machine_multiplies(machine, rows[i].element) == !ours);
    }
    tw_machine_close(machine);
}

static tuwen_status measure_again(void *user, tuwen_error *error)
{
    (void)user;
    tuwen_gauge *gauge = NULL;
    tuwen_peak peak;
    tuwen_status status = tuwen_gauge_open(NULL, 1, "f32", &gauge, error);
    if (status == TUWEN_OK)
        status = tuwen_gauge_measure(gauge, SHORT, &peak, error);
    tuwen_gauge_close(gauge);
    return status;
}

static tuwen_status measure(void *user, tuwen_error *error)
{
    (void)user;
    tuwen_peak peaks[TUWEN_PEAKS];
    return tuwen_measure_peaks(NULL, 1, SHORT, peaks, error);
}

static tuwen_status open_and_close(void *user, tuwen_error *error)
{
    tuwen_model *model = NULL;
    const tuwen_model_options options = {.random = user, .threads = 1};
    tuwen_status status = tuwen_model_open(golden_path("tiny"), &options, &model, error);
    tuwen_model_close(model);
    return status;
}

static void test_allocations(void **state)
{
    (void)state;
    char *config = tiny_config();
    print_message("opening: %zu allocations\n", alloc_fail_each(open_and_close, config));
    print_message("measuring: %zu allocations\n", alloc_fail_each(measure, NULL));
    print_message("a gauge: %zu allocations\n", alloc_fail_each(measure_again, NULL));
    tw_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_presets),        cmocka_unit_test(test_random_vectors),
        cmocka_unit_test(test_random_numbers), cmocka_unit_test(test_random_refused),
        cmocka_unit_test(test_stages),         cmocka_unit_test(test_peaks),
        cmocka_unit_test(test_gauge),          cmocka_unit_test(test_levels),
        cmocka_unit_test(test_described),      cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
