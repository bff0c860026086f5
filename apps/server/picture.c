/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures as they come in JSON: base64 and data URLs, into bytes; and texts that are such by mistake. */
#include "picture.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fetch.h"

/* The values of the characters of ASCII as digits: also of base64url; 64 for what is skipped, 255 for what is wrong. */
static const unsigned char digits[128] = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 64,  255, 255, 64,  255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 62,
    255, 62,  255, 63,  52,  53,  54,  55,  56,  57,  58,  59,  60,  61,  255, 255, 255, 255, 255, 255, 255, 0,
    1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,  13,  14,  15,  16,  17,  18,  19,  20,  21,  22,
    23,  24,  25,  255, 255, 255, 255, 63,  255, 26,  27,  28,  29,  30,  31,  32,  33,  34,  35,  36,  37,  38,
    39,  40,  41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  255, 255, 255, 255, 255};

static unsigned digit_of(char character)
{
    return (unsigned char)character < sizeof digits ? digits[(unsigned char)character] : 255;
}

/* Decodes groups of four digits as long as they follow each other; returns how many characters that took. */
static size_t decode_groups(const char *text, size_t size, unsigned char *out)
{
    size_t at = 0;
    for (; at + 4 <= size; at += 4, out += 3) {
        unsigned a = digit_of(text[at]), b = digit_of(text[at + 1]), c = digit_of(text[at + 2]),
                 d = digit_of(text[at + 3]);
        if ((a | b | c | d) > 63)
            break;
        uint32_t group = a << 18 | b << 12 | c << 6 | d;
        out[0] = (unsigned char)(group >> 16);
        out[1] = (unsigned char)(group >> 8);
        out[2] = (unsigned char)group;
    }
    return at;
}

size_t base64_decode(const char *text, size_t size, unsigned char *out, size_t *bad)
{
    size_t written = 0, padding = 0;
    uint32_t group = 0;
    int filled = 0;
    *bad = size;
    for (size_t i = 0; i < size; i++) {
        if (filled == 0 && !padding) {
            size_t whole = decode_groups(text + i, size - i, out + written);
            written += whole / 4 * 3;
            i += whole;
            if (i == size)
                break;
        }
        unsigned digit = digit_of(text[i]);
        if (text[i] == '=' && filled + (int)padding >= 2 && padding < 2) {
            padding++;
            continue;
        }
        if (digit == 64)
            continue;
        if (digit > 64 || padding) {
            *bad = i;
            return written;
        }
        group = group << 6 | digit;
        if (++filled == 4) {
            out[written++] = (unsigned char)(group >> 16);
            out[written++] = (unsigned char)(group >> 8);
            out[written++] = (unsigned char)group;
            filled = 0;
        }
    }
    if (filled == 1 || (padding && filled + padding != 4)) {
        *bad = size ? size - 1 : 0;
        return written;
    }
    if (filled >= 2)
        out[written++] = (unsigned char)(group >> (filled == 2 ? 4 : 10));
    if (filled == 3)
        out[written++] = (unsigned char)(group >> 2);
    return written;
}

static bool begins(const char *text, size_t size, const char *with)
{
    size_t length = strlen(with);
    return size >= length && strncasecmp(text, with, length) == 0;
}

/* Whether bytes begin as a picture file does. */
static bool is_picture_begin(const unsigned char *bytes, size_t size)
{
    static const struct {
        size_t at, size;
        const char *bytes;
    } signs[] = {{0, 3, "\xff\xd8\xff"}, {0, 4, "\x89PNG"}, {0, 4, "GIF8"}, {8, 4, "WEBP"},
                 {0, 4, "II*\0"},        {0, 4, "MM\0*"},   {4, 4, "ftyp"}, {6, 4, "\0\0\0\0"}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (size >= signs[i].at + signs[i].size && memcmp(bytes + signs[i].at, signs[i].bytes, signs[i].size) == 0 &&
            (i < 7 || memcmp(bytes, "BM", 2) == 0))
            return true;
    return false;
}

bool picture_is_text(const char *text, size_t size)
{
    enum { SHORTEST = 64, BEGIN = 24 }; /* no picture file is as short; 18 bytes tell which kind it is */
    unsigned char begin[BEGIN];
    size_t bad;
    if (begins(text, size, "data:image/"))
        return true;
    if (size < SHORTEST)
        return false;
    for (size_t i = 0; i < size; i++)
        if (digit_of(text[i]) > 64 && !(text[i] == '=' && i + 3 > size))
            return false;
    size_t got = base64_decode(text, BEGIN, begin, &bad);
    return is_picture_begin(begin, got);
}

/* Moves on to the base64 of a data URL; false if it is no data URL of a picture. */
static bool skip_head(const char **text, size_t *size)
{
    const char *comma = memchr(*text, ',', *size);
    if (!comma || !begins(*text, *size, "data:") || comma - *text > 200)
        return false;
    size_t head = (size_t)(comma - *text);
    bool is_base64 = head >= 7 && strncasecmp(comma - 7, ";base64", 7) == 0;
    bool is_picture = begins(*text, head, "data:image/") || begins(*text, head, "data:application/octet-stream;") ||
                      begins(*text, head, "data:;");
    *text = comma + 1;
    *size -= head + 1;
    return is_base64 && is_picture;
}

static bool is_path(const char *text, size_t size)
{
    return size > 0 && size < 1024 &&
           (*text == '.' || *text == '~' || begins(text, size, "file:") || memchr(text, '.', size) ||
            memchr(text, '\\', size));
}

unsigned char *picture_read(value given, size_t *size, const struct terms *terms, const char *param,
                            struct refusal *refusal)
{
    size_t length = 0, bad;
    const char *text = value_kind(given) == KIND_TEXT ? value_text(given, &length) : NULL;
    const char *wrong =
        terms->language == TUWEN_CHINESE ? "base64 或 data URL 字符串" : "a string: base64 or a data URL";
    if (!text || length == 0) {
        refuse(refusal, terms->language, REFUSE_BAD_VALUE, param, WITH(param, wrong));
        return NULL;
    }
    if (fetch_is_address(text, length) && terms->fetching)
        return fetch_picture(terms->fetching, text, length, size, terms, param, refusal);
    if (fetch_is_address(text, length)) {
        refuse(refusal, terms->language, REFUSE_NO_FETCH, param, WITH(param));
        return NULL;
    }
    if (begins(text, length, "data:")) {
        if (!skip_head(&text, &length)) {
            refuse(refusal, terms->language, REFUSE_BAD_DATA_URL, param, WITH(param));
            return NULL;
        }
    } else if (is_path(text, length)) {
        refuse(refusal, terms->language, REFUSE_NO_PATH, param, WITH(param));
        return NULL;
    }
    unsigned char *bytes = malloc(length / 4 * 3 + 3);
    if (!bytes) {
        refuse(refusal, terms->language, REFUSE_OUT_OF_MEMORY, param, NULL);
        return NULL;
    }
    *size = base64_decode(text, length, bytes, &bad);
    if (bad == length && *size > 0)
        return bytes;
    free(bytes);
    refuse(refusal, terms->language, REFUSE_BAD_BASE64, param, WITH(param, digits_of(bad + 1).text));
    return NULL;
}
