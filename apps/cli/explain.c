/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen explain`: why a picture and a text match as they do. The command line, the picture of the regions, and what is
 * printed in which form.
 */
#include "explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "checkpoint.h"
#include "cli.h"
#include "input.h"
#include "interrupt.h"
#include "json.h"
#include "output.h"

/* Where a file begins by which a drawing of ours is known. */
#define MARK "tuwen explain"

struct work {
    const struct cli *cli;
    struct explain explain;
    struct text_list lines; /* of standard input */
    struct bytes picture;
    struct checkpoint checkpoint;
    tuwen_explanation *found;
};

/* ---- the command line ------------------------------------------------------------------------------------------- */

static int wrong(enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return usage_error(COMMAND_EXPLAIN);
}

static int take_text(struct work *work, const char *argument)
{
    work->explain.text = (struct text){argument, strlen(argument)};
    if (strcmp(argument, "-") != 0)
        return *argument ? CLI_DONE : wrong(SAY_EMPTY_TEXT, WITH("1"));
    if (!text_list_read(&work->lines, "-"))
        return CLI_SOME_FAILED;
    if (work->lines.count != 1)
        return wrong(SAY_EXPLAIN_ONE_TEXT, WITH(number_text((double)work->lines.count, 0).text));
    work->explain.text = work->lines.texts[0];
    return CLI_DONE;
}

/* What the model would read of other bytes is not what was meant. */
static int check_text(const struct work *work)
{
    const struct text *text = &work->explain.text;
    const char *reason = checkpoint_refuses_text(text->data, text->size);
    if (reason && work->lines.count > 0)
        text_list_complain(&work->lines, 0, reason);
    else if (reason)
        complain(SAY_PLAIN, WITH(reason));
    return reason ? CLI_SOME_FAILED : CLI_DONE;
}

static int take_arguments(struct work *work)
{
    const struct options *options = &work->cli->options;
    if (options->argument_count == 0)
        return wrong(SAY_NO_PICTURE, NULL);
    if (options->argument_count == 1)
        return wrong(SAY_EXPLAIN_NO_TEXT, NULL);
    if (options->argument_count > 2)
        return wrong(SAY_EXPLAIN_TOO_MANY, WITH(options->arguments[2]));
    work->explain.picture = options->arguments[0];
    if (!*work->explain.picture)
        return wrong(SAY_EMPTY_NAME, NULL);
    if (strcmp(work->explain.picture, "-") == 0 && strcmp(options->arguments[1], "-") == 0)
        return wrong(SAY_STDIN_TWICE, NULL);
    int code = take_text(work, options->arguments[1]);
    return code == CLI_DONE ? check_text(work) : code;
}

/* Whether nothing else would be lost by writing there: no file, none that is a plain one, or an older drawing. */
static bool may_draw(const char *path)
{
    return output_is_free(path, "\x89PNG", MARK) || output_is_free(path, "<!DOCTYPE html>", MARK);
}

static bool ends_with(const char *path, const char *suffix)
{
    size_t length = strlen(path), size = strlen(suffix);
    return length > size && strcasecmp(path + length - size, suffix) == 0;
}

/* Whether the map can be drawn where it is asked for; seen before anything is computed. */
static int check_map(const struct options *options)
{
    const char *path = options->values[OPTION_HEATMAP].text;
    bool force = options_given(options, OPTION_FORCE);
    if (force && !path)
        return wrong(SAY_OPTION_WITHOUT, WITH("--force", "--heatmap"));
    if (!path)
        return CLI_DONE;
    if (!ends_with(path, ".png") && !ends_with(path, ".html") && !ends_with(path, ".htm"))
        return wrong(SAY_EXPLAIN_SUFFIX, WITH(path));
    if (options_given(options, OPTION_BUDGET) && options->values[OPTION_BUDGET].number == 0)
        return wrong(SAY_EXPLAIN_NO_MAP, NULL);
    if (!force && !may_draw(path)) {
        complain(SAY_FILE_OVERWRITES, WITH(path));
        return CLI_USAGE;
    }
    return output_try(path) ? CLI_DONE : CLI_SOME_FAILED;
}

/* ---- computing ---------------------------------------------------------------------------------------------------- */

static bool on_progress(void *user, uint64_t done, uint64_t total)
{
    char line[128];
    message_format(line, sizeof line, SAY_EXPLAIN_PROGRESS,
                   WITH(number_text((double)done, 0).text, number_text((double)total, 0).text));
    progress_show(line);
    return !interrupt_seen();
}

/* CLI_DONE, or an exit code after a complaint. */
static int failed(tuwen_status status, const tuwen_error *error)
{
    if (status == TUWEN_CANCELLED || interrupt_seen()) {
        complain(SAY_CANCELLED, NULL);
        return CLI_CANCELLED;
    }
    complain(SAY_PLAIN, WITH(error->message));
    return CLI_SOME_FAILED;
}

static tuwen_input picture_of(const struct work *work)
{
    return (tuwen_input){
        .picture = work->picture.data, .picture_size = work->picture.size, .name = input_name(work->explain.picture)};
}

static tuwen_status embed(void *user, const tuwen_input *inputs, size_t count, float *vectors)
{
    return checkpoint_embed(user, inputs, count, vectors, NULL);
}

/* Warnings and the contrast check. */
static int look_at_words(struct work *work, const tuwen_input *text)
{
    tuwen_status status = words_try(&work->explain.words, text, work->found->picture_vector, work->found->dimension,
                                    embed, &work->checkpoint);
    if (status == TUWEN_CANCELLED || status == TUWEN_OUT_OF_MEMORY)
        complain(status == TUWEN_CANCELLED ? SAY_CANCELLED : SAY_OUT_OF_MEMORY, NULL);
    return status == TUWEN_OK ? CLI_DONE : status == TUWEN_CANCELLED ? CLI_CANCELLED : CLI_SOME_FAILED;
}

static int explain(struct work *work)
{
    const struct option_value *values = work->cli->options.values;
    const struct option_value *budget = &values[OPTION_BUDGET];
    const char *system =
        values[OPTION_INSTRUCTION].given ? values[OPTION_INSTRUCTION].text : work->checkpoint.info->match_instruction;
    const tuwen_input picture = picture_of(work);
    const tuwen_input text = {.text = work->explain.text.data,
                              .text_size = work->explain.text.size,
                              .instruction = system,
                              .instruction_size = system ? strlen(system) : 0};
    const tuwen_explain_options options = {.budget = !budget->given       ? 0
                                                     : budget->number > 0 ? (int)budget->number
                                                                          : -1,
                                           .progress = on_progress};
    tuwen_error error = {.language = messages_language()};
    tuwen_status status = TUWEN_CANCELLED;
    if (!interrupt_seen())
        status = tuwen_explain(work->checkpoint.session, &picture, &text, &options, &work->found, &error);
    progress_clear();
    if (status != TUWEN_OK)
        return failed(status, &error);
    const tuwen_model_info *info = work->checkpoint.info;
    work->explain.info = info;
    work->explain.space = tuwen_session_fingerprint(work->checkpoint.session);
    work->explain.found = work->found;
    work->explain.score = tuwen_score_cosine(work->checkpoint.model, work->found->cosine);
    work->explain.margin = tuwen_effect_margin(info);
    return look_at_words(work, &text);
}

static int draw(struct work *work)
{
    const char *path = work->cli->options.values[OPTION_HEATMAP].text;
    const tuwen_input picture = picture_of(work);
    tuwen_error error = {.language = messages_language()};
    const void *png;
    size_t size;
    if (!path)
        return CLI_DONE;
    tuwen_status status = tuwen_explanation_draw(work->checkpoint.session, work->found, &picture, 0,
                                                 explain_full_effect(&work->explain), &png, &size, &error);
    if (status != TUWEN_OK)
        return failed(status, &error);
    struct output output;
    if (!output_open(&output, path))
        return CLI_SOME_FAILED;
    bool good = true;
    if (ends_with(path, ".png"))
        fwrite(png, 1, size, output.stream);
    else
        good = explain_page(output.stream, &work->explain, png, size);
    if (!good)
        complain(SAY_OUT_OF_MEMORY, NULL);
    if (!output_close(&output, good) || !good)
        return CLI_SOME_FAILED;
    remark(SAY_EXPLAIN_DRAWN, WITH(path));
    return CLI_DONE;
}

static int print(const struct work *work)
{
    if (!options_given(&work->cli->options, OPTION_JSON)) {
        explain_print(&work->explain, &work->cli->terminal);
    } else if (!json_explain(stdout, &work->explain)) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    return output_finish() ? CLI_DONE : CLI_SOME_FAILED;
}

/* Everything behind the command line. */
static int run(struct work *work)
{
    struct input_error unread;
    int code = checkpoint_open(&work->checkpoint, work->cli, NULL, true);
    if (code != CLI_DONE)
        return code;
    if (!input_read_picture(work->explain.picture, checkpoint_picture_bytes(&work->cli->options), &work->picture,
                            &unread)) {
        if (interrupt_seen())
            return failed(TUWEN_CANCELLED, NULL);
        complain_of(input_name(work->explain.picture), unread.message);
        return CLI_SOME_FAILED;
    }
    code = explain(work);
    if (code == CLI_DONE)
        code = print(work);
    return code == CLI_DONE ? draw(work) : code;
}

float explain_strongest(const struct explain *explain)
{
    const tuwen_explanation *found = explain->found;
    int strongest = 0;
    for (int i = 1; i < found->rows * found->columns; i++)
        if (fabsf(found->cells[i]) > fabsf(found->cells[strongest]))
            strongest = i;
    return found->cells[strongest] * (float)found->block_cells[strongest];
}

float explain_full_effect(const struct explain *explain)
{
    return fmaxf(fabsf(explain_strongest(explain)), EFFECT_FULL * explain->margin);
}

int explain_run(const struct cli *cli)
{
    struct work work = {.cli = cli};
    int code = take_arguments(&work);
    if (code == CLI_DONE)
        code = check_map(&cli->options);
    if (code == CLI_DONE)
        code = run(&work);
    tuwen_explanation_free(work.found);
    bytes_free(&work.picture);
    checkpoint_close(&work.checkpoint);
    text_list_free(&work.lines);
    return code;
}
