/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for a fuzzing engine: gives every file of the folders named as arguments to a fuzz target, and besides
 * every file cut in half and with one byte changed, so that the ordinary tests meet damaged input too.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

/* The target gets its own block of exactly `size` bytes, so that the address sanitizer sees a read beyond it. */
static bool run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        return false;
    if (size)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return true;
}

static bool replay(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1);
    bool good = file && data && fread(data, 1, size, file) == size;
    if (good) {
        good = run(data, size) && run(data, size / 2);
        if (size) {
            data[size / 3] ^= 0x55;
            good = good && run(data, size);
        }
    }
    if (!good)
        fprintf(stderr, "%s: cannot be read\n", path);
    free(data);
    if (file)
        fclose(file);
    return good;
}

/* Returns how many files were read; -1 for trouble. */
static long replay_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    if (!entries) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        return -1;
    }
    long count = 0;
    for (struct dirent *entry; count >= 0 && (entry = readdir(entries));) {
        char path[4096];
        struct stat facts;
        int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (length < 0 || (size_t)length >= sizeof path || stat(path, &facts) != 0 || !S_ISREG(facts.st_mode))
            continue;
        count = replay(path, (size_t)facts.st_size) ? count + 1 : -1;
    }
    closedir(entries);
    return count;
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize)
        (void)LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        long count = replay_folder(argv[i]);
        if (count < 0)
            return 1;
        if (count == 0) {
            fprintf(stderr, "%s: no corpus\n", argv[i]);
            return 1;
        }
        printf("%s: %ld files\n", argv[i], count);
    }
    return argc > 1 ? 0 : 1;
}
