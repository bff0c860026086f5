/* SPDX-License-Identifier: Apache-2.0 */
/* Small files that the server is started with: keys, certificates. */
#include "small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 1 << 20 };

char *small_file_read(const char *path, bool secret, size_t *size, tuwen_language language, char *why,
                      unsigned why_size)
{
    struct stat status;
    bool chinese = language == TUWEN_CHINESE, good = false;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = malloc(FILE_MOST + 1);
    ssize_t count = file >= 0 && bytes ? read(file, bytes, FILE_MOST) : -1;
    if (count < 0)
        snprintf(why, why_size, chinese ? "%s：%s" : "%s: %s", path, strerror(errno));
    else if (count == FILE_MOST)
        snprintf(why, why_size,
                 chinese ? "%s：文件过大，上限为 1 MB" : "%s: the file is too large; the limit is 1 MB", path);
    else if (secret && fstat(file, &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)))
        snprintf(why, why_size,
                 chinese ? "%s：所有人都可读写此文件；请执行 chmod 600"
                         : "%s: everybody may read or write it: chmod 600",
                 path);
    else
        good = true;
    if (file >= 0)
        close(file);
    if (!good) {
        free(bytes);
        return NULL;
    }
    bytes[count] = '\0';
    *size = (size_t)count;
    return bytes;
}
