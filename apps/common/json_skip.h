/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of JSON as they stand in a text. A parser has accepted it, so that nothing can be missing. */
#ifndef TUWEN_COMMON_JSON_SKIP_H
#define TUWEN_COMMON_JSON_SKIP_H

const char *json_skip_blanks(const char *at);

/* Behind the string, or the value of any kind, that begins at `at`. */
const char *json_skip_string(const char *at);
const char *json_skip_value(const char *at);

#endif
