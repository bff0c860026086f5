/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies with long strings, which apps/server/json.c reads apart, against what jansson makes of them by itself. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "json.h"

enum { LONGEST = 70000 };

/* Writes a string of JSON of that many bytes, of which one stands somewhere. */
static char *add_string(char *out, size_t size, const char *within, size_t at)
{
    *out++ = '"';
    for (size_t i = 0; i < size; i++) {
        if (i == at)
            for (const char *byte = within; *byte;)
                *out++ = *byte++;
        *out++ = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123456789+/="[i * 7 % 45];
    }
    *out++ = '"';
    return out;
}

/* Reads a body in both ways; `good` is whether it is JSON. */
static void compare(const char *body, size_t size, bool good)
{
    char why[256], quoteless[256];
    json_error_t error;
    value read = document_read(body, size, why, sizeof why);
    json_t *wanted = json_loadb(body, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    assert_int_equal(wanted != NULL, good);
    assert_int_equal(read != NULL, good);
    if (good)
        assert_true(json_equal((json_t *)read, wanted));
    if (!good) {
        snprintf(quoteless, sizeof quoteless, "(line %d, column %d)", error.line, error.column);
        assert_non_null(strstr(why, quoteless));
    }
    document_free(read);
    json_decref(wanted);
}

/* A body from a pattern, in which # stands for a string of `size` bytes with something within. */
static void try_pattern(const char *pattern, size_t size, const char *within, size_t at, bool good)
{
    char *body = malloc(strlen(pattern) + 6 * (LONGEST + 16)), *out = body;
    assert_non_null(body);
    for (; *pattern; pattern++) {
        if (*pattern == '#')
            out = add_string(out, size, within, at);
        else
            *out++ = *pattern;
    }
    compare(body, (size_t)(out - body), good);
    free(body);
}

static const size_t sizes[] = {0, 1, 63, 4095, 4096, 4097, LONGEST};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void places(void **state)
{
    static const char *const good[] = {
        "[#]",      "[#,#,1,\"a\",#]", "{\"a\":#,\"b\":{\"c\":[#,#]},\"d\":#}",
        "{#:1}",    "{# \n : #}",      "[\"\\u0000\",#,\"\\u00001\"]",
        "[\"\",#]", " [\n #\t,[#]] ",  "[\"a\\\"\",#,\"\\\\\",#]",
    };
    static const char *const bad[] = {
        "#", "[#", "[##]", "{#,1}", "{\"a\":#,\"a\":#}", "[#] x", "[#,\"\xff\"]", "\"#", "[#,\"a]", "{\"a\" #}",
    };
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t k = 0; k < sizeof good / sizeof *good; k++)
            try_pattern(good[k], sizes[i], "", 0, true);
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
            try_pattern(bad[k], sizes[i], "", 0, false);
    }
}

/* What jansson must see for itself, at each place of a block and behind all blocks. */
static void bytes(void **state)
{
    static const char *const good[] = {"\\n", "\\\"", "\\\\", "\\u00e9", "\xc3\xa9", "\x7f", "\\u0000"};
    static const char *const bad[] = {"\n", "\xff", "\\x", "\xc3", "\\ud800"};
    for (size_t at = 0; at < 5000; at += at < 130 ? 1 : 487) {
        for (size_t k = 0; k < sizeof good / sizeof *good; k++)
            try_pattern("[#,{\"a\":#}]", 5000, good[k], at, true);
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
            try_pattern("[#,{\"a\":#}]", 5000, bad[k], at, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(places), cmocka_unit_test(bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
