/* SPDX-License-Identifier: Apache-2.0 */
/* Where a row's picture is: a path, a file: or data: URL, an address on the network. */
#ifndef TUWEN_CLI_PICTURE_SOURCE_H
#define TUWEN_CLI_PICTURE_SOURCE_H

#include <limits.h>

#include "input.h"

enum picture_kind { PICTURE_FILE, PICTURE_DATA, PICTURE_NETWORK };

struct picture_source {
    enum picture_kind kind;
    const char *given;     /* by the row, and the caller's */
    char path[PATH_MAX];   /* of a file; else the address */
    const char *name;      /* for messages: the path, or "data: URL" */
    unsigned char key[64]; /* of a file: what tells that it is the same, unchanged; key_size 0: nothing does */
    size_t key_size;
};

/* Says what a row means, and looks at the file; a relative path starts from `folder` (with its slash, or empty). False with
 * `*error` filled if there is no such file. */
bool picture_source_find(struct picture_source *source, const char *folder, const char *given,
                         struct input_error *error);

/* Reads at most `limit` bytes; false with `*error` filled if that cannot be done. */
bool picture_source_read(const struct picture_source *source, uint64_t limit, struct bytes *bytes,
                         struct input_error *error);

/* Has tuwen-fetch get a picture of the network, from the public internet only, and reads it; false with `*error` filled if
 * that cannot be done. */
bool picture_source_fetch(const struct picture_source *source, uint64_t limit, struct bytes *bytes,
                          struct input_error *error);

#endif
