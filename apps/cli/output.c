/* SPDX-License-Identifier: Apache-2.0 */
/* Writing results to standard output, or to a file that appears only when it is complete. */
#include "output.h"
#include "buffer.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "messages.h"

static bool fail(const struct output *output, int number)
{
    if (number != EPIPE)
        complain(SAY_WRITE_ERROR, WITH(output->name, reason_of(number)));
    return false;
}

/* A new file beside the target, with the access rights that an ordinary new file has. */
static FILE *open_temporary(struct output *output)
{
    size_t size = strlen(output->target) + sizeof ".XXXXXX";
    output->temporary = malloc(size);
    if (!output->temporary)
        return NULL;
    snprintf(output->temporary, size, "%s.XXXXXX", output->target);
    int file = mkstemp(output->temporary);
    if (file < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return NULL;
    }
    mode_t mask = umask(0);
    umask(mask);
    FILE *stream = fchmod(file, 0666 & ~mask) == 0 ? fdopen(file, "wb") : NULL;
    if (!stream)
        close(file);
    return stream;
}

bool output_open(struct output *output, const char *path)
{
    *output = (struct output){.stream = stdout, .name = text_of(SAY_STDOUT_NAME)};
    if (!path || strcmp(path, "-") == 0)
        return true;
    output->name = path;
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        output->stream = NULL;
        return fail(output, EISDIR);
    }
    if (exists && !S_ISREG(status.st_mode)) {
        output->stream = fopen(path, "wb");
        return output->stream ? true : fail(output, errno);
    }
    output->target = exists ? realpath(path, NULL) : strdup(path);
    output->stream = output->target ? open_temporary(output) : NULL;
    if (output->stream)
        return true;
    int number = errno;
    fail(output, number);
    output_close(output, false);
    return false;
}

bool output_close(struct output *output, bool keep)
{
    bool good = true;
    errno = 0;
    if (output->stream && output->stream != stdout) {
        good = !ferror(output->stream) && fflush(output->stream) == 0;
        good = (!keep || !output->temporary || fsync(fileno(output->stream)) == 0) && good;
        good = fclose(output->stream) == 0 && good;
    }
    if (output->temporary && keep && good)
        good = rename(output->temporary, output->target) == 0;
    if (!good)
        fail(output, errno);
    if (output->temporary && !(keep && good))
        unlink(output->temporary);
    free(output->temporary);
    free(output->target);
    *output = (struct output){0};
    return good;
}

bool output_pair_open(struct output_pair *pair, const char *path, bool with_facts)
{
    char facts[PATH_MAX];
    *pair = (struct output_pair){0};
    if (!output_open(&pair->main, path))
        return false;
    if (!with_facts || !pair->main.target)
        return true;
    if (snprintf(facts, sizeof facts, "%s.json", path) < (int)sizeof facts && output_open(&pair->facts, facts))
        return true;
    output_close(&pair->main, false);
    return false;
}

bool output_pair_close(struct output_pair *pair, bool keep)
{
    if (keep && pair->facts.target)
        unlink(pair->facts.target);
    bool written = output_close(&pair->main, keep);
    return (!pair->facts.stream || output_close(&pair->facts, keep && written)) && written;
}

bool output_try(const char *path)
{
    struct stat status;
    struct output output;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return true;
    return output_open(&output, path) && output_close(&output, false);
}

/* The folder that a file is in, or would be. */
static bool folder_of(const char *path, struct stat *status)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    bool good = folder && stat(folder, status) == 0;
    free(folder);
    return good;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool output_same(const char *one, const char *other)
{
    struct stat first, second;
    bool one_there = stat(one, &first) == 0, other_there = stat(other, &second) == 0;
    if (one_there != other_there)
        return false;
    if (!one_there &&
        (strcmp(name_of(one), name_of(other)) != 0 || !folder_of(one, &first) || !folder_of(other, &second)))
        return false;
    return (!one_there || S_ISREG(first.st_mode)) && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static int stdout_error;

bool output_is_free(const char *path, const char *begin, const char *mark)
{
    char bytes[4096];
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return true;
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0, length = strlen(begin);
    if (file)
        fclose(file);
    return size >= length && memcmp(bytes, begin, length) == 0 && memmem(bytes, size, mark, strlen(mark));
}

void output_base64(FILE *stream, const unsigned char *bytes, size_t size)
{
    char group[4];
    for (size_t i = 0; i < size; i += 3) {
        base64_group(group, bytes + i, size - i);
        fwrite(group, 1, sizeof group, stream);
    }
}

void output_flush(void)
{
    errno = 0;
    if (fflush(stdout) != 0 && stdout_error == 0)
        stdout_error = errno;
}

bool output_finish(void)
{
    struct output output = {.name = text_of(SAY_STDOUT_NAME)};
    output_flush();
    return !ferror(stdout) && stdout_error == 0 ? true : fail(&output, stdout_error);
}

void npy_header(FILE *stream, size_t rows, size_t columns)
{
    char text[128];
    int length =
        snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    /* Magic, version and length take 10 bytes; the header ends with a newline at a multiple of 64. */
    size_t padded = ((size_t)length + 1 + 10 + 63) / 64 * 64 - 10;
    fwrite("\x93NUMPY\x01\x00", 1, 8, stream);
    fputc((int)(padded & 0xff), stream);
    fputc((int)(padded >> 8), stream);
    fprintf(stream, "%-*s\n", (int)padded - 1, text);
}

void npy_row(FILE *stream, const float *row, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        uint32_t bits;
        memcpy(&bits, &row[i], sizeof bits);
        unsigned char bytes[4] = {(unsigned char)bits, (unsigned char)(bits >> 8), (unsigned char)(bits >> 16),
                                  (unsigned char)(bits >> 24)};
        fwrite(bytes, 1, sizeof bytes, stream);
    }
}
