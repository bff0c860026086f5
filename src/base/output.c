/* SPDX-License-Identifier: Apache-2.0 */
/* Writing under another name, locking, syncing and renaming, on POSIX. */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define SUFFIX ".part"

/* What is appended before the disk is told to begin with it. */
#define START_BYTES ((uint64_t)32 << 20)

/* How often a .part file may be renamed or removed by its writer between our opening and our locking it. */
#define TRIES 100

static tuwen_status fail_errno(tuwen_error *error, const char *path, int number)
{
    char reason[TW_REASON_SIZE];
    if (number == ENOSPC)
        return tw_fail(error, TUWEN_IO, "%s: cannot be written: the disk is full", path);
    tw_errno_text(number, error, reason);
    return tw_fail(error, TUWEN_IO, "%s: cannot be written: %s", path, reason);
}

/* Why `part` could not be opened: what is wrong with its folder, if it is that, else with the file. */
static tuwen_status fail_open(tuwen_error *error, const tw_output *output, int number)
{
    struct stat state;
    const char *slash = strrchr(output->path, '/');
    const char *folder = slash ? output->path : ".";
    int length = slash && slash > output->path ? (int)(slash - output->path) : 1;
    if (number == ENOENT || number == ENOTDIR)
        return tw_fail(error, TUWEN_IO, "%s: cannot be written: there is no folder %.*s", output->path, length,
                       folder);
    char reason[TW_REASON_SIZE];
    tw_errno_text(number, error, reason);
    bool of_folder = number == EACCES || number == EPERM || number == EROFS;
    if (of_folder && lstat(output->part, &state) != 0)
        return tw_fail(error, TUWEN_IO, "%s: cannot be written into the folder %.*s: %s", output->path, length,
                       folder, reason);
    return fail_errno(error, output->part, number);
}

static tuwen_status fail_held(tuwen_error *error, const char *path)
{
    return tw_fail(error, TUWEN_IO, "%s: another tuwen is writing it", path);
}

/* Whether the open file still has its name: its writer may have renamed or removed it before we had the lock. */
static bool has_name(int descriptor, const char *path)
{
    struct stat own, named;
    return fstat(descriptor, &own) == 0 && lstat(path, &named) == 0 && own.st_dev == named.st_dev &&
           own.st_ino == named.st_ino;
}

/* Waits for nobody: 0, or the error's number. */
static int lock(int descriptor)
{
    while (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

/* Opens, checks and locks output->part; -1 when another writer took it away meanwhile. */
static int open_locked(const tw_output *output, tuwen_status *status, tuwen_error *error)
{
    int descriptor =
        open(output->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, (mode_t)0666); /* less the umask */
    if (descriptor < 0) {
        *status = fail_open(error, output, errno);
        return -1;
    }
    struct stat state;
    int number = fstat(descriptor, &state) != 0 ? errno : 0;
    if (number == 0 && !S_ISREG(state.st_mode)) {
        *status = tw_fail(error, TUWEN_IO, "%s: is not a regular file", output->part);
    } else {
        if (number == 0)
            number = lock(descriptor);
        if (number == EWOULDBLOCK)
            *status = fail_held(error, output->path);
        else if (number != 0)
            *status = fail_errno(error, output->part, number);
        else if (has_name(descriptor, output->part))
            return descriptor;
    }
    close(descriptor);
    return -1;
}

static void close_output(tw_output *output)
{
    if (output->part)
        close(output->descriptor); /* and with it goes the lock */
    tw_free(output->path);
    tw_free(output->part);
    *output = (tw_output){0};
}

tuwen_status tw_output_open(const char *path, tw_output *output, tuwen_error *error)
{
    *output = (tw_output){0};
    if (tw_folder_exists(path))
        return tw_fail(error, TUWEN_IO, "%s: cannot be written: it is a folder", path);
    struct stat old;
    bool is_there = stat(path, &old) == 0;
    if (is_there && !S_ISREG(old.st_mode)) /* renaming over a device or a pipe would take it away from everybody */
        return tw_fail(error, TUWEN_IO, "%s: is not a regular file", path);
    size_t length = strlen(path);
    tw_output made = {.path = tw_copy_string(path, length), .part = tw_alloc(length + sizeof SUFFIX, 1)};
    if (!made.path || !made.part) {
        tw_free(made.path);
        tw_free(made.part);
        return tw_fail_memory(error, path);
    }
    memcpy(made.part, path, length);
    memcpy(made.part + length, SUFFIX, sizeof SUFFIX);
    tuwen_status status = TUWEN_OK;
    made.descriptor = -1;
    for (int i = 0; i < TRIES && made.descriptor < 0 && status == TUWEN_OK; i++)
        made.descriptor = open_locked(&made, &status, error);
    if (made.descriptor < 0 && status == TUWEN_OK)
        status = fail_held(error, path);
    if (made.descriptor < 0) {
        tw_free(made.path);
        tw_free(made.part);
        return status;
    }
    if ((is_there && fchmod(made.descriptor, old.st_mode & 0777) != 0) || /* kept */
        ftruncate(made.descriptor, 0) != 0) {
        status = fail_errno(error, made.part, errno);
        close_output(&made);
        return status;
    }
    *output = made;
    return TUWEN_OK;
}

tuwen_status tw_output_write(tw_output *output, uint64_t offset, const void *data, size_t size, tuwen_error *error)
{
    const char *bytes = data;
    if (offset > (uint64_t)INT64_MAX - size)
        return fail_errno(error, output->part, EFBIG);
    for (size_t done = 0; done < size;) {
        ssize_t written = pwrite(output->descriptor, bytes + done, size - done, (off_t)(offset + done));
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return fail_errno(error, output->part, written < 0 ? errno : EIO);
        done += (size_t)written;
    }
    return TUWEN_OK;
}

/* Lets the disk begin with what was appended, while the caller makes more: else all of it waits for the end. */
static void start_writing(tw_output *output)
{
#ifdef __linux__
    if (output->length - output->started < START_BYTES)
        return;
    (void)sync_file_range(output->descriptor, (off_t)output->started, (off_t)(output->length - output->started),
                          SYNC_FILE_RANGE_WRITE);
    output->started = output->length;
#else
    (void)output;
#endif
}

tuwen_status tw_output_append(tw_output *output, const void *data, size_t size, tuwen_error *error)
{
    tuwen_status status = tw_output_write(output, output->length, data, size, error);
    if (status != TUWEN_OK)
        return status;
    output->length += size;
    start_writing(output);
    return TUWEN_OK;
}

/* Makes the new name last through a loss of power; cuts `path` for it. A disk that refuses has the old or the new file,
 * whole, all the same, so this is no failure. */
static void sync_folder(char *path)
{
    char *slash = path ? strrchr(path, '/') : NULL;
    const char *folder = !slash ? "." : slash == path ? "/" : path;
    if (slash && slash != path)
        *slash = '\0';
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    (void)fsync(descriptor);
    close(descriptor);
}

tuwen_status tw_output_commit(tw_output *output, tuwen_error *error)
{
    int failed = fsync(output->descriptor);
    while (failed != 0 && errno == EINTR)
        failed = fsync(output->descriptor);
    if (failed == 0)
        failed = rename(output->part, output->path);
    if (failed != 0) {
        tuwen_status status = fail_errno(error, output->path, errno);
        tw_output_discard(output);
        return status;
    }
    sync_folder(output->path);
    close_output(output);
    return TUWEN_OK;
}

void tw_output_discard(tw_output *output)
{
    if (output->part)
        (void)unlink(output->part); /* while the lock is held: nobody else's file has this name */
    close_output(output);
}

tuwen_status tw_output_put(const char *path, const void *data, size_t size, tuwen_error *error)
{
    tw_output output;
    tuwen_status status = tw_output_open(path, &output, error);
    if (status != TUWEN_OK)
        return status;
    status = tw_output_append(&output, data, size, error);
    if (status == TUWEN_OK)
        return tw_output_commit(&output, error);
    tw_output_discard(&output);
    return status;
}
