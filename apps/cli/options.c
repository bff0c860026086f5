/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of command lines, driven by the table of options.def.
 *
 * Options and arguments may be mixed; "--" ends the options. Long options take "--name value" or "--name=value" and
 * are never abbreviated, so that scripts survive new options; a slip gets a suggestion instead.
 */
#include "options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "messages.h"

const struct option_info option_table[OPTION_COUNT] = {
#define OPTION(identifier, name, letter, kind, argument, least, most, initial, group, commands, english, chinese)    \
    {name, letter, KIND_##kind, argument, least, most, initial, GROUP_##group, commands, {english, chinese}},
#include "options.def"
#undef OPTION
};

static const char *const command_names[COMMAND_COUNT] = {
#define COMMAND(identifier, name, function, english, chinese) name,
#include "commands.def"
};

const char *command_name(enum command_id command)
{
    return command_names[command];
}

enum command_id command_find(const char *name)
{
    unsigned found = 0;
    while (found < COMMAND_COUNT && strcmp(command_names[found], name) != 0)
        found++;
    return (enum command_id)found;
}

/* Edits (insert, remove, replace, swap neighbours) that turn one short word into the other. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    size_t rows = strlen(a), columns = strlen(b), table[LONGEST + 1][LONGEST + 1];
    if (rows > LONGEST || columns > LONGEST)
        return LONGEST;
    for (size_t i = 0; i <= rows; i++) {
        for (size_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = i + j;
                continue;
            }
            size_t best = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (table[i - 1][j] + 1 < best)
                best = table[i - 1][j] + 1;
            if (table[i][j - 1] + 1 < best)
                best = table[i][j - 1] + 1;
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && table[i - 2][j - 2] + 1 < best)
                best = table[i - 2][j - 2] + 1;
            table[i][j] = best;
        }
    }
    return table[rows][columns];
}

/* A word this far off is still worth suggesting. */
static size_t distance_allowed(const char *word)
{
    return strlen(word) <= 4 ? 1 : strlen(word) <= 8 ? 2 : 3;
}

static bool unknown_command(const char *word)
{
    const char *near = NULL;
    size_t best = distance_allowed(word) + 1;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        size_t distance = edit_distance(word, command_names[i]);
        if (distance < best) {
            best = distance;
            near = command_names[i];
        }
    }
    if (near)
        complain(SAY_UNKNOWN_COMMAND_NEAR, WITH(word, near));
    else if (access(word, F_OK) == 0)
        complain(SAY_COMMAND_IS_FILE, WITH(word));
    else
        complain(SAY_UNKNOWN_COMMAND, WITH(word));
    return false;
}

/* `word` is "--name"; the options of `commands` are suggested. */
static bool unknown_option(const char *word, unsigned commands)
{
    const char *near = NULL;
    size_t best = distance_allowed(word + 2) + 1;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option_info *info = &option_table[i];
        if (!(info->commands & commands) || info->group == GROUP_HIDDEN)
            continue;
        bool begins = strlen(word) >= 4 && strncmp(info->name, word + 2, strlen(word + 2)) == 0;
        size_t distance = begins ? 0 : edit_distance(word + 2, info->name);
        if (distance < best) {
            best = distance;
            near = info->name;
        }
    }
    char suggestion[64] = "--";
    if (!near) {
        complain(SAY_UNKNOWN_OPTION, WITH(word));
        return false;
    }
    strncat(suggestion, near, sizeof suggestion - 3);
    complain(SAY_UNKNOWN_OPTION_NEAR, WITH(word, suggestion));
    return false;
}

/* The option of that name (`length` bytes) for one of `commands`, or OPTION_COUNT. */
static enum option_id find_long(const char *name, size_t length, unsigned commands)
{
    unsigned found = 0;
    while (found < OPTION_COUNT &&
           !(strlen(option_table[found].name) == length && memcmp(option_table[found].name, name, length) == 0 &&
             (option_table[found].commands & commands)))
        found++;
    return (enum option_id)found;
}

static enum option_id find_letter(char letter, unsigned commands)
{
    unsigned found = 0;
    while (found < OPTION_COUNT &&
           !(option_table[found].letter == letter && (option_table[found].commands & commands)))
        found++;
    return (enum option_id)found;
}

/* All commands with an option of that name, which several options may share; hidden ones count if there are no others. */
static unsigned owners_of(const char *name)
{
    unsigned shown = 0, hidden = 0;
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strcmp(option_table[i].name, name) == 0)
            *(option_table[i].group == GROUP_HIDDEN ? &hidden : &shown) |= option_table[i].commands;
    return shown ? shown : hidden;
}

/* An option that exists, but not here. */
static bool misplaced(const struct options *options, const char *word, enum option_id option)
{
    if (!options->command_given) {
        complain(SAY_OPTION_BEFORE_COMMAND, WITH(word));
        return false;
    }
    char owners[256] = "";
    unsigned commands = owners_of(option_table[option].name);
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        char owner[64];
        if (!(commands & (1u << i)))
            continue;
        message_format(owner, sizeof owner, SAY_OPTION_OWNER, WITH(command_names[i]));
        if (*owners)
            strncat(owners, text_of(SAY_LIST_SEPARATOR), sizeof owners - strlen(owners) - 1);
        strncat(owners, owner, sizeof owners - strlen(owners) - 1);
    }
    complain(SAY_OPTION_ELSEWHERE, WITH(command_names[options->command], word, owners));
    return false;
}

static bool parse_number(const char *text, const struct option_info *info, double *number, const char **end)
{
    char *stop;
    if (!(*text >= '0' && *text <= '9') && *text != '.')
        return false;
    if (info->kind == KIND_SECONDS)
        *number = strtod(text, &stop);
    else
        *number = (double)strtoull(text, &stop, 10);
    if (info->kind == KIND_BYTES && *stop) {
        static const char suffixes[] = "KMG";
        const char *suffix = strchr(suffixes, *stop);
        if (!suffix)
            return false;
        for (const char *at = suffixes; at <= suffix; at++)
            *number *= 1024;
        stop++;
    }
    *end = stop;
    return stop != text && isfinite(*number);
}

bool bytes_parse(const char *text, uint64_t *bytes)
{
    static const struct option_info size = {.kind = KIND_BYTES};
    const char *end = text + strspn(text, "0123456789");
    double number, whole = (double)strtoull(text, NULL, 10), part = 0, unit = 1;
    bool has_point = end > text && *end == '.' && end[1] >= '0' && end[1] <= '9';
    for (end++; has_point && *end >= '0' && *end <= '9'; end++)
        part += (*end - '0') * (unit /= 10);
    if (has_point && (*end == '\0' || !strchr("KMG", *end) || end[1])) /* there are no parts of bytes */
        return false;
    char one[] = {'1', has_point ? *end : '\0', '\0'};
    if (!parse_number(has_point ? one : text, &size, &number, &end) || *end)
        return false;
    number *= has_point ? whole + part : 1;
    if (number > 1e18)
        return false;
    *bytes = (uint64_t)number;
    return true;
}

static bool in_bounds(const struct option_info *info, double number)
{
    return number >= info->least && number <= info->most;
}

/* "N", "MIN..MAX", "MIN.." or "..MAX"; an end that is not given stays 0. */
static bool parse_range(const char *text, const struct option_info *info, struct option_value *value)
{
    const char *at = text;
    value->number = value->upper = 0;
    if (strncmp(at, "..", 2) != 0 && !(parse_number(at, info, &value->number, &at) && in_bounds(info, value->number)))
        return false;
    if (*at == '\0') {
        value->upper = value->number;
        return true;
    }
    if (strncmp(at, "..", 2) != 0)
        return false;
    at += 2;
    if (*at == '\0')
        return value->number > 0;
    return parse_number(at, info, &value->upper, &at) && *at == '\0' && in_bounds(info, value->upper) &&
           value->number <= value->upper;
}

static bool parse_choice(const char *text, const struct option_info *info, double *place)
{
    size_t length = strlen(text);
    *place = 0;
    for (const char *at = info->argument; *at; *place += 1) {
        size_t choice = strcspn(at, "|");
        if (choice == length && memcmp(at, text, length) == 0)
            return true;
        at += choice + (at[choice] == '|');
    }
    return false;
}

static bool bad_value(const char *word, const char *text, const struct option_info *info)
{
    struct number_text least = number_text(info->least, info->least < 1 && info->least > 0 ? 3 : 0);
    struct number_text most = number_text(info->most, 0);
    if (info->kind == KIND_CHOICE)
        complain(SAY_OPTION_CHOICE, WITH(word, text, info->argument));
    else
        complain(info->kind == KIND_RANGE ? SAY_OPTION_RANGE : SAY_OPTION_BOUNDS,
                 WITH(word, text, least.text, most.text));
    return false;
}

/* Takes an option with its value (NULL for a flag); `word` is the option as typed, for messages. */
static bool take(struct options *options, enum option_id option, const char *word, const char *text)
{
    const struct option_info *info = &option_table[option];
    struct option_value *value = &options->values[option];
    value->given = true;
    value->text = text;
    const char *end = "";
    switch (info->kind) {
    case KIND_NUMBER:
    case KIND_BYTES:
    case KIND_SECONDS:
        if (!parse_number(text, info, &value->number, &end) || *end || !in_bounds(info, value->number))
            return bad_value(word, text, info);
        break;
    case KIND_RANGE:
        if (!parse_range(text, info, value))
            return bad_value(word, text, info);
        break;
    case KIND_CHOICE:
        if (!parse_choice(text, info, &value->number))
            return bad_value(word, text, info);
        break;
    case KIND_ITEM_STRING:
    case KIND_ITEM_FILE:
        options->items[options->item_count++] = (struct option_item){option, text};
        break;
    case KIND_FLAG:
    case KIND_STRING:
    case KIND_FILE:
        break;
    }
    return true;
}

/* Where the parser is. */
struct cursor {
    int argc, at;
    char **argv;
};

/* The commands whose options are allowed now. */
static unsigned allowed_commands(const struct options *options)
{
    return options->command_given ? 1u << options->command : IN_ALL;
}

/* Whether an option may stand here: with its command, or before any command if every command has it. */
static bool is_here(const struct options *options, enum option_id option)
{
    return options->command_given || option_table[option].commands == IN_ALL;
}

static bool parse_long(struct options *options, struct cursor *cursor)
{
    char *word = cursor->argv[cursor->at++];
    char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    enum option_id option = find_long(word + 2, length - 2, allowed_commands(options));
    if (equals)
        *equals = '\0'; /* so that messages name the option alone */
    const char *text = equals ? equals + 1 : NULL;
    if (option == OPTION_COUNT) {
        enum option_id other = find_long(word + 2, length - 2, IN_ALL);
        return other == OPTION_COUNT ? unknown_option(word, allowed_commands(options))
                                     : misplaced(options, word, other);
    }
    if (!is_here(options, option))
        return misplaced(options, word, option);
    const struct option_info *info = &option_table[option];
    if (info->kind == KIND_FLAG) {
        if (text) {
            complain(SAY_OPTION_TAKES_NONE, WITH(word));
            return false;
        }
    } else if (!text) {
        if (cursor->at == cursor->argc) {
            complain(SAY_OPTION_NEEDS, WITH(word, info->argument));
            return false;
        }
        text = cursor->argv[cursor->at++];
    }
    return take(options, option, word, text);
}

/* "-q", "-qv", "-n3" or "-n 3". */
static bool parse_letters(struct options *options, struct cursor *cursor)
{
    const char *letters = cursor->argv[cursor->at++] + 1;
    while (*letters) {
        char word[3] = {'-', *letters, '\0'};
        enum option_id option = find_letter(*letters, allowed_commands(options));
        if (option == OPTION_COUNT) {
            enum option_id other = find_letter(*letters, IN_ALL);
            if (other != OPTION_COUNT)
                return misplaced(options, word, other);
            complain(SAY_UNKNOWN_LETTER, WITH(letters));
            return false;
        }
        if (!is_here(options, option))
            return misplaced(options, word, option);
        letters++;
        if (option_table[option].kind == KIND_FLAG) {
            take(options, option, word, NULL);
            continue;
        }
        if (!*letters && cursor->at == cursor->argc) {
            complain(SAY_OPTION_NEEDS, WITH(word, option_table[option].argument));
            return false;
        }
        return take(options, option, word, *letters ? letters : cursor->argv[cursor->at++]);
    }
    return true;
}

static bool parse_argument(struct options *options, const char *word)
{
    if (options->command_given) {
        options->arguments[options->argument_count++] = word;
        return true;
    }
    options->command = command_find(word);
    if (options->command == COMMAND_COUNT)
        return unknown_command(word);
    options->command_given = true;
    return true;
}

bool options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){.command = COMMAND_COUNT};
    options->items = calloc((size_t)argc + 1, sizeof *options->items);
    options->arguments = calloc((size_t)argc + 1, sizeof *options->arguments);
    if (!options->items || !options->arguments) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return false;
    }
    struct cursor cursor = {.argc = argc, .at = 1, .argv = argv};
    bool only_arguments = false;
    while (cursor.at < argc) {
        const char *word = argv[cursor.at];
        bool good;
        if (only_arguments || word[0] != '-' || word[1] == '\0') {
            good = parse_argument(options, word);
            cursor.at++;
        } else if (strcmp(word, "--") == 0) {
            only_arguments = good = true;
            cursor.at++;
        } else {
            good = word[1] == '-' ? parse_long(options, &cursor) : parse_letters(options, &cursor);
        }
        if (!good)
            return false;
    }
    return true;
}

void options_free(struct options *options)
{
    free(options->items);
    free(options->arguments);
    *options = (struct options){.command = COMMAND_COUNT};
}
