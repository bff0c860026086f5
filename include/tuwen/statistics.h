/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How well numbers tell pairs that match from pairs that do not: curves, areas, thresholds, calibration, recall.
 *
 * All functions are thread-safe, keep nothing, and but for those with a status cannot fail. A figure that the data cannot
 * give (the area under a curve of nothing but matches, say) is NaN.
 */
#ifndef TUWEN_STATISTICS_H
#define TUWEN_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuwen/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A number that was given to a pair, and whether the pair matches in truth. */
typedef struct tuwen_observation {
    double value;
    double weight;  /* usually 1 */
    uint32_t group; /* observations of one group (a picture, say) depend on one another */
    bool match;
} tuwen_observation;

/* Sorts by falling value. Functions that take `sorted` observations want this order. */
TUWEN_API void tuwen_observations_sort(tuwen_observation *observations, size_t count);

/* Area under the receiver operating characteristic: how often a matching pair has a higher value than another one. */
TUWEN_API double tuwen_auc(const tuwen_observation *sorted, size_t count);

/* Precision at each threshold, weighted by the recall that is won there (not interpolated). */
TUWEN_API double tuwen_average_precision(const tuwen_observation *sorted, size_t count);

/* What happens when pairs with at least this value pass. */
typedef struct tuwen_point {
    double threshold;  /* infinity: nothing passes */
    double precision;  /* share of what passes that matches; NaN if nothing passes */
    double recall;     /* share of what matches that passes */
    double false_pass; /* share of what does not match that passes */
    double f1, accuracy;
} tuwen_point;

TUWEN_API tuwen_point tuwen_point_at(const tuwen_observation *sorted, size_t count, double threshold);

typedef enum tuwen_best { TUWEN_BEST_F1 = 0, TUWEN_BEST_ACCURACY = 1 } tuwen_best;

/* The threshold, among the values that occur, with the best F1 or accuracy; of equally good ones the highest. */
TUWEN_API tuwen_point tuwen_point_best(const tuwen_observation *sorted, size_t count, tuwen_best best);

/* The lowest threshold, among the values that occur, which at most `rate` of the pairs that do not match pass. */
TUWEN_API tuwen_point tuwen_point_for_false_pass(const tuwen_observation *sorted, size_t count, double rate);

/* Of values that are probabilities. The log loss takes values as at least 1e-15 away from 0 and 1. */
TUWEN_API double tuwen_brier(const tuwen_observation *observations, size_t count);
TUWEN_API double tuwen_log_loss(const tuwen_observation *observations, size_t count);

typedef enum tuwen_binning {
    TUWEN_BINS_EQUAL_WIDTH = 0, /* of values from 0 to 1 */
    TUWEN_BINS_EQUAL_MASS = 1   /* in each the same weight of observations */
} tuwen_binning;

typedef struct tuwen_bin {
    double weight; /* 0: an empty bin, whose other numbers are 0 too */
    double value;  /* the mean */
    double share;  /* of matches */
} tuwen_bin;

/* The reliability curve of sorted probabilities: [count] bins, lowest values first. */
TUWEN_API void tuwen_reliability(const tuwen_observation *sorted, size_t count, tuwen_binning binning,
                                 tuwen_bin *bins, size_t bin_count);

/* Expected calibration error: the mean difference of value and share over those bins, by weight. At most 100 bins. */
TUWEN_API double tuwen_calibration_error(const tuwen_observation *sorted, size_t count, tuwen_binning binning,
                                         size_t bin_count);

typedef struct tuwen_interval {
    double low, high;
} tuwen_interval;

/* Computes figures from sorted observations into `figures`. */
typedef void (*tuwen_figures_function)(void *user, const tuwen_observation *sorted, size_t count, double *figures);

/*
 * Percentile bootstrap: `rounds` times (1 to 100000) draws whole groups with replacement, as many as there are, and computes
 * the figures; `intervals` [figure_count] get what lies between the outer (1 - level) / 2 on both sides. Rounds in which a
 * figure is NaN do not count for it. The same seed gives the same intervals. `sorted` must all have weight 1. Errors:
 * INVALID_ARGUMENT, OUT_OF_MEMORY.
 */
TUWEN_API tuwen_status tuwen_bootstrap(const tuwen_observation *sorted, size_t count, uint64_t seed, int rounds,
                                       double level, tuwen_figures_function function, void *user,
                                       tuwen_interval *intervals, size_t figure_count, tuwen_error *error);

/* Vectors of one dimension and of length 1: [count][dimension]. */
typedef struct tuwen_vectors {
    const float *values;
    size_t count, dimension;
} tuwen_vectors;

/* A right answer: this candidate belongs to this query. */
typedef struct tuwen_right {
    uint32_t query, candidate;
} tuwen_right;

#define TUWEN_NO_PLACE UINT32_MAX

/*
 * For each query the place of its best right candidate: how many wrong candidates have at least its cosine (0: it comes
 * first, so recall at k is the share of places below k). TUWEN_NO_PLACE for a query without a right candidate. Errors:
 * INVALID_ARGUMENT, OUT_OF_MEMORY.
 */
TUWEN_API tuwen_status tuwen_places(const tuwen_vectors *queries, const tuwen_vectors *candidates,
                                    const tuwen_right *right, size_t right_count, uint32_t *places,
                                    tuwen_error *error);

#ifdef __cplusplus
}
#endif

#endif
