/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line says, in the language of the user; the texts are in messages.def. */
#ifndef TUWEN_CLI_MESSAGES_H
#define TUWEN_CLI_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tuwen/tuwen.h"

enum message {
#define MESSAGE(identifier, english, chinese) SAY_##identifier,
#include "messages.def"
#undef MESSAGE
    MESSAGE_COUNT
};

/* The language of this run: set once, before anything is said. */
void messages_set_language(tuwen_language language);
tuwen_language messages_language(void);

/* The language of all but complaints and remarks from now on: rows that a file already has in another one go on in it. */
void messages_set_written(tuwen_language language);

/* The language of complaints and remarks. */
tuwen_language messages_spoken(void);

/* Chooses by LC_ALL, LC_MESSAGES and LANG. */
tuwen_language messages_language_of_locale(void);

/* Whether remarks are made (no with --quiet). */
void messages_set_quiet(bool quiet);

/* The text of a message without arguments. */
const char *text_of(enum message message);

/* Writes a message with its arguments in place, cut to `size`; `arguments` ends with NULL and may be NULL. */
void message_format(char *buffer, size_t size, enum message message, const char *const *arguments);

/* Prints "tuwen: message" as a line on standard error; a remark is left out when quiet. */
void complain(enum message message, const char *const *arguments);
void remark(enum message message, const char *const *arguments);

/* Says why an input failed; the sentence gets its name in front unless it begins with it. */
void complain_of(const char *name, const char *sentence);

/* Why a system call failed. */
const char *reason_of(int error_number);

/* The arguments of a message: WITH("a.jpg", "b"). */
#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Numbers as arguments of messages. */
struct number_text {
    char text[64];
};
struct number_text number_text(double number, int decimals);

/* A number of things: "1 text", "20 texts". */
struct number_text counted_text(uint64_t count, enum message one, enum message many);
#define PICTURES_TEXT(count) counted_text(count, SAY_ONE_PICTURE, SAY_MANY_PICTURES)
#define TEXTS_TEXT(count) counted_text(count, SAY_ONE_TEXT, SAY_MANY_TEXTS)
#define ROWS_TEXT(count) counted_text(count, SAY_ONE_ROW, SAY_MANY_ROWS)

/* A large number for people: "5.1 M", "2.21 B"; in Chinese by 万 and 亿. */
struct number_text count_text(double number);

/* A size of memory or a file: "10.2 MB" (powers of ten). */
struct number_text bytes_text(double bytes);

#endif
