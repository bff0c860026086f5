/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of `tuwen review` that can be seen alone: what is kept of what was computed lately, where a picture is, rows
 * that are written and read again, and verdicts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "messages.h"
#include "picture_source.h"
#include "recent.h"
#include "review.h"
#include "testing.h"

enum { DIMENSION = 4 };

static void add_number(struct recent *recent, int number, const char *note)
{
    float vector[DIMENSION] = {(float)number, 1, 2, 3};
    const struct recent_item item = {.vector = vector, .truncated = number % 2, .note = note};
    recent_add(recent, &number, sizeof number, &item);
}

static bool has_number(struct recent *recent, int number)
{
    struct recent_item item;
    if (!recent_find(recent, &number, sizeof number, &item))
        return false;
    assert_true(item.vector[0] == (float)number && item.vector[3] == 3);
    assert_int_equal(item.truncated, number % 2);
    return true;
}

/* What was asked for stays; memory has its bound; the oldest goes first. */
static void test_recent(void **state)
{
    (void)state;
    struct recent *recent = recent_open(DIMENSION, 20000);
    size_t held = alloc_bytes_held();
    add_number(recent, 0, "note");
    for (int i = 1; i < 5000; i++) {
        add_number(recent, i, NULL);
        assert_true(has_number(recent, 0));
        assert_true(has_number(recent, i));
        assert_false(has_number(recent, -i));
    }
    assert_true(alloc_bytes_held() - held < 25000);
    assert_false(has_number(recent, 1));
    assert_true(has_number(recent, 4900));
    struct recent_item item;
    int zero = 0;
    assert_true(recent_find(recent, &zero, sizeof zero, &item));
    assert_string_equal(item.note, "note");
    char large[1000] = {0};
    const struct recent_item same = item;
    recent_add(recent, large, sizeof large, &same); /* it would push out too much */
    assert_false(recent_find(recent, large, sizeof large, &item));
    recent_close(recent);
}

static void test_recent_memory(void **state)
{
    (void)state;
    for (size_t at = 1; at < 12; at++) {
        alloc_fail_at(at);
        struct recent *recent = recent_open(DIMENSION, 20000);
        for (int i = 0; recent && i < 10; i++)
            add_number(recent, i, "n");
        alloc_fail_at(0);
        for (int i = 0; recent && i < 10; i++)
            assert_true(has_number(recent, i) == (at != (size_t)i + 2));
        recent_close(recent);
    }
}

/* Test vectors of RFC 4648, section 10, and what stands for nothing. */
static void test_data_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *bytes; /* NULL: refused */
    } cases[] = {
        {"data:image/png;base64,Zg==", "f"},
        {"data:image/png;base64,Zm8=", "fo"},
        {"data:image/png;base64,Zm9v", "foo"},
        {"data:image/png;base64,Zm9vYg==", "foob"},
        {"data:;base64,Zm9vYmE=", "fooba"},
        {"DATA:image/png;BASE64,Zm9vYmFy", "foobar"},
        {"data:image/png;base64,Zm9vYg", "foob"},
        {"data:image/png;base64,Zm 9v\nYg==\n", "foob"},
        {"data:image/png;base64,_-8=", "\xff\xef"},
        {"data:image/png;base64,/+8=", "\xff\xef"},
        {"data:image/png;base64,Z", NULL},
        {"data:image/png;base64,Zm9v*", NULL},
        {"data:image/png;base64,Zg==Zg==", NULL},
        {"data:image/png;base64,", NULL},
        {"data:image/png,Zg==", NULL},
        {"data:", NULL},
        {"data:image/png;base64", NULL},
    };
    static struct picture_source source;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct input_error error;
        struct bytes bytes;
        assert_true(picture_source_find(&source, "", cases[i].url, &error));
        assert_int_equal(source.kind, PICTURE_DATA);
        bool good = picture_source_read(&source, 100, &bytes, &error);
        assert_int_equal(good, cases[i].bytes != NULL);
        if (good) {
            assert_int_equal(bytes.size, strlen(cases[i].bytes));
            assert_memory_equal(bytes.data, cases[i].bytes, bytes.size);
        }
        bytes_free(&bytes);
    }
    struct input_error error;
    struct bytes bytes;
    assert_true(picture_source_find(&source, "", cases[5].url, &error));
    assert_false(picture_source_read(&source, 5, &bytes, &error));
    assert_string_equal(error.status, "LIMIT");
}

static bool finds(const char *folder, const char *given, const char *path)
{
    static struct picture_source source;
    struct input_error error;
    bool good = picture_source_find(&source, folder, given, &error);
    if (good && path)
        assert_string_equal(source.path, path);
    return good;
}

static void test_paths(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_review.XXXXXX", path[128], url[256];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/a%%b", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    char with_slash[64];
    (void)snprintf(with_slash, sizeof with_slash, "%s/", folder);
    assert_false(finds(with_slash, "a%b", NULL)); /* empty, as files of /proc that must not be read say they are */
    assert_int_not_equal(fputs("x", file), EOF);
    assert_int_equal(fclose(file), 0);
    assert_true(finds(with_slash, "a%b", path));
    assert_true(finds("elsewhere/", path, path));
    assert_false(finds(with_slash, "a", NULL));
    assert_false(finds(with_slash, "-", NULL));
    assert_false(finds("", "-", NULL)); /* a file of that name, not standard input */
    assert_false(finds("/dev/", "null", NULL));
    assert_false(finds("", folder, NULL));
    static const char *const good[] = {"file:%s/a%%25b", "file://%s/a%%25b", "FILE://LOCALHOST%s/a%%25b",
                                       "file:%s/a%%b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *at = strstr(good[i], "%s");
        (void)snprintf(url, sizeof url, "%.*s%s%s", (int)(at - good[i]), good[i], folder, i == 3 ? "/a%b" : "/a%25b");
        assert_true(finds("", url, path));
    }
    assert_false(finds("", "file:a", NULL));
    assert_false(finds("", "file://host/a", NULL));
    assert_false(finds("", "file:/a%00b", NULL));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Bytes of a string, once. */
struct source {
    const char *data;
    size_t size;
};

static ssize_t read_source(void *user, void *buffer, size_t size)
{
    struct source *source = user;
    size_t count = source->size < size ? source->size : size;
    if (count)
        memcpy(buffer, source->data, count);
    source->data += count;
    source->size -= count;
    return (ssize_t)count;
}

static struct records *open_string(struct source *source, const char *name, const char *data, size_t size)
{
    *source = (struct source){data, size};
    const struct records_options options = {.any_columns = true};
    return records_open_bytes(name, read_source, source, &options);
}

static struct review_result result_of(size_t number)
{
    if (number % 3 == 2)
        return (struct review_result){
            .status = "NOT_FOUND", .status_size = 9, .error = "a \"b\", c;\td:\n {1}\\: \xe7\x8b\x97"};
    struct review_result result = {.truncated = number % 2};
    result.verdict.cosine = number % 2 ? -0.25 : 0.731234;
    result.verdict.score = number % 2 ? 0 : 0.5;
    result.verdict.band = number % 2 ? TUWEN_BAND_MISMATCH : TUWEN_BAND_VERY_HIGH;
    return result;
}

/* Writes all records of `input` with made-up results; the ends of rows must say them again. */
static void write_rows(struct records *records, enum record_format to, struct buffer *out, size_t *count)
{
    struct review_layout layout;
    struct record record;
    enum records_result next = records_next(records, &record);
    assert_true(review_layout_plan(&layout, records, next == RECORDS_ONE ? &record : NULL, to));
    review_header(&layout, out);
    for (*count = 0; next == RECORDS_ONE; next = records_next(records, &record)) {
        struct review_result result = result_of(*count), again;
        review_row_begin(&layout, out, &record, record.text_count ? &record.texts[0] : NULL);
        size_t begin = out->size;
        review_row_end(&layout, out, &result, review_prefixed(&layout, &record));
        assert_int_equal(out->data[out->size - 1], '\n');
        assert_null(memchr(out->data + begin, '\n', out->size - 1 - begin));
        assert_true(review_row_read(&layout, out->data + begin, out->size - 1 - begin, &again));
        assert_int_equal(again.status_size, result.status_size);
        if (result.status)
            assert_memory_equal(again.status, result.status, result.status_size);
        assert_true(result.status ||
                    (again.verdict.cosine == result.verdict.cosine && again.verdict.score == result.verdict.score &&
                     again.verdict.band == result.verdict.band && again.truncated == result.truncated));
        ++*count;
    }
    assert_false(out->failed);
    review_layout_free(&layout);
}

/* The columns of the input come back as they were, whatever the format. */
static void check_rows(const char *name, const char *input, size_t size, enum record_format to, const char *to_name,
                       size_t columns)
{
    struct source source, again;
    struct buffer out = {0};
    size_t count, seen = 0;
    struct records *records = open_string(&source, name, input, size);
    write_rows(records, to, &out, &count);
    records_close(records);
    struct records *left = open_string(&source, name, input, size);
    struct records *right = open_string(&again, to_name, out.data, out.size);
    struct record a, b;
    while (records_next(left, &a) == RECORDS_ONE) {
        assert_int_equal(records_next(right, &b), RECORDS_ONE);
        assert_null(b.error);
        for (size_t i = 0; i < columns && i < a.field_count; i++) {
            assert_int_equal(a.fields[i].size, b.fields[i].size);
            assert_memory_equal(a.fields[i].value, b.fields[i].value, a.fields[i].size);
        }
        seen++;
    }
    assert_int_equal(seen, count);
    assert_int_equal(records_next(right, &b), RECORDS_END);
    records_close(left);
    records_close(right);
    buffer_free(&out);
}

static void test_rows(void **state)
{
    (void)state;
    static const char *const parts[] = {"\"\"",         ",",    ";", "\n", "\r\n", "\t", "a",
                                        "\xe7\x8b\x97", "=1+1", " ", "\\", "{"};
    char input[2000];
    uint32_t seed = 7;
    for (int round = 0; round < 50; round++) {
        size_t size = (size_t)snprintf(input, sizeof input, "image,text,cosine,x\n");
        while (size + 100 < sizeof input) {
            for (int field = 0; field < 4; field++) {
                size += (size_t)snprintf(input + size, sizeof input - size, "%s\"", field ? "," : "");
                seed = seed * 1664525u + 1013904223u;
                for (unsigned i = 0; i < (seed >> 24) % 5; i++) {
                    seed = seed * 1664525u + 1013904223u;
                    size += (size_t)snprintf(input + size, sizeof input - size, "%s",
                                             parts[(seed >> 16) % (sizeof parts / sizeof *parts)]);
                }
                size += (size_t)snprintf(input + size, sizeof input - size, "\"");
            }
            size += (size_t)snprintf(input + size, sizeof input - size, "\n");
        }
        check_rows("a.csv", input, size, RECORD_AUTO, "b.csv", 4);
        check_rows("a.csv", input, size, RECORD_TSV, "b.tsv", 4);
        check_rows("a.csv", input, size, RECORD_JSONL, "b.jsonl", 4);
    }
    static const char lines[] = "{\"image\":\"a\",\"text\":\"b\\u0001\",\"error\":{\"x\":[1.50]},\"tuwen_error\":1}\n"
                                "{ \"image\" : \"a\\n\" , \"text\" : \"b\" } \n";
    check_rows("a.jsonl", lines, sizeof lines - 1, RECORD_AUTO, "b.jsonl", 9);
    check_rows("a.jsonl", lines, sizeof lines - 1, RECORD_CSV, "b.csv", 2);
}

/* Whichever allocation fails: a plan says so, or the rows do. */
static void test_row_memory(void **state)
{
    (void)state;
    static const char input[] = "image,text,error\na,\"b\xff, c\",d\n";
    size_t at = 1;
    for (bool failed = true; failed; at++) {
        struct source source;
        struct record record;
        struct review_layout layout;
        struct buffer out = {0};
        const struct review_result result = result_of(2);
        struct records *records = open_string(&source, "a.csv", input, sizeof input - 1);
        assert_int_equal(records_next(records, &record), RECORDS_ONE);
        alloc_fail_at(at);
        bool good = review_layout_plan(&layout, records, &record, RECORD_JSONL);
        if (good) {
            review_header(&layout, &out);
            review_row_begin(&layout, &out, &record, NULL);
            review_row_end(&layout, &out, &result, 0);
            good = !out.failed;
        }
        failed = alloc_fail_count() >= at;
        alloc_fail_at(0);
        assert_int_equal(good, !failed);
        buffer_free(&out);
        review_layout_free(&layout);
        records_close(records);
    }
    assert_true(at > 8);
}

static void test_bars(void **state)
{
    (void)state;
    struct verdict_bar bar;
    const struct verdict fair = {.cosine = 0.25, .score = 0.375, .band = TUWEN_BAND_FAIR};
    static const struct {
        const char *word;
        bool below;
    } good[] = {{"mismatch", false}, {"fair", false}, {"High", true},  {"very high", true},
                {"very_high", true}, {"极高", true},  {"一般", false}, {"0.375", false},
                {"0.376", true},     {"0", false},    {"1", true}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(verdict_bar_read(&bar, good[i].word));
        assert_int_equal(verdict_is_below(&bar, &fair), good[i].below);
    }
    static const char *const bad[] = {"", "hig", "1.1", "-1", "0.5x", "nan", "inf", "高高"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(verdict_bar_read(&bar, bad[i]));
    assert_false(verdict_is_below(&(struct verdict_bar){0}, &fair));
}

int main(void)
{
    messages_set_language(TUWEN_ENGLISH);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recent), cmocka_unit_test(test_recent_memory), cmocka_unit_test(test_data_urls),
        cmocka_unit_test(test_paths),  cmocka_unit_test(test_rows),          cmocka_unit_test(test_row_memory),
        cmocka_unit_test(test_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
