/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of results of a review, which an earlier run may have begun.
 *
 * The file itself tells how far that run came: its rows begin with what the input says, so they are compared with the
 * input one by one, and behind the last whole one the new rows follow. Beside it FILE.review.json keeps the settings that
 * decide what the rows say. A lock on the file keeps a second run out.
 */
#include "review.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input.h"
#include "messages.h"
#include "output.h"
#include "terminal.h"

enum { SETTINGS_BYTES = 1 << 20, TAIL_BYTES = 1 << 20, MOST_SHOWN = 4096, SHOWN_COLUMNS = 60 };

static const char settings_ending[] = ".review.json";

struct review_file {
    const char *path; /* NULL: standard output */
    int file;
    FILE *earlier; /* the rows of an earlier run; NULL: none are left to take */
    off_t taken;   /* bytes of them */
    bool goes_on;  /* a later run can go on with it */
};

static int cannot_write(const char *path, int number)
{
    complain(SAY_WRITE_ERROR, WITH(path, reason_of(number)));
    return CLI_SOME_FAILED;
}

static bool write_all(int file, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t count = write(file, data, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        data += count;
        size -= (size_t)count;
    }
    return true;
}

/* Settings. */

/* Whether the settings beside the file are these. */
static int check_settings(const char *path, const char *beside, const struct buffer *settings)
{
    struct bytes bytes;
    struct input_error error;
    struct buffer differences = {0};
    if (!input_read_limited(beside, SETTINGS_BYTES, &bytes, &error)) {
        if (strcmp(error.status, "NOT_FOUND") == 0)
            complain(SAY_FILE_OVERWRITES, WITH(path));
        else
            complain(SAY_PLAIN, WITH(error.message));
        return strcmp(error.status, "NOT_FOUND") == 0 ? CLI_USAGE : CLI_SOME_FAILED;
    }
    bool same = review_settings_agree((struct text){bytes.data, bytes.size},
                                      (struct text){settings->data, settings->size}, &differences);
    if (differences.failed)
        complain(SAY_OUT_OF_MEMORY, NULL);
    else if (!same)
        complain(SAY_REVIEW_OTHER_SETTINGS, WITH(path, differences.data));
    same = same && !differences.failed;
    buffer_free(&differences);
    bytes_free(&bytes);
    return same ? CLI_DONE : CLI_USAGE;
}

tuwen_language review_file_language(const char *path, tuwen_language otherwise)
{
    struct bytes bytes;
    struct input_error error;
    struct stat status;
    size_t room = strlen(path) + sizeof settings_ending;
    char *beside = stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 ? malloc(room) : NULL;
    if (!beside)
        return otherwise;
    snprintf(beside, room, "%s%s", path, settings_ending);
    if (input_read_limited(beside, SETTINGS_BYTES, &bytes, &error)) {
        otherwise = review_settings_language((struct text){bytes.data, bytes.size}, otherwise);
        bytes_free(&bytes);
    }
    free(beside);
    return otherwise;
}

static int write_settings(const char *beside, const struct buffer *settings)
{
    struct output output;
    if (!output_open(&output, beside))
        return CLI_SOME_FAILED;
    fwrite(settings->data, 1, settings->size, output.stream);
    return output_close(&output, true) ? CLI_DONE : CLI_SOME_FAILED;
}

/* Opening. */

/* Opens the file, of which nobody else may write. */
static int open_locked(struct review_file *file, struct stat *status)
{
    file->file = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file->file < 0 || fstat(file->file, status) != 0)
        return cannot_write(file->path, errno);
    if (!S_ISREG(status->st_mode))
        return CLI_DONE;
    if (flock(file->file, LOCK_EX | LOCK_NB) == 0) /* its size before that may be from another review's beginning */
        return fstat(file->file, status) == 0 ? CLI_DONE : cannot_write(file->path, errno);
    if (errno != EWOULDBLOCK)
        return cannot_write(file->path, errno);
    complain(SAY_REVIEW_BUSY, WITH(file->path));
    return CLI_SOME_FAILED;
}

static int begin_anew(const struct review_file *file, const char *beside, const struct buffer *settings)
{
    int code = ftruncate(file->file, 0) == 0 ? CLI_DONE : cannot_write(file->path, errno);
    return code == CLI_DONE ? write_settings(beside, settings) : code;
}

/* The rows of an earlier run are read through a descriptor of their own; the lock is on the file all the same. */
static int open_earlier(struct review_file *file)
{
    int copy = open(file->path, O_RDONLY | O_CLOEXEC);
    file->earlier = copy >= 0 ? fdopen(copy, "rb") : NULL;
    if (file->earlier)
        return CLI_DONE;
    int number = errno;
    if (copy >= 0)
        close(copy);
    return cannot_write(file->path, number);
}

static int open_path(struct review_file *file, const struct buffer *settings, bool force)
{
    struct stat status, before;
    bool was_there = stat(file->path, &before) == 0;
    if (was_there && S_ISDIR(before.st_mode))
        return cannot_write(file->path, EISDIR);
    if (was_there && !S_ISREG(before.st_mode)) { /* a device or a pipe */
        file->file = open(file->path, O_WRONLY | O_CLOEXEC);
        return file->file >= 0 ? CLI_DONE : cannot_write(file->path, errno);
    }
    size_t room = strlen(file->path) + sizeof settings_ending;
    char *beside = malloc(room);
    if (!beside) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    snprintf(beside, room, "%s%s", file->path, settings_ending);
    file->goes_on = true;
    int code = open_locked(file, &status);
    if (code == CLI_DONE && (force || status.st_size == 0))
        code = begin_anew(file, beside, settings);
    else if (code == CLI_DONE)
        code = check_settings(file->path, beside, settings);
    if (code == CLI_DONE && !force && status.st_size > 0)
        code = open_earlier(file);
    free(beside);
    return code;
}

int review_file_open(struct review_file **file, const char *path, const struct buffer *settings, bool force)
{
    *file = calloc(1, sizeof **file);
    if (!*file) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    (*file)->path = path;
    (*file)->file = STDOUT_FILENO;
    return path ? open_path(*file, settings, force) : CLI_DONE;
}

/* Rows of an earlier run. */

bool review_file_goes_on(const struct review_file *file)
{
    return file->goes_on;
}

bool review_file_has_rows(const struct review_file *file)
{
    return file->earlier != NULL;
}

/* Here the earlier run ended, perhaps within a row: that goes, and from now on rows are written. */
static enum review_take end_of_earlier(struct review_file *file)
{
    fclose(file->earlier);
    file->earlier = NULL;
    if (ftruncate(file->file, file->taken) == 0 && lseek(file->file, 0, SEEK_END) >= 0)
        return NOT_THERE;
    cannot_write(file->path, errno);
    return OTHER;
}

void review_file_say_other(const struct review_file *file)
{
    complain(SAY_REVIEW_OTHER_INPUT, WITH(file->path));
}

/* The field around a place of a row, for people. */
static void show_field(char *to, size_t room, const char *row, size_t size, size_t at, char delimiter)
{
    size_t begin = at < size ? at : size, end = begin;
    while (begin > 0 && row[begin - 1] != delimiter && row[begin - 1] != '\n')
        begin--;
    while (end < size && row[end] != delimiter && row[end] != '\n')
        end++;
    if (end - begin >= 2 && row[begin] == '"' && row[end - 1] == '"') {
        begin++;
        end--;
    }
    size_t shown = text_fit(row + begin, end - begin, SHOWN_COLUMNS);
    snprintf(to, room, "%.*s%s", (int)(shown < room ? shown : room - 1), row + begin,
             shown < end - begin ? "..." : "");
}

/* Says which field differs: the first `at` bytes are the same, then another byte is in the file. */
static enum review_take other_row(struct review_file *file, const struct review_place *place, const char *bytes,
                                  size_t size, size_t at, int byte)
{
    struct buffer found = {0};
    char was[256], is[256];
    buffer_add(&found, bytes, at);
    for (size_t more = 0; byte != EOF && byte != '\n' && more < MOST_SHOWN; more++) {
        char letter = (char)byte;
        buffer_add(&found, &letter, 1);
        byte = getc_unlocked(file->earlier);
    }
    if (found.failed) {
        complain(SAY_OUT_OF_MEMORY, NULL);
    } else {
        show_field(was, sizeof was, found.data ? found.data : "", found.size, at, place->delimiter);
        show_field(is, sizeof is, bytes, size, at, place->delimiter);
        complain(place->row ? SAY_REVIEW_OTHER_ROW : SAY_REVIEW_OTHER_COLUMNS,
                 WITH(file->path, number_text((double)place->row, 0).text, was, is));
    }
    buffer_free(&found);
    return OTHER;
}

enum review_take review_file_take(struct review_file *file, const struct review_place *place, const char *bytes,
                                  size_t size, struct buffer *end)
{
    int byte = 0;
    for (size_t i = 0; i < size; i++) {
        byte = getc_unlocked(file->earlier);
        if (byte == EOF)
            return end_of_earlier(file);
        if (byte != (unsigned char)bytes[i])
            return other_row(file, place, bytes, size, i, byte);
    }
    size_t length = 0;
    for (; end; length++) {
        char letter;
        byte = getc_unlocked(file->earlier);
        if (byte == EOF)
            return end_of_earlier(file);
        if (byte == '\n' || length == TAIL_BYTES)
            break;
        letter = (char)byte;
        buffer_add(end, &letter, 1);
    }
    file->taken += (off_t)(size + length + (end != NULL));
    return TAKEN;
}

bool review_file_has_more(struct review_file *file)
{
    if (!file->earlier)
        return false;
    bool more = getc_unlocked(file->earlier) != EOF;
    if (more)
        complain(SAY_REVIEW_MORE_ROWS, WITH(file->path));
    return more;
}

/* Writing. */

bool review_file_write(struct review_file *file, const struct buffer *bytes)
{
    if (write_all(file->file, bytes->data, bytes->size))
        return true;
    if (file->path || errno != EPIPE)
        cannot_write(file->path ? file->path : text_of(SAY_STDOUT_NAME), errno);
    return false;
}

bool review_file_close(struct review_file *file)
{
    bool good = true;
    if (!file)
        return true;
    if (file->earlier)
        fclose(file->earlier);
    if (file->path && file->file >= 0) {
        good = !file->goes_on || fsync(file->file) == 0;
        good = close(file->file) == 0 && good;
        if (!good)
            cannot_write(file->path, errno);
    }
    free(file);
    return good;
}
