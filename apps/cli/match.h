/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside `tuwen match`: the options of a run (match.c), what is compared (match_sides.c), how (match_run.c), and what is
 * printed of it (match_print.c).
 *
 * One side is kept: its vectors are computed first and stay in memory. The other passes by, item by item, so that memory
 * does not grow with the number of pictures. Texts are kept and pictures pass; where there are queries, these are kept and
 * all candidates pass.
 */
#ifndef TUWEN_CLI_MATCH_H
#define TUWEN_CLI_MATCH_H

#include "checkpoint.h"
#include "cli.h"
#include "html_pictures.h"
#include "input.h"
#include "json.h"
#include "output.h"
#include "query.h"
#include "ranking.h"
#include "table.h"
#include "tuwen/profile.h"
#include "vectors.h"

/* In the order of the choices of --format. */
enum match_format { MATCH_LIST, MATCH_MATRIX, MATCH_CSV, MATCH_JSON, MATCH_NPY };

/* A query, as it was written; of a picture fused with its text the name is made of both. */
struct match_query {
    struct query query;
    const char *name;
    char *own_name; /* NULL = the name is from the command line */
};

/* Something to compare. Of a query that is a sum, image and text are NULL. */
struct match_item {
    const struct match_query *query; /* NULL = it is none */
    const char *image;               /* a picture's path, or of which a stored vector is; NULL = none */
    const char *text;                /* NULL = none */
    size_t text_size;
    const float *stored; /* its vector, if that was read from a file */
    const char *from;    /* that file */
    const char *status;  /* why it has no vector: the name of a status; NULL = it has one, or is not tried yet */
    char *message;       /* likewise, one sentence */
    bool truncated;
    float level;             /* of the profile, if there is one */
    tuwen_language language; /* of a text */
    size_t number;           /* of the texts or queries, from 1: for messages */
};

struct match_side {
    struct match_item *items;
    size_t count;
};

/* What passes, as the command line names it: a picture, a file of vectors, or, where there are queries, texts. */
enum match_source_kind { MATCH_PICTURE, MATCH_VECTORS, MATCH_TEXTS };

struct match_source {
    enum match_source_kind kind;
    const char *path;    /* not of texts */
    size_t first, count; /* in the list of stored vectors, or of texts */
};

/* What printing needs besides; of match_print.c alone. */
struct match_printer {
    struct table table;
    struct json_match json;
    struct output_pair output;
    struct ranking ranking; /* of each kept item the best that passed, where groups are made of these */
    struct ranked *entries; /* [kept] */
    struct table_row *rows; /* of the longest group */
    float *shares;          /* [kept], in the order of a group */
    float *matrix;          /* [passing][kept] */
    struct text *names[2];  /* of the matrix: [passing] and [kept] */
};

/* The page of --report; of match_report.c alone. */
struct match_report {
    struct html_report *page; /* NULL: none is wanted */
    struct html_pictures pictures;
    int64_t *numbers; /* [passing]: of their thumbnails */
    uint64_t rows;
    bool failed;
};

struct match {
    const struct cli *cli;
    struct checkpoint checkpoint;
    enum match_format format;
    bool with_queries;
    bool by_kept; /* groups are made of kept items, else of those that pass */
    size_t top;   /* of each group; 0 = all */
    struct match_source *sources;
    size_t source_count;
    struct match_query *queries;
    size_t query_count;
    struct text_list texts;
    struct vector_list stored;
    struct match_side kept, passing;
    size_t dimension;
    float *kept_vectors;    /* [kept][dimension] */
    float *cosines;         /* [kept]: of the item that passes */
    tuwen_profile *profile; /* NULL: none */
    bool some_failed;
    struct match_printer printer;
    struct match_report report;
};

/* match_sides.c. */

/* Reads the command line. Complains and returns an exit code if it is wrong. */
int match_gather(struct match *match);

/* Likely slips: "tuwen match 'a dog' photo.jpg", and "tuwen match *.jpg", where all but the first would be texts. */
void match_hint_at_order(const struct match *match);

/* Fills both sides; stored vectors are read and checked. Complains and returns false if that cannot be done. */
bool match_make_sides(struct match *match);

void match_free_sides(struct match *match);

/* match_run.c: computes and prints everything. OK, CANCELLED, OUT_OF_MEMORY, or an error that was complained of. */
tuwen_status match_compute(struct match *match);

/* What is said of a pair with that cosine; `*match` is the probability, NaN if there is none. */
tuwen_score match_judge(const struct match *match, const struct match_item *kept, const struct match_item *passing,
                        float cosine, double *probability);

/* What to call an item when people read it. */
struct text match_item_name(const struct match_item *item);

/* match_print.c. */

/* Makes room, opens the output. Complains and returns false on failure. */
bool match_print_begin(struct match *match);

/* The item `place` of the passing side has been compared: `match->cosines`, NAN for kept items without a vector. `note` is for
 * people: the picture's size. False if memory is short. */
bool match_print_passed(struct match *match, size_t place, const char *note);

/* An item has no vector. */
bool match_print_failed(struct match *match, bool is_kept, size_t place);

/* Prints what waited for the end, and completes the output: a file is kept only if `complete`. Returns false if memory is
 * short or writing failed, which it complains of. */
bool match_print_end(struct match *match, bool complete);

void match_print_free(struct match *match);

/* match_report.c. Nothing is done without --report. */

/* Complains and returns an exit code on failure. */
int match_report_begin(struct match *match);

/* The file of a picture that passes, to be called before its pairs. */
void match_report_picture(struct match *match, size_t place, const struct bytes *bytes);

void match_report_pair(struct match *match, size_t kept, size_t passing, float cosine);
void match_report_failed(struct match *match, bool is_kept, size_t place);

/* Complains and returns false if the page could not be written; only a complete one is kept. */
bool match_report_end(struct match *match, bool complete);

#endif
