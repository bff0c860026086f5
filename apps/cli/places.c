/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are: beside the binary, in the installation, in the user's folders. And what is done with folders. */
#include "places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"

#ifndef TUWEN_DATADIR
#define TUWEN_DATADIR "/usr/local/share"
#endif
#ifndef TUWEN_LIBEXECDIR
#define TUWEN_LIBEXECDIR "/usr/local/libexec"
#endif

bool path_join(char path[PATH_MAX], const char *folder, const char *name, const char *ending)
{
    int length = snprintf(path, PATH_MAX, "%s/%s%s", folder, name, ending);
    return length > 0 && length < PATH_MAX;
}

void path_last_part(char *name, unsigned size, const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    snprintf(name, size, "%.*s", (int)(end - begin), path + begin);
}

/* What follows `folder` and a slash in `path`, or NULL. */
static const char *below(const char *folder, const char *path)
{
    size_t length = strlen(folder);
    while (length > 0 && folder[length - 1] == '/')
        length--;
    bool inside = length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/';
    return inside ? path + length + 1 : NULL;
}

void path_for_people(char shown[PATH_MAX], const char *path)
{
    const char *home = getenv("HOME"), *rest = home ? below(home, path) : NULL;
    snprintf(shown, PATH_MAX, "%s%s", rest ? "~/" : "", rest ? rest : path);
}

void path_tidy(char path[PATH_MAX])
{
    char real[PATH_MAX], here[PATH_MAX];
    if (!realpath(path, real))
        return;
    const char *rest = getcwd(here, sizeof here) ? below(here, real) : NULL;
    snprintf(path, PATH_MAX, "%s", rest ? rest : real);
}

bool folder_has(const char *folder, const char *name)
{
    char path[PATH_MAX];
    return path_join(path, folder, name, "") && access(path, F_OK) == 0;
}

bool folder_make(const char *folder)
{
    char path[PATH_MAX];
    size_t length = strlen(folder);
    if (length == 0 || length >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(path, folder, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        char kept = path[i];
        path[i] = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return false;
        path[i] = kept;
    }
    struct stat status;
    if (stat(folder, &status) != 0)
        return false;
    errno = ENOTDIR;
    return S_ISDIR(status.st_mode);
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes what is in the open folder `file`, which is closed, but for the entry `spared` (may be NULL). */
static bool empty_folder(int file, const char *spared)
{
    DIR *folder = fdopendir(file);
    if (!folder) {
        close(file);
        return false;
    }
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(folder)) != NULL;) {
        if (is_dots(entry->d_name) || (spared && strcmp(entry->d_name, spared) == 0) ||
            unlinkat(dirfd(folder), entry->d_name, 0) == 0)
            continue;
        int inner = openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        good = inner >= 0 && empty_folder(inner, NULL) && unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR) == 0;
    }
    int number = errno;
    closedir(folder);
    errno = number;
    return good;
}

bool tree_remove(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return true;
    int file = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return file >= 0 && empty_folder(file, NULL) && rmdir(path) == 0;
}

bool tree_remove_last(const char *path, const char *last)
{
    int file = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return file >= 0 && empty_folder(file, last) && tree_remove(path);
}

/* Calls `take` for each ordinary file of a folder, links to one included, until it returns false. */
static bool each_file(const char *folder, bool (*take)(void *user, int folder, const char *name, uint64_t bytes),
                      void *user)
{
    DIR *open_folder = opendir(folder);
    if (!open_folder)
        return false;
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(open_folder)) != NULL;) {
        struct stat status;
        if (fstatat(dirfd(open_folder), entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode))
            good = take(user, dirfd(open_folder), entry->d_name, (uint64_t)status.st_size);
    }
    int number = errno;
    closedir(open_folder);
    errno = number;
    return good;
}

static bool add_bytes(void *user, int folder, const char *name, uint64_t bytes)
{
    *(uint64_t *)user += bytes;
    return true;
}

uint64_t folder_bytes(const char *folder)
{
    uint64_t total = 0;
    each_file(folder, add_bytes, &total);
    return total;
}

static bool copy_bytes(int from, int to)
{
    static char block[1 << 16];
    for (;;) {
        ssize_t count = read(from, block, sizeof block);
        if (count == 0)
            return fsync(to) == 0;
        if (interrupt_seen()) {
            errno = ECANCELED;
            return false;
        }
        for (ssize_t at = 0, written; at < count; at += written) {
            written = write(to, block + at, (size_t)(count - at));
            if (written < 0)
                return false;
        }
        if (count < 0)
            return false;
    }
}

static bool copy_file(void *user, int folder, const char *name, uint64_t bytes)
{
    const int *target = user;
    int from = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return false;
    int to = openat(*target, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    bool good = to >= 0 && copy_bytes(from, to);
    int number = errno;
    close(from);
    if (to >= 0 && close(to) != 0)
        good = false;
    else
        errno = number;
    return good;
}

bool folder_copy(const char *from, const char *to)
{
    if (!folder_make(to))
        return false;
    int target = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = target >= 0 && each_file(from, copy_file, &target);
    int number = errno;
    if (target >= 0)
        close(target);
    errno = number;
    return good;
}

/* The folder of the running binary; empty if it cannot be told. */
static void folder_of_binary(char folder[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    *(slash ? slash : folder) = '\0';
}

static bool is_checkpoint(const char *folder)
{
    return folder_has(folder, "config.json");
}

/* Whether the folder of the binary is that of programs in the Python package, which has its extension above it. */
static bool in_python_package(const char *folder)
{
    return *folder && folder_has(folder, "../_tuwen.abi3.so");
}

bool place_is_python_package(void)
{
    char folder[PATH_MAX];
    folder_of_binary(folder);
    return in_python_package(folder);
}

bool place_of_shipped_model(char path[PATH_MAX])
{
    char folder[PATH_MAX];
    folder_of_binary(folder);
    bool built = *folder && folder_has(folder, "../meson.build") && folder_has(folder, "build.ninja");
    if (in_python_package(folder))
        return path_join(path, folder, "../models/demo", "") && is_checkpoint(path);
    if (built && path_join(path, folder, "../models/demo", "") && is_checkpoint(path))
        return true;
    if (*folder && path_join(path, folder, "../share/tuwen/models/demo", "") && is_checkpoint(path))
        return true;
    return path_join(path, TUWEN_DATADIR, "tuwen/models/demo", "") && is_checkpoint(path);
}

bool place_of_program(const char *name, char path[PATH_MAX])
{
    char folder[PATH_MAX];
    folder_of_binary(folder);
    if (in_python_package(folder)) /* not one of another installation, which may be of another version */
        return path_join(path, folder, name, "") && access(path, X_OK) == 0;
    if (*folder && folder_has(folder, "build.ninja") && path_join(path, folder, name, "") && access(path, X_OK) == 0)
        return true;
    if (*folder && path_join(path, folder, "../libexec/tuwen/", name) && access(path, X_OK) == 0)
        return true;
    return path_join(path, TUWEN_LIBEXECDIR "/tuwen", name, "") && access(path, X_OK) == 0;
}
