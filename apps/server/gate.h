/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask: the Host and Origin headers, against pages of other sites that use a visitor's browser to reach this machine
 * (also by names that they make resolve to it), and keys.
 */
#ifndef TUWEN_SERVER_GATE_H
#define TUWEN_SERVER_GATE_H

#include <pthread.h>
#include <stdbool.h>

#include "refusal.h"

enum { KEY_NAME_SIZE = 33 };

struct exchange;
struct keys;

/*
 * Reads a file of keys: "KEY" or "KEY NAME" a line; empty lines and those that begin with # are none. A key has 16 to 200
 * printable characters; a name letters, digits, dots, dashes. NULL with a sentence.
 */
struct keys *keys_read(const char *path, tuwen_language language, char *why, unsigned size);

/* Of bytes, for tests; `path` names them. */
struct keys *keys_parse(const char *bytes, size_t size, const char *path, tuwen_language language, char *why,
                        unsigned why_size);
void keys_free(struct keys *keys);

/* The name of the key (its number if it has none), or NULL. Takes as long for a wrong one as for a right one. */
const char *keys_find(const struct keys *keys, const char *given);

struct gate {
    bool check_host;  /* Host must name this machine */
    const char *host; /* a further good name: of the address that is listened on */
    tuwen_language language;
    pthread_mutex_t lock;
    struct keys *keys; /* NULL: none are needed; under the lock, as they may be read anew */
};

/* Takes keys over in place of those that were there. Thread-safe. */
void gate_set_keys(struct gate *gate, struct keys *keys);

/* Whether a Host header is good; a port in it does not matter. */
bool gate_host_good(const struct gate *gate, const char *host);

/* False with a refusal. `key` becomes the name of the key that was shown, or empty; `open`: no key is needed here. */
bool gate_pass(struct gate *gate, const struct exchange *exchange, bool open, char key[KEY_NAME_SIZE],
               struct refusal *refusal);

#endif
