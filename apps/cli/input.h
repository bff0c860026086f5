/* SPDX-License-Identifier: Apache-2.0 */
/* Reading pictures and lists of texts from files and standard input, never more than a limit. */
#ifndef TUWEN_CLI_INPUT_H
#define TUWEN_CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFAULT_PICTURE_BYTES (256ull << 20)
#define TEXT_LIST_BYTES (256ull << 20)

/* The bytes of a file; free with bytes_free. */
struct bytes {
    char *data;
    size_t size;
};
void bytes_free(struct bytes *bytes);

/* Why a file was not read: one sentence. */
struct input_error {
    const char *status; /* name of the status of the library that fits best, such as "NOT_FOUND" */
    char message[1024];
};

/* "-" is standard input. What is shown to people for it. */
const char *input_name(const char *path);

/* Fills `*error` for a file that is not there; names one that was perhaps meant. */
void input_missing(struct input_error *error, const char *path);

/* Reads a picture file of at most `limit` bytes. False with `*error` filled if that cannot be done. */
bool input_read_picture(const char *path, uint64_t limit, struct bytes *bytes, struct input_error *error);

/* Reads any file of at most `limit` bytes; an empty one is good. False with `*error` filled if that cannot be done. */
bool input_read_limited(const char *path, uint64_t limit, struct bytes *bytes, struct input_error *error);

/* Reads a file of tuwen's own making, of at most `limit` bytes. Complains and returns false if that cannot be done. */
bool input_read_file(const char *path, uint64_t limit, struct bytes *bytes);

/* Texts in order; they point into memory that the list owns, or that outlives it. */
struct text {
    const char *data;
    size_t size;
};
struct text_file {
    const char *path; /* as given */
    struct bytes bytes;
};
struct text_list {
    struct text *texts;
    size_t count, capacity;
    struct text_file *files;
    size_t file_count;
};

/* Whether the bytes are UTF-8 as Unicode defines it (no surrogates, no overlong forms). */
bool text_is_utf8(const char *data, size_t size);

/* Whether all bytes beyond ASCII come in the pairs of GBK. */
bool text_may_be_gbk(const char *data, size_t size);

/* Adds a text that outlives the list. False if memory is short. */
bool text_list_add(struct text_list *list, const char *data, size_t size);

/*
 * Adds the lines of a file ("-": standard input) that are not blank. A byte order mark and carriage returns at the
 * ends of lines are dropped. Complains and returns false if there is no such line or reading fails.
 */
bool text_list_read(struct text_list *list, const char *path);
void text_list_free(struct text_list *list);

/* Complains of a text of the list, by its number among all and, of a file, by its line. */
void text_list_complain(const struct text_list *list, size_t index, const char *sentence);

#endif
