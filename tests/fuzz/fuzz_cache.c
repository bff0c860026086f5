/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the vector cache. Whatever it holds, it is opened, refused, or set aside and begun anew; what is found is what
 * was stored, or nothing; and after that entries can be stored and are found. An input of an even length is the file. One of an
 * odd length is a list of changes to a good file, three bytes each: the place in two, and the byte there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/output.h"
#include "index/cache_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DIMENSION = 300, ENTRIES = 12 };

static char folder[64], path[96];
static char *good; /* a file with entries */
static size_t good_size;

static void make_entry(unsigned number, unsigned char key[TW_SHA256_SIZE], float vector[DIMENSION],
                       tw_cache_entry *entry)
{
    memset(key, (int)number, TW_SHA256_SIZE);
    for (unsigned i = 0; i < DIMENSION; i++)
        vector[i] = (float)(number * DIMENSION + i);
    *entry = (tw_cache_entry){.key = key, .vector = vector, .facts = {.tokens = (int32_t)number}};
}

static const tw_cache_owner owner = {.exact = "e", .fingerprint = "f", .model = "m", .dimension = DIMENSION};

static void store(tw_cache_file *file, unsigned number)
{
    unsigned char key[TW_SHA256_SIZE];
    float vector[DIMENSION];
    tw_cache_entry entry;
    make_entry(number, key, vector, &entry);
    tw_cache_file_store(file, &owner, &entry, 1);
}

static bool find(tw_cache_file *file, unsigned number)
{
    unsigned char key[TW_SHA256_SIZE];
    float vector[DIMENSION], got[DIMENSION];
    tw_cache_entry entry;
    tw_cache_facts facts;
    make_entry(number, key, vector, &entry);
    if (!tw_cache_file_find(file, key, got, DIMENSION, &facts))
        return false;
    if (memcmp(got, vector, sizeof got) != 0 || facts.tokens != (int32_t)number)
        abort();
    return true;
}

static void remove_all(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".lock"};
    char name[160];
    for (int number = 0; number <= 3; number++)
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
            char middle[16] = "";
            if (number > 0)
                (void)snprintf(middle, sizeof middle, ".damaged-%d", number);
            (void)snprintf(name, sizeof name, "%s%s%s", path, middle, endings[i]);
            (void)unlink(name);
        }
}

static void remove_folder(void)
{
    remove_all();
    (void)rmdir(folder);
    free(good);
}

static void make_good(void)
{
    const char *place = getenv("TMPDIR");
    tw_cache_file file = {0};
    const tuwen_cache_options options = {0};
    (void)snprintf(folder, sizeof folder, "%.30s/tuwen-fuzz-XXXXXX", place && *place ? place : "/tmp");
    if (!mkdtemp(folder) || atexit(remove_folder) != 0)
        abort();
    (void)snprintf(path, sizeof path, "%s/v.sqlite", folder);
    if (tw_cache_file_open(path, &options, &file, NULL) != TUWEN_OK)
        abort();
    for (unsigned number = 0; number < ENTRIES; number++)
        store(&file, number);
    tw_cache_file_close(&file);
    FILE *stream = fopen(path, "rb");
    struct stat status;
    if (!stream || fstat(fileno(stream), &status) != 0)
        abort();
    good_size = (size_t)status.st_size;
    good = malloc(good_size);
    if (!good || fread(good, 1, good_size, stream) != good_size)
        abort();
    fclose(stream);
}

/* Writes the file that the input stands for. */
static void write_file(const uint8_t *data, size_t size)
{
    if (size % 2 == 0) {
        if (tw_output_put(path, data, size, NULL) != TUWEN_OK)
            abort();
        return;
    }
    char *bytes = malloc(good_size);
    if (!bytes)
        abort();
    memcpy(bytes, good, good_size);
    for (size_t i = 0; i + 3 <= size; i += 3)
        bytes[((size_t)data[i] << 8 | data[i + 1]) % good_size] = (char)data[i + 2];
    if (tw_output_put(path, bytes, good_size, NULL) != TUWEN_OK)
        abort();
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tw_cache_file file = {0};
    const tuwen_cache_options options = {.max_bytes = 1 << 20};
    tuwen_error error = {0};
    if (!good)
        make_good();
    remove_all();
    write_file(data, size);
    tuwen_status status = tw_cache_file_open(path, &options, &file, &error);
    if (status != TUWEN_OK && (!error.message[0] || error.status != status))
        abort();
    if (status == TUWEN_OK) {
        for (unsigned number = 0; number < ENTRIES + 2; number++)
            (void)find(&file, number);
        store(&file, ENTRIES);
        if (file.database && file.stores && !find(&file, ENTRIES) && file.set_aside == 0)
            abort();
        (void)tw_cache_file_shrink(&file, size % 4 < 2 ? 0 : 80000, &error);
    }
    tw_cache_file_close(&file);
    return 0;
}
