/* SPDX-License-Identifier: Apache-2.0 */
/* Fitting probabilities to labels. Few numbers are solved for, so everything is plain double arithmetic. */
#include "engine/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { UNKNOWNS = TW_FEATURES + 1, MOST_STEPS = 100, MOST_HALVINGS = 40 };

/* A step that changes the loss by less than this part of it is the last. */
#define LEAST_GAIN 1e-14

double tw_sigmoid(double log_odds)
{
    return log_odds >= 0 ? 1 / (1 + exp(-log_odds)) : exp(log_odds) / (1 + exp(log_odds));
}

double tw_log_odds(double probability)
{
    return log(probability) - log1p(-probability);
}

double tw_logistic_margin(const tw_logistic *fit, const double features[TW_FEATURES])
{
    double sum = fit->intercept;
    for (int i = 0; i < TW_FEATURES; i++)
        sum += fit->slopes[i] * features[i];
    return sum;
}

/* What is being solved: slopes of features that are brought to mean 0 and deviation 1, and last the intercept. */
typedef struct problem {
    const tw_example *examples;
    size_t count;
    int features;
    double ridge;
    double targets[2]; /* of labels no and yes */
    double means[TW_FEATURES], deviations[TW_FEATURES];
} problem;

static void standardise(problem *of)
{
    for (int i = 0; i < of->features; i++) {
        double sum = 0, squares = 0;
        for (size_t j = 0; j < of->count; j++)
            sum += of->examples[j].features[i];
        of->means[i] = sum / (double)of->count;
        for (size_t j = 0; j < of->count; j++) {
            double off = of->examples[j].features[i] - of->means[i];
            squares += off * off;
        }
        double deviation = sqrt(squares / (double)of->count);
        of->deviations[i] = deviation > 0 ? deviation : 1;
    }
}

/* Row of the equations: the standardised features, then 1 for the intercept. */
static void row_of(const problem *of, const tw_example *example, double row[UNKNOWNS])
{
    for (int i = 0; i < of->features; i++)
        row[i] = (example->features[i] - of->means[i]) / of->deviations[i];
    row[of->features] = 1;
}

/* log(1 + exp(x)) without overflow. */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* The loss at `at`; with `gradient` also that and the (symmetric) matrix of second derivatives. */
static double loss_at(const problem *of, const double *at, double *gradient, double hessian[UNKNOWNS][UNKNOWNS])
{
    int unknowns = of->features + 1;
    double loss = 0;
    for (int i = 0; gradient && i < unknowns; i++) {
        gradient[i] = i < of->features ? of->ridge * at[i] : 0;
        for (int j = 0; j < unknowns; j++)
            hessian[i][j] = i == j && i < of->features ? of->ridge : 0;
    }
    for (int i = 0; i < of->features; i++)
        loss += of->ridge / 2 * at[i] * at[i];
    for (size_t n = 0; n < of->count; n++) {
        double row[UNKNOWNS], margin = 0, target = of->targets[of->examples[n].match];
        row_of(of, &of->examples[n], row);
        for (int i = 0; i < unknowns; i++)
            margin += at[i] * row[i];
        loss += softplus(margin) - target * margin;
        double probability = tw_sigmoid(margin);
        for (int i = 0; gradient && i < unknowns; i++) {
            gradient[i] += (probability - target) * row[i];
            for (int j = 0; j <= i; j++)
                hessian[i][j] += probability * (1 - probability) * row[i] * row[j];
        }
    }
    return loss;
}

/* Solves hessian * step = gradient by Cholesky's factors, in place; only the lower half is read. False if the matrix is
 * not positive definite in these numbers. */
static bool solve(int unknowns, double hessian[UNKNOWNS][UNKNOWNS], const double *gradient, double *step)
{
    for (int i = 0; i < unknowns; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = hessian[i][j];
            for (int k = 0; k < j; k++)
                sum -= hessian[i][k] * hessian[j][k];
            if (i == j && !(sum > 0))
                return false;
            hessian[i][j] = i == j ? sqrt(sum) : sum / hessian[j][j];
        }
    }
    for (int i = 0; i < unknowns; i++) {
        step[i] = gradient[i];
        for (int k = 0; k < i; k++)
            step[i] -= hessian[i][k] * step[k];
        step[i] /= hessian[i][i];
    }
    for (int i = unknowns; i-- > 0;) {
        for (int k = i + 1; k < unknowns; k++)
            step[i] -= hessian[k][i] * step[k];
        step[i] /= hessian[i][i];
    }
    return true;
}

/* One step of Newton's method, halved until the loss falls. False when there is none left worth making. */
static bool newton_step(const problem *of, double *at, double *loss)
{
    int unknowns = of->features + 1;
    double gradient[UNKNOWNS], hessian[UNKNOWNS][UNKNOWNS], step[UNKNOWNS], next[UNKNOWNS];
    double before = loss_at(of, at, gradient, hessian);
    if (!solve(unknowns, hessian, gradient, step))
        return false;
    double scale = 1;
    for (int halvings = 0; halvings < MOST_HALVINGS; halvings++, scale /= 2) {
        for (int i = 0; i < unknowns; i++)
            next[i] = at[i] - scale * step[i];
        *loss = loss_at(of, next, NULL, NULL);
        if (*loss < before) {
            memcpy(at, next, sizeof next);
            return before - *loss > LEAST_GAIN * before;
        }
    }
    return false;
}

void tw_logistic_fit(const tw_example *examples, size_t count, const tw_logistic_options *options, tw_logistic *fit)
{
    double yes = 0;
    *fit = (tw_logistic){0};
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        yes += examples[i].match;
    double no = (double)count - yes;
    problem of = {.examples = examples,
                  .count = count,
                  .features = options->features,
                  .ridge = options->ridge,
                  .targets = {options->softened ? 1 / (no + 2) : 0, options->softened ? (yes + 1) / (yes + 2) : 1}};
    standardise(&of);
    double at[UNKNOWNS] = {0}, loss;
    at[of.features] = tw_log_odds((yes + 1) / ((double)count + 2));
    for (int steps = 0; steps < MOST_STEPS && newton_step(&of, at, &loss); steps++)
        continue;
    fit->intercept = at[of.features];
    for (int i = 0; i < of.features; i++) {
        fit->slopes[i] = at[i] / of.deviations[i];
        fit->intercept -= fit->slopes[i] * of.means[i];
    }
}

/* Isotonic regression. */

static int by_x(const void *a, const void *b)
{
    double left = ((const tw_graded *)a)->x, right = ((const tw_graded *)b)->x;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Numbers in a row whose level is the same. */
typedef struct level {
    double first, last; /* x */
    double matches, count;
} level;

static double height(const level *of)
{
    return of->matches / of->count;
}

/* Levels of sorted numbers: equal numbers make one, and a level that is not above the one before joins it. */
static size_t pool(const tw_graded *graded, size_t count, level *levels)
{
    size_t used = 0;
    for (size_t i = 0; i < count;) {
        level next = {.first = graded[i].x, .last = graded[i].x};
        for (; i < count && graded[i].x <= next.first; i++) {
            next.matches += graded[i].match;
            next.count++;
        }
        while (used > 0 && height(&levels[used - 1]) >= height(&next)) {
            used--;
            next.first = levels[used].first;
            next.matches += levels[used].matches;
            next.count += levels[used].count;
        }
        levels[used++] = next;
    }
    return used;
}

tuwen_status tw_curve_fit(tw_graded *graded, size_t count, tw_curve *curve, tuwen_error *error)
{
    *curve = (tw_curve){0};
    qsort(graded, count, sizeof *graded, by_x);
    level *levels = tw_alloc(count, sizeof *levels);
    size_t used = levels ? pool(graded, count, levels) : 0;
    curve->points = used > 0 ? tw_alloc(2 * used, sizeof *curve->points) : NULL;
    if (!curve->points) {
        tw_free(levels);
        return tw_fail_memory(error, "a curve");
    }
    double least = 1 / ((double)count + 2);
    for (size_t i = 0; i < used; i++) {
        double y = fmin(1 - least, fmax(least, height(&levels[i])));
        curve->points[curve->count++] = (tw_curve_point){levels[i].first, y};
        if (levels[i].last > levels[i].first)
            curve->points[curve->count++] = (tw_curve_point){levels[i].last, y};
    }
    tw_free(levels);
    return TUWEN_OK;
}

double tw_curve_at(const tw_curve *curve, double x)
{
    const tw_curve_point *points = curve->points;
    if (x <= points[0].x)
        return points[0].y;
    size_t low = 0, high = curve->count;
    while (high - low > 1) { /* points[low].x <= x, and x < points[high].x if there is one */
        size_t middle = low + (high - low) / 2;
        if (points[middle].x <= x)
            low = middle;
        else
            high = middle;
    }
    if (low + 1 >= curve->count)
        return points[low].y;
    double part = (x - points[low].x) / (points[low + 1].x - points[low].x);
    return points[low].y + part * (points[low + 1].y - points[low].y);
}

void tw_curve_free(tw_curve *curve)
{
    tw_free(curve->points);
    *curve = (tw_curve){0};
}
