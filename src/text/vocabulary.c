/* SPDX-License-Identifier: Apache-2.0 */
/* The hash table of byte strings. */
#include "text/vocabulary.h"

#include <string.h>

static uint32_t hash_of(const char *bytes, size_t size)
{
    uint64_t hash = size;
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, size - at < 8 ? size - at : 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u; /* 2^64 over the golden ratio */
        hash ^= hash >> 32;
    }
    return (uint32_t)hash;
}

/* The slot that holds the string, or the empty one where it belongs. There must be slots. */
static tw_vocabulary_slot *find_slot(const tw_vocabulary *vocabulary, uint32_t hash, const char *bytes, size_t size)
{
    size_t mask = vocabulary->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        tw_vocabulary_slot *slot = &vocabulary->slots[at];
        if (slot->id < 0 || (slot->hash == hash && slot->size == size &&
                             memcmp(vocabulary->strings.data + slot->offset, bytes, size) == 0))
            return slot;
    }
}

int32_t tw_vocabulary_find(const tw_vocabulary *vocabulary, const char *bytes, size_t size)
{
    return vocabulary->count == 0 ? -1 : find_slot(vocabulary, hash_of(bytes, size), bytes, size)->id;
}

static bool double_slots(tw_vocabulary *vocabulary)
{
    if (vocabulary->slot_count > SIZE_MAX / 2)
        return false;
    size_t slot_count = vocabulary->slot_count ? 2 * vocabulary->slot_count : 1024;
    tw_vocabulary_slot *slots = tw_alloc(slot_count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < slot_count; i++)
        slots[i].id = -1;
    for (size_t i = 0; i < vocabulary->slot_count; i++) {
        const tw_vocabulary_slot *old = &vocabulary->slots[i];
        if (old->id < 0)
            continue;
        size_t at = old->hash & (slot_count - 1);
        while (slots[at].id >= 0)
            at = (at + 1) & (slot_count - 1);
        slots[at] = *old;
    }
    tw_free(vocabulary->slots);
    vocabulary->slots = slots;
    vocabulary->slot_count = slot_count;
    return true;
}

bool tw_vocabulary_add(tw_vocabulary *vocabulary, const char *bytes, size_t size, int32_t id)
{
    if (vocabulary->count >= vocabulary->slot_count / 3 * 2 && !double_slots(vocabulary))
        return false;
    size_t offset = vocabulary->strings.length;
    if (!tw_bytes_append(&vocabulary->strings, bytes, size))
        return false;
    uint32_t hash = hash_of(bytes, size);
    *find_slot(vocabulary, hash, bytes, size) = (tw_vocabulary_slot){hash, (uint32_t)offset, (uint32_t)size, id};
    vocabulary->count++;
    return true;
}

void tw_vocabulary_free(tw_vocabulary *vocabulary)
{
    tw_bytes_free(&vocabulary->strings);
    tw_free(vocabulary->slots);
    *vocabulary = (tw_vocabulary){0};
}
