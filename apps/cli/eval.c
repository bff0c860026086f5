/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen eval`: how well the model does on the user's own pairs. Of every file recall both ways and CLIPScore; of one with
 * labels how well cosines tell yes from no, and with a profile how true its probabilities are.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cli.h"
#include "input.h"
#include "json_bytes.h"
#include "pairs.h"
#include "profiles.h"

enum { BINS = 15, MOST_METRICS = 24, MOST_FIGURES = 8 };
#define LEVEL 0.95

struct metric {
    const char *key; /* in JSON, and for --fail-under */
    enum message name;
    int decimals;
    double value;
    tuwen_interval interval;
    bool has_least;
    double least; /* by --fail-under */
};

struct eval {
    const struct cli *cli;
    const char *input;
    struct pairs pairs;
    struct checkpoint checkpoint;
    tuwen_profile *profile; /* NULL: none */
    struct metric metrics[MOST_METRICS];
    size_t count;
    tuwen_observation *observations; /* scratch, as many as there are pairs, pictures, texts */
};

static int wrong(enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return usage_error(COMMAND_EVAL);
}

/* Metrics. */

struct named {
    const char *key;
    enum message name;
    int decimals;
};

/* Measures figures of the first `count` observations, which are sorted here. */
static bool measure(struct eval *eval, size_t count, tuwen_figures_function function, void *user,
                    const struct named *named, size_t figures)
{
    double values[MOST_FIGURES];
    tuwen_interval intervals[MOST_FIGURES];
    tuwen_error error = {.language = messages_language()};
    if (count == 0)
        return true;
    uint64_t seed =
        options_given(&eval->cli->options, OPTION_SEED) ? (uint64_t)eval->cli->options.values[OPTION_SEED].number : 1;
    tuwen_observations_sort(eval->observations, count);
    function(user, eval->observations, count, values);
    if (tuwen_bootstrap(eval->observations, count, seed, pairs_rounds(count), LEVEL, function, user, intervals,
                        figures, &error) != TUWEN_OK) {
        complain(SAY_PLAIN, WITH(error.message));
        return false;
    }
    for (size_t i = 0; i < figures && eval->count < MOST_METRICS; i++)
        eval->metrics[eval->count++] = (struct metric){.key = named[i].key,
                                                       .name = named[i].name,
                                                       .decimals = named[i].decimals,
                                                       .value = values[i],
                                                       .interval = intervals[i]};
    return true;
}

static void recall_of(void *user, const tuwen_observation *sorted, size_t count, double *figures)
{
    static const double places[] = {1, 5, 10};
    double all = 0;
    (void)user;
    memset(figures, 0, 3 * sizeof *figures);
    for (size_t i = 0; i < count; i++) {
        all += sorted[i].weight;
        for (size_t j = 0; j < 3; j++)
            figures[j] += sorted[i].value < places[j] ? sorted[i].weight : 0;
    }
    for (size_t j = 0; j < 3; j++)
        figures[j] /= all;
}

/* One way: how often the own candidate of a query is among the first. */
static bool measure_recall(struct eval *eval, bool of_pictures)
{
    static const struct named of_texts[] = {{"text_to_picture_recall_at_1", SAY_EVAL_PICTURES_1, 4},
                                            {"text_to_picture_recall_at_5", SAY_EVAL_PICTURES_5, 4},
                                            {"text_to_picture_recall_at_10", SAY_EVAL_PICTURES_10, 4}};
    static const struct named of_picture[] = {{"picture_to_text_recall_at_1", SAY_EVAL_TEXTS_1, 4},
                                              {"picture_to_text_recall_at_5", SAY_EVAL_TEXTS_5, 4},
                                              {"picture_to_text_recall_at_10", SAY_EVAL_TEXTS_10, 4}};
    struct pairs *pairs = &eval->pairs;
    tuwen_vectors pictures = pairs_pictures(pairs), texts = pairs_texts(pairs);
    const tuwen_vectors *queries = of_pictures ? &pictures : &texts;
    tuwen_right *right = malloc((pairs->own_count + 1) * sizeof *right);
    uint32_t *places = malloc((queries->count + 1) * sizeof *places);
    tuwen_error error = {.language = messages_language()};
    size_t count = 0;
    bool good = right && places;
    for (size_t i = 0; good && i < pairs->own_count; i++)
        right[i] = of_pictures ? pairs->own[i] : (tuwen_right){pairs->own[i].candidate, pairs->own[i].query};
    if (!good)
        complain(SAY_OUT_OF_MEMORY, NULL);
    else if (tuwen_places(queries, of_pictures ? &texts : &pictures, right, pairs->own_count, places, &error) !=
             TUWEN_OK) {
        complain(SAY_PLAIN, WITH(error.message));
        good = false;
    }
    for (uint32_t i = 0; good && i < queries->count; i++)
        if (places[i] != TUWEN_NO_PLACE)
            eval->observations[count++] = (tuwen_observation){.value = places[i], .weight = 1, .group = i};
    free(right);
    free(places);
    return good && measure(eval, count, recall_of, NULL, of_pictures ? of_picture : of_texts, 3);
}

static double cosine_of(const struct pairs *pairs, uint32_t picture, uint32_t text)
{
    size_t dimension = pairs->dimension;
    return (double)tuwen_cosine(pairs->pictures.vectors + picture * dimension,
                                pairs->texts.vectors + text * dimension, dimension);
}

static void mean_of(void *user, const tuwen_observation *sorted, size_t count, double *figures)
{
    double sum = 0, all = 0;
    (void)user;
    for (size_t i = 0; i < count; i++) {
        sum += sorted[i].weight * sorted[i].value;
        all += sorted[i].weight;
    }
    figures[0] = sum / all;
}

/* CLIPScore as torchmetrics has it: the mean of 100 * max(cosine, 0) over pairs that belong together. */
static bool measure_clipscore(struct eval *eval)
{
    static const struct named clipscore = {"clipscore", SAY_EVAL_CLIPSCORE, 2};
    const struct pairs *pairs = &eval->pairs;
    for (size_t i = 0; i < pairs->own_count; i++)
        eval->observations[i] = (tuwen_observation){
            .value = 100 * fmax(0, cosine_of(pairs, pairs->own[i].query, pairs->own[i].candidate)),
            .weight = 1,
            .group = pairs->own[i].query};
    return measure(eval, pairs->own_count, mean_of, NULL, &clipscore, 1);
}

static void telling_of(void *user, const tuwen_observation *sorted, size_t count, double *figures)
{
    (void)user;
    tuwen_point f1 = tuwen_point_best(sorted, count, TUWEN_BEST_F1);
    tuwen_point accuracy = tuwen_point_best(sorted, count, TUWEN_BEST_ACCURACY);
    figures[0] = tuwen_auc(sorted, count);
    figures[1] = tuwen_average_precision(sorted, count);
    figures[2] = f1.f1;
    figures[3] = f1.threshold;
    figures[4] = accuracy.accuracy;
    figures[5] = accuracy.threshold;
}

static void truth_of(void *user, const tuwen_observation *sorted, size_t count, double *figures)
{
    (void)user;
    figures[0] = tuwen_calibration_error(sorted, count, TUWEN_BINS_EQUAL_WIDTH, BINS);
    figures[1] = tuwen_calibration_error(sorted, count, TUWEN_BINS_EQUAL_MASS, BINS);
    figures[2] = tuwen_brier(sorted, count);
    figures[3] = tuwen_log_loss(sorted, count);
    figures[4] = tuwen_auc(sorted, count);
}

/* What the profile says of a pair. */
static double match_of(const struct eval *eval, const tuwen_label *label)
{
    const struct pairs *pairs = &eval->pairs;
    const float *picture = pairs->pictures.vectors + label->picture * pairs->dimension;
    const float *text = pairs->texts.vectors + label->text * pairs->dimension;
    const tuwen_profile_pair pair = {.cosine = (float)cosine_of(pairs, label->picture, label->text),
                                     .picture_level = tuwen_profile_picture_level(eval->profile, picture),
                                     .text_level = tuwen_profile_text_level(eval->profile, text),
                                     .language = pairs->languages[label->text]};
    return (double)tuwen_profile_match(eval->profile, &pair);
}

static bool measure_labels(struct eval *eval)
{
    static const struct named telling[] = {{"auc", SAY_EVAL_AUC, 4},
                                           {"average_precision", SAY_EVAL_AP, 4},
                                           {"best_f1", SAY_EVAL_F1, 4},
                                           {"best_f1_cosine", SAY_EVAL_F1_FROM, 4},
                                           {"best_accuracy", SAY_EVAL_ACCURACY, 4},
                                           {"best_accuracy_cosine", SAY_EVAL_ACCURACY_FROM, 4}};
    static const struct named truth[] = {{"match_calibration_error", SAY_EVAL_ERROR, 4},
                                         {"match_calibration_error_equal_mass", SAY_EVAL_ERROR_MASS, 4},
                                         {"match_brier", SAY_EVAL_BRIER, 4},
                                         {"match_log_loss", SAY_EVAL_LOG_LOSS, 4},
                                         {"match_auc", SAY_EVAL_MATCH_AUC, 4}};
    const struct pairs *pairs = &eval->pairs;
    if (pairs->yes == 0 || pairs->no == 0)
        return true;
    for (int pass = 0; pass < (eval->profile ? 2 : 1); pass++) {
        for (size_t i = 0; i < pairs->label_count; i++) {
            const tuwen_label *label = &pairs->labels[i];
            eval->observations[i] = (tuwen_observation){.value = pass ? match_of(eval, label)
                                                                      : cosine_of(pairs, label->picture, label->text),
                                                        .weight = 1,
                                                        .group = label->picture,
                                                        .match = label->match};
        }
        if (!measure(eval, pairs->label_count, pass ? truth_of : telling_of, NULL, pass ? truth : telling,
                     pass ? sizeof truth / sizeof *truth : sizeof telling / sizeof *telling))
            return false;
    }
    return true;
}

static bool measure_all(struct eval *eval)
{
    const struct pairs *pairs = &eval->pairs;
    size_t room = pairs->label_count + pairs->own_count + pairs->pictures.count + pairs->texts.count + 1;
    eval->observations = calloc(room, sizeof *eval->observations);
    if (!eval->observations) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return false;
    }
    return measure_recall(eval, true) && measure_recall(eval, false) && measure_labels(eval) &&
           measure_clipscore(eval);
}

/* Bounds. */

/* Reads "auc=0.9,picture_to_text_recall_at_1=0.3" into the metrics. False after a complaint. */
static bool read_bounds(struct eval *eval, const char *list)
{
    while (*list) {
        size_t name = strcspn(list, "=,"), i = 0;
        while (i < eval->count &&
               (strlen(eval->metrics[i].key) != name || memcmp(eval->metrics[i].key, list, name) != 0))
            i++;
        char *end = NULL;
        double least = list[name] == '=' ? strtod(list + name + 1, &end) : 0;
        bool good = end && end != list + name + 1 && (*end == ',' || *end == '\0') && isfinite(least);
        if (!good || i == eval->count) {
            char word[96];
            snprintf(word, sizeof word, "%.*s", (int)strcspn(list, ","), list);
            complain(good ? SAY_EVAL_NO_METRIC : SAY_EVAL_BAD_BOUND, WITH(word));
            return false;
        }
        eval->metrics[i].has_least = true;
        eval->metrics[i].least = least;
        list = *end == ',' ? end + 1 : end;
    }
    return true;
}

static bool is_below(const struct metric *metric)
{
    return metric->has_least && !(metric->value >= metric->least);
}

/* Whether match probabilities are measured. */
static bool judges(const struct eval *eval)
{
    return eval->profile && eval->pairs.yes > 0 && eval->pairs.no > 0;
}

static const char *profile_name(const struct eval *eval)
{
    const struct option_value *profile = &eval->cli->options.values[OPTION_PROFILE];
    return profile->given ? profile->text : text_of(SAY_EVAL_PROFILE_OWN);
}

/* Printing. */

static void print_metric(const struct cli *cli, const struct metric *metric)
{
    enum { NAME = 40, VALUE = 9 };
    const char *name = text_of(metric->name);
    struct number_text value = number_text(metric->value, metric->decimals);
    size_t width = text_width(name, strlen(name));
    printf("  %s", name);
    pad(stdout, width < NAME ? NAME - width : 1);
    pad(stdout, strlen(value.text) < VALUE ? VALUE - strlen(value.text) : 0);
    printf("%s%s%s  %s[%s, %s]%s", style_of(&cli->terminal, STYLE_BOLD), value.text,
           style_of(&cli->terminal, STYLE_PLAIN), style_of(&cli->terminal, STYLE_FAINT),
           number_text(metric->interval.low, metric->decimals).text,
           number_text(metric->interval.high, metric->decimals).text, style_of(&cli->terminal, STYLE_PLAIN));
    if (is_below(metric))
        printf("  < %s", number_text(metric->least, metric->decimals).text);
    putchar('\n');
}

static void print_text_report(const struct eval *eval)
{
    const struct pairs *pairs = &eval->pairs;
    char line[512], labels[128] = "";
    if (pairs->yes + pairs->no > 0)
        message_format(labels, sizeof labels, SAY_EVAL_LABELS,
                       WITH(number_text((double)pairs->yes, 0).text, number_text((double)pairs->no, 0).text));
    message_format(line, sizeof line, SAY_EVAL_INPUT,
                   WITH(input_name(eval->input), PICTURES_TEXT(pairs->pictures.count).text,
                        TEXTS_TEXT(pairs->texts.count).text, labels));
    text_print(stdout, line, strlen(line), 0);
    putchar('\n');
    for (size_t i = 0; i < eval->count; i++)
        print_metric(eval->cli, &eval->metrics[i]);
    if (judges(eval)) {
        message_format(line, sizeof line, SAY_EVAL_PROFILE, WITH(profile_name(eval)));
        text_print(stdout, line, strlen(line), 0);
        putchar('\n');
    }
}

static void add_number(struct buffer *to, const char *key, double number)
{
    if (isfinite(number))
        BUFFER_FORMAT(to, "\"%s\":%.6g", key, number);
    else
        BUFFER_FORMAT(to, "\"%s\":null", key);
}

static bool print_json(const struct eval *eval)
{
    const struct pairs *pairs = &eval->pairs;
    struct buffer to = {0};
    size_t below = 0;
    buffer_text(&to, "{\"input\":");
    json_bytes(&to, input_name(eval->input), strlen(input_name(eval->input)));
    buffer_text(&to, ",\"model\":");
    json_bytes(&to, eval->checkpoint.info->name, strlen(eval->checkpoint.info->name));
    BUFFER_FORMAT(&to, ",\"space\":\"%s\",", tuwen_session_fingerprint(eval->checkpoint.session));
    BUFFER_FORMAT(&to, "\"pictures\":%zu,\"texts\":%zu,\"pairs\":%zu,\"yes\":%zu,\"no\":%zu,\"bad_rows\":%zu,",
                  pairs->pictures.count, pairs->texts.count, pairs->own_count, pairs->yes, pairs->no,
                  pairs->bad_rows);
    if (judges(eval))
        BUFFER_FORMAT(&to, "\"profile\":\"%s\",", tuwen_profile_get_info(eval->profile)->fingerprint);
    else
        buffer_text(&to, "\"profile\":null,");
    buffer_text(&to, "\"metrics\":{");
    for (size_t i = 0; i < eval->count; i++) {
        const struct metric *metric = &eval->metrics[i];
        BUFFER_FORMAT(&to, "%s\n\"%s\":{", i ? "," : "", metric->key);
        add_number(&to, "value", metric->value);
        buffer_text(&to, ",");
        add_number(&to, "low", metric->interval.low);
        buffer_text(&to, ",");
        add_number(&to, "high", metric->interval.high);
        if (metric->has_least)
            BUFFER_FORMAT(&to, ",\"least\":%.6g", metric->least);
        buffer_text(&to, "}");
        below += is_below(metric);
    }
    BUFFER_FORMAT(&to, "\n},\"below\":%zu}\n", below);
    bool good = !to.failed;
    if (good)
        fwrite(to.data, 1, to.size, stdout);
    else
        complain(SAY_OUT_OF_MEMORY, NULL);
    buffer_free(&to);
    return good;
}

static int report(struct eval *eval)
{
    const struct option_value *bounds = &eval->cli->options.values[OPTION_EVAL_FAIL_UNDER];
    if (!measure_all(eval))
        return CLI_SOME_FAILED;
    if (bounds->given && !read_bounds(eval, bounds->text))
        return CLI_USAGE;
    if (!options_given(&eval->cli->options, OPTION_JSON))
        print_text_report(eval);
    else if (!print_json(eval))
        return CLI_SOME_FAILED;
    bool below = false;
    for (size_t i = 0; i < eval->count; i++)
        below = below || is_below(&eval->metrics[i]);
    return pairs_too_bad(&eval->pairs, eval->cli) ? CLI_SOME_FAILED : below ? CLI_BELOW : CLI_DONE;
}

static int run(struct eval *eval)
{
    const struct options *options = &eval->cli->options;
    if (options->argument_count == 0)
        return wrong(SAY_EVAL_NO_INPUT, NULL);
    if (options->argument_count > 1)
        return wrong(SAY_TOO_MANY_ARGUMENTS, WITH(command_name(COMMAND_EVAL), options->arguments[1]));
    eval->input = options->arguments[0];
    int code = pairs_read(&eval->pairs, eval->cli, eval->input, false);
    if (code == CLI_DONE)
        code = checkpoint_open(&eval->checkpoint, eval->cli, NULL, true);
    if (code == CLI_DONE)
        code = profiles_open(eval->cli, &eval->checkpoint, pairs_instruction(&eval->checkpoint, eval->cli),
                             &eval->profile);
    if (code != CLI_DONE)
        return code;
    tuwen_status status = pairs_embed(&eval->pairs, &eval->checkpoint, eval->cli);
    if (status == TUWEN_CANCELLED)
        complain(SAY_CANCELLED, NULL);
    if (status != TUWEN_OK)
        return status == TUWEN_CANCELLED ? CLI_CANCELLED : CLI_SOME_FAILED;
    if (eval->pairs.own_count == 0) {
        complain(SAY_EVAL_NO_PAIRS, WITH(input_name(eval->input)));
        return CLI_SOME_FAILED;
    }
    if (options->values[OPTION_PROFILE].given && eval->profile && !judges(eval))
        remark(SAY_EVAL_PROFILE_UNUSED, WITH(input_name(eval->input)));
    return report(eval);
}

int eval_run(const struct cli *cli)
{
    struct eval eval = {.cli = cli};
    int code = run(&eval);
    free(eval.observations);
    tuwen_profile_close(eval.profile);
    pairs_free(&eval.pairs);
    checkpoint_close(&eval.checkpoint);
    return code;
}
