/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that is listened on. */
#ifndef TUWEN_SERVER_LISTEN_H
#define TUWEN_SERVER_LISTEN_H

#include <stdbool.h>

#include "tuwen/tuwen.h"

struct listener {
    int socket;
    bool loopback;
    char where[320]; /* HOST:PORT, with the port that it got */
    char host[256];  /* as a Host header has it */
};

/* Listens on "HOST:PORT", "[ADDRESS]:PORT" or "PORT" (of this machine alone); port 0 is any. False with a sentence. */
bool listener_open(struct listener *listener, const char *where, tuwen_language language, char *why, unsigned size);

struct sockaddr;

/* Says of a socket that is listened on where it is. */
void listener_describe(struct listener *listener, int socket, const struct sockaddr *address);

#endif
