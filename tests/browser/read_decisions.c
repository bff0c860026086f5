/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads decisions that the page saved, by the reader that `tuwen calibrate` has: read_decisions FILE FIRST CORPUS. The
 * rows after the first FIRST are those that make_report makes of the corpus, two of each string; rows are accepted and
 * rejected by turns. Prints what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "records.h"

static int wrong;

static void check(bool good, uint64_t number, const char *what, const char *text)
{
    if (!good && wrong++ < 20)
        printf("record %llu: %s: %.80s\n", (unsigned long long)number, what, text ? text : "(nothing)");
}

/* A name may have got "./" in front. */
static bool same_name(const char *name, const char *expected)
{
    return strcmp(name, expected) == 0 || (strncmp(name, "./", 2) == 0 && strcmp(name + 2, expected) == 0);
}

static void check_record(const struct record *record, const json_t *string)
{
    const char *expected = json_string_value(string);
    size_t size = json_string_length(string);
    const struct text *text = record->text_count == 1 ? record->texts : NULL;
    check(record->image && same_name(record->image, expected), record->number, "picture", record->image);
    check(text && text->size == size && memcmp(text->data, expected, size) == 0, record->number, "text",
          text ? text->data : NULL);
}

int main(int argc, char **argv)
{
    json_t *corpus = argc == 4 ? json_load_file(argv[3], 0, NULL) : NULL;
    struct records *records = corpus ? records_open(argv[1], &(struct records_options){0}) : NULL;
    if (!records) {
        fputs("usage: read_decisions FILE FIRST CORPUS\n", stderr);
        return 2;
    }
    uint64_t first = strtoull(argv[2], NULL, 10), count = 0, known = first + 2 * json_array_size(corpus);
    struct record record;
    enum records_result result;
    while ((result = records_next(records, &record)) == RECORDS_ONE) {
        count++;
        /* The last two have a zero byte, which the reader does not take. */
        check(!record.error == (record.number <= known + 8), record.number, "error", record.error);
        check(record.error || record.label == (record.number % 2 == 1), record.number, "label", "");
        if (record.number > first && record.number <= known && !record.error)
            check_record(&record, json_array_get(corpus, (record.number - first - 1) / 2));
    }
    check(result == RECORDS_END, count, "the end is not reached", "");
    check(count == known + 10, count, "another number of records", "");
    records_close(records);
    json_decref(corpus);
    return wrong > 0;
}
