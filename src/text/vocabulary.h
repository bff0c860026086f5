/* SPDX-License-Identifier: Apache-2.0 */
/* A set of byte strings with an id each: what the tokenizer's files are checked against while they are read. */
#ifndef TW_TEXT_VOCABULARY_H
#define TW_TEXT_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

typedef struct tw_vocabulary_slot {
    uint32_t hash;
    uint32_t offset, size; /* in `strings` */
    int32_t id;            /* -1 in an empty slot */
} tw_vocabulary_slot;

/* Open addressing, at most two thirds full. Zero-initialise; free with tw_vocabulary_free. */
typedef struct tw_vocabulary {
    tw_bytes strings;
    size_t count;
    tw_vocabulary_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
} tw_vocabulary;

/* The id of a string; -1 when it is not in. */
int32_t tw_vocabulary_find(const tw_vocabulary *vocabulary, const char *bytes, size_t size);

/* Adds a string that is not in yet, with an id of at least 0. All strings together must have fewer than 2^32 bytes.
 * False when memory is out. */
bool tw_vocabulary_add(tw_vocabulary *vocabulary, const char *bytes, size_t size, int32_t id);

void tw_vocabulary_free(tw_vocabulary *vocabulary);

#endif
