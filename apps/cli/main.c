/* SPDX-License-Identifier: Apache-2.0 */
/* The command `tuwen`: language, options, then the sub-command of commands.def. */
#include <string.h>

#include "cli.h"
#include "output.h"

int usage_error(enum command_id command)
{
    if (command == COMMAND_COUNT)
        complain(SAY_TRY_HELP_ALL, NULL);
    else
        complain(SAY_TRY_HELP, WITH(command_name(command)));
    return CLI_USAGE;
}

/* The language must be known before the first complaint, so --lang is looked for ahead of parsing. */
static tuwen_language choose_language(int argc, char **argv)
{
    tuwen_language language = messages_language_of_locale();
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *value = strncmp(argv[i], "--lang=", 7) == 0              ? argv[i] + 7
                            : strcmp(argv[i], "--lang") == 0 && i + 1 < argc ? argv[i + 1]
                                                                             : "";
        if (strcmp(value, "zh") == 0)
            language = TUWEN_CHINESE;
        else if (strcmp(value, "en") == 0)
            language = TUWEN_ENGLISH;
    }
    return language;
}

static int run(struct cli *cli)
{
    static int (*const functions[COMMAND_COUNT])(const struct cli *) = {
#define COMMAND(identifier, name, function, english, chinese) function,
#include "commands.def"
    };
    const struct options *options = &cli->options;
    if (options_given(options, OPTION_HELP)) {
        help_print(&cli->terminal, options->command);
        return CLI_DONE;
    }
    if (options_given(options, OPTION_VERSION))
        return version_run(cli);
    if (!options->command_given) {
        complain(SAY_NO_COMMAND, NULL);
        help_print_short(stderr);
        return usage_error(COMMAND_COUNT);
    }
    return functions[options->command](cli);
}

int main(int argc, char **argv)
{
    struct cli cli;
    messages_set_language(choose_language(argc, argv));
    if (!options_parse(&cli.options, argc, argv)) {
        enum command_id command = cli.options.command;
        options_free(&cli.options);
        return usage_error(command);
    }
    bool quiet = options_given(&cli.options, OPTION_QUIET);
    messages_set_quiet(quiet);
    progress_enable(!quiet);
    cli.terminal = terminal_of_stdout((enum color_choice)cli.options.values[OPTION_COLOR].number);
    int code = run(&cli);
    if (!output_finish() && code == CLI_DONE)
        code = CLI_SOME_FAILED;
    options_free(&cli.options);
    return code;
}
