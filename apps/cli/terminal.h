/* SPDX-License-Identifier: Apache-2.0 */
/* What the terminal can do, how wide texts are on it, and the progress line. */
#ifndef TUWEN_CLI_TERMINAL_H
#define TUWEN_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What standard output is. */
struct terminal {
    bool interactive; /* a terminal */
    bool color;
    bool unicode; /* the locale says UTF-8, so bars are drawn with block characters */
    size_t width; /* columns; 0 = unlimited, as in a pipe */
};

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct terminal terminal_of_stdout(enum color_choice color);

/* Styles as SGR sequences; the empty string without colour. */
enum style {
    STYLE_PLAIN,
    STYLE_BOLD,
    STYLE_FAINT,
    STYLE_GREEN,
    STYLE_CYAN,
    STYLE_YELLOW,
    STYLE_RED,
    STYLE_STRUCK /* red too */
};
const char *style_of(const struct terminal *terminal, enum style style);

/* Columns that a text takes when printed by text_print. */
size_t text_width(const char *text, size_t size);

/*
 * Prints a text from outside safely on one line: control characters, which could move the cursor, become spaces or
 * U+FFFD, and broken UTF-8 becomes U+FFFD. A text wider than `limit` columns is cut with an ellipsis (limit 0: never).
 * Returns the columns printed.
 */
size_t text_print(FILE *stream, const char *text, size_t size, size_t limit);

/* Bytes of the longest beginning that is at most `limit` columns wide; at least one character if any. */
size_t text_fit(const char *text, size_t size, size_t limit);

/* Copies a text to `to` (room for 3 * size bytes) with each broken byte as U+FFFD; returns its bytes. */
size_t text_repair(const char *text, size_t size, char *to);

/* Prints `count` spaces. */
void pad(FILE *stream, size_t count);

/* A line of progress on standard error, if that is a terminal and --quiet was not said. */
void progress_enable(bool enable);
void progress_show(const char *line);
void progress_clear(void);

/* What clears that line, for a handler of signals, which must not call anything; empty where there is none. */
const char *progress_clearing(void);

#endif
