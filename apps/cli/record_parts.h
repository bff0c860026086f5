/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the reader of records: what columns mean, objects of JSON Lines, folders. Only record*.c include this. */
#ifndef TUWEN_CLI_RECORD_PARTS_H
#define TUWEN_CLI_RECORD_PARTS_H

#include "records.h"

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

/* How well a name stands for a role: 0 is best, SIZE_MAX: not at all. "text2" and "text_2" rank as "text". */
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
