/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of commands.def for those who print them: help, man pages, completions. */
#ifndef TUWEN_CLI_HELP_H
#define TUWEN_CLI_HELP_H

#include "options.h"

/* Something said in both languages, perhaps of one command. */
struct help_text {
    enum command_id command;
    const char *subject; /* command line, variable, path */
    const char *text[2]; /* by tuwen_language */
};

/* Lists end with an entry whose texts are NULL. */
extern const struct help_text help_summaries[]; /* one a command, in order */
extern const struct help_text help_usages[];    /* no subject */
extern const struct help_text help_notes[];
extern const struct help_text help_examples[];
extern const struct help_text help_exit_codes[];
extern const struct help_text help_environment[];
extern const struct help_text help_files[];

/* The text in the language of this run. */
const char *help_in_language(const struct help_text *help);

/* Writes a text as a sentence: a capital letter in front and a full stop behind. */
void help_sentence(char *buffer, size_t size, const char *text);

/* Whether an option is shown for a command; with COMMAND_COUNT, whether it is one of every command. */
bool help_shows(const struct option_info *option, enum command_id command);

/* The title of a group of options. */
const char *help_group_title(enum option_group group);

#endif
