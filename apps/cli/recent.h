/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of what was computed last, so that what comes again is not computed again. What was not asked for the longest
 * time makes room. */
#ifndef TUWEN_CLI_RECENT_H
#define TUWEN_CLI_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recent;

/* Keeps at most `bytes` of memory, and at least one vector of `dimension`. NULL if memory is short. */
struct recent *recent_open(size_t dimension, size_t bytes);
void recent_close(struct recent *recent);

struct recent_item {
    const float *vector; /* valid until the next recent_add */
    bool truncated;
    const char *note; /* a text that was kept with it, valid as long */
};

/* False if it is not there. */
bool recent_find(struct recent *recent, const void *key, size_t size, struct recent_item *item);

/* Keeps a vector by its key, with a note (may be NULL). What is too large, or finds no memory, is not kept. */
void recent_add(struct recent *recent, const void *key, size_t size, const struct recent_item *item);

/* A sum of 64 bits (FNV-1a): for finding, not for proving. */
uint64_t recent_sum(const void *data, size_t size);

#endif
