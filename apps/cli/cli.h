/* SPDX-License-Identifier: Apache-2.0 */
/* What the sub-commands share: the context of a run, and their entry points. */
#ifndef TUWEN_CLI_CLI_H
#define TUWEN_CLI_CLI_H

#include "messages.h"
#include "options.h"
#include "terminal.h"

struct cli {
    struct options options;
    struct terminal terminal; /* standard output */
};

/* One for each sub-command; they return an exit code. */
#define COMMAND(identifier, name, function, english, chinese) int function(const struct cli *cli);
#include "commands.def"

/* Says how to get help, after a complaint about the command line; returns CLI_USAGE. */
int usage_error(enum command_id command);

/* Explains one command, or all when it is COMMAND_COUNT, on standard output. */
void help_print(const struct terminal *terminal, enum command_id command);

/* The commands, for who gave none. */
void help_print_short(FILE *stream);

/* Print the man page (of one command, or of tuwen), and completions for a shell; made from the same tables. */
void manual_print(enum command_id command);
void completion_print_bash(void);
void completion_print_zsh(void);
void completion_print_fish(void);

#endif
