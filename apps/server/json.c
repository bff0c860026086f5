/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON bodies; the one place of this program that knows jansson. */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "buffer.h"
#include "json_skip.h"

/* ---- reading; long strings apart ---- */

/*
 * jansson looks at each byte by several calls: for a picture in base64 that takes longer than all else that is done before
 * it is computed. So long strings of plain ASCII are taken out before, and put back into what jansson has read. In their
 * places stand strings that begin with a NUL; where a text has such ones of its own, nothing is taken out.
 */
struct piece {
    const char *text;
    size_t size;
};

struct pieces {
    struct piece *items;
    size_t count, capacity;
    struct buffer text; /* without them */
};

enum { LONG = 4096, BLOCK = 64 };

/* Whether a byte stands for itself inside a string, and is ASCII. */
static bool is_plain(char byte)
{
    return (unsigned char)byte >= 0x20 && (unsigned char)byte < 0x7f && byte != '"' && byte != '\\';
}

/* How many bytes at the beginning are plain, in whole blocks: the compiler makes vectors of them. */
static size_t skip_plain(const char *text, size_t size)
{
    size_t at = 0;
    for (unsigned plain = 1; at + BLOCK <= size; at += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++)
            plain &= is_plain(text[at + i]);
        if (!plain)
            break;
    }
    return at;
}

static bool take_out(struct pieces *pieces, const char *text, size_t size)
{
    if (pieces->count == pieces->capacity) {
        pieces->capacity = 2 * pieces->capacity + 4;
        struct piece *larger = realloc(pieces->items, pieces->capacity * sizeof *larger);
        if (!larger)
            return false;
        pieces->items = larger;
    }
    BUFFER_FORMAT(&pieces->text, "\\u0000%zu", pieces->count);
    pieces->items[pieces->count++] = (struct piece){text, size};
    return true;
}

/* Whether a string that ends here is the key of an object. */
static bool is_key(const char *text, size_t size, size_t at)
{
    while (at < size && strchr(" \t\r\n", text[at]) && text[at])
        at++;
    return at < size && text[at] == ':';
}

/* Takes long strings out; false if there are none, or it cannot be done. */
static bool shorten(const char *text, size_t size, struct pieces *pieces)
{
    static const char nul[] = {'\\', 'u', '0', '0', '0', '0'};
    size_t kept = 0; /* up to here it was copied */
    const char *quote = memchr(text, '"', size);
    while (quote) {
        size_t begin = (size_t)(quote - text) + 1, end = begin + skip_plain(text + begin, size - begin);
        bool plain = true;
        for (; end < size && text[end] != '"'; end += text[end] == '\\' ? 2 : 1)
            plain &= is_plain(text[end]);
        if (end >= size || (end - begin >= sizeof nul && memcmp(text + begin, nul, sizeof nul) == 0))
            return false;
        if (plain && end - begin >= LONG && !is_key(text, size, end + 1)) {
            buffer_add(&pieces->text, text + kept, begin - kept);
            if (!take_out(pieces, text + begin, end - begin))
                return false;
            kept = end;
        }
        quote = memchr(text + end + 1, '"', size - end - 1);
    }
    buffer_add(&pieces->text, text + kept, size - kept);
    return pieces->count > 0 && !pieces->text.failed;
}

/* The string in whose place this one stands; NULL if it stands for itself, or memory is short. */
static json_t *find_piece(const struct pieces *pieces, const json_t *text)
{
    const char *begin = json_string_value(text);
    if (!begin || json_string_length(text) < 2 || *begin)
        return NULL;
    const struct piece *piece = &pieces->items[strtoul(begin + 1, NULL, 10)];
    return json_stringn_nocheck(piece->text, piece->size);
}

/* Puts them back; returns how many. */
static size_t put_back(const struct pieces *pieces, json_t *any)
{
    size_t count = 0, index;
    json_t *member, *piece;
    json_array_foreach(any, index, member)
    {
        piece = find_piece(pieces, member);
        count += piece ? json_array_set_new(any, index, piece) == 0 : put_back(pieces, member);
    }
    for (void *at = json_object_iter(any); at; at = json_object_iter_next(any, at)) {
        member = json_object_iter_value(at);
        piece = find_piece(pieces, member);
        count += piece ? json_object_iter_set_new(any, at, piece) == 0 : put_back(pieces, member);
    }
    return count;
}

/* Reads a text that has long strings; NULL if it has none, or whatever goes wrong. */
static json_t *load_shortened(const char *text, size_t size, size_t flags)
{
    struct pieces pieces = {0};
    json_error_t error;
    json_t *document =
        shorten(text, size, &pieces) ? json_loadb(pieces.text.data, pieces.text.size, flags, &error) : NULL;
    if (document && put_back(&pieces, document) < pieces.count) {
        json_decref(document);
        document = NULL;
    }
    buffer_free(&pieces.text);
    free(pieces.items);
    return document;
}

static value load(const char *text, size_t text_size, size_t flags, json_error_t *error)
{
    flags |= JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
    value document = load_shortened(text, text_size, flags);
    if (!document)
        document = json_loadb(text, text_size, flags, error); /* which says where a fault is */
    /* jansson's sentence may quote the text up to the place; that part may be long and is not ours to repeat. */
    char *quote = document ? NULL : strstr(error->text, " near '");
    if (quote)
        *quote = '\0';
    return document;
}

value document_read(const char *body, size_t body_size, char *why, size_t size)
{
    json_error_t error;
    value document = load(body, body_size, 0, &error);
    if (!document)
        snprintf(why, size, "%s (line %d, column %d)", error.text, error.line, error.column);
    return document;
}

value line_read(const char *line, size_t line_size, char *why, size_t size)
{
    json_error_t error;
    value document = load(line, line_size, JSON_DECODE_INT_AS_REAL, &error);
    if (!document)
        snprintf(why, size, "%s (column %d)", error.text, error.column);
    return document;
}

/* ---- the members as they stand in a line; jansson has accepted it, so nothing can be missing ---- */

void line_members(value object, const char *line,
                  void (*each)(void *user, const char *name, const char *at, size_t size), void *user)
{
    const char *at = json_skip_blanks(line) + 1, *name;
    json_t *member;
    json_object_foreach((json_t *)object, name, member) /* in the order of the line */
    {
        const char *begin = json_skip_blanks(at), *colon = json_skip_blanks(json_skip_string(begin));
        const char *end = json_skip_value(json_skip_blanks(colon + 1));
        each(user, name, begin, (size_t)(end - begin));
        at = json_skip_blanks(end) + 1; /* behind the comma */
    }
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

bool value_has_text(value any, bool (*wanted)(const char *text, size_t size))
{
    const char *name;
    json_t *member;
    bool found = json_is_string(any) && wanted(json_string_value(any), json_string_length(any));
    for (size_t i = 0; !found && i < json_array_size(any); i++)
        found = value_has_text(json_array_get(any, i), wanted);
    if (!found && json_is_object(any))
        json_object_foreach((json_t *)any, name, member) found = found || value_has_text(member, wanted);
    return found;
}
