/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of JSON Lines, through jansson. Strings are decoded; every other value is kept as it stands in the line, so
 * that a number of twenty digits comes out as it went in.
 */
#include "record_parts.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "json_skip.h"

static bool add_field(struct record_object *object, const char *key, size_t key_size, const json_t *value,
                      const char *raw, size_t raw_size)
{
    if (!record_grow((void **)&object->fields, &object->field_capacity, object->field_count + 1,
                     sizeof *object->fields))
        return false;
    bool is_string = json_is_string(value);
    object->fields[object->field_count++] =
        (struct record_field){.name = key,
                              .name_size = key_size,
                              .value = is_string ? json_string_value(value) : raw,
                              .size = is_string ? json_string_length(value) : raw_size,
                              .is_json = !is_string};
    return true;
}

static bool add_text(struct record_object *object, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    if (record_is_blank(text, size))
        return true;
    if (!record_grow((void **)&object->texts, &object->text_capacity, object->text_count + 1, sizeof *object->texts))
        return false;
    object->texts[object->text_count++] = (struct text){text, size};
    return true;
}

/* The members in the order of the line, each key with the place of its value. jansson keeps that order too. */
static bool take_fields(struct record_object *object, json_t *root, const char *line)
{
    const char *at = json_skip_blanks(line) + 1, *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        at = json_skip_blanks(json_skip_string(json_skip_blanks(at))) + 1; /* behind the colon */
        const char *raw = json_skip_blanks(at);
        at = json_skip_value(raw);
        if (!add_field(object, key, strlen(key), value, raw, (size_t)(at - raw)))
            return false;
        at = json_skip_blanks(at) + 1; /* behind the comma */
    }
    return true;
}

/* The member of a role: the wanted key, else the best of the well-known ones. */
static json_t *member_of(json_t *root, enum record_role role, const char *wanted, const char **found)
{
    const char *key;
    json_t *value, *best = NULL;
    size_t best_rank = SIZE_MAX;
    *found = wanted;
    if (wanted)
        return json_object_get(root, wanted);
    json_object_foreach(root, key, value)
    {
        size_t rank = record_name_rank(role, key, strlen(key));
        if (rank < best_rank) {
            best_rank = rank;
            best = value;
            *found = key;
        }
    }
    return best;
}

static enum record_object_result wrong_type(struct record_object *object, const char *key)
{
    object->wrong_key = key;
    return OBJECT_WRONG_TYPE;
}

/* A string, or an array of strings; null counts as nothing. */
static enum record_object_result take_text(struct record_object *object, const json_t *value, const char *key)
{
    if (!value || json_is_null(value))
        return OBJECT_GOOD;
    if (json_is_string(value))
        return add_text(object, value) ? OBJECT_GOOD : OBJECT_NO_MEMORY;
    if (!json_is_array(value))
        return wrong_type(object, key);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *element = json_array_get(value, i);
        if (!json_is_string(element))
            return wrong_type(object, key);
        if (!add_text(object, element))
            return OBJECT_NO_MEMORY;
    }
    return OBJECT_GOOD;
}

static enum record_object_result take_texts(struct record_object *object, json_t *root,
                                            const struct records_options *options)
{
    enum record_object_result result = OBJECT_GOOD;
    const char *best, *key;
    json_t *value;
    for (size_t i = 0; i < options->text_column_count && result == OBJECT_GOOD; i++)
        result = take_text(object, json_object_get(root, options->text_columns[i]), options->text_columns[i]);
    if (options->text_column_count > 0 || !member_of(root, ROLE_TEXT, NULL, &best))
        return result;
    size_t rank = record_name_rank(ROLE_TEXT, best, strlen(best));
    json_object_foreach(root, key,
                        value) if (result == OBJECT_GOOD && record_name_rank(ROLE_TEXT, key, strlen(key)) == rank)
        result = take_text(object, value, key);
    return result;
}

static enum record_object_result take_roles(struct record_object *object, json_t *root,
                                            const struct records_options *options)
{
    const char *key;
    const json_t *image = member_of(root, ROLE_IMAGE, options->image_column, &key);
    if (image && !json_is_string(image) && !json_is_null(image))
        return wrong_type(object, key);
    object->image = json_string_value(image);
    if (image && object->image && strlen(object->image) != json_string_length(image))
        return wrong_type(object, key);
    const json_t *label = member_of(root, ROLE_LABEL, options->label_column, &key);
    object->label = json_is_true(label)     ? 1
                    : json_is_false(label)  ? 0
                    : json_is_string(label) ? record_label_of(json_string_value(label), json_string_length(label))
                    : json_is_number(label) ? (json_number_value(label) == 1   ? 1
                                               : json_number_value(label) == 0 ? 0
                                                                               : -1)
                                            : -1;
    return take_texts(object, root, options);
}

enum record_object_result record_object_read(struct record_object *object, const char *line, size_t size,
                                             const struct records_options *options)
{
    json_error_t error;
    json_decref(object->document);
    object->document = NULL;
    object->field_count = object->text_count = 0;
    object->image = object->wrong_key = NULL;
    object->label = -1;
    json_t *root = json_loadb(
        line, size, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    object->document = root;
    if (!root) {
        snprintf(object->reason, sizeof object->reason, "%s", error.text);
        return json_error_code(&error) == json_error_out_of_memory ? OBJECT_NO_MEMORY : OBJECT_NOT_JSON;
    }
    if (!json_is_object(root))
        return OBJECT_NOT_OBJECT;
    if (!take_fields(object, root, line))
        return OBJECT_NO_MEMORY;
    return take_roles(object, root, options);
}

void record_object_free(struct record_object *object)
{
    json_decref(object->document);
    free(object->fields);
    free(object->texts);
    *object = (struct record_object){0};
}
