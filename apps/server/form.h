/* SPDX-License-Identifier: Apache-2.0 */
/* multipart/form-data, read strictly (RFC 7578): what is not exactly a form is refused rather than guessed at. */
#ifndef TUWEN_SERVER_FORM_H
#define TUWEN_SERVER_FORM_H

#include <stdbool.h>
#include <stddef.h>

enum { FORM_HEAD = 4096 };

struct form_part {
    const char *name, *data; /* in the body, without NUL */
    size_t name_size, size;
};

struct form {
    size_t count, capacity;
    struct form_part *parts; /* [count] */
    const char *why;         /* of FORM_BAD, in English */
};

enum form_end { FORM_GOOD, FORM_BAD, FORM_FULL, FORM_NO_MEMORY };

/* Reads a body of this Content-Type, of at most so many parts; what it finds lies in the body. To be freed in any case. */
enum form_end form_read(struct form *form, const char *type, const char *body, size_t size, size_t most);
void form_free(struct form *form);

bool form_part_is(const struct form_part *part, const char *name);

/* The first part of that name, or NULL; `*count` (may be NULL) is how many there are. */
const struct form_part *form_find(const struct form *form, const char *name, size_t *count);

#endif
