/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: every scalar value there and back, and ill-formed bytes as Python's errors="replace" counts them. */
#include <string.h>

#include "base/utf8.h"
#include "testing.h"

static void every_scalar_value_survives(void **state)
{
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        char bytes[4];
        size_t size = tw_utf8_encode(code, bytes);
        assert_int_equal(size, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
        uint32_t back;
        assert_int_equal(tw_utf8_decode(bytes, size, &back), size);
        assert_int_equal(back, code);
        if (size > 1) {
            assert_int_equal(tw_utf8_decode(bytes, size - 1, &back), size - 1);
            assert_int_equal(back, TW_UTF8_INVALID);
        }
    }
}

/* The right column is what CPython 3.11 gives for bytes.decode("utf-8", "replace"), with '?' for U+FFFD. */
static void ill_formed_parts_are_pythons(void **state)
{
    static const struct {
        const char *bytes, *replaced;
    } cases[] = {
        {"\x80", "?"},
        {"\xbf\x80", "??"},
        {"\xc0\x80", "??"},
        {"\xc1\xbf", "??"},
        {"\xc2", "?"},
        {"\xc2"
         "a",
         "?a"},
        {"\xe0\x80\x80", "???"},
        {"\xe0\x9f\xbf", "???"},
        {"\xe0\xa0", "?"},
        {"\xe0\xa0"
         "a",
         "?a"},
        {"\xe1", "?"},
        {"\xe1\x80", "?"},
        {"\xe1\x80\xe1\x80", "??"},
        {"\xe2\x82\xc2", "??"},
        {"\xed\x9f", "?"},
        {"\xed\xa0\x80", "???"},
        {"\xed\xbf\xbf", "???"},
        {"\xef\xbf", "?"},
        {"\xf0\x80\x80\x80", "????"},
        {"\xf0\x8f\xbf\xbf", "????"},
        {"\xf0\x90", "?"},
        {"\xf0\x90\x80", "?"},
        {"\xf0\x90\x80"
         "a",
         "?a"},
        {"\xf1\x80\x80\xc3", "??"},
        {"\xf4\x8f\xbf", "?"},
        {"\xf4\x90\x80\x80", "????"},
        {"\xf5\x80", "??"},
        {"\xfe\xff", "??"},
        {"a\xf0\x9f\x98z", "a?z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char replaced[16] = {0};
        size_t count = 0;
        for (size_t at = 0; at < strlen(cases[i].bytes); count++) {
            uint32_t code;
            at += tw_utf8_decode(cases[i].bytes + at, strlen(cases[i].bytes) - at, &code);
            replaced[count] = code == TW_UTF8_INVALID ? '?' : (char)code;
        }
        assert_string_equal(replaced, cases[i].replaced);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_value_survives),
        cmocka_unit_test(ill_formed_parts_are_pythons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
