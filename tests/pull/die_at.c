/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before the C library (LD_PRELOAD): kills a process called DIE_PROGRAM in the place of its DIE_AT-th removal or
 * renaming of a file, so that a test can break off a command at each of them in turn.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void count(void)
{
    static long done;
    const char *program = getenv("DIE_PROGRAM"), *at = getenv("DIE_AT");
    if (program && at && strcmp(program_invocation_short_name, program) == 0 && ++done == strtol(at, NULL, 10))
        (void)kill(getpid(), SIGKILL);
}

/* The function of that name behind ours; POSIX grants the conversion that ISO C does not. */
static void find(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int unlink(const char *path)
{
    int (*next)(const char *);
    find("unlink", &next);
    count();
    return next(path);
}

EXPORTED int unlinkat(int folder, const char *path, int flags)
{
    int (*next)(int, const char *, int);
    find("unlinkat", &next);
    count();
    return next(folder, path, flags);
}

EXPORTED int rmdir(const char *path)
{
    int (*next)(const char *);
    find("rmdir", &next);
    count();
    return next(path);
}

EXPORTED int rename(const char *from, const char *to)
{
    int (*next)(const char *, const char *);
    find("rename", &next);
    count();
    return next(from, to);
}
