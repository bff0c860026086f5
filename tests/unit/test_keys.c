/* SPDX-License-Identifier: Apache-2.0 */
/* The server's files of keys, and rates. */
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "testing.h"

static struct keys *parse(const char *text)
{
    char why[256] = "";
    return keys_parse(text, strlen(text), "keys", TUWEN_ENGLISH, why, sizeof why);
}

static void assert_refused(const char *text, const char *place)
{
    char why[256] = "";
    assert_null(keys_parse(text, strlen(text), "keys", TUWEN_ENGLISH, why, sizeof why));
    assert_non_null(strstr(why, place));
}

static void test_lines(void **state)
{
    (void)state;
    struct keys *keys = parse("# none\n\nabcdefghijklmnop\r\nABCDEFGHIJKLMNOP shop\n"
                              "0123456789abcdef 3/s\n0123456789ABCDEF front.desk\t 90/h  ");
    struct rate rate;
    assert_non_null(keys);
    assert_string_equal(key_name(keys_find(keys, "abcdefghijklmnop")), "3");
    assert_string_equal(key_name(keys_find(keys, "ABCDEFGHIJKLMNOP")), "shop");
    assert_string_equal(key_name(keys_find(keys, "0123456789abcdef")), "5");
    assert_string_equal(key_name(keys_find(keys, "0123456789ABCDEF")), "front.desk");
    assert_null(keys_find(keys, "abcdefghijklmnoq"));
    assert_null(keys_find(keys, ""));
    assert_true(key_take(keys_find(keys, "ABCDEFGHIJKLMNOP"), 1, &rate) <= 0 && rate.requests == 0);
    assert_true(key_take(keys_find(keys, "0123456789ABCDEF"), 1, &rate) <= 0 && rate.requests == 90);
    assert_string_equal(rate_unit(&rate, TUWEN_ENGLISH), "hour");
    keys_free(keys);
    assert_refused("abcdefghijklmnop 0/s", "line 1");
    assert_refused("\nabcdefghijklmnop 5/d", "line 2");
    assert_refused("abcdefghijklmnop 5/", "line 1");
    assert_refused("abcdefghijklmnop /s", "line 1");
    assert_refused("abcdefghijklmnop 1000001/s", "line 1");
    assert_refused("abcdefghijklmnop 5/m shop", "line 1");
    assert_refused("short", "line 1");
    assert_refused("# nothing\n", "no key");
}

/* As many at once as the rate has, then evenly; what comes too early does not count; time that goes back gives nothing. */
static void test_rate(void **state)
{
    (void)state;
    struct rate rate;
    struct keys *keys = parse("abcdefghijklmnop 6/m\n");
    struct key *key = keys_find(keys, "abcdefghijklmnop");
    for (int i = 0; i < 6; i++)
        assert_true(key_take(key, 100, &rate) <= 0);
    assert_float_equal(key_take(key, 100, &rate), 10, 1e-9);
    assert_float_equal(key_take(key, 104, &rate), 6, 1e-9);
    assert_float_equal(key_take(key, 90, &rate), 6, 1e-9);
    assert_true(key_take(key, 110.001, &rate) <= 0);
    int answered = 0;
    for (double now = 200; now < 800; now++)
        answered += key_take(key, now, &rate) <= 0;
    assert_in_range(answered, 64, 66); /* six at once, and one in ten seconds */
    keys_free(keys);
}

static void test_reading_anew(void **state)
{
    (void)state;
    struct rate rate;
    struct keys *before = parse("abcdefghijklmnop 2/h\nABCDEFGHIJKLMNOP 2/h\n");
    for (int i = 0; i < 2; i++) {
        assert_true(key_take(keys_find(before, "abcdefghijklmnop"), 1, &rate) <= 0);
        assert_true(key_take(keys_find(before, "ABCDEFGHIJKLMNOP"), 1, &rate) <= 0);
    }
    struct keys *keys = parse("ABCDEFGHIJKLMNOP 3/h\nabcdefghijklmnop named 2/h\n");
    keys_inherit(keys, before);
    assert_true(key_take(keys_find(keys, "abcdefghijklmnop"), 1, &rate) > 0);
    assert_true(key_take(keys_find(keys, "ABCDEFGHIJKLMNOP"), 1, &rate) <= 0);
    keys_free(before);
    keys_free(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_reading_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
