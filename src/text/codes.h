/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to text before merges, on arrays of code points: decoding, NFC and the cutting into pieces. All of it
 * follows the reference tokenizer's Unicode tables, not the system's, so that ids do not depend on a library version.
 */
#ifndef TW_TEXT_CODES_H
#define TW_TEXT_CODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Code points. Zero-initialise; free `items` with tw_free. */
typedef struct tw_codes {
    uint32_t *items;
    size_t count, capacity;
} tw_codes;

/* Replaces the content by the code points of UTF-8 bytes, U+FFFD for each maximal ill-formed part. False when memory
 * is out. */
bool tw_codes_decode(tw_codes *codes, const char *bytes, size_t size);

/* Replaces the content by its NFC as of the reference. False when memory is out. */
bool tw_codes_normalize(tw_codes *codes);

/* The one regular expression that is supported, Qwen2's, as tokenizer.json spells it. */
extern const char tw_piece_pattern[];

/* Where the match of tw_piece_pattern that begins at `start` < `count` ends. Every code point is in one match. */
size_t tw_piece_end(const uint32_t *codes, size_t count, size_t start);

#endif
