/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas of Linux's control groups, as Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst of the kernel
 * describe them. A quota is processor time a period, in microseconds: 150000 of 100000 are one and a half cores.
 *
 * A container often sees its own group as the root of /sys/fs/cgroup, while /proc/self/cgroup tells the path that it has
 * outside. So the groups are looked for from the path upwards to the mount itself, and those that are not there are
 * passed over.
 */
#include "base/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for a path in /sys; a longer one is taken as absent. */
enum { PATH_ROOM = 4096 };

/* Reads the beginning of a file that may not know its size (those of /proc), as a string. False when it cannot. */
static bool read_start(const char *path, char *text, size_t size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return false;
    size_t length = 0;
    while (length < size - 1) {
        ssize_t got = read(descriptor, text + length, size - 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    close(descriptor);
    text[length] = '\0';
    return length > 0;
}

/* The positive decimal number at the start of `*text`, which moves behind it; 0 when there is none. */
static uint64_t take_number(const char **text)
{
    char *end = NULL;
    if (**text < '0' || **text > '9')
        return 0;
    errno = 0;
    unsigned long long number = strtoull(*text, &end, 10);
    if (errno != 0)
        return 0;
    *text = end;
    return number;
}

/* Cores of a quota, rounded up; 0 for none. */
static int cores_of(uint64_t quota, uint64_t period)
{
    if (quota == 0 || period == 0)
        return 0;
    uint64_t cores = quota / period + (quota % period != 0);
    return cores > INT_MAX ? INT_MAX : (int)cores;
}

/* Version 2: one file, "max 100000" or "150000 100000". */
static int read_version_2(const char *group)
{
    char path[PATH_ROOM + 32], text[128];
    (void)snprintf(path, sizeof path, "%s/cpu.max", group);
    if (!read_start(path, text, sizeof text))
        return 0;
    const char *at = text;
    uint64_t quota = take_number(&at);
    if (quota == 0 || *at++ != ' ')
        return 0;
    return cores_of(quota, take_number(&at));
}

/* Version 1: two files with a number each; a quota of -1 is none. */
static int read_version_1(const char *group)
{
    char path[PATH_ROOM + 32], quota_text[64], period_text[64];
    (void)snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", group);
    if (!read_start(path, quota_text, sizeof quota_text))
        return 0;
    (void)snprintf(path, sizeof path, "%s/cpu.cfs_period_us", group);
    if (!read_start(path, period_text, sizeof period_text))
        return 0;
    const char *quota = quota_text, *period = period_text;
    uint64_t time = take_number(&quota);
    return cores_of(time, take_number(&period));
}

static int smaller(int a, int b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The least quota of the groups from mount/path up to the mount. */
static int least_upwards(const char *root, const char *mount, const char *path, int (*read_group)(const char *group))
{
    char group[PATH_ROOM];
    /* "/.." begins the path of a group outside of what the container sees. */
    if (*path != '/' || strstr(path, "/..") != NULL)
        path = "";
    int above = snprintf(group, sizeof group, "%s/sys/fs/cgroup%s", root, mount);
    if (above < 0 || (size_t)above + strlen(path) >= sizeof group)
        return 0;
    (void)snprintf(group + above, sizeof group - (size_t)above, "%s", path);
    int least = 0;
    for (;;) {
        least = smaller(least, read_group(group));
        char *slash = strrchr(group + above, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* Whether `list`, of `length` bytes, has the controller "cpu" between its commas. */
static bool has_cpu(const char *list, size_t length)
{
    for (const char *at = list, *end = list + length; at < end; at++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        if (stop - at == 3 && memcmp(at, "cpu", 3) == 0)
            return true;
        at = stop;
    }
    return false;
}

/* A line "number:controllers:path" of /proc/self/cgroup; without controllers it is version 2's. */
static int read_line(const char *root, char *line)
{
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(++controllers, ':') : NULL;
    if (!path)
        return 0;
    *path++ = '\0';
    if (*controllers == '\0') {
        /* Beside version 1 it stands in a folder of its own. */
        int alone = least_upwards(root, "", path, read_version_2);
        return smaller(alone, least_upwards(root, "/unified", path, read_version_2));
    }
    if (!has_cpu(controllers, strlen(controllers)))
        return 0;
    char mount[128];
    if (snprintf(mount, sizeof mount, "/%s", controllers) >= (int)sizeof mount)
        return 0;
    int named = least_upwards(root, mount, path, read_version_1);
    return smaller(named, least_upwards(root, "/cpu", path, read_version_1));
}

int tw_quota_cores(const char *root)
{
    char path[PATH_ROOM], groups[2 * PATH_ROOM];
    if (snprintf(path, sizeof path, "%s/proc/self/cgroup", root) >= (int)sizeof path ||
        !read_start(path, groups, sizeof groups))
        return 0;
    int least = 0;
    for (char *line = groups, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        least = smaller(least, read_line(root, line));
    }
    return least;
}
