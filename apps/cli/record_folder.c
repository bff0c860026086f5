/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of pictures with their texts beside them: photo.jpg and photo.txt, a text on each line that is not blank. */
#include "record_parts.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "messages.h"

/* The largest file of texts beside a picture. */
#define SIDE_BYTES (1u << 20)

/* Endings of the formats that the library decodes. */
static const char *const endings[] = {".jpg", ".jpeg", ".png",  ".webp", ".gif", ".bmp",
                                      ".tif", ".tiff", ".heic", ".heif", ".avif"};

static bool is_picture(const char *name)
{
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && ending != name && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(ending, endings[i]) == 0)
            return true;
    return false;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool out_of_memory(void)
{
    complain(SAY_OUT_OF_MEMORY, NULL);
    return false;
}

static bool take_names(struct record_folder *folder, DIR *entries)
{
    size_t capacity = 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (!is_picture(entry->d_name))
            continue;
        if (!record_grow((void **)&folder->names, &capacity, folder->count + 1, sizeof *folder->names))
            return out_of_memory();
        folder->names[folder->count] = strdup(entry->d_name);
        if (!folder->names[folder->count])
            return out_of_memory();
        folder->count++;
    }
    return true;
}

bool record_folder_open(struct record_folder *folder, const char *path)
{
    *folder = (struct record_folder){0};
    DIR *entries = opendir(path);
    if (!entries) {
        complain(SAY_FILE_ERROR, WITH(path, reason_of(errno)));
        return false;
    }
    bool good = take_names(folder, entries);
    closedir(entries);
    if (good && folder->count == 0) {
        complain(SAY_RECORDS_NO_PICTURES, WITH(path));
        return false;
    }
    if (good)
        qsort(folder->names, folder->count, sizeof *folder->names, compare_names);
    return good;
}

bool record_folder_texts(struct record_folder *folder, const char *path, size_t index, struct input_error *error)
{
    char side[PATH_MAX];
    const char *name = folder->names[index];
    bytes_free(&folder->texts);
    int stem = (int)(strrchr(name, '.') - name);
    if (snprintf(side, sizeof side, "%s%.*s.txt", path, stem, name) >= PATH_MAX) {
        *error = (struct input_error){.status = "INVALID_ARGUMENT"};
        message_format(error->message, sizeof error->message, SAY_FILE_ERROR, WITH(name, reason_of(ENAMETOOLONG)));
        return false;
    }
    return input_read_limited(side, SIDE_BYTES, &folder->texts, error);
}

void record_folder_free(struct record_folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->names[i]);
    free(folder->names);
    bytes_free(&folder->texts);
    *folder = (struct record_folder){0};
}
