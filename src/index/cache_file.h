/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the vector cache (docs/formats.md has its tables): opening, making and setting it aside, entries by their
 * keys, and its size. Trouble with the file is told to the log once and ends its use, or the storing, but no call.
 */
#ifndef TW_INDEX_CACHE_FILE_H
#define TW_INDEX_CACHE_FILE_H

#include "base/digest.h"
#include "base/disk.h"
#include "index/database.h"
#include "tuwen/cache.h"

/* Used entries that are noted until the next writing. */
#define TW_CACHE_USED 256

typedef struct tw_cache_file {
    char *path; /* links followed */
    char *lock; /* "<path>.lock", held while the file is opened, made, or set aside */
    tuwen_cache_options options;
    uint64_t log_bytes;    /* what of the size is for the log */
    tw_database *database; /* NULL: the file is not used, or no longer */
    tw_disk_identity identity;
    int64_t page_size;
    tw_statement *find, *use, *put, *drop, *add_space, *find_space;
    bool stores;                 /* false after a first failure */
    bool fits;                   /* was found, or made, smaller than it may be */
    int set_aside;               /* how often in this run */
    int64_t used[TW_CACHE_USED]; /* ids of entries whose time of use is to be written */
    size_t used_count;
} tw_cache_file;

/* What an entry says besides its vector. */
typedef struct tw_cache_facts {
    int32_t tokens, image_tokens, width, height, truncated;
} tw_cache_facts;

/* An entry to be stored. The memory stays the caller's. */
typedef struct tw_cache_entry {
    const unsigned char *key; /* [TW_SHA256_SIZE] */
    const float *vector;      /* [dimension] */
    tw_cache_facts facts;
} tw_cache_entry;

/* Whose vectors are stored. */
typedef struct tw_cache_owner {
    const char *exact, *fingerprint, *model;
    size_t dimension;
} tw_cache_owner;

/* Fills a zeroed `file`; close it in either case. Errors: those of tuwen_cache_open. */
tuwen_status tw_cache_file_open(const char *path, const tuwen_cache_options *options, tw_cache_file *file,
                                tuwen_error *error);
void tw_cache_file_close(tw_cache_file *file);

/* Looks an entry up, and notes its use. False when there is none (`vector` is then undefined). */
bool tw_cache_file_find(tw_cache_file *file, const unsigned char key[TW_SHA256_SIZE], float *vector, size_t dimension,
                        tw_cache_facts *facts);

/* Stores entries, and what was noted; makes room for them first. */
void tw_cache_file_store(tw_cache_file *file, const tw_cache_owner *owner, const tw_cache_entry *entries,
                         size_t count);

/* Removes the longest unused entries until the file takes `bytes` at most, or holds none. */
tuwen_status tw_cache_file_shrink(tw_cache_file *file, uint64_t bytes, tuwen_error *error);

/* Removes the files that were set aside. */
tuwen_status tw_cache_file_remove_damaged(tw_cache_file *file, tuwen_error *error);

/* Bytes on the disk: of the file with its log, and of what was set aside. */
uint64_t tw_cache_file_bytes(const tw_cache_file *file);
uint64_t tw_cache_file_damaged_bytes(const tw_cache_file *file);

/* ---- for the files of the cache alone -------------------------------------------------------------------------- */

/* Tells the log. */
void tw_cache_file_say(const tw_cache_file *file, const tuwen_error *error);

/* "<path><middle><ending>" in new memory. */
char *tw_cache_file_name(const tw_cache_file *file, const char *middle, const char *ending);

/* Renames the file with its log, which are closed, under the lock, and says so. The name with the lowest free number is
 * taken, else the last one, whose file is lost. */
tuwen_status tw_cache_file_set_aside(const tw_cache_file *file, const char *reason, tuwen_error *error);

/* What an answer means for a caller: OUT_OF_MEMORY or IO, with a sentence. */
tuwen_status tw_cache_file_fail(const tw_cache_file *file, tw_answer answer, tuwen_error *error);

#endif
