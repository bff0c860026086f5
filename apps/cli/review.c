/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen review`: how well the picture of each row of a table fits its text.
 *
 * Rows go through one window at a time and are forgotten, so memory does not grow with their number; what is written is
 * kept whatever happens, and the next run goes on behind it.
 */
#include "review.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "helper.h"
#include "html_pictures.h"
#include "input.h"
#include "interrupt.h"
#include "json_bytes.h"
#include "messages.h"
#include "output.h"
#include "places.h"
#include "profiles.h"
#include "terminal.h"

struct review {
    const struct cli *cli;
    const char *input, *output;     /* NULL: standard output */
    tuwen_language spoken, written; /* on standard error, and in the rows */
    const char **text_columns;
    struct records_options records_options;
    struct records *records;
    struct checkpoint checkpoint;
    tuwen_profile *profile; /* NULL: none */
    struct review_layout layout;
    struct review_file *file;
    struct review_summary summary;
    struct review_work work;
    struct review_batch *batch;
};

static const struct option_value *value_of(const struct review *review, enum option_id option)
{
    return &review->cli->options.values[option];
}

static int wrong(enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return usage_error(COMMAND_REVIEW);
}

/* The command line. */

static int gather_columns(struct review *review)
{
    const struct options *options = &review->cli->options;
    review->text_columns = calloc(options->item_count + 1, sizeof *review->text_columns);
    if (!review->text_columns) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    size_t count = 0;
    for (size_t i = 0; i < options->item_count; i++)
        if (options->items[i].option == OPTION_TEXT_COL)
            review->text_columns[count++] = options->items[i].text;
    review->records_options = (struct records_options){
        .image_column = value_of(review, OPTION_IMAGE_COL)->text,
        .text_columns = review->text_columns,
        .text_column_count = count,
        .no_header = value_of(review, OPTION_NO_HEADER)->given,
    };
    return CLI_DONE;
}

static int gather(struct review *review)
{
    const struct options *options = &review->cli->options;
    const struct option_value *bar = value_of(review, OPTION_FAIL_UNDER);
    if (options->argument_count == 0)
        return wrong(SAY_REVIEW_NO_INPUT, NULL);
    if (options->argument_count > 1)
        return wrong(SAY_TOO_MANY_ARGUMENTS, WITH(command_name(COMMAND_REVIEW), options->arguments[1]));
    review->input = options->arguments[0];
    review->output = value_of(review, OPTION_REVIEW_OUTPUT)->text;
    if (review->output && strcmp(review->output, "-") == 0)
        review->output = NULL;
    if (value_of(review, OPTION_JSON)->given && !review->output)
        return wrong(SAY_REVIEW_JSON_OUTPUT, NULL);
    if (value_of(review, OPTION_REVIEW_FETCH)->given && value_of(review, OPTION_OFFLINE)->given)
        return wrong(SAY_CARD_OFFLINE, NULL);
    if (value_of(review, OPTION_REPORT)->given && !review->output)
        return wrong(SAY_REVIEW_REPORT_OUTPUT, NULL);
    if (bar->given && !verdict_bar_read(&review->summary.bar, bar->text))
        return wrong(SAY_REVIEW_BAR, WITH(bar->text));
    review->summary.bar_text = bar->text;
    review->summary.most_errors = (uint64_t)value_of(review, OPTION_MAX_ERRORS)->number;
    return gather_columns(review);
}

/* Said once, and not in each row. */
static int check_helper(const struct review *review)
{
    char program[PATH_MAX];
    if (!value_of(review, OPTION_REVIEW_FETCH)->given || place_of_program("tuwen-fetch", program))
        return CLI_DONE;
    helper_complain_missing(program);
    return CLI_SOME_FAILED;
}

/* Appending to what is being read would never end. */
static int check_files(const struct review *review)
{
    struct stat input, output;
    int code = html_options_check(&review->cli->options, review->output);
    if (code != CLI_DONE)
        return code;
    if (!review->output)
        return CLI_DONE;
    int known = strcmp(review->input, "-") == 0 ? fstat(STDIN_FILENO, &input) : stat(review->input, &input);
    if (known != 0 || stat(review->output, &output) != 0 || !S_ISREG(output.st_mode) ||
        input.st_dev != output.st_dev || input.st_ino != output.st_ino)
        return CLI_DONE;
    complain(SAY_REVIEW_SAME_FILE, WITH(review->output));
    return CLI_USAGE;
}

/* Settings. */

static void add_setting(struct buffer *settings, const char *name, const char *value)
{
    BUFFER_FORMAT(settings, ",\n  \"%s\": ", name);
    if (value)
        json_bytes(settings, value, strlen(value));
    else
        buffer_text(settings, "null");
}

static const char *instruction_of(const struct review *review)
{
    const struct option_value *instruction = value_of(review, OPTION_INSTRUCTION);
    return instruction->given ? instruction->text : review->checkpoint.info->match_instruction;
}

static void add_option(const struct review *review, struct buffer *settings, enum option_id option)
{
    const struct option_value *value = value_of(review, option);
    const struct option_info *known = &option_table[option];
    char name[64];
    snprintf(name, sizeof name, "--%s", known->name);
    if (known->kind == KIND_FLAG)
        add_setting(settings, name, value->given ? "yes" : "no");
    else
        add_setting(settings, name, value->given ? value->text : known->initial);
}

static void add_text_columns(const struct review *review, struct buffer *settings)
{
    struct buffer list = {0};
    for (size_t i = 0; i < review->records_options.text_column_count; i++) {
        if (i)
            buffer_text(&list, ", ");
        buffer_text(&list, review->records_options.text_columns[i]);
    }
    buffer_add(&list, "", 1);
    settings->failed = settings->failed || list.failed;
    add_setting(settings, "--text-col", list.failed || list.size == 1 ? NULL : list.data);
    buffer_free(&list);
}

/* All that decides what the rows say, and what is good to know of them, one setting a line. */
static void make_settings(const struct review *review, struct buffer *settings)
{
    static const enum option_id options[] = {
        OPTION_IMAGE_COL,   OPTION_NO_HEADER, OPTION_REVIEW_FETCH, OPTION_MAX_BYTES,  OPTION_MAX_PIXELS,
        OPTION_MAX_SECONDS, OPTION_EXIF,      OPTION_IMAGE_TOKENS, OPTION_MAX_LENGTH, OPTION_RAW_SPECIAL};
    static const char *const formats[] = {"", "csv", "tsv", "jsonl", "folder"};
    char *real = strcmp(review->input, "-") == 0 ? NULL : realpath(review->input, NULL);
    buffer_text(settings, "{\n  \"tuwen_review\": 1");
    add_setting(settings, "input", real ? real : review->input);
    add_setting(settings, "language", review->written == TUWEN_CHINESE ? "zh" : "en");
    add_setting(settings, "input format", formats[review->layout.from]);
    add_setting(settings, "--format", formats[review->layout.to]);
    add_text_columns(review, settings);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        add_option(review, settings, options[i]);
    add_setting(settings, "--instruction", instruction_of(review));
    add_setting(settings, "--profile", review->profile ? tuwen_profile_get_info(review->profile)->fingerprint : NULL);
    add_setting(settings, "model", review->checkpoint.info->name);
    add_setting(settings, "space", tuwen_session_fingerprint(review->checkpoint.session));
    buffer_text(settings, "\n}\n");
    free(real);
}

/* Running. */

static int open_file(struct review *review)
{
    struct buffer settings = {0};
    make_settings(review, &settings);
    int code = CLI_SOME_FAILED;
    if (settings.failed)
        complain(SAY_OUT_OF_MEMORY, NULL);
    else
        code =
            review_file_open(&review->file, review->output, &settings, value_of(review, OPTION_REVIEW_FORCE)->given);
    buffer_free(&settings);
    return code;
}

/* Writes the names of the columns, or finds them there. */
static tuwen_status write_header(struct review *review)
{
    struct buffer header = {0};
    tuwen_status status = TUWEN_OK;
    review_header(&review->layout, &header);
    if (header.failed) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        status = TUWEN_OUT_OF_MEMORY;
    }
    enum review_take take = NOT_THERE;
    const struct review_place place = {.delimiter = review->layout.delimiter};
    if (status == TUWEN_OK && review_file_has_rows(review->file))
        take = review_file_take(review->file, &place, header.data, header.size, NULL);
    if (status == TUWEN_OK && take == OTHER)
        status = TUWEN_INVALID_ARGUMENT;
    if (status == TUWEN_OK && take == NOT_THERE && !review_file_write(review->file, &header))
        status = TUWEN_IO;
    buffer_free(&header);
    return status;
}

static tuwen_status write_report(const struct review *review)
{
    if (!value_of(review, OPTION_REPORT)->given)
        return TUWEN_OK;
    tuwen_status status = review_report_write(&(struct review_report){
        .options = &review->cli->options,
        .input = review->input,
        .output = review->output,
        .columns = &review->records_options,
        .layout = &review->layout,
        .folder = review->work.folder,
        .checkpoint = &review->checkpoint,
        .profile = review->profile ? tuwen_profile_get_info(review->profile) : NULL,
        .rows = review->summary.rows,
    });
    if (status == TUWEN_OK)
        remark(SAY_REPORT_WRITTEN, WITH(value_of(review, OPTION_REPORT)->text));
    return status;
}

/* Sentences of errors in records are of the rows. */
static enum records_result next_record(struct review *review, struct record *record)
{
    messages_set_written(review->written);
    enum records_result result = records_next(review->records, record);
    messages_set_written(review->spoken);
    return result;
}

/* So are those of what is computed; with NULL for what is waiting. */
static tuwen_status take_record(struct review *review, const struct record *record)
{
    messages_set_written(review->written);
    tuwen_status status = record ? review_batch_add(review->batch, record) : review_batch_finish(review->batch);
    messages_set_written(review->spoken);
    return status;
}

static tuwen_status review_rows(struct review *review, struct record *record, enum records_result result)
{
    tuwen_status status = write_header(review);
    while (status == TUWEN_OK && result == RECORDS_ONE) {
        status = take_record(review, record);
        if (status == TUWEN_OK && !records_ready(review->records)) /* what came so far is not kept waiting */
            status = take_record(review, NULL);
        if (status == TUWEN_OK)
            result = interrupt_seen() ? RECORDS_FAILED : next_record(review, record);
    }
    if (status != TUWEN_OK)
        return status;
    if (result == RECORDS_FAILED)
        return interrupt_seen() ? TUWEN_CANCELLED : TUWEN_IO;
    if (review_file_has_more(review->file))
        return TUWEN_INVALID_ARGUMENT;
    status = take_record(review, NULL);
    return status == TUWEN_OK ? write_report(review) : status;
}

/* The format that the end of the results' name tells. */
static enum record_format format_of_name(const char *path)
{
    size_t length = path ? strlen(path) : 0;
    if (length > 4 && strcasecmp(path + length - 4, ".csv") == 0)
        return RECORD_CSV;
    if (length > 4 && strcasecmp(path + length - 4, ".tsv") == 0)
        return RECORD_TSV;
    return length > 6 && strcasecmp(path + length - 6, ".jsonl") == 0 ? RECORD_JSONL : RECORD_AUTO;
}

static enum record_format format_of(const struct review *review)
{
    static const enum record_format formats[] = {RECORD_CSV, RECORD_TSV, RECORD_JSONL};
    const struct option_value *value = value_of(review, OPTION_REVIEW_FORMAT);
    return value->given ? formats[(size_t)value->number] : format_of_name(review->output);
}

static int say_end(struct review *review, tuwen_status status)
{
    uint64_t computed;
    progress_clear();
    tuwen_cache_count(review->checkpoint.cache, &review->summary.cached, &computed);
    int code = status == TUWEN_CANCELLED ? CLI_CANCELLED
               : status != TUWEN_OK      ? CLI_SOME_FAILED
                                         : review_summary_code(&review->summary);
    const bool goes_on = review_file_goes_on(review->file) && status != TUWEN_INVALID_ARGUMENT;
    struct number_text rows = ROWS_TEXT(review->summary.rows);
    if (status == TUWEN_CANCELLED)
        complain(goes_on ? SAY_REVIEW_CANCELLED : SAY_CANCELLED, WITH(rows.text));
    else if (status != TUWEN_OK && goes_on)
        complain(SAY_REVIEW_BROKEN_OFF, NULL);
    if (status == TUWEN_OK || status == TUWEN_CANCELLED)
        review_summary_say(&review->summary);
    if (review->layout.records_with_others > 0)
        remark(SAY_REVIEW_OTHERS, WITH(number_text((double)review->layout.records_with_others, 0).text));
    if (value_of(review, OPTION_JSON)->given && (status == TUWEN_OK || status == TUWEN_CANCELLED))
        review_summary_print(&review->summary, stdout, code);
    return code;
}

static int run(struct review *review)
{
    struct record record;
    int code = gather(review);
    if (code == CLI_DONE)
        code = check_files(review);
    if (code == CLI_DONE)
        code = check_helper(review);
    if (code != CLI_DONE)
        return code;
    review->records = records_open(review->input, &review->records_options);
    if (!review->records)
        return CLI_SOME_FAILED;
    review->spoken = review->written = messages_language();
    if (review->output && !value_of(review, OPTION_REVIEW_FORCE)->given)
        review->written = review_file_language(review->output, review->spoken);
    if (!review->output && isatty(STDOUT_FILENO) == 1) /* rows would run into it */
        progress_enable(false);
    enum records_result result = next_record(review, &record);
    if (result == RECORDS_FAILED)
        return CLI_SOME_FAILED;
    if (!review_layout_plan(&review->layout, review->records, result == RECORDS_ONE ? &record : NULL,
                            format_of(review)))
        return CLI_SOME_FAILED;
    code = checkpoint_open(&review->checkpoint, review->cli, NULL, true);
    if (code == CLI_DONE)
        code = profiles_open(review->cli, &review->checkpoint, instruction_of(review), &review->profile);
    if (code == CLI_DONE && review->summary.bar.by_match && !review->profile) {
        complain(SAY_REVIEW_BAR_PROFILE, NULL);
        code = CLI_USAGE;
    }
    if (code == CLI_DONE)
        code = open_file(review);
    if (code != CLI_DONE)
        return code;
    review->summary.start = seconds_now();
    review->work = (struct review_work){
        .checkpoint = &review->checkpoint,
        .judge = {review->checkpoint.model, review->profile},
        .options = &review->cli->options,
        .layout = &review->layout,
        .file = review->file,
        .summary = &review->summary,
        .folder = records_folder(review->records),
        .input_size = records_size(review->records),
    };
    review->batch = review_batch_open(&review->work);
    return review->batch ? say_end(review, review_rows(review, &record, result)) : CLI_SOME_FAILED;
}

int review_run(const struct cli *cli)
{
    struct review review = {.cli = cli};
    int code = run(&review);
    review_batch_close(review.batch);
    if (!review_file_close(review.file) && code != CLI_CANCELLED)
        code = CLI_SOME_FAILED;
    review_layout_free(&review.layout);
    tuwen_profile_close(review.profile);
    checkpoint_close(&review.checkpoint);
    records_close(review.records);
    free(review.text_columns);
    return code;
}
