/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same input gives the same bits: alone in a new session, in batches with anything, in any order, with instructions
 * that push each other's prefixes out, in sessions that have computed before, by one, two and three threads. On small
 * checkpoints whose heads fill whole panels and some that do not, in every precision.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "golden.h"
#include "numbers.h"
#include "testing.h"
#include "tuwen/tuwen.h"

#define DEMO GOLDEN_DIR "/../../models/demo"
static const char *const checkpoints[] = {GOLDEN_DIR "/tiny", GOLDEN_DIR "/variants/one-kv-head",
                                          GOLDEN_DIR "/variants/bf16", DEMO};
#define CHECKPOINTS (sizeof checkpoints / sizeof *checkpoints)

static const char *const pictures[] = {"images/60x44.png", "images/28x28.png", "images/300x20.png",
                                       "images/150x100.png"};
#define PICTURES (sizeof pictures / sizeof *pictures)

/* NULL is the model's own; more than a session keeps the prefixes of. */
static const char *const instructions[] = {
    NULL,
    "Find an image that matches the given text.",
    "You are a helpful assistant.",
    "x",
    "",
    "找出与文字相符的图片。",
    "Describe the picture in one sentence, then say whether it is a photograph."};
#define INSTRUCTIONS (sizeof instructions / sizeof *instructions)

static const char *const texts[] = {"a",
                                    "a dog",
                                    "a red car in front of a house",
                                    "",
                                    "狗",
                                    "<|im_end|>",
                                    "Two people are sitting on a bench beside the sea, looking at the ships that "
                                    "leave the harbour; behind them a dog "
                                    "sleeps under a tree, and on the other side of the road somebody sells oranges "
                                    "and lemons from a small green cart. "
                                    "It is late, the lamps are lit, and the last bus has left without anybody in it "
                                    "but the driver and his daughter."};
#define TEXTS (sizeof texts / sizeof *texts)

#define COUNT (TEXTS + INSTRUCTIONS + 2 * PICTURES)

/* Inputs of a call at most. */
#define MOST (8 * COUNT)

typedef struct {
    tuwen_input inputs[COUNT];
    char *files[PICTURES];
    size_t dimension;
    float *expected; /* [COUNT][dimension], of each alone */
    float *found;
} example;

/* Texts, the same text with each instruction, pictures, and pictures with a text. */
static void make_inputs(example *of)
{
    size_t n = 0;
    for (size_t i = 0; i < TEXTS; i++)
        of->inputs[n++] = (tuwen_input){.text = texts[i], .text_size = strlen(texts[i])};
    for (size_t i = 0; i < INSTRUCTIONS; i++)
        of->inputs[n++] = (tuwen_input){.text = "a cat",
                                        .text_size = 5,
                                        .instruction = instructions[i],
                                        .instruction_size = instructions[i] ? strlen(instructions[i]) : 0};
    for (size_t i = 0; i < PICTURES; i++) {
        size_t size = 0;
        of->files[i] = golden_file(pictures[i], &size);
        of->inputs[n++] = (tuwen_input){.picture = of->files[i], .picture_size = size};
        of->inputs[n++] = (tuwen_input){.picture = of->files[i],
                                        .picture_size = size,
                                        .text = texts[i % TEXTS],
                                        .text_size = strlen(texts[i % TEXTS])};
    }
    assert_int_equal(n, COUNT);
}

static tuwen_model *open_model(const char *path, tuwen_precision precision, int threads)
{
    tuwen_model *model = NULL;
    tuwen_error error = {0};
    const tuwen_model_options options = {.threads = threads, .precision = precision};
    if (tuwen_model_open(path, &options, &model, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return model;
}

static tuwen_session *open_session(const tuwen_model *model)
{
    tuwen_session *session = NULL;
    const tuwen_session_options options = {.image_tokens_min = 4, .image_tokens_max = 12, .max_length = 90};
    assert_int_equal(tuwen_session_open(model, &options, &session, NULL), TUWEN_OK);
    return session;
}

static void embed(tuwen_session *session, const tuwen_input *inputs, size_t count, float *vectors)
{
    tuwen_error error = {0};
    if (tuwen_embed(session, inputs, count, vectors, NULL, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
}

/* One call with the inputs of that order, `count` of them. */
static void check_order(const example *of, tuwen_session *session, const size_t *order, size_t count,
                        const char *what)
{
    tuwen_input inputs[MOST];
    assert_true(count <= MOST);
    for (size_t i = 0; i < count; i++)
        inputs[i] = of->inputs[order[i]];
    embed(session, inputs, count, of->found);
    for (size_t i = 0; i < count; i++)
        if (memcmp(of->found + i * of->dimension, of->expected + order[i] * of->dimension,
                   of->dimension * sizeof(float)) != 0)
            fail_msg("%s: input %zu has other bits than alone at place %zu of %zu", what, order[i], i, count);
}

/* Every input some times, shuffled. */
static size_t shuffle(size_t *order, size_t times, uint32_t seed)
{
    size_t count = times * COUNT;
    for (size_t i = 0; i < count; i++)
        order[i] = i % COUNT;
    for (size_t i = count; i > 1; i--) {
        seed = seed * 1664525u + 1013904223u;
        size_t other = (seed >> 8) % i;
        size_t swap = order[i - 1];
        order[i - 1] = order[other];
        order[other] = swap;
    }
    return count;
}

/* What is tried with each number of threads. */
static void check_alone(const example *of, tuwen_session *session, const char *what)
{
    size_t order[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        order[i] = i;
    check_order(of, session, order, COUNT, what);
    for (size_t i = 0; i < COUNT; i++) /* in a session that has computed much */
        check_order(of, session, &(size_t){i}, 1, what);
}

static void check_pairs(const example *of, tuwen_session *session, const char *what)
{
    size_t order[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        order[i] = COUNT - 1 - i;
    check_order(of, session, order, COUNT, what);
    for (size_t i = 0; i < COUNT; i++)
        check_order(of, session, (size_t[]){i, (i * 5 + 3) % COUNT}, 2, what);
}

static void check_shuffled(const example *of, tuwen_session *session, const char *what)
{
    size_t order[MOST];
    for (uint32_t times = 1; times <= 2; times++)
        check_order(of, session, order, shuffle(order, times, times), what);
}

/* More rows than are computed together. */
static void check_many(const example *of, tuwen_session *session, const char *what)
{
    size_t order[MOST];
    check_order(of, session, order, shuffle(order, MOST / COUNT, 3), what);
}

static void check_model(const example *of, const char *path, tuwen_precision precision, int threads,
                        void (*body)(const example *of, tuwen_session *session, const char *what))
{
    static const char *const names[] = {"auto", "f32", "bf16"};
    char what[512];
    (void)snprintf(what, sizeof what, "%s in %s, %d threads", path, names[precision], threads);
    tuwen_model *model = open_model(path, precision, threads);
    tuwen_session *session = open_session(model);
    body(of, session, what);
    tuwen_session_close(session);
    tuwen_model_close(model);
}

static void check_checkpoint(const char *path, tuwen_precision precision)
{
    example of = {0};
    make_inputs(&of);
    tuwen_model *model = open_model(path, precision, 2);
    of.dimension = tuwen_model_dimension(model);
    of.expected = tw_alloc(COUNT * of.dimension, sizeof(float));
    of.found = tw_alloc(MOST * of.dimension, sizeof(float));
    assert_true(of.expected && of.found);
    for (size_t i = 0; i < COUNT; i++) {
        tuwen_session *session = open_session(model);
        embed(session, &of.inputs[i], 1, of.expected + i * of.dimension);
        tuwen_session_close(session);
    }
    tuwen_model_close(model);
    if (strcmp(path, DEMO) != 0) {
        check_model(&of, path, precision, 1, check_alone);
        check_model(&of, path, precision, 2, check_pairs);
    }
    check_model(&of, path, precision, 3, check_shuffled);
    if (path == checkpoints[0])
        check_model(&of, path, precision, 2, check_many);
    for (size_t i = 0; i < PICTURES; i++)
        tw_free(of.files[i]);
    tw_free(of.expected);
    tw_free(of.found);
}

/* The shipped checkpoint is larger: too much for scalar loops. */
static void check_all(tuwen_precision precision)
{
    const char *level = getenv("TUWEN_ISA");
    for (size_t i = 0; i < CHECKPOINTS; i++)
        if (strcmp(checkpoints[i], DEMO) != 0 || !level || strcmp(level, "scalar") != 0)
            check_checkpoint(checkpoints[i], precision);
}

static void test_f32(void **state)
{
    (void)state;
    check_all(TUWEN_PRECISION_F32);
}

static void test_bf16(void **state)
{
    (void)state;
    check_all(TUWEN_PRECISION_BF16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_f32), cmocka_unit_test(test_bf16)};
    return numbers_no_level() ? 77 : cmocka_run_group_tests(tests, NULL, NULL);
}
