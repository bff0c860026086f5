/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures by address (--allow-fetch). The server opens no connections: tuwen-fetch does, of the public internet alone. */
#ifndef TUWEN_SERVER_FETCH_H
#define TUWEN_SERVER_FETCH_H

#include "call.h"

/* Seconds for one picture, and for those of a request together; addresses of a request. */
enum { FETCH_SECONDS = 30, FETCH_ALL_SECONDS = 60, FETCH_MOST = 64 };

/* What a request may fetch. */
struct fetching {
    const char *program;      /* tuwen-fetch */
    bool (*gone)(void *user); /* whether nobody waits for it any more */
    void *user;
    size_t left;  /* bytes that its pictures may still have together */
    size_t count; /* of addresses so far */
    double end;   /* clock_seconds() when its time is over; 0: nothing was fetched yet */
};

/* Whether a text is an address that can be fetched at all: http or https. */
bool fetch_is_address(const char *text, size_t size);

/* The bytes of the picture there, from malloc; NULL with a refusal that names `param`. Waits; one thread a `fetching`. */
unsigned char *fetch_picture(struct fetching *fetching, const char *address, size_t length, size_t *size,
                             const struct terms *terms, const char *param, struct refusal *refusal);

#endif
