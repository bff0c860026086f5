/* SPDX-License-Identifier: Apache-2.0 */
/* The user's models, by name. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages.h"
#include "places.h"

#define PACKED_ENDING ".tuwen"
#define UNFINISHED_ENDING ".pull"

bool store_folder(char folder[PATH_MAX])
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && *data == '/')
        return path_join(folder, data, "tuwen/models", "");
    return home && *home && path_join(folder, home, ".local/share/tuwen/models", "");
}

bool store_make(char folder[PATH_MAX])
{
    if (!store_folder(folder)) {
        complain(SAY_STORE_NOWHERE, NULL);
        return false;
    }
    bool good = folder_make(folder);
    if (!good)
        complain(SAY_STORE_MAKE, WITH(folder, reason_of(errno)));
    return good;
}

/* Whether `text` ends so, with something in front. */
static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

bool store_name_good(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(name);
    return length > 0 && length < STORE_NAME_SIZE && strspn(name, allowed) == length && *name != '.' &&
           *name != '-' && strcmp(name, "default") != 0 && !ends_with(name, PACKED_ENDING);
}

bool store_name_known(const char *name)
{
    return strcmp(name, "gme-2b") == 0 || strcmp(name, "gme-7b") == 0;
}

static bool origin_path(char path[PATH_MAX], const char *folder, const char *name)
{
    char hidden[STORE_NAME_SIZE + 1];
    snprintf(hidden, sizeof hidden, ".%s", name);
    return path_join(path, folder, hidden, ".from");
}

void store_origin(const char *folder, const char *name, char origin[STORE_ORIGIN_SIZE])
{
    char path[PATH_MAX];
    *origin = '\0';
    FILE *file = origin_path(path, folder, name) ? fopen(path, "r") : NULL;
    if (!file)
        return;
    if (fgets(origin, STORE_ORIGIN_SIZE, file))
        origin[strcspn(origin, "\n")] = '\0';
    fclose(file);
}

bool store_set_origin(const char *folder, const char *name, const char *origin)
{
    char path[PATH_MAX];
    if (!origin_path(path, folder, name))
        return false;
    if (!*origin)
        return unlink(path) == 0 || errno == ENOENT;
    FILE *file = fopen(path, "w");
    bool good = file && fprintf(file, "%s\n", origin) > 0;
    return file && fclose(file) == 0 && good;
}

bool store_find(const char *name, char path[PATH_MAX])
{
    char folder[PATH_MAX];
    if (!store_name_good(name) || !store_folder(folder))
        return false;
    if (path_join(path, folder, name, PACKED_ENDING) && access(path, F_OK) == 0)
        return true;
    return path_join(path, folder, name, "") && access(path, F_OK) == 0;
}

/* Where a link leads if that is an entry of the store: "NAME.tuwen" or "NAME"; else NULL. */
static const char *entry_of_link(const char *folder, const char *target)
{
    size_t length = strlen(folder);
    if (strncmp(target, folder, length) == 0 && target[length] == '/')
        target += length + 1;
    return strchr(target, '/') ? NULL : target;
}

/* Reads a link; empty if it is none. */
static void read_link(const char *path, char target[PATH_MAX])
{
    ssize_t length = readlink(path, target, PATH_MAX - 1);
    target[length > 0 ? length : 0] = '\0';
}

enum store_default store_find_default(char path[PATH_MAX], char label[PATH_MAX])
{
    char folder[PATH_MAX], target[PATH_MAX];
    struct stat status;
    if (!store_folder(folder) || !path_join(path, folder, "default", "") || lstat(path, &status) != 0)
        return STORE_DEFAULT_NONE;
    read_link(path, target);
    const char *entry = entry_of_link(folder, target);
    if (*target && entry)
        snprintf(label, PATH_MAX, "%.*s",
                 (int)(strlen(entry) - (ends_with(entry, PACKED_ENDING) ? strlen(PACKED_ENDING) : 0)), entry);
    else
        snprintf(label, PATH_MAX, "%s", path);
    return access(path, F_OK) == 0 ? STORE_DEFAULT_GOOD : STORE_DEFAULT_BROKEN;
}

#define FRESH_DEFAULT ".default." /* and the number of the process */

/* Removes links that processes which were killed left before they could put them in their place. */
static void remove_fresh_defaults(const char *folder)
{
    DIR *open_folder = opendir(folder);
    for (struct dirent *file; open_folder && (file = readdir(open_folder)) != NULL;) {
        if (strncmp(file->d_name, FRESH_DEFAULT, strlen(FRESH_DEFAULT)) != 0)
            continue;
        long process = strtol(file->d_name + strlen(FRESH_DEFAULT), NULL, 10);
        if (process > 0 && kill((pid_t)process, 0) != 0 && errno == ESRCH)
            (void)unlinkat(dirfd(open_folder), file->d_name, 0);
    }
    if (open_folder)
        closedir(open_folder);
}

bool store_set_default(const char *target)
{
    char folder[PATH_MAX], path[PATH_MAX], fresh[PATH_MAX];
    struct stat status;
    if (!store_make(folder) || !path_join(path, folder, "default", "") ||
        !path_join(fresh, folder, FRESH_DEFAULT, number_text((double)getpid(), 0).text))
        return false;
    if (lstat(path, &status) == 0 && !S_ISLNK(status.st_mode)) {
        complain(SAY_DEFAULT_NO_LINK, WITH(path));
        return false;
    }
    const char *entry = entry_of_link(folder, target);
    remove_fresh_defaults(folder);
    unlink(fresh);
    bool good = symlink(entry ? entry : target, fresh) == 0 && rename(fresh, path) == 0;
    if (!good) {
        complain(SAY_WRITE_ERROR, WITH(path, reason_of(errno)));
        unlink(fresh);
    }
    return good;
}

/* ---- what is there ---- */

/* Sorts a file name of the store; false if it is none of ours. */
static bool classify(const char *file, struct store_entry *entry)
{
    size_t length = strlen(file), cut = 0;
    entry->kind = STORE_FOLDER;
    if (*file == '.' && ends_with(file, UNFINISHED_ENDING)) {
        entry->kind = STORE_UNFINISHED;
        file++;
        length--;
        cut = strlen(UNFINISHED_ENDING);
    } else if (ends_with(file, PACKED_ENDING)) {
        entry->kind = STORE_PACKED;
        cut = strlen(PACKED_ENDING);
    }
    if (length <= cut || length - cut >= sizeof entry->name)
        return false;
    snprintf(entry->name, sizeof entry->name, "%.*s", (int)(length - cut), file);
    return store_name_good(entry->name);
}

/* Bytes of all files of an unfinished pull: its folder holds one more. */
static uint64_t unfinished_bytes(const char *path, const char *name)
{
    DIR *folder = opendir(path);
    uint64_t bytes = folder_bytes(path);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        char inner[PATH_MAX];
        struct stat status;
        if (*entry->d_name != '.' && path_join(inner, path, entry->d_name, "") && lstat(inner, &status) == 0 &&
            S_ISDIR(status.st_mode))
            bytes += folder_bytes(inner);
    }
    if (folder)
        closedir(folder);
    return bytes;
}

static bool measure(struct store_entry *entry)
{
    struct stat status;
    if (stat(entry->path, &status) != 0)
        return lstat(entry->path, &status) == 0; /* a link that leads nowhere is listed, so that it can be removed */
    if ((entry->kind == STORE_PACKED) != (S_ISREG(status.st_mode) != 0))
        return false;
    entry->bytes = entry->kind == STORE_PACKED       ? (uint64_t)status.st_size
                   : entry->kind == STORE_UNFINISHED ? unfinished_bytes(entry->path, entry->name)
                                                     : folder_bytes(entry->path);
    return true;
}

static int compare_entries(const void *a, const void *b)
{
    const struct store_entry *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : (int)left->kind - (int)right->kind;
}

/* Marks the entry that the default names, or else those that lead to the same. */
static void mark_default(struct store_list *list, const char *folder)
{
    char path[PATH_MAX], label[PATH_MAX], target[PATH_MAX], named[PATH_MAX] = "", real[PATH_MAX], other[PATH_MAX];
    if (store_find_default(path, label) != STORE_DEFAULT_GOOD || !realpath(path, real))
        return;
    read_link(path, target);
    const char *entry = entry_of_link(folder, target);
    if (*target && entry && !path_join(named, folder, entry, ""))
        return;
    for (size_t i = 0; i < list->count; i++) {
        struct store_entry *at = &list->entries[i];
        at->is_default = *named
                             ? strcmp(at->path, named) == 0
                             : at->kind != STORE_UNFINISHED && realpath(at->path, other) && strcmp(real, other) == 0;
    }
}

bool store_read(struct store_list *list)
{
    char folder[PATH_MAX];
    *list = (struct store_list){0};
    DIR *open_folder = store_folder(folder) ? opendir(folder) : NULL;
    if (!open_folder)
        return true;
    bool good = true;
    size_t room = 0;
    for (struct dirent *file; (file = readdir(open_folder)) != NULL;) {
        if (list->count == room) {
            room = room ? 2 * room : 8;
            struct store_entry *larger = realloc(list->entries, room * sizeof *larger);
            if (!larger) {
                complain(SAY_OUT_OF_MEMORY, NULL);
                good = false;
                break;
            }
            list->entries = larger;
        }
        struct store_entry *entry = &list->entries[list->count];
        *entry = (struct store_entry){0};
        if (classify(file->d_name, entry) && path_join(entry->path, folder, file->d_name, "") && measure(entry))
            list->count++;
    }
    closedir(open_folder);
    if (list->count > 0)
        qsort(list->entries, list->count, sizeof *list->entries, compare_entries);
    mark_default(list, folder);
    return good;
}

void store_read_again(const struct store_entry *entry, char *arguments, size_t size)
{
    char path[PATH_MAX];
    FILE *file = path_join(path, entry->path, STORE_AGAIN, "") ? fopen(path, "r") : NULL;
    size_t length = file ? fread(arguments, 1, size - 1, file) : 0;
    arguments[length] = '\0';
    if (file)
        fclose(file);
}

void store_list_free(struct store_list *list)
{
    free(list->entries);
    *list = (struct store_list){0};
}

/* ---- locks ---- */

/* Whether the open file is still the one at `path`: the holder before us may have removed it. */
static bool is_current(int file, const char *path)
{
    struct stat ours, there;
    return fstat(file, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
           ours.st_dev == there.st_dev;
}

static bool locked_by_other(int file, const char *name)
{
    char holder[32] = "";
    ssize_t length = pread(file, holder, sizeof holder - 1, 0);
    holder[length > 0 ? length : 0] = '\0';
    complain(SAY_STORE_BUSY, WITH(name, *holder ? holder : "?"));
    return false;
}

bool store_lock(struct store_lock *lock, const char *folder, const char *name)
{
    char hidden[STORE_NAME_SIZE + 1];
    snprintf(hidden, sizeof hidden, ".%s", name);
    lock->file = -1;
    if (!path_join(lock->path, folder, hidden, ".lock"))
        return false;
    for (;;) {
        int file = open(lock->path, O_RDWR | O_CREAT, 0666);
        if (file < 0) {
            complain(SAY_WRITE_ERROR, WITH(lock->path, reason_of(errno)));
            return false;
        }
        if (flock(file, LOCK_EX | LOCK_NB) != 0) {
            bool busy = errno == EWOULDBLOCK;
            if (busy)
                locked_by_other(file, name);
            else
                complain(SAY_WRITE_ERROR, WITH(lock->path, reason_of(errno)));
            close(file);
            return false;
        }
        if (is_current(file, lock->path)) {
            struct number_text process = number_text((double)getpid(), 0);
            lock->file = file;
            /* Only for the message that others get: if it cannot be written, they are not told the number. */
            if (ftruncate(file, 0) != 0 || pwrite(file, process.text, strlen(process.text), 0) < 0)
                return true;
            return true;
        }
        close(file);
    }
}

void store_unlock(struct store_lock *lock)
{
    if (lock->file < 0)
        return;
    unlink(lock->path);
    close(lock->file);
    lock->file = -1;
}
