/* SPDX-License-Identifier: Apache-2.0 */
/* Writing CSV (RFC 4180, with plain line feeds, in UTF-8). */
#include "csv.h"

#include <stdlib.h>
#include <string.h>

#include "terminal.h"

static void separate(struct csv_row *row)
{
    if (row->started)
        fputc(',', row->stream);
    row->started = true;
}

/* Blanks at the ends are data, which some readers drop unless they are quoted. */
static bool needs_quotes(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (strchr(",\"\r\n", text[i]) && text[i])
            return true;
    return size > 0 && (strchr(" \t", text[0]) || strchr(" \t", text[size - 1]));
}

bool csv_text(struct csv_row *row, const char *text, size_t size)
{
    separate(row);
    if (!text || size == 0)
        return true;
    char *whole = malloc(size * 3);
    if (!whole)
        return false;
    size = text_repair(text, size, whole);
    bool quoted = needs_quotes(whole, size);
    if (quoted)
        fputc('"', row->stream);
    for (size_t i = 0; i < size; i++) {
        if (whole[i] == '"' && quoted)
            fputc('"', row->stream);
        fputc(whole[i], row->stream);
    }
    if (quoted)
        fputc('"', row->stream);
    free(whole);
    return true;
}

void csv_word(struct csv_row *row, const char *word)
{
    separate(row);
    fputs(word, row->stream);
}

void csv_end(struct csv_row *row)
{
    fputc('\n', row->stream);
    row->started = false;
}
