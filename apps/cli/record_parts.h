/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the reader of records: what columns mean, objects of JSON Lines, folders. Only record*.c include this. */
#ifndef TUWEN_CLI_RECORD_PARTS_H
#define TUWEN_CLI_RECORD_PARTS_H

#include "records.h"

/* The input, cut into rows. Zero at first, but for the members up to `limit`. */
struct record_rows {
    const char *name; /* for messages */
    records_read_function read;
    void *user;
    char delimiter;
    bool has_quotes; /* a field that begins with a quote ends with one */
    uint64_t limit;  /* bytes of a row */

    char *buffer;
    size_t begin, end, capacity; /* what was read and is not used yet */
    uint64_t base;               /* the place in the input of the buffer's beginning */
    bool at_end;
    size_t scanned, first_line; /* from `begin` on; the end of a row's first line, 0: it has not ended yet */
    enum { FIELD_BEGIN, PLAIN, QUOTED, QUOTE_SEEN, QUOTE_RETURN } state;
};

enum row_kind { ROW_GOOD, ROW_QUOTE_OPEN, ROW_QUOTE_INSIDE, ROW_TOO_LONG, ROW_NONE, ROW_FAILED };

/* Finds the next row that is not blank: `*size` bytes from `begin` on, which record_rows_use then takes away. Of a row that
 * is too long the bytes are gone already. FAILED after a complaint or Ctrl-C. */
enum row_kind record_rows_next(struct record_rows *rows, size_t *size);
void record_rows_use(struct record_rows *rows, size_t size);

/* Reads at least one more byte, or notes the end; false after a complaint or Ctrl-C. What lies in the buffer moves. */
bool record_rows_more(struct record_rows *rows);
void record_rows_free(struct record_rows *rows);

/* Bytes of a row without the end of its line. */
size_t record_line_size(const char *row, size_t size);

/* Reads from the file descriptor that `user` points to; Ctrl-C ends waiting. */
ssize_t record_read_file(void *user, void *buffer, size_t size);

/* Which columns hold what; an index of SIZE_MAX stands for none. */
struct record_roles {
    size_t image, label;
    size_t *texts;
    size_t text_count;
};

/* Finds the columns of a table; complains and returns false if one is missing. Free with record_roles_free. */
bool record_roles_find(struct record_roles *roles, const char *file, const struct text *names, size_t count,
                       const struct records_options *options);
void record_roles_free(struct record_roles *roles);

enum record_role { ROLE_IMAGE, ROLE_TEXT, ROLE_LABEL };

/* How well a name stands for a role: the least is best, SIZE_MAX: not at all. "text2" and "text_2" rank as "text". */
size_t record_name_rank(enum record_role role, const char *name, size_t size);

/* 1, 0 or -1 from a word such as yes or 不匹配. */
int record_label_of(const char *word, size_t size);

bool record_is_blank(const char *text, size_t size);

/* An object of JSON Lines. */
struct record_object {
    void *document;
    struct record_field *fields;
    size_t field_count, field_capacity;
    const char *image;
    struct text *texts; /* not blank */
    size_t text_count, text_capacity;
    int label;
    const char *wrong_key; /* a key whose value has a type that it must not have */
    char reason[256];      /* why the line is no JSON, in English */
};

enum record_object_result { OBJECT_GOOD, OBJECT_NOT_JSON, OBJECT_NOT_OBJECT, OBJECT_WRONG_TYPE, OBJECT_NO_MEMORY };

/* Reads a line into `object`, which is zero at first and may be used again and again. */
enum record_object_result record_object_read(struct record_object *object, const char *line, size_t size,
                                             const struct records_options *options);
void record_object_free(struct record_object *object);

/* The pictures of a folder by name, and the texts beside them. */
struct record_folder {
    char **names;
    size_t count;
    struct bytes texts; /* of the current picture */
};
bool record_folder_open(struct record_folder *folder, const char *path);
void record_folder_free(struct record_folder *folder);

/* Reads the texts beside a picture; false with `*error` filled if that cannot be done. */
bool record_folder_texts(struct record_folder *folder, const char *path, size_t index, struct input_error *error);

/* Makes room for `count` elements in an array that grows; false if memory is short. */
bool record_grow(void **array, size_t *capacity, size_t count, size_t element);

#endif
