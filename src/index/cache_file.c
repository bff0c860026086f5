/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the vector cache. Three things keep it whole. SQLite's log (WAL) is for processes that are killed. A lock
 * beside the file is for the moments that SQLite does not cover: a process must not open the file between the moments when
 * another one renames it and its log. And an identity check is for processes that found the same damage one after the other:
 * the second must not set aside what the first has begun anew. (SQLite itself neither empties nor removes the log of a file
 * that was renamed under it.)
 *
 * The size: entries take the pages of removed ones, so the file does not grow once it is full. The log is emptied when it
 * has its share; transactions are kept small against it.
 */
#include "index/cache_file.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"

#define APPLICATION 1953855342 /* "tuwn", in the header of the file */
#define VERSION 1
#define TEXT(number) #number
#define NUMBER(number) TEXT(number)

#define DEFAULT_BYTES ((uint64_t)1 << 30)
#define LEAST_BYTES ((uint64_t)1 << 20)
#define MOST_LOG_BYTES ((uint64_t)8 << 20)
#define LEAST_OTHER_BYTES ((uint64_t)32 << 10)
#define OTHER_BYTES ((uint64_t)64 << 10) /* of the log's index (-shm) */
#define PATIENCE 5000                    /* milliseconds to wait for other processes */
#define USE_SECONDS 3600                 /* a time of use is not written more often */
#define ENTRY_BYTES 200                  /* at most, of an entry besides its vector, and in the indexes */
#define MOST_SET_ASIDE 2                 /* in one run: a disk that damages files is not to be filled with them */
#define SUM_SIZE 8                       /* bytes of an entry's sum that are stored */

/* In the order of their names. A file has exactly these, letter for letter. */
static const char *const schema[] = {
    "CREATE TABLE spaces(id INTEGER PRIMARY KEY, exact TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, "
    "model TEXT NOT NULL, dimension INTEGER NOT NULL)",
    "CREATE TABLE vectors(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, space INTEGER NOT NULL, "
    "used INTEGER NOT NULL, tokens INTEGER NOT NULL, image_tokens INTEGER NOT NULL, width INTEGER NOT NULL, "
    "height INTEGER NOT NULL, truncated INTEGER NOT NULL, sum BLOB NOT NULL, vector BLOB NOT NULL)",
    "CREATE INDEX vectors_used ON vectors(used, space)",
};
#define SCHEMA_PARTS (sizeof schema / sizeof *schema)

/* ---- saying what is wrong ------------------------------------------------------------------------------------- */

static const char *reason_of(const tw_cache_file *file, tw_answer answer, tuwen_language language)
{
    switch (answer) {
    case TW_ANSWER_FULL:
        return tw_text(language, "the disk is full");
    case TW_ANSWER_FIXED:
        return tw_text(language, "it cannot be written");
    case TW_ANSWER_BUSY:
        return tw_text(language, "another process keeps it locked");
    case TW_ANSWER_MEMORY:
        return tw_text(language, "not enough memory");
    default:
        return tw_database_reason(file->database);
    }
}

tuwen_status tw_cache_file_fail(const tw_cache_file *file, tw_answer answer, tuwen_error *error)
{
    tuwen_language language = error ? error->language : TUWEN_ENGLISH;
    return tw_fail(error, answer == TW_ANSWER_MEMORY ? TUWEN_OUT_OF_MEMORY : TUWEN_IO,
                   "%s: cannot be used as a cache: %s", file->path, reason_of(file, answer, language));
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

static void close_database(tw_cache_file *file)
{
    tw_statement **statements[] = {&file->find, &file->use,       &file->put,
                                   &file->drop, &file->add_space, &file->find_space};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        tw_statement_close(*statements[i]);
        *statements[i] = NULL;
    }
    tw_database_close(file->database);
    file->database = NULL;
    file->used_count = 0;
}

static tw_answer prepare(tw_cache_file *file)
{
    const struct {
        tw_statement **statement;
        const char *sql;
    } all[] = {
        {&file->find,
         "SELECT id, used, tokens, image_tokens, width, height, truncated, sum, vector FROM vectors WHERE key = ?1"},
        {&file->use, "UPDATE vectors SET used = ?2 WHERE id = ?1"},
        {&file->put,
         "INSERT OR REPLACE INTO vectors(key, space, used, tokens, image_tokens, width, height, truncated, sum, "
         "vector) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
        {&file->drop, "DELETE FROM vectors WHERE id IN (SELECT id FROM vectors ORDER BY used LIMIT ?1)"},
        {&file->add_space,
         "INSERT OR IGNORE INTO spaces(exact, fingerprint, model, dimension) VALUES(?1, ?2, ?3, ?4)"},
        {&file->find_space, "SELECT id FROM spaces WHERE exact = ?1"},
    };
    tw_answer answer = TW_ANSWER_DONE;
    for (size_t i = 0; i < sizeof all / sizeof *all && answer == TW_ANSWER_DONE; i++)
        answer = tw_statement_open(file->database, all[i].sql, all[i].statement);
    return answer;
}

/* Whether the file has our tables; DAMAGED if not. */
static tw_answer check_schema(tw_cache_file *file)
{
    tw_statement *statement;
    tw_answer answer = tw_statement_open(
        file->database, "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite|_%' ESCAPE '|' ORDER BY name",
        &statement);
    if (answer != TW_ANSWER_DONE)
        return answer;
    size_t parts = 0;
    bool same = true;
    while ((answer = tw_statement_step(statement)) == TW_ANSWER_ROW) {
        same = same && parts < SCHEMA_PARTS && strcmp(tw_statement_text(statement, 0), schema[parts]) == 0;
        parts++;
    }
    tw_statement_close(statement);
    return answer == TW_ANSWER_DONE && (!same || parts != SCHEMA_PARTS) ? TW_ANSWER_DAMAGED : answer;
}

static tw_answer use_log(tw_cache_file *file)
{
    tw_statement *statement;
    tw_answer answer = tw_statement_open(file->database, "PRAGMA journal_mode = WAL", &statement);
    if (answer != TW_ANSWER_DONE)
        return answer;
    answer = tw_statement_step(statement);
    bool log = answer == TW_ANSWER_ROW && strcmp(tw_statement_text(statement, 0), "wal") == 0;
    tw_statement_close(statement);
    return answer != TW_ANSWER_ROW ? answer : log ? TW_ANSWER_DONE : TW_ANSWER_FIXED;
}

static tw_answer make_schema(tw_cache_file *file)
{
    tw_answer answer = tw_database_run(file->database, "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL");
    if (answer == TW_ANSWER_DONE)
        answer = use_log(file);
    if (answer == TW_ANSWER_DONE)
        answer = tw_database_run(file->database, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < SCHEMA_PARTS && answer == TW_ANSWER_DONE; i++)
        answer = tw_database_run(file->database, schema[i]);
    if (answer == TW_ANSWER_DONE)
        answer = tw_database_run(
            file->database,
            "PRAGMA application_id = " NUMBER(APPLICATION) "; PRAGMA user_version = " NUMBER(VERSION) "; COMMIT");
    return answer;
}

/* Checks what was opened, or makes the tables of an empty file. Anything but DONE stands for a failure; `refused` is set, and
 * `error` filled, when the file is good and yet not for us. */
static tw_answer enter(tw_cache_file *file, tuwen_status *refused, tuwen_error *error)
{
    int64_t application = 0, version = 0, parts = 0;
    *refused = TUWEN_OK;
    tw_answer answer = tw_database_number(file->database, "PRAGMA application_id", &application);
    if (answer == TW_ANSWER_DONE)
        answer = tw_database_number(file->database, "PRAGMA user_version", &version);
    if (answer == TW_ANSWER_DONE)
        answer = tw_database_number(file->database, "SELECT count(*) FROM sqlite_master", &parts);
    if (answer != TW_ANSWER_DONE)
        return answer;
    if (application == 0 && version == 0 && parts == 0)
        answer = make_schema(file);
    else if (application != APPLICATION)
        *refused = tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: is the database of another program", file->path);
    else if (version > VERSION)
        *refused = tw_fail(error, TUWEN_UNSUPPORTED,
                           "%s: was written by a later version of tuwen, and is left as it is", file->path);
    if (answer != TW_ANSWER_DONE || *refused != TUWEN_OK)
        return answer;
    answer = version < VERSION && parts > 0 ? TW_ANSWER_DAMAGED : check_schema(file);
    if (answer == TW_ANSWER_DONE)
        answer = use_log(file);
    if (answer == TW_ANSWER_DONE)
        answer = tw_database_run(file->database, "PRAGMA synchronous = NORMAL");
    if (answer == TW_ANSWER_DONE)
        answer = tw_database_number(file->database, "PRAGMA page_size", &file->page_size);
    return answer == TW_ANSWER_DONE ? prepare(file) : answer;
}

/* Whether a file that is no database is ours to rename: not one that a slip of the keyboard has named. */
static bool ours_by_name(const char *path)
{
    static const char ending[] = ".sqlite";
    size_t length = strlen(path);
    return length >= sizeof ending - 1 && strcmp(path + length - (sizeof ending - 1), ending) == 0;
}

/* Opens the file, under the lock; one that is damaged is set aside once. */
static tuwen_status open_locked(tw_cache_file *file, tuwen_error *error)
{
    for (int attempt = 0;; attempt++) {
        tuwen_status refused = TUWEN_OK;
        tuwen_status status = tw_disk_make_private(file->path, error);
        if (status != TUWEN_OK)
            return status;
        tw_answer answer = tw_database_open(file->path, PATIENCE, &file->database);
        if (answer == TW_ANSWER_DONE && !tw_disk_identify(file->path, &file->identity))
            answer = TW_ANSWER_FIXED;
        if (answer == TW_ANSWER_DONE)
            answer = enter(file, &refused, error);
        if (answer == TW_ANSWER_DONE && refused == TUWEN_OK)
            return TUWEN_OK;
        if (answer == TW_ANSWER_DAMAGED && !ours_by_name(file->path))
            refused = tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: is no cache, and its name does not end in .sqlite",
                              file->path);
        status = refused != TUWEN_OK ? refused : tw_cache_file_fail(file, answer, error);
        char reason[TW_REASON_SIZE];
        (void)snprintf(reason, sizeof reason, "%s", tw_database_reason(file->database));
        close_database(file);
        if (refused != TUWEN_OK || answer != TW_ANSWER_DAMAGED || attempt > 0)
            return status;
        status = tw_cache_file_set_aside(file, reason, error);
        if (status != TUWEN_OK)
            return status;
    }
}

static tuwen_status take_lock(const tw_cache_file *file, tw_disk_file *lock, tuwen_error *error)
{
    for (int waited = 0;; waited += 5) {
        bool taken = false;
        tuwen_status status = tw_disk_lock(file->lock, lock, &taken, error);
        if (status != TUWEN_OK || taken)
            return status;
        if (waited >= PATIENCE)
            return tw_cache_file_fail(file, TW_ANSWER_BUSY, error);
        tw_database_sleep(5);
    }
}

/* Makes the folder of a file that is not there. */
static tuwen_status make_folder(const char *path, tuwen_error *error)
{
    const char *end = strrchr(path, '/');
    if (!end || end == path)
        return TUWEN_OK;
    char *folder = tw_copy_string(path, (size_t)(end - path));
    if (!folder)
        return tw_fail_memory(error, path);
    tuwen_status status = tw_disk_make_folder(folder, error);
    tw_free(folder);
    return status;
}

static uint64_t size_within(uint64_t bytes)
{
    return bytes == 0 ? DEFAULT_BYTES : bytes < LEAST_BYTES ? LEAST_BYTES : bytes;
}

tuwen_status tw_cache_file_open(const char *path, const tuwen_cache_options *options, tw_cache_file *file,
                                tuwen_error *error)
{
    tw_disk_file lock = {0};
    file->options = *options;
    file->options.max_bytes = size_within(options->max_bytes);
    file->log_bytes = file->options.max_bytes / 4 < MOST_LOG_BYTES ? file->options.max_bytes / 4 : MOST_LOG_BYTES;
    file->stores = true;
    if (options->existing && !tw_file_exists(path))
        return tw_fail(error, TUWEN_NOT_FOUND, "%s: no such file", path);
    if (tw_folder_exists(path))
        return tw_fail(error, TUWEN_IO, "%s: is not a regular file", path);
    tuwen_status status = make_folder(path, error);
    if (status == TUWEN_OK)
        status = tw_disk_make_private(path, error);
    if (status != TUWEN_OK)
        return status;
    file->path = tw_disk_real_path(path); /* from the root on, so that no name means something else to SQLite */
    file->lock = file->path ? tw_cache_file_name(file, "", ".lock") : NULL;
    if (!file->lock)
        return tw_fail_memory(error, path);
    status = take_lock(file, &lock, error);
    if (status == TUWEN_OK)
        status = open_locked(file, error);
    tw_disk_close(&lock);
    return status;
}

void tw_cache_file_close(tw_cache_file *file)
{
    close_database(file);
    tw_free(file->path);
    tw_free(file->lock);
    *file = (tw_cache_file){0};
}

/* ---- trouble -------------------------------------------------------------------------------------------------- */

/* A damaged file: sets it aside, unless another process has done so, and goes on with the new one. */
static void begin_anew(tw_cache_file *file, const char *reason)
{
    tw_disk_file lock = {0};
    tw_disk_identity now;
    tuwen_error error = {.language = file->options.language};
    close_database(file);
    tuwen_status status = take_lock(file, &lock, &error);
    bool same = tw_disk_identify(file->path, &now) && now.device == file->identity.device &&
                now.inode == file->identity.inode;
    if (status == TUWEN_OK && same && ++file->set_aside > MOST_SET_ASIDE)
        status = tw_fail(&error, TUWEN_IO, "%s: is damaged again (%s): vectors are not kept any more in this run",
                         file->path, reason);
    if (status == TUWEN_OK && same)
        status = tw_cache_file_set_aside(file, reason, &error);
    if (status == TUWEN_OK)
        status = open_locked(file, &error);
    tw_disk_close(&lock);
    if (status != TUWEN_OK)
        tw_cache_file_say(file, &error);
}

/* What follows from an answer that is neither DONE nor ROW. */
static void on_trouble(tw_cache_file *file, tw_answer answer, const char *why, bool reading)
{
    char reason[TW_REASON_SIZE];
    tuwen_error error = {.language = file->options.language};
    (void)snprintf(reason, sizeof reason, "%s", why);
    if (answer == TW_ANSWER_DAMAGED) {
        begin_anew(file, reason);
        return;
    }
    if (reading) {
        (void)tw_fail(&error, TUWEN_IO,
                      "%s: cannot be read (%s): vectors are neither taken from there nor kept in this run",
                      file->path, reason);
        close_database(file);
    } else {
        (void)tw_fail(&error, TUWEN_IO,
                      "%s: cannot store more (%s): vectors are taken from there, but not kept in this run",
                      file->path, reason);
        file->stores = false;
    }
    tw_cache_file_say(file, &error);
}

static void on_answer(tw_cache_file *file, tw_answer answer, bool reading)
{
    if (answer != TW_ANSWER_DONE && answer != TW_ANSWER_ROW)
        on_trouble(file, answer, reason_of(file, answer, file->options.language), reading);
}

/* ---- entries -------------------------------------------------------------------------------------------------- */

static void add_number(tw_digest *digest, int32_t number)
{
    const unsigned char bytes[4] = {
        (unsigned char)((uint32_t)number & 0xff), (unsigned char)((uint32_t)number >> 8 & 0xff),
        (unsigned char)((uint32_t)number >> 16 & 0xff), (unsigned char)((uint32_t)number >> 24)};
    tw_digest_add(digest, bytes, sizeof bytes);
}

/* The sum of an entry; SUM_SIZE bytes of it are stored. */
static void sum_entry(const unsigned char *key, const tw_cache_facts *facts, const void *vector, size_t size,
                      unsigned char sum[TW_SHA256_SIZE])
{
    tw_digest digest;
    tw_digest_open(&digest, TW_SHA256);
    tw_digest_add(&digest, key, TW_SHA256_SIZE);
    add_number(&digest, facts->tokens);
    add_number(&digest, facts->image_tokens);
    add_number(&digest, facts->width);
    add_number(&digest, facts->height);
    add_number(&digest, facts->truncated);
    tw_digest_add(&digest, vector, size);
    tw_digest_bytes(&digest, sum);
}

/* Takes the row over; false if it is not what was stored. */
static bool read_row(tw_statement *row, const unsigned char *key, float *vector, size_t dimension,
                     tw_cache_facts *facts)
{
    size_t size = 0, sum_size = 0;
    unsigned char sum[TW_SHA256_SIZE];
    *facts = (tw_cache_facts){.tokens = (int32_t)tw_statement_number(row, 2),
                              .image_tokens = (int32_t)tw_statement_number(row, 3),
                              .width = (int32_t)tw_statement_number(row, 4),
                              .height = (int32_t)tw_statement_number(row, 5),
                              .truncated = (int32_t)tw_statement_number(row, 6)};
    const void *bytes = tw_statement_bytes(row, 8, &size);
    if (!bytes || size != dimension * sizeof *vector)
        return false;
    memcpy(vector, bytes, size);
    const void *stored = tw_statement_bytes(row, 7, &sum_size);
    sum_entry(key, facts, vector, size, sum);
    return stored && sum_size == SUM_SIZE && memcmp(stored, sum, SUM_SIZE) == 0;
}

bool tw_cache_file_find(tw_cache_file *file, const unsigned char key[TW_SHA256_SIZE], float *vector, size_t dimension,
                        tw_cache_facts *facts)
{
    if (!file->database)
        return false;
    tw_statement_set_bytes(file->find, 1, key, TW_SHA256_SIZE);
    tw_answer answer = tw_statement_step(file->find);
    if (answer != TW_ANSWER_ROW) {
        on_answer(file, answer, true);
        return false;
    }
    bool good = read_row(file->find, key, vector, dimension, facts);
    int64_t id = tw_statement_number(file->find, 0), used = tw_statement_number(file->find, 1);
    int64_t now = (int64_t)time(NULL);
    tw_statement_reset(file->find);
    if (!good)
        on_trouble(file, TW_ANSWER_DAMAGED, tw_text(file->options.language, "the sum of an entry is another"), true);
    else if ((used <= now - USE_SECONDS || used > now) && file->used_count < TW_CACHE_USED)
        file->used[file->used_count++] = id;
    return good;
}

static tw_answer put_entry(tw_cache_file *file, const tw_cache_entry *entry, size_t dimension, int64_t space,
                           int64_t now)
{
    unsigned char sum[TW_SHA256_SIZE];
    size_t size = dimension * sizeof *entry->vector;
    const tw_cache_facts *facts = &entry->facts;
    sum_entry(entry->key, facts, entry->vector, size, sum);
    tw_statement_set_bytes(file->put, 1, entry->key, TW_SHA256_SIZE);
    tw_statement_set_number(file->put, 2, space);
    tw_statement_set_number(file->put, 3, now);
    tw_statement_set_number(file->put, 4, facts->tokens);
    tw_statement_set_number(file->put, 5, facts->image_tokens);
    tw_statement_set_number(file->put, 6, facts->width);
    tw_statement_set_number(file->put, 7, facts->height);
    tw_statement_set_number(file->put, 8, facts->truncated);
    tw_statement_set_bytes(file->put, 9, sum, SUM_SIZE);
    tw_statement_set_bytes(file->put, 10, entry->vector, size);
    return tw_statement_step(file->put);
}

static tw_answer find_space(tw_cache_file *file, const tw_cache_owner *owner, int64_t *space)
{
    tw_statement_set_text(file->add_space, 1, owner->exact);
    tw_statement_set_text(file->add_space, 2, owner->fingerprint);
    tw_statement_set_text(file->add_space, 3, owner->model);
    tw_statement_set_number(file->add_space, 4, (int64_t)owner->dimension);
    tw_answer answer = tw_statement_step(file->add_space);
    if (answer != TW_ANSWER_DONE)
        return answer;
    tw_statement_set_text(file->find_space, 1, owner->exact);
    answer = tw_statement_step(file->find_space);
    if (answer != TW_ANSWER_ROW)
        return answer == TW_ANSWER_DONE ? TW_ANSWER_DAMAGED : answer;
    *space = tw_statement_number(file->find_space, 0);
    tw_statement_reset(file->find_space);
    return TW_ANSWER_DONE;
}

/* ---- size ----------------------------------------------------------------------------------------------------- */

static int64_t pages_within(const tw_cache_file *file, uint64_t bytes)
{
    return bytes > OTHER_BYTES ? (int64_t)((bytes - OTHER_BYTES) / (uint64_t)file->page_size) : 0;
}

/* Pages of the file, and those among them that are free. */
static tw_answer count_pages(tw_cache_file *file, int64_t *pages, int64_t *unused)
{
    tw_answer answer = tw_database_number(file->database, "PRAGMA page_count", pages);
    return answer == TW_ANSWER_DONE ? tw_database_number(file->database, "PRAGMA freelist_count", unused) : answer;
}

/* Removes the longest unused entries, at least so many, for about `pages` pages. DONE, and `*more` whether there was one. */
static tw_answer drop_entries(tw_cache_file *file, int64_t pages, int64_t least, bool *more)
{
    int64_t most = (int64_t)(file->log_bytes / 16384);
    least = most < least ? most : least;
    int64_t count = pages / 4; /* an entry of the largest model takes about 4 */
    count = count < least ? least : count > most ? most : count;
    tw_statement_set_number(file->drop, 1, count);
    tw_answer answer = tw_statement_step(file->drop);
    *more = answer == TW_ANSWER_DONE && tw_database_changes(file->database) > 0;
    return answer;
}

/* Frees pages so that `needed` more can be used without the file growing above its size. */
static tw_answer make_room(tw_cache_file *file, int64_t needed)
{
    int64_t pages = 0, unused = 0, most = pages_within(file, file->options.max_bytes - file->log_bytes);
    bool more = true;
    tw_answer answer = count_pages(file, &pages, &unused);
    while (answer == TW_ANSWER_DONE && more && pages - unused + needed > most) {
        answer = drop_entries(file, pages - unused + needed - most, 16, &more);
        if (answer == TW_ANSWER_DONE)
            answer = count_pages(file, &pages, &unused);
    }
    return answer;
}

/* Keeps the log within its share. */
static tw_answer tend_log(tw_cache_file *file)
{
    int64_t bytes = tw_database_log_pages(file->database) * file->page_size;
    if (bytes < (int64_t)file->log_bytes / 4)
        return TW_ANSWER_DONE;
    tw_answer answer = tw_database_checkpoint(file->database, bytes > (int64_t)file->log_bytes / 2);
    return answer == TW_ANSWER_BUSY ? TW_ANSWER_DONE : answer; /* others read: the next one will do */
}

/* One step of shrinking; `*done` when there is nothing more to do. */
static tw_answer shrink_step(tw_cache_file *file, int64_t most, bool *done)
{
    int64_t pages = 0, unused = 0;
    bool more = true;
    tw_answer answer = count_pages(file, &pages, &unused);
    if (answer == TW_ANSWER_DONE && pages - unused > most)
        answer = drop_entries(file, pages - unused - most, 1, &more);
    if (answer == TW_ANSWER_DONE)
        answer = tw_database_run(file->database, "PRAGMA incremental_vacuum");
    if (answer == TW_ANSWER_DONE && !more)
        answer = tw_database_run(file->database, "DELETE FROM spaces WHERE id NOT IN (SELECT space FROM vectors)");
    if (answer == TW_ANSWER_DONE)
        answer = count_pages(file, &pages, &unused);
    *done = !more || pages <= most;
    return answer;
}

static tw_answer shrink(tw_cache_file *file, uint64_t bytes)
{
    bool done = false;
    /* the log is emptied, so its index has its least size */
    int64_t most = pages_within(file, bytes + OTHER_BYTES - LEAST_OTHER_BYTES);
    tw_answer answer = TW_ANSWER_DONE;
    while (answer == TW_ANSWER_DONE && !done) {
        answer = tw_database_run(file->database, "BEGIN IMMEDIATE");
        if (answer != TW_ANSWER_DONE)
            break;
        answer = shrink_step(file, most, &done);
        if (answer == TW_ANSWER_DONE)
            answer = tw_database_run(file->database, "COMMIT");
        if (answer == TW_ANSWER_DONE)
            answer = tend_log(file);
    }
    if (answer == TW_ANSWER_DONE)
        answer = tw_database_checkpoint(file->database, true);
    return answer == TW_ANSWER_BUSY && done ? TW_ANSWER_DONE : answer;
}

tuwen_status tw_cache_file_shrink(tw_cache_file *file, uint64_t bytes, tuwen_error *error)
{
    if (!file->database)
        return tw_cache_file_fail(file, TW_ANSWER_FIXED, error);
    tw_answer answer = shrink(file, bytes);
    if (answer == TW_ANSWER_DONE)
        return TUWEN_OK;
    tuwen_status status = tw_cache_file_fail(file, answer, error);
    char reason[TW_REASON_SIZE]; /* the next statement has another one */
    (void)snprintf(reason, sizeof reason, "%s", tw_database_reason(file->database));
    (void)tw_database_run(file->database, "ROLLBACK");
    if (answer == TW_ANSWER_DAMAGED)
        on_trouble(file, answer, reason, false);
    return answer == TW_ANSWER_DAMAGED && file->database ? TUWEN_OK : status; /* the new one is empty */
}

/* ---- storing -------------------------------------------------------------------------------------------------- */

static tw_answer write_uses(tw_cache_file *file, int64_t now)
{
    tw_answer answer = TW_ANSWER_DONE;
    for (size_t i = 0; i < file->used_count && answer == TW_ANSWER_DONE; i++) {
        tw_statement_set_number(file->use, 1, file->used[i]);
        tw_statement_set_number(file->use, 2, now);
        answer = tw_statement_step(file->use);
    }
    return answer;
}

static tw_answer write_entries(tw_cache_file *file, const tw_cache_owner *owner, const tw_cache_entry *entries,
                               size_t count, int64_t now)
{
    int64_t space = 0;
    int64_t each = (int64_t)(owner->dimension * sizeof(float) + ENTRY_BYTES) / file->page_size + 2;
    tw_answer answer = make_room(file, each * (int64_t)count);
    if (answer == TW_ANSWER_DONE)
        answer = find_space(file, owner, &space);
    for (size_t i = 0; i < count && answer == TW_ANSWER_DONE; i++)
        answer = put_entry(file, &entries[i], owner->dimension, space, now);
    return answer;
}

/* One transaction. */
static void write_batch(tw_cache_file *file, const tw_cache_owner *owner, const tw_cache_entry *entries, size_t count)
{
    int64_t now = (int64_t)time(NULL);
    char reason[TW_REASON_SIZE] = "";
    tw_answer answer = tw_database_run(file->database, "BEGIN IMMEDIATE");
    if (answer == TW_ANSWER_DONE)
        answer = write_uses(file, now);
    if (answer == TW_ANSWER_DONE && count > 0)
        answer = write_entries(file, owner, entries, count, now);
    if (answer == TW_ANSWER_DONE)
        answer = tw_database_run(file->database, "COMMIT");
    if (answer == TW_ANSWER_DONE)
        answer = tend_log(file);
    file->used_count = 0;
    if (answer == TW_ANSWER_DONE)
        return;
    (void)snprintf(reason, sizeof reason, "%s", reason_of(file, answer, file->options.language));
    (void)tw_database_run(file->database, "ROLLBACK");
    on_trouble(file, answer, reason, false);
}

/* A file that an earlier run let grow larger than this one may is made smaller, in small transactions. */
static void fit(tw_cache_file *file)
{
    uint64_t bytes = file->options.max_bytes - file->log_bytes;
    int64_t pages = 0, unused = 0;
    file->fits = true;
    tw_answer answer = count_pages(file, &pages, &unused);
    if (answer == TW_ANSWER_DONE && pages > pages_within(file, bytes))
        answer = shrink(file, bytes);
    if (answer == TW_ANSWER_DONE)
        return;
    char reason[TW_REASON_SIZE];
    (void)snprintf(reason, sizeof reason, "%s", reason_of(file, answer, file->options.language));
    (void)tw_database_run(file->database, "ROLLBACK");
    on_trouble(file, answer, reason, false);
}

void tw_cache_file_store(tw_cache_file *file, const tw_cache_owner *owner, const tw_cache_entry *entries,
                         size_t count)
{
    if (count > 0 && file->database && file->stores && !file->fits)
        fit(file);
    size_t bytes = owner->dimension * sizeof(float) + ENTRY_BYTES + (size_t)file->page_size;
    size_t at_once = (size_t)file->log_bytes / 4 / bytes;
    at_once = at_once < 1 ? 1 : at_once;
    if (count == 0 && file->used_count > 0 && file->database && file->stores)
        write_batch(file, owner, NULL, 0);
    for (size_t first = 0; first < count && file->database && file->stores; first += at_once) {
        size_t left = count - first;
        write_batch(file, owner, entries + first, left < at_once ? left : at_once);
    }
}
