/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `tuwen calibrate`: what was found out, as text, JSON and a drawing. Only calibrate*.c include this. */
#ifndef TUWEN_CLI_CALIBRATE_H
#define TUWEN_CLI_CALIBRATE_H

#include "cli.h"
#include "pairs.h"
#include "tuwen/profile.h"

enum { CALIBRATE_BINS = 15 };
#define CALIBRATE_LEVEL 0.95

enum calibrate_figure {
    FIGURE_ERROR,      /* expected calibration error, bins of equal width */
    FIGURE_ERROR_MASS, /* of equal mass */
    FIGURE_BRIER,
    FIGURE_LOG_LOSS,
    FIGURE_AUC,
    CALIBRATE_FIGURES
};

/* A figure of the labels, and where 95 % of the bootstrap's are. */
struct calibrate_value {
    double value;
    tuwen_interval interval;
};

/* How one way fared out of fold. */
struct calibrate_way {
    const tuwen_observation *sorted; /* NULL: not tried */
    size_t count;
    struct calibrate_value figures[CALIBRATE_FIGURES];
};

struct calibrate_point {
    double rate; /* wanted */
    tuwen_point point;
    tuwen_interval threshold, precision, recall;
};

struct calibration {
    const struct cli *cli;
    const char *input;
    const struct pairs *pairs;
    const tuwen_calibration *made;
    const tuwen_profile_info *profile;
    tuwen_estimate chosen;
    int folds;
    uint64_t seed;
    struct calibrate_way ways[TUWEN_ESTIMATES];
    /* What the profile will say of the labels: the chosen way's, for the profile's share of matching pairs; sorted. */
    tuwen_observation *matches;
    size_t match_count;
    struct calibrate_point false_pass;
    const char *saved; /* where; NULL: nowhere */
};

/* Computes the figures with their intervals. False after a complaint, or Ctrl-C. Free with calibration_free in either case. */
bool calibration_measure(struct calibration *of);
void calibration_free(struct calibration *of);

/* What passes from this probability on, where matching pairs have the profile's share. */
tuwen_point calibration_point_at(const struct calibration *of, double threshold);

/* The name of a way for people, and for programs. */
const char *calibration_way_name(tuwen_estimate way);
const char *calibration_way_key(tuwen_estimate way);

void calibration_print(const struct calibration *of);
bool calibration_print_json(const struct calibration *of, FILE *stream);
void calibration_draw(const struct calibration *of, FILE *stream);

/* Whether a drawing of ours, or nothing, is there. */
bool calibration_may_draw(const char *path);

#endif
