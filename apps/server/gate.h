/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask: the Host and Origin headers, against pages of other sites that use a visitor's browser to reach this machine
 * (also by names that they make resolve to it), and keys with their rates.
 */
#ifndef TUWEN_SERVER_GATE_H
#define TUWEN_SERVER_GATE_H

#include <pthread.h>
#include <stdbool.h>

#include "keys.h"
#include "refusal.h"

struct exchange;

struct gate {
    bool check_host;  /* Host must name this machine */
    const char *host; /* a further good name: of the address that is listened on */
    pthread_mutex_t lock;
    struct keys *keys; /* NULL: none are needed; under the lock, as they may be read anew */
};

/* Takes keys over in place of those that were there. Thread-safe. */
void gate_set_keys(struct gate *gate, struct keys *keys);

/* Whether a Host header is good; a port in it does not matter. */
bool gate_host_good(const struct gate *gate, const char *host);

/* False with a refusal; a rate is counted here. `key` becomes the name of the key that was shown, or empty; `open`: no key is needed here. */
bool gate_pass(struct gate *gate, const struct exchange *exchange, bool open, tuwen_language language,
               char key[KEY_NAME_SIZE], struct refusal *refusal);

#endif
