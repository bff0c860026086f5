/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of records: opening what it is given, rows cut into fields, and what makes a record of them. */
#include "record_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages.h"

/* Bytes that tell the format. */
#define SAMPLE 65536

struct records {
    char *name, *folder_path;
    struct records_options options;
    enum record_format format;
    int file;
    bool close_file, has_mark;
    uint64_t input_size;
    struct record_rows rows;

    char *header; /* what the names point into */
    struct text *columns;
    size_t column_count;
    struct record_roles roles;
    struct record_object object;
    struct record_folder folder;

    uint64_t number;
    char *content; /* of the fields, without their quotes */
    size_t content_capacity;
    struct record_field *fields;
    size_t field_count, field_capacity;
    struct text *texts;
    size_t text_capacity;
    char message[1024];
};

static bool out_of_memory(void)
{
    complain(SAY_OUT_OF_MEMORY, NULL);
    return false;
}

static bool refuse(const struct records *records, enum message message)
{
    complain(message, WITH(records->name));
    return false;
}

/* Fields. */

static bool add_field(struct records *records, const char *value, size_t size)
{
    if (!record_grow((void **)&records->fields, &records->field_capacity, records->field_count + 1,
                     sizeof *records->fields))
        return out_of_memory();
    records->fields[records->field_count++] = (struct record_field){.value = value, .size = size};
    return true;
}

/* Copies the field at `at` without its quotes; returns where its delimiter stands, or the end. A quote that is never
 * closed is an ordinary character. */
static const char *copy_field(const struct records *records, const char *at, const char *end, char **to)
{
    const char *begin = at;
    char *first = *to;
    bool closed = false;
    if (at < end && *at == '"') {
        for (at++; at < end && !closed; at++) {
            if (*at != '"')
                *(*to)++ = *at;
            else if (at + 1 < end && at[1] == '"')
                *(*to)++ = *at++;
            else
                closed = true;
        }
        if (!closed) {
            at = begin;
            *to = first;
        }
    }
    if (at == begin && at < end && *at == '"') /* not closed: all the rest of the line */
        for (; at < end; at++)
            *(*to)++ = *at;
    for (; at < end && *at != records->rows.delimiter; at++)
        *(*to)++ = *at;
    return at;
}

/* Cuts a row into as many fields as there are columns; what is more stays in the last one, as it stands. Returns how many
 * there were, 0 if memory is short. */
static size_t split(struct records *records, const char *row, size_t size, size_t most)
{
    records->field_count = 0;
    if (!record_grow((void **)&records->content, &records->content_capacity, size + 1, 1))
        return out_of_memory();
    const char *at = row, *end = row + size, *last = row;
    char *to = records->content;
    size_t count = 0;
    for (;; at++) {
        const char *begin = at;
        char *first = to;
        at = copy_field(records, at, end, &to);
        count++;
        if (count <= most && !add_field(records, first, (size_t)(to - first)))
            return 0;
        if (count == most)
            last = begin;
        *to++ = '\0';
        if (at == end)
            break;
    }
    if (count > most) {
        records->fields[most - 1].value = last;
        records->fields[most - 1].size = (size_t)(end - last);
    }
    return count;
}

/* Records. */

static void fail(struct records *records, struct record *record, const char *status, enum message message,
                 const char *const *arguments)
{
    if (record->error)
        return; /* the first is the cause */
    message_format(records->message, sizeof records->message, message, arguments);
    record->status = status;
    record->error = records->message;
}

/* What is wrong with the bytes of a row, whatever they mean. */
static void check_bytes(struct records *records, struct record *record, const char *row, size_t size)
{
    if (!text_is_utf8(row, size))
        fail(records, record, "BAD_TEXT", text_may_be_gbk(row, size) ? SAY_RECORD_GBK : SAY_RECORD_NOT_UTF8, NULL);
    else if (memchr(row, 0, size))
        fail(records, record, "BAD_TEXT", SAY_RECORD_NUL, NULL);
}

static void check_content(struct records *records, struct record *record)
{
    if (records->options.any_columns)
        return;
    if (!record->image || record_is_blank(record->image, strlen(record->image)))
        fail(records, record, "INVALID_ARGUMENT", SAY_RECORD_NO_IMAGE, NULL);
    else if (record->text_count == 0)
        fail(records, record, "BAD_TEXT", SAY_RECORD_NO_TEXT, NULL);
}

static bool add_text(struct records *records, struct record *record, const char *data, size_t size)
{
    if (record_is_blank(data, size))
        return true;
    if (!record_grow((void **)&records->texts, &records->text_capacity, record->text_count + 1,
                     sizeof *records->texts))
        return out_of_memory();
    records->texts[record->text_count++] = (struct text){data, size};
    record->texts = records->texts;
    return true;
}

static const struct record_field *field_at(const struct records *records, size_t index)
{
    return index < records->field_count ? &records->fields[index] : NULL;
}

/* Fills a record from a row of a table. */
static bool take_row(struct records *records, struct record *record, const char *row, size_t size)
{
    size_t count = split(records, row, size, records->column_count);
    if (count == 0)
        return false;
    while (records->field_count < records->column_count)
        if (!add_field(records, "", 0))
            return false;
    for (size_t i = 0; i < records->column_count; i++) {
        records->fields[i].name = records->columns[i].data;
        records->fields[i].name_size = records->columns[i].size;
    }
    if (count > records->column_count)
        fail(records, record, "INVALID_ARGUMENT", SAY_RECORD_MORE_FIELDS,
             WITH(number_text((double)count, 0).text, number_text((double)records->column_count, 0).text));
    record->fields = records->fields;
    record->field_count = records->field_count;
    check_bytes(records, record, row, size);
    if (record->error)
        return true;
    const struct record_field *image = field_at(records, records->roles.image);
    const struct record_field *label = field_at(records, records->roles.label);
    record->image = image && image->size > 0 ? image->value : NULL;
    record->label = label ? record_label_of(label->value, label->size) : -1;
    for (size_t i = 0; i < records->roles.text_count; i++) {
        const struct record_field *text = &records->fields[records->roles.texts[i]];
        if (!add_text(records, record, text->value, text->size))
            return false;
    }
    check_content(records, record);
    return true;
}

/* Fills a record from a line of JSON. */
static bool take_object(struct records *records, struct record *record, const char *row, size_t size)
{
    while (size > 0 && strchr(" \t\r", row[size - 1]) && row[size - 1] != '\0')
        size--;
    while (size > 0 && (*row == ' ' || *row == '\t')) {
        row++;
        size--;
    }
    record->raw = row;
    record->raw_size = size;
    check_bytes(records, record, row, size);
    if (record->error)
        return true;
    struct record_object *object = &records->object;
    switch (record_object_read(object, row, size, &records->options)) {
    case OBJECT_NO_MEMORY:
        return out_of_memory();
    case OBJECT_NOT_JSON:
        fail(records, record, "INVALID_ARGUMENT", SAY_RECORD_NOT_JSON, WITH(object->reason));
        return true;
    case OBJECT_NOT_OBJECT:
        fail(records, record, "INVALID_ARGUMENT", SAY_RECORD_NOT_OBJECT, NULL);
        return true;
    case OBJECT_WRONG_TYPE:
        fail(records, record, "INVALID_ARGUMENT", SAY_RECORD_WRONG_TYPE, WITH(object->wrong_key));
        break;
    case OBJECT_GOOD:
        record->image = object->image;
        record->texts = object->texts;
        record->text_count = object->text_count;
        record->label = object->label;
        check_content(records, record);
        break;
    }
    record->fields = object->fields;
    record->field_count = object->field_count;
    return true;
}

/* A picture of a folder. */
static bool take_picture(struct records *records, struct record *record)
{
    struct record_folder *folder = &records->folder;
    struct input_error error;
    size_t index = (size_t)records->number - 1, size = 0;
    record->image = folder->names[index];
    if (record_folder_texts(folder, records->folder_path, index, &error)) {
        const char *at = folder->texts.data, *end = at + folder->texts.size;
        check_bytes(records, record, at, folder->texts.size);
        if (end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
            at += 3;
        for (; at < end && !record->error; at += size + 1) {
            const char *newline = memchr(at, '\n', (size_t)(end - at));
            size = newline ? (size_t)(newline - at) : (size_t)(end - at);
            if (!add_text(records, record, at, record_line_size(at, size)))
                return false;
        }
        check_content(records, record);
    } else {
        fail(records, record, error.status, SAY_PLAIN, WITH(error.message));
    }
    records->field_count = 0;
    if (!add_field(records, record->image, strlen(record->image)))
        return false;
    records->fields[0].name = records->columns[0].data;
    records->fields[0].name_size = records->columns[0].size;
    record->fields = records->fields;
    record->field_count = 1;
    return true;
}

static enum records_result next_of_folder(struct records *records, struct record *record)
{
    if (records->number == records->folder.count)
        return RECORDS_END;
    record->number = record->offset = ++records->number;
    return take_picture(records, record) ? RECORDS_ONE : RECORDS_FAILED;
}

/* A row that was too long to be kept: its fields are empty. */
static bool take_nothing(struct records *records, struct record *record)
{
    fail(records, record, "LIMIT", SAY_RECORD_TOO_LONG, WITH(number_text((double)records->options.max_size, 0).text));
    return records->format == RECORD_JSONL || take_row(records, record, "", 0);
}

enum records_result records_next(struct records *records, struct record *record)
{
    *record = (struct record){.label = -1};
    if (records->format == RECORD_FOLDER)
        return next_of_folder(records, record);
    size_t size = 0;
    enum row_kind kind = record_rows_next(&records->rows, &size);
    if (kind == ROW_FAILED)
        return RECORDS_FAILED;
    if (kind == ROW_NONE)
        return RECORDS_END;
    record->number = ++records->number;
    bool good = true;
    if (kind == ROW_TOO_LONG) {
        good = take_nothing(records, record);
    } else {
        const char *row = records->rows.buffer + records->rows.begin;
        if (kind == ROW_QUOTE_OPEN)
            fail(records, record, "INVALID_ARGUMENT", SAY_RECORD_QUOTE_OPEN, NULL);
        if (kind == ROW_QUOTE_INSIDE)
            fail(records, record, "INVALID_ARGUMENT", SAY_RECORD_QUOTE_INSIDE, NULL);
        good = records->format == RECORD_JSONL ? take_object(records, record, row, record_line_size(row, size))
                                               : take_row(records, record, row, record_line_size(row, size));
        record_rows_use(&records->rows, size); /* the bytes stay where they are until more are read */
    }
    record->offset = records->rows.base + records->rows.begin;
    return good ? RECORDS_ONE : RECORDS_FAILED;
}

/* A line in the buffer may still be less than a row; then there is a wait, for once. */
bool records_ready(const struct records *records)
{
    const struct record_rows *rows = &records->rows;
    if (records->format == RECORD_FOLDER || records->file < 0 || rows->at_end ||
        (rows->end > rows->begin && memchr(rows->buffer + rows->begin, '\n', rows->end - rows->begin)))
        return true;
    struct pollfd poll_file = {.fd = records->file, .events = POLLIN};
    return poll(&poll_file, 1, 0) != 0;
}

/* Opening. */

/* Whether a file begins as pictures do. */
static bool is_picture(const char *data, size_t size)
{
    static const struct {
        const char *bytes;
        size_t at, size;
    } beginnings[] = {
        {"\x89PNG\r\n", 0, 6}, {"\xff\xd8\xff", 0, 3}, {"GIF8", 0, 4},     {"WEBP", 8, 4},     {"BM", 0, 2},
        {"II*\0", 0, 4},       {"MM\0*", 0, 4},        {"ftypheic", 4, 8}, {"ftypavif", 4, 8}, {"ftypmif1", 4, 8},
    };
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t end = beginnings[i].at + beginnings[i].size;
        bool known = size >= end && memcmp(data + beginnings[i].at, beginnings[i].bytes, beginnings[i].size) == 0;
        if (known && (end > 2 || memchr(data, 0, size < 16 ? size : 16))) /* "BM" may begin a name */
            return true;
    }
    return false;
}

/* Drops a byte order mark, and refuses what is no text in UTF-8. */
static bool check_beginning(struct records *records)
{
    while (records->rows.end < 16 && !records->rows.at_end)
        if (!record_rows_more(&records->rows))
            return false;
    const char *data = records->rows.buffer;
    size_t size = records->rows.end;
    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        records->rows.begin = 3;
        records->has_mark = true;
        return true;
    }
    if ((size >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0)) ||
        (size >= 2 && (data[0] == '\0' || data[1] == '\0')))
        return refuse(records, SAY_RECORDS_UTF16);
    if (size >= 4 && (memcmp(data, "PK\x03\x04", 4) == 0 || memcmp(data, "\xd0\xcf\x11\xe0", 4) == 0))
        return refuse(records, SAY_RECORDS_SPREADSHEET);
    if (is_picture(data, size))
        return refuse(records, SAY_RECORDS_PICTURE);
    return true;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), length = strlen(ending);
    return size >= length && strcasecmp(name + size - length, ending) == 0;
}

/* The delimiter that stands in the first row most often, outside quotes; a comma if none does. */
static char delimiter_of(const char *row, size_t size)
{
    static const char candidates[] = {',', ';', '\t'};
    size_t counts[3] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        quoted = quoted != (row[i] == '"');
        for (size_t j = 0; j < 3 && !quoted; j++)
            counts[j] += row[i] == candidates[j];
    }
    for (size_t j = 1; j < 3; j++)
        if (counts[j] > counts[best])
            best = j;
    return candidates[best];
}

/* Blank lines at the beginning do not count, and are not to fill the memory. */
static void drop_blank_lines(struct record_rows *rows)
{
    const char *at = rows->buffer + rows->begin;
    size_t left = rows->end - rows->begin, size = 0;
    for (size_t line = 1; line > 0; size += line)
        line = size < left && at[size] == '\n'                               ? 1
               : size + 1 < left && at[size] == '\r' && at[size + 1] == '\n' ? 2
                                                                             : 0;
    record_rows_use(rows, size);
}

/* The first line that is not blank, or as much of it as tells the format: the same however the bytes arrive. */
static bool first_line(struct records *records, const char **line, size_t *size)
{
    for (;;) {
        drop_blank_lines(&records->rows);
        const char *at = records->rows.buffer + records->rows.begin, *end = records->rows.buffer + records->rows.end;
        const char *start = at;
        while (at < end && at - start < SAMPLE && strchr(" \t\r\n", *at) && *at != '\0')
            at++;
        if (at - start == SAMPLE) { /* nor are other blanks */
            *line = at;
            *size = 0;
            return true;
        }
        size_t seen = (size_t)(end - at) < SAMPLE ? (size_t)(end - at) : SAMPLE;
        const char *newline = at < end ? memchr(at, '\n', seen) : NULL;
        *line = at;
        *size = newline ? (size_t)(newline - at) : seen;
        if (newline || seen == SAMPLE || records->rows.at_end)
            return true;
        if (!record_rows_more(&records->rows))
            return false;
    }
}

/* Excel's first line "sep=;", which names the delimiter and is no row. Returns the delimiter, or NUL. */
static char take_sep_line(struct records *records, const char *line, size_t size)
{
    size_t length = record_line_size(line, size);
    if (records->options.format == RECORD_JSONL || length != 5 || strncasecmp(line, "sep=", 4) != 0)
        return '\0';
    char delimiter = line[4];
    const char *behind = line + size, *end = records->rows.buffer + records->rows.end;
    record_rows_use(&records->rows, (size_t)(behind - (records->rows.buffer + records->rows.begin)) + (behind < end));
    return delimiter;
}

/* A table with other delimiters has none of ours in its first line. */
static bool check_delimiter(const struct records *records, const char *line, size_t size)
{
    bool other = memchr(line, '|', size) && !memchr(line, ',', size) && !memchr(line, ';', size);
    return !other || records->format != RECORD_CSV || refuse(records, SAY_RECORDS_DELIMITER);
}

static bool choose_format(struct records *records)
{
    enum record_format format = records->options.format;
    const char *name = records->name, *line;
    size_t size;
    if (!first_line(records, &line, &size))
        return false;
    char told = take_sep_line(records, line, size);
    if (told && told != ',' && told != ';' && told != '\t')
        return refuse(records, SAY_RECORDS_DELIMITER);
    if (told && !first_line(records, &line, &size))
        return false;
    char first = size > 0 ? *line : '\0';
    if (format == RECORD_AUTO && (ends_with(name, ".jsonl") || ends_with(name, ".ndjson")))
        format = RECORD_JSONL;
    if (format == RECORD_AUTO && (ends_with(name, ".tsv") || ends_with(name, ".tab")))
        format = RECORD_TSV;
    if (first == '[' && (format == RECORD_JSONL || (format == RECORD_AUTO && ends_with(name, ".json"))))
        return refuse(records, SAY_RECORDS_ARRAY);
    if (format == RECORD_AUTO && first == '{' && !ends_with(name, ".csv"))
        format = RECORD_JSONL;
    records->rows.delimiter = format == RECORD_JSONL ? '\n' : format == RECORD_TSV ? '\t' : delimiter_of(line, size);
    if (format == RECORD_CSV && records->rows.delimiter == '\t')
        records->rows.delimiter = ',';
    if (told && format != RECORD_JSONL)
        records->rows.delimiter = told;
    records->rows.has_quotes = format != RECORD_JSONL;
    records->format = format == RECORD_JSONL            ? RECORD_JSONL
                      : records->rows.delimiter == '\t' ? RECORD_TSV
                                                        : RECORD_CSV;
    return check_delimiter(records, line, size);
}

/* Names of columns that have none. */
static bool number_columns(struct records *records)
{
    enum { NAME_SIZE = 32 };
    records->header = malloc(records->column_count * NAME_SIZE);
    if (!records->header)
        return out_of_memory();
    for (size_t i = 0; i < records->column_count; i++) {
        char *name = records->header + i * NAME_SIZE;
        snprintf(name, NAME_SIZE, "column%zu", i + 1);
        records->columns[i] = (struct text){name, strlen(name)};
    }
    return true;
}

/* Reads the first row: the names of the columns, or how many there are. */
static bool read_header(struct records *records)
{
    size_t size = 0;
    enum row_kind kind = record_rows_next(&records->rows, &size);
    if (kind == ROW_FAILED)
        return false;
    if (kind == ROW_NONE)
        return refuse(records, SAY_FILE_EMPTY);
    const char *row = records->rows.buffer + records->rows.begin;
    if (kind != ROW_GOOD)
        return refuse(records, SAY_RECORDS_BAD_HEADER);
    size_t length = record_line_size(row, size);
    if (!text_is_utf8(row, length) || memchr(row, 0, length))
        return refuse(records, text_may_be_gbk(row, length) ? SAY_RECORDS_GBK : SAY_RECORDS_NOT_UTF8);
    records->column_count = split(records, row, length, SIZE_MAX);
    records->columns = calloc(records->column_count ? records->column_count : 1, sizeof *records->columns);
    if (records->column_count == 0 || !records->columns)
        return records->column_count > 0 ? out_of_memory() : false;
    if (records->options.no_header) {
        record_rows_use(&records->rows, 0);
        return number_columns(records);
    }
    for (size_t i = 0; i < records->column_count; i++)
        records->columns[i] = (struct text){records->fields[i].value, records->fields[i].size};
    records->header = records->content; /* the names live there */
    records->content = NULL;
    records->content_capacity = 0;
    record_rows_use(&records->rows, size);
    return true;
}

static bool open_bytes(struct records *records)
{
    if (!record_rows_more(&records->rows) || !check_beginning(records) || !choose_format(records))
        return false;
    if (records->format == RECORD_JSONL)
        return true;
    return read_header(records) && record_roles_find(&records->roles, records->name, records->columns,
                                                     records->column_count, &records->options);
}

static bool open_folder(struct records *records)
{
    records->format = RECORD_FOLDER;
    records->column_count = 1;
    records->columns = calloc(1, sizeof *records->columns);
    if (!records->columns)
        return out_of_memory();
    records->columns[0] = (struct text){"image", 5};
    if (!record_folder_open(&records->folder, records->folder_path))
        return false;
    records->input_size = records->folder.count;
    return true;
}

static struct records *make(const char *name, const struct records_options *options)
{
    struct records *records = calloc(1, sizeof *records);
    char *copy = strdup(name), *folder = malloc(strlen(name) + 2);
    if (!records || !copy || !folder) {
        free(records);
        free(copy);
        free(folder);
        out_of_memory();
        return NULL;
    }
    records->name = copy;
    records->folder_path = folder;
    *folder = '\0';
    records->file = -1;
    if (options)
        records->options = *options;
    if (records->options.max_size == 0)
        records->options.max_size = RECORD_BYTES;
    records->rows.name = copy;
    records->rows.limit = records->options.max_size;
    return records;
}

struct records *records_open_bytes(const char *name, records_read_function read, void *user,
                                   const struct records_options *options)
{
    struct records *records = make(name, options);
    if (!records)
        return NULL;
    records->rows.read = read;
    records->rows.user = user;
    if (open_bytes(records))
        return records;
    records_close(records);
    return NULL;
}

static bool open_path(struct records *records, const char *path)
{
    struct stat status;
    bool is_stdin = strcmp(path, "-") == 0;
    records->file = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    records->close_file = !is_stdin;
    if (records->file < 0 || fstat(records->file, &status) != 0) {
        struct input_error missing;
        if (errno != ENOENT && errno != ENOTDIR) {
            complain(SAY_FILE_ERROR, WITH(path, reason_of(errno)));
        } else {
            input_missing(&missing, path);
            complain(SAY_PLAIN, WITH(missing.message));
        }
        return false;
    }
    const char *slash = S_ISDIR(status.st_mode) ? path + strlen(path) : strrchr(path, '/');
    while (slash && slash > path && slash[-1] == '/')
        slash--;
    if (slash && !is_stdin)
        snprintf(records->folder_path, strlen(path) + 2, "%.*s/", (int)(slash - path), path);
    if (S_ISDIR(status.st_mode))
        return open_folder(records);
    records->input_size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    records->rows.read = record_read_file;
    records->rows.user = &records->file;
    return open_bytes(records);
}

struct records *records_open(const char *path, const struct records_options *options)
{
    struct records *records = make(input_name(path), options);
    if (!records || open_path(records, path))
        return records;
    records_close(records);
    return NULL;
}

void records_close(struct records *records)
{
    if (!records)
        return;
    if (records->close_file && records->file >= 0)
        close(records->file);
    record_folder_free(&records->folder);
    record_object_free(&records->object);
    record_roles_free(&records->roles);
    free(records->columns);
    free(records->header);
    free(records->content);
    free(records->fields);
    free(records->texts);
    record_rows_free(&records->rows);
    free(records->name);
    free(records->folder_path);
    free(records);
}

enum record_format records_format(const struct records *records)
{
    return records->format;
}

char records_delimiter(const struct records *records)
{
    return records->rows.delimiter;
}

const struct text *records_columns(const struct records *records, size_t *count)
{
    *count = records->column_count;
    return records->columns;
}

size_t records_text_columns(const struct records *records)
{
    return records->roles.text_count;
}

bool records_has_header(const struct records *records)
{
    return !records->options.no_header;
}

bool records_has_mark(const struct records *records)
{
    return records->has_mark;
}

const char *records_folder(const struct records *records)
{
    return records->folder_path;
}

uint64_t records_size(const struct records *records)
{
    return records->input_size;
}
