/* SPDX-License-Identifier: Apache-2.0 */
/* Every path that this server knows, once. */
#ifndef TUWEN_SERVER_ROUTES_H
#define TUWEN_SERVER_ROUTES_H

#include "dialect.h"

struct service;
struct exchange;

struct route {
    const char *method, *path;     /* "{name}" at the end stands for anything */
    const struct dialect *dialect; /* of a call; NULL: `answer` answers at once */
    void (*answer)(struct service *service, struct exchange *exchange);
    bool open; /* without a key */
};

extern const struct route routes[];
extern const size_t route_count;

/* The route, or NULL; `*allowed` is then the method that the path has, or NULL if there is no such path. */
const struct route *route_find(const char *method, const char *path, const char **allowed);

#endif
