/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `tuwen calibrate` prints, in 80 columns:
 *
 *                         error          Brier       log loss            AUC
 *     clamp-and-scale     0.040          0.108          0.383          0.919
 *                [0.034, 0.046] ...
 */
#include <math.h>
#include <string.h>

#include "buffer.h"
#include "calibrate.h"
#include "json_bytes.h"
#include "places.h"

enum { INDENT = 2, NAME = 16, WIDTH = 15, POINT = 12 };

static const double thresholds[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};
enum { THRESHOLDS = sizeof thresholds / sizeof *thresholds };

/* Pads from the left, by columns. */
static void print_right(const char *text, size_t width)
{
    size_t length = text_width(text, strlen(text));
    pad(stdout, width > length ? width - length : 0);
    fputs(text, stdout);
}

static void print_left(const char *text, size_t width)
{
    size_t length = text_width(text, strlen(text));
    fputs(text, stdout);
    pad(stdout, width > length ? width - length : 0);
}

/* A number, or a dash where there is none. */
static struct number_text number_or_dash(double number, int decimals)
{
    return isfinite(number) ? number_text(number, decimals) : (struct number_text){"-"};
}

static struct number_text interval_text(tuwen_interval interval)
{
    struct number_text text;
    snprintf(text.text, sizeof text.text, "[%.10s, %.10s]", number_or_dash(interval.low, 3).text,
             number_or_dash(interval.high, 3).text);
    return text;
}

static void print_ways(const struct calibration *of)
{
    static const enum calibrate_figure shown[] = {FIGURE_ERROR, FIGURE_BRIER, FIGURE_LOG_LOSS, FIGURE_AUC};
    static const enum message heads[] = {SAY_HEAD_ERROR, SAY_HEAD_BRIER, SAY_HEAD_LOG_LOSS, SAY_HEAD_AUC};
    const struct terminal *terminal = &of->cli->terminal;
    fputs(style_of(terminal, STYLE_FAINT), stdout);
    pad(stdout, INDENT + NAME);
    for (size_t i = 0; i < 4; i++)
        print_right(text_of(heads[i]), WIDTH);
    printf("%s\n", style_of(terminal, STYLE_PLAIN));
    for (int i = 0; i < TUWEN_ESTIMATES; i++) {
        const struct calibrate_way *way = &of->ways[i];
        if (!way->sorted)
            continue;
        bool chosen = (tuwen_estimate)i == of->chosen;
        printf("%s%s", style_of(terminal, chosen ? STYLE_BOLD : STYLE_PLAIN), chosen ? "* " : "  ");
        print_left(calibration_way_name((tuwen_estimate)i), NAME);
        for (size_t j = 0; j < 4; j++)
            print_right(number_or_dash(way->figures[shown[j]].value, 4).text, WIDTH);
        printf("%s\n%s", style_of(terminal, STYLE_PLAIN), style_of(terminal, STYLE_FAINT));
        pad(stdout, INDENT + NAME);
        for (size_t j = 0; j < 4; j++)
            print_right(interval_text(way->figures[shown[j]].interval).text, WIDTH);
        printf("%s\n", style_of(terminal, STYLE_PLAIN));
    }
}

static void print_thresholds(const struct calibration *of)
{
    static const enum message heads[] = {SAY_HEAD_FROM, SAY_HEAD_PRECISION, SAY_HEAD_RECALL, SAY_HEAD_FALSE_PASS,
                                         SAY_HEAD_F1};
    fputs(style_of(&of->cli->terminal, STYLE_FAINT), stdout);
    pad(stdout, INDENT);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        print_right(text_of(heads[i]), POINT);
    printf("%s\n", style_of(&of->cli->terminal, STYLE_PLAIN));
    for (size_t i = 0; i < THRESHOLDS; i++) {
        tuwen_point point = calibration_point_at(of, thresholds[i]);
        const double numbers[] = {point.precision, point.recall, point.false_pass, point.f1};
        pad(stdout, INDENT);
        print_right(number_text(thresholds[i], 2).text, POINT);
        for (size_t j = 0; j < 4; j++)
            print_right(number_or_dash(numbers[j], 3).text, POINT);
        putchar('\n');
    }
}

static void print_message(enum message message, const char *const *arguments)
{
    char line[512];
    message_format(line, sizeof line, message, arguments);
    text_print(stdout, line, strlen(line), 0);
    putchar('\n');
}

static struct number_text percent(double share, int decimals)
{
    struct number_text text;
    snprintf(text.text, sizeof text.text, "%s", number_or_dash(100 * share, decimals).text);
    return text;
}

static void print_false_pass(const struct calibration *of)
{
    const struct calibrate_point *at = &of->false_pass;
    char facts[256];
    if (isinf(at->point.threshold)) {
        print_message(SAY_CALIBRATE_NO_PASS, WITH(percent(at->rate, 1).text));
        return;
    }
    message_format(facts, sizeof facts, SAY_CALIBRATE_PASS_FACTS,
                   WITH(number_text(at->point.precision, 3).text, interval_text(at->precision).text,
                        number_text(at->point.recall, 3).text, interval_text(at->recall).text));
    print_message(SAY_CALIBRATE_PASS, WITH(percent(at->rate, 1).text, number_text(at->point.threshold, 3).text,
                                           interval_text(at->threshold).text, facts));
}

static void print_bands(const struct calibration *of)
{
    for (int band = TUWEN_BAND_VERY_HIGH; band > TUWEN_BAND_MISMATCH; band--) {
        double from = (double)of->profile->band_from[band];
        tuwen_point point = calibration_point_at(of, from);
        print_message(SAY_CALIBRATE_BAND,
                      WITH(tuwen_band_name((tuwen_band)band, messages_language()), number_text(from, 2).text,
                           percent(point.precision, 1).text, percent(point.recall, 1).text));
    }
}

static void print_labels(const struct calibration *of)
{
    const struct pairs *pairs = of->pairs;
    char pictures[256];
    message_format(pictures, sizeof pictures, SAY_CALIBRATE_PICTURES,
                   WITH(PICTURES_TEXT(pairs->pictures.count).text, TEXTS_TEXT(pairs->texts.count).text));
    print_message(SAY_CALIBRATE_LABELS, WITH(of->input, number_text((double)pairs->yes, 0).text,
                                             number_text((double)pairs->no, 0).text, pictures));
    if (of->profile->by_language)
        puts(text_of(SAY_CALIBRATE_APART));
    printf("\n");
    print_message(SAY_CALIBRATE_FOLDS, WITH(number_text(of->folds, 0).text, number_text((double)of->seed, 0).text));
}

void calibration_print(const struct calibration *of)
{
    print_labels(of);
    print_ways(of);
    printf("\n");
    print_message(of->profile->isotonic   ? SAY_CALIBRATE_CHOSEN_ISOTONIC
                  : of->profile->contrast ? SAY_CALIBRATE_CHOSEN_CONTRAST
                                          : SAY_CALIBRATE_CHOSEN_LOGISTIC,
                  NULL);
    print_message(SAY_CALIBRATE_PRIOR, WITH(percent(of->profile->prior, 1).text));
    printf("\n");
    print_thresholds(of);
    printf("\n");
    print_false_pass(of);
    print_bands(of);
    if (of->saved) {
        char shown[PATH_MAX];
        path_for_people(shown, of->saved);
        printf("\n");
        print_message(SAY_PROFILE_SAVED, WITH(shown));
    }
}

/* JSON. */

static void add_number(struct buffer *to, const char *key, double number)
{
    if (isfinite(number))
        BUFFER_FORMAT(to, "\"%s\":%.6g", key, number);
    else
        BUFFER_FORMAT(to, "\"%s\":null", key);
}

static void add_interval(struct buffer *to, const char *key, double value, tuwen_interval interval)
{
    BUFFER_FORMAT(to, "\"%s\":{", key);
    add_number(to, "value", value);
    buffer_text(to, ",");
    add_number(to, "low", interval.low);
    buffer_text(to, ",");
    add_number(to, "high", interval.high);
    buffer_text(to, "}");
}

static void add_ways(struct buffer *to, const struct calibration *of)
{
    static const char *const keys[CALIBRATE_FIGURES] = {"calibration_error", "calibration_error_equal_mass", "brier",
                                                        "log_loss", "auc"};
    bool first = true;
    buffer_text(to, "\"ways\":[");
    for (int i = 0; i < TUWEN_ESTIMATES; i++) {
        const struct calibrate_way *way = &of->ways[i];
        if (!way->sorted)
            continue;
        BUFFER_FORMAT(to, "%s\n{\"way\":\"%s\"", first ? "" : ",", calibration_way_key((tuwen_estimate)i));
        for (size_t j = 0; j < CALIBRATE_FIGURES; j++) {
            buffer_text(to, ",");
            add_interval(to, keys[j], way->figures[j].value, way->figures[j].interval);
        }
        buffer_text(to, "}");
        first = false;
    }
    buffer_text(to, "\n],");
}

static void add_reliability(struct buffer *to, const struct calibration *of)
{
    tuwen_bin bins[CALIBRATE_BINS];
    const struct calibrate_way *chosen = &of->ways[of->chosen];
    tuwen_reliability(chosen->sorted, chosen->count, TUWEN_BINS_EQUAL_MASS, bins, CALIBRATE_BINS);
    buffer_text(to, "\"reliability\":[");
    for (size_t i = 0; i < CALIBRATE_BINS; i++)
        BUFFER_FORMAT(to, "%s\n{\"pairs\":%.0f,\"said\":%.6g,\"matching\":%.6g}", i ? "," : "", bins[i].weight,
                      bins[i].value, bins[i].share);
    buffer_text(to, "\n],");
}

static void add_point(struct buffer *to, const tuwen_point *point)
{
    add_number(to, "precision", point->precision);
    buffer_text(to, ",");
    add_number(to, "recall", point->recall);
    buffer_text(to, ",");
    add_number(to, "false_pass", point->false_pass);
    buffer_text(to, ",");
    add_number(to, "f1", point->f1);
    buffer_text(to, ",");
    add_number(to, "accuracy", point->accuracy);
}

static void add_points(struct buffer *to, const struct calibration *of)
{
    const struct calibrate_point *at = &of->false_pass;
    buffer_text(to, "\"thresholds\":[");
    for (int i = 1; i < 20; i++) {
        tuwen_point point = calibration_point_at(of, i / 20.0);
        BUFFER_FORMAT(to, "%s\n{\"match\":%.2f,", i > 1 ? "," : "", i / 20.0);
        add_point(to, &point);
        buffer_text(to, "}");
    }
    BUFFER_FORMAT(to, "\n],\"false_pass\":{\"rate\":%.6g,", at->rate);
    add_interval(to, "match", at->point.threshold, at->threshold);
    buffer_text(to, ",");
    add_interval(to, "precision", at->point.precision, at->precision);
    buffer_text(to, ",");
    add_interval(to, "recall", at->point.recall, at->recall);
    buffer_text(to, "},\"bands\":[");
    for (int band = TUWEN_BAND_VERY_HIGH; band > TUWEN_BAND_MISMATCH; band--) {
        tuwen_point point = calibration_point_at(of, (double)of->profile->band_from[band]);
        BUFFER_FORMAT(to, "%s\n{\"band\":\"%s\",\"match\":%.6g,", band == TUWEN_BAND_VERY_HIGH ? "" : ",",
                      tuwen_band_name((tuwen_band)band, TUWEN_ENGLISH), (double)of->profile->band_from[band]);
        add_point(to, &point);
        buffer_text(to, "}");
    }
    buffer_text(to, "\n]");
}

static void add_text(struct buffer *to, const char *key, const char *text)
{
    BUFFER_FORMAT(to, "\"%s\":", key);
    if (text)
        json_bytes(to, text, strlen(text));
    else
        buffer_text(to, "null");
    buffer_text(to, ",");
}

bool calibration_print_json(const struct calibration *of, FILE *stream)
{
    const struct pairs *pairs = of->pairs;
    struct buffer to = {0};
    buffer_text(&to, "{");
    add_text(&to, "input", of->input);
    add_text(&to, "profile", of->saved);
    add_text(&to, "model", of->profile->model);
    add_text(&to, "space", of->profile->space);
    add_text(&to, "instruction", of->profile->instruction);
    BUFFER_FORMAT(&to, "\"yes\":%zu,\"no\":%zu,\"pictures\":%zu,\"texts\":%zu,\"bad_rows\":%zu,\"unlabelled\":%zu,",
                  pairs->yes, pairs->no, pairs->pictures.count, pairs->texts.count, pairs->bad_rows, pairs->unsaid);
    BUFFER_FORMAT(&to, "\"folds\":%d,\"seed\":%llu,\"prior\":%.6g,\"by_language\":%s,\"chosen\":\"%s\",\n", of->folds,
                  (unsigned long long)of->seed, of->profile->prior, of->profile->by_language ? "true" : "false",
                  calibration_way_key(of->chosen));
    add_ways(&to, of);
    add_reliability(&to, of);
    add_points(&to, of);
    buffer_text(&to, "}\n");
    bool good = !to.failed;
    if (good)
        fwrite(to.data, 1, to.size, stream);
    buffer_free(&to);
    return good;
}
