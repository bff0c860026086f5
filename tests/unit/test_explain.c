/* SPDX-License-Identifier: Apache-2.0 */
/* Explaining a match: the rules of phrases, what covering does to a picture, budgets, the drawing, and failures. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alloc_fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/occlude.h"
#include "engine/phrases.h"
#include "golden.h"
#include "testing.h"
#include "tuwen/explain.h"

/* ---- phrases ------------------------------------------------------------------------------------------------------ */

/* The phrases of a text with bars between them. */
static void expect_phrases(const char *text, const char *wanted)
{
    tuwen_phrase phrases[TUWEN_PHRASES];
    size_t count = tuwen_split_phrases(text, strlen(text), phrases, TUWEN_PHRASES);
    char got[1024] = "";
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(got);
        (void)snprintf(got + length, sizeof got - length, "%s%.*s", i ? "|" : "", (int)phrases[i].size,
                       text + phrases[i].begin);
    }
    assert_string_equal(got, wanted);
}

static void test_english_phrases(void **state)
{
    (void)state;
    expect_phrases("a girl on a bench", "a girl|on a bench");
    expect_phrases("A dog, without a cat.", "A dog|without a cat");
    expect_phrases("two red T-shirts, don't wash", "two|red|T-shirts|don't wash");
    expect_phrases("a dog to look at", "a dog|to look at");
    expect_phrases("what is it?", "what is it");
    expect_phrases("a 2.5 kg bag, 10,000 mAh", "a 2.5|kg|bag|10,000|mAh");
    expect_phrases("the isn\u2019t\u00a0good", "the isn\u2019t\u00a0good");
    expect_phrases("100% cotton, 5\uff05 off", "100%|cotton|5\uff05|off");
    expect_phrases("  ,. !", "");
    expect_phrases("", "");
    expect_phrases("caf\u00e9 au lait", "caf\u00e9|au|lait");
    expect_phrases("bad \xff\xfe bytes", "bad|\xff\xfe|bytes");
}

static void test_chinese_phrases(void **state)
{
    (void)state;
    expect_phrases("一只红色的狗在草地上奔跑", "一只|红色的|狗|在草地上|奔跑");
    expect_phrases("坐在长椅上的女孩", "坐|在长椅上的|女孩");
    expect_phrases("树和房子", "树|和房子");
    expect_phrases("3只猫和两条狗，没有人", "3只|猫|和两条|狗|没有人");
    expect_phrases("红色连衣裙", "红色|连衣裙");
    expect_phrases("透明防摔手机壳", "透明防摔|手机壳");
    expect_phrases("秋季新款女装 S码", "秋季新款|女装|S|码");
    expect_phrases("Nike鞋42码", "Nike|鞋|42码");
    expect_phrases("女士高跟鞋摆在地上", "女士|高跟鞋|摆|在地上");
    expect_phrases("黑色女士高跟鞋", "黑色|女士|高跟鞋");
    expect_phrases("男士牛仔裤宽松", "男士|牛仔裤|宽松");
    expect_phrases("路口红绿灯亮了", "路口|红绿灯|亮了");
    expect_phrases("儿童防滑鞋带", "儿童防滑|鞋带");
    expect_phrases("100%棉衬衫", "100%棉衬衫");
    expect_phrases("的", "的");
}

/* Phrases are in order, apart, whole characters, and never more than there is room for, whatever the text. */
static void test_many_phrases(void **state)
{
    (void)state;
    static const char *const words[] = {"dog ", "一只", "的", ", ", "the ", "\xe4\xb8", "红色", "42", "在"};
    char text[4096];
    uint32_t random = 1;
    for (int round = 0; round < 2000; round++) {
        size_t size = 0;
        for (int i = 0; i < round % 400; i++) {
            random = random * 1664525u + 1013904223u;
            const char *word = words[(random >> 16) % (sizeof words / sizeof *words)];
            memcpy(text + size, word, strlen(word));
            size += strlen(word);
        }
        tuwen_phrase phrases[TUWEN_PHRASES];
        size_t count = tuwen_split_phrases(text, size, phrases, TUWEN_PHRASES), end = 0;
        assert_true(count <= TUWEN_PHRASES);
        assert_int_equal(tuwen_split_phrases(text, size, NULL, 0), count);
        for (size_t i = 0; i < count; i++) {
            assert_true(phrases[i].size > 0 && phrases[i].begin >= end);
            end = phrases[i].begin + phrases[i].size;
            assert_true(end <= size);
            char without[4096];
            assert_true(tw_text_without(text, size, &phrases[i], without) <= size - phrases[i].size + 1);
        }
    }
}

static void expect_without(const char *text, size_t index, const char *wanted)
{
    tuwen_phrase phrases[TUWEN_PHRASES];
    char got[256];
    assert_true(tuwen_split_phrases(text, strlen(text), phrases, TUWEN_PHRASES) > index);
    got[tw_text_without(text, strlen(text), &phrases[index], got)] = '\0';
    assert_string_equal(got, wanted);
}

static void test_without(void **state)
{
    (void)state;
    expect_without("a girl on a bench", 0, "on a bench");
    expect_without("a girl on a bench", 1, "a girl");
    expect_without("a dog, a cat, a bird", 0, "a cat, a bird");
    expect_without("a dog, a cat, a bird", 1, "a dog, a bird");
    expect_without("a dog, a cat, a bird.", 2, "a dog, a cat,.");
    expect_without("a big dog.", 1, "a big.");
    expect_without("一只红色的狗", 1, "一只狗");
    expect_without("猫，狗，鸟", 1, "猫，鸟");
    expect_without("dog", 0, "");
}

/* ---- pictures ----------------------------------------------------------------------------------------------------- */

struct bench {
    tuwen_model *model;
    tuwen_session *session;
    tuwen_input picture, text;
    size_t dimension;
};

static void open_bench(struct bench *bench)
{
    const tuwen_session_options options = {.image_tokens_min = 4, .image_tokens_max = 48};
    size_t size = 0;
    assert_int_equal(tuwen_model_open(golden_path("tiny"), NULL, &bench->model, NULL), TUWEN_OK);
    assert_int_equal(tuwen_session_open(bench->model, &options, &bench->session, NULL), TUWEN_OK);
    bench->dimension = tuwen_model_dimension(bench->model);
    char *bytes = golden_file("images/150x100.png", &size);
    bench->picture = (tuwen_input){.picture = bytes, .picture_size = size, .name = "150x100.png"};
    bench->text = (tuwen_input){.text = "a red dog", .text_size = 9};
}

static void close_bench(struct bench *bench)
{
    tw_free((void *)bench->picture.picture);
    tuwen_session_close(bench->session);
    tuwen_model_close(bench->model);
}

/* With nothing covered, the vector is the picture's own; a part covered changes it. */
static void test_cover_nothing(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    size_t n = bench.dimension;
    tw_occlusion occlusion;
    assert_int_equal(tw_occlusion_open(tw_session_preparer(bench.session), &bench.picture, &occlusion, NULL),
                     TUWEN_OK);
    size_t cells = (size_t)occlusion.rows * (size_t)occlusion.columns;
    assert_true(cells > 4);
    uint8_t *masks = tw_alloc_zero(3, cells);
    float *vectors = tw_alloc(4 * n, sizeof *vectors);
    masks[cells + 1] = 1; /* of the second copy */
    occlusion.masks = masks;
    assert_int_equal(tw_session_embed_occluded(bench.session, &occlusion, 3, vectors, NULL), TUWEN_OK);
    assert_int_equal(tuwen_embed(bench.session, &bench.picture, 1, vectors + 3 * n, NULL, NULL), TUWEN_OK);
    assert_memory_equal(vectors, vectors + 3 * n, n * sizeof *vectors);
    assert_memory_equal(vectors + 2 * n, vectors + 3 * n, n * sizeof *vectors);
    assert_true(memcmp(vectors + n, vectors, n * sizeof *vectors) != 0);
    tw_free(masks);
    tw_free(vectors);
    tw_occlusion_free(&occlusion);
    close_bench(&bench);
}

/* The byte that is normalised to `value`, or -1. */
static int byte_of(const tw_patch_config *config, int channel, float value)
{
    for (int byte = 0; byte < 256; byte++)
        if (((float)(byte * (1.0 / 255)) - config->mean[channel]) / config->std[channel] == value)
            return byte;
    return -1;
}

/* A picture that is covered wholly is the plain picture of its mean colour. */
static void test_cover_all(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    size_t n = bench.dimension;
    const tw_preparer *preparer = tw_session_preparer(bench.session);
    tw_occlusion occlusion;
    assert_int_equal(tw_occlusion_open(preparer, &bench.picture, &occlusion, NULL), TUWEN_OK);
    size_t cells = (size_t)occlusion.rows * (size_t)occlusion.columns;
    uint8_t *mask = tw_alloc(cells, 1);
    memset(mask, 1, cells);
    occlusion.masks = mask;
    tw_picture plain = {.width = 150, .height = 100, .rgb = tw_alloc(150 * 100, 3)};
    size_t plane = (size_t)occlusion.base.patches.length / 3;
    for (int i = 0; i < 150 * 100 * 3; i++) {
        int byte = byte_of(&preparer->patch_config, i % 3, occlusion.cover[(size_t)(i % 3) * plane]);
        assert_true(byte > 0 && byte < 255);
        plain.rgb[i] = (uint8_t)byte;
    }
    tw_bytes png = {0};
    assert_int_equal(tw_picture_to_png(&plain, "test", &png, NULL), TUWEN_OK);
    const tuwen_input input = {.picture = png.data, .picture_size = png.length};
    float *vectors = tw_alloc(2 * n, sizeof *vectors);
    assert_int_equal(tw_session_embed_occluded(bench.session, &occlusion, 1, vectors, NULL), TUWEN_OK);
    assert_int_equal(tuwen_embed(bench.session, &input, 1, vectors + n, NULL, NULL), TUWEN_OK);
    assert_memory_equal(vectors, vectors + n, n * sizeof *vectors);
    tw_bytes_free(&png);
    tw_picture_free(&plain);
    tw_free(mask);
    tw_free(vectors);
    tw_occlusion_free(&occlusion);
    close_bench(&bench);
}

/* ---- explanations ------------------------------------------------------------------------------------------------- */

static tuwen_explanation *explain(const struct bench *bench, int budget)
{
    tuwen_explanation *found = NULL;
    tuwen_error error = {0};
    const tuwen_explain_options options = {.budget = budget};
    if (tuwen_explain(bench->session, &bench->picture, &bench->text, &options, &found, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return found;
}

/* Vectors, cosines and effects are those of tuwen_embed. */
static void test_effects(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    size_t n = bench.dimension;
    tuwen_explanation *found = explain(&bench, -1);
    tuwen_input inputs[] = {
        bench.picture, bench.text, {.text = "red dog", .text_size = 7}, {.text = "a", .text_size = 1}};
    float *vectors = tw_alloc(3 * n, sizeof *vectors);
    inputs[2] = (tuwen_input){.text = "dog", .text_size = 3};
    assert_int_equal(tuwen_embed(bench.session, inputs, 3, vectors, NULL, NULL), TUWEN_OK);
    assert_memory_equal(found->picture_vector, vectors, n * sizeof *vectors);
    assert_memory_equal(found->text_vector, vectors + n, n * sizeof *vectors);
    assert_true(found->cosine == tuwen_cosine(vectors, vectors + n, n));
    assert_int_equal(found->phrase_count, 2); /* "a red", "dog" */
    assert_true(found->phrases[0].without == tuwen_cosine(vectors, vectors + 2 * n, n));
    assert_true(found->phrases[0].effect == found->cosine - found->phrases[0].without);
    assert_null(found->cells);
    assert_int_equal(found->passes, 0);
    assert_int_equal(found->picture_width, 150);
    assert_int_equal(found->picture_height, 100);
    tw_free(vectors);
    tuwen_explanation_free(found);
    close_bench(&bench);
}

/* Whatever the budget, it is kept, and every cell lies in a block; enough of it comes down to single cells. */
static void test_budgets(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    static const int budgets[] = {1, 2, 3, 5, 7, 16, 17, 20, 48, 0, 1000};
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        tuwen_explanation *found = explain(&bench, budgets[i]);
        int largest = 0;
        double blocks = 0;
        assert_true(found->passes >= 1 && found->passes <= (budgets[i] ? budgets[i] : 48));
        for (int cell = 0; cell < found->rows * found->columns; cell++) {
            assert_true(found->block_cells[cell] >= 1 && isfinite(found->cells[cell]));
            blocks += 1.0 / found->block_cells[cell];
            largest = found->block_cells[cell] > largest ? found->block_cells[cell] : largest;
        }
        assert_true(fabs(blocks - round(blocks)) < 1e-9 && (int)round(blocks) <= found->passes);
        assert_int_equal(found->image_tokens, found->rows * found->columns * (1 + found->passes));
        assert_true(found->tokens > found->image_tokens + (size_t)found->passes);
        if (budgets[i] == 1)
            assert_int_equal(largest, found->rows * found->columns);
        if (budgets[i] == 1000)
            assert_int_equal(largest, 1);
        tuwen_explanation *again = explain(&bench, budgets[i]);
        assert_memory_equal(found->cells, again->cells,
                            (size_t)(found->rows * found->columns) * sizeof *found->cells);
        tuwen_explanation_free(again);
        tuwen_explanation_free(found);
    }
    close_bench(&bench);
}

/* The drawing is a PNG of the right size and mark, orange and blue where effects are, grey where none is. */
static void test_drawing(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    tuwen_explanation *found = explain(&bench, 0);
    const void *png;
    size_t size;
    tw_picture picture;
    const tw_image_limits limits = {.bytes = 1 << 24, .pixels = 1 << 24, .seconds = 10};
    assert_int_equal(tuwen_explanation_draw(bench.session, found, &bench.picture, 0, 0, &png, &size, NULL), TUWEN_OK);
    assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
    assert_non_null(memmem(png, 128, "Software\0tuwen explain", 22));
    assert_int_equal(tw_picture_decode(png, size, "map", &limits, true, &picture, NULL), TUWEN_OK);
    assert_int_equal(picture.width, 150);
    assert_int_equal(picture.height, 100);
    for (int row = 0; row < found->rows; row++)
        for (int column = 0; column < found->columns; column++) {
            float value = found->cells[row * found->columns + column];
            const uint8_t *pixel = picture.rgb + 3 * ((row * 2 + 1) * 100 / (2 * found->rows) * 150 +
                                                      (column * 2 + 1) * 150 / (2 * found->columns));
            assert_true(value > 0 ? pixel[0] >= pixel[2] : pixel[0] <= pixel[2]);
        }
    tw_picture_free(&picture);
    assert_int_equal(tuwen_explanation_draw(bench.session, found, &bench.picture, 30, 0, &png, &size, NULL),
                     TUWEN_OK);
    assert_int_equal(tw_picture_decode(png, size, "map", &limits, true, &picture, NULL), TUWEN_OK);
    assert_int_equal(picture.width, 30);
    assert_int_equal(picture.height, 20);
    tw_picture_free(&picture);
    tuwen_error error = {0};
    tuwen_input other = bench.picture;
    size_t other_size = 0;
    char *bytes = golden_file("images/60x44.png", &other_size);
    other.picture = bytes;
    other.picture_size = other_size;
    assert_int_equal(tuwen_explanation_draw(bench.session, found, &other, 0, 0, &png, &size, &error),
                     TUWEN_INVALID_ARGUMENT);
    assert_string_equal(error.message, "the explanation is of a picture of 150x100 pixels, not 60x44");
    tw_free(bytes);
    tuwen_explanation_free(found);
    found = explain(&bench, -1);
    assert_int_equal(tuwen_explanation_draw(bench.session, found, &bench.picture, 0, 0, &png, &size, NULL),
                     TUWEN_INVALID_ARGUMENT);
    tuwen_explanation_free(found);
    close_bench(&bench);
}

/* ---- the pointing game --------------------------------------------------------------------------------------------- */

#define DEMO GOLDEN_DIR "/../../models/demo"
#define SIDE 320 /* pixels of a drawing in a picture of 640x480 */

static const struct {
    const char *file, *text;
} drawings[] = {{"dog.jpg", "a dog"},
                {"pizza.jpg", "a pizza"},
                {"red-apple.gif", "a red apple"},
                {"coffee.tiff", "a hot cup of coffee"},
                {"traffic-light.png", "a traffic light"}};
enum { DRAWINGS = sizeof drawings / sizeof *drawings };

static tw_picture load_drawing(size_t index)
{
    char path[512];
    char *bytes = NULL;
    size_t size = 0;
    tw_picture whole, small;
    const tw_image_limits limits = {.bytes = 1 << 24, .pixels = 1 << 24, .seconds = 10};
    (void)snprintf(path, sizeof path, DEMO "/pictures/%s", drawings[index].file);
    assert_int_equal(tw_file_read(path, 1 << 24, &bytes, &size, NULL), TUWEN_OK);
    assert_int_equal(tw_picture_decode(bytes, size, path, &limits, true, &whole, NULL), TUWEN_OK);
    assert_int_equal(tw_picture_resize(&whole, SIDE, SIDE, &small, NULL), TUWEN_OK);
    tw_picture_free(&whole);
    tw_free(bytes);
    return small;
}

/* Both side by side on white, as a PNG file. */
static tw_bytes put_together(const tw_picture halves[2])
{
    tw_picture both = {.width = 640, .height = 480, .rgb = tw_alloc(640 * 480, 3)};
    tw_bytes png = {0};
    memset(both.rgb, 255, 640 * 480 * 3);
    for (size_t half = 0; half < 2; half++)
        for (size_t y = 0; y < SIDE; y++)
            memcpy(both.rgb + ((y + 80) * 640 + half * 320) * 3, halves[half].rgb + y * SIDE * 3, SIDE * 3);
    assert_int_equal(tw_picture_to_png(&both, "test", &png, NULL), TUWEN_OK);
    tw_picture_free(&both);
    return png;
}

/* Whether the strongest cell lies in the half that the text is about. */
static bool points(const struct bench *bench, size_t half)
{
    tuwen_explanation *found = explain(bench, 0);
    int best = 0;
    assert_int_equal(found->columns, 4);
    for (int i = 0; i < found->rows * found->columns; i++)
        best = found->cells[i] > found->cells[best] ? i : best;
    bool right = best % found->columns >= 2;
    tuwen_explanation_free(found);
    return right == (half == 1);
}

/* Two drawings side by side and the text of one: the map finds its half far more often than by chance, which gives 10 of
 * 20. The checkpoint does not see every drawing in such company; tools/demo/explain.py plays with many more. */
static void test_pointing(void **state)
{
    (void)state;
    struct bench bench = {0};
    int hits = 0, games = 0;
    assert_int_equal(tuwen_model_open(DEMO, NULL, &bench.model, NULL), TUWEN_OK);
    assert_int_equal(tuwen_session_open(bench.model, NULL, &bench.session, NULL), TUWEN_OK);
    tw_picture pictures[DRAWINGS];
    for (size_t i = 0; i < DRAWINGS; i++)
        pictures[i] = load_drawing(i);
    for (size_t a = 0; a < DRAWINGS; a++)
        for (size_t b = a + 1; b < DRAWINGS; b++) {
            const size_t pair[2] = {(a + b) % 2 ? a : b, (a + b) % 2 ? b : a};
            tw_bytes png = put_together((const tw_picture[2]){pictures[pair[0]], pictures[pair[1]]});
            bench.picture = (tuwen_input){.picture = png.data, .picture_size = png.length};
            for (size_t half = 0; half < 2; half++, games++) {
                const char *text = drawings[pair[half]].text;
                bench.text = (tuwen_input){.text = text,
                                           .text_size = strlen(text),
                                           .instruction = TUWEN_MATCH_INSTRUCTION,
                                           .instruction_size = strlen(TUWEN_MATCH_INSTRUCTION)};
                hits += points(&bench, half);
            }
            tw_bytes_free(&png);
        }
    for (size_t i = 0; i < DRAWINGS; i++)
        tw_picture_free(&pictures[i]);
    tuwen_session_close(bench.session);
    tuwen_model_close(bench.model);
    assert_int_equal(games, 20);
    if (hits < 16)
        fail_msg("%d of %d", hits, games);
    print_message("%d of %d\n", hits, games);
}

/* ---- failures ------------------------------------------------------------------------------------------------------ */

static void test_wrong(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    tuwen_explanation *found = NULL;
    tuwen_error error = {0};
    assert_int_equal(tuwen_explain(bench.session, &bench.text, &bench.picture, NULL, &found, &error),
                     TUWEN_INVALID_ARGUMENT);
    assert_string_equal(error.message, "what is explained is one picture and one text");
    assert_int_equal(tuwen_explain(bench.session, &bench.picture, &bench.text,
                                   &(tuwen_explain_options){.budget = 10001}, &found, &error),
                     TUWEN_INVALID_ARGUMENT);
    const tuwen_input broken = {.picture = "no picture", .picture_size = 10, .name = "notes.txt"};
    assert_int_equal(tuwen_explain(bench.session, &broken, &bench.text, NULL, &found, &error), TUWEN_BAD_IMAGE);
    assert_non_null(strstr(error.message, "notes.txt"));
    assert_null(found);
    tuwen_explanation_free(NULL);
    close_bench(&bench);
}

static bool stop_after(void *user, uint64_t done, uint64_t total)
{
    assert_true(done <= total);
    return done < *(uint64_t *)user;
}

static void test_stopping(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    tuwen_explanation *found = NULL;
    for (uint64_t most = 0; most < 24; most += 8) {
        const tuwen_explain_options options = {.progress = stop_after, .progress_user = &most};
        assert_int_equal(tuwen_explain(bench.session, &bench.picture, &bench.text, &options, &found, NULL),
                         TUWEN_CANCELLED);
        assert_null(found);
    }
    tuwen_session_cancel(bench.session);
    assert_int_equal(tuwen_explain(bench.session, &bench.picture, &bench.text, NULL, &found, NULL), TUWEN_CANCELLED);
    tuwen_explanation_free(explain(&bench, 4)); /* the session still works */
    close_bench(&bench);
}

static tuwen_status explain_once(void *user, tuwen_error *error)
{
    const struct bench *bench = user;
    tuwen_explanation *found = NULL;
    const void *png;
    size_t size;
    tuwen_session *session = NULL;
    const tuwen_session_options session_options = {.image_tokens_min = 4, .image_tokens_max = 8};
    tuwen_status status = tuwen_session_open(bench->model, &session_options, &session, error);
    if (status == TUWEN_OK)
        status = tuwen_explain(session, &bench->picture, &bench->text, &(tuwen_explain_options){.budget = 3}, &found,
                               error);
    if (status == TUWEN_OK)
        status = tuwen_explanation_draw(session, found, &bench->picture, 64, 0, &png, &size, error);
    tuwen_explanation_free(found);
    tuwen_session_close(session);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    struct bench bench;
    open_bench(&bench);
    assert_true(alloc_fail_each(explain_once, &bench) > 20);
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_english_phrases), cmocka_unit_test(test_chinese_phrases),
        cmocka_unit_test(test_many_phrases),    cmocka_unit_test(test_without),
        cmocka_unit_test(test_cover_nothing),   cmocka_unit_test(test_cover_all),
        cmocka_unit_test(test_effects),         cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_drawing),         cmocka_unit_test(test_pointing),
        cmocka_unit_test(test_wrong),           cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
