/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of what was computed last: a hash table whose entries hang in one list, the last used in front. */
#include "recent.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096 }; /* a power of two */

struct entry {
    struct entry *next_in_slot, *newer, *older;
    uint64_t sum;
    size_t key_size, note_size;
    bool truncated;
    float vector[]; /* [dimension], then the key, then the note with its NUL */
};

struct recent {
    size_t dimension, bytes, most_bytes;
    struct entry *newest, *oldest;
    struct entry *slots[SLOTS];
};

uint64_t recent_sum(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

struct recent *recent_open(size_t dimension, size_t bytes)
{
    struct recent *recent = calloc(1, sizeof *recent);
    if (recent) {
        recent->dimension = dimension;
        recent->most_bytes = bytes;
    }
    return recent;
}

static char *key_of(const struct recent *recent, const struct entry *entry)
{
    return (char *)(entry->vector + recent->dimension);
}

static size_t size_of(const struct recent *recent, const struct entry *entry)
{
    return sizeof *entry + recent->dimension * sizeof *entry->vector + entry->key_size + entry->note_size;
}

static struct entry **slot_of(struct recent *recent, uint64_t sum)
{
    return &recent->slots[(sum ^ (sum >> 32)) & (SLOTS - 1)];
}

static void unlist(struct recent *recent, struct entry *entry)
{
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        recent->newest = entry->older;
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        recent->oldest = entry->newer;
}

static void list_first(struct recent *recent, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = recent->newest;
    *(recent->newest ? &recent->newest->newer : &recent->oldest) = entry;
    recent->newest = entry;
}

static void drop_oldest(struct recent *recent)
{
    struct entry *entry = recent->oldest, **at = slot_of(recent, entry->sum);
    while (*at != entry)
        at = &(*at)->next_in_slot;
    *at = entry->next_in_slot;
    unlist(recent, entry);
    recent->bytes -= size_of(recent, entry);
    free(entry);
}

static struct entry *find(struct recent *recent, const void *key, size_t size, uint64_t sum)
{
    struct entry *entry = *slot_of(recent, sum);
    while (entry && !(entry->sum == sum && entry->key_size == size && memcmp(key_of(recent, entry), key, size) == 0))
        entry = entry->next_in_slot;
    return entry;
}

bool recent_find(struct recent *recent, const void *key, size_t size, struct recent_item *item)
{
    struct entry *entry = find(recent, key, size, recent_sum(key, size));
    if (!entry)
        return false;
    unlist(recent, entry);
    list_first(recent, entry);
    *item = (struct recent_item){.vector = entry->vector,
                                 .truncated = entry->truncated,
                                 .note = entry->note_size ? key_of(recent, entry) + size : NULL};
    return true;
}

void recent_add(struct recent *recent, const void *key, size_t size, const struct recent_item *item)
{
    uint64_t sum = recent_sum(key, size);
    size_t note_size = item->note ? strlen(item->note) + 1 : 0;
    size_t bytes = sizeof(struct entry) + recent->dimension * sizeof(float) + size + note_size;
    if (find(recent, key, size, sum) || size + note_size > recent->most_bytes / 64)
        return;
    while (recent->oldest && recent->bytes + bytes > recent->most_bytes)
        drop_oldest(recent);
    struct entry *entry = malloc(bytes);
    if (!entry)
        return;
    *entry = (struct entry){.sum = sum, .key_size = size, .note_size = note_size, .truncated = item->truncated};
    memcpy(entry->vector, item->vector, recent->dimension * sizeof *entry->vector);
    memcpy(key_of(recent, entry), key, size);
    if (note_size)
        memcpy(key_of(recent, entry) + size, item->note, note_size);
    struct entry **slot = slot_of(recent, sum);
    entry->next_in_slot = *slot;
    *slot = entry;
    list_first(recent, entry);
    recent->bytes += bytes;
}

void recent_close(struct recent *recent)
{
    for (struct entry *entry = recent ? recent->newest : NULL, *older; entry; entry = older) {
        older = entry->older;
        free(entry);
    }
    free(recent);
}
