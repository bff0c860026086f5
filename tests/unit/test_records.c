/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command's reader of records: the files of csv-spectrum, what columns mean, broken rows, and that the same records
 * come out however the bytes arrive and whichever allocation fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "alloc_fail.h"
#include "base/memory.h"
#include "golden.h"
#include "messages.h"
#include "records.h"
#include "terminal.h"
#include "testing.h"

/* Bytes that come in pieces. */
struct pieces {
    const char *data;
    size_t size, at, piece; /* a piece of 0: all that is asked for */
    uint32_t seed;          /* not 0: pieces of 1 to `piece` bytes */
};

static ssize_t read_piece(void *user, void *buffer, size_t size)
{
    struct pieces *pieces = user;
    size_t count = pieces->size - pieces->at, piece = pieces->piece;
    if (pieces->seed) {
        pieces->seed = pieces->seed * 1664525u + 1013904223u;
        piece = 1 + (pieces->seed >> 16) % pieces->piece;
    }
    if (piece && count > piece)
        count = piece;
    if (count > size)
        count = size;
    if (count)
        memcpy(buffer, pieces->data + pieces->at, count);
    pieces->at += count;
    return (ssize_t)count;
}

static struct records *open_text(struct pieces *pieces, const char *name, const char *text,
                                 const struct records_options *options)
{
    *pieces = (struct pieces){.data = text, .size = strlen(text)};
    return records_open_bytes(name, read_piece, pieces, options);
}

static void assert_field(const struct record_field *field, const char *text, size_t size)
{
    if (field->size != size || memcmp(field->value, text, size) != 0)
        fail_msg("'%.*s' in place of '%.*s'", (int)field->size, field->value, (int)size, text);
}

static void check_spectrum(const char *name)
{
    char path[128];
    size_t size;
    (void)snprintf(path, sizeof path, "csv-spectrum/%s.json", name);
    char *json = golden_file(path, &size);
    json_t *rows = json_loadb(json, size, 0, NULL);
    tw_free(json);
    (void)snprintf(path, sizeof path, "csv-spectrum/%s.csv", name);
    char *csv = golden_file(path, &size);
    struct pieces pieces = {.data = csv, .size = size};
    const struct records_options options = {.any_columns = true};
    struct records *records = records_open_bytes(path, read_piece, &pieces, &options);
    assert_non_null(records);
    assert_int_equal(records_format(records), RECORD_CSV);
    struct record record;
    size_t count = 0;
    while (records_next(records, &record) == RECORDS_ONE) {
        json_t *row = json_array_get(rows, count++);
        const char *key;
        json_t *value;
        size_t column = 0;
        assert_null(record.error);
        assert_int_equal(record.field_count, json_object_size(row));
        json_object_foreach(row, key, value)
        {
            const struct record_field *field = &record.fields[column++];
            assert_int_equal(field->name_size, strlen(key));
            assert_memory_equal(field->name, key, strlen(key));
            assert_field(field, json_string_value(value), json_string_length(value));
        }
    }
    assert_int_equal(count, json_array_size(rows));
    records_close(records);
    json_decref(rows);
    tw_free(csv);
}

static void test_spectrum(void **state)
{
    (void)state;
    static const char *const names[] = {"comma_in_quotes",
                                        "empty",
                                        "empty_crlf",
                                        "escaped_quotes",
                                        "json",
                                        "newlines",
                                        "newlines_crlf",
                                        "quotes_and_newlines",
                                        "simple",
                                        "simple_crlf",
                                        "utf8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check_spectrum(names[i]);
    size_t size;
    char *csv = golden_file("csv-spectrum/location_coordinates.csv", &size);
    struct pieces pieces = {.data = csv, .size = size};
    const struct records_options options = {.any_columns = true};
    struct records *records = records_open_bytes("x.csv", read_piece, &pieces, &options);
    struct record record;
    assert_int_equal(records_next(records, &record), RECORDS_ONE);
    assert_null(record.error);
    const char *place = "37\xef\xbf\xbd"
                        "36'37.8\"N 121\xef\xbf\xbd"
                        "2'17.9\"W";
    assert_field(&record.fields[1], place, strlen(place));
    records_close(records);
    tw_free(csv);
}

/* One expected record, as text. */
static void describe(char *to, size_t size, const struct record *record)
{
    int length = snprintf(to, size, "%s|", record->image ? record->image : "-");
    for (size_t i = 0; i < record->text_count; i++)
        length +=
            snprintf(to + length, size - (size_t)length, "%.*s|", (int)record->texts[i].size, record->texts[i].data);
    (void)snprintf(to + length, size - (size_t)length, "%d|%s", record->label, record->error ? record->status : "");
}

static void check_text(const char *name, const char *text, const struct records_options *options,
                       const char *const *expected)
{
    struct pieces pieces;
    struct records *records = open_text(&pieces, name, text, options);
    assert_non_null(records);
    struct record record;
    char line[512];
    size_t count = 0;
    while (records_next(records, &record) == RECORDS_ONE) {
        describe(line, sizeof line, &record);
        if (!expected[count])
            fail_msg("%s: one record more: %s", name, line);
        assert_string_equal(line, expected[count]);
        assert_int_equal(record.number, ++count);
    }
    assert_null(expected[count]);
    assert_int_equal(record.offset, 0);
    records_close(records);
}

#define RECORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_columns(void **state)
{
    (void)state;
    check_text("a.csv", "\xef\xbb\xbfsku,Image,Title\r\n7,a.jpg,a dog\r\n\r\n8,b.jpg,\"a \"\"big\"\"\r\ncat\"\r\n",
               NULL, RECORDS("a.jpg|a dog|-1|", "b.jpg|a \"big\"\r\ncat|-1|"));
    check_text("a.csv", "图片,标题,标签\na.jpg,一只狗,匹配\nb.jpg,一只猫,否\nc.jpg,一只鸟,?\n", NULL,
               RECORDS("a.jpg|一只狗|1|", "b.jpg|一只猫|0|", "c.jpg|一只鸟|-1|"));
    check_text("a.tsv", "text1\ttext2\tpath\na dog\t\ta.jpg\none\ttwo\tb.jpg", NULL,
               RECORDS("a.jpg|a dog|-1|", "b.jpg|one|two|-1|"));
    check_text("a.csv", "image;text\na.jpg;one, two\n", NULL, RECORDS("a.jpg|one, two|-1|"));
    check_text("pipe", "image\ttext\na.jpg\tone, two; three\n", NULL, RECORDS("a.jpg|one, two; three|-1|"));
    check_text("a.csv", "image_url,path,text\nu,a.jpg,x\n", NULL, RECORDS("u|x|-1|")); /* the better name */
    const struct records_options plain = {.no_header = true};
    check_text("a.csv", "a.jpg,a dog\n", &plain, RECORDS("a.jpg|a dog|-1|"));
    const char *texts[] = {"c", "1"};
    const struct records_options chosen = {
        .image_column = "B", .text_columns = texts, .text_column_count = 2, .label_column = "4"};
    check_text("a.csv", "a,b,c,d\none,x.jpg,two,yes\n", &chosen, RECORDS("x.jpg|two|one|1|"));
    struct pieces pieces;
    assert_null(open_text(&pieces, "a.csv", "a,b\n1,2\n", NULL));
    assert_null(open_text(&pieces, "a.csv", "image,b\n1,2\n", NULL));
    assert_null(open_text(&pieces, "a.csv", "a,text\n1,2\n", &chosen));
    assert_null(open_text(&pieces, "a.csv", "", NULL));
    assert_null(open_text(&pieces, "a.csv", "\n\n", NULL));
    assert_null(open_text(&pieces, "a.csv",
                          "\xff\xfe"
                          "i",
                          NULL));
    assert_null(open_text(&pieces, "a.csv", "PK\x03\x04xxxx", NULL));
    assert_null(open_text(&pieces, "a.json", "[{\"image\":1}]", NULL));
    assert_null(open_text(&pieces, "a.csv", "\xb1\xea\xcc\xe2,text\n", NULL));
    pieces = (struct pieces){.data = "i\0m\0a\0", .size = 6};
    assert_null(records_open_bytes("a.csv", read_piece, &pieces, NULL));
}

static void test_json_lines(void **state)
{
    (void)state;
    check_text(
        "a.jsonl",
        "{\"image\":\"a.jpg\",\"text\":\"a \\u72d7\",\"label\":1}\n \r\n"
        "{\"texts\":[\"one\",\" \",\"two\"],\"image\":\"b.jpg\",\"label\":\"no\"}\r\n"
        "{\"image\":\"c.jpg\",\"text\":\"\"}\n{\"image\":null,\"text\":\"x\"}\n"
        "{\"image\":7,\"text\":\"x\"}\n[1]\n{\"image\":\"d.jpg\",\n{\"image\":\"e\",\"image\":\"f\",\"text\":\"x\"}\n"
        "{\"image\":\"g.jpg\",\"text\":\"last\",\"label\":false}",
        NULL,
        RECORDS("a.jpg|a 狗|1|", "b.jpg|one|two|0|", "c.jpg|-1|BAD_TEXT", "-|x|-1|INVALID_ARGUMENT",
                "-|-1|INVALID_ARGUMENT", "-|-1|INVALID_ARGUMENT", "-|-1|INVALID_ARGUMENT", "-|-1|INVALID_ARGUMENT",
                "g.jpg|last|0|"));
    struct pieces pieces;
    struct records *records = open_text(
        &pieces, "pipe",
        " {\"id\" : 12345678901234567890 ,\"image\":\"a\",\"text\":\"b\",\"x\": {\"y\":[1.50,\"}\"]} }\n", NULL);
    struct record record;
    assert_int_equal(records_next(records, &record), RECORDS_ONE);
    assert_int_equal(records_format(records), RECORD_JSONL);
    assert_int_equal(record.field_count, 4);
    assert_true(record.fields[0].is_json && record.fields[3].is_json && !record.fields[1].is_json);
    assert_field(&record.fields[0], "12345678901234567890", 20);
    assert_field(&record.fields[3], "{\"y\":[1.50,\"}\"]}", 16);
    assert_int_equal(record.raw[0], '{');
    assert_int_equal(record.raw[record.raw_size - 1], '}');
    records_close(records);
}

static const char broken[] = "image,text\n"
                             "a.jpg,fine\n"
                             "b.jpg,\"never closed\n"
                             "c.jpg,fine again\n"
                             "d.jpg,\"closed\" too early\n"
                             "e.jpg,one,two\n"
                             "f.jpg\n"
                             "g.jpg,\xd2\xbb\xd6\xbb\xb9\xb7\n"
                             "h.jpg,\xff\xff\n"
                             "i.jpg, \xe3\x80\x80 \n"
                             ",no picture\n"
                             "j.jpg,0123456789012345678901234567890123456789012345678901234567890123456789\n"
                             "\"k.jpg\"\r,x\n"
                             "l.jpg,\"last and open\nm.jpg,5\" wide\n";

static const char *const broken_records[] = {"a.jpg|fine|-1|",
                                             "-|-1|INVALID_ARGUMENT",
                                             "c.jpg|fine again|-1|",
                                             "-|-1|INVALID_ARGUMENT",
                                             "-|-1|INVALID_ARGUMENT",
                                             "f.jpg|-1|BAD_TEXT",
                                             "-|-1|BAD_TEXT",
                                             "-|-1|BAD_TEXT",
                                             "i.jpg|-1|BAD_TEXT",
                                             "-|no picture|-1|INVALID_ARGUMENT",
                                             "-|-1|LIMIT",
                                             "-|-1|INVALID_ARGUMENT",
                                             "-|-1|INVALID_ARGUMENT",
                                             "m.jpg|5\" wide|-1|",
                                             NULL};

static void test_broken_rows(void **state)
{
    (void)state;
    const struct records_options options = {.max_size = 64};
    check_text("a.csv", broken, &options, broken_records);
}

/* Everything that a reader gives, as one text. */
static char *all_of(struct pieces *pieces, const char *name, const struct records_options *options)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    struct records *records = records_open_bytes(name, read_piece, pieces, options);
    struct record record;
    enum records_result result = RECORDS_FAILED;
    while (records && (result = records_next(records, &record)) == RECORDS_ONE) {
        (void)fprintf(stream, "%llu %llu %d %s %s\n", (unsigned long long)record.number,
                      (unsigned long long)record.offset, record.label, record.image ? record.image : "",
                      record.error ? record.error : "");
        for (size_t i = 0; i < record.text_count; i++)
            (void)fprintf(stream, " <%.*s>", (int)record.texts[i].size, record.texts[i].data);
        for (size_t i = 0; i < record.field_count; i++)
            (void)fprintf(stream, " [%.*s]", (int)record.fields[i].size, record.fields[i].value);
    }
    (void)fprintf(stream, "%d", (int)result);
    records_close(records);
    assert_int_equal(fclose(stream), 0);
    return text;
}

/* Text made of what matters to the reader. */
static size_t make_text(char *text, size_t size, uint32_t *seed)
{
    static const char *const parts[] = {"\"",           ",",    "\n",  "\r\n", "\"\"", "a",   "\t",
                                        "\xe7\x8b\x97", "\"\n", ",\"", "\r",   "\xd2", "b c", "\0"};
    size_t length = (size_t)snprintf(text, size, "image,text\n");
    while (length + 4 < size) {
        *seed = *seed * 1664525u + 1013904223u;
        const char *part = parts[(*seed >> 16) % (sizeof parts / sizeof *parts)];
        size_t part_size = *part ? strlen(part) : 1;
        memcpy(text + length, part, part_size);
        length += part_size;
    }
    return length;
}

static void test_pieces(void **state)
{
    (void)state;
    const struct records_options options = {.max_size = 64};
    uint32_t seed = 1;
    for (int round = 0; round < 300; round++) {
        char text[700];
        size_t size = round ? make_text(text, sizeof text, &seed) : sizeof broken - 1;
        const char *data = round ? text : broken;
        struct pieces whole = {.data = data, .size = size};
        char *expected = all_of(&whole, "a.csv", &options);
        for (size_t piece = 1; piece < 4; piece++) {
            struct pieces pieces = {
                .data = data, .size = size, .piece = piece == 3 ? 50 : piece, .seed = piece == 3 ? seed : 0};
            char *actual = all_of(&pieces, "a.csv", &options);
            assert_string_equal(expected, actual);
            free(actual);
        }
        free(expected);
    }
}

/* A row larger than what is read at a time, and many rows: the memory stays that of the largest row. */
static void test_large(void **state)
{
    (void)state;
    enum { LARGE = 300000, ROWS = 20000 };
    char *text = NULL;
    size_t size, rows = 0, held = alloc_bytes_held();
    FILE *stream = open_memstream(&text, &size);
    (void)fprintf(stream, "image,text\nbig.jpg,\"%0*d\"\n", LARGE, 0);
    for (int i = 0; i < ROWS; i++)
        (void)fprintf(stream, "%d.jpg,\"text, %d\"\n", i, i);
    assert_int_equal(fclose(stream), 0);
    struct pieces pieces = {.data = text, .size = size, .piece = 70000};
    held = alloc_bytes_held();
    struct records *records = records_open_bytes("a.csv", read_piece, &pieces, NULL);
    struct record record;
    while (records_next(records, &record) == RECORDS_ONE) {
        assert_null(record.error);
        assert_true(rows++ > 0 || record.texts[0].size == LARGE);
    }
    assert_int_equal(rows, ROWS + 1);
    assert_true(alloc_bytes_held() - held < 5 * LARGE);
    records_close(records);
    free(text);
}

static void check_allocations(const char *name, const char *text)
{
    const struct records_options options = {.max_size = 64};
    size_t at = 1;
    for (bool failed = true; failed; at++) {
        struct pieces pieces = {.data = text, .size = strlen(text), .piece = 7};
        struct record record;
        enum records_result result = RECORDS_FAILED;
        alloc_fail_at(at);
        struct records *records = records_open_bytes(name, read_piece, &pieces, &options);
        while (records && (result = records_next(records, &record)) == RECORDS_ONE)
            continue;
        records_close(records);
        failed = alloc_fail_count() >= at;
        alloc_fail_at(0);
        assert_int_equal(result, failed ? RECORDS_FAILED : RECORDS_END);
    }
    assert_true(at > 4);
}

/* Megabytes of blank lines before the first row, and of blanks: the former say nothing, the latter are a row too long. */
static void test_blank_beginning(void **state)
{
    (void)state;
    enum { BLANK = 3 << 20 };
    static const char *const ends[] = {"image\ttext\na.jpg\tone, two; three\n",
                                       "{\"image\":\"a.jpg\",\"text\":\"x\"}\n"};
    char *text = tw_alloc(BLANK + 256, 1);
    for (size_t i = 0; i < 2; i++) {
        for (size_t at = 0; at < BLANK; at += 3)
            memcpy(text + at, "\n\r\n", 3);
        (void)snprintf(text + BLANK, 256, "%s", ends[i]);
        check_text("pipe", text, NULL, i == 0 ? RECORDS("a.jpg|one, two; three|-1|") : RECORDS("a.jpg|x|-1|"));
    }
    struct pieces pieces;
    const struct records_options options = {.max_size = 1 << 20};
    memset(text, ' ', BLANK);
    assert_null(open_text(&pieces, "pipe", text, &options));
    tw_free(text);
}

static void test_allocations(void **state)
{
    (void)state;
    check_allocations("a.csv", broken);
    check_allocations("a.jsonl",
                      "{\"image\":\"a.jpg\",\"texts\":[\"a\",\"b\"]}\n{\"image\":\"b.jpg\",\"text\":\"c\"}\n");
}

static void test_names(void **state)
{
    (void)state;
    assert_true(text_is_utf8("a\xe7\x8b\x97\xf0\x9f\x90\xb6", 8));
    assert_false(text_is_utf8("\xed\xa0\x80", 3)); /* a surrogate */
    assert_false(text_is_utf8("\xc0\x80", 2));
    assert_false(text_is_utf8("\xf4\x90\x80\x80", 4));
    assert_false(text_is_utf8("\xe7\x8b", 2));
}

int main(void)
{
    messages_set_language(TUWEN_ENGLISH);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spectrum),        cmocka_unit_test(test_columns),     cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_broken_rows),     cmocka_unit_test(test_pieces),      cmocka_unit_test(test_large),
        cmocka_unit_test(test_blank_beginning), cmocka_unit_test(test_allocations), cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
