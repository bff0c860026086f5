/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures by address, which tuwen-fetch gets into a folder that is removed again at once. It looks at each address that a name
 * stands for when it connects, after redirects too, so that nobody can make this machine ask its own network (--public).
 */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

enum { ADDRESS_SIZE = 4096, SAID_SIZE = 4096, LOOKS = 100 /* milliseconds between two looks at the client */ };

bool fetch_is_address(const char *text, size_t size)
{
    return (size > 7 && strncasecmp(text, "http://", 7) == 0) || (size > 8 && strncasecmp(text, "https://", 8) == 0);
}

/* In the new process, where only what signal handlers may call is allowed. */
static void become(const char *program, const char *const *arguments, int nothing, int pipe_end, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent && dup2(nothing, STDIN_FILENO) >= 0 && dup2(pipe_end, STDOUT_FILENO) >= 0)
        execv(program, (char *const *)arguments);
    _exit(127);
}

/* Reads what it says until its end; past `end`, or when nobody waits any more, it is killed. */
static size_t listen_to(const struct fetching *fetching, pid_t process, int file, double end, char said[SAID_SIZE])
{
    size_t size = 0;
    for (;;) {
        struct pollfd look = {.fd = file, .events = POLLIN};
        char beyond[256];
        bool full = size == SAID_SIZE - 1;
        int ready = poll(&look, 1, LOOKS);
        if (clock_seconds() > end || fetching->gone(fetching->user))
            kill(process, SIGKILL);
        if (ready <= 0)
            continue;
        ssize_t count = full ? read(file, beyond, sizeof beyond) : read(file, said + size, SAID_SIZE - 1 - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        size += full ? 0 : (size_t)count;
    }
    said[size] = '\0';
    return size;
}

/* Runs tuwen-fetch; 0 if it did what it should. */
static int run(const struct fetching *fetching, const char *const *arguments, double end, char said[SAID_SIZE])
{
    int ends[2], status = -1, nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    said[0] = '\0';
    if (nothing < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        if (nothing >= 0)
            close(nothing);
        return -1;
    }
    pid_t parent = getpid(), process = fork();
    if (process == 0)
        become(fetching->program, arguments, nothing, ends[1], parent);
    close(nothing);
    close(ends[1]);
    if (process > 0) {
        listen_to(fetching, process, ends[0], end, said);
        while (waitpid(process, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    close(ends[0]);
    return status;
}

/* The sentence of the last line "error<TAB>SENTENCE<TAB>STATUS", cut out of what was said; NULL if there is none. */
static const char *find_error(char *said)
{
    char *found = NULL;
    for (char *line = said; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, "error\t", 6) == 0)
            found = line + 6;
    if (found)
        found[strcspn(found, "\t\n")] = '\0';
    return found;
}

static unsigned char *read_file(const char *path, size_t most, size_t *size)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool good =
        file >= 0 && fstat(file, &status) == 0 && status.st_size > 0 && (unsigned long long)status.st_size <= most;
    unsigned char *bytes = good ? malloc((size_t)status.st_size) : NULL;
    *size = 0;
    while (bytes && *size < (size_t)status.st_size) {
        ssize_t count = read(file, bytes + *size, (size_t)status.st_size - *size);
        if (count <= 0 && !(count < 0 && errno == EINTR))
            break;
        *size += count > 0 ? (size_t)count : 0;
    }
    if (file >= 0)
        close(file);
    if (bytes && *size == (size_t)status.st_size)
        return bytes;
    free(bytes);
    return NULL;
}

/* Within the folder. NULL, with `said` as far as something was said. */
static unsigned char *fetch_into(struct fetching *fetching, const char *folder, const char *address, size_t *size,
                                 const struct terms *terms, char said[SAID_SIZE])
{
    char into[PATH_MAX + 16], part[PATH_MAX + 16], most[32], seconds[16];
    double now = clock_seconds(), left = fetching->end - now, span = left < FETCH_SECONDS ? left : FETCH_SECONDS;
    snprintf(into, sizeof into, "%s/picture", folder);
    snprintf(part, sizeof part, "%s/picture.part", folder);
    snprintf(most, sizeof most, "%zu", fetching->left);
    snprintf(seconds, sizeof seconds, "%d", span > 1 ? (int)span : 1);
    const char *const arguments[] = {
        "tuwen-fetch", "get",           address, "--into",   into,     "--max-bytes",
        most,          "--max-seconds", seconds, "--public", "--lang", terms->language == TUWEN_CHINESE ? "zh" : "en",
        NULL};
    unsigned char *bytes = NULL;
    if (run(fetching, arguments, now + span + 1, said) == 0)
        bytes = read_file(into, fetching->left, size);
    unlink(into);
    unlink(part);
    return bytes;
}

unsigned char *fetch_picture(struct fetching *fetching, const char *address, size_t length, size_t *size,
                             const struct terms *terms, const char *param, struct refusal *refusal)
{
    char copy[ADDRESS_SIZE], folder[PATH_MAX], said[SAID_SIZE] = "";
    const char *temporary = getenv("TMPDIR");
    unsigned char *bytes = NULL;
    if (length >= sizeof copy || memchr(address, '\0', length)) {
        refuse(refusal, terms->language, REFUSE_NOT_FETCHED, param, WITH(param, strerror(EINVAL)));
        return NULL;
    }
    if (fetching->end <= 0)
        fetching->end = clock_seconds() + FETCH_ALL_SECONDS;
    if (++fetching->count > FETCH_MOST || fetching->left == 0 || clock_seconds() >= fetching->end) {
        refuse(refusal, terms->language, REFUSE_FETCH_LIMIT, param,
               WITH(param, digits_of(FETCH_MOST).text, digits_of(FETCH_ALL_SECONDS).text));
        return NULL;
    }
    snprintf(copy, sizeof copy, "%.*s", (int)length, address);
    snprintf(folder, sizeof folder, "%.1000s/tuwen.XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (!mkdtemp(folder)) {
        refuse(refusal, terms->language, REFUSE_NOT_FETCHED, param, WITH(param, strerror(errno)));
        return NULL;
    }
    bytes = fetch_into(fetching, folder, copy, size, terms, said);
    rmdir(folder);
    if (bytes) {
        fetching->left -= *size;
        return bytes;
    }
    const char *sentence = find_error(said);
    refuse(refusal, terms->language, REFUSE_NOT_FETCHED, param,
           WITH(param, sentence                           ? sentence
                       : terms->language == TUWEN_CHINESE ? "未能及时获取"
                                                          : "it did not come in time"));
    return NULL;
}
