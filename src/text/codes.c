/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding, NFC and pieces. The reference's regular expressions know Unicode 16 and its normaliser Unicode 9, while
 * PCRE2 and utf8proc know what the system has. So the pattern is matched by hand over tables, which is also linear in
 * time whatever the text, and code points younger than the reference's normaliser are kept away from utf8proc.
 */
#include "text/codes.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/unicode_tables.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool in_table(uint32_t code, const code_range *table, size_t count)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code > table[middle].last)
            low = middle + 1;
        else if (code < table[middle].first)
            high = middle;
        else
            return true;
    }
    return false;
}

static bool reserve_codes(tw_codes *codes, size_t needed)
{
    void *items = codes->items;
    if (!tw_grow(&items, &codes->capacity, needed, sizeof *codes->items))
        return false;
    codes->items = items;
    return true;
}

bool tw_codes_decode(tw_codes *codes, const char *bytes, size_t size)
{
    if (!reserve_codes(codes, size))
        return false;
    codes->count = 0;
    for (size_t at = 0; at < size;) {
        uint32_t code;
        at += tw_utf8_decode(bytes + at, size - at, &code);
        codes->items[codes->count++] = code == TW_UTF8_INVALID ? TW_UTF8_REPLACEMENT : code;
    }
    return true;
}

/*
 * NFC: full canonical decomposition, marks put in canonical order, composition. utf8proc does the first and the last;
 * its own ordering takes quadratic time on long runs of marks. A decomposed code point is a sort key:
 * combining class << 56 | position << 24 | code point.
 */

#define KEY_CLASS(key) ((unsigned)((key) >> 56))
#define KEY_CODE(key) ((uint32_t)((key)&0xffffff))
#define DECOMPOSED_LIMIT 8 /* the longest canonical decomposition has 4 code points */

static int compare_keys(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static size_t decompose(uint32_t code, uint64_t position, uint64_t keys[DECOMPOSED_LIMIT])
{
    keys[0] = position << 24 | code;
    if (code < 0xc0 || in_table(code, newcomers, COUNT(newcomers)))
        return 1;
    utf8proc_int32_t parts[DECOMPOSED_LIMIT];
    int boundary = 0;
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)code, parts, DECOMPOSED_LIMIT, UTF8PROC_DECOMPOSE, &boundary);
    if (count < 1 || count > DECOMPOSED_LIMIT)
        return 1;
    for (size_t i = 0; i < (size_t)count; i++) {
        uint64_t class = (uint64_t)utf8proc_get_property(parts[i])->combining_class;
        keys[i] = class << 56 | (position + i) << 24 | (uint32_t)parts[i];
    }
    return (size_t)count;
}

/* Sorts each run of marks by class; the position in the keys keeps equals in order. */
static void order_marks(uint64_t *keys, size_t count)
{
    for (size_t at = 0; at < count;) {
        size_t start = at;
        bool sorted = true;
        for (; at < count && KEY_CLASS(keys[at]) != 0; at++)
            sorted = sorted && (at == start || keys[at - 1] < keys[at]);
        if (!sorted)
            qsort(keys + start, at - start, sizeof *keys, compare_keys);
        at += at == start;
    }
}

/* Whether composition must leave the code point alone. U+11A7, one before the Hangul trailing consonants, composes with
 * nothing, but utf8proc 2.8 takes it for one of them and loses it. */
static bool stands_alone(uint32_t code)
{
    return code == 0x11a7 || in_table(code, newcomers, COUNT(newcomers));
}

/* Composes in place; returns the new count. */
static size_t compose(uint32_t *codes, size_t count)
{
    size_t written = 0;
    for (size_t at = 0; at < count;) {
        size_t start = at;
        while (at < count && !stands_alone(codes[at]))
            at++;
        size_t length = at - start;
        utf8proc_ssize_t composed = utf8proc_normalize_utf32(
            (utf8proc_int32_t *)codes + start, (utf8proc_ssize_t)length, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
        if (composed >= 0)
            length = (size_t)composed;
        memmove(codes + written, codes + start, length * sizeof *codes);
        written += length;
        if (at < count)
            codes[written++] = codes[at++];
    }
    return written;
}

bool tw_codes_normalize(tw_codes *codes)
{
    size_t plain = 0;
    while (plain < codes->count && codes->items[plain] < 0x300)
        plain++;
    if (plain == codes->count)
        return true; /* below U+0300 nothing is a mark, and composed letters are in NFC */

    uint64_t *keys = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (size_t i = 0; i < codes->count; i++) {
        void *grown = keys;
        if (!tw_grow(&grown, &capacity, count + DECOMPOSED_LIMIT, sizeof *keys)) {
            tw_free(keys);
            return false;
        }
        keys = grown;
        count += decompose(codes->items[i], count, keys + count);
    }
    order_marks(keys, count);
    bool room = reserve_codes(codes, count);
    if (room) {
        for (size_t i = 0; i < count; i++)
            codes->items[i] = KEY_CODE(keys[i]);
        codes->count = compose(codes->items, count);
    }
    tw_free(keys);
    return room;
}

/* Pieces. */

const char tw_piece_pattern[] = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
                                " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

typedef enum { LETTER, NUMBER, SPACE, NEWLINE, OTHER } code_class;

static code_class class_of(uint32_t code)
{
    if (code == '\r' || code == '\n')
        return NEWLINE;
    if ((code >= 0x09 && code <= 0x0d) || code == ' ' || code == 0x85 || code == 0xa0 || code == 0x1680 ||
        (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
        code == 0x3000)
        return SPACE;
    if ((code >= 'a' && code <= 'z') || (code >= 0x4e00 && code <= 0x9fff))
        return LETTER;
    if (in_table(code, letters, COUNT(letters)))
        return LETTER;
    return in_table(code, numbers, COUNT(numbers)) ? NUMBER : OTHER;
}

/* The lower-case letter of a contraction's; U+017F, the long s, folds to s. */
static uint32_t fold(uint32_t code)
{
    if (code >= 'A' && code <= 'Z')
        return code + ('a' - 'A');
    return code == 0x17f ? 's' : code;
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d): its length behind the apostrophe, or 0. */
static size_t contraction(const uint32_t *codes, size_t count)
{
    uint32_t first = count > 0 ? fold(codes[0]) : 0;
    uint32_t second = count > 1 ? fold(codes[1]) : 0;
    if (first == 's' || first == 't' || first == 'm' || first == 'd')
        return 1;
    if (((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l'))
        return 2;
    return 0;
}

static size_t run_end(const uint32_t *codes, size_t count, size_t at, code_class class)
{
    while (at < count && class_of(codes[at]) == class)
        at++;
    return at;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ */
static size_t space_end(const uint32_t *codes, size_t count, size_t start)
{
    size_t end = start;
    size_t newline_end = 0;
    for (; end < count; end++) {
        code_class class = class_of(codes[end]);
        if (class == NEWLINE)
            newline_end = end + 1;
        else if (class != SPACE)
            break;
    }
    if (newline_end > 0)
        return newline_end;
    return end == count || end == start + 1 ? end : end - 1;
}

size_t tw_piece_end(const uint32_t *codes, size_t count, size_t start)
{
    if (codes[start] == '\'') {
        size_t length = contraction(codes + start + 1, count - start - 1);
        if (length > 0)
            return start + 1 + length;
    }
    code_class class = class_of(codes[start]);
    if (class == NUMBER)
        return start + 1;
    if (class == LETTER)
        return run_end(codes, count, start, LETTER);
    if (class == NEWLINE)
        return space_end(codes, count, start);

    /* A space or another mark may lead letters; only U+0020 may lead other marks. */
    code_class next = start + 1 < count ? class_of(codes[start + 1]) : SPACE;
    if (next == LETTER)
        return run_end(codes, count, start + 1, LETTER);
    if (class == OTHER || (codes[start] == ' ' && next == OTHER))
        return run_end(codes, count, run_end(codes, count, start + (class != OTHER), OTHER), NEWLINE);
    return space_end(codes, count, start);
}
