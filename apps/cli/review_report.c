/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen review --report`: the rows of a finished review as a page to hand over.
 *
 * It is made from the file of results, read again from its beginning, so it holds all rows however often the review was
 * broken off. What the review added stands in the last columns of a row, or in the last members of an object.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "html_pictures.h"
#include "interrupt.h"
#include "messages.h"
#include "picture_source.h"
#include "review.h"
#include "terminal.h"

enum {
    RECENT_PATHS = 1024,
    LONGEST_ADDRESS = 4096, /* bytes of a data: URL; a longer one is cut */
    CUT_ADDRESS = 64,
    SHOW_EVERY = 64 /* rows */
};

/* A picture that rows have named before. */
struct recent_path {
    char *given;
    int64_t picture;
};

struct pass {
    const struct review_report *plan;
    struct records *records;
    struct html_report *report;
    struct html_pictures pictures;
    struct recent_path recent[RECENT_PATHS];
    struct text *columns; /* names, of the first record; they point into `names` */
    size_t *places;       /* of the columns among its fields */
    char *names;
    struct text *fields; /* [column_count]: of the row at hand */
    size_t column_count;
    uint64_t rows;
};

/* Columns. */

/* How many fields of a record the review added at its end. */
static size_t added_to(const struct record *record)
{
    size_t added = REVIEW_COLUMNS - COLUMN_COSINE;
    return record->field_count < added ? record->field_count : added;
}

/* A field that the review added, as text; empty for JSON's null. */
static struct text added_field(const struct record *record, enum review_column column)
{
    size_t behind = REVIEW_COLUMNS - (size_t)column;
    if (behind > record->field_count)
        return (struct text){"", 0};
    const struct record_field *field = &record->fields[record->field_count - behind];
    bool is_null = field->is_json && field->size == 4 && memcmp(field->value, "null", 4) == 0;
    return is_null ? (struct text){"", 0} : (struct text){field->value, field->size};
}

/* Whether a field is the picture or the text itself, which stand in a row anyway. */
static bool is_role(const struct record *record, const struct record_field *field)
{
    return field->value == record->image || (record->text_count == 1 && field->value == record->texts[0].data);
}

/* Keeps the names of the columns that came with the rows. */
static bool name_columns(struct pass *pass, const struct record *first)
{
    size_t count = first->field_count - added_to(first), size = 0;
    for (size_t i = 0; i < count; i++)
        size += first->fields[i].name_size;
    pass->columns = calloc(count + 1, sizeof *pass->columns);
    pass->places = calloc(count + 1, sizeof *pass->places);
    pass->fields = calloc(count + 1, sizeof *pass->fields);
    char *to = pass->names = malloc(size + 1);
    if (!pass->columns || !pass->places || !pass->fields || !to)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct record_field *field = &first->fields[i];
        if (is_role(first, field))
            continue;
        memcpy(to, field->name, field->name_size);
        pass->columns[pass->column_count] = (struct text){to, field->name_size};
        pass->places[pass->column_count++] = i;
        to += field->name_size;
    }
    return true;
}

/* An address that holds a picture itself would be in the report twice more; the thumbnail shows it. */
static struct text shown(const char *value, size_t size)
{
    bool cut = size > LONGEST_ADDRESS && strncmp(value, "data:", 5) == 0;
    return (struct text){value, cut ? CUT_ADDRESS : size};
}

/* The field of a column. Objects mostly have the same members at the same places, but need not. */
static const struct record_field *field_of(const struct pass *pass, const struct record *record, size_t column)
{
    const struct text *name = &pass->columns[column];
    size_t count = record->field_count - added_to(record), place = pass->places[column];
    if (pass->plan->layout->to != RECORD_JSONL)
        return place < count ? &record->fields[place] : NULL;
    for (size_t i = 0; i < count; i++) {
        const struct record_field *field = &record->fields[(place + i) % count];
        if (field->name_size == name->size && memcmp(field->name, name->data, name->size) == 0)
            return field;
    }
    return NULL;
}

static void take_fields(struct pass *pass, const struct record *record)
{
    for (size_t i = 0; i < pass->column_count; i++) {
        const struct record_field *field = field_of(pass, record, i);
        pass->fields[i] = field ? shown(field->value, field->size) : (struct text){"", 0};
    }
}

/* Rows. */

/* The text of a row. Of an object with several texts a row has one, in the last member before the numbers. */
static struct text text_of_row(const struct pass *pass, const struct record *record)
{
    if (record->text_count > 1 && pass->plan->layout->to == RECORD_JSONL)
        return added_field(record, COLUMN_TEXT);
    return record->text_count > 0 ? record->texts[0] : (struct text){"", 0};
}

static int64_t read_picture(struct pass *pass, const char *given)
{
    struct picture_source source;
    struct bytes bytes;
    struct input_error error;
    if (!picture_source_find(&source, pass->plan->folder, given, &error) ||
        !picture_source_read(&source, checkpoint_picture_bytes(pass->plan->options), &bytes, &error))
        return HTML_REPORT_NO_PICTURE;
    int64_t number = html_pictures_add(&pass->pictures, bytes.data, bytes.size);
    bytes_free(&bytes);
    return number;
}

static int64_t picture_of(struct pass *pass, const char *given)
{
    uint64_t sum = 14695981039346656037u; /* FNV-1a */
    for (const char *at = given; *at; at++)
        sum = (sum ^ (unsigned char)*at) * 1099511628211u;
    struct recent_path *recent = &pass->recent[sum % RECENT_PATHS];
    if (recent->given && strcmp(recent->given, given) == 0)
        return recent->picture;
    free(recent->given);
    *recent = (struct recent_path){.given = strdup(given), .picture = read_picture(pass, given)};
    return recent->picture;
}

static double number_of(struct text text)
{
    char number[32];
    snprintf(number, sizeof number, "%.*s", (int)(text.size < sizeof number ? text.size : 0), text.data);
    return strtod(number, NULL);
}

/* The sentence of an error without the word for programs before it. */
static const char *sentence_of(char *error)
{
    char *colon = strstr(error, ": ");
    size_t length = strspn(error, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    return colon && length > 0 && error + length == colon ? colon + 2 : error;
}

static double match_of(const struct record *record)
{
    struct text match = added_field(record, COLUMN_MATCH);
    return match.size > 0 ? number_of(match) : (double)NAN;
}

static bool add_row(struct pass *pass, const struct record *record)
{
    struct text error = added_field(record, COLUMN_ERROR), band = added_field(record, COLUMN_BAND);
    struct text text = text_of_row(pass, record), truncated = added_field(record, COLUMN_TRUNCATED);
    const char *given = record->image ? record->image : "";
    char *copy = strndup(error.data, error.size);
    if (!copy)
        return false;
    take_fields(pass, record);
    struct text image = shown(given, strlen(given));
    struct html_report_row row = {
        .number = ++pass->rows,
        .image = image.data,
        .image_size = image.size,
        .text = text.data,
        .text_size = text.size,
        .picture =
            error.size == 0 || strncmp(copy, "BAD_TEXT", 8) == 0 ? picture_of(pass, given) : HTML_REPORT_NO_PICTURE,
        .score = {.cosine = (float)number_of(added_field(record, COLUMN_COSINE)),
                  .score = (float)number_of(added_field(record, COLUMN_SCORE))},
        .match = match_of(record),
        .truncated = truncated.size == 4 && memcmp(truncated.data, "true", 4) == 0,
        .error = error.size > 0 ? sentence_of(copy) : NULL,
        .fields = pass->fields,
    };
    bool good = error.size > 0 || verdict_band_of(band.data, band.size, &row.score.band);
    if (!good)
        row.error = copy;
    good = html_report_row(pass->report, &row);
    free(copy);
    return good;
}

/* The pass. */

/* The last part of a path: where a file lies is nobody's business who gets the report. */
static struct html_text name_of(const char *path)
{
    struct html_text name;
    const char *end = path + strlen(path);
    while (end > path + 1 && end[-1] == '/')
        end--;
    const char *begin = end;
    while (begin > path && begin[-1] != '/')
        begin--;
    snprintf(name.text, sizeof name.text, "%.*s", (int)(end - begin), begin);
    return name;
}

static bool begin(struct pass *pass, const struct record *first)
{
    const struct review_report *plan = pass->plan;
    if (first && !name_columns(pass, first)) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return false;
    }
    const struct html_text made = html_made_now(), source = name_of(input_name(plan->input));
    struct html_report_facts facts = {
        .source = source.text,
        .model = plan->checkpoint->info->name,
        .fingerprint = tuwen_session_fingerprint(plan->checkpoint->session),
        .made = made.text,
        .language = messages_language(),
        .profile = plan->profile ? plan->profile->name : NULL,
        .match_threshold = plan->profile ? (double)plan->profile->band_from[TUWEN_BAND_FAIR] : (double)NAN,
        .columns = pass->columns,
        .column_count = pass->column_count,
    };
    html_report_model_threshold(plan->checkpoint->model, &facts);
    pass->report = html_report_begin(plan->options->values[OPTION_REPORT].text, &facts);
    if (pass->report)
        html_pictures_plan(&pass->pictures, pass->report, plan->options);
    return pass->report != NULL;
}

static void show_progress(const struct pass *pass)
{
    char line[128];
    if (pass->rows % SHOW_EVERY != 0)
        return;
    message_format(line, sizeof line, SAY_REPORT_PROGRESS,
                   WITH(number_text((double)pass->rows, 0).text, number_text((double)pass->plan->rows, 0).text));
    progress_show(line);
}

static tuwen_status add_rows(struct pass *pass)
{
    struct record record;
    enum records_result result = records_next(pass->records, &record);
    if (result != RECORDS_FAILED && !begin(pass, result == RECORDS_ONE ? &record : NULL))
        return TUWEN_IO;
    while (result == RECORDS_ONE) {
        show_progress(pass);
        if (!add_row(pass, &record))
            return TUWEN_IO; /* html_report_end tells why */
        result = interrupt_seen() ? RECORDS_FAILED : records_next(pass->records, &record);
    }
    return result == RECORDS_END ? TUWEN_OK : interrupt_seen() ? TUWEN_CANCELLED : TUWEN_IO;
}

/* How the file of results is to be read: its rows are those of the input, and a column of texts may be new. */
static struct records_options options_of(const struct review_report *plan, const char **text_column, char number[32])
{
    struct records_options options = *plan->columns;
    options.format = plan->layout->to;
    options.any_columns = true;
    if (!plan->layout->has_text_column)
        return options;
    snprintf(number, 32, "%zu", plan->layout->column_count + 1);
    *text_column = options.no_header ? number : plan->layout->names[COLUMN_TEXT];
    options.text_columns = text_column;
    options.text_column_count = 1;
    return options;
}

tuwen_status review_report_write(const struct review_report *plan)
{
    struct pass *pass = calloc(1, sizeof *pass);
    const char *text_column;
    char number[32];
    const struct records_options options = options_of(plan, &text_column, number);
    if (!pass) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return TUWEN_OUT_OF_MEMORY;
    }
    pass->plan = plan;
    pass->records = records_open(plan->output, &options);
    tuwen_status status = pass->records ? add_rows(pass) : TUWEN_IO;
    progress_clear();
    if (!html_report_end(pass->report, status == TUWEN_OK) && status == TUWEN_OK)
        status = TUWEN_IO;
    for (size_t i = 0; i < RECENT_PATHS; i++)
        free(pass->recent[i].given);
    records_close(pass->records);
    free(pass->columns);
    free(pass->places);
    free(pass->names);
    free(pass->fields);
    free(pass);
    return status;
}
