/* SPDX-License-Identifier: Apache-2.0 */
/* The forward JSON reader. */
#include "formats/json_scan.h"

#include <string.h>

#include "base/utf8.h"

#define DEPTH_LIMIT 64

static void skip_space(tw_json_scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
        scan->at++;
}

static void fail(tw_json_scan *scan, const char *fault)
{
    if (!scan->fault)
        scan->fault = fault;
}

static bool at_byte(const tw_json_scan *scan, char byte)
{
    return scan->at < scan->end && *scan->at == byte;
}

/* Whether `byte` comes next, which is then taken together with the space before it and after it. */
static bool take(tw_json_scan *scan, char byte)
{
    if (scan->fault)
        return false;
    skip_space(scan);
    if (!at_byte(scan, byte))
        return false;
    scan->at++;
    skip_space(scan);
    return true;
}

void tw_json_scan_start(tw_json_scan *scan, const char *bytes, size_t size)
{
    if (size == 0)
        bytes = "";
    *scan = (tw_json_scan){.start = bytes, .at = bytes, .end = bytes + size};
    skip_space(scan);
}

void tw_json_scan_start_part(tw_json_scan *scan, const char *document, tw_json_span part)
{
    *scan = (tw_json_scan){.start = document, .at = part.bytes, .end = part.bytes + part.size};
}

void tw_json_scan_array(tw_json_scan *scan)
{
    if (!take(scan, '['))
        fail(scan, "an array is expected");
    scan->first = true;
}

void tw_json_scan_object(tw_json_scan *scan)
{
    if (!take(scan, '{'))
        fail(scan, "an object is expected");
    scan->first = true;
}

/* Whether another item of the array or object that `close` ends comes next. */
static bool more(tw_json_scan *scan, char close)
{
    bool first = scan->first;
    scan->first = false; /* also after stepping out: the outer array or object holds at least the inner one */
    if (scan->fault || take(scan, close))
        return false;
    if (!first && !take(scan, ','))
        fail(scan, "a comma or the closing bracket is expected");
    return !scan->fault;
}

bool tw_json_scan_element(tw_json_scan *scan)
{
    return more(scan, ']');
}

bool tw_json_scan_member(tw_json_scan *scan, tw_json_span *key)
{
    if (!more(scan, '}'))
        return false;
    *key = tw_json_scan_string(scan);
    if (!take(scan, ':'))
        fail(scan, "a colon is expected");
    return !scan->fault;
}

/* The value of four hexadecimal digits; -1 for anything else. */
static int32_t read_hex(const tw_json_scan *scan, const char *at)
{
    if (scan->end - at < 4)
        return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Takes the escape behind a backslash and appends what it stands for. */
static void read_escape(tw_json_scan *scan)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char *name = scan->at < scan->end && *scan->at ? strchr(names, *scan->at) : NULL;
    char bytes[4];
    size_t length = 1;
    if (name) {
        bytes[0] = values[name - names];
        scan->at++;
    } else {
        int32_t code = at_byte(scan, 'u') ? read_hex(scan, scan->at + 1) : -1;
        scan->at += code < 0 ? 0 : 5;
        if (code >= 0xd800 && code <= 0xdbff && at_byte(scan, '\\') && scan->end - scan->at >= 6 &&
            scan->at[1] == 'u') {
            int32_t low = read_hex(scan, scan->at + 2);
            if (low >= 0xdc00 && low <= 0xdfff) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                scan->at += 6;
            }
        }
        if (code < 0 || (code >= 0xd800 && code <= 0xdfff)) {
            fail(scan, "an escape is wrong");
            return;
        }
        length = tw_utf8_encode((uint32_t)code, bytes);
    }
    if (!tw_bytes_append(&scan->text, bytes, length)) {
        scan->out_of_memory = true;
        fail(scan, "memory is out");
    }
}

/* Takes bytes up to a quote or backslash, checking that they may stand in a string. */
static void skip_plain(tw_json_scan *scan)
{
    while (scan->at < scan->end && *scan->at != '"' && *scan->at != '\\') {
        unsigned char byte = (unsigned char)*scan->at;
        if (byte >= 0x20 && byte < 0x80) {
            scan->at++;
            continue;
        }
        uint32_t code = TW_UTF8_INVALID;
        size_t length = byte < 0x20 ? 1 : tw_utf8_decode(scan->at, (size_t)(scan->end - scan->at), &code);
        if (code == TW_UTF8_INVALID) {
            fail(scan, byte < 0x20 ? "a control character stands in a string" : "a string is not UTF-8");
            return;
        }
        scan->at += length;
    }
    if (scan->at == scan->end)
        fail(scan, "a string does not end");
}

tw_json_span tw_json_scan_string(tw_json_scan *scan)
{
    const tw_json_span nothing = {"", 0};
    if (scan->fault)
        return nothing;
    if (!at_byte(scan, '"')) {
        fail(scan, "a string is expected");
        return nothing;
    }
    scan->text.length = 0;
    const char *start = ++scan->at;
    skip_plain(scan);
    bool copied = !scan->fault && *scan->at == '\\';
    while (!scan->fault && *scan->at == '\\') {
        if (!tw_bytes_append(&scan->text, start, (size_t)(scan->at - start))) {
            scan->out_of_memory = true;
            fail(scan, "memory is out");
            return nothing;
        }
        scan->at++;
        read_escape(scan);
        start = scan->at;
        if (!scan->fault)
            skip_plain(scan);
    }
    if (scan->fault)
        return nothing;
    size_t tail = (size_t)(scan->at - start);
    scan->at++;
    if (!copied)
        return (tw_json_span){start, tail};
    if (!tw_bytes_append(&scan->text, start, tail)) {
        scan->out_of_memory = true;
        fail(scan, "memory is out");
        return nothing;
    }
    return (tw_json_span){scan->text.data ? scan->text.data : "", scan->text.length};
}

static bool at_digit(const tw_json_scan *scan)
{
    return scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9';
}

int64_t tw_json_scan_integer(tw_json_scan *scan)
{
    if (scan->fault)
        return 0;
    bool negative = at_byte(scan, '-');
    scan->at += negative;
    if (!at_digit(scan))
        fail(scan, "an integer is expected");
    bool zero = at_byte(scan, '0');
    int64_t value = 0;
    for (; !scan->fault && at_digit(scan); scan->at++) {
        if (value > (INT64_MAX - 9) / 10)
            fail(scan, "an integer is too large");
        else
            value = value * 10 + (*scan->at - '0');
        if (zero && scan->at + 1 < scan->end && scan->at[1] >= '0' && scan->at[1] <= '9')
            fail(scan, "a number begins with 0");
    }
    if (at_byte(scan, '.') || at_byte(scan, 'e') || at_byte(scan, 'E'))
        fail(scan, "an integer is expected");
    return scan->fault ? 0 : negative ? -value : value;
}

static void skip_digits(tw_json_scan *scan)
{
    if (!at_digit(scan))
        fail(scan, "a value is expected");
    while (at_digit(scan))
        scan->at++;
}

static void skip_number(tw_json_scan *scan)
{
    scan->at += at_byte(scan, '-');
    if (at_byte(scan, '0'))
        scan->at++;
    else
        skip_digits(scan);
    if (at_byte(scan, '.')) {
        scan->at++;
        skip_digits(scan);
    }
    if (at_byte(scan, 'e') || at_byte(scan, 'E')) {
        scan->at++;
        scan->at += at_byte(scan, '+') || at_byte(scan, '-');
        skip_digits(scan);
    }
}

static bool skip_word(tw_json_scan *scan, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

static void skip_value(tw_json_scan *scan, int depth)
{
    if (scan->fault)
        return;
    if (depth > DEPTH_LIMIT) {
        fail(scan, "values are nested too deeply");
    } else if (at_byte(scan, '"')) {
        (void)tw_json_scan_string(scan);
    } else if (at_byte(scan, '[')) {
        tw_json_scan_array(scan);
        while (tw_json_scan_element(scan))
            skip_value(scan, depth + 1);
    } else if (at_byte(scan, '{')) {
        tw_json_span key;
        tw_json_scan_object(scan);
        while (tw_json_scan_member(scan, &key))
            skip_value(scan, depth + 1);
    } else if (!skip_word(scan, "null") && !skip_word(scan, "true") && !skip_word(scan, "false")) {
        skip_number(scan);
    }
}

tw_json_span tw_json_scan_value(tw_json_scan *scan)
{
    const char *start = scan->at;
    skip_value(scan, 1);
    const char *end = scan->at;
    /* Stepping out of an array or object took the space behind it. */
    while (end > start && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\r' || end[-1] == '\t'))
        end--;
    return scan->fault ? (tw_json_span){"", 0} : (tw_json_span){start, (size_t)(end - start)};
}

bool tw_json_scan_at_array(const tw_json_scan *scan)
{
    return at_byte(scan, '[');
}

tuwen_status tw_json_scan_end(tw_json_scan *scan, const char *name, tuwen_error *error)
{
    tw_bytes_free(&scan->text);
    if (!scan->fault)
        skip_space(scan);
    if (!scan->fault && scan->at != scan->end)
        fail(scan, "nothing more is expected");
    if (!scan->fault)
        return TUWEN_OK;
    if (scan->out_of_memory)
        return tw_fail_memory(error, name);
    size_t line = 1;
    const char *line_start = scan->start;
    for (const char *at = scan->start; at < scan->at; at++) {
        if (*at == '\n') {
            line++;
            line_start = at + 1;
        }
    }
    return tw_fail(error, TUWEN_BAD_MODEL, "%s: line %zu, byte %zu: not valid JSON: %s", name, line,
                   (size_t)(scan->at - line_start) + 1, scan->fault);
}
