/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables and JSON Lines of other people. The first byte chooses the format and how the bytes arrive; the same records must
 * come out whichever way, none longer than the limit, and the places in the input must only go forward.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "messages.h"
#include "records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 4096 };

/* In the place of messages.c and interrupt.c. */
void complain(enum message message, const char *const *arguments)
{
}

void remark(enum message message, const char *const *arguments)
{
}

void message_format(char *buffer, size_t size, enum message message, const char *const *arguments)
{
    if (size > 0)
        buffer[0] = '\0';
}

struct number_text number_text(double number, int decimals)
{
    return (struct number_text){"0"};
}

const char *text_of(enum message message)
{
    return "";
}

const char *reason_of(int error_number)
{
    return "";
}

bool interrupt_seen(void)
{
    return false;
}

struct pieces {
    const uint8_t *data;
    size_t size, at, piece;
};

static ssize_t read_piece(void *user, void *buffer, size_t size)
{
    struct pieces *pieces = user;
    size_t count = pieces->size - pieces->at;
    if (count > pieces->piece)
        count = pieces->piece;
    if (count > size)
        count = size;
    if (count)
        memcpy(buffer, pieces->data + pieces->at, count);
    pieces->at += count;
    return (ssize_t)count;
}

static uint64_t mix(uint64_t sum, const char *data, size_t size)
{
    sum = (sum ^ size) * 0x100000001b3u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ (unsigned char)data[i]) * 0x100000001b3u;
    return sum;
}

static void check(const struct record *record, uint64_t *offset, size_t size)
{
    if (record->offset <= *offset || record->offset > size || (record->error != NULL) != (record->status != NULL))
        abort();
    if (!record->error && (!record->image || !*record->image || record->text_count == 0))
        abort();
    *offset = record->offset;
}

/* A sum over all records. */
static uint64_t read_all(const uint8_t *data, size_t size, size_t piece, const struct records_options *options)
{
    struct pieces pieces = {.data = data, .size = size, .piece = piece};
    struct records *records = records_open_bytes("x", read_piece, &pieces, options);
    struct record record;
    uint64_t sum = 1, offset = 0;
    while (records && records_next(records, &record) == RECORDS_ONE) {
        check(&record, &offset, size);
        sum = mix(sum, (const char *)&record.offset, sizeof record.offset);
        sum = mix(sum, record.image ? record.image : "", record.image ? strlen(record.image) : 0);
        for (size_t i = 0; i < record.text_count; i++)
            sum = mix(sum, record.texts[i].data, record.texts[i].size);
        for (size_t i = 0; i < record.field_count; i++) {
            if (record.fields[i].size > LIMIT)
                abort();
            sum = mix(sum, record.fields[i].value, record.fields[i].size);
            sum = mix(sum, record.fields[i].name, record.fields[i].name_size);
        }
    }
    sum = mix(sum, "", records != NULL);
    records_close(records);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum record_format formats[] = {RECORD_AUTO, RECORD_CSV, RECORD_TSV, RECORD_JSONL};
    if (size == 0)
        return 0;
    struct records_options options = {.format = formats[data[0] & 3], .no_header = data[0] & 4, .max_size = LIMIT};
    uint64_t whole = read_all(data + 1, size - 1, SIZE_MAX, &options);
    if (whole != read_all(data + 1, size - 1, 1 + (data[0] >> 3), &options))
        abort();
    return 0;
}
