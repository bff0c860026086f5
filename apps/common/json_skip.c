/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of JSON as they stand in a text. */
#include "json_skip.h"

#include <string.h>

const char *json_skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

const char *json_skip_string(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

const char *json_skip_value(const char *at)
{
    size_t depth = 0;
    do {
        if (*at == '"') {
            at = json_skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        else if (depth == 0) /* a number, true, false or null */
            return at + strcspn(at, ",]} \t\r\n");
        at++;
    } while (depth > 0);
    return at;
}
