/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside `tuwen match`: what is compared (match.c reads it from the command line), how (match_run.c), and what is printed of
 * it (match_print.c).
 *
 * One side is kept: its vectors are computed first and stay in memory. The other passes by, item by item, so that memory
 * does not grow with the number of pictures. Texts are kept and pictures pass; where there are queries, these are kept and
 * all candidates pass.
 */
#ifndef TUWEN_CLI_MATCH_H
#define TUWEN_CLI_MATCH_H

#include "checkpoint.h"
#include "cli.h"
#include "input.h"
#include "json.h"
#include "output.h"
#include "ranking.h"
#include "table.h"
#include "vectors.h"

/* In the order of the choices of --format. */
enum match_format { MATCH_LIST, MATCH_MATRIX, MATCH_CSV, MATCH_JSON, MATCH_NPY };

/* Something to compare. */
struct match_item {
    const char *image; /* a picture's path, or of which a stored vector is; NULL = none */
    const char *text;  /* NULL = none */
    size_t text_size;
    const float *stored; /* its vector, if that was read from a file */
    const char *from;    /* that file */
    const char *status;  /* why it has no vector: the name of a status; NULL = it has one, or is not tried yet */
    char *message;       /* likewise, one sentence */
    bool truncated;
};

struct match_side {
    struct match_item *items;
    size_t count;
};

/* A picture, or a file of vectors, as the command line names it. */
struct match_source {
    const char *path;
    bool is_vectors;
    size_t first, count; /* its vectors in the list */
};

/* What printing needs besides; of match_print.c alone. */
struct match_printer {
    struct table table;
    struct json_match json;
    struct output_pair output;
    struct ranking ranking; /* of each kept item the best that passed, where groups are made of these */
    struct ranked *entries; /* [kept] */
    struct table_row *rows; /* of the longest group */
    float *matrix;          /* [passing][kept] */
    struct text *names[2];  /* of the matrix: [passing] and [kept] */
};

struct match {
    const struct cli *cli;
    struct checkpoint checkpoint;
    enum match_format format;
    bool by_kept; /* groups are made of kept items, else of those that pass */
    size_t top;   /* of each group; 0 = all */
    struct match_source *sources;
    size_t source_count;
    struct text_list texts;
    struct vector_list stored;
    struct match_side kept, passing;
    size_t dimension;
    float *kept_vectors; /* [kept][dimension] */
    float *cosines;      /* [kept]: of the item that passes */
    bool some_failed;
    struct match_printer printer;
};

/* match_run.c: computes and prints everything. OK, CANCELLED, OUT_OF_MEMORY, or an error that was complained of. */
tuwen_status match_compute(struct match *match);

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

#endif
