/* SPDX-License-Identifier: Apache-2.0 */
/* Where a row's picture is: a path, a file: or data: URL, an address on the network. */
#include "picture_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "messages.h"

static bool fail(struct input_error *error, const char *status, enum message message, const char *const *arguments)
{
    error->status = status;
    message_format(error->message, sizeof error->message, message, arguments);
    return false;
}

static bool begins(const char *text, const char *beginning)
{
    return strncasecmp(text, beginning, strlen(beginning)) == 0;
}

static int hex_digit(char digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

/* The path of a file: URL (RFC 8089): of this machine, percent signs decoded. */
static bool path_of_url(const char *url, char path[PATH_MAX])
{
    const char *at = url + strlen("file:");
    size_t size = 0;
    if (strncmp(at, "//", 2) == 0) {
        at += 2;
        if (begins(at, "localhost/"))
            at += strlen("localhost");
    }
    if (*at != '/')
        return false;
    for (; *at && size + 1 < PATH_MAX; at++) {
        int high = *at == '%' ? hex_digit(at[1]) : -1;
        int low = high >= 0 ? hex_digit(at[2]) : -1;
        if (low < 0) {
            path[size++] = *at;
            continue;
        }
        if (high == 0 && low == 0)
            return false;
        path[size++] = (char)(high * 16 + low);
        at += 2;
    }
    path[size] = '\0';
    return *at == '\0';
}

/* What must be the same for a file to be taken as the same: its path, its place on the disk, its size and time. */
static void make_key(struct picture_source *source, const struct stat *status)
{
    uint64_t facts[] = {(uint64_t)status->st_dev,          (uint64_t)status->st_ino,
                        (uint64_t)status->st_size,         (uint64_t)status->st_mtim.tv_sec,
                        (uint64_t)status->st_mtim.tv_nsec, (uint64_t)status->st_ctim.tv_sec,
                        (uint64_t)status->st_ctim.tv_nsec};
    memcpy(source->key, facts, sizeof facts);
    source->key_size = sizeof facts;
}

static bool find_file(struct picture_source *source, struct input_error *error)
{
    struct stat status;
    if (stat(source->path, &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            input_missing(error, source->name);
            return false;
        }
        return fail(error, "IO", SAY_FILE_ERROR, WITH(source->name, reason_of(errno)));
    }
    if (S_ISDIR(status.st_mode))
        return fail(error, "INVALID_ARGUMENT", SAY_FILE_FOLDER, WITH(source->name));
    if (!S_ISREG(status.st_mode)) /* reading it may never end */
        return fail(error, "INVALID_ARGUMENT", SAY_PICTURE_NO_FILE, WITH(source->name));
    if (status.st_size == 0) /* nor may that of /proc/kmsg and the like, which say so of themselves */
        return fail(error, "BAD_IMAGE", SAY_FILE_EMPTY, WITH(source->name));
    make_key(source, &status);
    return true;
}

bool picture_source_find(struct picture_source *source, const char *folder, const char *given,
                         struct input_error *error)
{
    source->given = source->name = given;
    source->key_size = 0;
    source->kind = PICTURE_FILE;
    if (begins(given, "data:")) {
        source->kind = PICTURE_DATA;
        source->name = text_of(SAY_DATA_URL);
        return true;
    }
    if (begins(given, "http://") || begins(given, "https://")) {
        source->kind = PICTURE_NETWORK;
        snprintf(source->path, PATH_MAX, "%s", given);
        source->name = source->path;
        return true;
    }
    if (begins(given, "file:")) {
        if (!path_of_url(given, source->path))
            return fail(error, "INVALID_ARGUMENT", SAY_PICTURE_BAD_URL, WITH(given));
        source->name = source->path;
        return find_file(source, error);
    }
    const char *start = strcmp(given, "-") == 0 ? "./" : ""; /* it is a file, too */
    int length = snprintf(source->path, PATH_MAX, "%s%s", *given == '/' ? "" : *folder ? folder : start, given);
    if (length >= PATH_MAX)
        return fail(error, "INVALID_ARGUMENT", SAY_FILE_ERROR, WITH("...", reason_of(ENAMETOOLONG)));
    source->name = source->path;
    return find_file(source, error);
}

static int base64_digit(char digit)
{
    return digit >= 'A' && digit <= 'Z'   ? digit - 'A'
           : digit >= 'a' && digit <= 'z' ? digit - 'a' + 26
           : digit >= '0' && digit <= '9' ? digit - '0' + 52
           : digit == '+' || digit == '-' ? 62
           : digit == '/' || digit == '_' ? 63
                                          : -1;
}

/* The bytes of base64 (RFC 4648, either alphabet, with or without padding); blanks are passed over. */
static bool decode_base64(const char *text, struct bytes *bytes)
{
    uint32_t bits = 0;
    int count = 0;
    for (; *text && *text != '='; text++) {
        int digit = base64_digit(*text);
        if (strchr(" \t\r\n", *text))
            continue;
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes->data[bytes->size++] = (char)(bits >> count & 0xff);
        }
    }
    return text[strspn(text, "= \t\r\n")] == '\0' && count < 6;
}

static bool read_data(const struct picture_source *source, uint64_t limit, struct bytes *bytes,
                      struct input_error *error)
{
    const char *comma = strchr(source->given, ',');
    const size_t mark = sizeof ";base64" - 1;
    if (!comma || (size_t)(comma - source->given) < mark || !begins(comma - mark, ";base64,"))
        return fail(error, "INVALID_ARGUMENT", SAY_DATA_NO_BASE64, NULL);
    size_t size = strlen(comma + 1);
    if (size / 4 * 3 > limit)
        return fail(error, "LIMIT", SAY_PICTURE_TOO_LARGE, WITH(source->name, number_text((double)limit, 0).text));
    *bytes = (struct bytes){.data = malloc(size / 4 * 3 + 4)};
    if (!bytes->data)
        return fail(error, "OUT_OF_MEMORY", SAY_OUT_OF_MEMORY, NULL);
    if (decode_base64(comma + 1, bytes) && bytes->size > 0)
        return true;
    bytes_free(bytes);
    return fail(error, "BAD_IMAGE", SAY_DATA_NO_BASE64, NULL);
}

bool picture_source_read(const struct picture_source *source, uint64_t limit, struct bytes *bytes,
                         struct input_error *error)
{
    *bytes = (struct bytes){0};
    if (source->kind == PICTURE_DATA)
        return read_data(source, limit, bytes, error);
    if (source->kind == PICTURE_NETWORK)
        return fail(error, "UNSUPPORTED", SAY_PICTURE_NETWORK, WITH(source->name));
    return input_read_picture(source->path, limit, bytes, error);
}
