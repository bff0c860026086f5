/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer of HTML reports: blocks that are JSON, base64 as RFC 4648 has it, pictures shared, and no file where
 * something failed. What browsers make of it is in tests/browser.
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "alloc_fail.h"
#include "html_report.h"
#include "testing.h"

static char folder[64], path[96];

static int make_folder(void **state)
{
    strcpy(folder, "/tmp/tuwen-test.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/report.html", folder);
    return 0;
}

static int remove_folder(void **state)
{
    unlink(path);
    return rmdir(folder);
}

static size_t files(void)
{
    size_t count = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static char *read_report(void)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 4 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (4 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* The JSON of the next script element with `attribute` at or behind `*at`; NULL: there is none. */
static json_t *next_block(const char **at, const char *attribute)
{
    char beginning[64];
    snprintf(beginning, sizeof beginning, "<script type=\"application/json\" %s", attribute);
    const char *found = strstr(*at, beginning), *begin = found ? strchr(found, '>') + 1 : NULL;
    const char *end = begin ? strstr(begin, "</script>") : NULL;
    if (!end)
        return NULL;
    *at = end;
    json_t *block = json_loadb(begin, (size_t)(end - begin), JSON_ALLOW_NUL, NULL);
    assert_non_null(block);
    return block;
}

static const struct html_report_facts facts = {.source = "</script><b>", .match_threshold = NAN};

static struct html_report_row row_of(const char *text, int64_t picture)
{
    return (struct html_report_row){.number = 1,
                                    .image = "a.jpg",
                                    .image_size = 5,
                                    .text = text,
                                    .text_size = strlen(text),
                                    .picture = picture,
                                    .score = {0.25f, 0.5f, TUWEN_BAND_FAIR},
                                    .match = 0.75};
}

/* The vectors of RFC 4648, section 10. */
static void test_pictures(void **state)
{
    static const char *const vectors[][2] = {{"f", "Zg=="},        {"fo", "Zm8="},        {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    struct html_report *report = html_report_begin(path, &facts);
    assert_non_null(report);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 6; i++)
            assert_int_equal(html_report_picture(report, vectors[i][0], strlen(vectors[i][0])), i);
    const struct html_report_row row = row_of("x", 5);
    assert_true(html_report_row(report, &row));
    assert_true(html_report_end(report, true));
    char *text = read_report();
    const char *at = text;
    json_t *block = next_block(&at, "class=\"pictures\" data-first=\"0\"");
    assert_int_equal(json_array_size(block), 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(json_string_value(json_array_get(block, i)), vectors[i][1]);
    json_decref(block);
    free(text);
}

/* Many rows: blocks follow each other, every block is JSON, and the end tells how many there are. */
static void test_blocks(void **state)
{
    enum { ROWS = 1000 };
    struct html_report *report = html_report_begin(path, &facts);
    assert_non_null(report);
    for (int i = 0; i < ROWS; i++) {
        char picture[16];
        snprintf(picture, sizeof picture, "%d", i);
        struct html_report_row row = row_of("\"\\<!--</script>\x01\xe2\x80\xa8\xff", -1);
        row.number = (uint64_t)i;
        row.picture = html_report_picture(report, picture, strlen(picture));
        row.error = i % 7 == 0 ? "a ]]> b" : NULL;
        assert_true(html_report_row(report, &row));
    }
    assert_true(html_report_end(report, true));
    assert_int_equal(files(), 1);
    char *text = read_report();
    const char *at = text;
    size_t rows = 0, pictures = 0;
    json_t *block = next_block(&at, "id=\"facts\"");
    assert_string_equal(json_string_value(json_object_get(block, "source")), "</script><b>");
    json_decref(block);
    for (const char *data = at; (block = next_block(&data, "class=\"rows\"")); json_decref(block)) {
        json_t *row;
        size_t i;
        json_array_foreach(block, i, row)
        {
            assert_int_equal(json_integer_value(json_array_get(row, 0)), rows++);
            assert_string_equal(json_string_value(json_array_get(row, 2)),
                                "\"\\<!--</script>\x01\xe2\x80\xa8\xef\xbf\xbd");
            assert_int_equal(json_integer_value(json_array_get(row, 8)), rows - 1);
            assert_true(json_is_null(json_array_get(row, 3)) == json_is_string(json_array_get(row, 9)));
        }
    }
    for (const char *data = at; (block = next_block(&data, "class=\"pictures\"")); json_decref(block))
        pictures += json_array_size(block);
    block = next_block(&at, "id=\"end\"");
    assert_int_equal(json_integer_value(json_object_get(block, "rows")), ROWS);
    json_decref(block);
    assert_int_equal(rows, ROWS);
    assert_int_equal(pictures, ROWS);
    free(text);
}

/* Memory of the C library is not made to fail, only that of the writer. */
static void test_memory(void **state)
{
    bool good = false;
    for (size_t n = 1; !good; n++) {
        unlink(path);
        alloc_fail_at(n);
        struct html_report *report = html_report_begin(path, &facts);
        const struct html_report_row row = row_of("text", -1);
        if (report)
            html_report_row(report, &row);
        good = report && html_report_end(report, true);
        bool reached = alloc_fail_count() >= n;
        alloc_fail_at(0);
        assert_true(good == !reached);
        assert_int_equal(files(), good);
        assert_true(n < 100);
    }
}

static void test_broken_off(void **state)
{
    const struct html_report_row row = row_of("first", -1), other = row_of("second", -1);
    for (int keep = 1; keep >= 0; keep--) {
        struct html_report *report = html_report_begin(path, &facts);
        assert_non_null(report);
        assert_true(html_report_row(report, keep ? &row : &other));
        assert_true(html_report_end(report, keep));
    }
    assert_int_equal(files(), 1);
    char *text = read_report();
    assert_non_null(strstr(text, "\"first\""));
    assert_null(strstr(text, "\"second\""));
    free(text);
    assert_true(html_report_end(NULL, true));
}

static void test_may_write(void **state)
{
    char other[96];
    snprintf(other, sizeof other, "%s/page.html", folder);
    FILE *file = fopen(other, "wb");
    assert_non_null(file);
    fputs("<!doctype html>\n<title>mine</title>\n", file);
    fclose(file);
    assert_false(html_report_may_write(other));
    assert_true(html_report_end(html_report_begin(path, &facts), true));
    assert_true(html_report_may_write(path));
    unlink(other);
    assert_true(html_report_may_write(other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pictures, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_blocks, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_memory, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_broken_off, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_may_write, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
