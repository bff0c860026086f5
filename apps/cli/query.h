/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language of queries: a sum of texts and pictures with signs and weights, such as
 *
 *     2:a beach + @sunset.jpg - people
 *
 *     query   = [sign] term { sign term }
 *     sign    = "+" | "-", a word of its own: white space or an end on both sides
 *     term    = [weight ":"] thing
 *     weight  = digits ["." digits], more than 0, at most 1000; its colon is not followed by a digit, so that "16:9" is text
 *     thing   = "@" path | "@" quoted       a picture
 *             | path that begins with "./", "../" or "/"
 *             | quoted | words              a text
 *     quoted  = '"' characters '"', in which \" and \\ stand for " and \
 *
 * Paths and words end before the next sign and lose white space at their ends; a quote inside of them is an ordinary
 * character. What would be read otherwise is put in quotes: "black + white", "@home", "2:1 wins". Nothing depends on which
 * files there are.
 */
#ifndef TUWEN_CLI_QUERY_H
#define TUWEN_CLI_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#define QUERY_WEIGHT_MOST 1000

/* A text, a picture, or both (fused: one vector). */
struct query_term {
    double weight;       /* with its sign; never 0 */
    const char *picture; /* path; NULL = none */
    const char *text;    /* NULL = none */
    bool quoted;
};

struct query {
    struct query_term *terms;
    size_t count;
    char *strings; /* what the terms point to */
};

enum query_error {
    QUERY_GOOD,
    QUERY_EMPTY,       /* there is no term at all */
    QUERY_NO_TERM,     /* nothing stands where a term should */
    QUERY_BAD_WEIGHT,  /* out of bounds */
    QUERY_OPEN_QUOTE,  /* its end is missing */
    QUERY_AFTER_QUOTE, /* neither a sign nor the end follows */
    QUERY_NO_MEMORY
};

/* Reads a query; `*at` is the place of the error, in bytes. Free with query_free in every case. */
enum query_error query_parse(struct query *query, const char *source, size_t *at);

/* Whether a text that is not in quotes has what only looks like a sign, a picture, a weight or a quote: "-dog",
 * "x:@dog.jpg", "1e3:dog", "'dog". */
bool query_looks_like_more(const struct query_term *term);

/* The query that is a picture with its text. False if memory is short. */
bool query_fuse(struct query *query, const char *picture, const char *text);

void query_free(struct query *query);

#endif
