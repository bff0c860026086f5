/* SPDX-License-Identifier: Apache-2.0 */
/* Dialects: a JSON body into a call, the call's results into a JSON body, refusals in the dialect's own shape. Thin, and
 * without threads: what all of them share is here and in items.c. */
#ifndef TUWEN_SERVER_DIALECT_H
#define TUWEN_SERVER_DIALECT_H

#include "buffer.h"
#include "call.h"

struct dialect {
    /* Reads call->document. False with a refusal. */
    bool (*read)(struct call *call, const struct terms *terms, struct refusal *refusal);
    /* Writes the results; false with a refusal if there is nothing to answer with but that. */
    bool (*write)(const struct call *call, const struct terms *terms, struct buffer *body, struct refusal *refusal);
    void (*refuse)(const struct refusal *refusal, struct buffer *body);
};

extern const struct dialect dialect_match, dialect_openai;

/* OpenAI's shape of an error, which is ours too. */
void openai_refuse(const struct refusal *refusal, struct buffer *body);

/* ---- items.c ---- */

/* A number of elements within the limit, and at least one. */
bool items_count(value list, const char *field, const struct terms *terms, struct refusal *refusal);

/*
 * Adds the input that an element is: a text, or an object {text?, image?, instruction?}, which is one vector. `instruction` (may
 * be NULL) is that of texts which name none. False with a refusal.
 */
bool items_add(struct call *call, value element, struct place place, value instruction, const struct terms *terms,
               struct refusal *refusal);

/* Adds a picture, or an input that failed when it cannot be read. False only when memory is short. */
bool items_add_picture(struct call *call, value picture, struct place place, const struct terms *terms,
                       struct refusal *refusal);

/* Adds a text, or an input that failed when it cannot be used. False only when memory is short. */
bool items_add_text(struct call *call, value text, struct place place, value instruction, const struct terms *terms,
                    struct refusal *refusal);

/* The optional text `name` of an object: `*found` is NULL if it is absent or null. False with a refusal if it is no text. */
bool items_optional_text(value object, const char *name, value *found, const struct terms *terms,
                         struct refusal *refusal);

/* Refuses the whole for the sake of an input that failed. Returns false. */
bool items_refuse(const struct call *call, size_t index, const struct terms *terms, struct refusal *refusal);

#endif
