/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a profile: every way is fitted on all folds but one and asked about that one, in turn; the better ones are kept, and
 * fitted on everything in the end.
 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "engine/background.h"
#include "engine/draws.h"
#include "engine/profile.h"

#define ALL UINT32_MAX /* no fold is left out */
#define FOLDS 5
#define ERROR_BINS 15

/* The penalty is the one of these with the lowest log loss out of fold: few labels, and such as a cosine tells apart
 * without a mistake, need different ones. */
static const double ridges[] = {0.1, 0.3, 1, 3, 10};
enum { RIDGES = sizeof ridges / sizeof *ridges };

/* Fewer pictures or texts are no background. */
#define LEAST_BACKGROUND 20

struct tuwen_calibration {
    tuwen_profile *profile;
    tuwen_estimate chosen;
    size_t count;
    tuwen_observation *observations[TUWEN_ESTIMATES]; /* [count]; NULL: not tried */
};

typedef struct task {
    const tuwen_calibrate_options *options;
    tw_background background;
    size_t yes, no;
    uint32_t folds;
    bool by_language;
    tw_example *examples; /* [count]: of a fit, Chinese ones last */
    size_t of_language[TW_LANGUAGES];
    tw_graded *graded;             /* [count] */
    double ridge[TUWEN_ESTIMATES]; /* that was found best for a way */
    bool contrast;                 /* won over the logistic fit without it */
    tuwen_calibration *made;
} task;

/* Folds. */

/* By pictures, or by texts where there are too few pictures to make folds of. */
static bool by_text(const task *of)
{
    size_t pictures = of->background.pictures.in_count, texts = of->background.texts.in_count;
    return pictures < of->folds * 2 && texts > pictures;
}

static tuwen_status deal_folds(task *of, tuwen_error *error)
{
    tw_background_choose(&of->background, ALL);
    bool texts = by_text(of);
    const tw_side *side = texts ? &of->background.texts : &of->background.pictures;
    size_t count = side->vectors.count, used = 0;
    uint32_t *order = tw_alloc(count, sizeof *order), *folds = tw_alloc_zero(count, sizeof *folds);
    if (order && folds) {
        for (uint32_t i = 0; i < count; i++)
            if (side->in[i])
                order[used++] = i;
        of->folds = used < of->folds ? (uint32_t)used : of->folds;
        tw_draws draws = {of->options->seed};
        for (size_t i = used; i > 1; i--) {
            uint32_t other = tw_draw_below(&draws, (uint32_t)i), kept = order[i - 1];
            order[i - 1] = order[other];
            order[other] = kept;
        }
        for (size_t i = 0; i < used; i++)
            folds[order[i]] = (uint32_t)(i % of->folds);
        for (size_t i = 0; i < of->background.count; i++) {
            tw_row *row = &of->background.rows[i];
            row->group = texts ? row->text : row->picture;
            row->fold = folds[row->group];
        }
    }
    tuwen_status status = order && folds ? TUWEN_OK : tw_fail_memory(error, "the folds");
    tw_free(order);
    tw_free(folds);
    if (status == TUWEN_OK && of->folds < 2)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "all labels are of one pair; a profile takes different ones");
    return status;
}

/* One way, fitted. */
typedef struct model {
    tw_fit fits[TW_LANGUAGES];
    bool by_language;
    bool contrast;
} model;

static void free_model(model *of)
{
    for (int i = 0; i < TW_LANGUAGES; i++)
        tw_curve_free(&of->fits[i].curve);
}

static const tw_fit *fit_for(const model *of, tuwen_language language)
{
    return &of->fits[of->by_language ? language : TUWEN_ENGLISH];
}

/* Gathers the rows of all folds but one. */
static void gather(task *of, uint32_t without)
{
    size_t count = 0;
    for (int language = 0; language < TW_LANGUAGES; language++) {
        of->of_language[language] = 0;
        for (size_t i = 0; i < of->background.count; i++) {
            const tw_row *row = &of->background.rows[i];
            if (row->fold == without || (int)row->language != language)
                continue;
            tw_example *example = &of->examples[count++];
            tw_background_features(&of->background, row, true, example->features);
            example->match = row->match;
            of->of_language[language]++;
        }
    }
}

static tuwen_status add_curve(task *of, tw_fit *fit, const tw_example *examples, size_t count, tuwen_error *error)
{
    for (size_t i = 0; i < count; i++)
        of->graded[i] = (tw_graded){tw_logistic_margin(&fit->logistic, examples[i].features), examples[i].match};
    return tw_curve_fit(of->graded, count, &fit->curve, error);
}

/* Fits a way on what was gathered. All have Platt's softened targets: his scaling is the way without a penalty. */
static tuwen_status fit_model(task *of, tuwen_estimate way, bool contrast, double ridge, model *to,
                              tuwen_error *error)
{
    const tw_logistic_options options = {.features = contrast ? TW_FEATURES : 1, .ridge = ridge, .softened = true};
    *to = (model){.by_language = of->by_language && way != TUWEN_ESTIMATE_PLATT, .contrast = contrast};
    const tw_example *at = of->examples;
    tuwen_status status = TUWEN_OK;
    for (int i = 0; i < (to->by_language ? TW_LANGUAGES : 1) && status == TUWEN_OK; i++) {
        size_t count = to->by_language ? of->of_language[i] : of->of_language[0] + of->of_language[1];
        tw_logistic_fit(at, count, &options, &to->fits[i].logistic);
        if (way == TUWEN_ESTIMATE_ISOTONIC && count > 0)
            status = add_curve(of, &to->fits[i], at, count, error);
        at += count;
    }
    return status;
}

/* Out of fold. */

static void observe(const task *of, const model *by, uint32_t fold, tuwen_observation *observations)
{
    for (size_t i = 0; i < of->background.count; i++) {
        const tw_row *row = &of->background.rows[i];
        double features[TW_FEATURES];
        if (row->fold != fold)
            continue;
        tw_background_features(&of->background, row, false, features);
        observations[i].value = tw_fit_probability(fit_for(by, row->language), features);
    }
}

/* Room for what a way says, in the order of the rows. */
static tuwen_observation *make_observations(const task *of)
{
    tuwen_observation *made = tw_alloc(of->background.count, sizeof *made);
    for (size_t i = 0; made && i < of->background.count; i++) {
        const tw_row *row = &of->background.rows[i];
        made[i] = (tuwen_observation){.weight = 1, .group = row->group, .match = row->match};
    }
    return made;
}

/* Judges each fold by the others, with each of these penalties; `tried` [count] get what is said. */
static tuwen_status run_folds(task *of, tuwen_estimate way, bool contrast, const double *penalties, size_t count,
                              tuwen_observation **tried, tuwen_error *error)
{
    tuwen_status status = TUWEN_OK;
    for (uint32_t fold = 0; fold < of->folds && status == TUWEN_OK; fold++) {
        tw_background_choose(&of->background, fold);
        gather(of, fold);
        for (size_t i = 0; i < count && status == TUWEN_OK; i++) {
            model by;
            status = fit_model(of, way, contrast, penalties[i], &by, error);
            if (status == TUWEN_OK)
                observe(of, &by, fold, tried[i]);
            free_model(&by);
        }
    }
    return status;
}

/* Tries a way with each of these penalties, and keeps what the best one says. */
static tuwen_status try_way(task *of, tuwen_estimate way, bool contrast, const double *penalties, size_t count,
                            tuwen_error *error)
{
    tuwen_observation *tried[RIDGES] = {NULL};
    tuwen_status status = TUWEN_OK;
    size_t best = 0;
    for (size_t i = 0; i < count && status == TUWEN_OK; i++) {
        tried[i] = make_observations(of);
        if (!tried[i])
            status = tw_fail_memory(error, "the estimates");
    }
    if (status == TUWEN_OK)
        status = run_folds(of, way, contrast, penalties, count, tried, error);
    for (size_t i = 1; status == TUWEN_OK && i < count; i++)
        if (tuwen_log_loss(tried[i], of->background.count) < tuwen_log_loss(tried[best], of->background.count))
            best = i;
    of->ridge[way] = penalties[best];
    for (size_t i = 0; i < count; i++) {
        if (status == TUWEN_OK && i == best)
            of->made->observations[way] = tried[i];
        else
            tw_free(tried[i]);
    }
    return status;
}

/* The scale needs no fitting. */
static tuwen_status try_score(task *of, tuwen_error *error)
{
    tuwen_observation *observations = of->made->observations[TUWEN_ESTIMATE_SCORE] = make_observations(of);
    double low = (double)of->options->score_low, high = (double)of->options->score_high;
    for (size_t i = 0; observations && i < of->background.count; i++)
        observations[i].value = fmin(1, fmax(0, (of->background.rows[i].cosine - low) / (high - low)));
    return observations ? TUWEN_OK : tw_fail_memory(error, "the estimates");
}

/* Whether one way's log loss is lower than another's by more than the standard error of the difference, in which the rows
 * of a group count together. `group_sums` is scratch, as long as there are numbers of groups. */
static bool is_better(const task *of, tuwen_estimate way, tuwen_estimate than, double *group_sums, size_t groups)
{
    size_t count = of->background.count;
    double mean = 0, squares = 0;
    for (int pass = 0; pass < 2; pass++) {
        memset(group_sums, 0, groups * sizeof *group_sums);
        double sum = 0;
        for (size_t i = 0; i < count; i++) {
            double gain = tuwen_log_loss(&of->made->observations[than][i], 1) -
                          tuwen_log_loss(&of->made->observations[way][i], 1);
            sum += gain;
            group_sums[of->background.rows[i].group] += gain - mean; /* of use in the second pass */
        }
        if (pass == 0)
            mean = sum / (double)count;
    }
    for (size_t i = 0; i < groups; i++)
        squares += group_sums[i] * group_sums[i];
    return mean > sqrt(squares) / (double)count;
}

/* Tries all ways that the labels allow, and chooses. */
static tuwen_status try_all(task *of, tuwen_error *error)
{
    size_t pictures = of->background.pictures.vectors.count, texts = of->background.texts.vectors.count;
    size_t groups = pictures > texts ? pictures : texts;
    bool has_background =
        of->background.pictures.in_count >= LEAST_BACKGROUND && of->background.texts.in_count >= LEAST_BACKGROUND;
    bool may_curve = of->options->method == TUWEN_METHOD_AUTO && of->yes >= TUWEN_ISOTONIC_LABELS &&
                     of->no >= TUWEN_ISOTONIC_LABELS;
    bool must_curve = of->options->method == TUWEN_METHOD_ISOTONIC;
    double *scratch = tw_alloc(groups, sizeof *scratch);
    if (!scratch)
        return tw_fail_memory(error, "the estimates");
    tuwen_status status = try_score(of, error);
    if (status == TUWEN_OK)
        status = try_way(of, TUWEN_ESTIMATE_PLATT, false, &(double){0}, 1, error);
    if (status == TUWEN_OK)
        status = try_way(of, TUWEN_ESTIMATE_LOGISTIC, false, ridges, RIDGES, error);
    if (status == TUWEN_OK && has_background)
        status = try_way(of, TUWEN_ESTIMATE_CONTRAST, true, ridges, RIDGES, error);
    of->contrast = status == TUWEN_OK && has_background &&
                   is_better(of, TUWEN_ESTIMATE_CONTRAST, TUWEN_ESTIMATE_LOGISTIC, scratch, groups);
    tuwen_estimate best = of->contrast ? TUWEN_ESTIMATE_CONTRAST : TUWEN_ESTIMATE_LOGISTIC;
    if (status == TUWEN_OK && (may_curve || must_curve))
        status = try_way(of, TUWEN_ESTIMATE_ISOTONIC, of->contrast, &of->ridge[best], 1, error);
    of->made->chosen = best;
    if (status == TUWEN_OK &&
        (must_curve || (may_curve && is_better(of, TUWEN_ESTIMATE_ISOTONIC, best, scratch, groups))))
        of->made->chosen = TUWEN_ESTIMATE_ISOTONIC;
    tw_free(scratch);
    if (status != TUWEN_OK)
        return status;
    for (int way = 0; way < TUWEN_ESTIMATES; way++)
        if (of->made->observations[way])
            tuwen_observations_sort(of->made->observations[way], of->background.count);
    return TUWEN_OK;
}

/* The profile. */

static char *copy_text(const char *text)
{
    const char *there = text ? text : "";
    return tw_copy_string(there, strlen(there));
}

static float *mean_of(const tw_side *side)
{
    size_t dimension = side->vectors.dimension;
    float *mean = tw_alloc(dimension, sizeof *mean);
    for (size_t i = 0; mean && i < dimension; i++)
        mean[i] = (float)(side->sum[i] / (double)side->in_count);
    return mean;
}

static void fill_quality(const task *of, tw_quality *quality)
{
    const tuwen_observation *chosen = of->made->observations[of->made->chosen];
    size_t count = of->background.count;
    *quality = (tw_quality){
        .calibration_error = tuwen_calibration_error(chosen, count, TUWEN_BINS_EQUAL_WIDTH, ERROR_BINS),
        .brier = tuwen_brier(chosen, count),
        .log_loss = tuwen_log_loss(chosen, count),
        .auc = tuwen_auc(chosen, count),
        .ridge = of->ridge[of->made->chosen],
        .seed = of->options->seed,
        .folds = (int)of->folds,
    };
}

static bool fill_texts(const tuwen_calibrate_options *options, tuwen_profile *profile)
{
    profile->name = copy_text(options->name);
    profile->model = copy_text(options->model);
    profile->space = copy_text(options->space);
    profile->instruction = options->instruction ? copy_text(options->instruction) : NULL;
    return profile->name && profile->model && profile->space && (profile->instruction || !options->instruction);
}

static void fill_info(const task *of, tuwen_profile_info *info)
{
    static const double standard[TW_PROFILE_BANDS] = {0.2, 0.5, 0.9};
    const double *bands = of->options->bands[TW_PROFILE_BANDS - 1] > 0 ? of->options->bands : standard;
    info->dimension = of->background.pictures.vectors.dimension;
    info->yes = of->yes;
    info->no = of->no;
    info->prior = of->options->prior > 0 ? of->options->prior : (double)of->yes / (double)(of->yes + of->no);
    info->by_language = of->by_language;
    for (int i = 0; i < TW_PROFILE_BANDS; i++)
        info->band_from[i + 1] = (float)bands[i];
}

static tuwen_status make_profile(task *of, tuwen_error *error)
{
    tuwen_profile *profile = of->made->profile = tw_alloc_zero(1, sizeof *profile);
    if (!profile)
        return tw_fail_memory(error, "the profile");
    model fitted;
    tw_background_choose(&of->background, ALL);
    gather(of, ALL);
    tuwen_status status = fit_model(of, of->made->chosen, of->contrast, of->ridge[of->made->chosen], &fitted, error);
    memcpy(profile->fits, fitted.fits, sizeof profile->fits);
    if (status == TUWEN_OK && of->contrast) {
        profile->mean_picture = mean_of(&of->background.pictures);
        profile->mean_text = mean_of(&of->background.texts);
    }
    if (status == TUWEN_OK &&
        (!fill_texts(of->options, profile) || (of->contrast && (!profile->mean_picture || !profile->mean_text))))
        status = tw_fail_memory(error, "the profile");
    if (status != TUWEN_OK)
        return status;
    fill_info(of, &profile->info);
    fill_quality(of, &profile->quality);
    tw_profile_finish(profile);
    return TUWEN_OK;
}

/* What is asked for. */

static tuwen_status check_options(const tuwen_label_set *set, const tuwen_calibrate_options *options,
                                  tuwen_error *error)
{
    const double *bands = options->bands;
    bool no_bands = bands[0] == 0 && bands[1] == 0 && bands[2] == 0;
    if (options->folds != 0 && (options->folds < 2 || options->folds > 100))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "folds is %d; allowed are 2 to 100", options->folds);
    if (options->prior != 0 && !(options->prior >= 1e-6 && options->prior <= 1 - 1e-6))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "prior is %g; allowed are shares between 0 and 1",
                       options->prior);
    if (!no_bands && !(bands[0] > 0 && bands[1] > bands[0] && bands[2] > bands[1] && bands[2] <= 1))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "bands are %g, %g and %g; allowed are three rising probabilities above 0", bands[0], bands[1],
                       bands[2]);
    if (!(options->score_low < options->score_high))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "a scale from %g to %g does not rise",
                       (double)options->score_low, (double)options->score_high);
    if (set->pictures.dimension != set->texts.dimension || set->pictures.dimension < 1 || set->count >= UINT32_MAX)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "vectors of %zu and of %zu numbers cannot be compared",
                       set->pictures.dimension, set->texts.dimension);
    return TUWEN_OK;
}

static tuwen_status count_labels(task *of, tuwen_error *error)
{
    size_t counts[TW_LANGUAGES][2] = {{0}}; /* by language and label */
    for (size_t i = 0; i < of->background.count; i++)
        counts[of->background.rows[i].language][of->background.rows[i].match]++;
    of->by_language = true;
    for (int i = 0; i < TW_LANGUAGES; i++) {
        of->no += counts[i][false];
        of->yes += counts[i][true];
        of->by_language =
            of->by_language && counts[i][false] >= TUWEN_LANGUAGE_LABELS && counts[i][true] >= TUWEN_LANGUAGE_LABELS;
    }
    if (of->yes < TUWEN_LEAST_LABELS || of->no < TUWEN_LEAST_LABELS)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "there are %zu pairs labelled yes and %zu labelled no; a profile takes at least %d of either",
                       of->yes, of->no, TUWEN_LEAST_LABELS);
    return TUWEN_OK;
}

static tuwen_status calibrate(task *of, const tuwen_label_set *set, tuwen_error *error)
{
    tuwen_status status = tw_background_open(set, &of->background, error);
    if (status == TUWEN_OK)
        status = count_labels(of, error);
    of->folds = of->options->folds ? (uint32_t)of->options->folds : FOLDS;
    of->examples = tw_alloc(set->count, sizeof *of->examples);
    of->graded = tw_alloc(set->count, sizeof *of->graded);
    if (status == TUWEN_OK && (!of->examples || !of->graded))
        status = tw_fail_memory(error, "the labels");
    if (status == TUWEN_OK)
        status = deal_folds(of, error);
    if (status == TUWEN_OK)
        status = try_all(of, error);
    return status == TUWEN_OK ? make_profile(of, error) : status;
}

tuwen_status tuwen_calibrate(const tuwen_label_set *set, const tuwen_calibrate_options *options,
                             tuwen_calibration **calibration, tuwen_error *error)
{
    *calibration = NULL;
    tuwen_status status = check_options(set, options, error);
    if (status != TUWEN_OK)
        return status;
    task of = {.options = options, .made = tw_alloc_zero(1, sizeof *of.made)};
    if (!of.made)
        return tw_fail_memory(error, "a calibration");
    of.made->count = set->count;
    status = calibrate(&of, set, error);
    tw_background_free(&of.background);
    tw_free(of.examples);
    tw_free(of.graded);
    if (status == TUWEN_OK)
        *calibration = of.made;
    else
        tuwen_calibration_close(of.made);
    return status;
}

void tuwen_calibration_close(tuwen_calibration *calibration)
{
    if (!calibration)
        return;
    for (int i = 0; i < TUWEN_ESTIMATES; i++)
        tw_free(calibration->observations[i]);
    tuwen_profile_close(calibration->profile);
    tw_free(calibration);
}

const tuwen_profile *tuwen_calibration_profile(const tuwen_calibration *calibration)
{
    return calibration->profile;
}

tuwen_estimate tuwen_calibration_chosen(const tuwen_calibration *calibration)
{
    return calibration->chosen;
}

const tuwen_observation *tuwen_calibration_observations(const tuwen_calibration *calibration, tuwen_estimate estimate,
                                                        size_t *count)
{
    bool there = (unsigned)estimate < TUWEN_ESTIMATES && calibration->observations[estimate];
    *count = there ? calibration->count : 0;
    return there ? calibration->observations[estimate] : NULL;
}
