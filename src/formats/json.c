/* SPDX-License-Identifier: Apache-2.0 */
/* JSON documents on jansson: parsing with errors that name the file and the place, and getters that cannot fail. */
#include "formats/json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

struct tw_json {
    json_t *root;
    char *name;
};

/* Whole numbers up to here survive being stored as a double. */
#define EXACT_DOUBLE 9007199254740992.0 /* 2^53 */

static tuwen_status fail_parse(const json_error_t *reason, const char *name, tuwen_error *error)
{
    /* jansson leaves the text empty where one of its own allocations failed. */
    if (json_error_code(reason) == json_error_out_of_memory || reason->text[0] == '\0')
        return tw_fail_memory(error, name);
    return tw_fail(error, TUWEN_BAD_MODEL, "%s: line %d, column %d: not valid JSON: %s", name, reason->line,
                   reason->column, reason->text);
}

tuwen_status tw_json_parse(const char *bytes, size_t size, const char *name, tw_json **json, tuwen_error *error)
{
    *json = NULL;
    if (size == 0)
        bytes = "";
    /* NUL is never part of JSON, but jansson 2.14 passes over one behind a number. */
    const char *nul = memchr(bytes, '\0', size);
    if (nul)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: not valid JSON: byte %zu is NUL", name, (size_t)(nul - bytes));
    json_error_t reason;
    json_t *root = json_loadb(bytes, size, JSON_ALLOW_NUL, &reason);
    /* Python writes integers of any length, such as 10^30 for "no limit": those documents are read as doubles. */
    if (!root && json_error_code(&reason) == json_error_numeric_overflow)
        root = json_loadb(bytes, size, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &reason);
    if (!root)
        return fail_parse(&reason, name, error);

    tw_json *made = tw_alloc(1, sizeof *made);
    char *copy = tw_copy_string(name, strlen(name));
    if (!made || !copy) {
        tw_free(made);
        tw_free(copy);
        json_decref(root);
        return tw_fail_memory(error, name);
    }
    *made = (tw_json){.root = root, .name = copy};
    *json = made;
    return TUWEN_OK;
}

tuwen_status tw_json_open(const char *path, size_t limit, tw_json **json, tuwen_error *error)
{
    *json = NULL;
    char *bytes = NULL;
    size_t size = 0;
    tuwen_status status = tw_file_read(path, limit, &bytes, &size, error);
    if (status != TUWEN_OK)
        return status;
    status = tw_json_parse(bytes, size, path, json, error);
    tw_free(bytes);
    return status;
}

void tw_json_close(tw_json *json)
{
    if (!json)
        return;
    json_decref(json->root);
    tw_free(json->name);
    tw_free(json);
}

const char *tw_json_name(const tw_json *json)
{
    return json->name;
}

tw_json_value tw_json_root(const tw_json *json)
{
    return (tw_json_value){json->root};
}

/* jansson's type tests accept NULL, which is how an absent value is held. */
static const json_t *node_of(tw_json_value value)
{
    return value.node;
}

bool tw_json_absent(tw_json_value value)
{
    return !value.node || json_is_null(node_of(value));
}

bool tw_json_is_object(tw_json_value value)
{
    return json_is_object(node_of(value));
}

bool tw_json_is_array(tw_json_value value)
{
    return json_is_array(node_of(value));
}

bool tw_json_is_string(tw_json_value value)
{
    return json_is_string(node_of(value));
}

bool tw_json_is_number(tw_json_value value)
{
    return json_is_number(node_of(value));
}

bool tw_json_is_integer(tw_json_value value)
{
    if (json_is_integer(node_of(value)))
        return true;
    if (!json_is_real(node_of(value)))
        return false;
    double real = json_real_value(node_of(value));
    return fabs(real) <= EXACT_DOUBLE && floor(real) == real;
}

tw_json_value tw_json_member(tw_json_value object, const char *key)
{
    return (tw_json_value){json_object_get(node_of(object), key)};
}

size_t tw_json_count(tw_json_value value)
{
    return json_is_object(node_of(value)) ? json_object_size(node_of(value)) : json_array_size(node_of(value));
}

tw_json_value tw_json_element(tw_json_value array, size_t index)
{
    return (tw_json_value){json_array_get(node_of(array), index)};
}

const char *tw_json_string(tw_json_value value, size_t *length)
{
    if (!json_is_string(node_of(value)))
        return NULL;
    if (length)
        *length = json_string_length(node_of(value));
    return json_string_value(node_of(value));
}

int64_t tw_json_integer(tw_json_value value, int64_t otherwise)
{
    if (!tw_json_is_integer(value))
        return otherwise;
    if (json_is_real(node_of(value)))
        return (int64_t)json_real_value(node_of(value));
    return json_integer_value(node_of(value));
}

double tw_json_number(tw_json_value value, double otherwise)
{
    return tw_json_is_number(value) ? json_number_value(node_of(value)) : otherwise;
}

bool tw_json_boolean(tw_json_value value, bool otherwise)
{
    return json_is_boolean(node_of(value)) ? json_is_true(node_of(value)) : otherwise;
}

bool tw_json_next(tw_json_value object, tw_json_walk *walk)
{
    /* jansson's iterator calls are not const-correct; neither writes. */
    json_t *owner = (json_t *)(uintptr_t)object.node;
    void *position = (void *)(uintptr_t)walk->position;
    position = position ? json_object_iter_next(owner, position) : json_object_iter(owner);
    if (!position)
        return false;
    walk->position = position;
    walk->key = json_object_iter_key(position);
    walk->key_length = strlen(walk->key);
    walk->value = (tw_json_value){json_object_iter_value(position)};
    return true;
}
