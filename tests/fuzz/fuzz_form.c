/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's reader of forms: the first line is the Content-Type, the rest the body. Parts lie in the body, one behind the
 * other, have names, are no more than allowed, and no part holds the boundary that ended it.
 */
#include "form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(const struct form *form, const char *body, size_t size)
{
    const char *behind = body;
    for (size_t i = 0; i < form->count; i++) {
        const struct form_part *part = &form->parts[i];
        if (part->name < behind || part->name_size == 0 || part->data < part->name + part->name_size ||
            part->data + part->size > body + size)
            abort();
        behind = part->data + part->size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    struct form form;
    if (!end)
        return 0;
    size_t length = (size_t)(end - data), rest = size - length - 1;
    char *type = malloc(length + 1), *body = malloc(rest ? rest : 1);
    if (type && body) {
        memcpy(type, data, length);
        type[length] = '\0';
        memcpy(body, end + 1, rest);
        enum form_end ending = form_read(&form, type, body, rest, PARTS);
        if (form.count > PARTS || (ending == FORM_BAD) != (form.why != NULL))
            abort();
        check_parts(&form, body, rest);
        if (strcmp(type, "multipart/form-data; boundary=B") == 0)
            for (size_t i = 0; i < form.count && ending == FORM_GOOD; i++)
                if (memmem(form.parts[i].data, form.parts[i].size, "\r\n--B", 5))
                    abort();
        form_free(&form);
    }
    free(type);
    free(body);
    return 0;
}
