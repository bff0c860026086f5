/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: fitted on made-up vectors whose truth is known, written, read again, applied, refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "base/memory.h"
#include "engine/draws.h"
#include "engine/profile.h"
#include "testing.h"

enum { DIMENSION = 24, MOST = 400 };

/* Pictures and texts of a made-up world: a text matches the picture of its own number, and its vector lies near it, and
 * some pictures and texts are near to everything, which is what contrast finds out. */
typedef struct world {
    float pictures[MOST][DIMENSION], texts[MOST][DIMENSION];
    tuwen_language languages[MOST];
    tuwen_label labels[3 * MOST];
    tuwen_label_set set;
} world;

static double draw_unit(tw_draws *draws)
{
    return (double)(tw_draw(draws) >> 11) / 9007199254740992.0;
}

static double draw_normal(tw_draws *draws)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += draw_unit(draws);
    return sum;
}

static void make_unit(float *vector)
{
    double squares = 0;
    for (int i = 0; i < DIMENSION; i++)
        squares += (double)vector[i] * (double)vector[i];
    for (int i = 0; i < DIMENSION; i++)
        vector[i] = (float)((double)vector[i] / sqrt(squares));
}

static void make_world(world *of, size_t count, uint64_t seed)
{
    tw_draws draws = {seed};
    for (size_t n = 0; n < count; n++) {
        float hub = (float)(1.5 * draw_unit(&draws)), text_hub = (float)(1.5 * draw_unit(&draws));
        for (int i = 0; i < DIMENSION; i++) {
            float own = (float)draw_normal(&draws);
            of->pictures[n][i] = own + (i == 0 ? 4 * hub : 0) + (float)draw_normal(&draws);
            of->texts[n][i] = own + (i == 0 ? 4 * text_hub : 0) + (float)draw_normal(&draws);
        }
        make_unit(of->pictures[n]);
        make_unit(of->texts[n]);
        of->languages[n] = n % 2 ? TUWEN_CHINESE : TUWEN_ENGLISH;
    }
    for (uint32_t n = 0; n < count; n++) {
        of->labels[3 * n] = (tuwen_label){n, n, true};
        of->labels[3 * n + 1] =
            (tuwen_label){n, (uint32_t)((n + 1 + tw_draw_below(&draws, (uint32_t)count - 1)) % count), false};
        of->labels[3 * n + 2] =
            (tuwen_label){n, (uint32_t)((n + 1 + tw_draw_below(&draws, (uint32_t)count - 1)) % count), false};
    }
    of->set = (tuwen_label_set){.pictures = {&of->pictures[0][0], count, DIMENSION},
                                .texts = {&of->texts[0][0], count, DIMENSION},
                                .languages = of->languages,
                                .labels = of->labels,
                                .count = 3 * count};
}

static const tuwen_calibrate_options standard = {
    .name = "test", .model = "none", .space = "0123456789abcdef", .instruction = "Find.", .seed = 1, .score_high = 1};

static float match_of(const tuwen_profile *profile, const world *of, size_t picture, size_t text)
{
    double cosine = 0;
    for (int i = 0; i < DIMENSION; i++)
        cosine += (double)of->pictures[picture][i] * (double)of->texts[text][i];
    const tuwen_profile_pair pair = {.cosine = (float)cosine,
                                     .picture_level = tuwen_profile_picture_level(profile, of->pictures[picture]),
                                     .text_level = tuwen_profile_text_level(profile, of->texts[text]),
                                     .language = of->languages[text]};
    return tuwen_profile_match(profile, &pair);
}

/* Log loss and calibration error on a world of other pictures and texts. */
static double judge(const tuwen_profile *profile, const world *of, double *calibration_error)
{
    tuwen_observation *made = calloc(of->set.count, sizeof *made);
    assert_non_null(made);
    for (size_t i = 0; i < of->set.count; i++)
        made[i] =
            (tuwen_observation){.value = (double)match_of(profile, of, of->labels[i].picture, of->labels[i].text),
                                .weight = 1,
                                .match = of->labels[i].match};
    tuwen_observations_sort(made, of->set.count);
    *calibration_error = tuwen_calibration_error(made, of->set.count, TUWEN_BINS_EQUAL_MASS, 10);
    double loss = tuwen_log_loss(made, of->set.count);
    free(made);
    return loss;
}

static double loss_of(const tuwen_calibration *calibration, tuwen_estimate estimate)
{
    size_t count = 0;
    const tuwen_observation *sorted = tuwen_calibration_observations(calibration, estimate, &count);
    return sorted ? tuwen_log_loss(sorted, count) : (double)NAN;
}

static void test_contrast(void **state)
{
    (void)state;
    static world own, other;
    tuwen_calibration *calibration = NULL;
    make_world(&own, MOST, 11);
    make_world(&other, MOST, 12);
    assert_int_equal(tuwen_calibrate(&own.set, &standard, &calibration, NULL), TUWEN_OK);
    const tuwen_profile *profile = tuwen_calibration_profile(calibration);
    const tuwen_profile_info *info = tuwen_profile_get_info(profile);
    assert_int_equal(tuwen_calibration_chosen(calibration), TUWEN_ESTIMATE_CONTRAST);
    assert_true(info->contrast && info->by_language && !info->isotonic);
    assert_int_equal(info->yes, MOST);
    assert_int_equal(info->no, 2 * MOST);
    assert_true(info->temperature > 0);
    double contrast = loss_of(calibration, TUWEN_ESTIMATE_CONTRAST);
    assert_true(contrast < loss_of(calibration, TUWEN_ESTIMATE_LOGISTIC));
    assert_true(contrast < loss_of(calibration, TUWEN_ESTIMATE_PLATT));
    assert_true(contrast < loss_of(calibration, TUWEN_ESTIMATE_SCORE));
    assert_true(isnan(loss_of(calibration, TUWEN_ESTIMATE_ISOTONIC))); /* 400 labels yes are too few */
    double error_there;
    double there = judge(profile, &other, &error_there); /* what is said out of fold holds elsewhere */
    assert_true(fabs(there - contrast) < 0.03);
    assert_true(error_there < 0.04);
    tuwen_calibration_close(calibration);
}

static void test_methods(void **state)
{
    (void)state;
    static world own;
    tuwen_calibration *calibration = NULL;
    tuwen_calibrate_options options = standard;
    make_world(&own, MOST, 13);
    options.method = TUWEN_METHOD_ISOTONIC;
    assert_int_equal(tuwen_calibrate(&own.set, &options, &calibration, NULL), TUWEN_OK);
    const tuwen_profile *profile = tuwen_calibration_profile(calibration);
    assert_true(tuwen_profile_get_info(profile)->isotonic);
    assert_int_equal(tuwen_calibration_chosen(calibration), TUWEN_ESTIMATE_ISOTONIC);
    tuwen_calibration_close(calibration);
    make_world(&own, 30, 14); /* too few for languages apart */
    assert_int_equal(tuwen_calibrate(&own.set, &standard, &calibration, NULL), TUWEN_OK);
    assert_false(tuwen_profile_get_info(tuwen_calibration_profile(calibration))->by_language);
    tuwen_calibration_close(calibration);
    for (uint32_t i = 0; i < own.set.count; i++) /* one picture: folds of texts, and no background */
        own.labels[i].picture = 0;
    assert_int_equal(tuwen_calibrate(&own.set, &standard, &calibration, NULL), TUWEN_OK);
    assert_false(tuwen_profile_get_info(tuwen_calibration_profile(calibration))->contrast);
    tuwen_calibration_close(calibration);
}

/* A file of our own, below a folder for such. */
static char scratch[64];

static void make_scratch(void)
{
    (void)snprintf(scratch, sizeof scratch, "/tmp/tuwen-test-profile-XXXXXX");
    int descriptor = mkstemp(scratch);
    assert_true(descriptor >= 0);
    close(descriptor);
}

/* The same labels and seed give the same file, byte for byte, and reading it gives the same probabilities. */
static void test_file(void **state)
{
    (void)state;
    static world own;
    tuwen_calibration *calibration[2] = {NULL, NULL};
    tuwen_calibrate_options options = standard;
    char text[2][1 << 16];
    size_t sizes[2];
    make_scratch();
    make_world(&own, MOST, 15);
    options.name = "a \"b\" \\ \n图";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tuwen_calibrate(&own.set, &options, &calibration[i], NULL), TUWEN_OK);
        assert_int_equal(tuwen_profile_save(tuwen_calibration_profile(calibration[i]), scratch, NULL), TUWEN_OK);
        FILE *file = fopen(scratch, "rb");
        assert_non_null(file);
        sizes[i] = fread(text[i], 1, sizeof text[i], file);
        fclose(file);
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(text[0], text[1], sizes[0]);
    tuwen_profile *read = NULL;
    assert_int_equal(tuwen_profile_open(scratch, &read, NULL), TUWEN_OK);
    assert_string_equal(tuwen_profile_get_info(read)->name, options.name);
    for (size_t i = 0; i < 50; i++)
        assert_true(match_of(read, &own, i, 2 * i) ==
                    match_of(tuwen_calibration_profile(calibration[0]), &own, i, 2 * i));
    tuwen_profile_close(read);
    tuwen_calibration_close(calibration[0]);
    tuwen_calibration_close(calibration[1]);
    assert_int_equal(unlink(scratch), 0);
    tuwen_error error = {0};
    assert_int_equal(tuwen_profile_open(scratch, &read, &error), TUWEN_NOT_FOUND);
    assert_null(read);
}

#define HEAD "{\"tuwen_profile\":1,\"name\":\"n\",\"model\":\"m\",\"space\":\"s\",\"dimension\":2,"
#define LABELS "\"labels\":{\"yes\":30,\"no\":70},"
#define FITS "\"fits\":{\"all\":{\"intercept\":-2,\"cosine\":8}},"
#define BANDS                                                                                                        \
    "\"bands\":[{\"name\":\"very "                                                                                   \
    "high\",\"min\":0.9},{\"name\":\"high\",\"min\":0.5},{\"name\":\"fair\",\"min\":0.2}]"

static tuwen_profile *parse(const char *text)
{
    tuwen_profile *profile = NULL;
    tuwen_error error = {0};
    if (tuwen_profile_parse(text, strlen(text), "p.json", &profile, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return profile;
}

static void expect(const char *text, const char *message)
{
    tuwen_profile *profile = NULL;
    tuwen_error error = {0};
    assert_int_equal(tuwen_profile_parse(text, strlen(text), "p.json", &profile, &error), TUWEN_INVALID_ARGUMENT);
    assert_null(profile);
    if (!strstr(error.message, message))
        fail_msg("\"%s\" is not in: %s", message, error.message);
}

static void test_wrong_files(void **state)
{
    (void)state;
    expect("{}", "p.json: is no profile of tuwen");
    expect("[", "p.json: line 1");
    expect("{\"tuwen_profile\":2}", "version 2; this tuwen reads versions up to 1");
    expect("{\"tuwen_profile\":1,\"nmae\":\"\"}", "has the member \"nmae\"");
    expect("{\"tuwen_profile\":1,\"name\":3}", "name is not a text");
    expect(HEAD FITS BANDS "}", "labels is not {\"yes\", \"no\"}");
    expect(HEAD LABELS BANDS "}", "fits is not {\"all\"}, or {\"zh\", \"other\"}");
    expect(HEAD LABELS "\"prior\":1," FITS BANDS "}", "prior is not a share");
    expect(HEAD LABELS "\"fits\":{\"all\":{\"intercept\":1}}," BANDS "}", "a fit is not {\"intercept\", \"cosine\"}");
    expect(HEAD LABELS "\"fits\":{\"zh\":{\"intercept\":1,\"cosine\":1}}," BANDS "}", "fits is not {\"all\"}");
    expect(HEAD LABELS "\"fits\":{\"all\":{\"intercept\":1,\"cosine\":1,\"curve\":[[0,0.5],[0,0.6]]}}," BANDS "}",
           "curve is not a list of rising points");
    expect(HEAD LABELS FITS "\"background\":{\"pictures\":[0,0],\"texts\":[0]}," BANDS "}",
           "background.texts is not a list of 2 numbers");
    expect(HEAD LABELS FITS "\"bands\":[]}", "bands are not \"very high\"");
}

static void test_applying(void **state)
{
    (void)state;
    tuwen_profile *profile = parse(HEAD LABELS FITS BANDS "}");
    tuwen_profile_pair pair = {.cosine = 0.25f};
    tuwen_error error = {0};
    assert_true(fabs((double)tuwen_profile_match(profile, &pair) - 0.5) < 1e-6);
    assert_int_equal(tuwen_profile_band(profile, 0.5f), TUWEN_BAND_HIGH);
    assert_int_equal(tuwen_profile_band(profile, 0.19f), TUWEN_BAND_MISMATCH);
    assert_int_equal(tuwen_profile_band(profile, 1), TUWEN_BAND_VERY_HIGH);
    assert_true(fabs(tuwen_profile_get_info(profile)->temperature - 0.125) < 1e-12);
    assert_int_equal(tuwen_profile_check(profile, "s", NULL, &error), TUWEN_OK);
    assert_int_equal(tuwen_profile_check(profile, "t", NULL, &error), TUWEN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "another space"));
    assert_int_equal(tuwen_profile_check(profile, "s", "Find.", &error), TUWEN_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "another instruction"));
    tuwen_profile_close(profile);
    /* Odds 1:1 at a share of 0.3 are (0.1/0.9)/(0.3/0.7) to 1 where one pair in ten matches. */
    profile = parse(HEAD LABELS "\"prior\":0.1," FITS BANDS "}");
    double odds = (0.1 / 0.9) / (0.3 / 0.7);
    assert_true(fabs((double)tuwen_profile_match(profile, &pair) - odds / (1 + odds)) < 1e-6);
    tuwen_profile_close(profile);
    profile =
        parse(HEAD LABELS
              "\"fits\":{\"zh\":{\"intercept\":-1,\"cosine\":4,\"picture\":-8,\"text\":0,"
              "\"curve\":[[-2,0.25],[2,0.75]]},\"other\":{\"intercept\":0,\"cosine\":4,\"picture\":0,\"text\":0,"
              "\"curve\":[[0,0.125]]}},\"background\":{\"pictures\":[0,0.5],\"texts\":[0.25,0]}," BANDS "}");
    const float picture[2] = {1, 0};
    pair.picture_level = tuwen_profile_picture_level(profile, picture);
    assert_true(pair.picture_level == 0.25f);
    assert_true(tuwen_profile_text_level(profile, picture) == 0);
    assert_true(tuwen_profile_match(profile, &pair) == 0.125f);
    pair.language = TUWEN_CHINESE; /* log odds -1 + 1 - 2 = -2 */
    assert_true(fabs((double)tuwen_profile_match(profile, &pair) - 0.25) < 1e-6);
    tuwen_profile_close(profile);
    tuwen_profile_close(NULL);
}

static void test_language(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool chinese;
    } cases[] = {
        {"", false},
        {"a dog", false},
        {"一只狗", true},
        {"一只dog", true},
        {"狗 is the word for a dog", false},
        {"iPhone 手机", true},
        {"犬がいます", false},
        {"개", false},
        {"собака", false},
        {"。，！", false},
        {"夏季新款 T-shirt XL", true},
        {"the 狗", true},
        {"\xff\xfe", false},
        {"100% 纯棉", true},
        {"café 咖啡", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if ((tuwen_text_language(cases[i].text, strlen(cases[i].text)) == TUWEN_CHINESE) != cases[i].chinese)
            fail_msg("%s", cases[i].text);
}

static void test_share(void **state)
{
    (void)state;
    const float cosines[3] = {0.5f, 0.4f, -1}, far[2] = {1, -1};
    float shares[3];
    tuwen_share(cosines, 3, 0.1, shares);
    assert_true(fabs((double)shares[0] / (double)shares[1] - exp(1)) < 1e-5);
    assert_true(fabs((double)shares[0] + (double)shares[1] + (double)shares[2] - 1) < 1e-6);
    tuwen_share(cosines, 1, 0.1, shares);
    assert_true(shares[0] == 1);
    tuwen_share(far, 2, 1e-6, shares);
    assert_true(shares[0] == 1 && shares[1] == 0);
    const tuwen_model_info gme = {.score_low = 0.1f, .score_high = 0.5f};
    assert_true(fabs(tuwen_share_temperature(&gme) - 0.02) < 1e-6);
}

static void refuse(const world *of, const tuwen_calibrate_options *options, const char *message)
{
    tuwen_calibration *calibration = NULL;
    tuwen_error error = {0};
    assert_int_equal(tuwen_calibrate(&of->set, options, &calibration, &error), TUWEN_INVALID_ARGUMENT);
    assert_null(calibration);
    if (!strstr(error.message, message))
        fail_msg("\"%s\" is not in: %s", message, error.message);
}

static void test_refusals(void **state)
{
    (void)state;
    static world own;
    tuwen_calibrate_options options = standard;
    make_world(&own, 19, 16);
    refuse(&own, &options,
           "there are 19 pairs labelled yes and 38 labelled no; a profile takes at least 20 of either");
    make_world(&own, 60, 16);
    options.folds = 1;
    refuse(&own, &options, "folds is 1");
    options.folds = 0;
    options.prior = 1;
    refuse(&own, &options, "prior is 1");
    options.prior = 0;
    options.bands[2] = 0.9;
    refuse(&own, &options, "bands are 0, 0 and 0.9");
    options.bands[2] = 0;
    options.score_high = 0;
    refuse(&own, &options, "does not rise");
    own.labels[4].picture = 60;
    refuse(&own, &standard, "label 4 names what is not there");
    own.labels[4].picture = 0;
    own.texts[own.labels[4].text][3] = NAN;
    refuse(&own, &standard, "a vector is not finite");
    make_world(&own, 30, 16);
    for (uint32_t i = 0; i < own.set.count; i++)
        own.labels[i].picture = own.labels[i].text = 0;
    refuse(&own, &standard, "all labels are of one pair");
}

/* Calibrates, writes, and reads again. */
static tuwen_status go_through(void *user, tuwen_error *error)
{
    const world *of = user;
    tuwen_calibration *calibration = NULL;
    tuwen_profile *profile = NULL;
    tuwen_calibrate_options options = standard;
    options.method = TUWEN_METHOD_ISOTONIC;
    tuwen_status status = tuwen_calibrate(&of->set, &options, &calibration, error);
    if (status == TUWEN_OK)
        status = tuwen_profile_save(tuwen_calibration_profile(calibration), scratch, error);
    if (status == TUWEN_OK)
        status = tuwen_profile_open(scratch, &profile, error);
    tuwen_calibration_close(calibration);
    tuwen_profile_close(profile);
    return status;
}

static void test_memory(void **state)
{
    (void)state;
    static world own;
    make_world(&own, 40, 17);
    make_scratch();
    assert_true(alloc_fail_each(go_through, &own) > 40);
    assert_int_equal(unlink(scratch), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contrast), cmocka_unit_test(test_methods),  cmocka_unit_test(test_file),
        cmocka_unit_test(test_applying), cmocka_unit_test(test_language), cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_share),    cmocka_unit_test(test_refusals), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
