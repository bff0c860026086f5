/* SPDX-License-Identifier: Apache-2.0 */
/* `tuwen version`: what to put into a bug report. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

int version_run(const struct cli *cli)
{
    const struct options *options = &cli->options;
    if (options->command == COMMAND_VERSION && options->argument_count > 0) {
        complain(SAY_TOO_MANY_ARGUMENTS, WITH("version", options->arguments[0]));
        return usage_error(COMMAND_VERSION);
    }
    printf("tuwen %s\n", tuwen_version());
    const char *isa = options->values[OPTION_ISA].text;
    size_t length = tuwen_describe_build(isa, messages_language(), NULL, 0);
    char *lines = malloc(length + 1);
    if (!lines) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    tuwen_describe_build(isa, messages_language(), lines, length + 1);
    fputs(lines, stdout);
    if (length > 0 && lines[length - 1] != '\n')
        putchar('\n');
    free(lines);
    return CLI_DONE;
}
