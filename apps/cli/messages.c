/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in two languages, and the numbers in them. */
#include "messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "terminal.h"

static const char *const catalogue[MESSAGE_COUNT][2] = {
#define MESSAGE(identifier, english, chinese) {english, chinese},
#include "messages.def"
#undef MESSAGE
};

static tuwen_language spoken_language = TUWEN_ENGLISH, written_language = TUWEN_ENGLISH;
static bool is_quiet;

void messages_set_language(tuwen_language language)
{
    spoken_language = written_language = language;
}

void messages_set_written(tuwen_language language)
{
    written_language = language;
}

tuwen_language messages_spoken(void)
{
    return spoken_language;
}

tuwen_language messages_language(void)
{
    return written_language;
}

tuwen_language messages_language_of_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strncmp(value, "zh", 2) == 0 ? TUWEN_CHINESE : TUWEN_ENGLISH;
    }
    return TUWEN_ENGLISH;
}

void messages_set_quiet(bool quiet)
{
    is_quiet = quiet;
}

const char *text_of(enum message message)
{
    return catalogue[message][written_language];
}

/* The argument that a placeholder such as {2} at `at` stands for, or NULL. */
static const char *argument_at(const char *at, const char *const *arguments)
{
    if (!arguments || at[0] != '{' || at[1] < '1' || at[1] > '9' || at[2] != '}')
        return NULL;
    for (char place = '1'; place < at[1]; place++, arguments++)
        if (!*arguments)
            return NULL;
    return *arguments;
}

static void format(char *buffer, size_t size, const char *text, const char *const *arguments)
{
    size_t length = 0;
    for (const char *at = text; *at;) {
        const char *argument = argument_at(at, arguments);
        const char *piece = argument ? argument : at;
        size_t piece_length = argument ? strlen(argument) : 1;
        at += argument ? 3 : 1;
        for (size_t i = 0; i < piece_length && length + 1 < size; i++)
            buffer[length++] = piece[i];
    }
    buffer[length] = '\0';
}

void message_format(char *buffer, size_t size, enum message message, const char *const *arguments)
{
    format(buffer, size, text_of(message), arguments);
}

void complain(enum message message, const char *const *arguments)
{
    char line[4096];
    format(line, sizeof line, catalogue[message][spoken_language], arguments);
    progress_clear();
    fputs("tuwen: ", stderr);
    text_print(stderr, line, strlen(line), 0);
    fputc('\n', stderr);
}

void remark(enum message message, const char *const *arguments)
{
    if (!is_quiet)
        complain(message, arguments);
}

const char *reason_of(int error_number)
{
    switch (error_number) {
    case EACCES:
    case EPERM:
        return text_of(SAY_REASON_ACCESS);
    case EISDIR:
        return text_of(SAY_REASON_FOLDER);
    case ENOENT:
    case ENOTDIR:
        return text_of(SAY_REASON_MISSING);
    case ENOSPC:
    case EDQUOT:
        return text_of(SAY_REASON_FULL);
    case EROFS:
        return text_of(SAY_REASON_READ_ONLY);
    case EIO:
    case 0:
        return text_of(SAY_REASON_IO);
    default:
        return strerror(error_number);
    }
}

void complain_of(const char *name, const char *sentence)
{
    if (strncmp(name, sentence, strlen(name)) == 0)
        complain(SAY_PLAIN, WITH(sentence));
    else
        complain(SAY_INPUT_FAILED, WITH(name, sentence));
}

struct number_text number_text(double number, int decimals)
{
    struct number_text result;
    snprintf(result.text, sizeof result.text, "%.*f", decimals, number);
    if (*result.text == '-' && strspn(result.text, "-0.") == strlen(result.text)) /* -0.00 */
        memmove(result.text, result.text + 1, strlen(result.text));
    return result;
}

struct number_text counted_text(uint64_t count, enum message one, enum message many)
{
    struct number_text counted;
    message_format(counted.text, sizeof counted.text, count == 1 ? one : many,
                   WITH(number_text((double)count, 0).text));
    return counted;
}

struct number_text count_text(double number)
{
    struct number_text result;
    static const struct {
        double least;
        int decimals;
        const char *name;
    } units[2][4] = {
        {{1e9, 2, " B"}, {1e6, 1, " M"}, {1e3, 1, " k"}, {1, 0, ""}},
        {{1e8, 2, " 亿"}, {1e6, 0, " 万"}, {1e4, 1, " 万"}, {1, 0, ""}},
    };
    size_t unit = 0;
    while (unit < 3 && number < units[written_language][unit].least)
        unit++;
    double divisor = units[written_language][unit].least;
    if (written_language == TUWEN_CHINESE && unit == 1)
        divisor = 1e4;
    snprintf(result.text, sizeof result.text, "%.*f%s", units[written_language][unit].decimals, number / divisor,
             units[written_language][unit].name);
    return result;
}

struct number_text bytes_text(double bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    struct number_text result;
    size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    snprintf(result.text, sizeof result.text, "%.*f %s", unit ? 1 : 0, bytes, units[unit]);
    return result;
}
