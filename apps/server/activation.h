/* SPDX-License-Identifier: Apache-2.0 */
/* A socket that the one who started the server listens on already, as systemd hands it over (sd_listen_fds(3)). */
#ifndef TUWEN_SERVER_ACTIVATION_H
#define TUWEN_SERVER_ACTIVATION_H

#include "listen.h"

enum activation { ACTIVATION_NONE, ACTIVATION_GOOD, ACTIVATION_BAD };

/* Takes the socket over, if there is one: it then counts in place of --listen. BAD comes with a sentence. */
enum activation listener_inherit(struct listener *listener, tuwen_language language, char *why, unsigned size);

#endif
