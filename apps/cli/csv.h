/* SPDX-License-Identifier: Apache-2.0 */
/* Writing CSV (RFC 4180, with plain line feeds, in UTF-8). */
#ifndef TUWEN_CLI_CSV_H
#define TUWEN_CLI_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One row that is being written: any number of fields, then csv_end. Start with {.stream = ...}. */
struct csv_row {
    FILE *stream;
    bool started;
};

/* A text from outside, quoted where it must be, with broken UTF-8 as U+FFFD; NULL is an empty field. False if memory is
 * short. */
bool csv_text(struct csv_row *row, const char *text, size_t size);

/* A number or word of our own. */
void csv_word(struct csv_row *row, const char *word);

void csv_end(struct csv_row *row);

#endif
