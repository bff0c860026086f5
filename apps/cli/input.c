/* SPDX-License-Identifier: Apache-2.0 */
/* Reading pictures and lists of texts from files and standard input, never more than a limit. */
#include "input.h"
#include "interrupt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "messages.h"

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

const char *input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? text_of(SAY_STDIN_NAME) : path;
}

static bool fail(struct input_error *error, const char *status, enum message message, const char *const *arguments)
{
    error->status = status;
    message_format(error->message, sizeof error->message, message, arguments);
    return false;
}

/* The name in the folder of `path` that differs from its last part in case alone, the first by the alphabet: written in the
 * place of that part. Of a large folder only the beginning is looked at. */
static bool find_other_case(char *path)
{
    enum { MOST_NAMES = 4096 };
    char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, found[NAME_MAX + 1] = "";
    const size_t length = strlen(name);
    if (length == 0 || length > NAME_MAX)
        return false;
    if (slash)
        *slash = '\0';
    DIR *folder = opendir(!slash ? "." : slash == path ? "/" : path);
    if (slash)
        *slash = '/';
    const struct dirent *entry;
    for (size_t i = 0; folder && i < MOST_NAMES && (entry = readdir(folder)) != NULL; i++)
        if (strcasecmp(entry->d_name, name) == 0 && (!*found || strcmp(entry->d_name, found) < 0))
            snprintf(found, sizeof found, "%s", entry->d_name);
    if (folder)
        closedir(folder);
    if (*found)
        memcpy(name, found, length);
    return *found;
}

void input_missing(struct input_error *error, const char *path)
{
    char near[PATH_MAX];
    struct stat status;
    bool has_backslash = strchr(path, '\\');
    enum message message = SAY_FILE_MISSING;
    if (snprintf(near, sizeof near, "%s", path) < PATH_MAX) {
        for (char *at = near; has_backslash && *at; at++)
            *at = *at == '\\' ? '/' : *at;
        if (has_backslash && stat(near, &status) == 0)
            message = SAY_FILE_MISSING_SLASHES;
        else if (!has_backslash && find_other_case(near))
            message = SAY_FILE_MISSING_CASE;
    }
    (void)fail(error, "NOT_FOUND", message, WITH(path, near));
}

static bool fail_errno(struct input_error *error, const char *path, int number)
{
    if (number == ENOENT || number == ENOTDIR) {
        input_missing(error, path);
        return false;
    }
    return fail(error, "IO", SAY_FILE_ERROR, WITH(input_name(path), reason_of(number)));
}

static bool fail_large(struct input_error *error, const char *path, uint64_t limit, enum message message)
{
    return fail(error, "LIMIT", message, WITH(input_name(path), number_text((double)limit, 0).text));
}

/* Opens a path and learns how many bytes to expect (0 when it is no regular file). -1 with `*error` filled on failure. */
static int open_input(const char *path, uint64_t limit, enum message too_large, uint64_t *expected,
                      struct input_error *error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int file = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) {
        fail_errno(error, path, errno);
        return -1;
    }
    *expected = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    if (S_ISDIR(status.st_mode))
        fail(error, "INVALID_ARGUMENT", SAY_FILE_FOLDER, WITH(input_name(path)));
    else if (*expected > limit)
        fail_large(error, path, limit, too_large);
    else
        return file;
    if (!is_stdin)
        close(file);
    return -1;
}

/* Makes room for at least one more byte than `size`, up to `most` in all. */
static bool grow(struct bytes *bytes, size_t *capacity, uint64_t expected, uint64_t most)
{
    if (bytes->size < *capacity)
        return true;
    uint64_t wanted = *capacity ? *capacity * 2ull : expected ? expected + 1 : 65536;
    if (wanted > most)
        wanted = most;
    char *data = realloc(bytes->data, (size_t)wanted);
    if (!data)
        return false;
    bytes->data = data;
    *capacity = (size_t)wanted;
    return true;
}

/* Waits until there is something to read, so that Ctrl-C ends waiting for a pipe or a person; false if it did. */
static bool wait_for_data(int file)
{
    enum { MILLISECONDS = 200 };
    struct pollfd poll_file = {.fd = file, .events = POLLIN};
    while (!interrupt_seen())
        if (poll(&poll_file, 1, MILLISECONDS) > 0)
            return true;
    return false;
}

/* Reads to the end, or to one byte more than the limit, which is too large. */
static bool read_all(int file, const char *path, uint64_t expected, uint64_t limit, enum message too_large,
                     struct bytes *bytes, struct input_error *error)
{
    size_t capacity = 0;
    for (;;) {
        if (!grow(bytes, &capacity, expected, limit + 1))
            return fail(error, "OUT_OF_MEMORY", SAY_OUT_OF_MEMORY, NULL);
        if (!wait_for_data(file))
            return fail_errno(error, path, EINTR);
        ssize_t count = read(file, bytes->data + bytes->size, capacity - bytes->size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_errno(error, path, errno);
        if (count == 0)
            return true;
        bytes->size += (size_t)count;
        if (bytes->size > limit)
            return fail_large(error, path, limit, too_large);
    }
}

static bool read_input(const char *path, uint64_t limit, enum message too_large, struct bytes *bytes,
                       struct input_error *error)
{
    uint64_t expected;
    *bytes = (struct bytes){0};
    int file = open_input(path, limit, too_large, &expected, error);
    if (file < 0)
        return false;
    bool good = read_all(file, path, expected, limit, too_large, bytes, error);
    if (file != STDIN_FILENO)
        close(file);
    if (!good)
        bytes_free(bytes);
    return good;
}

bool input_read_picture(const char *path, uint64_t limit, struct bytes *bytes, struct input_error *error)
{
    if (!read_input(path, limit, SAY_PICTURE_TOO_LARGE, bytes, error))
        return false;
    if (bytes->size > 0)
        return true;
    bytes_free(bytes);
    return fail(error, "BAD_IMAGE", SAY_FILE_EMPTY, WITH(input_name(path)));
}

bool input_read_limited(const char *path, uint64_t limit, struct bytes *bytes, struct input_error *error)
{
    return read_input(path, limit, SAY_FILE_TOO_LARGE, bytes, error);
}

bool input_read_file(const char *path, uint64_t limit, struct bytes *bytes)
{
    struct input_error error;
    bool good = read_input(path, limit, SAY_FILE_TOO_LARGE, bytes, &error);
    if (!good)
        complain(SAY_PLAIN, WITH(error.message));
    return good;
}

bool text_is_utf8(const char *data, size_t size)
{
    const unsigned char *at = (const unsigned char *)data, *end = at + size;
    while (at < end) {
        unsigned char lead = *at++;
        if (lead < 0x80)
            continue;
        size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < more)
            return false;
        /* The second byte tells overlong forms, surrogates and what lies beyond Unicode. */
        unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (*at < least || *at > most)
            return false;
        for (at++; --more > 0; at++)
            if ((*at & 0xc0) != 0x80)
                return false;
    }
    return true;
}

bool text_may_be_gbk(const char *data, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)data;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] < 0x80)
            continue;
        if (bytes[i] == 0x80 || bytes[i] == 0xff || i + 1 == size || bytes[i + 1] < 0x40 || bytes[i + 1] == 0x7f ||
            bytes[i + 1] == 0xff)
            return false;
        i++;
    }
    return true;
}

bool text_list_add(struct text_list *list, const char *data, size_t size)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        struct text *texts = realloc(list->texts, capacity * sizeof *texts);
        if (!texts) {
            complain(SAY_OUT_OF_MEMORY, NULL);
            return false;
        }
        list->texts = texts;
        list->capacity = capacity;
    }
    list->texts[list->count++] = (struct text){data, size};
    return true;
}

static bool is_blank(const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!strchr(" \t\v\f\r", data[i]) || data[i] == '\0')
            return false;
    return true;
}

static bool add_lines(struct text_list *list, const struct bytes *bytes)
{
    size_t at = bytes->size >= 3 && memcmp(bytes->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < bytes->size) {
        const char *line = bytes->data + at;
        const char *end = memchr(line, '\n', bytes->size - at);
        size_t size = end ? (size_t)(end - line) : bytes->size - at;
        at += size + (end != NULL);
        if (size > 0 && line[size - 1] == '\r')
            size--;
        if (!is_blank(line, size) && !text_list_add(list, line, size))
            return false;
    }
    return true;
}

bool text_list_read(struct text_list *list, const char *path)
{
    struct input_error error;
    struct text_file *files = realloc(list->files, (list->file_count + 1) * sizeof *files);
    if (!files) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return false;
    }
    list->files = files;
    struct bytes *bytes = &files[list->file_count].bytes;
    files[list->file_count].path = path;
    if (!read_input(path, TEXT_LIST_BYTES, SAY_TEXTS_TOO_LARGE, bytes, &error)) {
        complain(SAY_PLAIN, WITH(error.message));
        return false;
    }
    list->file_count++;
    if (bytes->size > 0 && memchr(bytes->data, 0, bytes->size)) { /* a picture, or UTF-16 */
        complain(SAY_NOT_TEXT, WITH(input_name(path)));
        return false;
    }
    size_t before = list->count;
    if (!add_lines(list, bytes))
        return false;
    if (list->count == before)
        complain(SAY_EMPTY_LIST, WITH(input_name(path)));
    return list->count > before;
}

/* The file that holds a text; NULL: it came with the command line. */
static const struct text_file *file_of(const struct text_list *list, const struct text *text)
{
    for (size_t i = 0; i < list->file_count; i++) {
        uintptr_t begin = (uintptr_t)list->files[i].bytes.data, at = (uintptr_t)text->data;
        if (at >= begin && at - begin < list->files[i].bytes.size)
            return &list->files[i];
    }
    return NULL;
}

void text_list_complain(const struct text_list *list, size_t index, const char *sentence)
{
    const struct text *text = &list->texts[index];
    const struct text_file *file = file_of(list, text);
    struct number_text number = number_text((double)(index + 1), 0);
    size_t line = 1;
    if (!file) {
        complain(SAY_TEXT_FAILED, WITH(number.text, sentence));
        return;
    }
    for (const char *at = file->bytes.data; at < text->data; at++)
        line += *at == '\n';
    complain(SAY_TEXT_LINE_FAILED,
             WITH(number.text, sentence, input_name(file->path), number_text((double)line, 0).text));
}

void text_list_free(struct text_list *list)
{
    for (size_t i = 0; i < list->file_count; i++)
        bytes_free(&list->files[i].bytes);
    free(list->files);
    free(list->texts);
    *list = (struct text_list){0};
}
