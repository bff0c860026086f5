/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a review, as FILE.review.json keeps them: an object with one setting a line, "name": value.
 *
 * All of them decide what rows say, except where the input was and the language of the sentences of errors, in which a
 * later run goes on. What only decides the space of the vectors is there to name what changed when that is another.
 */
#include "review.h"

#include <string.h>

#include "messages.h"

static const char *const for_information[] = {"input", "language", NULL};
static const char *const of_space[] = {"--exif", "--image-tokens", "--max-length", "--raw-special", NULL};

static bool is_among(const char *const *names, const struct text *name)
{
    for (size_t i = 0; names[i]; i++)
        if (strlen(names[i]) == name->size && memcmp(names[i], name->data, name->size) == 0)
            return true;
    return false;
}

/* Takes the next setting; false at the end. Lines that are none are passed over. */
static bool next_setting(struct text *rest, struct text *name, struct text *value)
{
    while (rest->size > 0) {
        const char *line = rest->data, *end = memchr(line, '\n', rest->size);
        size_t size = end ? (size_t)(end - line) : rest->size;
        rest->data += size + (end != NULL);
        rest->size -= size + (end != NULL);
        for (; size > 0 && *line == ' '; size--)
            line++;
        size -= size > 0 && line[size - 1] == ',';
        const char *quote = size > 0 && *line == '"' ? memchr(line + 1, '"', size - 1) : NULL;
        if (!quote || (size_t)(quote - line) + 3 > size)
            continue;
        *name = (struct text){line + 1, (size_t)(quote - line) - 1};
        *value = (struct text){quote + 3, size - (size_t)(quote - line) - 3};
        return true;
    }
    return false;
}

/* The value of a setting; empty if it is not there. */
static struct text find(struct text rest, const struct text *wanted)
{
    struct text name, value;
    while (next_setting(&rest, &name, &value))
        if (name.size == wanted->size && memcmp(name.data, wanted->data, name.size) == 0)
            return value;
    return (struct text){"", 0};
}

static bool is_same(const struct text *one, const struct text *other)
{
    return one->size == other->size && (one->size == 0 || memcmp(one->data, other->data, one->size) == 0);
}

/* A value for people: a string without its quotes. */
static void show(char *to, size_t room, const struct text *value)
{
    size_t quotes = value->size >= 2 && *value->data == '"';
    size_t size = value->size - 2 * quotes;
    if (size == 0 || is_same(value, &(struct text){"null", 4}))
        snprintf(to, room, "%s", text_of(SAY_REVIEW_NOT_GIVEN));
    else
        snprintf(to, room, "%.*s", (int)(size < room ? size : room - 1), value->data + quotes);
}

static void add_difference(struct buffer *list, const struct text *name, const struct text *before,
                           const struct text *now)
{
    char key[64], was[256], is[256], line[640];
    snprintf(key, sizeof key, "%.*s", (int)(name->size % sizeof key), name->data);
    show(was, sizeof was, before);
    show(is, sizeof is, now);
    message_format(line, sizeof line, SAY_REVIEW_DIFFERENCE, WITH(key, was, is));
    if (list->size > 0)
        buffer_text(list, text_of(SAY_INFO_SEPARATOR));
    buffer_text(list, line);
}

bool review_settings_agree(struct text before, struct text now, struct buffer *differences)
{
    static const struct text space = {"space", 5};
    const struct text space_before = find(before, &space), space_now = find(now, &space);
    const bool same_space = is_same(&space_before, &space_now);
    struct text rest = now, name, value;
    while (next_setting(&rest, &name, &value)) {
        const struct text was = find(before, &name);
        bool matters = !is_among(for_information, &name) && !is_same(&name, &space) &&
                       !(same_space && is_among(of_space, &name));
        if (matters && !is_same(&was, &value))
            add_difference(differences, &name, &was, &value);
    }
    if (!same_space && differences->size == 0)
        add_difference(differences, &(struct text){text_of(SAY_REVIEW_SPACE), strlen(text_of(SAY_REVIEW_SPACE))},
                       &space_before, &space_now);
    const bool same = differences->size == 0;
    buffer_add(differences, "", 1);
    return same;
}

tuwen_language review_settings_language(struct text settings, tuwen_language otherwise)
{
    const struct text value = find(settings, &(struct text){"language", 8});
    return is_same(&value, &(struct text){"\"zh\"", 4})   ? TUWEN_CHINESE
           : is_same(&value, &(struct text){"\"en\"", 4}) ? TUWEN_ENGLISH
                                                          : otherwise;
}
