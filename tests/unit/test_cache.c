/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of vectors: the same bits as computing, other keys for other inputs and fingerprints, and a file that is damaged
 * at any place, full, of a later version, another program's, written by several processes and threads, or by one that is
 * killed. What SQLite itself says of the file (PRAGMA integrity_check) is the judge.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/output.h"
#include "golden.h"
#include "index/cache_file.h"
#include "testing.h"
#include "tuwen/cache.h"

static char folder[64];
static char path[128];
static tuwen_model *model;
static char said[8][TUWEN_MESSAGE_SIZE];
static size_t said_count;

static void on_log(void *user, const char *line)
{
    (void)user;
    if (said_count < sizeof said / sizeof *said)
        (void)snprintf(said[said_count], sizeof said[0], "%s", line);
    said_count++;
}

static int open_model(void **state)
{
    (void)state;
    tuwen_error error = {0};
    if (tuwen_model_open(golden_path("tiny"), NULL, &model, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return 0;
}

static int close_model(void **state)
{
    (void)state;
    tuwen_model_close(model);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/tuwen-cache-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/deep/vectors.sqlite", folder);
    said_count = 0;
    return 0;
}

static void empty_folder(const char *name)
{
    DIR *open = opendir(name);
    char one[512];
    assert_non_null(open);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;) {
        (void)snprintf(one, sizeof one, "%s/%s", name, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && unlink(one) != 0)
            empty_folder(one);
    }
    closedir(open);
    (void)rmdir(name);
}

static int tear_down(void **state)
{
    (void)state;
    empty_folder(folder);
    return 0;
}

/* ---- helpers -------------------------------------------------------------------------------------------------- */

static tuwen_cache *open_cache(uint64_t max_bytes)
{
    tuwen_cache *cache = NULL;
    tuwen_error error = {0};
    const tuwen_cache_options options = {.max_bytes = max_bytes, .log = on_log};
    if (tuwen_cache_open(path, &options, &cache, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return cache;
}

static void expect_refused(tuwen_status expected, const char *message)
{
    tuwen_cache *cache = NULL;
    tuwen_error error = {0};
    assert_int_equal(tuwen_cache_open(path, NULL, &cache, &error), expected);
    assert_null(cache);
    if (!strstr(error.message, message))
        fail_msg("'%s' does not say '%s'", error.message, message);
}

static tuwen_session *open_session(tuwen_session_options options)
{
    tuwen_session *session = NULL;
    tuwen_error error = {0};
    if (options.image_tokens_max == 0)
        options.image_tokens_min = options.image_tokens_max = 4;
    if (tuwen_session_open(model, &options, &session, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return session;
}

/* What SQLite says of the file, by a connection of its own. */
static void expect_whole(void)
{
    tw_database *database;
    tw_statement *statement;
    char text[200];
    assert_int_equal(tw_database_open(path, 5000, &database), TW_ANSWER_DONE);
    assert_int_equal(tw_statement_open(database, "PRAGMA integrity_check", &statement), TW_ANSWER_DONE);
    assert_int_equal(tw_statement_step(statement), TW_ANSWER_ROW);
    (void)snprintf(text, sizeof text, "%s", tw_statement_text(statement, 0));
    tw_statement_close(statement);
    tw_database_close(database);
    assert_string_equal(text, "ok");
}

static void change_file(const char *sql)
{
    tw_database *database;
    assert_int_equal(tw_database_open(path, 5000, &database), TW_ANSWER_DONE);
    assert_int_equal(tw_database_run(database, sql), TW_ANSWER_DONE);
    tw_database_close(database);
}

#define INPUTS 10
#define GOOD 7 /* the others fail */

/* Texts, pictures, both, twins, and three that fail, two of them with the same bytes under different names. */
static void make_inputs(tuwen_input inputs[INPUTS], char *pictures[2])
{
    size_t sizes[2];
    pictures[0] = golden_file("images/60x44.png", &sizes[0]);
    pictures[1] = golden_file("images/broken-truncated.png", &sizes[1]);
    const tuwen_input made[INPUTS] = {
        {.text = "a dog", .text_size = 5},
        {.text = "a dog", .text_size = 5, .instruction = "Find it.", .instruction_size = 8},
        {.picture = pictures[0], .picture_size = sizes[0], .name = "60x44.png"},
        {.picture = pictures[1], .picture_size = sizes[1], .name = "broken.png"},
        {.text = "a dog", .text_size = 5, .picture = pictures[0], .picture_size = sizes[0]},
        {.text = "a dog", .text_size = 5}, /* a twin */
        {.picture = pictures[1], .picture_size = sizes[1], .name = "other.png"},
        {0},
        {.text = "", .text_size = 0},
        {.text = "a dog and a cat and a dog and a cat and a dog and a cat", .text_size = 55},
    };
    memcpy(inputs, made, sizeof made);
}

static void free_pictures(char *pictures[2])
{
    tw_free(pictures[0]);
    tw_free(pictures[1]);
}

static void expect_same_output(const tuwen_output *a, const tuwen_output *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->truncated, b->truncated);
    assert_int_equal(a->tokens, b->tokens);
    assert_int_equal(a->image_tokens, b->image_tokens);
    assert_int_equal(a->picture_width, b->picture_width);
    assert_int_equal(a->picture_height, b->picture_height);
    assert_string_equal(a->message, b->message);
}

/* Embeds the inputs through the cache and without it, and compares everything, bit for bit. */
static void expect_same(tuwen_cache *cache, tuwen_session *session)
{
    tuwen_input inputs[INPUTS];
    char *pictures[2];
    size_t numbers = INPUTS * tuwen_model_dimension(model);
    tuwen_output expected[INPUTS], got[INPUTS];
    tuwen_error error = {0};
    float *a = tw_alloc(numbers, sizeof *a), *b = tw_alloc(numbers, sizeof *b);
    make_inputs(inputs, pictures);
    memset(b, 0xff, numbers * sizeof *b);
    assert_int_equal(tuwen_embed(session, inputs, INPUTS, a, expected, &error), TUWEN_OK);
    assert_int_equal(tuwen_cache_embed(cache, session, inputs, INPUTS, b, got, &error), TUWEN_OK);
    assert_memory_equal(a, b, numbers * sizeof *a);
    for (size_t i = 0; i < INPUTS; i++)
        expect_same_output(&got[i], &expected[i]);
    if (tuwen_session_get_options(session)->max_length == 36)
        assert_true(got[INPUTS - 1].truncated);
    free_pictures(pictures);
    tw_free(a);
    tw_free(b);
}

static void expect_counts(const tuwen_cache *cache, uint64_t found, uint64_t computed)
{
    uint64_t counts[2];
    tuwen_cache_count(cache, &counts[0], &counts[1]);
    assert_int_equal(counts[0], found);
    assert_int_equal(counts[1], computed);
}

/* ---- the same as computing ------------------------------------------------------------------------------------ */

static void test_same_bits(void **state)
{
    (void)state;
    tuwen_session *session = open_session((tuwen_session_options){.max_length = 36});
    tuwen_cache *cache = open_cache(0);
    struct stat status;
    expect_same(cache, session);
    expect_counts(cache, 0, INPUTS - 2); /* two are twins */
    expect_same(cache, session);
    expect_counts(cache, GOOD, INPUTS - 2 + 2);
    tuwen_cache_close(cache);
    cache = open_cache(0);
    expect_same(cache, session);
    expect_counts(cache, GOOD, 2);
    tuwen_cache_info info;
    assert_int_equal(tuwen_cache_get_info(cache, &info, NULL), TUWEN_OK);
    assert_int_equal(info.entries, GOOD - 1);
    assert_int_equal(info.max_bytes, (uint64_t)1 << 30);
    tuwen_cache_close(cache);
    expect_same(NULL, session);
    tuwen_session_close(session);
    assert_int_equal(said_count, 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    expect_whole();
}

/* Without outputs the first bad input ends the call, as without the cache. */
static void test_first_failure(void **state)
{
    (void)state;
    tuwen_session *session = open_session((tuwen_session_options){0});
    tuwen_cache *cache = open_cache(0);
    tuwen_input inputs[INPUTS];
    char *pictures[2];
    tuwen_error expected = {0}, got = {0};
    float *vectors = tw_alloc(INPUTS * tuwen_model_dimension(model), sizeof *vectors);
    make_inputs(inputs, pictures);
    tuwen_status status = tuwen_embed(session, inputs, INPUTS, vectors, NULL, &expected);
    assert_int_equal(status, TUWEN_BAD_IMAGE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tuwen_cache_embed(cache, session, inputs, INPUTS, vectors, NULL, &got), status);
        assert_string_equal(got.message, expected.message);
    }
    assert_int_equal(tuwen_cache_embed(cache, session, inputs, 3, vectors, NULL, &got), TUWEN_OK);
    assert_int_equal(tuwen_cache_embed(cache, NULL, inputs, 3, vectors, NULL, &got), TUWEN_INVALID_ARGUMENT);
    assert_int_equal(tuwen_cache_embed(cache, session, NULL, 3, vectors, NULL, &got), TUWEN_INVALID_ARGUMENT);
    assert_int_equal(tuwen_cache_embed(cache, session, NULL, 0, NULL, NULL, &got), TUWEN_OK);
    tuwen_session_cancel(session);
    assert_int_equal(tuwen_cache_embed(cache, session, inputs + 3, 1, vectors, NULL, &got), TUWEN_CANCELLED);
    free_pictures(pictures);
    tw_free(vectors);
    tuwen_cache_close(cache);
    tuwen_session_close(session);
}

/* Sessions of other settings share nothing; what only limits a session does not part it from others. */
static void test_fingerprints(void **state)
{
    (void)state;
    tuwen_cache *cache = open_cache(0);
    tuwen_session *long_one = open_session((tuwen_session_options){0});
    tuwen_session *short_one = open_session((tuwen_session_options){.max_length = 36});
    tuwen_session *patient = open_session((tuwen_session_options){.max_picture_seconds = 60});
    assert_string_not_equal(tuwen_session_exact_fingerprint(long_one), tuwen_session_exact_fingerprint(short_one));
    assert_string_equal(tuwen_session_exact_fingerprint(long_one), tuwen_session_exact_fingerprint(patient));
    expect_same(cache, long_one);
    expect_same(cache, short_one);
    expect_counts(cache, 0, 2 * (INPUTS - 2));
    expect_same(cache, patient);
    expect_counts(cache, GOOD, 2 * (INPUTS - 2) + 2);
    tuwen_cache_space spaces[3] = {0};
    size_t count = 0;
    assert_int_equal(tuwen_cache_get_spaces(cache, spaces, 3, &count, NULL), TUWEN_OK);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(spaces[i].entries, GOOD - 1);
        assert_int_equal(spaces[i].dimension, tuwen_model_dimension(model));
        assert_string_equal(spaces[i].model, "tiny");
    }
    tuwen_session_close(long_one);
    tuwen_session_close(short_one);
    tuwen_session_close(patient);
    tuwen_cache_close(cache);
}

/* A picture above the limits of this session fails, although one with wider limits has stored it. */
static void test_limits(void **state)
{
    (void)state;
    tuwen_cache *cache = open_cache(0);
    const tuwen_session_options limits[] = {
        {0}, {.max_picture_pixels = 2639}, {.max_picture_bytes = 100}, {.max_picture_pixels = 2640}};
    size_t size;
    char *picture = golden_file("images/60x44.png", &size);
    const tuwen_input input = {.picture = picture, .picture_size = size};
    float *vector = tw_alloc(tuwen_model_dimension(model), sizeof *vector);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        tuwen_session *session = open_session(limits[i]);
        tuwen_output output;
        assert_int_equal(tuwen_cache_embed(cache, session, &input, 1, vector, &output, NULL), TUWEN_OK);
        assert_int_equal(output.status, i == 1 || i == 2 ? TUWEN_LIMIT : TUWEN_OK);
        tuwen_session_close(session);
    }
    expect_counts(cache, 1, 3);
    tw_free(vector);
    tw_free(picture);
    tuwen_cache_close(cache);
}

/* ---- files that are not as they should be --------------------------------------------------------------------- */

static bool beside(const char *ending)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%s%s", path, ending);
    return tw_file_exists(name);
}

static void test_other_files(void **state)
{
    (void)state;
    tuwen_cache_close(open_cache(0));
    change_file("PRAGMA user_version = 2; CREATE TABLE later(a)");
    size_t before_size, after_size;
    char *before, *after;
    assert_int_equal(tw_file_read(path, 1 << 20, &before, &before_size, NULL), TUWEN_OK);
    expect_refused(TUWEN_UNSUPPORTED, "later version");
    assert_int_equal(tw_file_read(path, 1 << 20, &after, &after_size, NULL), TUWEN_OK);
    assert_int_equal(before_size, after_size);
    assert_memory_equal(before, after, before_size);
    tw_free(before);
    tw_free(after);

    (void)unlink(path);
    assert_int_equal(tw_output_put(path, "", 0, NULL), TUWEN_OK);
    change_file("CREATE TABLE mine(a)");
    expect_refused(TUWEN_INVALID_ARGUMENT, "another program");

    assert_int_equal(tw_output_put(path, "no database at all, but a text", 30, NULL), TUWEN_OK);
    tuwen_cache_close(open_cache(0));
    assert_int_equal(said_count, 1);
    assert_non_null(strstr(said[0], "set aside as"));
    assert_true(beside(".damaged-1"));

    (void)snprintf(path, sizeof path, "%s/deep/letter.txt", folder);
    assert_int_equal(tw_output_put(path, "no database at all, but a text", 30, NULL), TUWEN_OK);
    expect_refused(TUWEN_INVALID_ARGUMENT, "does not end in .sqlite");
    (void)snprintf(path, sizeof path, "/proc/tuwen/vectors.sqlite");
    expect_refused(TUWEN_IO, "cannot be written");
    (void)snprintf(path, sizeof path, "%s", folder);
    expect_refused(TUWEN_IO, "");
    assert_int_equal(chdir(folder), 0);
    (void)snprintf(path, sizeof path, ":memory:"); /* a file like any other */
    tuwen_cache_close(open_cache(0));
    assert_int_equal(chdir("/"), 0);
    (void)snprintf(path, sizeof path, "%s/:memory:", folder);
    change_file("INSERT INTO spaces VALUES(1, '', '', '', 1)"); /* the table is there */
    tuwen_cache *cache;
    const tuwen_cache_options existing = {.existing = true};
    assert_int_equal(tuwen_cache_open("/nowhere/vectors.sqlite", &existing, &cache, NULL), TUWEN_NOT_FOUND);
    assert_int_equal(tuwen_cache_open("", NULL, &cache, NULL), TUWEN_INVALID_ARGUMENT);
}

/* A link stays a link, whatever happens to the file that it leads to. */
static void test_link(void **state)
{
    (void)state;
    char real[128];
    struct stat status;
    tuwen_cache_close(open_cache(0));
    (void)snprintf(real, sizeof real, "%s/real.sqlite", folder);
    assert_int_equal(rename(path, real), 0);
    assert_int_equal(symlink("../real.sqlite", path), 0);
    tuwen_cache *cache = open_cache(0);
    tuwen_cache_info info;
    assert_int_equal(tuwen_cache_get_info(cache, &info, NULL), TUWEN_OK);
    assert_string_equal(info.path, real);
    tuwen_cache_close(cache);
    assert_int_equal(tw_output_put(real, "no database at all, but a text", 30, NULL), TUWEN_OK);
    tuwen_cache_close(open_cache(0));
    assert_int_equal(said_count, 1);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    expect_whole();
    assert_int_equal(unlink(real), 0); /* a link that leads nowhere is not made to lead somewhere */
    expect_refused(TUWEN_IO, "cannot be written");
}

/* The file of another user, and a folder that may not be written: refused, and nothing changes. */
static void test_no_leave(void **state)
{
    (void)state;
    char deep[80];
    (void)snprintf(deep, sizeof deep, "%s/deep", folder);
    tuwen_cache_close(open_cache(0));
    assert_int_equal(chmod(folder, 0755), 0);
    bool root = geteuid() == 0;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(chmod(path, round == 0 && !root ? 0 : round == 0 ? 0600 : 0644), 0);
        assert_int_equal(chmod(deep, round == 0 ? 0755 : 0555), 0);
        if (round == 2) {
            assert_int_equal(chmod(deep, 0755), 0);
            assert_int_equal(unlink(path), 0);
            assert_int_equal(chmod(deep, 0555), 0);
        }
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            tuwen_cache *cache;
            tuwen_error error = {0};
            if (root && setuid(65534) != 0)
                _exit(3);
            _exit(tuwen_cache_open(path, NULL, &cache, &error) == TUWEN_IO ? 0 : 4);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    assert_int_equal(chmod(deep, 0755), 0);
    assert_false(beside(".damaged-1"));
}

/* A schema of version 1 that is not ours, however it came about, is damage. */
static void test_other_schema(void **state)
{
    (void)state;
    static const char *const changes[] = {"DROP TABLE vectors", "DROP INDEX vectors_used", "CREATE TABLE more(a)",
                                          "PRAGMA user_version = 0", "ALTER TABLE vectors ADD COLUMN more"};
    tuwen_session *session = open_session((tuwen_session_options){0});
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        tuwen_cache *cache = open_cache(0);
        expect_same(cache, session);
        tuwen_cache_close(cache);
        change_file(changes[i]);
        cache = open_cache(0);
        assert_int_equal(said_count, i + 1);
        expect_same(cache, session);
        tuwen_cache_close(cache);
    }
    tuwen_session_close(session);
    assert_true(beside(".damaged-3"));
    assert_false(beside(".damaged-4"));
    tuwen_cache *cache = open_cache(0);
    assert_int_equal(tuwen_cache_clear(cache, NULL), TUWEN_OK);
    tuwen_cache_close(cache);
    assert_false(beside(".damaged-1"));
    assert_false(beside(".damaged-3"));
}

static unsigned long random_number(unsigned long *seed)
{
    *seed = *seed * 6364136223846793005ul + 1442695040888963407ul;
    return *seed >> 33;
}

/* Bytes changed at random, or the end cut off: whatever SQLite makes of it, the vectors are right, and the file is whole
 * again. Before the file is opened, or while it is. */
static void test_damage(void **state)
{
    (void)state;
    tuwen_session *session = open_session((tuwen_session_options){0});
    tuwen_cache *cache = open_cache(0);
    size_t size;
    char *whole, *file;
    expect_same(cache, session);
    tuwen_cache_close(cache);
    assert_int_equal(tw_file_read(path, 1 << 20, &whole, &size, NULL), TUWEN_OK);
    file = tw_alloc(size, 1);
    unsigned long seed = 5;
    size_t set_aside = 0;
    for (int round = 0; round < 120; round++) {
        bool cut = round % 3 == 0, open = round % 2 == 0;
        size_t kept = cut ? random_number(&seed) % size : size;
        memcpy(file, whole, size);
        for (unsigned long i = 1 + random_number(&seed) % 20; !cut && i > 0; i--)
            file[random_number(&seed) % size] ^= (char)(1 << random_number(&seed) % 8);
        said_count = 0;
        assert_int_equal(tw_output_put(path, open ? whole : file, open ? size : kept, NULL), TUWEN_OK);
        cache = open_cache(0);
        if (open) { /* as another program might: into the file that is open */
            FILE *stream = fopen(path, "r+b");
            assert_non_null(stream);
            assert_int_equal(fwrite(file, 1, kept, stream), kept);
            assert_int_equal(fflush(stream), 0);
            assert_int_equal(ftruncate(fileno(stream), (off_t)kept), 0);
            fclose(stream);
        }
        expect_same(cache, session);
        expect_same(cache, session);
        tuwen_cache_close(cache);
        set_aside += said_count;
        if (said_count > 0)
            expect_whole();
    }
    if (set_aside < 20)
        fail_msg("only %zu of 120 damaged files were noticed", set_aside);
    tw_free(file);
    tw_free(whole);
    tuwen_session_close(session);
}

/* ---- size ----------------------------------------------------------------------------------------------------- */

#define WIDE 1536

/* Entries of the largest published size without a model: entry `number` has a key and a vector of its own. */
static void make_entry(uint32_t number, unsigned char key[TW_SHA256_SIZE], float vector[WIDE], tw_cache_entry *entry)
{
    tw_digest digest;
    tw_digest_open(&digest, TW_SHA256);
    tw_digest_add(&digest, &number, sizeof number);
    tw_digest_bytes(&digest, key);
    for (uint32_t i = 0; i < WIDE; i++)
        vector[i] = (float)(number * 31 + i);
    *entry = (tw_cache_entry){.key = key, .vector = vector, .facts = {.tokens = (int32_t)number, .width = 7}};
}

static const tw_cache_owner wide_owner = {.exact = "0123", .fingerprint = "0123", .model = "wide", .dimension = WIDE};

static void store_numbers(tw_cache_file *file, uint32_t first, uint32_t count)
{
    unsigned char(*keys)[TW_SHA256_SIZE] = tw_alloc(count, sizeof *keys);
    float *vectors = tw_alloc((size_t)count * WIDE, sizeof *vectors);
    tw_cache_entry *entries = tw_alloc(count, sizeof *entries);
    for (uint32_t i = 0; i < count; i++)
        make_entry(first + i, keys[i], vectors + (size_t)i * WIDE, &entries[i]);
    tw_cache_file_store(file, &wide_owner, entries, count);
    tw_free(keys);
    tw_free(vectors);
    tw_free(entries);
}

/* Whether the entry is there; if so, it must be the right one. */
static bool has_number(tw_cache_file *file, uint32_t number)
{
    unsigned char key[TW_SHA256_SIZE];
    float vector[WIDE], got[WIDE];
    tw_cache_entry entry;
    tw_cache_facts facts;
    make_entry(number, key, vector, &entry);
    if (!tw_cache_file_find(file, key, got, WIDE, &facts))
        return false;
    assert_memory_equal(vector, got, sizeof vector);
    assert_int_equal(facts.tokens, number);
    assert_int_equal(facts.width, 7);
    return true;
}

static void open_file(tw_cache_file *file, uint64_t max_bytes)
{
    const tuwen_cache_options options = {.max_bytes = max_bytes, .log = on_log};
    tuwen_error error = {0};
    *file = (tw_cache_file){0};
    if (tw_cache_file_open(path, &options, file, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
}

static void test_size(void **state)
{
    (void)state;
    static const uint64_t caps[] = {1 << 20, 5 << 20, 20 << 20};
    tw_cache_file file;
    for (size_t i = 0; i < 3; i++) {
        uint64_t largest = 0;
        uint32_t last = 0;
        const uint32_t most = (uint32_t)(caps[i] / 4000);
        open_file(&file, caps[i]);
        for (uint32_t number = 0; number < most; number += 64) {
            store_numbers(&file, number, 64);
            uint64_t bytes = tw_cache_file_bytes(&file);
            largest = bytes > largest ? bytes : largest;
            assert_true(has_number(&file, number + 63));
            last = number;
        }
        if (largest > caps[i] || largest < caps[i] / 2)
            fail_msg("%llu bytes of %llu", (unsigned long long)largest, (unsigned long long)caps[i]);
        assert_false(has_number(&file, 0));
        assert_true(has_number(&file, last));
        tw_cache_file_close(&file);
        assert_int_equal(said_count, 0);
        expect_whole();
    }
}

/* What was used lately stays, and a smaller size later is kept to as well. */
static void test_trim(void **state)
{
    (void)state;
    tw_cache_file file;
    open_file(&file, 0);
    store_numbers(&file, 0, 300);
    tw_cache_file_close(&file);
    change_file("UPDATE vectors SET used = 1000 + id");
    open_file(&file, 0);
    assert_true(has_number(&file, 0)); /* the oldest: its use is noted */
    tw_cache_file_store(&file, &wide_owner, NULL, 0);
    assert_int_equal(tw_cache_file_shrink(&file, 1 << 20, NULL), TUWEN_OK);
    assert_true(tw_cache_file_bytes(&file) <= 1 << 20);
    assert_true(tw_cache_file_bytes(&file) > 3 << 18);
    assert_true(has_number(&file, 0));
    assert_false(has_number(&file, 1));
    assert_true(has_number(&file, 299));
    tw_cache_file_close(&file);
    expect_whole();

    open_file(&file, 0);
    store_numbers(&file, 300, 2000);
    tw_cache_file_close(&file);
    open_file(&file, 2 << 20);
    store_numbers(&file, 5000, 64);
    assert_true(tw_cache_file_bytes(&file) <= 2 << 20);
    assert_true(has_number(&file, 5000));
    assert_int_equal(tw_cache_file_shrink(&file, 0, NULL), TUWEN_OK);
    assert_true(tw_cache_file_bytes(&file) < 100000);
    assert_false(has_number(&file, 5000));
    tw_cache_file_close(&file);
    expect_whole();
    assert_int_equal(said_count, 0);
}

/* Files may not grow: said once, and the vectors are right all the same. */
static void test_full(void **state)
{
    (void)state;
    tuwen_session *session = open_session((tuwen_session_options){0});
    tuwen_cache *cache = open_cache(0);
    struct rlimit before, limit;
    tuwen_cache_close(cache);
    cache = open_cache(0);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 20000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    tw_cache_file file;
    open_file(&file, 0);
    store_numbers(&file, 0, 64);
    assert_int_equal(said_count, 1);
    assert_non_null(strstr(said[0], "cannot store more"));
    store_numbers(&file, 64, 64);
    assert_false(has_number(&file, 0));
    assert_int_equal(said_count, 1);
    tw_cache_file_close(&file);
    limit.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_same(cache, session);
    expect_same(cache, session);
    tuwen_cache_close(cache);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    tuwen_session_close(session);
    expect_whole();
    open_file(&file, 0);
    store_numbers(&file, 0, 64);
    assert_true(has_number(&file, 0));
    tw_cache_file_close(&file);
}

/* ---- several at once ------------------------------------------------------------------------------------------ */

/* Stores and looks up until it is killed, or `rounds` times. */
static void work_alone(uint32_t part, int rounds)
{
    tw_cache_file file = {0};
    const tuwen_cache_options options = {.max_bytes = 3 << 20};
    if (tw_cache_file_open(path, &options, &file, NULL) != TUWEN_OK)
        _exit(3);
    for (uint32_t round = 0; round < (uint32_t)rounds; round++) {
        uint32_t first = (part + round * 8) % 1000;
        store_numbers(&file, first, 8);
        if (!has_number(&file, first) && !file.stores)
            _exit(4);
    }
    bool good = file.stores && file.database;
    tw_cache_file_close(&file);
    _exit(good ? 0 : 5);
}

static pid_t start(uint32_t part, int rounds)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        work_alone(part, rounds);
    return child;
}

static void test_processes(void **state)
{
    (void)state;
    pid_t children[6];
    for (uint32_t i = 0; i < 6; i++) /* no file is there yet: they make it at the same time */
        children[i] = start(i * 100, 60);
    for (size_t i = 0; i < 6; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("a process ended with %d", status);
    }
    expect_whole();
    assert_false(beside(".damaged-1"));
}

static void test_kills(void **state)
{
    (void)state;
    unsigned long seed = 11;
    for (int round = 0; round < 40; round++) {
        pid_t children[2] = {start(0, 1000000), start(500, 1000000)};
        (void)usleep((useconds_t)(random_number(&seed) % 30000));
        for (size_t i = 0; i < 2; i++) {
            int status;
            assert_int_equal(kill(children[i], SIGKILL), 0);
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_true(WIFSIGNALED(status));
        }
        tw_cache_file file;
        open_file(&file, 3 << 20);
        for (uint32_t number = 0; number < 1000; number += 10)
            (void)has_number(&file, number);
        store_numbers(&file, 2000, 1);
        assert_true(has_number(&file, 2000));
        assert_true(tw_cache_file_bytes(&file) <= 3 << 20);
        tw_cache_file_close(&file);
        expect_whole();
        assert_int_equal(said_count, 0);
    }
    assert_false(beside(".damaged-1"));
}

static void *work_in_thread(void *user)
{
    tuwen_session *session = open_session((tuwen_session_options){0});
    tuwen_cache *cache = NULL;
    (void)user;
    if (tuwen_cache_open(path, NULL, &cache, NULL) == TUWEN_OK)
        for (int i = 0; i < 3; i++)
            expect_same(cache, session);
    bool good = cache != NULL;
    tuwen_cache_close(cache);
    tuwen_session_close(session);
    return good ? user : NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work_in_thread, folder), 0);
    for (size_t i = 0; i < 3; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, folder);
    }
    expect_whole();
}

/* One process sets a damaged file aside while another has it open: the other does not touch the new one. */
static void test_damage_seen_twice(void **state)
{
    (void)state;
    tw_cache_file first, second;
    open_file(&first, 0);
    store_numbers(&first, 0, 8);
    open_file(&second, 0);
    assert_true(has_number(&second, 1));
    assert_int_equal(tw_database_checkpoint(first.database, true), TW_ANSWER_DONE);
    change_file("UPDATE vectors SET sum = x'0000000000000000'");
    assert_false(has_number(&first, 1));
    assert_int_equal(said_count, 1);
    store_numbers(&first, 0, 8);
    assert_true(has_number(&first, 1));
    assert_false(has_number(&second, 1)); /* the old one: noticed too, and the new one taken */
    assert_int_equal(said_count, 1);
    assert_true(has_number(&second, 1));
    assert_int_equal(second.identity.inode, first.identity.inode);
    tw_cache_file_close(&second);
    store_numbers(&first, 8, 8);
    tw_cache_file_close(&first);
    expect_whole();
    open_file(&first, 0);
    assert_true(has_number(&first, 15));
    tw_cache_file_close(&first);
    assert_false(beside(".damaged-2"));
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static tuwen_status open_and_embed(void *user, tuwen_error *error)
{
    tuwen_cache *cache;
    const tuwen_input inputs[2] = {{.text = "a dog", .text_size = 5}, {.text = "a cat", .text_size = 5}};
    tuwen_session *session = user;
    float *vectors = NULL;
    tuwen_status status = tuwen_cache_open(path, NULL, &cache, error);
    if (status != TUWEN_OK)
        return status;
    vectors = tw_alloc(2 * tuwen_model_dimension(model), sizeof *vectors);
    status = vectors ? tuwen_cache_embed(cache, session, inputs, 2, vectors, NULL, error)
                     : tw_fail_memory(error, "the test");
    if (status == TUWEN_OK)
        status = tuwen_cache_clear(cache, error);
    tw_free(vectors);
    tuwen_cache_close(cache);
    return status;
}

static void test_allocations(void **state)
{
    (void)state;
    tuwen_session *session = open_session((tuwen_session_options){0});
    assert_true(alloc_fail_each(open_and_embed, session) > 15);
    tuwen_session_close(session);
    expect_whole();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_first_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fingerprints, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_leave, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_schema, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_trim, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_processes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kills, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage_seen_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_allocations, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
