/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON tree and the forward reader: values, faults that name their place, and the two readers' agreement. */
#include <string.h>

#include "alloc_fail.h"
#include "base/memory.h"
#include "formats/json.h"
#include "formats/json_scan.h"
#include "golden.h"
#include "testing.h"

static const char document[] =
    "{\"name\": \"\\u56fe\\u6587 \\ud83d\\ude00\\n\", \"count\": 28, \"ratio\": 1.5, \"whole\": 3.0,\n"
    " \"yes\": true, \"nothing\": null, \"list\": [1, \"two\", [], {\"a\": -4}],\n"
    " \"empty\": {}, \"nul\": \"a\\u0000b\", \"count\": 29}";

static tw_json *parse(const char *text)
{
    tw_json *json = NULL;
    tuwen_error error = {0};
    if (tw_json_parse(text, strlen(text), "file", &json, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return json;
}

static void getters_give_what_is_there(void **state)
{
    tw_json *json = parse(document);
    tw_json_value root = tw_json_root(json);
    size_t length = 0;
    assert_string_equal(tw_json_name(json), "file");
    assert_true(tw_json_is_object(root));
    assert_int_equal(tw_json_count(root), 9);
    assert_string_equal(tw_json_string(tw_json_member(root, "name"), &length), "图文 😀\n");
    assert_int_equal(length, strlen("图文 😀\n"));
    assert_int_equal(tw_json_integer(tw_json_member(root, "count"), -1), 29); /* the last of two wins */
    assert_true(tw_json_number(tw_json_member(root, "ratio"), 0) == 1.5);
    assert_true(tw_json_number(tw_json_member(root, "count"), 0) == 29.0);
    assert_int_equal(tw_json_integer(tw_json_member(root, "whole"), -1), 3);
    assert_true(tw_json_boolean(tw_json_member(root, "yes"), false));
    assert_true(tw_json_absent(tw_json_member(root, "nothing")));
    tw_json_value list = tw_json_member(root, "list");
    assert_true(tw_json_is_array(list));
    assert_int_equal(tw_json_count(list), 4);
    assert_true(tw_json_is_string(tw_json_element(list, 1)));
    assert_int_equal(tw_json_integer(tw_json_member(tw_json_element(list, 3), "a"), 0), -4);
    assert_memory_equal(tw_json_string(tw_json_member(root, "nul"), &length), "a\0b", 4);
    assert_int_equal(length, 3);
    tw_json_close(json);
}

static void getters_survive_what_is_not_there(void **state)
{
    tw_json *json = parse(document);
    tw_json_value root = tw_json_root(json);
    tw_json_value absent = tw_json_member(root, "absent");
    assert_true(tw_json_absent(absent));
    assert_true(tw_json_absent(tw_json_member(absent, "deeper")));
    assert_true(tw_json_absent(tw_json_element(absent, 0)));
    assert_true(tw_json_absent(tw_json_element(root, 0)));
    assert_true(tw_json_absent(tw_json_element(tw_json_member(root, "list"), 4)));
    assert_true(tw_json_absent(tw_json_member(tw_json_member(root, "list"), "name")));
    assert_int_equal(tw_json_count(absent), 0);
    assert_null(tw_json_string(absent, NULL));
    assert_null(tw_json_string(root, NULL));
    assert_int_equal(tw_json_integer(tw_json_member(root, "ratio"), 7), 7);
    assert_int_equal(tw_json_integer(tw_json_member(root, "name"), 7), 7);
    assert_true(tw_json_number(tw_json_member(root, "name"), 0.5) == 0.5);
    assert_true(tw_json_boolean(tw_json_member(root, "count"), true));
    assert_false(tw_json_is_object(absent) || tw_json_is_array(absent) || tw_json_is_string(absent) ||
                 tw_json_is_number(absent) || tw_json_is_integer(absent));
    tw_json_walk walk = {0};
    assert_false(tw_json_next(absent, &walk));
    assert_false(tw_json_next(tw_json_member(root, "list"), &walk));
    tw_json_close(json);
    tw_json_close(NULL);
}

static void walk_is_in_file_order(void **state)
{
    tw_json *json = parse("{\"z\": 1, \"a\": 2, \"m\": 3}");
    const char *keys[] = {"z", "a", "m"};
    tw_json_walk walk = {0};
    size_t count = 0;
    while (tw_json_next(tw_json_root(json), &walk)) {
        assert_string_equal(walk.key, keys[count++]);
        assert_int_equal(walk.key_length, 1);
        assert_int_equal(tw_json_integer(walk.value, 0), count);
    }
    assert_int_equal(count, 3);
    assert_false(tw_json_next(tw_json_root(json), &walk));
    tw_json_close(json);
}

/* Python writes "no limit" as 10^30. */
static void long_integers_are_read_as_doubles(void **state)
{
    tw_json *json = parse("{\"model_max_length\": 1000000000000000019884624838656, \"n\": 9007199254740992}");
    tw_json_value root = tw_json_root(json);
    assert_true(tw_json_number(tw_json_member(root, "model_max_length"), 0) == 1e30);
    assert_false(tw_json_is_integer(tw_json_member(root, "model_max_length")));
    assert_int_equal(tw_json_integer(tw_json_member(root, "n"), 0), 9007199254740992);
    tw_json_close(json);
}

/* Columns and reasons are the words of whichever jansson there is. */
static void faults_name_file_and_place(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "file: line 1, column "},
        {"3", "file: line 1, column "},
        {"{\n \"a\": nul}", "file: line 2, column "},
        {"[1, 2", "file: line 1, column "},
        {"[1] x", "file: line 1, column "},
        {"{\"a\\u0000b\": 1}", "file: line 1, column "},
        {"[\"\xff\"]", "file: line 1, column "},
        {"[\"\\ud800\"]", "file: line 1, column "},
        {"[1e999]", "file: line 1, column "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tw_json *json = NULL;
        tuwen_error error = {0};
        assert_int_equal(tw_json_parse(cases[i].text, strlen(cases[i].text), "file", &json, &error), TUWEN_BAD_MODEL);
        assert_null(json);
        if (strncmp(error.message, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("'%s' gives '%s'", cases[i].text, error.message);
    }
    tuwen_error error = {0};
    assert_int_equal(tw_json_parse("[1\0]", 4, "file", &(tw_json *){NULL}, &error), TUWEN_BAD_MODEL);
    assert_string_equal(error.message, "file: not valid JSON: byte 2 is NUL");
    assert_int_equal(tw_json_parse("[", 1, "file", &(tw_json *){NULL}, NULL), TUWEN_BAD_MODEL);
}

static void deep_nesting_is_refused(void **state)
{
    enum { DEPTH = 100000 };
    char *text = test_malloc(DEPTH);
    memset(text, '[', DEPTH);
    tw_json *json = NULL;
    tuwen_error error = {0};
    assert_int_equal(tw_json_parse(text, DEPTH, "file", &json, &error), TUWEN_BAD_MODEL);
    tw_json_scan scan;
    tw_json_scan_start(&scan, text, DEPTH);
    (void)tw_json_scan_value(&scan);
    assert_int_equal(tw_json_scan_end(&scan, "file", &error), TUWEN_BAD_MODEL);
    assert_string_equal(error.message, "file: line 1, byte 65: not valid JSON: values are nested too deeply");
    test_free(text);
}

static void files_are_limited(void **state)
{
    tw_json *json = NULL;
    tuwen_error error = {0};
    assert_int_equal(tw_json_open("no/such.json", 100, &json, &error), TUWEN_NOT_FOUND);
    assert_non_null(strstr(error.message, "no/such.json"));
    const char *path = golden_path("tiny/config.json");
    assert_int_equal(tw_json_open(path, 100, &json, &error), TUWEN_LIMIT);
    assert_int_equal(tw_json_open(path, 1 << 20, &json, &error), TUWEN_OK);
    assert_string_equal(tw_json_name(json), path);
    assert_string_equal(tw_json_string(tw_json_member(tw_json_root(json), "model_type"), NULL), "qwen2_vl");
    tw_json_close(json);
}

/* The forward reader. */

static void scan_reads_forward(void **state)
{
    static const char text[] =
        " {\"a\\tb\" : -12 , \"\": [ \"x\", \"\\ud83d\\ude00\\\\\" ], \"o\":{\"d\":[1.5e3,{}]} ,\"n\":null} ";
    tw_json_scan scan;
    tw_json_span key;
    tw_json_scan_start(&scan, text, strlen(text));
    tw_json_scan_object(&scan);
    assert_true(tw_json_scan_member(&scan, &key));
    assert_int_equal(key.size, 3);
    assert_memory_equal(key.bytes, "a\tb", 3);
    assert_int_equal(tw_json_scan_integer(&scan), -12);
    assert_true(tw_json_scan_member(&scan, &key));
    assert_int_equal(key.size, 0);
    assert_true(tw_json_scan_at_array(&scan));
    tw_json_scan_array(&scan);
    assert_true(tw_json_scan_element(&scan));
    assert_memory_equal(tw_json_scan_string(&scan).bytes, "x", 1);
    assert_true(tw_json_scan_element(&scan));
    tw_json_span smile = tw_json_scan_string(&scan);
    assert_int_equal(smile.size, 5);
    assert_memory_equal(smile.bytes, "😀\\", 5);
    assert_false(tw_json_scan_element(&scan));
    assert_true(tw_json_scan_member(&scan, &key));
    tw_json_span part = tw_json_scan_value(&scan);
    assert_int_equal(part.size, strlen("{\"d\":[1.5e3,{}]}"));
    assert_memory_equal(part.bytes, "{\"d\":[1.5e3,{}]}", part.size);
    assert_true(tw_json_scan_member(&scan, &key));
    assert_int_equal(tw_json_scan_value(&scan).size, 4);
    assert_false(tw_json_scan_member(&scan, &key));
    assert_int_equal(tw_json_scan_end(&scan, "file", NULL), TUWEN_OK);
}

/* Scans and parses `text`, an array of any values; both must take or refuse it. */
static void compare_readers(const char *text, size_t size)
{
    tw_json *json = NULL;
    bool parsed = tw_json_parse(text, size, "file", &json, NULL) == TUWEN_OK;
    tw_json_close(json);
    tw_json_scan scan;
    tw_json_scan_start(&scan, text, size);
    (void)tw_json_scan_value(&scan);
    bool scanned = tw_json_scan_end(&scan, "file", NULL) == TUWEN_OK;
    if (parsed != scanned)
        fail_msg("'%.*s': jansson says %d, the scan says %d", (int)size, text, parsed, scanned);
}

static void scan_is_as_strict_as_jansson(void **state)
{
    static const char *const texts[] = {
        "[]",
        "[ ]",
        "[,]",
        "[1,]",
        "[1 2]",
        "[1,2]",
        "[01]",
        "[-]",
        "[-0]",
        "[-01]",
        "[1.]",
        "[.5]",
        "[1e]",
        "[1e+]",
        "[1E-2]",
        "[+1]",
        "[true]",
        "[tru]",
        "[truex]",
        "[nullnull]",
        "[True]",
        "[NaN]",
        "{}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"b\":2}",
        "{1:2}",
        "{\"a\" : [ { } ] }",
        "[\"\"]",
        "[\"\\\"]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "[\"\\u12g4\"]",
        "[\"\\u0041\"]",
        "[\"\\ud800\\u0041\"]",
        "[\"\\udc00\"]",
        "[\"\\ud83d\\ude00\"]",
        "[\"\n\"]",
        "[\"\x1f\"]",
        "[\"\x7f\"]",
        "[\"\xc3\"]",
        "[\"\xc3\xa4\"]",
        "[\"\xed\xa0\x80\"]",
        "[\"\xf4\x90\x80\x80\"]",
        "[\"a]",
        "[[[]]",
        "[]]",
        "[}",
        "{]",
        "[1]\t\r\n ",
        "[1]\v",
        "\f[1]",
        "[\"\\/\\b\\f\\n\\r\\t\"]",
        "[9223372036854775807]",
        "[\"\\u0000\"]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t size = 1; size <= strlen(texts[i]); size++)
            if (texts[i][0] == '[' || texts[i][0] == '{')
                compare_readers(texts[i], size);
}

static void scan_faults_name_the_place(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "file: line 1, byte 1: not valid JSON: an object is expected"},
        {"{\n  \"a\" 1}", "file: line 2, byte 7: not valid JSON: a colon is expected"},
        {"{\"a\": 1.5}", "file: line 1, byte 8: not valid JSON: an integer is expected"},
        {"{\"a\": \"1\"}", "file: line 1, byte 7: not valid JSON: an integer is expected"},
        {"{\"a\": 012}", "file: line 1, byte 8: not valid JSON: a number begins with 0"},
        {"{\"a\": 99999999999999999999}", "file: line 1, byte 26: not valid JSON: an integer is too large"},
        {"{\"a\": 1", "file: line 1, byte 8: not valid JSON: a comma or the closing bracket is expected"},
        {"{\"a\": 1} {", "file: line 1, byte 10: not valid JSON: nothing more is expected"},
        {"{\"\\q\": 1}", "file: line 1, byte 4: not valid JSON: an escape is wrong"},
        {"{\"\xe9\": 1}", "file: line 1, byte 3: not valid JSON: a string is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tw_json_scan scan;
        tw_json_span key;
        tuwen_error error = {0};
        tw_json_scan_start(&scan, cases[i].text, strlen(cases[i].text));
        tw_json_scan_object(&scan);
        while (tw_json_scan_member(&scan, &key))
            (void)tw_json_scan_integer(&scan);
        assert_int_equal(tw_json_scan_end(&scan, "file", &error), TUWEN_BAD_MODEL);
        assert_string_equal(error.message, cases[i].message);
    }
}

static tuwen_status open_and_close(void *user, tuwen_error *error)
{
    tw_json *json = NULL;
    tuwen_status status = tw_json_open(golden_path("tiny/config.json"), 1 << 20, &json, error);
    tw_json_close(json);
    return status;
}

static tuwen_status scan_escapes(void *user, tuwen_error *error)
{
    static const char text[] = "[\"plain\\n, and so long a tail that the array of bytes must grow for it\\t\"]";
    tw_json_scan scan;
    tw_json_scan_start(&scan, text, strlen(text));
    (void)tw_json_scan_value(&scan);
    return tw_json_scan_end(&scan, "file", error);
}

static void failed_allocations_are_survived(void **state)
{
    assert_true(alloc_fail_each(open_and_close, NULL) >= 3);
    assert_true(alloc_fail_each(scan_escapes, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(getters_give_what_is_there),
        cmocka_unit_test(getters_survive_what_is_not_there),
        cmocka_unit_test(walk_is_in_file_order),
        cmocka_unit_test(long_integers_are_read_as_doubles),
        cmocka_unit_test(faults_name_file_and_place),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(files_are_limited),
        cmocka_unit_test(scan_reads_forward),
        cmocka_unit_test(scan_is_as_strict_as_jansson),
        cmocka_unit_test(scan_faults_name_the_place),
        cmocka_unit_test(failed_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
