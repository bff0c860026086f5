/* SPDX-License-Identifier: Apache-2.0 */
/* What the columns of a table mean: by their names in English and Chinese, or as the options say. */
#include "record_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "messages.h"

static const struct {
    enum record_role role;
    const char *name;
} column_names[] = {
#define COLUMN_NAME(role, name) {ROLE_##role, name},
#include "record_names.def"
#undef COLUMN_NAME
};

static const char *const yes_words[] = {"1",    "1.0",  "yes",    "y",        "true", "match", "pass",
                                        "ok",   "good", "accept", "accepted", "是",   "匹配",  "相符",
                                        "通过", "正确", "对",     "接受",     "√",    NULL};
static const char *const no_words[] = {"0",    "0.0",    "no",       "n",  "false",  "mismatch", "fail",
                                       "bad",  "reject", "rejected", "否", "不匹配", "不符",     "不通过",
                                       "错误", "错",     "拒绝",     "×",  NULL};

bool record_grow(void **array, size_t *capacity, size_t count, size_t element)
{
    if (count <= *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 16;
    if (wanted < count)
        wanted = count;
    if (wanted > SIZE_MAX / element)
        return false;
    void *grown = realloc(*array, wanted * element);
    if (!grown)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Blank is what the library would refuse as an empty text, too: spaces of ASCII, and the ideographic one. */
bool record_is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        if (is_space(text[i]))
            i++;
        else if (size - i >= 3 && memcmp(text + i, "\xe3\x80\x80", 3) == 0)
            i += 3;
        else
            return false;
    }
    return true;
}

static void trim(const char **text, size_t *size)
{
    while (*size > 0 && is_space(**text)) {
        ++*text;
        --*size;
    }
    while (*size > 0 && is_space((*text)[*size - 1]))
        --*size;
}

/* Bytes of a name in front of brackets at its end, such as 标题（中文）. */
static size_t without_brackets(const char *name, size_t size)
{
    static const char *const opening[] = {"(", "[", "（", "【"}, *const closing[] = {")", "]", "）", "】"};
    for (size_t i = 0; i < sizeof opening / sizeof *opening; i++) {
        size_t open = strlen(opening[i]), close = strlen(closing[i]);
        if (size < open + close || memcmp(name + size - close, closing[i], close) != 0)
            continue;
        for (size_t at = size - close; at-- > 1;)
            if (size - close - at >= open && memcmp(name + at, opening[i], open) == 0)
                return at;
    }
    return size;
}

static bool is_filler(char byte)
{
    return byte == ' ' || byte == '_' || byte == '-';
}

/* Whether a name is a well-known one, whatever its case, and whether its words are apart or not. */
static bool is_name(const char *name, size_t size, const char *known)
{
    size_t at = 0;
    for (;; at++, known++) {
        while (at < size && is_filler(name[at]))
            at++;
        while (is_filler(*known))
            known++;
        if (at == size || *known == '\0')
            return at == size && *known == '\0';
        if (strncasecmp(name + at, known, 1) != 0)
            return false;
    }
}

static size_t name_place(enum record_role role, const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof column_names / sizeof *column_names; i++)
        if (column_names[i].role == role && is_name(name, size, column_names[i].name))
            return i;
    return SIZE_MAX;
}

static bool is_word(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

static size_t place_of(const char *const *words, const char *text, size_t size)
{
    for (size_t i = 0; words[i]; i++)
        if (is_word(text, size, words[i]))
            return i;
    return SIZE_MAX;
}

size_t record_name_rank(enum record_role role, const char *name, size_t size)
{
    trim(&name, &size);
    size = without_brackets(name, size);
    size_t rank = name_place(role, name, size), stem = size;
    if (rank != SIZE_MAX || role != ROLE_TEXT)
        return rank;
    while (stem > 0 && name[stem - 1] >= '0' && name[stem - 1] <= '9')
        stem--;
    if (stem == size || stem == 0)
        return SIZE_MAX;
    return name_place(ROLE_TEXT, name, stem);
}

int record_label_of(const char *word, size_t size)
{
    trim(&word, &size);
    return place_of(yes_words, word, size) != SIZE_MAX ? 1 : place_of(no_words, word, size) != SIZE_MAX ? 0 : -1;
}

/* The column called `wanted`, else the one with that number; SIZE_MAX if there is none. */
static size_t find_named(const struct text *names, size_t count, bool has_names, const char *wanted)
{
    for (size_t i = 0; has_names && i < count; i++) {
        const char *name = names[i].data;
        size_t size = names[i].size;
        trim(&name, &size);
        if (is_word(name, size, wanted))
            return i;
    }
    char *end;
    unsigned long long number = *wanted >= '1' && *wanted <= '9' ? strtoull(wanted, &end, 10) : 0;
    return number > 0 && *end == '\0' && number <= count ? (size_t)number - 1 : SIZE_MAX;
}

/* The best column of a role by its name. */
static size_t find_known(enum record_role role, const struct text *names, size_t count)
{
    size_t best = SIZE_MAX, found = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t rank = record_name_rank(role, names[i].data, names[i].size);
        if (rank < best) {
            best = rank;
            found = i;
        }
    }
    return found;
}

struct name_list {
    char text[512]; /* cut where it gets long */
    size_t length;
};

static void list_name(struct name_list *list, const struct text *name)
{
    size_t room = sizeof list->text - list->length;
    if (room <= 8)
        return;
    int written = snprintf(list->text + list->length, room, "%s%.*s", list->length ? ", " : "",
                           (int)(name->size % 1000), name->data);
    list->length += written < 0 ? 0 : (size_t)written < room ? (size_t)written : room - 1;
}

/* The names of all columns for a message. */
static struct name_list list_names(const struct text *names, size_t count)
{
    struct name_list list = {.length = 0};
    for (size_t i = 0; i < count; i++)
        list_name(&list, &names[i]);
    return list;
}

static bool no_column(enum message message, const char *file, const char *wanted, const struct text *names,
                      size_t count)
{
    complain(message, WITH(file, list_names(names, count).text, wanted));
    return false;
}

/* Adds a column that was found by its name; true if that has more to it than a well-known one. */
static bool list_found(struct name_list *list, const struct text *names, size_t column)
{
    if (column == SIZE_MAX)
        return false;
    struct text name = names[column];
    trim(&name.data, &name.size);
    list_name(list, &name);
    return without_brackets(name.data, name.size) < name.size;
}

/* Says which columns were taken, if one was not found by a well-known name alone. */
static void say_guessed(const struct record_roles *roles, const char *file, const struct text *names,
                        const struct records_options *options)
{
    struct name_list list = {.length = 0};
    bool guessed = !options->image_column && list_found(&list, names, roles->image);
    for (size_t i = 0; i < roles->text_count && options->text_column_count == 0; i++)
        guessed = list_found(&list, names, roles->texts[i]) || guessed;
    if (!options->label_column && options->labels != LABELS_UNUSED)
        guessed = list_found(&list, names, roles->label) || guessed;
    if (guessed)
        remark(SAY_RECORDS_GUESSED, WITH(file, list.text));
}

/* A table without labels: of no use where they are needed, and worth a word where they are not. */
static bool check_labels(const struct record_roles *roles, const char *file, const struct text *names, size_t count,
                         const struct records_options *options)
{
    if (roles->label != SIZE_MAX || options->labels == LABELS_UNUSED)
        return true;
    if (options->labels == LABELS_NEEDED)
        return no_column(SAY_RECORDS_NO_LABEL_COLUMN, file, "", names, count);
    remark(SAY_RECORDS_NO_LABELS, WITH(file, list_names(names, count).text));
    return true;
}

static bool find_texts(struct record_roles *roles, const char *file, const struct text *names, size_t count,
                       const struct records_options *options)
{
    roles->texts = calloc(count + options->text_column_count + 1, sizeof *roles->texts);
    if (!roles->texts) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return false;
    }
    for (size_t i = 0; i < options->text_column_count; i++) {
        size_t column = find_named(names, count, !options->no_header, options->text_columns[i]);
        if (column == SIZE_MAX)
            return no_column(SAY_RECORDS_NO_SUCH_COLUMN, file, options->text_columns[i], names, count);
        roles->texts[roles->text_count++] = column;
    }
    if (options->text_column_count > 0)
        return true;
    if (options->no_header) {
        if (count >= 2)
            roles->texts[roles->text_count++] = 1;
    } else {
        size_t best = find_known(ROLE_TEXT, names, count);
        size_t rank = best == SIZE_MAX ? SIZE_MAX : record_name_rank(ROLE_TEXT, names[best].data, names[best].size);
        for (size_t i = 0; i < count && best != SIZE_MAX; i++)
            if (record_name_rank(ROLE_TEXT, names[i].data, names[i].size) == rank)
                roles->texts[roles->text_count++] = i;
    }
    return roles->text_count > 0 || options->any_columns ||
           no_column(SAY_RECORDS_NO_TEXT_COLUMN, file, "", names, count);
}

bool record_roles_find(struct record_roles *roles, const char *file, const struct text *names, size_t count,
                       const struct records_options *options)
{
    bool has_names = !options->no_header;
    *roles = (struct record_roles){.image = SIZE_MAX, .label = SIZE_MAX};
    if (options->image_column)
        roles->image = find_named(names, count, has_names, options->image_column);
    else
        roles->image = has_names ? find_known(ROLE_IMAGE, names, count) : 0;
    if (options->image_column && roles->image == SIZE_MAX)
        return no_column(SAY_RECORDS_NO_SUCH_COLUMN, file, options->image_column, names, count);
    if (roles->image == SIZE_MAX && !options->any_columns)
        return no_column(SAY_RECORDS_NO_IMAGE_COLUMN, file, "", names, count);
    if (options->label_column) {
        roles->label = find_named(names, count, has_names, options->label_column);
        if (roles->label == SIZE_MAX)
            return no_column(SAY_RECORDS_NO_SUCH_COLUMN, file, options->label_column, names, count);
    } else if (has_names)
        roles->label = find_known(ROLE_LABEL, names, count);
    if (!check_labels(roles, file, names, count, options) || !find_texts(roles, file, names, count, options))
        return false;
    if (has_names && !options->any_columns)
        say_guessed(roles, file, names, options);
    return true;
}

void record_roles_free(struct record_roles *roles)
{
    free(roles->texts);
    *roles = (struct record_roles){0};
}
