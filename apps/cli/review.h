/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `tuwen review`: rows as they are written, the file of results, the window of rows in work, the summary.
 * Only review*.c include this. */
#ifndef TUWEN_CLI_REVIEW_H
#define TUWEN_CLI_REVIEW_H

#include "buffer.h"
#include "checkpoint.h"
#include "records.h"
#include "verdict.h"

/* Rows: review_row.c. */

/* What was found out about a row. */
struct review_result {
    const char *status; /* of a bad row, such as "NOT_FOUND"; else NULL */
    size_t status_size;
    const char *error; /* of a bad row: one sentence */
    struct verdict verdict;
    bool truncated;
};

enum review_column {
    COLUMN_TEXT,
    COLUMN_COSINE,
    COLUMN_SCORE,
    COLUMN_MATCH,
    COLUMN_BAND,
    COLUMN_TRUNCATED,
    COLUMN_ERROR,
    REVIEW_COLUMNS
};

/* How rows are written. */
struct review_layout {
    enum record_format from, to;
    char delimiter;
    bool has_mark, has_header, has_text_column;
    struct text *columns; /* of a table: those of the input */
    size_t column_count;
    char *column_names;           /* what they point into */
    char *names[REVIEW_COLUMNS];  /* of a table: the columns that are added */
    uint64_t records_with_others; /* JSON objects with members that have no column */
};

/* Plans the rows for an input; `first` is its first record (NULL: there is none), `to` AUTO for the input's own format.
 * Complains and returns false if memory is short. Free with review_layout_free in either case. */
bool review_layout_plan(struct review_layout *layout, const struct records *records, const struct record *first,
                        enum record_format to);
void review_layout_free(struct review_layout *layout);

void review_header(const struct review_layout *layout, struct buffer *buffer);

/* Adds the part of a row that is known before anything is computed; `text` NULL: a bad record. */
void review_row_begin(struct review_layout *layout, struct buffer *buffer, const struct record *record,
                      const struct text *text);

/* Adds the rest, with the end of the line; `prefixed` is what review_prefixed says of the record. */
void review_row_end(const struct review_layout *layout, struct buffer *buffer, const struct review_result *result,
                    unsigned prefixed);

/* Which prefixes the added members of a JSON row need, since the record has members of these names. */
unsigned review_prefixed(const struct review_layout *layout, const struct record *record);

/* Reads what review_row_end wrote, without the end of the line; false if it is something else. The sentence of an error is
 * not read. */
bool review_row_read(const struct review_layout *layout, const char *end, size_t size, struct review_result *result);

/* Settings: review_settings.c. */

/* Whether the settings of an earlier run give the same rows as these; else the differences, each as "--exif: was apply, is
 * ignore", with a NUL behind them. */
bool review_settings_agree(struct text before, struct text now, struct buffer *differences);

/* The language of the sentences of errors in the rows. */
tuwen_language review_settings_language(struct text settings, tuwen_language otherwise);

/* The file of results: review_file.c. */

struct review_file;

/*
 * Opens standard output (`path` NULL) or a file, of which an earlier run of the same settings may have written some rows.
 * Complains and returns an exit code if it is something else, unless `force`.
 */
int review_file_open(struct review_file **file, const char *path, const struct buffer *settings, bool force);

/* The language of what an earlier run wrote to the file; `otherwise` if none did. */
tuwen_language review_file_language(const char *path, tuwen_language otherwise);

/* Whether a later run can go on with it: not so standard output, a pipe or a device. */
bool review_file_goes_on(const struct review_file *file);

/* Whether rows of an earlier run are still to be taken. */
bool review_file_has_rows(const struct review_file *file);

enum review_take {
    TAKEN,     /* it was there */
    NOT_THERE, /* here the earlier run ended: from now on rows are written */
    OTHER      /* something else is there */
};

/* A row as messages name it. */
struct review_place {
    uint64_t row;   /* of the input, from 1; 0: the names of the columns */
    char delimiter; /* between fields */
};

/* Takes `size` bytes from the earlier run. With `end` the row goes on to the end of the line, which is given then. Complains
 * of what differs if something else is there. */
enum review_take review_file_take(struct review_file *file, const struct review_place *place, const char *bytes,
                                  size_t size, struct buffer *end);

/* Complains that what is there is no row of a review. */
void review_file_say_other(const struct review_file *file);

/* Whether the earlier run wrote more than was taken; complains of that. */
bool review_file_has_more(struct review_file *file);

/* Complains and returns false if it cannot be written. */
bool review_file_write(struct review_file *file, const struct buffer *bytes);
bool review_file_close(struct review_file *file);

/* What comes out: review_summary.c. */

enum { REVIEW_KINDS = 16 };

struct review_summary {
    uint64_t rows, earlier_rows, bad_rows, truncated, below;
    uint64_t bands[TUWEN_BAND_VERY_HIGH + 1];
    struct {
        char name[24];
        uint64_t count;
    } kinds[REVIEW_KINDS];
    uint64_t pictures_new, pictures_again, texts_new, texts_again; /* in this run */
    uint64_t cached;                                               /* of the new ones, those from the cache */
    struct verdict_bar bar;
    const char *bar_text;
    uint64_t most_errors;
    double start;
    double shown; /* when the progress was last drawn */
    uint64_t first_done;
    bool begun;
};

void review_summary_add(struct review_summary *summary, const struct review_result *result);
int review_summary_code(const struct review_summary *summary);
void review_summary_say(const struct review_summary *summary);
void review_summary_print(const struct review_summary *summary, FILE *stream, int code);

/* Draws the line of progress if that is due: `done` of `total` of the input (0: not known). */
void review_progress(struct review_summary *summary, uint64_t done, uint64_t total);

/* The page of a finished review: review_report.c. */

struct review_report {
    const struct options *options;
    const char *input, *output;
    const struct records_options *columns; /* as the input was read */
    const struct review_layout *layout;
    const char *folder; /* of relative paths */
    const struct checkpoint *checkpoint;
    const tuwen_profile_info *profile; /* NULL: none */
    uint64_t rows;
};

/* Makes the page from the file of results. Complains unless it was cancelled. */
tuwen_status review_report_write(const struct review_report *plan);

/* The rows in work: review_batch.c. */

struct review_batch;

struct review_work {
    struct checkpoint *checkpoint;
    struct judge judge;
    const struct options *options;
    struct review_layout *layout;
    struct review_file *file;
    struct review_summary *summary;
    const char *folder; /* of relative paths */
    uint64_t input_size;
};

/* NULL after a complaint. `work` must outlive it. */
struct review_batch *review_batch_open(const struct review_work *work);
void review_batch_close(struct review_batch *batch);

/* Takes the rows of a record, and computes and writes what is waiting once it is enough. CANCELLED after Ctrl-C; other
 * failures are complained of. */
tuwen_status review_batch_add(struct review_batch *batch, const struct record *record);
tuwen_status review_batch_finish(struct review_batch *batch);

#endif
