/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of `tuwen match`: one a picture, best text first; or one a text or query, best picture first. */
#ifndef TUWEN_CLI_TABLE_H
#define TUWEN_CLI_TABLE_H

#include "messages.h"
#include "terminal.h"
#include "tuwen/tuwen.h"

/* Which columns there may be besides the cosine. */
struct table_columns {
    bool judged; /* score and verdict */
    bool match, share;
};

/* How tables look, the same for all of a run. */
struct table {
    const struct terminal *terminal;
    enum message head; /* of the names */
    size_t verdict_width;
    struct table_columns columns;
    bool advice_in_row; /* else a legend at the end says what to do */
    bool bands_seen[TUWEN_BAND_VERY_HIGH + 1];
    bool started;
};

struct table_row {
    const char *name; /* what is compared with that which the table is of */
    size_t size;
    tuwen_score score;
    double match, share; /* NaN: there is none */
    bool judged;         /* the pair is of a kind that score and band are made for; else there is only the cosine */
    bool truncated;
};

/* `widest` is the width of the widest name, SIZE_MAX if that is not known. */
void table_plan(struct table *table, const struct terminal *terminal, enum message head, size_t widest,
                const struct table_columns *columns);

/* Prints a line of a name and a note on it (may be empty), and the rows, which are sorted already. */
void table_print(struct table *table, const char *name, size_t size, const char *note, const struct table_row *rows,
                 size_t count);

/* Says what to do with the bands that occurred, if the rows had no room for it. */
void table_print_legend(const struct table *table);

#endif
