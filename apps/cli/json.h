/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is printed as JSON. The only file that knows jansson is json.c. */
#ifndef TUWEN_CLI_JSON_H
#define TUWEN_CLI_JSON_H

#include <stddef.h>
#include <stdio.h>

#include "tuwen/cache.h"
#include "tuwen/tuwen.h"

struct bench;
struct explain;
struct query;
struct report;
struct report_row;

/* Strings are given with their size; broken UTF-8 comes out as U+FFFD. Functions return false if memory is short. */

/* The document of `tuwen match`: begin, any number of results and errors, end. Results are printed as they come. */
struct json_match {
    FILE *stream;
    size_t results;
    void *errors; /* kept until the end */
    size_t queries;
    bool begun; /* the list of results */
};
/* A pair that was compared. Strings are NULL where there is none. */
struct json_pair {
    const char *query; /* with its index; NULL = a text is compared with a picture */
    size_t query_index;
    const char *image;
    const char *item_text; /* of the item that is compared with the text, if its vector was read from a file */
    const char *text;
    size_t text_size;
    size_t index; /* of the text as given, or with a query of the candidate */
    tuwen_score score;
    double match, share; /* NaN = there is none */
    bool judged;         /* score and band are made for such a pair; else they are null */
    bool truncated;
};
/* `space` is the session's fingerprint. */
bool json_match_begin(struct json_match *document, FILE *stream, const tuwen_model_info *info, const char *space);
/* A query with its terms as they were read, to follow the beginning; the index is counted from 0. */
bool json_match_query(struct json_match *document, const char *name, const struct query *query);
bool json_match_result(struct json_match *document, const struct json_pair *pair);
/* One that failed: a query, a picture, or a text; the others are NULL. */
struct json_failure {
    const char *query, *image, *text;
    size_t text_size;
    size_t index; /* of the query or text */
    const char *status, *message;
};
bool json_match_error(struct json_match *document, const struct json_failure *failure);
bool json_match_end(struct json_match *document);

/* One line of `tuwen embed`; `vector` is NULL if the item failed. */
struct json_item {
    size_t index;
    const char *text; /* NULL = none */
    size_t text_size;
    const char *image;          /* NULL = none */
    const char *instruction;    /* of the text; NULL = the default */
    const char *space;          /* the session's fingerprint */
    const char *status;         /* of a failed item */
    const char *message;        /* likewise */
    const tuwen_output *output; /* of a good one */
    const float *vector;
    size_t dimension;
};
bool json_embed_line(FILE *stream, const struct json_item *item);

/* What goes beside an array (npy): facts, and a line for each item. `count` is all items, good or not. */
bool json_array_begin(FILE *stream, const tuwen_model_info *info, const char *space, size_t count);
bool json_array_item(FILE *stream, const struct json_item *item);
void json_array_end(FILE *stream);

/* What goes beside a matrix of cosines (npy): facts, and what its rows and columns are. `list` is "rows" or "columns", which
 * come in this order; items of a list are numbered from 0. */
struct json_matrix_item {
    size_t index;
    const char *query; /* NULL = it is none */
    const char *image; /* NULL = none */
    const char *text;  /* NULL = none */
    size_t text_size;
    bool truncated;
    const char *status, *message; /* of one that failed; else NULL */
};
bool json_matrix_begin(FILE *stream, const tuwen_model_info *info, const char *space);
void json_matrix_list(FILE *stream, const char *list);
bool json_matrix_item(FILE *stream, const struct json_matrix_item *item);
void json_matrix_end(FILE *stream);

/* The document of `tuwen selftest`; its end is report_end's. */
bool json_report_begin(FILE *stream, const tuwen_model_info *info, const char *against);
bool json_report_row(FILE *stream, const struct report *report, const struct report_row *row, bool good);

/* The list of `tuwen models --json`. */
struct json_list {
    void *entries;
};
struct json_model {
    const char *name, *kind, *path;
    uint64_t bytes;
    bool is_default;
    const tuwen_model_info *info; /* NULL: unfinished, or it cannot be opened */
    const char *message;          /* why it cannot be; may be NULL */
};
bool json_models_begin(struct json_list *list);
bool json_models_add(struct json_list *list, const struct json_model *model);
bool json_models_end(struct json_list *list, FILE *stream);

/* The document of `tuwen explain --json`. */
bool json_explain(FILE *stream, const struct explain *explain);

/* The document of `tuwen cache --json`: spaces, each with the time of its last use, then the facts (NULL: there is no
 * cache). */
bool json_cache_begin(struct json_list *list);
bool json_cache_add(struct json_list *list, const tuwen_cache_space *space, const char *last_used);
bool json_cache_end(struct json_list *list, FILE *stream, const tuwen_cache_info *info);

/* The document of `tuwen bench --json`. */
bool json_bench(FILE *stream, const struct bench *bench);

/* The facts of `tuwen info --json`. */
bool json_info(FILE *stream, const tuwen_model_info *info);

#endif
