/* SPDX-License-Identifier: Apache-2.0 */
/* JSON being written. */
#include "formats/json_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void tw_json_put(tw_json_text *to, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line || !tw_bytes_append(&to->bytes, line, (size_t)length))
        to->failed = true;
}

void tw_json_put_string(tw_json_text *to, const char *string)
{
    size_t size = strlen(string);
    tw_json_put(to, "\"");
    for (size_t at = 0; at < size;) {
        uint32_t code;
        at += tw_utf8_decode(string + at, size - at, &code);
        if (code == TW_UTF8_INVALID)
            code = TW_UTF8_REPLACEMENT;
        char bytes[4];
        size_t length = tw_utf8_encode(code, bytes);
        if (code < 0x20 || code == 0x7f)
            tw_json_put(to, "\\u%04x", (unsigned)code);
        else
            tw_json_put(to, "%s%.*s", code == '"' || code == '\\' ? "\\" : "", (int)length, bytes);
    }
    tw_json_put(to, "\"");
}

void tw_json_put_number(tw_json_text *to, double number, int digits)
{
    char text[64], plain[64];
    size_t length = 0;
    for (int i = digits < 15 ? digits : 15; i <= digits; i++) {
        (void)snprintf(text, sizeof text, "%.*g", i, number);
        if (strtod(text, NULL) == number)
            break;
    }
    for (const char *letter = text; *letter; letter++) {
        if (strchr("+-0123456789e", *letter))
            plain[length++] = *letter;
        else if (length > 0 && plain[length - 1] != '.')
            plain[length++] = '.'; /* the decimal point of the locale, of one byte or more */
    }
    plain[length] = '\0';
    tw_json_put(to, "%s", plain);
}
