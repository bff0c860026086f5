/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen match --report`: the pairs as a page to look through. It has what the other output has, in the same order: with
 * --top the best of each group, and a row for each picture or text that failed. What goes wrong with it is said at the
 * end, and does not keep the other output from being complete.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"

/* Stored pictures stand in the report if their files are where they were. */
static void add_stored(struct match *match, size_t place)
{
    const char *image = match->passing.items[place].image;
    struct bytes bytes;
    struct input_error error;
    if (strcmp(image, "-") == 0 ||
        !input_read_picture(image, checkpoint_picture_bytes(&match->cli->options), &bytes, &error))
        return;
    match_report_picture(match, place, &bytes);
    bytes_free(&bytes);
}

void match_report_picture(struct match *match, size_t place, const struct bytes *bytes)
{
    struct match_report *report = &match->report;
    if (report->page)
        report->numbers[place] = html_pictures_add(&report->pictures, bytes->data, bytes->size);
}

static void add_row(struct match *match, const struct match_item *kept, const struct match_item *passing,
                    struct html_report_row *row)
{
    struct match_report *report = &match->report;
    const char *image = passing ? input_name(passing->image) : "";
    row->number = ++report->rows;
    row->image = image;
    row->image_size = strlen(image);
    row->text = kept ? kept->text : "";
    row->text_size = kept ? kept->text_size : 0;
    row->picture = passing ? report->numbers[passing - match->passing.items] : HTML_REPORT_NO_PICTURE;
    report->failed = report->failed || !html_report_row(report->page, row);
}

void match_report_pair(struct match *match, size_t kept, size_t passing, float cosine)
{
    const struct match_item *left = &match->kept.items[kept], *right = &match->passing.items[passing];
    struct html_report_row row = {.truncated = left->truncated || right->truncated};
    row.score = match_judge(match, left, right, cosine, &row.match);
    if (!match->report.page || match->report.failed)
        return;
    if (right->stored && match->report.numbers[passing] == HTML_REPORT_NO_PICTURE)
        add_stored(match, passing);
    add_row(match, left, right, &row);
}

void match_report_failed(struct match *match, bool is_kept, size_t place)
{
    const struct match_item *item = is_kept ? &match->kept.items[place] : &match->passing.items[place];
    struct html_report_row row = {.error = item->message, .match = NAN};
    if (match->report.page && !match->report.failed)
        add_row(match, is_kept ? item : NULL, is_kept ? NULL : item, &row);
}

/* Score and verdict, of which a report is full, are made for a text and a picture. */
static bool has_others(const struct match *match)
{
    for (size_t i = 0; i < match->passing.count; i++)
        if (!match->passing.items[i].image || match->passing.items[i].text)
            return true;
    return match->with_queries;
}

int match_report_begin(struct match *match)
{
    struct match_report *report = &match->report;
    const struct option_value *path = &match->cli->options.values[OPTION_REPORT];
    if (!path->given)
        return CLI_DONE;
    if (has_others(match)) {
        complain(SAY_MATCH_REPORT_OTHERS, NULL);
        return CLI_USAGE;
    }
    report->numbers = calloc(match->passing.count, sizeof *report->numbers);
    if (!report->numbers) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    for (size_t i = 0; i < match->passing.count; i++)
        report->numbers[i] = HTML_REPORT_NO_PICTURE;
    const struct html_text made = html_made_now();
    const tuwen_profile_info *profile = match->profile ? tuwen_profile_get_info(match->profile) : NULL;
    struct html_report_facts facts = {
        .model = match->checkpoint.info->name,
        .fingerprint = tuwen_session_fingerprint(match->checkpoint.session),
        .made = made.text,
        .language = messages_language(),
        .profile = profile ? profile->name : NULL,
        .match_threshold = profile ? (double)profile->band_from[TUWEN_BAND_FAIR] : (double)NAN,
    };
    html_report_model_threshold(match->checkpoint.model, &facts);
    report->page = html_report_begin(path->text, &facts);
    if (report->page)
        html_pictures_plan(&report->pictures, report->page, &match->cli->options);
    return report->page ? CLI_DONE : CLI_SOME_FAILED;
}

bool match_report_end(struct match *match, bool complete)
{
    const bool had_page = match->report.page;
    bool good = html_report_end(match->report.page, complete);
    if (had_page && good && complete)
        remark(SAY_REPORT_WRITTEN, WITH(match->cli->options.values[OPTION_REPORT].text));
    match->report.page = NULL;
    free(match->report.numbers);
    match->report.numbers = NULL;
    return good;
}
