/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tuwen-fetch, the only program of tuwen that opens connections, and reads what it says. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint.h"
#include "interrupt.h"
#include "messages.h"
#include "places.h"

enum { LINE_SIZE = 8192, GRACE_SECONDS = 5 };

/* In the new process: standard input is empty, standard output is the pipe. Does not return. */
static void become(const char *program, const char *const *arguments, int pipe_end, pid_t parent)
{
    int nothing = open("/dev/null", O_RDONLY);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    bool good =
        getppid() == parent && nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(pipe_end, STDOUT_FILENO) >= 0;
    if (good)
        execv(program, (char *const *)arguments);
    _exit(127);
}

static void take_line(const struct helper *helper, char *line)
{
    const char *fields[HELPER_FIELDS];
    for (size_t i = 0; i < HELPER_FIELDS; i++) {
        fields[i] = line;
        size_t length = strcspn(line, "\t");
        bool more = line[length] == '\t';
        line[length] = '\0';
        line += length + more;
    }
    helper->on_line(helper->user, fields);
}

/* Hands on the whole lines of `buffer`; returns how many bytes of the next are left in front. A line too long for the
 * buffer is cut. */
static size_t take_lines(const struct helper *helper, char *buffer, size_t size)
{
    size_t begin = 0;
    for (size_t i = 0; i < size; i++) {
        if (buffer[i] != '\n')
            continue;
        buffer[i] = '\0';
        take_line(helper, buffer + begin);
        begin = i + 1;
    }
    if (begin == 0 && size == LINE_SIZE - 1) {
        buffer[size] = '\0';
        take_line(helper, buffer);
        return 0;
    }
    memmove(buffer, buffer + begin, size - begin);
    return size - begin;
}

/* Reads until the other end is closed. After Ctrl-C the program has some seconds for its own end. */
static void listen_to(const struct helper *helper, int file, pid_t process)
{
    char buffer[LINE_SIZE];
    size_t size = 0;
    double asked = 0;
    for (;;) {
        struct pollfd poll_file = {.fd = file, .events = POLLIN};
        int ready = poll(&poll_file, 1, 1000);
        double now = seconds_now();
        if (interrupt_seen() && asked <= 0)
            asked = now;
        if (asked > 0 && now - asked > GRACE_SECONDS) {
            kill(process, SIGTERM);
            asked = now;
        }
        if (ready == 0 && helper->on_silence)
            helper->on_silence(helper->user);
        if (ready <= 0)
            continue;
        ssize_t count = read(file, buffer + size, LINE_SIZE - 1 - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return;
        size = take_lines(helper, buffer, size + (size_t)count);
    }
}

void helper_complain_missing(const char *path)
{
    complain(place_is_python_package() ? SAY_HELPER_NOT_IN_PACKAGE : SAY_HELPER_MISSING, WITH(path));
}

int helper_run(const struct helper *helper, const char *const *arguments)
{
    char program[PATH_MAX];
    int ends[2];
    if (!place_of_program("tuwen-fetch", program)) {
        helper_complain_missing(program);
        return -1;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        complain(SAY_FILE_ERROR, WITH(program, reason_of(errno)));
        return -1;
    }
    fflush(NULL);
    pid_t parent = getpid(), process = fork();
    if (process == 0)
        become(program, arguments, ends[1], parent);
    int number = errno, status = 0;
    close(ends[1]);
    if (process < 0) {
        complain(SAY_FILE_ERROR, WITH(program, reason_of(number)));
        close(ends[0]);
        return -1;
    }
    listen_to(helper, ends[0], process);
    close(ends[0]);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
