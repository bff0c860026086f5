/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing results as one HTML file that stands alone: report/ has its page, and docs/report.md tells how it is built.
 * Rows and thumbnails are written as they come; memory does not grow with their number. The file appears when it is
 * complete.
 */
#ifndef TUWEN_CLI_HTML_REPORT_H
#define TUWEN_CLI_HTML_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"
#include "tuwen/tuwen.h"

/* The page up to the data, made by scripts/report-page.sh. */
extern const unsigned char html_report_page[];
extern const size_t html_report_page_size;

/* What is said above the rows. Strings may be NULL, and come from anywhere. */
struct html_report_facts {
    const char *source;      /* the file that was reviewed, or a title */
    const char *model;       /* its name */
    const char *fingerprint; /* of the session */
    const char *profile;     /* by which `match` was made */
    const char *made;        /* when */
    tuwen_language language; /* in which the page opens */
    /* Where the page's threshold begins: the least of band fair, of the profile and of the model; NaN = none. */
    double match_threshold, score_threshold, cosine_threshold;
    const struct text *columns; /* names of the further fields of each row */
    size_t column_count;
};

/* The least cosine and score of band fair for a model. */
void html_report_model_threshold(const tuwen_model *model, struct html_report_facts *facts);

#define HTML_REPORT_NO_PICTURE (-1)

struct html_report_row {
    uint64_t number; /* of the row, as people count */
    const char *image, *text;
    size_t image_size, text_size; /* bytes */
    int64_t picture;              /* from html_report_picture, or HTML_REPORT_NO_PICTURE */
    tuwen_score score;
    double match; /* NaN: there is none */
    bool truncated;
    const char *error; /* why there is no score; NULL: there is one */
    /* [column_count] of the facts; NULL without. */
    const struct text *fields;
};

struct html_report;

/* Whether the file may be replaced by a report without asking: it is one, or no ordinary file, or not there. */
bool html_report_may_write(const char *path);

/* Opens a report. Complains and returns NULL if that cannot be done. */
struct html_report *html_report_begin(const char *path, const struct html_report_facts *facts);

/* Adds a thumbnail (JPEG), unless it is one of the last thousands; returns its number for rows. */
int64_t html_report_picture(struct html_report *report, const void *jpeg, size_t size);

/* Adds a row. False if memory is short or writing failed; html_report_end will say which. */
bool html_report_row(struct html_report *report, const struct html_report_row *row);

/* Completes the file (`keep`), or removes it, and frees the report; accepts NULL. Complains and returns false if the
 * file could not be written. */
bool html_report_end(struct html_report *report, bool keep);

#endif
