/* SPDX-License-Identifier: Apache-2.0 */
/* Fitting probabilities to labels: regularised logistic regression, Platt scaling, isotonic regression. */
#ifndef TW_ENGINE_FIT_H
#define TW_ENGINE_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Most features of a logistic regression: a cosine, and how picture and text stand to the background. */
#define TW_FEATURES 3

typedef struct tw_example {
    double features[TW_FEATURES];
    bool match;
} tw_example;

/* The log odds of a match are intercept + sum of slopes[i] * features[i]. */
typedef struct tw_logistic {
    double intercept;
    double slopes[TW_FEATURES]; /* 0 for features that were not used */
} tw_logistic;

typedef struct tw_logistic_options {
    int features;  /* the first ones that are used, 1 to TW_FEATURES */
    double ridge;  /* the penalty is ridge / 2 times the squared slopes of features brought to deviation 1 */
    bool softened; /* Platt's targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2) in the place of 1 and 0 */
} tw_logistic_options;

/* Finds the minimum of log loss (summed) and penalty by Newton's method. Without ridge and targets, labels that a feature
 * separates have none: it stops then where the gain is below rounding. Of no examples comes 0. */
void tw_logistic_fit(const tw_example *examples, size_t count, const tw_logistic_options *options, tw_logistic *fit);

/* The log odds of a match. */
double tw_logistic_margin(const tw_logistic *fit, const double features[TW_FEATURES]);

double tw_sigmoid(double log_odds);
double tw_log_odds(double probability);

/* A rising curve through points, flat outside of them. */
typedef struct tw_curve_point {
    double x, y;
} tw_curve_point;
typedef struct tw_curve {
    tw_curve_point *points; /* from tw_alloc; x and y rising, at least one */
    size_t count;
} tw_curve;

/* A number with its label, for a curve. */
typedef struct tw_graded {
    double x;
    bool match;
} tw_graded;

/*
 * The rising curve with the least squared error (pool adjacent violators), through both ends of each level of it, kept
 * 1 / (count + 2) away from 0 and 1, since that many labels do not tell more. Sorts `graded`. Free with tw_curve_free.
 */
tuwen_status tw_curve_fit(tw_graded *graded, size_t count, tw_curve *curve, tuwen_error *error);

double tw_curve_at(const tw_curve *curve, double x);

/* Accepts a zeroed curve, and leaves it so. */
void tw_curve_free(tw_curve *curve);

#endif
