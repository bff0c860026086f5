/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of the input, cut into rows.
 *
 * Rows are found by a small machine that goes on wherever the bytes that came so far end, so that the same rows come out
 * however the bytes arrive. A quote that is never closed would swallow the rest of the file: a row that breaks the
 * rules and goes over several lines is therefore only its first line, and the next row begins behind that.
 */
#include "record_parts.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "messages.h"

/* Bytes to read at least. */
#define PIECE 65536

ssize_t record_read_file(void *user, void *buffer, size_t size)
{
    enum { MILLISECONDS = 200 };
    struct pollfd poll_file = {.fd = *(int *)user, .events = POLLIN};
    while (!interrupt_seen())
        if (poll(&poll_file, 1, MILLISECONDS) > 0)
            return read(poll_file.fd, buffer, size);
    errno = EINTR;
    return -1;
}

bool record_rows_more(struct record_rows *rows)
{
    if (rows->begin > 0) {
        memmove(rows->buffer, rows->buffer + rows->begin, rows->end - rows->begin);
        rows->base += rows->begin;
        rows->end -= rows->begin;
        rows->begin = 0;
    }
    if (rows->end == rows->capacity && !record_grow((void **)&rows->buffer, &rows->capacity, rows->end + PIECE, 1)) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return false;
    }
    for (;;) {
        ssize_t count = rows->read(rows->user, rows->buffer + rows->end, rows->capacity - rows->end);
        if (count < 0 && errno == EINTR && !interrupt_seen())
            continue;
        if (count < 0 && !interrupt_seen())
            complain(SAY_FILE_ERROR, WITH(rows->name, reason_of(errno)));
        rows->at_end = count == 0;
        rows->end += count > 0 ? (size_t)count : 0;
        return count >= 0;
    }
}

/* Rows. */

void record_rows_use(struct record_rows *rows, size_t size)
{
    rows->begin += size;
    rows->scanned = rows->first_line = 0;
    rows->state = FIELD_BEGIN;
}

/* Goes on behind a quote that closed a field: true where the row cannot be as the rules say. */
static bool scan_after_quote(struct record_rows *rows, char byte, bool *ended)
{
    bool returned = rows->state == QUOTE_RETURN;
    *ended = byte == '\n';
    if (*ended)
        return false;
    rows->state = returned                  ? PLAIN
                  : byte == '"'             ? QUOTED
                  : byte == rows->delimiter ? FIELD_BEGIN
                  : byte == '\r'            ? QUOTE_RETURN
                                            : PLAIN;
    return rows->state == PLAIN;
}

static bool scan_byte(struct record_rows *rows, char byte, bool *ended)
{
    *ended = false;
    switch (rows->state) {
    case FIELD_BEGIN:
    case PLAIN:
        if (rows->state == FIELD_BEGIN && byte == '"' && rows->has_quotes)
            rows->state = QUOTED;
        else
            rows->state = byte == rows->delimiter ? FIELD_BEGIN : PLAIN;
        *ended = byte == '\n';
        return false;
    case QUOTED:
        if (byte == '"')
            rows->state = QUOTE_SEEN;
        else if (byte == '\n' && rows->first_line == 0)
            rows->first_line = rows->scanned + 1;
        return false;
    case QUOTE_SEEN:
    case QUOTE_RETURN:
        break;
    }
    return scan_after_quote(rows, byte, ended);
}

/* Drops the rest of a row that is too long to be kept. */
static enum row_kind skip_line(struct record_rows *rows)
{
    for (;;) {
        const char *start = rows->buffer + rows->begin;
        const char *newline = memchr(start, '\n', rows->end - rows->begin);
        size_t size = newline ? (size_t)(newline - start) + 1 : rows->end - rows->begin;
        record_rows_use(rows, size);
        if (newline || rows->at_end)
            return ROW_TOO_LONG;
        if (!record_rows_more(rows))
            return ROW_FAILED;
    }
}

/* Finds the end of the next row: `*size` bytes with its newline from `begin` on. */
static enum row_kind find_row(struct record_rows *rows, size_t *size)
{
    const uint64_t limit = rows->limit;
    bool broken = false, ended = false;
    while (!ended) {
        if (rows->begin + rows->scanned == rows->end) {
            if (rows->scanned > limit)
                break;
            if (rows->at_end)
                break;
            if (!record_rows_more(rows))
                return ROW_FAILED;
            continue;
        }
        if (rows->scanned > limit)
            break;
        broken = scan_byte(rows, rows->buffer[rows->begin + rows->scanned], &ended) || broken;
        rows->scanned++;
        if (broken && rows->first_line)
            ended = true;
    }
    *size = rows->first_line && (broken || !ended) ? rows->first_line : rows->scanned;
    if (ended)
        return broken ? ROW_QUOTE_INSIDE : ROW_GOOD;
    if (rows->state == QUOTED && rows->scanned > 0)
        return rows->first_line || rows->scanned <= limit ? ROW_QUOTE_OPEN : skip_line(rows);
    if (rows->scanned > limit)
        return skip_line(rows);
    *size = rows->scanned;
    return rows->scanned == 0 ? ROW_NONE : broken ? ROW_QUOTE_INSIDE : ROW_GOOD;
}

size_t record_line_size(const char *row, size_t size)
{
    size -= size > 0 && row[size - 1] == '\n';
    size -= size > 0 && row[size - 1] == '\r';
    return size;
}

enum row_kind record_rows_next(struct record_rows *rows, size_t *size)
{
    for (;;) {
        enum row_kind kind = find_row(rows, size);
        const char *row = rows->buffer + rows->begin;
        bool is_blank = kind == ROW_GOOD && record_line_size(row, *size) == 0;
        if (kind == ROW_GOOD && !rows->has_quotes && !is_blank)
            is_blank = record_is_blank(row, *size);
        if (!is_blank)
            return kind;
        record_rows_use(rows, *size);
    }
}

void record_rows_free(struct record_rows *rows)
{
    free(rows->buffer);
    *rows = (struct record_rows){0};
}
