/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of `tuwen calibrate`, with what a bootstrap over pictures says of their certainty. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate.h"
#include "interrupt.h"

static const struct {
    const char *key;
    enum message name;
} ways[TUWEN_ESTIMATES] = {
    [TUWEN_ESTIMATE_SCORE] = {"score", SAY_WAY_SCORE},
    [TUWEN_ESTIMATE_PLATT] = {"platt", SAY_WAY_PLATT},
    [TUWEN_ESTIMATE_LOGISTIC] = {"logistic", SAY_WAY_LOGISTIC},
    [TUWEN_ESTIMATE_CONTRAST] = {"contrast", SAY_WAY_CONTRAST},
    [TUWEN_ESTIMATE_ISOTONIC] = {"isotonic", SAY_WAY_ISOTONIC},
};

const char *calibration_way_name(tuwen_estimate way)
{
    return text_of(ways[way].name);
}

const char *calibration_way_key(tuwen_estimate way)
{
    return ways[way].key;
}

static void figures_of(void *user, const tuwen_observation *sorted, size_t count, double *figures)
{
    (void)user;
    figures[FIGURE_ERROR] = tuwen_calibration_error(sorted, count, TUWEN_BINS_EQUAL_WIDTH, CALIBRATE_BINS);
    figures[FIGURE_ERROR_MASS] = tuwen_calibration_error(sorted, count, TUWEN_BINS_EQUAL_MASS, CALIBRATE_BINS);
    figures[FIGURE_BRIER] = tuwen_brier(sorted, count);
    figures[FIGURE_LOG_LOSS] = tuwen_log_loss(sorted, count);
    figures[FIGURE_AUC] = tuwen_auc(sorted, count);
}

static tuwen_status measure_way(struct calibrate_way *way, uint64_t seed, tuwen_error *error)
{
    double figures[CALIBRATE_FIGURES];
    tuwen_interval intervals[CALIBRATE_FIGURES];
    figures_of(NULL, way->sorted, way->count, figures);
    tuwen_status status = tuwen_bootstrap(way->sorted, way->count, seed, pairs_rounds(way->count), CALIBRATE_LEVEL,
                                          figures_of, NULL, intervals, CALIBRATE_FIGURES, error);
    for (size_t i = 0; status == TUWEN_OK && i < CALIBRATE_FIGURES; i++)
        way->figures[i] = (struct calibrate_value){figures[i], intervals[i]};
    return status;
}

static double log_odds(double share)
{
    return log(share) - log1p(-share);
}

/* The probabilities for the profile's share of matching pairs, as tuwen_profile_match makes them. */
static bool make_matches(struct calibration *of)
{
    const struct calibrate_way *chosen = &of->ways[of->chosen];
    double share = (double)of->profile->yes / (double)(of->profile->yes + of->profile->no);
    double shift = log_odds(of->profile->prior) - log_odds(share);
    of->matches = malloc(chosen->count * sizeof *of->matches);
    if (!of->matches)
        return false;
    of->match_count = chosen->count;
    memcpy(of->matches, chosen->sorted, chosen->count * sizeof *of->matches);
    for (size_t i = 0; fabs(shift) > 1e-12 && i < of->match_count; i++) {
        double value = fmin(1 - 1e-15, fmax(1e-15, of->matches[i].value));
        of->matches[i].value = 1 / (1 + exp(-log_odds(value) - shift));
    }
    return true;
}

/* Precision, F1 and accuracy where matching pairs have another share than among the labels. */
static tuwen_point at_prior(tuwen_point point, double prior)
{
    double right = prior * point.recall, wrong = (1 - prior) * point.false_pass;
    point.precision = right + wrong > 0 ? right / (right + wrong) : (double)NAN;
    point.f1 = 2 * right / (right + wrong + prior);
    point.accuracy = right + (1 - prior) - wrong;
    return point;
}

tuwen_point calibration_point_at(const struct calibration *of, double threshold)
{
    return at_prior(tuwen_point_at(of->matches, of->match_count, threshold), of->profile->prior);
}

struct wanted {
    double rate, prior;
};

static void false_pass_of(void *user, const tuwen_observation *sorted, size_t count, double *figures)
{
    const struct wanted *wanted = user;
    tuwen_point point = at_prior(tuwen_point_for_false_pass(sorted, count, wanted->rate), wanted->prior);
    figures[0] = point.threshold;
    figures[1] = point.precision;
    figures[2] = point.recall;
}

static tuwen_status measure_false_pass(struct calibration *of, tuwen_error *error)
{
    struct calibrate_point *to = &of->false_pass;
    struct wanted wanted = {to->rate, of->profile->prior};
    tuwen_interval intervals[3];
    to->point = at_prior(tuwen_point_for_false_pass(of->matches, of->match_count, to->rate), wanted.prior);
    tuwen_status status = tuwen_bootstrap(of->matches, of->match_count, of->seed, pairs_rounds(of->match_count),
                                          CALIBRATE_LEVEL, false_pass_of, &wanted, intervals, 3, error);
    if (status != TUWEN_OK)
        return status;
    to->threshold = intervals[0];
    to->precision = intervals[1];
    to->recall = intervals[2];
    return TUWEN_OK;
}

bool calibration_measure(struct calibration *of)
{
    tuwen_error error = {.language = messages_language()};
    tuwen_status status = TUWEN_OK;
    for (int way = 0; way < TUWEN_ESTIMATES && status == TUWEN_OK && !interrupt_seen(); way++) {
        of->ways[way].sorted = tuwen_calibration_observations(of->made, (tuwen_estimate)way, &of->ways[way].count);
        if (of->ways[way].sorted)
            status = measure_way(&of->ways[way], of->seed, &error);
    }
    if (interrupt_seen()) {
        complain(SAY_CANCELLED, NULL);
        return false;
    }
    if (status == TUWEN_OK && !make_matches(of)) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return false;
    }
    if (status == TUWEN_OK)
        status = measure_false_pass(of, &error);
    if (status != TUWEN_OK)
        complain(SAY_PLAIN, WITH(error.message));
    return status == TUWEN_OK;
}

void calibration_free(struct calibration *of)
{
    free(of->matches);
    of->matches = NULL;
}
