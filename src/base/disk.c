/* SPDX-License-Identifier: Apache-2.0 */
/* Growing files, folders and locks, on POSIX. */
#include "base/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"

static tuwen_status fail_read(const char *path, int number, tuwen_error *error)
{
    char reason[TW_REASON_SIZE];
    tw_errno_text(number, error, reason);
    if (number == ENOENT || number == ENOTDIR)
        return tw_fail(error, TUWEN_NOT_FOUND, "%s: no such file", path);
    return tw_fail(error, TUWEN_IO, "%s: cannot be read: %s", path, reason);
}

static tuwen_status fail_write(const char *path, int number, tuwen_error *error)
{
    if (number == ENOSPC || number == EDQUOT)
        return tw_fail(error, TUWEN_IO, "%s: cannot be written: the disk is full", path);
    char reason[TW_REASON_SIZE];
    tw_errno_text(number, error, reason);
    return tw_fail(error, TUWEN_IO, "%s: cannot be written: %s", path, reason);
}

static tuwen_status open_with(const char *path, int flags, tw_disk_file *file, tuwen_error *error)
{
    *file = (tw_disk_file){0};
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    /* O_NONBLOCK: a FIFO must be named, not waited for. */
    int descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0666);
    if (descriptor < 0)
        return writes ? fail_write(path, errno, error) : fail_read(path, errno, error);
    struct stat state;
    if (fstat(descriptor, &state) != 0 || !S_ISREG(state.st_mode)) {
        close(descriptor);
        return tw_fail(error, TUWEN_IO, "%s: is not a regular file", path);
    }
    char *copy = tw_copy_string(path, strlen(path));
    if (!copy) {
        close(descriptor);
        return tw_fail_memory(error, path);
    }
    *file = (tw_disk_file){.path = copy, .descriptor = descriptor, .open = true};
    return TUWEN_OK;
}

tuwen_status tw_disk_open(const char *path, tw_disk_file *file, tuwen_error *error)
{
    return open_with(path, O_RDWR | O_CREAT, file, error);
}

tuwen_status tw_disk_open_read(const char *path, tw_disk_file *file, tuwen_error *error)
{
    return open_with(path, O_RDONLY, file, error);
}

tuwen_status tw_disk_size(const tw_disk_file *file, int64_t *size, tuwen_error *error)
{
    struct stat state;
    if (fstat(file->descriptor, &state) != 0)
        return fail_read(file->path, errno, error);
    *size = state.st_size;
    return TUWEN_OK;
}

tuwen_status tw_disk_read(const tw_disk_file *file, int64_t offset, void *data, size_t size, size_t *got,
                          tuwen_error *error)
{
    *got = 0;
    while (*got < size) {
        ssize_t read = pread(file->descriptor, (char *)data + *got, size - *got, (off_t)(offset + (int64_t)*got));
        if (read < 0 && errno == EINTR)
            continue;
        if (read < 0)
            return fail_read(file->path, errno, error);
        if (read == 0)
            break;
        *got += (size_t)read;
    }
    return TUWEN_OK;
}

tuwen_status tw_disk_write(const tw_disk_file *file, int64_t offset, const void *data, size_t size,
                           tuwen_error *error)
{
    for (size_t done = 0; done < size;) {
        ssize_t put =
            pwrite(file->descriptor, (const char *)data + done, size - done, (off_t)(offset + (int64_t)done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return fail_write(file->path, put < 0 ? errno : ENOSPC, error);
        done += (size_t)put;
    }
    return TUWEN_OK;
}

tuwen_status tw_disk_cut(const tw_disk_file *file, int64_t size, tuwen_error *error)
{
    if (ftruncate(file->descriptor, (off_t)size) != 0)
        return fail_write(file->path, errno, error);
    return TUWEN_OK;
}

tuwen_status tw_disk_sync(const tw_disk_file *file, tuwen_error *error)
{
    if (fsync(file->descriptor) != 0)
        return fail_write(file->path, errno, error);
    return TUWEN_OK;
}

void tw_disk_close(tw_disk_file *file)
{
    if (file->open)
        close(file->descriptor);
    tw_free(file->path);
    *file = (tw_disk_file){0};
}

/* Makes a rename in the folder of `path` durable; file systems that cannot sync a folder do without. */
static void sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? tw_copy_string(path, slash == path ? 1 : (size_t)(slash - path)) : tw_copy_string(".", 1);
    if (!folder)
        return;
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)fsync(descriptor);
        close(descriptor);
    }
    tw_free(folder);
}

tuwen_status tw_disk_rename(const char *from, const char *to, tuwen_error *error)
{
    if (rename(from, to) != 0)
        return fail_write(to, errno, error);
    sync_folder_of(to);
    return TUWEN_OK;
}

tuwen_status tw_disk_remove(const char *path, tuwen_error *error)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return fail_write(path, errno, error);
    return TUWEN_OK;
}

tuwen_status tw_disk_make_folder(const char *path, tuwen_error *error)
{
    char *copy = tw_copy_string(path, strlen(path));
    if (!copy)
        return tw_fail_memory(error, path);
    tuwen_status status = TUWEN_OK;
    for (char *at = copy + 1; status == TUWEN_OK; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char kept = *at;
        *at = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            status = fail_write(copy, errno, error);
        *at = kept;
        if (kept == '\0')
            break;
    }
    struct stat state;
    if (status == TUWEN_OK && (stat(path, &state) != 0 || !S_ISDIR(state.st_mode)))
        status = fail_write(path, ENOTDIR, error);
    tw_free(copy);
    return status;
}

tuwen_status tw_disk_free_space(const char *path, int64_t *bytes, tuwen_error *error)
{
    struct statvfs state;
    if (statvfs(path, &state) != 0)
        return fail_read(path, errno, error);
    uint64_t unit = state.f_frsize ? state.f_frsize : state.f_bsize;
    uint64_t blocks = state.f_bavail;
    *bytes = unit != 0 && blocks > (uint64_t)INT64_MAX / unit ? INT64_MAX : (int64_t)(blocks * unit);
    return TUWEN_OK;
}

bool tw_disk_state(const char *path, int64_t *size, int64_t *changed)
{
    struct stat state;
    if (stat(path, &state) != 0 || !S_ISREG(state.st_mode))
        return false;
    *size = state.st_size;
    *changed = (int64_t)state.st_mtim.tv_sec * 1000000000 + state.st_mtim.tv_nsec;
    return true;
}

bool tw_disk_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

bool tw_disk_identify(const char *path, tw_disk_identity *identity)
{
    struct stat state;
    if (stat(path, &state) != 0)
        return false;
    *identity = (tw_disk_identity){.device = (uint64_t)state.st_dev, .inode = (uint64_t)state.st_ino};
    return true;
}

tuwen_status tw_disk_make_private(const char *path, tuwen_error *error)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat state;
    if (descriptor >= 0)
        close(descriptor);
    else if (errno != EEXIST || stat(path, &state) != 0)
        return fail_write(path, errno, error);
    return TUWEN_OK;
}

char *tw_disk_real_path(const char *path)
{
    char real[PATH_MAX];
    return realpath(path, real) ? tw_copy_string(real, strlen(real)) : NULL;
}

char *tw_disk_link_name(const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0)
        return NULL;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    const char *name = slash ? slash + 1 : target;
    return tw_copy_string(name, strlen(name));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

tuwen_status tw_disk_list_open(const char *path, size_t limit, tw_disk_list *list, tuwen_error *error)
{
    *list = (tw_disk_list){0};
    DIR *folder = opendir(path);
    if (!folder)
        return fail_read(path, errno, error);
    tuwen_status status = TUWEN_OK;
    for (struct dirent *entry; status == TUWEN_OK && (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        void *names = list->names;
        char *copy = tw_copy_string(entry->d_name, strlen(entry->d_name));
        if (list->count >= limit)
            status = tw_fail(error, TUWEN_LIMIT, "%s: holds more than the %zu entries allowed", path, limit);
        else if (!copy || !tw_grow(&names, &list->capacity, list->count + 1, sizeof *list->names))
            status = tw_fail_memory(error, path);
        if (status != TUWEN_OK) {
            tw_free(copy);
            break;
        }
        list->names = names;
        list->names[list->count++] = copy;
    }
    closedir(folder);
    if (status != TUWEN_OK)
        tw_disk_list_close(list);
    else if (list->count > 1)
        qsort(list->names, list->count, sizeof *list->names, by_name);
    return status;
}

void tw_disk_list_close(tw_disk_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        tw_free(list->names[i]);
    tw_free(list->names);
    *list = (tw_disk_list){0};
}

tuwen_status tw_disk_lock(const char *path, tw_disk_file *lock, bool *taken, tuwen_error *error)
{
    *taken = false;
    tuwen_status status = tw_disk_open(path, lock, error);
    if (status != TUWEN_OK)
        return status;
    if (flock(lock->descriptor, LOCK_EX | LOCK_NB) == 0) {
        *taken = true;
        return TUWEN_OK;
    }
    int number = errno;
    status = number == EWOULDBLOCK ? TUWEN_OK : fail_write(path, number, error);
    tw_disk_close(lock);
    return status;
}
