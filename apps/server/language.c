/* SPDX-License-Identifier: Apache-2.0 */
/* In which language a request is answered. */
#include "language.h"

#include <string.h>
#include <strings.h>

/* The weight of a range in thousandths, 1000 if it names none; 0 if it is not one of RFC 9110. */
static int weight_of(const char *parameters, size_t size)
{
    const char *at = memchr(parameters, '=', size), *end = parameters + size;
    int weight = 0, unit = 1000;
    if (!at)
        return 1000;
    for (at++; at < end && strchr("0123456789.", *at); at++) {
        if (*at == '.')
            continue;
        weight += (*at - '0') * unit;
        unit /= 10;
    }
    return weight > 1000 ? 0 : weight;
}

tuwen_language language_accepted(const char *header, tuwen_language otherwise)
{
    static const struct {
        const char *name;
        tuwen_language language;
    } ours[] = {{"zh", TUWEN_CHINESE}, {"en", TUWEN_ENGLISH}};
    int best = 0;
    for (const char *at = header; at && *at;) {
        at += strspn(at, " \t,");
        size_t size = strcspn(at, ","), range = strcspn(at, " \t,;"), primary = strcspn(at, " \t,;-");
        int weight = weight_of(at + range, size - range);
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
            if (primary == strlen(ours[i].name) && strncasecmp(at, ours[i].name, primary) == 0 && weight > best) {
                best = weight;
                otherwise = ours[i].language;
            }
        at += size;
    }
    return otherwise;
}
