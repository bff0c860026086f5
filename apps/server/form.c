/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart/form-data, read strictly: no preamble, no epilogue but a line end, lines end with CR LF, every part has a name, and
 * what follows a boundary is a line end or the two dashes of the last one.
 */
#include "form.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_MOST = 70 };

struct boundary {
    char line[BOUNDARY_MOST + 5]; /* CR LF, two dashes, the boundary */
    size_t size;
};

static bool is_boundary_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           (letter && strchr("'()+_,-./:=?", letter));
}

static bool read_boundary(struct boundary *boundary, const char *type)
{
    static const char name[] = "multipart/form-data";
    const char *at = type;
    if (!type || strncasecmp(type, name, strlen(name)) != 0)
        return false;
    at += strlen(name);
    at += strspn(at, " \t");
    if (*at++ != ';')
        return false;
    at += strspn(at, " \t");
    if (strncasecmp(at, "boundary=", 9) != 0)
        return false;
    at += 9;
    bool quoted = *at == '"';
    at += quoted;
    size_t size = 0;
    while (is_boundary_letter(at[size]))
        size++;
    const char *end = at + size + quoted;
    if (size == 0 || size > BOUNDARY_MOST || (quoted && at[size] != '"') || (*end && *end != ';'))
        return false;
    memcpy(boundary->line, "\r\n--", 4);
    memcpy(boundary->line + 4, at, size);
    boundary->size = size + 4;
    return true;
}

/* The value of a quoted parameter of a Content-Disposition, such as name="image". NULL if it is absent. */
static const char *parameter(const char *line, size_t size, const char *name, size_t *length)
{
    size_t name_size = strlen(name);
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if (line[i] == '\\' && quoted)
            i++;
        else if (line[i] == '"')
            quoted = !quoted;
        if (quoted || i == 0 || size - i < name_size + 2 || !strchr("; \t", line[i - 1]) ||
            strncasecmp(line + i, name, name_size) != 0 || line[i + name_size] != '=' ||
            line[i + name_size + 1] != '"')
            continue;
        const char *found = line + i + name_size + 2, *end = memchr(found, '"', (size_t)(line + size - found));
        if (!end || memchr(found, '\\', (size_t)(end - found)))
            return NULL;
        *length = (size_t)(end - found);
        return found;
    }
    return NULL;
}

/* Reads the head of a part, at `*at`, and moves behind it. */
static const char *read_head(struct form_part *part, const char **at, const char *end)
{
    static const char disposition[] = "content-disposition:";
    size_t room = (size_t)(end - *at);
    const char *stop = memmem(*at, room < FORM_HEAD ? room : FORM_HEAD, "\r\n\r\n", 4), *line = *at;
    if (!stop)
        return "a part has no head, or one of more than 4096 bytes";
    while (line < stop) {
        const char *next = memmem(line, (size_t)(stop + 2 - line), "\r\n", 2);
        size_t size = (size_t)(next - line);
        if (memchr(line, '\0', size) || memchr(line, '\n', size))
            return "the head of a part has a bad line";
        if (size > strlen(disposition) && strncasecmp(line, disposition, strlen(disposition)) == 0) {
            const char *rest = line + strlen(disposition);
            size_t left = (size_t)(next - rest), blank = 0;
            while (blank < left && rest[blank] == ' ')
                blank++;
            if (part->name || left - blank < 9 || strncasecmp(rest + blank, "form-data", 9) != 0)
                return "a part is not of form-data";
            part->name = parameter(rest, left, "name", &part->name_size);
        }
        line = next + 2;
    }
    *at = stop + 4;
    return part->name && part->name_size ? NULL : "a part has no name";
}

/* Makes room for one more part. */
static enum form_end grow(struct form *form, size_t most)
{
    if (form->count == most)
        return FORM_FULL;
    if (form->count < form->capacity)
        return FORM_GOOD;
    size_t capacity = form->capacity ? form->capacity * 2 : 8;
    struct form_part *larger = realloc(form->parts, capacity * sizeof *larger);
    if (!larger)
        return FORM_NO_MEMORY;
    form->parts = larger;
    form->capacity = capacity;
    return FORM_GOOD;
}

static enum form_end bad(struct form *form, const char *why)
{
    form->why = why;
    return FORM_BAD;
}

enum form_end form_read(struct form *form, const char *type, const char *body, size_t size, size_t most)
{
    struct boundary boundary;
    const char *at = body, *end = body + size;
    *form = (struct form){0};
    if (!read_boundary(&boundary, type))
        return bad(form, "the Content-Type names no good boundary");
    if (size < boundary.size || memcmp(at, boundary.line + 2, boundary.size - 2) != 0)
        return bad(form, "it does not begin with its boundary");
    at += boundary.size - 2;
    while (end - at >= 2 && memcmp(at, "\r\n", 2) == 0) {
        struct form_part part = {0};
        at += 2;
        const char *wrong = read_head(&part, &at, end);
        if (wrong)
            return bad(form, wrong);
        /* An empty part's boundary begins with the line end of its head. */
        part.data = at;
        const char *stop = memmem(at - 2, (size_t)(end - at) + 2, boundary.line, boundary.size);
        if (!stop)
            return bad(form, "a part has no end");
        part.size = stop < at ? 0 : (size_t)(stop - at);
        enum form_end room = grow(form, most);
        if (room != FORM_GOOD)
            return room;
        form->parts[form->count++] = part;
        at = stop + boundary.size;
    }
    if (end - at < 2 || memcmp(at, "--", 2) != 0)
        return bad(form, "a boundary is followed by something else than a line end");
    at += 2;
    if (at != end && !(end - at == 2 && memcmp(at, "\r\n", 2) == 0))
        return bad(form, "something follows its last boundary");
    return FORM_GOOD;
}

void form_free(struct form *form)
{
    free(form->parts);
    *form = (struct form){0};
}

bool form_part_is(const struct form_part *part, const char *name)
{
    return part->name_size == strlen(name) && memcmp(part->name, name, part->name_size) == 0;
}

const struct form_part *form_find(const struct form *form, const char *name, size_t *count)
{
    const struct form_part *found = NULL;
    size_t number = 0;
    for (size_t i = form->count; i-- > 0;)
        if (form_part_is(&form->parts[i], name)) {
            found = &form->parts[i];
            number++;
        }
    if (count)
        *count = number;
    return found;
}
