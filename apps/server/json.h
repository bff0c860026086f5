/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON bodies; the one place of this program that knows jansson. A value belongs to the document that it is in. */
#ifndef TUWEN_SERVER_JSON_H
#define TUWEN_SERVER_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct json_t; /* jansson's; only handed around here */
typedef const struct json_t *value;

enum kind { KIND_NONE, KIND_NULL, KIND_BOOLEAN, KIND_NUMBER, KIND_TEXT, KIND_LIST, KIND_OBJECT };

/* Reads a whole body; NULL with a reason in English (`why`, of `size` bytes) if it is not JSON. Nesting is bounded, and a key
 * that comes twice in an object is an error. Free with document_free. */
value document_read(const char *body, size_t body_size, char *why, size_t size);

/* The same of a line of JSON Lines, whose numbers may have any length: nobody computes with them. */
value line_read(const char *line, size_t line_size, char *why, size_t size);

/* Calls `each` for the members of an object that line_read made of `line`, in their order there: with the name, and with where
 * the member stands, from the quote of its name to the end of its value. */
void line_members(value object, const char *line,
                  void (*each)(void *user, const char *name, const char *at, size_t size), void *user);

/* A document that is a text only; NULL if the bytes are not UTF-8, or memory is short. */
value document_text(const char *text, size_t size);

/* A document that is an object without members; NULL if memory is short. */
value document_object(void);

/* Gives an object a text or a number; adds a text to the list of that name, which is made if it is not there, and returns it.
 * False and NULL as of document_text. */
bool document_set_text(value object, const char *name, const char *text, size_t size);
bool document_set_number(value object, const char *name, long number);
value document_append_text(value object, const char *name, const char *text, size_t size);
void document_free(value document);

/* KIND_NONE of NULL. */
enum kind value_kind(value any);

/* Of a KIND_TEXT: UTF-8, may hold NUL. */
const char *value_text(value text, size_t *size);

/* Whether it is that text. */
bool value_is(value any, const char *text);

/* Of a KIND_NUMBER. */
double value_number(value number);
bool value_is_whole(value number);
bool value_is_true(value any);

/* Of a KIND_LIST. */
size_t value_length(value list);
value value_at(value list, size_t place);

/* Whether it is, or holds at any depth, a text of that kind; keys do not count. */
bool value_has_text(value any, bool (*wanted)(const char *text, size_t size));

/* Of a KIND_OBJECT: NULL if it has none of that name. */
value value_member(value object, const char *name);

/* The first member of an object that is none of these names (which end with NULL); NULL if there is none. */
const char *value_other_member(value object, const char *const *names);

#endif
