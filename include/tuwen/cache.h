/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors that were computed before, kept in one file, so that the same picture or text is computed once.
 *
 *     tuwen_cache *cache;
 *     if (tuwen_cache_open("vectors.sqlite", NULL, &cache, &error) != TUWEN_OK)
 *         cache = NULL;    (tuwen_cache_embed then computes everything)
 *     tuwen_cache_embed(cache, session, inputs, count, vectors, outputs, &error);
 *     tuwen_cache_close(cache);
 *
 * The file holds sums (SHA-256) of inputs and their vectors, and the names of models: no picture, no text, no file name.
 * Who has the file can tell whether a picture or text that he has as well was computed; so it is made for the user alone
 * (mode 0600).
 *
 * A vector from the cache is the vector that the session would compute, bit for bit: what decides the bits is part of the
 * sum (the bytes of picture and text, the instruction, tuwen_session_exact_fingerprint), and each entry carries a sum of its
 * own, so that one that is damaged is not used.
 *
 * Threads and processes: a tuwen_cache is used by one thread at a time; any number of them, in any number of processes, may
 * be open on one file on a local disk. A process that is killed leaves the file whole. (A network disk is no place for it:
 * SQLite's locks and shared memory do not work there.)
 */
#ifndef TUWEN_CACHE_H
#define TUWEN_CACHE_H

#include "tuwen/tuwen.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An open cache. */
typedef struct tuwen_cache tuwen_cache;

/* How to open a cache. Zero-initialise for the defaults. */
typedef struct tuwen_cache_options {
    /* What the file may take on the disk, its log (-wal) included; what was not used for the longest time goes first.
     * 0 = 1 GiB; at least 1 MiB. */
    uint64_t max_bytes;
    bool existing; /* NOT_FOUND if there is no file yet; otherwise it is made, and its folder with it */
    /*
     * Told, in one sentence each time, what went wrong with the file and what was done about it: a damaged file was set
     * aside, or from now on nothing more is stored (the disk is full, say). The calls themselves go on. May be NULL.
     */
    tuwen_log_function log;
    void *log_user;
    tuwen_language language; /* of these sentences */
} tuwen_cache_options;

/*
 * Opens the cache in the file `path`. `*cache` is owned by the caller and freed with tuwen_cache_close; it is NULL after a
 * failure. A file that is damaged is renamed to "<path>.damaged-1" (up to -3) with its log, and a new one begun. Errors:
 * UNSUPPORTED (written by a later version: left as it is), INVALID_ARGUMENT (the database of another program, or a file that
 * is none and whose name does not end in ".sqlite": left as it is), NOT_FOUND, IO, OUT_OF_MEMORY.
 */
TUWEN_API tuwen_status tuwen_cache_open(const char *path, const tuwen_cache_options *options, tuwen_cache **cache,
                                        tuwen_error *error);

/* Accepts NULL. */
TUWEN_API void tuwen_cache_close(tuwen_cache *cache);

/*
 * As tuwen_embed, with the same results: takes from the cache what is there, computes the rest by tuwen_embed (equal inputs
 * of a call once), and stores it. Inputs that fail are not stored, and an input above the session's limits fails even if it is
 * stored. `cache` may be NULL: everything is computed. Nothing that happens to the file makes the call fail: what cannot be
 * read is computed. Errors: those of tuwen_embed.
 */
TUWEN_API tuwen_status tuwen_cache_embed(tuwen_cache *cache, tuwen_session *session, const tuwen_input *inputs,
                                         size_t count, float *vectors, tuwen_output *outputs, tuwen_error *error);

/* Vectors of one fingerprint in a cache. */
typedef struct tuwen_cache_space {
    char fingerprint[17]; /* tuwen_session_fingerprint */
    char model[128];      /* the name of its model, cut if it is longer */
    int dimension;
    uint64_t entries;
    int64_t last_used; /* seconds since 1970, exact to an hour */
} tuwen_cache_space;

/* What is in a cache. */
typedef struct tuwen_cache_info {
    const char *path;   /* links followed; valid as long as the cache */
    uint64_t bytes;     /* on the disk, with the log */
    uint64_t max_bytes; /* the options', or the default */
    uint64_t entries;
    uint64_t set_aside;       /* bytes of damaged files beside it */
    uint64_t found, computed; /* as tuwen_cache_count says */
} tuwen_cache_info;

/* Errors: IO, OUT_OF_MEMORY. */
TUWEN_API tuwen_status tuwen_cache_get_info(tuwen_cache *cache, tuwen_cache_info *info, tuwen_error *error);

/* How many vectors were taken from the cache since it was opened, and how many computed (inputs that failed included; of
 * equal ones in a call the first). `cache` may be NULL. */
TUWEN_API void tuwen_cache_count(const tuwen_cache *cache, uint64_t *found, uint64_t *computed);

/* Writes the first `capacity` spaces, the last used first, to `spaces` and how many there are to `*count`. Errors: IO,
 * OUT_OF_MEMORY. */
TUWEN_API tuwen_status tuwen_cache_get_spaces(tuwen_cache *cache, tuwen_cache_space *spaces, size_t capacity,
                                              size_t *count, tuwen_error *error);

/*
 * Removes what was not used for the longest time until the file takes at most `max_bytes` on the disk (an empty one takes
 * some 60 KB), and gives the room back to the disk. May run beside other users of the file. Errors: IO, OUT_OF_MEMORY.
 */
TUWEN_API tuwen_status tuwen_cache_trim(tuwen_cache *cache, uint64_t max_bytes, tuwen_error *error);

/* Removes everything, and the damaged files that were set aside. Errors: IO, OUT_OF_MEMORY. */
TUWEN_API tuwen_status tuwen_cache_clear(tuwen_cache *cache, tuwen_error *error);

#ifdef __cplusplus
}
#endif

#endif
