/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of moderate size (configuration, safetensors headers), read through jansson, which besides json.c only
 * apps/cli/json.c knows. Errors of parsing name the file and the place; getters cannot fail. Depth and numbers of
 * hostile files are bounded by jansson's own checks. tokenizer.json and vocab.json are read by json_scan.h.
 */
#ifndef TW_FORMATS_JSON_H
#define TW_FORMATS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct tw_json tw_json; /* a document */

/* A value inside a document, which owns it; `tw_json_absent(v)` when it is not there. Cheap to copy. */
typedef struct tw_json_value {
    const void *node;
} tw_json_value;

/* Reads `path` (at most `limit` bytes). The error names the file and the line. */
tuwen_status tw_json_open(const char *path, size_t limit, tw_json **json, tuwen_error *error);

/* Parses `size` bytes; `name` stands for the file in messages. */
tuwen_status tw_json_parse(const char *bytes, size_t size, const char *name, tw_json **json, tuwen_error *error);

/* Accepts NULL. */
void tw_json_close(tw_json *json);

/* The name given at opening. */
const char *tw_json_name(const tw_json *json);

tw_json_value tw_json_root(const tw_json *json);
bool tw_json_absent(tw_json_value value); /* not there, or null */
bool tw_json_is_object(tw_json_value value);
bool tw_json_is_array(tw_json_value value);
bool tw_json_is_string(tw_json_value value);
bool tw_json_is_number(tw_json_value value);
bool tw_json_is_integer(tw_json_value value);

/* The member `key` of an object; absent for anything else. */
tw_json_value tw_json_member(tw_json_value object, const char *key);

/* Elements of an array, members of an object; 0 for anything else. */
size_t tw_json_count(tw_json_value value);
tw_json_value tw_json_element(tw_json_value array, size_t index);

/* UTF-8 with its length (it may hold NUL); NULL for anything but a string. Owned by the document. */
const char *tw_json_string(tw_json_value value, size_t *length);
int64_t tw_json_integer(tw_json_value value, int64_t otherwise);
double tw_json_number(tw_json_value value, double otherwise);
bool tw_json_boolean(tw_json_value value, bool otherwise);

/* Walks an object's members in file order: start with {0}; false at the end. */
typedef struct tw_json_walk {
    const void *position;
    const char *key; /* UTF-8, NUL-terminated; a key that holds NUL is refused by the parser */
    size_t key_length;
    tw_json_value value;
} tw_json_walk;
bool tw_json_next(tw_json_value object, tw_json_walk *walk);

#endif
