/* SPDX-License-Identifier: Apache-2.0 */
/* `tuwen calibrate`: a profile from the user's own yes and no, and how far it can be trusted. */
#include "calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "input.h"
#include "interrupt.h"
#include "output.h"
#include "places.h"
#include "profiles.h"

enum { FEW_LABELS = 100 };

struct work {
    const struct cli *cli;
    const char *input;
    char path[PATH_MAX]; /* of the profile; empty: it is not kept */
    char name[128];
    double rate;
    tuwen_calibrate_options options;
    struct pairs pairs;
    struct checkpoint checkpoint;
    tuwen_calibration *made;
};

static int wrong(enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return usage_error(COMMAND_CALIBRATE);
}

/* The command line. */

/* A share between 0 and 1, both excluded. */
static bool read_share(const char *word, double *share)
{
    char *end = NULL;
    *share = (*word >= '0' && *word <= '9') || *word == '.' ? strtod(word, &end) : -1;
    return end && *end == '\0' && *share > 0 && *share < 1;
}

/* "0.2,0.5,0.9", rising. */
static bool read_bands(const char *word, double bands[3])
{
    char text[128];
    if (snprintf(text, sizeof text, "%s", word) >= (int)sizeof text)
        return false;
    char *rest = text;
    for (int i = 0; i < 3; i++) {
        char *comma = strchr(rest, ',');
        if ((i < 2) != (comma != NULL))
            return false;
        if (comma)
            *comma = '\0';
        if (!read_share(rest, &bands[i]) || (i > 0 && bands[i] <= bands[i - 1]))
            return false;
        rest = comma ? comma + 1 : rest;
    }
    return true;
}

static int check_save(struct work *work, const char *word)
{
    char shown[PATH_MAX];
    if (!profiles_path(word, work->path))
        return CLI_USAGE;
    path_last_part(work->name, sizeof work->name, work->path);
    char *dot = strrchr(work->name, '.');
    if (dot && dot != work->name)
        *dot = '\0';
    if (access(work->path, F_OK) != 0 || options_given(&work->cli->options, OPTION_FORCE))
        return CLI_DONE;
    path_for_people(shown, work->path);
    complain(SAY_PROFILE_THERE, WITH(shown));
    return CLI_USAGE;
}

static int check_drawing(const struct work *work)
{
    const struct options *options = &work->cli->options;
    const char *path = options->values[OPTION_CALIBRATE_SVG].text;
    if (options_given(options, OPTION_FORCE) && !options_given(options, OPTION_SAVE) && !path)
        return wrong(SAY_OPTION_WITHOUT, WITH("--force", "--save"));
    if (!path)
        return CLI_DONE;
    if (!options_given(options, OPTION_FORCE) && !calibration_may_draw(path)) {
        complain(SAY_FILE_OVERWRITES, WITH(path));
        return CLI_USAGE;
    }
    if (*work->path && output_same(work->path, path)) {
        complain(SAY_CALIBRATE_SAME_FILE, WITH(path));
        return CLI_USAGE;
    }
    return output_try(path) ? CLI_DONE : CLI_SOME_FAILED;
}

static int gather(struct work *work)
{
    const struct options *options = &work->cli->options;
    const struct option_value *values = options->values;
    if (options->argument_count == 0)
        return wrong(SAY_CALIBRATE_NO_INPUT, NULL);
    if (options->argument_count > 1)
        return wrong(SAY_TOO_MANY_ARGUMENTS, WITH(command_name(COMMAND_CALIBRATE), options->arguments[1]));
    work->input = options->arguments[0];
    work->options.method = (tuwen_method)values[OPTION_METHOD].number;
    work->options.seed = values[OPTION_SEED].given ? (uint64_t)values[OPTION_SEED].number : 1;
    work->options.folds = values[OPTION_FOLDS].given ? (int)values[OPTION_FOLDS].number : 5;
    work->rate = 0.05;
    if (values[OPTION_FALSE_PASS].given && !read_share(values[OPTION_FALSE_PASS].text, &work->rate))
        return wrong(SAY_OPTION_SHARE, WITH("--false-pass", values[OPTION_FALSE_PASS].text));
    if (values[OPTION_PRIOR].given && !read_share(values[OPTION_PRIOR].text, &work->options.prior))
        return wrong(SAY_OPTION_SHARE, WITH("--prior", values[OPTION_PRIOR].text));
    if (values[OPTION_BANDS].given && !read_bands(values[OPTION_BANDS].text, work->options.bands))
        return wrong(SAY_OPTION_BANDS, WITH(values[OPTION_BANDS].text));
    int code = values[OPTION_SAVE].given ? check_save(work, values[OPTION_SAVE].text) : CLI_DONE;
    return code == CLI_DONE ? check_drawing(work) : code;
}

/* Said before anything is computed, where that can be. */
static int check_counts(const struct work *work, size_t yes, size_t no)
{
    if (yes >= TUWEN_LEAST_LABELS && no >= TUWEN_LEAST_LABELS)
        return CLI_DONE;
    struct number_text least = number_text(TUWEN_LEAST_LABELS, 0);
    complain(SAY_CALIBRATE_FEW, WITH(input_name(work->input), number_text((double)yes, 0).text,
                                     number_text((double)no, 0).text, least.text));
    return CLI_SOME_FAILED;
}

static int read_labels(struct work *work)
{
    int code = pairs_read(&work->pairs, work->cli, work->input, true);
    if (code != CLI_DONE)
        return code;
    size_t yes = 0;
    for (size_t i = 0; i < work->pairs.label_count; i++)
        yes += work->pairs.labels[i].match;
    if (work->pairs.unsaid > 0)
        remark(SAY_PAIRS_UNSAID, WITH(number_text((double)work->pairs.unsaid, 0).text));
    return check_counts(work, yes, work->pairs.label_count - yes);
}

/* What makes the profile less than it could be. */
static void warn(const struct work *work, const struct calibration *of)
{
    size_t yes = work->pairs.yes, no = work->pairs.no;
    double share = (double)yes / (double)(yes + no);
    struct number_text yes_text = number_text((double)yes, 0), no_text = number_text((double)no, 0);
    if (yes < FEW_LABELS || no < FEW_LABELS)
        remark(SAY_CALIBRATE_WARN_FEW, WITH(yes_text.text, no_text.text, number_text(FEW_LABELS, 0).text));
    if (share > 0.95 || share < 0.05)
        remark(SAY_CALIBRATE_WARN_SIDED, WITH(yes_text.text, no_text.text));
    if (of->ways[of->chosen].figures[FIGURE_AUC].value < 0.6)
        remark(SAY_CALIBRATE_WARN_WEAK, WITH(number_text(of->ways[of->chosen].figures[FIGURE_AUC].value, 2).text));
}

static bool fit(struct work *work)
{
    const tuwen_model_info *info = work->checkpoint.info;
    const tuwen_label_set set = {.pictures = pairs_pictures(&work->pairs),
                                 .texts = pairs_texts(&work->pairs),
                                 .languages = work->pairs.languages,
                                 .labels = work->pairs.labels,
                                 .count = work->pairs.label_count};
    tuwen_error error = {.language = messages_language()};
    work->options.name = *work->name ? work->name : "-";
    work->options.model = info->name;
    work->options.space = tuwen_session_fingerprint(work->checkpoint.session);
    work->options.instruction = pairs_instruction(&work->checkpoint, work->cli);
    work->options.score_low = info->score_low;
    work->options.score_high = info->score_high;
    if (tuwen_calibrate(&set, &work->options, &work->made, &error) == TUWEN_OK)
        return true;
    complain(SAY_PLAIN, WITH(error.message));
    return false;
}

static bool draw(const struct calibration *of)
{
    const char *path = of->cli->options.values[OPTION_CALIBRATE_SVG].text;
    struct output output;
    if (!path)
        return true;
    if (!output_open(&output, path))
        return false;
    calibration_draw(of, output.stream);
    return output_close(&output, true);
}

static bool save(const struct work *work)
{
    tuwen_error error = {.language = messages_language()};
    if (!*work->path)
        return true;
    if (!profiles_make_folder(work->path))
        return false;
    if (tuwen_profile_save(tuwen_calibration_profile(work->made), work->path, &error) == TUWEN_OK)
        return true;
    complain(SAY_PLAIN, WITH(error.message));
    return false;
}

static int report_on(const struct work *work, struct calibration *of)
{
    if (!calibration_measure(of))
        return interrupt_seen() ? CLI_CANCELLED : CLI_SOME_FAILED;
    warn(work, of);
    if (!save(work) || !draw(of))
        return CLI_SOME_FAILED;
    if (!options_given(&work->cli->options, OPTION_JSON)) {
        calibration_print(of);
    } else if (!calibration_print_json(of, stdout)) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    return pairs_too_bad(&work->pairs, work->cli) ? CLI_SOME_FAILED : CLI_DONE;
}

static int report(const struct work *work)
{
    struct calibration of = {.cli = work->cli,
                             .input = input_name(work->input),
                             .pairs = &work->pairs,
                             .made = work->made,
                             .profile = tuwen_profile_get_info(tuwen_calibration_profile(work->made)),
                             .chosen = tuwen_calibration_chosen(work->made),
                             .folds = work->options.folds,
                             .seed = work->options.seed,
                             .false_pass = {.rate = work->rate},
                             .saved = *work->path ? work->path : NULL};
    int code = report_on(work, &of);
    calibration_free(&of);
    return code;
}

static int run(struct work *work)
{
    int code = gather(work);
    if (code == CLI_DONE)
        code = read_labels(work);
    if (code == CLI_DONE)
        code = checkpoint_open(&work->checkpoint, work->cli, NULL, true);
    if (code != CLI_DONE)
        return code;
    tuwen_status status = pairs_embed(&work->pairs, &work->checkpoint, work->cli);
    if (status == TUWEN_CANCELLED)
        complain(SAY_CANCELLED, NULL);
    if (status != TUWEN_OK)
        return status == TUWEN_CANCELLED ? CLI_CANCELLED : CLI_SOME_FAILED;
    code = check_counts(work, work->pairs.yes, work->pairs.no);
    if (code != CLI_DONE)
        return code;
    return fit(work) ? report(work) : CLI_SOME_FAILED;
}

int calibrate_run(const struct cli *cli)
{
    if (options_given(&cli->options, OPTION_LIST_PROFILES))
        return profiles_list(cli);
    struct work *work = calloc(1, sizeof *work);
    if (!work) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    work->cli = cli;
    int code = run(work);
    tuwen_calibration_close(work->made);
    pairs_free(&work->pairs);
    checkpoint_close(&work->checkpoint);
    free(work);
    return code;
}
