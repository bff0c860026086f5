/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen selftest`: whether this machine computes what the reference computes.
 *
 * A checkpoint's golden.json holds texts and pictures with the reference's vectors. It is looked for in the checkpoint's
 * folder; for a packed file beside it, and then among the files that ship, by the fingerprint of the weights.
 */
#include "selftest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json_input.h"
#include "places.h"

#define GOLDEN_FILE "golden.json"
#define GOLDEN_BYTES (16u << 20)

static const struct selftest_bounds all_bounds[] = {
    {"f32", TUWEN_PRECISION_F32, 1e-5, 2e-5, 0.002},
    {"bf16", TUWEN_PRECISION_BF16, 5e-4, 0, 0.01},
    {"int8", TUWEN_PRECISION_INT8, 0.02, 0, 0.03}, /* of packed files only */
};

enum { PRECISIONS = sizeof all_bounds / sizeof *all_bounds };

const struct selftest_bounds *selftest_bounds_of(const tuwen_model_info *info)
{
    size_t at = 0;
    while (at + 1 < PRECISIONS && strcmp(all_bounds[at].name, info->precision) != 0)
        at++;
    return &all_bounds[at];
}

const struct selftest_bounds *selftest_bounds_asked(const struct options *options)
{
    const struct option_value *value = &options->values[OPTION_SELFTEST_PRECISION];
    return value->given ? &all_bounds[(size_t)value->number] : NULL;
}

int selftest_open(struct checkpoint *checkpoint, const struct cli *cli, const tuwen_model_info *facts,
                  const struct selftest_bounds *bounds, const tuwen_session_options *session)
{
    const struct checkpoint_plan plan = {.word = facts->path, .precision = bounds->precision, .session = session};
    int code = checkpoint_open_planned(checkpoint, cli, &plan);
    if (code != CLI_DONE || strcmp(checkpoint->info->precision, bounds->name) == 0)
        return code;
    complain(SAY_SELFTEST_OTHER_PRECISION, WITH(bounds->name, checkpoint->info->precision));
    return CLI_MODEL;
}

/* golden.json of a checkpoint, as found. */
struct golden_file {
    char folder[PATH_MAX]; /* which the pictures are relative to */
    char path[PATH_MAX];
    struct bytes bytes;
    struct golden golden;
};

static void close_golden(struct golden_file *file)
{
    golden_free(&file->golden);
    bytes_free(&file->bytes);
}

/* Reads FOLDER/golden.json so far that its fingerprint is known. NOT there: `*there` is false, and nothing is said. */
static bool open_golden(struct golden_file *file, bool *there)
{
    *there = snprintf(file->path, PATH_MAX, "%s/%s", file->folder, GOLDEN_FILE) < PATH_MAX &&
             access(file->path, F_OK) == 0;
    return *there && input_read_file(file->path, GOLDEN_BYTES, &file->bytes) &&
           golden_read(&file->golden, file->path, file->bytes.data, file->bytes.size, 0);
}

static bool fits(const struct golden_file *file, const tuwen_model_info *facts)
{
    return strcmp(file->golden.fingerprint, facts->fingerprint) == 0;
}

/* The folder of a checkpoint, or the one that a packed file lies in. */
static void folder_of(const tuwen_model_info *facts, char folder[PATH_MAX])
{
    snprintf(folder, PATH_MAX, "%s", facts->path);
    if (!facts->made_by)
        return;
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    else
        snprintf(folder, PATH_MAX, ".");
}

/* Finds golden.json of the checkpoint; complains if there is none. */
static int find_golden(struct golden_file *file, const tuwen_model_info *facts)
{
    bool there;
    folder_of(facts, file->folder);
    bool good = open_golden(file, &there);
    if (good && fits(file, facts))
        return CLI_DONE;
    if (there && !facts->made_by) {
        if (good)
            complain(SAY_GOLDEN_OTHER, WITH(file->path, file->golden.fingerprint, facts->fingerprint));
        return CLI_MODEL;
    }
    close_golden(file);
    if (place_of_shipped_model(file->folder) && open_golden(file, &there) && fits(file, facts))
        return CLI_DONE;
    complain(SAY_GOLDEN_NONE, WITH(facts->path));
    return CLI_MODEL;
}

static double largest_difference(const float *a, const float *b, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = (double)a[i] - (double)b[i];
        if (difference < 0)
            difference = -difference;
        if (!(difference <= largest))
            largest = difference;
        if (isnan(difference)) /* which a number would take the place of */
            break;
    }
    return largest;
}

/* Computes one item and prints its row. */
static tuwen_status check_item(struct checkpoint *checkpoint, const struct golden_file *file,
                               const struct golden_item *item, const struct selftest_bounds *bounds,
                               struct report *report)
{
    size_t dimension = tuwen_model_dimension(checkpoint->model);
    float *vector = malloc(dimension * sizeof *vector);
    struct report_row row = {.item = item->name,
                             .about = item->text ? item->text : item->image,
                             .expected = 1,
                             .allowed = bounds->golden_cosine,
                             .largest_allowed = bounds->golden_difference};
    tuwen_input input = {.text = item->text,
                         .text_size = item->text_size,
                         .name = item->image,
                         .instruction = item->instruction,
                         .instruction_size = item->instruction_size};
    char path[2 * PATH_MAX];
    struct bytes picture = {0};
    struct input_error error;
    tuwen_output output = {0};
    tuwen_status status = vector ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
    snprintf(path, sizeof path, "%s/%s", file->folder, item->image ? item->image : "");
    if (item->image && !input_read_picture(path, DEFAULT_PICTURE_BYTES, &picture, &error))
        row.message = error.message;
    input.picture = picture.data;
    input.picture_size = picture.size;
    if (status == TUWEN_OK && !row.message) {
        status = checkpoint_embed(checkpoint, &input, 1, vector, &output);
        if (output.status != TUWEN_OK)
            row.message = output.message;
    }
    if (status == TUWEN_OK && !row.message) {
        row.got = (double)tuwen_cosine(vector, item->vector, dimension);
        row.largest = largest_difference(vector, item->vector, dimension);
    }
    if (status == TUWEN_OK && !report_row(report, &row))
        status = TUWEN_OUT_OF_MEMORY;
    bytes_free(&picture);
    free(vector);
    return status;
}

static int exit_code_of(tuwen_status status)
{
    if (status == TUWEN_CANCELLED)
        complain(SAY_CANCELLED, NULL);
    if (status == TUWEN_OUT_OF_MEMORY)
        complain(SAY_OUT_OF_MEMORY, NULL);
    return status == TUWEN_OK ? CLI_DONE : status == TUWEN_CANCELLED ? CLI_CANCELLED : CLI_SOME_FAILED;
}

/* All items in one precision. */
static int check_precision(const struct cli *cli, const tuwen_model_info *facts, const struct golden_file *file,
                           const struct selftest_bounds *bounds, struct report *report)
{
    const struct golden *golden = &file->golden;
    const tuwen_session_options session = {.image_tokens_min = golden->image_tokens_min,
                                           .image_tokens_max = golden->image_tokens_max,
                                           .max_length = golden->max_length,
                                           .exif = TUWEN_EXIF_IGNORE,
                                           .raw_special = true};
    struct checkpoint checkpoint;
    int code = selftest_open(&checkpoint, cli, facts, bounds, &session);
    if (code == CLI_DONE) {
        tuwen_status status = TUWEN_OK;
        report_precision(report, bounds->name, tuwen_session_fingerprint(checkpoint.session));
        report_heading(report, NULL);
        for (size_t i = 0; i < golden->count && status == TUWEN_OK; i++)
            status = check_item(&checkpoint, file, &golden->items[i], bounds, report);
        code = exit_code_of(status);
    }
    checkpoint_close(&checkpoint);
    return code;
}

static int check_golden(const struct cli *cli, const tuwen_model_info *facts, struct golden_file *file)
{
    const struct selftest_bounds *asked = selftest_bounds_asked(&cli->options);
    const struct selftest_bounds *own = facts->made_by && !asked ? selftest_bounds_of(facts) : asked;
    struct report report = {.has_largest = true};
    int code = find_golden(file, facts);
    if (code != CLI_DONE)
        return code;
    golden_free(&file->golden);
    if (!golden_read(&file->golden, file->path, file->bytes.data, file->bytes.size, (size_t)facts->dimension))
        return CLI_MODEL;
    if (!report_begin(&report, cli, facts, file->path))
        return exit_code_of(TUWEN_OUT_OF_MEMORY);
    for (size_t i = 0; i < PRECISIONS && code == CLI_DONE; i++)
        if (own ? own == &all_bounds[i] : all_bounds[i].precision != TUWEN_PRECISION_INT8)
            code = check_precision(cli, facts, file, &all_bounds[i], &report);
    int result = report_end(&report, code == CLI_DONE);
    return code != CLI_DONE ? code : result;
}

static int check_options(const struct options *options)
{
    static const enum option_id of_card[] = {OPTION_FETCH, OPTION_CARD_FORCE, OPTION_CARD_FROM};
    if (options->argument_count > 0) {
        complain(SAY_ARGUMENT_MODEL, WITH("selftest", options->arguments[0]));
        return usage_error(COMMAND_SELFTEST);
    }
    if (options_given(options, OPTION_FETCH) && options_given(options, OPTION_OFFLINE)) {
        complain(SAY_CARD_OFFLINE, NULL);
        return usage_error(COMMAND_SELFTEST);
    }
    for (size_t i = 0; i < sizeof of_card / sizeof *of_card; i++)
        if (options_given(options, of_card[i]) && !options_given(options, OPTION_CARD)) {
            char name[64];
            snprintf(name, sizeof name, "--%s", option_table[of_card[i]].name);
            complain(SAY_OPTION_WITHOUT, WITH(name, "--card"));
            return usage_error(COMMAND_SELFTEST);
        }
    return CLI_DONE;
}

int selftest_run(const struct cli *cli)
{
    int code = check_options(&cli->options);
    if (code != CLI_DONE)
        return code;
    struct golden_file *file = calloc(1, sizeof *file);
    struct checkpoint checkpoint = {0};
    const struct checkpoint_plan plan = {.facts_only = true};
    if (!file) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    code = checkpoint_open_planned(&checkpoint, cli, &plan);
    if (code == CLI_DONE)
        code = options_given(&cli->options, OPTION_CARD) ? card_run(cli, checkpoint.info)
                                                         : check_golden(cli, checkpoint.info, file);
    checkpoint_close(&checkpoint);
    close_golden(file);
    free(file);
    return code;
}
