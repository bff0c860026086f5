/* SPDX-License-Identifier: Apache-2.0 */
/* What stands beside the file of the vector cache: its log, and damaged ones that were set aside. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "index/cache_file.h"

#define MOST_DAMAGED 3

void tw_cache_file_say(const tw_cache_file *file, const tuwen_error *error)
{
    if (file->options.log)
        file->options.log(file->options.log_user, error->message);
}

static const char *const companions[] = {"", "-wal", "-shm"};
#define COMPANIONS (sizeof companions / sizeof *companions)

char *tw_cache_file_name(const tw_cache_file *file, const char *middle, const char *ending)
{
    size_t size = strlen(file->path) + strlen(middle) + strlen(ending) + 1;
    char *name = tw_alloc(size, 1);
    if (name)
        (void)snprintf(name, size, "%s%s%s", file->path, middle, ending);
    return name;
}

static char *damaged_name(const tw_cache_file *file, int number, const char *ending)
{
    char middle[32];
    (void)snprintf(middle, sizeof middle, ".damaged-%d", number);
    return tw_cache_file_name(file, middle, ending);
}

static uint64_t bytes_of(char *name)
{
    int64_t size = 0, changed;
    if (!name || !tw_disk_state(name, &size, &changed))
        size = 0;
    tw_free(name);
    return (uint64_t)size;
}

uint64_t tw_cache_file_bytes(const tw_cache_file *file)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < COMPANIONS; i++)
        bytes += bytes_of(tw_cache_file_name(file, "", companions[i]));
    return bytes;
}

uint64_t tw_cache_file_damaged_bytes(const tw_cache_file *file)
{
    uint64_t bytes = 0;
    for (int number = 1; number <= MOST_DAMAGED; number++)
        for (size_t i = 0; i < COMPANIONS; i++)
            bytes += bytes_of(damaged_name(file, number, companions[i]));
    return bytes;
}

tuwen_status tw_cache_file_remove_damaged(tw_cache_file *file, tuwen_error *error)
{
    tuwen_status status = TUWEN_OK;
    for (int number = 1; number <= MOST_DAMAGED; number++)
        for (size_t i = 0; i < COMPANIONS && status == TUWEN_OK; i++) {
            char *name = damaged_name(file, number, companions[i]);
            status = name ? tw_disk_remove(name, error) : tw_fail_memory(error, file->path);
            tw_free(name);
        }
    return status;
}

tuwen_status tw_cache_file_set_aside(const tw_cache_file *file, const char *reason, tuwen_error *error)
{
    int number = 1;
    for (bool taken = true; taken && number < MOST_DAMAGED; number += taken) {
        char *name = damaged_name(file, number, "");
        taken = name && tw_file_exists(name);
        tw_free(name);
    }
    tuwen_status status = TUWEN_OK;
    for (size_t i = 0; i < COMPANIONS && status == TUWEN_OK; i++) {
        char *from = tw_cache_file_name(file, "", companions[i]), *to = damaged_name(file, number, companions[i]);
        if (!from || !to)
            status = tw_fail_memory(error, file->path);
        else if (tw_file_exists(from))
            status = tw_disk_rename(from, to, error);
        else
            (void)tw_disk_remove(to, NULL); /* of an older one */
        if (status == TUWEN_OK && i == 0) {
            tuwen_error said = {.language = file->options.language};
            (void)tw_fail(&said, TUWEN_IO, "%s: is damaged (%s): it was set aside as %s, and a new cache begun",
                          file->path, reason, to);
            tw_cache_file_say(file, &said);
        }
        tw_free(from);
        tw_free(to);
    }
    return status;
}
