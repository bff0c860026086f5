/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of statistics.h. Observations are sorted once; a bootstrap only changes their weights. */
#include "tuwen/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/draws.h"

#define LEAST_PROBABILITY 1e-15
#define MOST_BINS 100

/* Equal values lie in an order that does not depend on the input's. */
static int compare(const void *a, const void *b)
{
    const tuwen_observation *left = a, *right = b;
    if (left->value != right->value)
        return left->value > right->value ? -1 : 1;
    if (left->group != right->group)
        return left->group < right->group ? -1 : 1;
    return (int)right->match - (int)left->match;
}

void tuwen_observations_sort(tuwen_observation *observations, size_t count)
{
    if (count > 0)
        qsort(observations, count, sizeof *observations, compare);
}

/* A threshold going down through the values that occur; what passes grows. */
typedef struct sweep {
    const tuwen_observation *sorted;
    size_t count, at;
    double threshold;
    double right, wrong;         /* that pass */
    double all_right, all_wrong; /* there are */
} sweep;

static sweep sweep_begin(const tuwen_observation *sorted, size_t count)
{
    sweep made = {.sorted = sorted, .count = count, .threshold = (double)INFINITY};
    for (size_t i = 0; i < count; i++)
        *(sorted[i].match ? &made.all_right : &made.all_wrong) += sorted[i].weight;
    return made;
}

/* Lets the next value pass, with all that are equal to it and have weight; false at the end. */
static bool sweep_next(sweep *of)
{
    double before = of->right + of->wrong;
    while (of->at < of->count && of->right + of->wrong <= before) {
        of->threshold = of->sorted[of->at].value;
        for (; of->at < of->count && of->sorted[of->at].value >= of->threshold; of->at++) {
            const tuwen_observation *one = &of->sorted[of->at];
            *(one->match ? &of->right : &of->wrong) += one->weight;
        }
    }
    return of->right + of->wrong > before;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : (double)NAN;
}

static tuwen_point point_of(const sweep *of)
{
    double right = of->right, wrong = of->wrong;
    return (tuwen_point){
        .threshold = of->threshold,
        .precision = share(right, right + wrong),
        .recall = share(right, of->all_right),
        .false_pass = share(wrong, of->all_wrong),
        .f1 = share(2 * right, right + wrong + of->all_right),
        .accuracy = share(right + of->all_wrong - wrong, of->all_right + of->all_wrong),
    };
}

double tuwen_auc(const tuwen_observation *sorted, size_t count)
{
    sweep at = sweep_begin(sorted, count);
    double area = 0, right = 0, wrong = 0;
    while (sweep_next(&at)) {
        area += (at.wrong - wrong) * (at.right + right) / 2;
        right = at.right;
        wrong = at.wrong;
    }
    return share(area, at.all_right * at.all_wrong);
}

double tuwen_average_precision(const tuwen_observation *sorted, size_t count)
{
    sweep at = sweep_begin(sorted, count);
    double sum = 0, right = 0;
    while (sweep_next(&at)) {
        sum += (at.right - right) * at.right / (at.right + at.wrong);
        right = at.right;
    }
    return share(sum, at.all_right);
}

tuwen_point tuwen_point_at(const tuwen_observation *sorted, size_t count, double threshold)
{
    sweep at = sweep_begin(sorted, count), last = at;
    while (sweep_next(&at) && at.threshold >= threshold)
        last = at;
    last.threshold = threshold;
    return point_of(&last);
}

tuwen_point tuwen_point_best(const tuwen_observation *sorted, size_t count, tuwen_best best)
{
    sweep at = sweep_begin(sorted, count);
    tuwen_point found = point_of(&at);
    while (sweep_next(&at)) {
        tuwen_point point = point_of(&at);
        if (best == TUWEN_BEST_F1 ? point.f1 > found.f1 : point.accuracy > found.accuracy)
            found = point;
    }
    return found;
}

tuwen_point tuwen_point_for_false_pass(const tuwen_observation *sorted, size_t count, double rate)
{
    sweep at = sweep_begin(sorted, count), last = at;
    while (sweep_next(&at) && at.wrong <= rate * at.all_wrong)
        last = at;
    return point_of(&last);
}

double tuwen_brier(const tuwen_observation *observations, size_t count)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < count; i++) {
        double off = observations[i].value - (observations[i].match ? 1 : 0);
        sum += observations[i].weight * off * off;
        weight += observations[i].weight;
    }
    return share(sum, weight);
}

double tuwen_log_loss(const tuwen_observation *observations, size_t count)
{
    double sum = 0, weight = 0;
    for (size_t i = 0; i < count; i++) {
        double value = fmin(1 - LEAST_PROBABILITY, fmax(LEAST_PROBABILITY, observations[i].value));
        sum -= observations[i].weight * (observations[i].match ? log(value) : log1p(-value));
        weight += observations[i].weight;
    }
    return share(sum, weight);
}

/* The bin of a value, or of the observation before which so much of all weight lies. */
static size_t bin_of(double part, size_t bin_count)
{
    double at = part * (double)bin_count;
    return at >= (double)bin_count ? bin_count - 1 : at > 0 ? (size_t)at : 0;
}

void tuwen_reliability(const tuwen_observation *sorted, size_t count, tuwen_binning binning, tuwen_bin *bins,
                       size_t bin_count)
{
    memset(bins, 0, bin_count * sizeof *bins);
    double total = 0, before = 0;
    for (size_t i = 0; i < count; i++)
        total += sorted[i].weight;
    for (size_t i = count; i-- > 0;) { /* lowest first */
        const tuwen_observation *one = &sorted[i];
        tuwen_bin *bin = &bins[bin_of(binning == TUWEN_BINS_EQUAL_MASS ? before / total : one->value, bin_count)];
        bin->weight += one->weight;
        bin->value += one->weight * one->value;
        bin->share += one->match ? one->weight : 0;
        before += one->weight;
    }
    for (size_t i = 0; i < bin_count; i++) {
        if (bins[i].weight > 0) {
            bins[i].value /= bins[i].weight;
            bins[i].share /= bins[i].weight;
        }
    }
}

double tuwen_calibration_error(const tuwen_observation *sorted, size_t count, tuwen_binning binning, size_t bin_count)
{
    tuwen_bin bins[MOST_BINS];
    if (bin_count < 1 || bin_count > MOST_BINS)
        return (double)NAN;
    tuwen_reliability(sorted, count, binning, bins, bin_count);
    double sum = 0, weight = 0;
    for (size_t i = 0; i < bin_count; i++) {
        sum += bins[i].weight * fabs(bins[i].value - bins[i].share);
        weight += bins[i].weight;
    }
    return share(sum, weight);
}

/* The bootstrap. */

static int rising(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* The quantile of sorted numbers, with a line drawn between neighbours; both at infinity give infinity. */
static double quantile(const double *numbers, size_t count, double part)
{
    double place = part * (double)(count - 1);
    size_t below = (size_t)place;
    double rest = place - (double)below;
    if (below + 1 >= count || rest <= 0 || numbers[below] >= numbers[below + 1])
        return numbers[below < count ? below : count - 1];
    return numbers[below] + rest * (numbers[below + 1] - numbers[below]);
}

typedef struct bootstrap {
    tuwen_observation *drawn; /* [count] */
    uint32_t *times;          /* [groups]: how often each was drawn */
    double *figures;          /* [figure_count] of a round */
    double *all;              /* [figure_count][rounds] */
    size_t *counts;           /* [figure_count]: rounds in which there was one */
} bootstrap;

static bool make_bootstrap(bootstrap *with, size_t count, size_t groups, size_t rounds, size_t figure_count)
{
    with->drawn = tw_alloc(count, sizeof *with->drawn);
    with->times = tw_alloc(groups, sizeof *with->times);
    with->figures = tw_alloc(figure_count, sizeof *with->figures);
    with->counts = tw_alloc_zero(figure_count, sizeof *with->counts);
    with->all =
        figure_count <= SIZE_MAX / sizeof(double) / rounds ? tw_alloc(figure_count * rounds, sizeof(double)) : NULL;
    return with->drawn && with->times && with->figures && with->counts && with->all;
}

static void free_bootstrap(bootstrap *with)
{
    tw_free(with->drawn);
    tw_free(with->times);
    tw_free(with->figures);
    tw_free(with->counts);
    tw_free(with->all);
}

/* One round: whole groups are drawn, and an observation weighs as often as its group was. */
static void draw_round(bootstrap *with, size_t count, uint32_t groups, tw_draws *draws)
{
    memset(with->times, 0, groups * sizeof *with->times);
    for (uint32_t i = 0; i < groups; i++)
        with->times[tw_draw_below(draws, groups)]++;
    for (size_t i = 0; i < count; i++)
        with->drawn[i].weight = with->times[with->drawn[i].group];
}

/* Numbers the groups that occur from 0 on, in the order of the observations; returns how many there are. */
static tuwen_status number_groups(tuwen_observation *observations, size_t count, uint32_t *groups, tuwen_error *error)
{
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = observations[i].group > most ? observations[i].group : most;
    uint32_t *numbers = tw_alloc_zero((size_t)most + 1, sizeof *numbers);
    if (!numbers)
        return tw_fail_memory(error, "the groups");
    *groups = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t *number = &numbers[observations[i].group];
        if (*number == 0)
            *number = ++*groups;
        observations[i].group = *number - 1;
    }
    tw_free(numbers);
    return TUWEN_OK;
}

static void run_rounds(bootstrap *with, size_t count, uint32_t groups, uint64_t seed, size_t rounds,
                       tuwen_figures_function function, void *user, size_t figure_count)
{
    tw_draws draws = {seed};
    for (size_t round = 0; round < rounds; round++) {
        draw_round(with, count, groups, &draws);
        function(user, with->drawn, count, with->figures);
        for (size_t i = 0; i < figure_count; i++)
            if (!isnan(with->figures[i]))
                with->all[i * rounds + with->counts[i]++] = with->figures[i];
    }
}

tuwen_status tuwen_bootstrap(const tuwen_observation *sorted, size_t count, uint64_t seed, int rounds, double level,
                             tuwen_figures_function function, void *user, tuwen_interval *intervals,
                             size_t figure_count, tuwen_error *error)
{
    if (count < 1 || count > UINT32_MAX || rounds < 1 || rounds > 100000 || !(level > 0 && level < 1) ||
        figure_count < 1)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "a bootstrap of %zu observations in %d rounds for %g of them is none", count, rounds, level);
    bootstrap with = {0};
    uint32_t groups = 0;
    tuwen_status status = TUWEN_OK;
    if (!make_bootstrap(&with, count, count, (size_t)rounds, figure_count))
        status = tw_fail_memory(error, "a bootstrap");
    if (status == TUWEN_OK) {
        memcpy(with.drawn, sorted, count * sizeof *sorted);
        status = number_groups(with.drawn, count, &groups, error);
    }
    if (status == TUWEN_OK)
        run_rounds(&with, count, groups, seed, (size_t)rounds, function, user, figure_count);
    for (size_t i = 0; status == TUWEN_OK && i < figure_count; i++) {
        double *numbers = with.all + i * (size_t)rounds;
        size_t there = with.counts[i];
        intervals[i] = (tuwen_interval){(double)NAN, (double)NAN};
        if (there == 0)
            continue;
        qsort(numbers, there, sizeof *numbers, rising);
        intervals[i].low = quantile(numbers, there, (1 - level) / 2);
        intervals[i].high = quantile(numbers, there, (1 + level) / 2);
    }
    free_bootstrap(&with);
    return status;
}

/* Places. */

/* Sixteen sums side by side, which the compiler turns into vector instructions without reordering any. */
static float dot(const float *a, const float *b, size_t dimension)
{
    float sums[16] = {0};
    size_t i = 0;
    for (; i + 16 <= dimension; i += 16)
        for (size_t j = 0; j < 16; j++)
            sums[j] += a[i + j] * b[i + j];
    float rest = 0;
    for (; i < dimension; i++)
        rest += a[i] * b[i];
    for (size_t j = 0; j < 16; j++)
        rest += sums[j];
    return rest;
}

/* Of one query: `right` is true for its right candidates, `cosines` is scratch, both [candidates]. */
static uint32_t place_of(const float *query, const tuwen_vectors *candidates, const bool *right, float *cosines)
{
    float best = -INFINITY;
    uint32_t place = 0;
    for (size_t i = 0; i < candidates->count; i++) {
        cosines[i] = dot(query, candidates->values + i * candidates->dimension, candidates->dimension);
        if (right[i] && cosines[i] > best)
            best = cosines[i];
    }
    for (size_t i = 0; i < candidates->count; i++)
        place += !right[i] && cosines[i] >= best;
    return place;
}

static int by_query(const void *a, const void *b)
{
    const tuwen_right *left = a, *right = b;
    return left->query < right->query ? -1 : left->query > right->query ? 1 : 0;
}

static tuwen_status check_right(const tuwen_vectors *queries, const tuwen_vectors *candidates,
                                const tuwen_right *right, size_t right_count, tuwen_error *error)
{
    if (queries->dimension != candidates->dimension || candidates->count >= TUWEN_NO_PLACE)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "vectors of %zu and of %zu numbers cannot be compared",
                       queries->dimension, candidates->dimension);
    for (size_t i = 0; i < right_count; i++)
        if (right[i].query >= queries->count || right[i].candidate >= candidates->count)
            return tw_fail(error, TUWEN_INVALID_ARGUMENT, "right answer %zu names what is not there", i);
    return TUWEN_OK;
}

tuwen_status tuwen_places(const tuwen_vectors *queries, const tuwen_vectors *candidates, const tuwen_right *right,
                          size_t right_count, uint32_t *places, tuwen_error *error)
{
    tuwen_status status = check_right(queries, candidates, right, right_count, error);
    if (status != TUWEN_OK)
        return status;
    tuwen_right *ordered = tw_alloc(right_count, sizeof *ordered);
    bool *is_right = tw_alloc_zero(candidates->count, sizeof *is_right);
    float *cosines = tw_alloc(candidates->count, sizeof *cosines);
    bool good = ordered && is_right && cosines;
    if (good && right_count > 0) {
        memcpy(ordered, right, right_count * sizeof *right);
        qsort(ordered, right_count, sizeof *ordered, by_query);
    }
    size_t at = 0;
    for (uint32_t query = 0; good && query < queries->count; query++) {
        size_t first = at;
        for (; at < right_count && ordered[at].query == query; at++)
            is_right[ordered[at].candidate] = true;
        places[query] = TUWEN_NO_PLACE;
        if (at > first)
            places[query] = place_of(queries->values + query * queries->dimension, candidates, is_right, cosines);
        for (size_t i = first; i < at; i++)
            is_right[ordered[i].candidate] = false;
    }
    tw_free(ordered);
    tw_free(is_right);
    tw_free(cosines);
    return good ? TUWEN_OK : tw_fail_memory(error, "the places");
}
