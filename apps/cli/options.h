/* SPDX-License-Identifier: Apache-2.0 */
/* The option table and the parser of command lines that is driven by it. */
#ifndef TUWEN_CLI_OPTIONS_H
#define TUWEN_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "tuwen/tuwen.h"

enum command_id {
#define COMMAND(identifier, name, function, english, chinese) COMMAND_##identifier,
#include "commands.def"
    COMMAND_COUNT
};

enum exit_code {
#define EXIT_CODE(identifier, number, english, chinese) CLI_##identifier = number,
#include "commands.def"
};

/* Sets of commands, for the column of options.def. */
enum {
    IN_MATCH = 1 << COMMAND_MATCH,
    IN_REVIEW = 1 << COMMAND_REVIEW,
    IN_EMBED = 1 << COMMAND_EMBED,
    IN_EXPLAIN = 1 << COMMAND_EXPLAIN,
    IN_CALIBRATE = 1 << COMMAND_CALIBRATE,
    IN_EVAL = 1 << COMMAND_EVAL,
    IN_PULL = 1 << COMMAND_PULL,
    IN_MODELS = 1 << COMMAND_MODELS,
    IN_CONVERT = 1 << COMMAND_CONVERT,
    IN_VERIFY = 1 << COMMAND_VERIFY,
    IN_INFO = 1 << COMMAND_INFO,
    IN_SELFTEST = 1 << COMMAND_SELFTEST,
    IN_BENCH = 1 << COMMAND_BENCH,
    IN_VERSION = 1 << COMMAND_VERSION,
    IN_HELP = 1 << COMMAND_HELP,
    IN_ALL = (1 << COMMAND_COUNT) - 1
};

enum option_id {
#define OPTION(identifier, name, letter, kind, argument, least, most, initial, group, commands, english, chinese)    \
    OPTION_##identifier,
#include "options.def"
#undef OPTION
    OPTION_COUNT
};

enum option_kind {
    KIND_FLAG,
    KIND_STRING,
    KIND_FILE,
    KIND_NUMBER,
    KIND_BYTES,
    KIND_SECONDS,
    KIND_RANGE,
    KIND_CHOICE,
    KIND_ITEM_STRING,
    KIND_ITEM_FILE
};

enum option_group { GROUP_INPUT, GROUP_OUTPUT, GROUP_FILES, GROUP_MODEL, GROUP_LIMITS, GROUP_GENERAL, GROUP_HIDDEN };

struct option_info {
    const char *name;
    char letter;
    enum option_kind kind;
    const char *argument; /* of a choice: the choices with | between them */
    double least, most;
    const char *initial; /* the default as typed; empty if there is none worth saying */
    enum option_group group;
    unsigned commands;
    const char *help[2]; /* by tuwen_language */
};

extern const struct option_info option_table[OPTION_COUNT];

/* What was said about one option; of the items, see `items`. */
struct option_value {
    bool given;
    const char *text; /* as typed */
    double number;    /* NUMBER, BYTES, SECONDS; of a RANGE its lower end; of a CHOICE its place in the list */
    double upper;     /* of a RANGE; 0 = not given */
};

struct option_item {
    enum option_id option;
    const char *text;
};

/* A parsed command line. Strings belong to argv. */
struct options {
    enum command_id command;
    bool command_given; /* false: no sub-command was named */
    struct option_value values[OPTION_COUNT];
    struct option_item *items; /* in the order of the command line */
    size_t item_count;
    const char **arguments; /* what is no option, without the sub-command */
    size_t argument_count;
};

/*
 * Parses a command line; complains on standard error and returns false if it is wrong or memory is short. Options
 * that every command has may come before the sub-command. Free with options_free in either case.
 */
bool options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

static inline bool options_given(const struct options *options, enum option_id option)
{
    return options->values[option].given;
}

/* The command of that name, or COMMAND_COUNT. */
enum command_id command_find(const char *name);
const char *command_name(enum command_id command);

#endif
