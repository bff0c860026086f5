/* SPDX-License-Identifier: Apache-2.0 */
/* `tuwen help` and --help: the texts of commands.def and options.def, wrapped for the terminal. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"

const struct help_text help_summaries[] = {
#define COMMAND(identifier, name, function, english, chinese) {COMMAND_##identifier, name, {english, chinese}},
#include "commands.def"
    {COMMAND_COUNT, NULL, {NULL, NULL}},
};
const struct help_text help_usages[] = {
#define USAGE(command, english, chinese) {COMMAND_##command, NULL, {english, chinese}},
#include "commands.def"
    {COMMAND_COUNT, NULL, {NULL, NULL}},
};
const struct help_text help_notes[] = {
#define NOTE(command, english, chinese) {COMMAND_##command, NULL, {english, chinese}},
#include "commands.def"
    {COMMAND_COUNT, NULL, {NULL, NULL}},
};
const struct help_text help_examples[] = {
#define EXAMPLE(command, line, english, chinese) {COMMAND_##command, line, {english, chinese}},
#include "commands.def"
    {COMMAND_COUNT, NULL, {NULL, NULL}},
};
const struct help_text help_exit_codes[] = {
#define EXIT_CODE(identifier, number, english, chinese) {COMMAND_COUNT, #number, {english, chinese}},
#include "commands.def"
    {COMMAND_COUNT, NULL, {NULL, NULL}},
};
const struct help_text help_environment[] = {
#define ENVIRONMENT(name, english, chinese) {COMMAND_COUNT, name, {english, chinese}},
#include "commands.def"
    {COMMAND_COUNT, NULL, {NULL, NULL}},
};
const struct help_text help_files[] = {
#define FILE_NOTE(path, english, chinese) {COMMAND_COUNT, path, {english, chinese}},
#include "commands.def"
    {COMMAND_COUNT, NULL, {NULL, NULL}},
};

const char *help_in_language(const struct help_text *help)
{
    return help->text[messages_language()];
}

void help_sentence(char *buffer, size_t size, const char *text)
{
    size_t length = strlen(text);
    bool asks = (length > 0 && text[length - 1] == '?') || (length > 3 && strcmp(text + length - 3, "？") == 0);
    snprintf(buffer, size, "%s%s", text, asks ? "" : text_of(SAY_HELP_STOP));
    if (buffer[0] >= 'a' && buffer[0] <= 'z')
        buffer[0] = (char)(buffer[0] - 'a' + 'A');
}

bool help_shows(const struct option_info *option, enum command_id command)
{
    if (option->group == GROUP_HIDDEN)
        return false;
    return command == COMMAND_COUNT ? option->commands == IN_ALL : (option->commands & (1u << command)) != 0;
}

const char *help_group_title(enum option_group group)
{
    static const enum message titles[] = {SAY_GROUP_INPUT, SAY_GROUP_OUTPUT, SAY_GROUP_FILES,
                                          SAY_GROUP_MODEL, SAY_GROUP_LIMITS, SAY_GROUP_GENERAL};
    return text_of(titles[group]);
}

/* Wrapped text. Lines break at spaces, and before a wide character, which Chinese text allows nearly everywhere. */

enum { HELP_WIDTH = 79, OPTION_COLUMN = 28 };

/* Punctuation that must not begin a line. */
static bool clings(const char *text)
{
    static const char *const marks[] = {"，", "。", "；", "：", "、", "）", "！", "？"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strncmp(text, marks[i], strlen(marks[i])) == 0)
            return true;
    return false;
}

/* Bytes from `text` to the next place where a line may break. */
static size_t unbroken(const char *text)
{
    size_t length = 0, size = strlen(text);
    bool open = strncmp(text, "（", strlen("（")) == 0;
    while (length < size) {
        size_t step = text_fit(text + length, size - length, 0);
        bool wide = text_width(text + length, step) > 1;
        if (length > 0 && (text[length] == ' ' || (wide && !open && !clings(text + length))))
            break;
        length += step;
        bool next_clings = clings(text + length);
        if (wide && !next_clings && !open)
            break;
        open = open && !wide ? open : strncmp(text + length - step, "（", strlen("（")) == 0;
    }
    return length;
}

/* Prints text from column `column` on, later lines indented by `indent`, and ends the line. */
static void print_wrapped(const char *text, size_t column, size_t indent)
{
    bool spaced = false;
    while (*text) {
        if (*text == ' ') {
            spaced = true;
            text++;
            continue;
        }
        size_t length = unbroken(text), width = text_width(text, length);
        if (column + spaced + width > HELP_WIDTH && column > indent) {
            putchar('\n');
            pad(stdout, indent);
            column = indent;
        } else if (spaced && column > indent) {
            putchar(' ');
            column++;
        }
        fwrite(text, 1, length, stdout);
        column += width;
        text += length;
        spaced = false;
    }
    putchar('\n');
}

static void print_title(const struct terminal *terminal, const char *title)
{
    printf("\n%s%s%s\n", style_of(terminal, STYLE_BOLD), title, style_of(terminal, STYLE_PLAIN));
}

/* "  name      text", the text wrapped in its own column. */
static void print_entry(const char *name, const char *text, size_t text_column)
{
    size_t width = 2 + text_width(name, strlen(name));
    printf("  %s", name);
    if (width + 2 > text_column) {
        putchar('\n');
        width = 0;
    }
    pad(stdout, text_column - width);
    print_wrapped(text, text_column, text_column);
}

static void print_option(const struct option_info *option)
{
    char name[96], text[1024];
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(name, sizeof name, "%s--%s%s%s", letter, option->name, *option->argument ? " " : "", option->argument);
    const char *help = option->help[messages_language()];
    if (*option->initial)
        snprintf(text, sizeof text, "%s [%s]", help, option->initial);
    else
        snprintf(text, sizeof text, "%s", help);
    print_entry(name, text, OPTION_COLUMN);
}

static void print_options(const struct terminal *terminal, enum command_id command)
{
    for (int group = GROUP_INPUT; group < GROUP_HIDDEN; group++) {
        bool titled = false;
        for (size_t i = 0; i < OPTION_COUNT; i++) {
            const struct option_info *option = &option_table[i];
            if (option->group != (enum option_group)group || !help_shows(option, command))
                continue;
            if (!titled)
                print_title(terminal, help_group_title(option->group));
            titled = true;
            print_option(option);
        }
    }
}

static void print_usages(enum command_id command)
{
    const char *title = text_of(SAY_HELP_USAGE);
    size_t width = text_width(title, strlen(title));
    for (const struct help_text *usage = help_usages; usage->text[0]; usage++) {
        if (usage->command != command)
            continue;
        fputs(title, stdout);
        pad(stdout, width - text_width(title, strlen(title)));
        printf("tuwen %s %s\n", command_name(command), help_in_language(usage));
        title = "";
    }
}

static void print_examples(const struct terminal *terminal, enum command_id command)
{
    print_title(terminal, text_of(SAY_HELP_EXAMPLES));
    for (const struct help_text *example = help_examples; example->subject; example++) {
        if (command == COMMAND_COUNT ? example->command > COMMAND_PULL : example->command != command)
            continue;
        printf("  %s%s%s\n", style_of(terminal, STYLE_CYAN), example->subject, style_of(terminal, STYLE_PLAIN));
        pad(stdout, 6);
        print_wrapped(help_in_language(example), 6, 6);
    }
}

static void print_command(const struct terminal *terminal, enum command_id command)
{
    print_usages(command);
    putchar('\n');
    char summary[256];
    help_sentence(summary, sizeof summary, help_in_language(&help_summaries[command]));
    print_wrapped(summary, 0, 0);
    for (const struct help_text *note = help_notes; note->text[0]; note++) {
        if (note->command != command)
            continue;
        putchar('\n');
        print_wrapped(help_in_language(note), 0, 0);
    }
    print_options(terminal, command);
    print_examples(terminal, command);
}

static void print_overview(const struct terminal *terminal)
{
    printf("%s\n\n%stuwen %s\n\n", text_of(SAY_HELP_TITLE), text_of(SAY_HELP_USAGE), text_of(SAY_HELP_SYNOPSIS));
    print_wrapped(text_of(SAY_HELP_ABOUT), 0, 0);
    print_title(terminal, text_of(SAY_HELP_COMMANDS));
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        print_entry(help_summaries[i].subject, help_in_language(&help_summaries[i]), 12);
    print_options(terminal, COMMAND_COUNT);
    print_examples(terminal, COMMAND_COUNT);
    print_title(terminal, text_of(SAY_HELP_EXIT));
    for (const struct help_text *code = help_exit_codes; code->subject; code++)
        print_entry(code->subject, help_in_language(code), 12);
    printf("\n%s\n", text_of(SAY_HELP_MORE));
}

void help_print_short(FILE *stream)
{
    size_t widest = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        widest = strlen(help_summaries[i].subject) > widest ? strlen(help_summaries[i].subject) : widest;
    fprintf(stream, "%stuwen %s\n\n", text_of(SAY_HELP_USAGE), text_of(SAY_HELP_SYNOPSIS));
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-*s  %s\n", (int)widest, help_summaries[i].subject, help_in_language(&help_summaries[i]));
    fputc('\n', stream);
}

void help_print(const struct terminal *terminal, enum command_id command)
{
    if (command == COMMAND_COUNT)
        print_overview(terminal);
    else
        print_command(terminal, command);
}

int help_run(const struct cli *cli)
{
    enum { TEXT, MAN, BASH, ZSH, FISH };
    const struct options *options = &cli->options;
    enum command_id command = COMMAND_COUNT;
    if (options->argument_count > 1) {
        complain(SAY_TOO_MANY_ARGUMENTS, WITH("help", options->arguments[1]));
        return usage_error(COMMAND_HELP);
    }
    if (options->argument_count == 1) {
        command = command_find(options->arguments[0]);
        if (command == COMMAND_COUNT) {
            complain(SAY_UNKNOWN_COMMAND, WITH(options->arguments[0]));
            return usage_error(COMMAND_COUNT);
        }
    }
    switch ((int)options->values[OPTION_HELP_FORMAT].number) {
    case MAN:
        manual_print(command);
        break;
    case BASH:
        completion_print_bash();
        break;
    case ZSH:
        completion_print_zsh();
        break;
    case FISH:
        completion_print_fish();
        break;
    default:
        help_print(&cli->terminal, command);
    }
    return CLI_DONE;
}
