/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON read forward, without a tree: for members so large that a tree of them would be felt at start (a vocabulary of
 * 150,000 entries costs jansson a tenth of a second). As strict as jansson. The first fault sticks: later calls return
 * false or nothing, loops end, and tw_json_scan_end says what it was.
 */
#ifndef TW_FORMATS_JSON_SCAN_H
#define TW_FORMATS_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

/* A part of the document, or UTF-8 with its length. */
typedef struct tw_json_span {
    const char *bytes;
    size_t size;
} tw_json_span;

typedef struct tw_json_scan {
    const char *start, *at, *end;
    const char *fault; /* NULL, or what was wrong at `at`, such as "a comma is expected" */
    bool first;        /* nothing of the innermost open array or object was read yet */
    bool out_of_memory;
    tw_bytes text; /* the last string that held escapes */
} tw_json_scan;

/* The bytes must outlive the scan. Must be ended by tw_json_scan_end. */
void tw_json_scan_start(tw_json_scan *scan, const char *bytes, size_t size);

/* Reads a part that another scan found in the document that begins at `document`; faults name the place in it. */
void tw_json_scan_start_part(tw_json_scan *scan, const char *document, tw_json_span part);

/* Steps into an array or object; then each element or member until the call returns false, having stepped out. */
void tw_json_scan_array(tw_json_scan *scan);
void tw_json_scan_object(tw_json_scan *scan);
bool tw_json_scan_element(tw_json_scan *scan);
bool tw_json_scan_member(tw_json_scan *scan, tw_json_span *key);

/* Values. A string stays valid until the next one is read; after a fault it is empty, and the integer 0. */
tw_json_span tw_json_scan_string(tw_json_scan *scan);
int64_t tw_json_scan_integer(tw_json_scan *scan);

/* Checks any value, at most 64 levels deep, and gives its place. */
tw_json_span tw_json_scan_value(tw_json_scan *scan);

/* Whether the next value is an array. */
bool tw_json_scan_at_array(const tw_json_scan *scan);

/* Checks that nothing follows, frees what the scan holds and reports its fault; `name` stands for the file. */
tuwen_status tw_json_scan_end(tw_json_scan *scan, const char *name, tuwen_error *error);

#endif
