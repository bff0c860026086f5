/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the terminal can do, and how wide texts are on it.
 *
 * Widths are counted by grapheme clusters, as terminals draw them: a base character with its combining marks, an emoji
 * with its modifiers, or a flag is one unit, two columns wide if any of its parts is.
 */
#include "terminal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <utf8proc.h>

#define REPLACEMENT 0xfffd
#define EMOJI_PRESENTATION 0xfe0f

static bool locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value)
            continue;
        const char *charset = strchr(value, '.');
        return charset && (strncasecmp(charset, ".UTF-8", 6) == 0 || strncasecmp(charset, ".UTF8", 5) == 0);
    }
    return false;
}

static size_t columns(bool interactive)
{
    const char *value = getenv("COLUMNS");
    long asked = value ? strtol(value, NULL, 10) : 0;
    if (asked > 0 && asked < 100000)
        return (size_t)asked;
    if (!interactive)
        return 0;
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

static bool wants_color(bool interactive)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return interactive && !(no_color && *no_color) && term && *term && strcmp(term, "dumb") != 0;
}

struct terminal terminal_of_stdout(enum color_choice color)
{
    struct terminal terminal = {.interactive = isatty(STDOUT_FILENO) == 1, .unicode = locale_is_utf8()};
    terminal.width = columns(terminal.interactive);
    terminal.color = color == COLOR_ALWAYS || (color == COLOR_AUTO && wants_color(terminal.interactive));
    return terminal;
}

const char *style_of(const struct terminal *terminal, enum style style)
{
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "\033[0m",  [STYLE_BOLD] = "\033[1m",      [STYLE_FAINT] = "\033[2m",
        [STYLE_GREEN] = "\033[32m", [STYLE_CYAN] = "\033[36m",     [STYLE_YELLOW] = "\033[33m",
        [STYLE_RED] = "\033[31m",   [STYLE_STRUCK] = "\033[9;31m",
    };
    return terminal->color ? sequences[style] : "";
}

/* Reads one character; a broken byte is U+FFFD and one byte long. */
static int32_t character_at(const char *text, size_t size, size_t *length)
{
    utf8proc_int32_t character;
    utf8proc_ssize_t read = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &character);
    if (read <= 0) {
        *length = 1;
        return REPLACEMENT;
    }
    *length = (size_t)read;
    return character;
}

size_t text_repair(const char *text, size_t size, char *to)
{
    size_t written = 0;
    for (size_t at = 0, length; at < size; at += length)
        written += (size_t)utf8proc_encode_char(character_at(text + at, size - at, &length),
                                                (utf8proc_uint8_t *)to + written);
    return written;
}

/* What is printed for a character: itself, or a harmless stand-in for one that acts on the terminal. */
static int32_t harmless(int32_t character)
{
    if (character == '\t' || character == '\n' || character == '\r' || character == 0x2028 || character == 0x2029)
        return ' ';
    if (character < 0x20 || (character >= 0x7f && character < 0xa0))
        return REPLACEMENT;
    bool turns_direction =
        (character >= 0x202a && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069);
    return turns_direction ? REPLACEMENT : character;
}

/* The grapheme cluster at the start of a text: its bytes, and its columns. */
static size_t cluster_at(const char *text, size_t size, size_t *width)
{
    size_t length;
    int32_t previous = harmless(character_at(text, size, &length)), state = 0;
    *width = (size_t)utf8proc_charwidth(previous);
    size_t count = 1;
    while (length < size) {
        size_t next_length;
        int32_t next = harmless(character_at(text + length, size - length, &next_length));
        if (utf8proc_grapheme_break_stateful(previous, next, &state))
            break;
        size_t next_width = next == EMOJI_PRESENTATION ? 2 : (size_t)utf8proc_charwidth(next);
        if (next_width > *width)
            *width = next_width;
        bool flag =
            count == 1 && utf8proc_get_property(previous)->boundclass == UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR;
        if (flag)
            *width = 2;
        length += next_length;
        previous = next;
        count++;
    }
    return length;
}

size_t text_width(const char *text, size_t size)
{
    size_t total = 0;
    for (size_t at = 0; at < size;) {
        size_t width;
        at += cluster_at(text + at, size - at, &width);
        total += width;
    }
    return total;
}

size_t text_fit(const char *text, size_t size, size_t limit)
{
    size_t total = 0, at = 0;
    while (at < size) {
        size_t width, length = cluster_at(text + at, size - at, &width);
        if (at > 0 && total + width > limit)
            break;
        total += width;
        at += length;
    }
    return at;
}

static void print_harmless(FILE *stream, const char *text, size_t size)
{
    for (size_t at = 0, length; at < size; at += length) {
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t count = utf8proc_encode_char(harmless(character_at(text + at, size - at, &length)), bytes);
        fwrite(bytes, 1, (size_t)count, stream);
    }
}

size_t text_print(FILE *stream, const char *text, size_t size, size_t limit)
{
    size_t width = text_width(text, size);
    if (limit == 0 || width <= limit) {
        print_harmless(stream, text, size);
        return width;
    }
    bool unicode = locale_is_utf8();
    const char *ellipsis = unicode ? "…" : "...";
    size_t ellipsis_width = unicode ? 1 : 3;
    if (limit > ellipsis_width) {
        size = text_fit(text, size, limit - ellipsis_width);
        print_harmless(stream, text, size);
        width = text_width(text, size) + ellipsis_width;
    } else {
        width = ellipsis_width;
    }
    fputs(ellipsis, stream);
    return width;
}

void pad(FILE *stream, size_t count)
{
    while (count-- > 0)
        fputc(' ', stream);
}

static bool progress_enabled, progress_shown;

void progress_enable(bool enable)
{
    progress_enabled = enable && isatty(STDERR_FILENO) == 1;
}

const char *progress_clearing(void)
{
    return progress_enabled ? "\r\033[K" : "";
}

void progress_show(const char *line)
{
    if (!progress_enabled)
        return;
    struct winsize size;
    size_t width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 79;
    progress_clear();
    text_print(stderr, line, strlen(line), width);
    fflush(stderr);
    progress_shown = true;
}

void progress_clear(void)
{
    if (!progress_shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress_shown = false;
}
