/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that grow piece by piece and survive a stop at any moment, and the questions that a download asks of a disk:
 * free room, what a folder holds, whether another process is at work there. Small files that are written at once are
 * base/output.h's.
 */
#ifndef TW_BASE_DISK_H
#define TW_BASE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* An open file. Zero-initialised is "not open". */
typedef struct tw_disk_file {
    char *path;
    int descriptor;
    bool open;
} tw_disk_file;

/* Opens a regular file for reading and writing, made empty if it is not there. */
tuwen_status tw_disk_open(const char *path, tw_disk_file *file, tuwen_error *error);

/* Opens a regular file that exists for reading only. */
tuwen_status tw_disk_open_read(const char *path, tw_disk_file *file, tuwen_error *error);

tuwen_status tw_disk_size(const tw_disk_file *file, int64_t *size, tuwen_error *error);

/* Reads up to `size` bytes at `offset`; fewer only at the end of the file. */
tuwen_status tw_disk_read(const tw_disk_file *file, int64_t offset, void *data, size_t size, size_t *got,
                          tuwen_error *error);

/* Writes all of it at `offset`. A full disk is named. */
tuwen_status tw_disk_write(const tw_disk_file *file, int64_t offset, const void *data, size_t size,
                           tuwen_error *error);

/* Cuts the file to `size` bytes. */
tuwen_status tw_disk_cut(const tw_disk_file *file, int64_t size, tuwen_error *error);

/* Waits until the content is on the disk. */
tuwen_status tw_disk_sync(const tw_disk_file *file, tuwen_error *error);

/* Accepts a file that is not open. */
void tw_disk_close(tw_disk_file *file);

/* Renames over what is there, and waits until the folder knows it. */
tuwen_status tw_disk_rename(const char *from, const char *to, tuwen_error *error);

/* Removes a file; fine if there is none. */
tuwen_status tw_disk_remove(const char *path, tuwen_error *error);

/* Makes the folder and those above it. */
tuwen_status tw_disk_make_folder(const char *path, tuwen_error *error);

/* Bytes that this user may still write where `path` (a folder) lies. */
tuwen_status tw_disk_free_space(const char *path, int64_t *bytes, tuwen_error *error);

/* The size in bytes of a regular file (links followed) and when it last changed, in ns; false if there is none. */
bool tw_disk_state(const char *path, int64_t *size, int64_t *changed);

/* Whether both names are the same file or folder. */
bool tw_disk_same(const char *a, const char *b);

/* Tells files apart whatever they are called. */
typedef struct tw_disk_identity {
    uint64_t device, inode;
} tw_disk_identity;

/* That of the file at `path`, links followed; false if there is none. */
bool tw_disk_identify(const char *path, tw_disk_identity *identity);

/* Makes an empty file that only this user may read and write; one that is there stays as it is. */
tuwen_status tw_disk_make_private(const char *path, tuwen_error *error);

/* Where a path leads when all links are followed, in new memory; NULL if there is nothing, or memory is out. */
char *tw_disk_real_path(const char *path);

/* The last part of what a symbolic link points to, in new memory; NULL if `path` is no link or memory is out. */
char *tw_disk_link_name(const char *path);

/* Names in a folder, sorted, without "." and "..". */
typedef struct tw_disk_list {
    char **names;
    size_t count;
    size_t capacity;
} tw_disk_list;
tuwen_status tw_disk_list_open(const char *path, size_t limit, tw_disk_list *list, tuwen_error *error);
void tw_disk_list_close(tw_disk_list *list);

/* Takes the lock file `path` (made if needed) for as long as it is open or the process lives; `*taken` is false when
 * another process has it. */
tuwen_status tw_disk_lock(const char *path, tw_disk_file *lock, bool *taken, tuwen_error *error);

#endif
