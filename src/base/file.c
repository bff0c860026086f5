/* SPDX-License-Identifier: Apache-2.0 */
/* Memory maps, whole files and paths, on POSIX. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static tuwen_status fail_errno(tuwen_error *error, const char *path, int number)
{
    char reason[TW_REASON_SIZE];
    tw_errno_text(number, error, reason);
    if (number == ENOENT || number == ENOTDIR)
        return tw_fail(error, TUWEN_NOT_FOUND, "%s: no such file", path);
    return tw_fail(error, TUWEN_IO, "%s: cannot be read: %s", path, reason);
}

/* Opens a regular file and gives its size; the descriptor, or -1 with the error filled. */
static int open_regular(const char *path, size_t *size, tuwen_status *status, tuwen_error *error)
{
    /* O_NONBLOCK: a FIFO given by mistake must be named, not waited for. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        *status = fail_errno(error, path, errno);
        return -1;
    }
    struct stat state;
    if (fstat(descriptor, &state) != 0) {
        *status = fail_errno(error, path, errno);
        close(descriptor);
        return -1;
    }
    if (!S_ISREG(state.st_mode)) {
        *status = tw_fail(error, TUWEN_IO, "%s: is not a regular file", path);
        close(descriptor);
        return -1;
    }
    *size = (size_t)state.st_size;
    return descriptor;
}

tuwen_status tw_map_open(const char *path, tw_map *map, tuwen_error *error)
{
    *map = (tw_map){0};
    tuwen_status status = TUWEN_OK;
    size_t size = 0;
    int descriptor = open_regular(path, &size, &status, error);
    if (descriptor < 0)
        return status;
    if (size > 0) {
        void *data = mmap(NULL, size, PROT_READ, MAP_SHARED, descriptor, 0);
        if (data == MAP_FAILED)
            status = fail_errno(error, path, errno);
        else
            *map = (tw_map){.data = data, .size = size};
    }
    close(descriptor);
    return status;
}

void tw_map_close(tw_map *map)
{
    if (map->data)
        munmap((void *)(uintptr_t)map->data, map->size);
    *map = (tw_map){0};
}

void tw_map_forget(const void *data, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)data + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)data + size) / page * page;
    if (begin < end)
        (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

tuwen_status tw_file_read(const char *path, size_t limit, char **data, size_t *size, tuwen_error *error)
{
    tuwen_status status = TUWEN_OK;
    size_t length = 0;
    int descriptor = open_regular(path, &length, &status, error);
    if (descriptor < 0)
        return status;
    if (length > limit) {
        close(descriptor);
        return tw_fail(error, TUWEN_LIMIT, "%s: has %zu bytes; at most %zu are allowed", path, length, limit);
    }
    char *content = tw_alloc(length + 1, 1);
    if (!content) {
        close(descriptor);
        return tw_fail_memory(error, path);
    }
    size_t done = 0;
    while (done < length) {
        ssize_t got = read(descriptor, content + done, length - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            status = fail_errno(error, path, errno);
            break;
        }
        if (got == 0)
            break; /* the file shrank meanwhile: what is there is what is read */
        done += (size_t)got;
    }
    close(descriptor);
    if (status != TUWEN_OK) {
        tw_free(content);
        return status;
    }
    content[done] = '\0';
    *data = content;
    *size = done;
    return TUWEN_OK;
}

bool tw_file_exists(const char *path)
{
    struct stat state;
    return stat(path, &state) == 0 && S_ISREG(state.st_mode);
}

bool tw_file_exists_in(const char *folder, const char *name)
{
    char path[PATH_MAX]; /* the system takes no longer ones */
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && (size_t)length < sizeof path && tw_file_exists(path);
}

bool tw_folder_exists(const char *path)
{
    struct stat state;
    return stat(path, &state) == 0 && S_ISDIR(state.st_mode);
}

char *tw_path_join(const char *folder, const char *name)
{
    size_t folder_length = strlen(folder);
    size_t name_length = strlen(name);
    while (folder_length > 1 && folder[folder_length - 1] == '/')
        folder_length--;
    char *path = tw_alloc(folder_length + name_length + 2, 1);
    if (!path)
        return NULL;
    memcpy(path, folder, folder_length);
    path[folder_length] = '/';
    memcpy(path + folder_length + 1, name, name_length + 1);
    return path;
}
