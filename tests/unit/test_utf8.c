/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8: every scalar value there and back, and ill-formed bytes as Python's errors="replace" counts them; error
 * messages, which are always UTF-8 without control characters.
 */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
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

/* U+0000 apart, which ends a message: controls and surrogates become '?', every other scalar value stays. */
static void messages_are_printable(void **state)
{
    for (uint32_t code = 1; code <= 0x10ffff; code++) {
        char bytes[5] = {0};
        (void)tw_utf8_encode(code, bytes);
        tuwen_error error = {0};
        (void)tw_fail(&error, TUWEN_BAD_IMAGE, "%s", bytes);
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
        assert_string_equal(error.message, surrogate ? "???" : control ? "?" : bytes);
    }
    tuwen_error error = {0};
    (void)tw_fail(&error, TUWEN_BAD_IMAGE, "%s", "a\xc0\x80\xe0\x9f\xbf\xf4\x90\x80\x80\xe5\x9b\xbe\xe5\x9b");
    assert_string_equal(error.message, "a?????????\xe5\x9b\xbe?");
}

static void long_messages_end_with_a_character(void **state)
{
    static const char *const characters[] = {"a", "\xc3\xa9", "\xe5\x9b\xbe", "\xf0\x9f\x98\x80"};
    for (size_t size = 1; size <= 4; size++)
        for (size_t before = 0; before < size; before++) {
            char text[2 * TUWEN_MESSAGE_SIZE] = "";
            memset(text, '.', before);
            for (size_t at = before; at < TUWEN_MESSAGE_SIZE + 8; at += size)
                memcpy(text + at, characters[size - 1], size);
            tuwen_error error = {0};
            (void)tw_fail(&error, TUWEN_BAD_IMAGE, "%s", text);
            size_t whole = before + (TUWEN_MESSAGE_SIZE - 1 - before) / size * size;
            assert_int_equal(strlen(error.message), whole);
            assert_memory_equal(error.message, text, whole);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_value_survives),
        cmocka_unit_test(ill_formed_parts_are_pythons),
        cmocka_unit_test(messages_are_printable),
        cmocka_unit_test(long_messages_end_with_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
