/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public interface: options and their bounds, errors of one input among others, cancelling, sharing a model between
 * threads, checkpoints with something wrong in them, and every allocation failing in turn.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/safetensors.h"
#include "golden.h"
#include "testing.h"
#include "tuwen/tuwen.h"

static const char checkpoint[] = "variants/all-kv-heads";

static tuwen_model *open_model(const tuwen_model_options *options)
{
    tuwen_model *model = NULL;
    tuwen_error error = {0};
    if (tuwen_model_open(golden_path(checkpoint), options, &model, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return model;
}

static tuwen_input text_input(const char *text)
{
    return (tuwen_input){.text = text, .text_size = strlen(text)};
}

static void expect_session(const tuwen_model *model, tuwen_session_options options, const char *message)
{
    tuwen_session *session = NULL;
    tuwen_error error = {0};
    tuwen_status status = tuwen_session_open(model, &options, &session, &error);
    assert_int_equal(status, message ? TUWEN_INVALID_ARGUMENT : TUWEN_OK);
    if (message)
        assert_string_equal(error.message, message);
    tuwen_session_close(session);
}

static void test_options(void **state)
{
    (void)state;
    tuwen_model *model = open_model(NULL);
    expect_session(model, (tuwen_session_options){0}, NULL);
    expect_session(model, (tuwen_session_options){.image_tokens_min = 4, .image_tokens_max = 4}, NULL);
    expect_session(model, (tuwen_session_options){.image_tokens_max = 16}, NULL);
    expect_session(model, (tuwen_session_options){.image_tokens_min = 2000}, NULL);
    expect_session(model, (tuwen_session_options){.image_tokens_min = 5, .image_tokens_max = 4},
                   "image tokens 5..4: allowed are 1..16384, the lesser first");
    expect_session(model, (tuwen_session_options){.image_tokens_min = -1, .image_tokens_max = 4},
                   "image tokens -1..4: allowed are 1..16384, the lesser first");
    expect_session(model, (tuwen_session_options){.image_tokens_max = 16385},
                   "image tokens 256..16385: allowed are 1..16384, the lesser first");
    expect_session(model, (tuwen_session_options){.max_length = -1}, "max length -1: allowed are 1 to 32768 tokens");
    expect_session(model, (tuwen_session_options){.max_length = 32769},
                   "max length 32769: allowed are 1 to 32768 tokens");
    tuwen_model *none = model;
    tuwen_error error = {0};
    assert_int_equal(tuwen_model_open(golden_path(checkpoint), &(tuwen_model_options){.threads = -1}, &none, &error),
                     TUWEN_INVALID_ARGUMENT);
    assert_null(none);
    assert_int_equal(tuwen_model_open(golden_path(checkpoint), &(tuwen_model_options){.isa = "mmx"}, &none, &error),
                     TUWEN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "mmx is not an instruction set of this machine, which has: scalar"));
    error.language = TUWEN_CHINESE;
    assert_int_equal(tuwen_model_open("/nowhere", NULL, &none, &error), TUWEN_NOT_FOUND);
    assert_string_equal(error.message, "/nowhere：没有这个模型文件夹");
    tuwen_model_close(model);
}

static void test_info(void **state)
{
    (void)state;
    tuwen_model *model = open_model(NULL);
    const tuwen_model_info *info = tuwen_model_get_info(model);
    assert_string_equal(info->name, "all-kv-heads");
    assert_string_equal(info->weight_dtype, "BF16");
    assert_int_equal(strlen(info->fingerprint), 16);
    assert_int_equal(info->dimension, tuwen_model_dimension(model));
    assert_true(info->parameters > info->vision_parameters && info->weight_bytes == 2 * info->parameters);
    assert_int_equal(info->image_tokens_min, 256);
    tuwen_model *again = open_model(NULL);
    assert_string_equal(info->fingerprint, tuwen_model_get_info(again)->fingerprint);
    tuwen_model_close(again);
    tuwen_model_close(model);
}

/* A bad picture, an input with nothing in it, and good ones around them. */
static void test_bad_inputs(void **state)
{
    (void)state;
    tuwen_model *model = open_model(NULL);
    tuwen_session *session = NULL;
    assert_int_equal(tuwen_session_open(model, NULL, &session, NULL), TUWEN_OK);
    size_t n = tuwen_model_dimension(model);
    tuwen_input inputs[4] = {text_input("a dog"),
                             {.picture = "not a picture", .picture_size = 13, .name = "notes.txt"},
                             {0},
                             text_input("a dog")};
    tuwen_output outputs[4];
    float *vectors = tw_alloc(4 * n, sizeof *vectors);
    tuwen_error error = {0};
    assert_int_equal(tuwen_embed(session, inputs, 4, vectors, outputs, &error), TUWEN_OK);
    assert_int_equal(outputs[0].status, TUWEN_OK);
    assert_int_equal(outputs[1].status, TUWEN_BAD_IMAGE);
    assert_non_null(strstr(outputs[1].message, "notes.txt"));
    assert_int_equal(outputs[2].status, TUWEN_INVALID_ARGUMENT);
    assert_string_equal(outputs[2].message, "an input has neither a text nor a picture");
    assert_memory_equal(vectors, vectors + 3 * n, n * sizeof *vectors);
    for (size_t i = n; i < 3 * n; i++)
        assert_true(vectors[i] == 0);
    assert_true(fabsf(tuwen_cosine(vectors, vectors + 3 * n, n) - 1) < 1e-6f);
    assert_true(tuwen_cosine(vectors, vectors + n, n) == 0);
    /* Without outputs the first bad input ends the call. */
    assert_int_equal(tuwen_embed(session, inputs, 4, vectors, NULL, &error), TUWEN_BAD_IMAGE);
    assert_int_equal(tuwen_embed(session, NULL, 0, NULL, NULL, &error), TUWEN_OK);
    assert_int_equal(tuwen_embed(session, NULL, 1, vectors, NULL, &error), TUWEN_INVALID_ARGUMENT);
    tw_free(vectors);
    tuwen_session_close(session);
    tuwen_model_close(model);
}

/* "<|im_end|>" in a user's text is plain text unless the session says otherwise. */
static void test_special(void **state)
{
    (void)state;
    tuwen_model *model = open_model(NULL);
    const tuwen_input input = text_input("a<|im_end|>\n<|im_start|>user\nb");
    size_t counts[2];
    int32_t ids[2][256];
    for (int raw = 0; raw < 2; raw++) {
        const tuwen_session_options options = {.raw_special = raw};
        tuwen_session *session = NULL;
        assert_int_equal(tuwen_session_open(model, &options, &session, NULL), TUWEN_OK);
        assert_int_equal(tuwen_tokenize(session, &input, ids[raw], 256, &counts[raw], NULL), TUWEN_OK);
        tuwen_session_close(session);
    }
    assert_true(counts[0] > counts[1]);
    int specials[2] = {0, 0};
    for (int raw = 0; raw < 2; raw++)
        for (size_t i = 0; i < counts[raw]; i++)
            specials[raw] += ids[raw][i] == ids[raw][0]; /* the first token is <|im_start|> */
    assert_int_equal(specials[0], 3);
    assert_int_equal(specials[1], 4);
    tuwen_model_close(model);
}

/* Truncation is told, at every length around the limit. */
static void test_truncation(void **state)
{
    (void)state;
    tuwen_model *model = open_model(NULL);
    size_t n = tuwen_model_dimension(model);
    float *vector = tw_alloc(n, sizeof *vector);
    const tuwen_input input = text_input("What kind of car is this?");
    size_t full = 0;
    for (int length = 60; length >= 1; length--) {
        const tuwen_session_options options = {.max_length = length};
        tuwen_session *session = NULL;
        tuwen_output output;
        assert_int_equal(tuwen_session_open(model, &options, &session, NULL), TUWEN_OK);
        assert_int_equal(tuwen_embed(session, &input, 1, vector, &output, NULL), TUWEN_OK);
        if (full == 0)
            full = (size_t)output.tokens;
        assert_int_equal(output.truncated, (size_t)length < full);
        assert_int_equal(output.tokens, (size_t)length < full ? (size_t)length : full);
        tuwen_session_close(session);
    }
    tw_free(vector);
    tuwen_model_close(model);
}

typedef struct {
    const tuwen_model *model;
    float *vectors; /* [rounds][dimension] */
    tuwen_status status;
} worker;

#define ROUNDS 5

static void *embed_rounds(void *user)
{
    worker *of = user;
    tuwen_session *session = NULL;
    of->status = tuwen_session_open(
        of->model, &(tuwen_session_options){.image_tokens_min = 4, .image_tokens_max = 16}, &session, NULL);
    size_t size = 0;
    char *picture = NULL;
    if (of->status == TUWEN_OK)
        of->status = tw_file_read(GOLDEN_DIR "/images/60x44.png", 1 << 20, &picture, &size, NULL);
    for (size_t i = 0; of->status == TUWEN_OK && i < ROUNDS; i++) {
        const tuwen_input input = {.picture = picture, .picture_size = size, .text = "a dog", .text_size = 5};
        of->status = tuwen_embed(session, &input, 1, of->vectors + i * tuwen_model_dimension(of->model), NULL, NULL);
    }
    tw_free(picture);
    tuwen_session_close(session);
    return NULL;
}

/* Two threads, one model, a session each: the same vectors. */
static void test_threads(void **state)
{
    (void)state;
    tuwen_model *model = open_model(&(tuwen_model_options){.threads = 1});
    size_t n = tuwen_model_dimension(model);
    worker workers[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        workers[i] = (worker){.model = model, .vectors = tw_alloc_zero(ROUNDS * n, sizeof(float))};
        assert_int_equal(pthread_create(&threads[i], NULL, embed_rounds, &workers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].status, TUWEN_OK);
    }
    assert_memory_equal(workers[0].vectors, workers[1].vectors, ROUNDS * n * sizeof(float));
    for (int i = 0; i < 2; i++)
        tw_free(workers[i].vectors);
    tuwen_model_close(model);
}

static void *cancel_soon(void *user)
{
    (void)usleep(100000);
    tuwen_session_cancel(user);
    return NULL;
}

/* A call that would take long ends soon after it is asked to. */
static void test_cancel(void **state)
{
    (void)state;
    tuwen_model *model = open_model(NULL);
    tuwen_session *session = NULL;
    assert_int_equal(tuwen_session_open(model, NULL, &session, NULL), TUWEN_OK);
    size_t n = tuwen_model_dimension(model);
    size_t count = 100000;
    tuwen_input *inputs = tw_alloc_zero(count, sizeof *inputs);
    float *vectors = tw_alloc(count * n, sizeof *vectors);
    for (size_t i = 0; i < count; i++)
        inputs[i] = text_input("a dog and a cat on a bench in the park, looking at the sea");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, session), 0);
    tuwen_error error = {0};
    assert_int_equal(tuwen_embed(session, inputs, count, vectors, NULL, &error), TUWEN_CANCELLED);
    assert_string_equal(error.message, "cancelled");
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(tuwen_embed(session, inputs, 1, vectors, NULL, &error), TUWEN_OK); /* the session still works */
    tw_free(vectors);
    tw_free(inputs);
    tuwen_session_close(session);
    tuwen_model_close(model);
}

/* ---- checkpoints with something wrong ------------------------------------------------------------------------ */

/* Copies the checkpoint into a new folder, but for `without`. */
static void copy_checkpoint(char folder[], const char *without)
{
    static const char *const names[] = {"config.json", "preprocessor_config.json", "tokenizer.json",
                                        "model.safetensors"};
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char relative[256];
        size_t size = 0;
        if (strcmp(names[i], without) == 0)
            continue;
        (void)snprintf(relative, sizeof relative, "%s/%s", checkpoint, names[i]);
        char *data = golden_file(relative, &size);
        char *path = tw_path_join(folder, names[i]);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, size, file), size);
        (void)fclose(file);
        tw_free(path);
        tw_free(data);
    }
}

static void remove_checkpoint(const char *folder)
{
    char command[256];
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

/* Replaces `old` in a file of the folder by `new`, of the same length. */
static void patch(const char *folder, const char *name, const char *old, const char *new)
{
    char *path = tw_path_join(folder, name);
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(tw_file_read(path, 1 << 26, &data, &size, NULL), TUWEN_OK);
    char *at = memmem(data, size, old, strlen(old));
    assert_non_null(at);
    memcpy(at, new, strlen(new));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    (void)fclose(file);
    tw_free(data);
    tw_free(path);
}

static void expect_open(const char *folder, tuwen_status wanted, const char *message)
{
    tuwen_model *model = NULL;
    tuwen_error error = {0};
    tuwen_status status = tuwen_model_open(folder, NULL, &model, &error);
    if (status != wanted || !strstr(error.message, message))
        fail_msg("%s: %s, not %s: %s", tuwen_status_name(status), error.message, tuwen_status_name(wanted), message);
    assert_null(model);
}

static void test_missing_files(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        tuwen_status status;
        const char *message;
    } files[] = {
        {"config.json", TUWEN_NOT_FOUND, "config.json: no such file"},
        {"model.safetensors", TUWEN_NOT_FOUND, "has neither model.safetensors nor"},
        {"tokenizer.json", TUWEN_NOT_FOUND, "vocab.json"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char folder[] = "/tmp/tuwen-test-XXXXXX";
        copy_checkpoint(folder, files[i].name);
        expect_open(folder, files[i].status, files[i].message);
        remove_checkpoint(folder);
    }
}

static void test_wrong_tensors(void **state)
{
    (void)state;
    static const struct {
        const char *file, *old, *new;
        tuwen_status status;
        const char *message;
    } changes[] = {
        {"model.safetensors", "model.norm.weight", "model.norm.weighs", TUWEN_BAD_MODEL,
         "tensor model.norm.weight: is in none of the weight files"},
        {"model.safetensors", "visual.merger.ln_q.bias", "visual.merger.ln_q.biaz", TUWEN_BAD_MODEL,
         "tensor visual.merger.ln_q.bias: is in none of the weight files"},
        {"model.safetensors", "\"dtype\":\"BF16\"", "\"dtype\": \"I16\"", TUWEN_UNSUPPORTED,
         "is of dtype I16; supported are F32, F16 and BF16"},
        {"config.json", "\"num_hidden_layers\": ", "\"num_hidden_layers\":9", TUWEN_BAD_MODEL,
         "is in none of the weight files"},
        {"config.json", "\"intermediate_size\": ", "\"intermediate_size\":9", TUWEN_BAD_MODEL,
         "the configuration needs"},
        {"config.json", "{", "[", TUWEN_BAD_MODEL, "config.json"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char folder[] = "/tmp/tuwen-test-XXXXXX";
        copy_checkpoint(folder, "");
        patch(folder, changes[i].file, changes[i].old, changes[i].new);
        expect_open(folder, changes[i].status, changes[i].message);
        remove_checkpoint(folder);
    }
}

/* NaN in the embedding table, which is read row by row: the vector is refused, not printed. */
static void test_not_finite(void **state)
{
    (void)state;
    char folder[] = "/tmp/tuwen-test-XXXXXX";
    copy_checkpoint(folder, "");
    tw_weights *weights = NULL;
    assert_int_equal(tw_weights_open(folder, &weights, NULL), TUWEN_OK);
    const tw_tensor *table = tw_weights_find(weights, "model.embed_tokens.weight");
    assert_non_null(table);
    char *path = tw_path_join(folder, "model.safetensors");
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(tw_file_read(path, 1 << 26, &data, &size, NULL), TUWEN_OK);
    unsigned char *at = memmem(data, size, table->data, table->bytes);
    assert_non_null(at);
    memset(at, 0xff, table->bytes);
    tw_weights_close(weights);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    (void)fclose(file);
    tuwen_model *model = NULL;
    tuwen_session *session = NULL;
    tuwen_output output;
    tuwen_error error = {0};
    float vector[256];
    const tuwen_input input = text_input("a dog");
    assert_int_equal(tuwen_model_open(folder, NULL, &model, NULL), TUWEN_OK);
    assert_true(tuwen_model_dimension(model) <= 256);
    assert_int_equal(tuwen_session_open(model, NULL, &session, NULL), TUWEN_OK);
    assert_int_equal(tuwen_embed(session, &input, 1, vector, &output, &error), TUWEN_OK);
    assert_int_equal(output.status, TUWEN_BAD_MODEL);
    assert_non_null(strstr(output.message, "the checkpoint gave a vector that is zero or not finite"));
    assert_true(vector[0] == 0);
    assert_int_equal(tuwen_embed(session, &input, 1, vector, NULL, &error), TUWEN_BAD_MODEL);
    tuwen_session_close(session);
    tuwen_model_close(model);
    tw_free(data);
    tw_free(path);
    remove_checkpoint(folder);
}

static void test_settings(void **state)
{
    (void)state;
    static const struct {
        const char *json, *message; /* NULL: good */
    } examples[] = {
        {"{}", NULL},
        {"{\"name\":\"demo\",\"image_tokens\":[16,36],\"max_length\":256,\"score\":{\"low\":0.1,\"high\":0.6},"
         "\"bands\":[{\"name\":\"very "
         "high\",\"min\":0.5},{\"name\":\"high\",\"min\":0.4},{\"name\":\"fair\",\"min\":0.3}]}",
         NULL},
        {"[]", "tuwen.json: is not a JSON object"},
        {"{\"image_tokens\":[0,4]}", "tuwen.json: image_tokens is not [least, most] from 1 to 16384"},
        {"{\"image_tokens\":[5]}", "tuwen.json: image_tokens is not [least, most] from 1 to 16384"},
        {"{\"max_length\":0}", "tuwen.json: max_length is not a whole number from 1 to 32768"},
        {"{\"score\":{\"low\":0.5,\"high\":0.5}}", "tuwen.json: score is not"},
        {"{\"score\":{\"low\":\"a\",\"high\":0.5}}", "tuwen.json: score is not"},
        {"{\"bands\":[]}", "tuwen.json: bands are not"},
        {"{\"bands\":[{\"name\":\"very "
         "high\",\"min\":0.3},{\"name\":\"high\",\"min\":0.4},{\"name\":\"fair\",\"min\":0.3}]}",
         "tuwen.json: bands are not"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char folder[] = "/tmp/tuwen-test-XXXXXX";
        copy_checkpoint(folder, "");
        char *path = tw_path_join(folder, "tuwen.json");
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_true(fputs(examples[i].json, file) >= 0);
        (void)fclose(file);
        tw_free(path);
        if (examples[i].message) {
            expect_open(folder, TUWEN_BAD_MODEL, examples[i].message);
        } else {
            tuwen_model *model = NULL;
            assert_int_equal(tuwen_model_open(folder, NULL, &model, NULL), TUWEN_OK);
            assert_int_equal(tuwen_model_get_info(model)->max_length, i == 1 ? 256 : 1800);
            tuwen_score score = tuwen_score_cosine(model, 0.45f);
            assert_int_equal(score.band, i == 1 ? TUWEN_BAND_HIGH : TUWEN_BAND_VERY_HIGH);
            assert_float_equal(score.score, i == 1 ? 0.7f : 0.875f, 1e-6f);
            tuwen_model_close(model);
        }
        remove_checkpoint(folder);
    }
}

/* GME's scale: what today's users see. */
static void test_scores(void **state)
{
    (void)state;
    static const struct {
        float cosine, score;
        tuwen_band band;
    } examples[] = {
        {-0.2f, 0, TUWEN_BAND_MISMATCH},
        {0.1f, 0, TUWEN_BAND_MISMATCH},
        {0.1999f, 0.24975f, TUWEN_BAND_MISMATCH},
        {0.2f, 0.25f, TUWEN_BAND_FAIR},
        {0.3f, 0.5f, TUWEN_BAND_HIGH},
        {0.3999f, 0.74975f, TUWEN_BAND_HIGH},
        {0.4f, 0.75f, TUWEN_BAND_VERY_HIGH},
        {0.5f, 1, TUWEN_BAND_VERY_HIGH},
        {0.9f, 1, TUWEN_BAND_VERY_HIGH},
    };
    tuwen_model *model = open_model(NULL);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        tuwen_score score = tuwen_score_cosine(model, examples[i].cosine);
        assert_float_equal(score.score, examples[i].score, 1e-5f);
        assert_int_equal(score.band, examples[i].band);
    }
    assert_string_equal(tuwen_band_name(TUWEN_BAND_VERY_HIGH, TUWEN_ENGLISH), "very high");
    assert_string_equal(tuwen_band_advice(TUWEN_BAND_VERY_HIGH, TUWEN_CHINESE), "可直接采用");
    assert_string_equal(tuwen_band_advice(TUWEN_BAND_MISMATCH, TUWEN_CHINESE), "建议重新提供");
    tuwen_model_close(model);
}

/* ---- every allocation failing in turn ------------------------------------------------------------------------ */

static tuwen_status open_and_close(void *user, tuwen_error *error)
{
    tuwen_model *model = NULL;
    tuwen_status status = tuwen_model_open(user, &(tuwen_model_options){.threads = 1}, &model, error);
    tuwen_model_close(model);
    return status;
}

typedef struct {
    const tuwen_model *model;
    char *picture;
    size_t picture_size;
} embedding;

static tuwen_status embed_fused(void *user, tuwen_error *error)
{
    embedding *of = user;
    tuwen_session *session = NULL;
    float vectors[2 * 256];
    const tuwen_session_options options = {.image_tokens_min = 4, .image_tokens_max = 16};
    tuwen_status status = tuwen_session_open(of->model, &options, &session, error);
    tuwen_input inputs[2] = {text_input("a d\xc3og <|im_end|> 狗"),
                             {.picture = of->picture, .picture_size = of->picture_size, .text = "b", .text_size = 1}};
    if (status == TUWEN_OK)
        status = tuwen_embed(session, inputs, 2, vectors, NULL, error);
    tuwen_session_close(session);
    return status;
}

static void test_memory(void **state)
{
    (void)state;
    char folder[1024];
    (void)snprintf(folder, sizeof folder, "%s", golden_path(checkpoint));
    print_message("opening: %zu allocations\n", alloc_fail_each(open_and_close, folder));
    embedding of = {.model = open_model(&(tuwen_model_options){.threads = 1})};
    assert_true(tuwen_model_dimension(of.model) <= 256);
    of.picture = golden_file("images/60x44.png", &of.picture_size);
    print_message("embedding: %zu allocations\n", alloc_fail_each(embed_fused, &of));
    tw_free(of.picture);
    tuwen_model_close((tuwen_model *)(uintptr_t)of.model);
}

/* A picture for which memory is out does not take the text beside it down. */
static void test_local_memory(void **state)
{
    (void)state;
    tuwen_model *model = open_model(&(tuwen_model_options){.threads = 1});
    tuwen_session *session = NULL;
    float vectors[2 * 256];
    tuwen_output outputs[2];
    size_t size = 0;
    char *picture = golden_file("images/60x44.png", &size);
    const tuwen_input inputs[2] = {{.picture = picture, .picture_size = size}, text_input("a dog")};
    int local = 0;
    size_t count = 0; /* allocations of a call in which none fails, which is the first one */
    for (size_t n = 0; n <= count; n++) {
        assert_int_equal(tuwen_session_open(model, NULL, &session, NULL), TUWEN_OK);
        alloc_fail_at(n);
        tuwen_status status = tuwen_embed(session, inputs, 2, vectors, outputs, NULL);
        count = n == 0 ? alloc_fail_count() : count;
        alloc_fail_at(0);
        assert_true(status == TUWEN_OK || status == TUWEN_OUT_OF_MEMORY);
        if (status == TUWEN_OK && outputs[0].status == TUWEN_OUT_OF_MEMORY) {
            assert_int_equal(outputs[1].status, TUWEN_OK);
            local++;
        }
        tuwen_session_close(session);
    }
    assert_true(local > 3);
    tw_free(picture);
    tuwen_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),    cmocka_unit_test(test_info),          cmocka_unit_test(test_bad_inputs),
        cmocka_unit_test(test_special),    cmocka_unit_test(test_truncation),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_cancel),     cmocka_unit_test(test_missing_files), cmocka_unit_test(test_wrong_tensors),
        cmocka_unit_test(test_settings),   cmocka_unit_test(test_scores),        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_not_finite), cmocka_unit_test(test_local_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
