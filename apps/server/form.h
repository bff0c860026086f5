/* SPDX-License-Identifier: Apache-2.0 */
/* multipart/form-data, read strictly (RFC 7578): what is not exactly a form is refused rather than guessed at. */
#ifndef TUWEN_SERVER_FORM_H
#define TUWEN_SERVER_FORM_H

#include <stdbool.h>
#include <stddef.h>

enum { FORM_PARTS = 16, FORM_HEAD = 4096 };

struct form_part {
    const char *name, *data; /* in the body, without NUL */
    size_t name_size, size;
};

struct form {
    size_t count;
    struct form_part parts[FORM_PARTS];
};

/* Reads a body of this Content-Type; what it finds lies in the body. NULL if it is a form, else why not, in English. */
const char *form_read(struct form *form, const char *type, const char *body, size_t size);

/* The part of that name, or NULL. */
const struct form_part *form_find(const struct form *form, const char *name);

#endif
