/* SPDX-License-Identifier: Apache-2.0 */
/* JSON being written, piece by piece; the caller sees to commas and brackets. */
#ifndef TW_FORMATS_JSON_TEXT_H
#define TW_FORMATS_JSON_TEXT_H

#include <stdbool.h>

#include "base/memory.h"

/* Zero-initialise; free `bytes`. The first failed allocation sticks. */
typedef struct tw_json_text {
    tw_bytes bytes;
    bool failed;
} tw_json_text;

/* At most 511 bytes at a time. */
__attribute__((format(printf, 2, 3))) void tw_json_put(tw_json_text *to, const char *format, ...);

/* A JSON string; ill-formed UTF-8, such as the name of a folder can hold, becomes U+FFFD. */
void tw_json_put_string(tw_json_text *to, const char *string);

/* A finite number with so many significant digits, at most 17, whatever the locale; of 17 only those that it takes. */
void tw_json_put_number(tw_json_text *to, double number, int digits);

#endif
