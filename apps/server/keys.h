/* SPDX-License-Identifier: Apache-2.0 */
/* Files of keys, and how often each may ask. Whoever shares keys between threads locks them. */
#ifndef TUWEN_SERVER_KEYS_H
#define TUWEN_SERVER_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "tuwen/tuwen.h"

enum { KEY_NAME_SIZE = 33 };

struct keys;
struct key;

/* So many requests in so many seconds: as many at once, and then as they come back evenly. 0 requests: any number. */
struct rate {
    unsigned requests;
    double seconds;
};

/*
 * Reads a file of keys: "KEY", "KEY NAME", "KEY RATE" or "KEY NAME RATE" a line; empty lines and those that begin with # are
 * none. A key has 16 to 200 printable characters; a name letters, digits, dots, dashes; a rate is a number and /s, /m or /h.
 * NULL with a sentence.
 */
struct keys *keys_read(const char *path, tuwen_language language, char *why, unsigned size);

/* Of bytes, for tests; `path` names them. */
struct keys *keys_parse(const char *bytes, size_t size, const char *path, tuwen_language language, char *why,
                        unsigned why_size);
void keys_free(struct keys *keys);

/* The key, or NULL. Takes as long for a wrong one as for a right one. */
struct key *keys_find(struct keys *keys, const char *given);

/* Its name; its line's number if it has none. */
const char *key_name(const struct key *key);

/* Counts a request at `now` (seconds): 0, or how many seconds too early it comes; then it does not count. */
double key_take(struct key *key, double now, struct rate *rate);

/* What keys that stay, with their rate, have used up stays used up. */
void keys_inherit(struct keys *keys, struct keys *before);

/* "second", "minute" or "hour". */
const char *rate_unit(const struct rate *rate, tuwen_language language);

#endif
