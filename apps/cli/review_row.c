/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a review: what the input said, as it said it, and what was found out, behind it.
 *
 * The beginning of a row depends on the input alone. So a review that goes on after a break can tell by it that the rows
 * that are there already belong to this input; the end of a row says what the summary wants to know of them.
 */
#include "review.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json_bytes.h"
#include "messages.h"
#include "terminal.h"

static const char *const column_names[REVIEW_COLUMNS] = {"text", "cosine",    "score", "match",
                                                         "band", "truncated", "error"};

static const char prefix[] = "tuwen_";

/* How many prefixes each added member of a JSON row gets, packed into one number. */
enum { PREFIX_BITS = 4, MOST_PREFIXES = (1 << PREFIX_BITS) - 1 };

static bool is_table(enum record_format format)
{
    return format == RECORD_CSV || format == RECORD_TSV;
}

/* Planning. */

static bool is_taken(const struct review_layout *layout, const char *name)
{
    for (size_t i = 0; i < layout->column_count; i++)
        if (layout->columns[i].size == strlen(name) &&
            strncasecmp(layout->columns[i].data, name, layout->columns[i].size) == 0)
            return true;
    return false;
}

/* A name that no column of the input has. */
static char *free_name(const struct review_layout *layout, const char *name)
{
    size_t room = strlen(name) + 1 + (layout->column_count + 1) * strlen(prefix);
    char *free_one = malloc(room);
    if (!free_one)
        return NULL;
    snprintf(free_one, room, "%s", name);
    while (is_taken(layout, free_one)) {
        memmove(free_one + strlen(prefix), free_one, strlen(free_one) + 1);
        memcpy(free_one, prefix, strlen(prefix));
    }
    return free_one;
}

/* Copies the names of the columns, from the table or from the first object. */
static bool copy_columns(struct review_layout *layout, const struct text *names, const struct record_field *fields,
                         size_t count)
{
    size_t size = 0;
    if (!names && !fields)
        count = 0;
    for (size_t i = 0; i < count; i++)
        size += names ? names[i].size : fields[i].name_size;
    layout->columns = calloc(count + 1, sizeof *layout->columns);
    char *to = layout->column_names = malloc(size + 1);
    if (!layout->columns || !to)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *name = names ? names[i].data : fields[i].name;
        size_t length = names ? names[i].size : fields[i].name_size;
        if (length)
            memcpy(to, name, length);
        layout->columns[i] = (struct text){to, length};
        to += length;
    }
    layout->column_count = count;
    return true;
}

bool review_layout_plan(struct review_layout *layout, const struct records *records, const struct record *first,
                        enum record_format to)
{
    size_t count;
    const struct text *names = records_columns(records, &count);
    *layout = (struct review_layout){.from = records_format(records)};
    layout->to = to != RECORD_AUTO ? to : layout->from == RECORD_FOLDER ? RECORD_CSV : layout->from;
    layout->delimiter = layout->to == RECORD_TSV     ? '\t'
                        : layout->from == RECORD_CSV ? records_delimiter(records)
                                                     : ',';
    layout->has_mark = records_has_mark(records) && is_table(layout->to);
    layout->has_header = is_table(layout->to) && records_has_header(records);
    layout->has_text_column = is_table(layout->from) ? records_text_columns(records) > 1
                                                     : layout->from == RECORD_FOLDER || is_table(layout->to);
    bool good = layout->from == RECORD_JSONL
                    ? !is_table(layout->to) ||
                          copy_columns(layout, NULL, first ? first->fields : NULL, first ? first->field_count : 0)
                    : copy_columns(layout, names, NULL, count);
    for (size_t i = 0; i < REVIEW_COLUMNS && good; i++) {
        layout->names[i] = free_name(layout, column_names[i]);
        good = layout->names[i] != NULL;
    }
    if (!good)
        complain(SAY_OUT_OF_MEMORY, NULL);
    return good;
}

void review_layout_free(struct review_layout *layout)
{
    for (size_t i = 0; i < REVIEW_COLUMNS; i++)
        free(layout->names[i]);
    free(layout->columns);
    free(layout->column_names);
    *layout = (struct review_layout){0};
}

/* Writing. */

/* A field of a table, in quotes where it needs them. */
static void add_cell(const struct review_layout *layout, struct buffer *buffer, const char *text, size_t size)
{
    bool plain = true;
    for (size_t i = 0; i < size && plain; i++)
        plain = text[i] != layout->delimiter && text[i] != '\n' && text[i] != '\r' && text[i] != '"';
    if (plain) {
        buffer_add(buffer, text, size);
        return;
    }
    size_t begin = 0;
    buffer_add(buffer, "\"", 1);
    for (size_t i = 0; i < size; i++)
        if (text[i] == '"') { /* it is written twice: here, and with what follows */
            buffer_add(buffer, text + begin, i + 1 - begin);
            begin = i;
        }
    buffer_add(buffer, text + begin, size - begin);
    buffer_add(buffer, "\"", 1);
}

static void add_delimiter(const struct review_layout *layout, struct buffer *buffer)
{
    buffer_add(buffer, &layout->delimiter, 1);
}

void review_header(const struct review_layout *layout, struct buffer *buffer)
{
    if (layout->has_mark)
        buffer_text(buffer, "\xef\xbb\xbf");
    if (!layout->has_header)
        return;
    for (size_t i = 0; i < layout->column_count; i++) {
        add_cell(layout, buffer, layout->columns[i].data, layout->columns[i].size);
        add_delimiter(layout, buffer);
    }
    for (int i = layout->has_text_column ? COLUMN_TEXT : COLUMN_COSINE; i < REVIEW_COLUMNS; i++) {
        buffer_text(buffer, layout->names[i]);
        if (i + 1 < REVIEW_COLUMNS)
            add_delimiter(layout, buffer);
    }
    buffer_text(buffer, "\n");
}

/* The field of a record that belongs to a column, or NULL. */
static const struct record_field *field_of(const struct review_layout *layout, const struct record *record,
                                           size_t column)
{
    if (layout->from != RECORD_JSONL)
        return column < record->field_count ? &record->fields[column] : NULL;
    for (size_t i = 0; i < record->field_count; i++)
        if (record->fields[i].name_size == layout->columns[column].size &&
            memcmp(record->fields[i].name, layout->columns[column].data, record->fields[i].name_size) == 0)
            return &record->fields[i];
    return NULL;
}

static void begin_cells(struct review_layout *layout, struct buffer *buffer, const struct record *record,
                        const struct text *text)
{
    size_t found = 0;
    for (size_t i = 0; i < layout->column_count; i++) {
        const struct record_field *field = field_of(layout, record, i);
        found += field != NULL;
        if (field && !(field->is_json && field->size == 4 && memcmp(field->value, "null", 4) == 0))
            add_cell(layout, buffer, field->value, field->size);
        add_delimiter(layout, buffer);
    }
    if (layout->from == RECORD_JSONL && found < record->field_count)
        layout->records_with_others++;
    if (!layout->has_text_column)
        return;
    if (text)
        add_cell(layout, buffer, text->data, text->size);
    add_delimiter(layout, buffer);
}

/* The object as it stands in the line, without its end; a line that is none as a string of its own. */
static void begin_object(struct buffer *buffer, const struct record *record)
{
    if (record->field_count > 0) {
        size_t size = record->raw_size - 1;
        while (size > 0 && strchr(" \t\r\n", record->raw[size - 1]))
            size--;
        buffer_add(buffer, record->raw, size);
        buffer_text(buffer, ",");
    } else if (record->raw_size > 0) {
        buffer_text(buffer, "{\"line\":");
        json_bytes(buffer, record->raw, record->raw_size);
        buffer_text(buffer, ",");
    } else {
        buffer_text(buffer, "{");
    }
}

static void begin_members(struct buffer *buffer, const struct record *record)
{
    buffer_text(buffer, "{");
    for (size_t i = 0; i < record->field_count; i++) {
        json_bytes(buffer, record->fields[i].name, record->fields[i].name_size);
        buffer_text(buffer, ":");
        json_bytes(buffer, record->fields[i].value, record->fields[i].size);
        buffer_text(buffer, ",");
    }
}

/* Whether a record has a member called `name` with so many prefixes in front. */
static bool has_member(const struct record *record, const char *name, unsigned prefixes)
{
    const size_t each = strlen(prefix);
    for (size_t i = 0; i < record->field_count; i++) {
        const char *key = record->fields[i].name;
        size_t size = record->fields[i].name_size;
        if (size != strlen(name) + prefixes * each || strncasecmp(key + prefixes * each, name, strlen(name)) != 0)
            continue;
        unsigned same = 0;
        while (same < prefixes && strncasecmp(key + same * each, prefix, each) == 0)
            same++;
        if (same == prefixes)
            return true;
    }
    return false;
}

unsigned review_prefixed(const struct review_layout *layout, const struct record *record)
{
    unsigned prefixed = 0;
    if (is_table(layout->to) || layout->from != RECORD_JSONL)
        return 0;
    for (unsigned column = 0; column < REVIEW_COLUMNS; column++) {
        unsigned prefixes = 0;
        while (prefixes < MOST_PREFIXES && has_member(record, column_names[column], prefixes))
            prefixes++;
        prefixed |= prefixes << (PREFIX_BITS * column);
    }
    return prefixed;
}

/* The name of an added member, with its colon. */
static void add_member(const struct review_layout *layout, struct buffer *buffer, unsigned column, unsigned prefixed)
{
    bool own = layout->from == RECORD_JSONL; /* else the names of the table are the same in all rows */
    buffer_text(buffer, "\"");
    for (unsigned i = 0; own && i < (prefixed >> (PREFIX_BITS * column) & MOST_PREFIXES); i++)
        buffer_text(buffer, prefix);
    buffer_text(buffer, own ? column_names[column] : layout->names[column]);
    buffer_text(buffer, "\":");
}

void review_row_begin(struct review_layout *layout, struct buffer *buffer, const struct record *record,
                      const struct text *text)
{
    if (is_table(layout->to)) {
        begin_cells(layout, buffer, record, text);
        return;
    }
    if (layout->from == RECORD_JSONL)
        begin_object(buffer, record);
    else
        begin_members(buffer, record);
    if (!text || (layout->from == RECORD_JSONL ? record->text_count < 2 : !layout->has_text_column))
        return;
    add_member(layout, buffer, COLUMN_TEXT, review_prefixed(layout, record));
    json_bytes(buffer, text->data, text->size);
    buffer_text(buffer, ",");
}

/* "NOT_FOUND: a.jpg: there is no such file", on one line. */
static void make_error(struct buffer *sentence, const struct review_result *result)
{
    buffer_add(sentence, result->status, result->status_size);
    buffer_text(sentence, ": ");
    buffer_text(sentence, result->error);
    for (size_t i = 0; i < sentence->size; i++)
        if ((unsigned char)sentence->data[i] < 0x20)
            sentence->data[i] = ' ';
}

static void end_cells(const struct review_layout *layout, struct buffer *buffer, const struct review_result *result,
                      const struct buffer *error)
{
    char d = layout->delimiter, match[32] = "";
    if (!isnan(result->verdict.match))
        snprintf(match, sizeof match, "%.6f", result->verdict.match);
    if (result->status)
        BUFFER_FORMAT(buffer, "%c%c%c%c%c", d, d, d, d, d);
    else
        BUFFER_FORMAT(buffer, "%.6f%c%.6f%c%s%c%s%c%s%c", result->verdict.cosine, d, result->verdict.score, d, match,
                      d, tuwen_band_name(result->verdict.band, TUWEN_ENGLISH), d,
                      result->truncated ? "true" : "false", d);
    add_cell(layout, buffer, error->data, error->size);
    buffer_text(buffer, "\n");
}

static void end_members(const struct review_layout *layout, struct buffer *buffer, const struct review_result *result,
                        const struct buffer *error, unsigned prefixed)
{
    char cosine[32] = "null", score[32] = "null", match[32] = "null", band[32] = "null";
    if (!result->status) {
        snprintf(cosine, sizeof cosine, "%.6f", result->verdict.cosine);
        snprintf(score, sizeof score, "%.6f", result->verdict.score);
        if (!isnan(result->verdict.match))
            snprintf(match, sizeof match, "%.6f", result->verdict.match);
        snprintf(band, sizeof band, "\"%s\"", tuwen_band_name(result->verdict.band, TUWEN_ENGLISH));
    }
    const char *values[] = {NULL,  cosine, score,
                            match, band,   result->status ? "null" : result->truncated ? "true" : "false"};
    for (unsigned column = COLUMN_COSINE; column < COLUMN_ERROR; column++) {
        add_member(layout, buffer, column, prefixed);
        buffer_text(buffer, values[column]);
        buffer_text(buffer, ",");
    }
    add_member(layout, buffer, COLUMN_ERROR, prefixed);
    if (result->status)
        json_bytes(buffer, error->data, error->size);
    else
        buffer_text(buffer, "null");
    buffer_text(buffer, "}\n");
}

void review_row_end(const struct review_layout *layout, struct buffer *buffer, const struct review_result *result,
                    unsigned prefixed)
{
    struct buffer error = {0};
    if (result->status)
        make_error(&error, result);
    if (is_table(layout->to))
        end_cells(layout, buffer, result, &error);
    else
        end_members(layout, buffer, result, &error, prefixed);
    buffer->failed = buffer->failed || error.failed;
    buffer_free(&error);
}

/* Reading back. */

/* The next value of a row's end: of a table up to the delimiter, of an object behind the colon. Quotes are passed over. */
static const char *next_value(const struct review_layout *layout, const char **at, const char *end, size_t *size)
{
    const char *value = *at;
    if (!is_table(layout->to)) {
        while (value < end && *value != ':')
            value++;
        value += value < end;
    }
    if (value < end && *value == '"')
        value++;
    const char stop = is_table(layout->to) ? layout->delimiter : ',';
    const char *behind = value;
    while (behind < end && *behind != stop && *behind != '"')
        behind++;
    *size = (size_t)(behind - value);
    if (behind < end && *behind == '"')
        behind++;
    *at = behind + (behind < end);
    return value;
}

/* Behind the quote of a cell or string the status stands first. */
bool review_row_read(const struct review_layout *layout, const char *end, size_t size, struct review_result *result)
{
    const char *at = end, *last = end + size, *values[REVIEW_COLUMNS] = {0};
    size_t sizes[REVIEW_COLUMNS] = {0};
    *result = (struct review_result){0};
    if (!is_table(layout->to) && size > 0 && last[-1] == '}')
        last--;
    for (unsigned column = COLUMN_COSINE; column < REVIEW_COLUMNS; column++)
        values[column] = next_value(layout, &at, last, &sizes[column]);
    bool is_null = sizes[COLUMN_ERROR] == 4 && memcmp(values[COLUMN_ERROR], "null", 4) == 0;
    bool has_error = sizes[COLUMN_ERROR] > 0 && !is_null;
    if (has_error) {
        const char *colon = memchr(values[COLUMN_ERROR], ':', (size_t)(last - values[COLUMN_ERROR]));
        result->status = values[COLUMN_ERROR];
        result->status_size = colon ? (size_t)(colon - values[COLUMN_ERROR]) : 0;
        return colon != NULL;
    }
    char cosine[32], score[32], match[32];
    snprintf(cosine, sizeof cosine, "%.*s", (int)(sizes[COLUMN_COSINE] % 32), values[COLUMN_COSINE]);
    snprintf(score, sizeof score, "%.*s", (int)(sizes[COLUMN_SCORE] % 32), values[COLUMN_SCORE]);
    snprintf(match, sizeof match, "%.*s", (int)(sizes[COLUMN_MATCH] % 32), values[COLUMN_MATCH]);
    result->verdict.match = *match >= '0' && *match <= '9' ? strtod(match, NULL) : (double)NAN;
    result->verdict.cosine = strtod(cosine, NULL);
    result->verdict.score = strtod(score, NULL);
    result->truncated = sizes[COLUMN_TRUNCATED] == 4 && memcmp(values[COLUMN_TRUNCATED], "true", 4) == 0;
    return verdict_band_of(values[COLUMN_BAND], sizes[COLUMN_BAND], &result->verdict.band);
}
