/* SPDX-License-Identifier: Apache-2.0 */
/* Figures and fits against scikit-learn, SciPy and NumPy (tests/golden/statistics.json), and what they do at the edges. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_fail.h"
#include "base/memory.h"
#include "engine/fit.h"
#include "golden.h"
#include "testing.h"
#include "tuwen/statistics.h"

static tw_json *document;

static int open_golden(void **state)
{
    (void)state;
    tuwen_error error = {0};
    return tw_json_open(golden_path("statistics.json"), 1u << 20, &document, &error) == TUWEN_OK ? 0 : -1;
}

static int close_golden(void **state)
{
    (void)state;
    tw_json_close(document);
    return 0;
}

static tw_json_value member(const char *name)
{
    return tw_json_member(tw_json_root(document), name);
}

static double number(tw_json_value object, const char *name)
{
    double value = tw_json_number(tw_json_member(object, name), (double)NAN);
    assert_false(isnan(value));
    return value;
}

static void assert_near(double got, double expected, double allowed)
{
    if (!(fabs(got - expected) <= allowed))
        fail_msg("%.17g is not %.17g", got, expected);
}

/* The observations of a case, each its own group; free with free. */
static tuwen_observation *observations_of(tw_json_value of, size_t *count)
{
    tw_json_value values = tw_json_member(of, "values"), matches = tw_json_member(of, "matches");
    tw_json_value weights = tw_json_member(of, "weights");
    *count = tw_json_count(values);
    tuwen_observation *made = calloc(*count, sizeof *made);
    assert_non_null(made);
    for (size_t i = 0; i < *count; i++)
        made[i] = (tuwen_observation){.value = tw_json_number(tw_json_element(values, i), 0),
                                      .weight = tw_json_number(tw_json_element(weights, i), 1),
                                      .group = (uint32_t)(7 * i),
                                      .match = tw_json_integer(tw_json_element(matches, i), 0) != 0};
    tuwen_observations_sort(made, *count);
    return made;
}

static void check_points(tw_json_value figures, const tuwen_observation *sorted, size_t count)
{
    tw_json_value points = tw_json_member(figures, "points"), best = tw_json_member(figures, "best");
    for (size_t i = 0; i < tw_json_count(points); i++) {
        tw_json_value expected = tw_json_element(points, i);
        tuwen_point point = tuwen_point_at(sorted, count, number(expected, "threshold"));
        assert_near(point.precision, number(expected, "precision"), 1e-12);
        assert_near(point.recall, number(expected, "recall"), 1e-12);
        assert_near(point.false_pass, number(expected, "false_pass"), 1e-12);
        assert_near(point.f1, number(expected, "f1"), 1e-12);
        assert_near(point.accuracy, number(expected, "accuracy"), 1e-12);
    }
    tuwen_point point = tuwen_point_best(sorted, count, TUWEN_BEST_F1);
    assert_near(point.f1, number(tw_json_member(best, "f1"), "value"), 1e-12);
    assert_near(point.threshold, number(tw_json_member(best, "f1"), "threshold"), 0);
    point = tuwen_point_best(sorted, count, TUWEN_BEST_ACCURACY);
    assert_near(point.accuracy, number(tw_json_member(best, "accuracy"), "value"), 1e-12);
    assert_near(point.threshold, number(tw_json_member(best, "accuracy"), "threshold"), 0);
    for (tw_json_walk walk = {0}; tw_json_next(tw_json_member(figures, "false_pass"), &walk);) {
        point = tuwen_point_for_false_pass(sorted, count, strtod(walk.key, NULL));
        if (tw_json_absent(walk.value))
            assert_true(isinf(point.threshold));
        else
            assert_near(point.threshold, tw_json_number(walk.value, 0), 0);
    }
}

static void test_figures(void **state)
{
    (void)state;
    tw_json_value cases = member("observations");
    assert_int_equal(tw_json_count(cases), 3);
    for (size_t i = 0; i < tw_json_count(cases); i++) {
        tw_json_value figures = tw_json_member(tw_json_element(cases, i), "figures");
        size_t count = 0;
        tuwen_observation *sorted = observations_of(tw_json_element(cases, i), &count);
        assert_near(tuwen_auc(sorted, count), number(figures, "auc"), 1e-12);
        assert_near(tuwen_average_precision(sorted, count), number(figures, "average_precision"), 1e-12);
        assert_near(tuwen_brier(sorted, count), number(figures, "brier"), 1e-12);
        assert_near(tuwen_log_loss(sorted, count), number(figures, "log_loss"), 1e-12);
        assert_near(tuwen_calibration_error(sorted, count, TUWEN_BINS_EQUAL_WIDTH, 15),
                    number(figures, "error_width"), 1e-12);
        if (i == 0) /* which of equal values comes into which bin of equal mass, is nobody's matter */
            assert_near(tuwen_calibration_error(sorted, count, TUWEN_BINS_EQUAL_MASS, 15),
                        number(figures, "error_mass"), 1e-12);
        check_points(figures, sorted, count);
        free(sorted);
    }
}

/* No figure of what is not there, and no way out of the bins. */
static void test_edges(void **state)
{
    (void)state;
    const tuwen_observation one_sided[2] = {{.value = 1, .weight = 1, .match = true},
                                            {.value = 0, .weight = 1, .match = true}};
    assert_true(isnan(tuwen_auc(one_sided, 2)));
    assert_true(isnan(tuwen_auc(NULL, 0)));
    assert_true(isnan(tuwen_brier(NULL, 0)));
    assert_true(isnan(tuwen_calibration_error(NULL, 0, TUWEN_BINS_EQUAL_MASS, 15)));
    assert_true(isnan(tuwen_calibration_error(one_sided, 2, TUWEN_BINS_EQUAL_WIDTH, 0)));
    assert_true(isnan(tuwen_point_at(one_sided, 2, 2).precision));
    assert_near(tuwen_average_precision(one_sided, 2), 1, 0);
    tuwen_bin bins[4];
    const tuwen_observation wild[3] = {
        {.value = 7, .weight = 1}, {.value = .5, .weight = 2}, {.value = -3, .weight = 1}};
    tuwen_reliability(wild, 3, TUWEN_BINS_EQUAL_WIDTH, bins, 4);
    assert_near(bins[3].weight, 1, 0);
    assert_near(bins[2].weight, 2, 0);
    assert_near(bins[0].value, -3, 0);
    assert_near(tuwen_log_loss(&wild[0], 1), -log(1e-15), .2);
}

/* Fits. */

static tw_example *examples_of(tw_json_value of, size_t *count, int *features)
{
    tw_json_value rows = tw_json_member(of, "features"), matches = tw_json_member(of, "matches");
    *count = tw_json_count(rows);
    *features = (int)tw_json_count(tw_json_element(rows, 0));
    tw_example *made = calloc(*count, sizeof *made);
    assert_non_null(made);
    for (size_t i = 0; i < *count; i++) {
        for (int j = 0; j < *features; j++)
            made[i].features[j] = tw_json_number(tw_json_element(tw_json_element(rows, i), (size_t)j), (double)NAN);
        made[i].match = tw_json_integer(tw_json_element(matches, i), 0) != 0;
    }
    return made;
}

static void check_curve(tw_json_value expected, const tw_example *examples, size_t count)
{
    tw_graded *graded = calloc(count, sizeof *graded);
    tw_curve curve;
    assert_non_null(graded);
    for (size_t i = 0; i < count; i++)
        graded[i] = (tw_graded){examples[i].features[0], examples[i].match};
    assert_int_equal(tw_curve_fit(graded, count, &curve, NULL), TUWEN_OK);
    tw_json_value at = tw_json_member(expected, "at"), values = tw_json_member(expected, "values");
    for (size_t i = 0; i < tw_json_count(at); i++)
        assert_near(tw_curve_at(&curve, tw_json_number(tw_json_element(at, i), 0)),
                    tw_json_number(tw_json_element(values, i), 0), 1e-12);
    tw_curve_free(&curve);
    free(graded);
}

static void test_fits(void **state)
{
    (void)state;
    tw_json_value fits = member("fits");
    assert_int_equal(tw_json_count(fits), 4);
    for (size_t i = 0; i < tw_json_count(fits); i++) {
        tw_json_value expected = tw_json_element(fits, i), platt = tw_json_member(expected, "platt");
        size_t count = 0;
        int features = 0;
        tw_example *examples = examples_of(expected, &count, &features);
        tw_logistic fit;
        tw_logistic_fit(examples, count,
                        &(tw_logistic_options){.features = features, .ridge = number(expected, "ridge")}, &fit);
        assert_near(fit.intercept, number(expected, "intercept"), 1e-6);
        for (int j = 0; j < features; j++) {
            double slope =
                tw_json_number(tw_json_element(tw_json_member(expected, "slopes"), (size_t)j), (double)NAN);
            assert_near(fit.slopes[j], slope, 1e-6 * fabs(slope));
        }
        if (!tw_json_absent(platt)) {
            tw_logistic_fit(examples, count, &(tw_logistic_options){.features = 1, .softened = true}, &fit);
            assert_near(fit.slopes[0], number(platt, "slope"), 1e-3 * number(platt, "slope"));
            assert_near(fit.intercept, number(platt, "intercept"), 1e-3);
        }
        check_curve(tw_json_member(expected, "curve"), examples, count);
        free(examples);
    }
}

/* Labels that a feature separates have no best fit without a penalty; a feature that never changes tells nothing. */
static void test_separated(void **state)
{
    (void)state;
    tw_example examples[40] = {{{0}, false}};
    for (int i = 0; i < 40; i++)
        examples[i] = (tw_example){.features = {i < 20 ? 0.1 : 0.6, 0.25, 0}, .match = i >= 20};
    tw_logistic fit;
    tw_logistic_fit(examples, 40, &(tw_logistic_options){.features = 1}, &fit);
    assert_true(isfinite(fit.slopes[0]) && fit.slopes[0] > 10);
    tw_logistic_fit(examples, 40, &(tw_logistic_options){.features = 3, .ridge = 3}, &fit);
    assert_near(fit.slopes[1], 0, 1e-9);
    assert_true(tw_sigmoid(tw_logistic_margin(&fit, examples[0].features)) < 0.2);
    tw_logistic_fit(examples, 0, &(tw_logistic_options){.features = 3, .ridge = 3}, &fit);
    assert_near(fit.intercept, 0, 0);
    tw_logistic_fit(examples, 20, &(tw_logistic_options){.features = 1, .ridge = 3}, &fit);
    assert_true(isfinite(fit.intercept) && tw_sigmoid(fit.intercept) < 0.05);
    assert_near(tw_sigmoid(800), 1, 0);
    assert_near(tw_sigmoid(-800), 0, 1e-300);
    assert_near(tw_log_odds(tw_sigmoid(-3.5)), -3.5, 1e-12);
}

/* The bootstrap. */

static void auc_and_brier(void *user, const tuwen_observation *sorted, size_t count, double *figures)
{
    (void)user;
    figures[0] = tuwen_auc(sorted, count);
    figures[1] = tuwen_brier(sorted, count);
}

/* SciPy draws other numbers, so its intervals are met only nearly: their ends are quantiles of 4,000 rounds. */
static void test_intervals(void **state)
{
    (void)state;
    tw_json_value expected = member("intervals");
    size_t count = 0;
    tuwen_observation *sorted = observations_of(expected, &count);
    tuwen_interval got[2], again[2];
    assert_int_equal(tuwen_bootstrap(sorted, count, 1, 4000, .95, auc_and_brier, NULL, got, 2, NULL), TUWEN_OK);
    assert_int_equal(tuwen_bootstrap(sorted, count, 1, 4000, .95, auc_and_brier, NULL, again, 2, NULL), TUWEN_OK);
    assert_memory_equal(got, again, sizeof got);
    static const char *const names[2] = {"auc", "brier"};
    for (size_t i = 0; i < 2; i++) {
        tw_json_value ends = tw_json_member(expected, names[i]);
        double low = tw_json_number(tw_json_element(ends, 0), 0), high = tw_json_number(tw_json_element(ends, 1), 0);
        assert_near(got[i].low, low, (high - low) / 15);
        assert_near(got[i].high, high, (high - low) / 15);
    }
    for (size_t i = 0; i < count; i++) /* all in one group: every round draws the same */
        sorted[i].group = 9;
    assert_int_equal(tuwen_bootstrap(sorted, count, 1, 50, .95, auc_and_brier, NULL, got, 2, NULL), TUWEN_OK);
    assert_near(got[0].low, tuwen_auc(sorted, count), 1e-12);
    assert_near(got[0].high, got[0].low, 1e-12);
    tuwen_error error = {0};
    assert_int_equal(tuwen_bootstrap(sorted, count, 1, 0, .95, auc_and_brier, NULL, got, 2, &error),
                     TUWEN_INVALID_ARGUMENT);
    assert_int_equal(tuwen_bootstrap(sorted, 0, 1, 10, .95, auc_and_brier, NULL, got, 2, &error),
                     TUWEN_INVALID_ARGUMENT);
    free(sorted);
}

/* Places. */

static void test_places(void **state)
{
    (void)state;
    tw_json_value expected = member("places");
    size_t size = 0;
    float *queries = golden_floats(tw_json_member(expected, "queries"), &size);
    float *candidates = golden_floats(tw_json_member(expected, "candidates"), &size);
    tuwen_vectors of[2] = {{queries, 30, 19}, {candidates, 30, 19}};
    tuwen_right right[31];
    uint32_t places[30];
    for (uint32_t i = 0; i < 30; i++)
        right[i] = (tuwen_right){29 - i, 29 - i};
    assert_int_equal(size, 30 * 19);
    assert_int_equal(tuwen_places(&of[0], &of[1], right, 30, places, NULL), TUWEN_OK);
    for (tw_json_walk walk = {0}; tw_json_next(tw_json_member(expected, "recall"), &walk);) {
        double found = 0;
        for (int i = 0; i < 30; i++)
            found += places[i] < (uint32_t)strtol(walk.key, NULL, 10);
        assert_near(found / 30, tw_json_number(walk.value, -1), 1e-12);
    }
    right[30] = (tuwen_right){3, 4}; /* the best of several right ones counts, and the others are no rivals */
    uint32_t alone = places[3];
    assert_int_equal(tuwen_places(&of[0], &of[1], right, 31, places, NULL), TUWEN_OK);
    assert_true(places[3] <= alone);
    assert_int_equal(tuwen_places(&of[0], &of[1], right, 29, places, NULL), TUWEN_OK);
    assert_int_equal(places[0], TUWEN_NO_PLACE);
    memcpy(candidates + 19, candidates, 19 * sizeof *candidates); /* as good as the right one: not first */
    assert_int_equal(tuwen_places(&(tuwen_vectors){candidates, 1, 19}, &of[1], &(tuwen_right){0, 0}, 1, places, NULL),
                     TUWEN_OK);
    assert_int_equal(places[0], 1);
    right[0].candidate = 30;
    tuwen_error error = {0};
    assert_int_equal(tuwen_places(&of[0], &of[1], right, 30, places, &error), TUWEN_INVALID_ARGUMENT);
    tw_free(queries);
    tw_free(candidates);
}

static tuwen_status some_of_all(void *user, tuwen_error *error)
{
    (void)user;
    const tuwen_observation sorted[2] = {{.value = 1, .weight = 1, .match = true},
                                         {.value = 0, .weight = 1, .group = 1}};
    static const float vectors[4] = {1, 0, 0, 1};
    const tuwen_vectors two = {vectors, 2, 2};
    tuwen_interval intervals[2];
    uint32_t places[2];
    tw_curve curve = {0};
    tw_graded graded[2] = {{1, true}, {0, false}};
    tuwen_status status = tuwen_bootstrap(sorted, 2, 1, 5, .9, auc_and_brier, NULL, intervals, 2, error);
    if (status == TUWEN_OK)
        status = tuwen_places(&two, &two, &(tuwen_right){1, 1}, 1, places, error);
    if (status == TUWEN_OK)
        status = tw_curve_fit(graded, 2, &curve, error);
    tw_curve_free(&curve);
    return status;
}

static void test_memory(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(some_of_all, NULL) >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),   cmocka_unit_test(test_edges),     cmocka_unit_test(test_fits),
        cmocka_unit_test(test_separated), cmocka_unit_test(test_intervals), cmocka_unit_test(test_places),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
