/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of pictures and texts from files of other people: CSV (RFC 4180), TSV, JSON Lines, and folders in which
 * photo.txt lies beside photo.jpg. Records come one by one in the order of the file, however large that is; a record that
 * cannot be used is a record with an error, and the rest of the file goes on. docs/review.md describes the formats.
 */
#ifndef TUWEN_CLI_RECORDS_H
#define TUWEN_CLI_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "input.h"

/* The largest record, in bytes as it lies in the file, unless the options say otherwise: a picture as a data: URL fits. */
#define RECORD_BYTES (64ull << 20)

enum record_format { RECORD_AUTO, RECORD_CSV, RECORD_TSV, RECORD_JSONL, RECORD_FOLDER };

/* Zero-initialise for the defaults. Strings must outlive the reader. */
struct records_options {
    enum record_format format; /* AUTO: by extension and content */
    const char
        *image_column; /* a column's name, or its number from 1; of JSON Lines a key; NULL: by well-known names */
    const char *const *text_columns;
    size_t text_column_count; /* 0: by well-known names */
    const char *label_column;
    enum { LABELS_UNUSED, LABELS_WANTED, LABELS_NEEDED } labels; /* what a table without a column for them is worth */
    bool
        no_header; /* the first row is a record; pictures are in column 1 and texts in column 2 unless said otherwise */
    bool any_columns;  /* columns for pictures and texts need not be there, nor need texts in a record */
    uint64_t max_size; /* of a record; 0: RECORD_BYTES */
};

/* A column, or a member of a JSON object, as given. */
struct record_field {
    const char *name;
    size_t name_size;
    const char *value;
    size_t size;
    bool is_json; /* the value is JSON as it stands in the file; else plain text */
};

/* Everything belongs to the reader, until its next record. */
struct record {
    uint64_t number; /* from 1; the header and blank lines do not count */
    uint64_t offset; /* bytes of the input up to its end; of a folder: entries */
    const char *image;
    const struct text *texts; /* never blank */
    size_t text_count;
    int label;                         /* 1: they belong together, 0: they do not, -1: it is not said */
    const struct record_field *fields; /* of CSV and TSV as many as there are columns */
    size_t field_count;
    const char *raw; /* of JSON Lines the line as given, without blanks around it */
    size_t raw_size;
    const char *status; /* of a bad record: the status of the library that fits best, such as "BAD_TEXT" */
    const char *error;  /* of a bad record: one sentence; the fields are what could be made of it */
};

struct records;

enum records_result {
    RECORDS_ONE,
    RECORDS_END,
    RECORDS_FAILED /* the input cannot be read on (said), or Ctrl-C (not said) */
};

/* Opens a file or folder; "-" is standard input. Complains and returns NULL if it is none of these formats. */
struct records *records_open(const char *path, const struct records_options *options);

/* The same for bytes that come from a function with the meaning of read(2), which names them `name`. */
typedef ssize_t (*records_read_function)(void *user, void *buffer, size_t size);
struct records *records_open_bytes(const char *name, records_read_function read, void *user,
                                   const struct records_options *options);

enum records_result records_next(struct records *records, struct record *record);

/* Whether records_next need not wait for somebody who writes into a pipe. */
bool records_ready(const struct records *records);

/* Accepts NULL. */
void records_close(struct records *records);

/* What was found out. */
enum record_format records_format(const struct records *records);
char records_delimiter(const struct records *records); /* of CSV: a comma or a semicolon; of TSV a tab */
const struct text *records_columns(const struct records *records, size_t *count); /* names; 0 of JSON Lines */
size_t records_text_columns(const struct records *records); /* of CSV and TSV: how many columns hold texts */

bool records_has_header(const struct records *records); /* the first row has the names of the columns */
bool records_has_mark(const struct records *records);   /* it began with a byte order mark */

/* The folder that relative paths of pictures start from, with a slash at its end; empty for the current one. */
const char *records_folder(const struct records *records);

/* The size of the input in the unit of record.offset; 0 if that is not known. */
uint64_t records_size(const struct records *records);

#endif
