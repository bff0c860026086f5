/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON bodies; the one place of this program that knows jansson. */
#include "json.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

value document_read(const char *body, size_t body_size, char *why, size_t size)
{
    json_error_t error;
    json_t *document = json_loadb(body, body_size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (document)
        return document;
    /* jansson's sentence may quote the body up to the place; that part may be long and is not ours to repeat. */
    char *quote = strstr(error.text, " near '");
    if (quote)
        *quote = '\0';
    snprintf(why, size, "%s (line %d, column %d)", error.text, error.line, error.column);
    return NULL;
}

value document_text(const char *text, size_t size)
{
    return json_stringn(text, size);
}

value document_object(void)
{
    return json_object();
}

bool document_set_text(value object, const char *name, const char *text, size_t size)
{
    return json_object_set_new((json_t *)object, name, json_stringn(text, size)) == 0;
}

bool document_set_number(value object, const char *name, long number)
{
    return json_object_set_new((json_t *)object, name, json_integer(number)) == 0;
}

value document_append_text(value object, const char *name, const char *text, size_t size)
{
    json_t *list = json_object_get(object, name), *added = json_stringn(text, size);
    if (!list && json_object_set_new((json_t *)object, name, json_array()) == 0)
        list = json_object_get(object, name);
    return json_array_append_new(list, added) == 0 ? added : NULL;
}

void document_free(value document)
{
    json_decref((json_t *)document);
}

enum kind value_kind(value any)
{
    static const enum kind kinds[] = {
        [JSON_OBJECT] = KIND_OBJECT,  [JSON_ARRAY] = KIND_LIST,  [JSON_STRING] = KIND_TEXT,
        [JSON_INTEGER] = KIND_NUMBER, [JSON_REAL] = KIND_NUMBER, [JSON_TRUE] = KIND_BOOLEAN,
        [JSON_FALSE] = KIND_BOOLEAN,  [JSON_NULL] = KIND_NULL,
    };
    return any ? kinds[json_typeof(any)] : KIND_NONE;
}

const char *value_text(value text, size_t *size)
{
    *size = json_string_length(text);
    return json_string_value(text);
}

bool value_is(value any, const char *text)
{
    return json_is_string(any) && json_string_length(any) == strlen(text) &&
           memcmp(json_string_value(any), text, strlen(text)) == 0;
}

double value_number(value number)
{
    return json_number_value(number);
}

bool value_is_whole(value number)
{
    return json_is_integer(number);
}

bool value_is_true(value any)
{
    return json_is_true(any);
}

size_t value_length(value list)
{
    return json_array_size(list);
}

value value_at(value list, size_t place)
{
    return json_array_get(list, place);
}

value value_member(value object, const char *name)
{
    return json_object_get(object, name);
}

const char *value_other_member(value object, const char *const *names)
{
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)object, key, member)
    {
        const char *const *name = names;
        while (*name && strcmp(*name, key) != 0)
            name++;
        if (!*name)
            return key;
    }
    return NULL;
}
