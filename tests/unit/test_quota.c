/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas of control groups, read from folders that look like those of Linux. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/quota.h"
#include "testing.h"

#define CGROUP "/proc/self/cgroup"
#define MOUNT "/sys/fs/cgroup"

typedef struct file {
    const char *path, *content;
} file;

typedef struct layout {
    const char *name;
    int cores;
    file files[8]; /* below the root; those without content are folders */
} layout;

/* The contents are as the kernel writes them (cgroup-v2.rst, sched-bwc.rst); the paths as systemd, Docker and Kubernetes
 * make them. */
static const layout layouts[] = {
    {"nothing at all", 0, {{0}}},
    {"no /sys", 0, {{CGROUP, "0::/user.slice\n"}}},
    {"no /proc", 0, {{MOUNT "/cpu.max", "100000 100000\n"}}},
    {"version 2, the root group, which has no file", 0, {{CGROUP, "0::/\n"}, {MOUNT, NULL}}},
    {"version 2, no limit", 0, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "max 100000\n"}}},
    {"version 2, one and a half cores", 2, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "150000 100000\n"}}},
    {"version 2, exactly three cores", 3, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "300000 100000\n"}}},
    {"version 2, a tenth of a core", 1, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "10000 100000\n"}}},
    {"version 2, another period", 4, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "17501 5000\n"}}},
    {"a group above is narrower",
     2,
     {{CGROUP, "0::/a.slice/b.scope\n"},
      {MOUNT "/a.slice/cpu.max", "200000 100000\n"},
      {MOUNT "/a.slice/b.scope/cpu.max", "400000 100000\n"}}},
    {"the group itself is narrower",
     1,
     {{CGROUP, "0::/a.slice/b.scope\n"},
      {MOUNT "/a.slice/cpu.max", "200000 100000\n"},
      {MOUNT "/a.slice/b.scope/cpu.max", "50000 100000\n"}}},
    {"a group between has no limit",
     5,
     {{CGROUP, "0::/a/b/c\n"},
      {MOUNT "/a/cpu.max", "500000 100000\n"},
      {MOUNT "/a/b/cpu.max", "max 100000\n"},
      {MOUNT "/a/b/c/cpu.max", "800000 100000\n"}}},
    {"a group beside does not count",
     0,
     {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "max 100000\n"}, {MOUNT "/b/cpu.max", "100000 100000\n"}}},
    {"a container that sees its own group as the root",
     2,
     {{CGROUP, "0::/docker/0123456789abcdef\n"}, {MOUNT "/cpu.max", "200000 100000\n"}}},
    {"a name space of groups", 2, {{CGROUP, "0::/\n"}, {MOUNT "/cpu.max", "200000 100000\n"}}},
    {"a group outside of the name space",
     3,
     {{CGROUP, "0::/../../other\n"},
      {MOUNT "/cpu.max", "300000 100000\n"},
      {MOUNT "/other/cpu.max", "100000 100000\n"}}},
    {"version 1",
     2,
     {{CGROUP, "12:memory:/a\n4:cpu,cpuacct:/a\n1:name=systemd:/b\n0::/b\n"},
      {MOUNT "/cpu,cpuacct/a/cpu.cfs_quota_us", "150000\n"},
      {MOUNT "/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"}}},
    {"version 1, no limit",
     0,
     {{CGROUP, "1:cpu:/\n0::/\n"},
      {MOUNT "/cpu/cpu.cfs_quota_us", "-1\n"},
      {MOUNT "/cpu/cpu.cfs_period_us", "100000\n"}}},
    {"version 1, a narrower group above",
     3,
     {{CGROUP, "4:cpuacct,cpu:/kubepods/pod1/c\n"},
      {MOUNT "/cpu/kubepods/pod1/cpu.cfs_quota_us", "250000\n"},
      {MOUNT "/cpu/kubepods/pod1/cpu.cfs_period_us", "100000\n"},
      {MOUNT "/cpu/kubepods/pod1/c/cpu.cfs_quota_us", "-1\n"},
      {MOUNT "/cpu/kubepods/pod1/c/cpu.cfs_period_us", "100000\n"}}},
    {"version 1, a container that sees its own group as the root",
     1,
     {{CGROUP, "4:cpu,cpuacct:/docker/0123\n"},
      {MOUNT "/cpu,cpuacct/cpu.cfs_quota_us", "100000\n"},
      {MOUNT "/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}}},
    {"version 1, other controllers that begin alike",
     0,
     {{CGROUP, "5:cpuset:/\n6:cpuacct:/\n"},
      {MOUNT "/cpu/cpu.cfs_quota_us", "100000\n"},
      {MOUNT "/cpu/cpu.cfs_period_us", "100000\n"}}},
    {"version 1, no period", 0, {{CGROUP, "1:cpu:/\n"}, {MOUNT "/cpu/cpu.cfs_quota_us", "100000\n"}}},
    {"both versions at once",
     2,
     {{CGROUP, "1:cpu:/a\n0::/b\n"},
      {MOUNT "/cpu/a/cpu.cfs_quota_us", "400000\n"},
      {MOUNT "/cpu/a/cpu.cfs_period_us", "100000\n"},
      {MOUNT "/unified/b/cpu.max", "200000 100000\n"}}},
    {"an empty file", 0, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", ""}}},
    {"a quota without a period", 0, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "100000"}}},
    {"a period of zero", 0, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "100000 0\n"}}},
    {"a quota of zero", 0, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "0 100000\n"}}},
    {"a negative quota", 0, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "-100000 100000\n"}}},
    {"words", 0, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "some more\n"}}},
    {"a number that is too large",
     0,
     {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "99999999999999999999999 100000\n"}}},
    {"more cores than a number holds",
     2147483647,
     {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", "9223372036854775807 1\n"}}},
    {"a folder in the file's place", 0, {{CGROUP, "0::/a\n"}, {MOUNT "/a/cpu.max", NULL}}},
    {"lines that are none",
     2,
     {{CGROUP, "\n:\n::\n0:\nx\n0::a\n7:cpu\n0::/a\n"}, {MOUNT "/a/cpu.max", "200000 100000\n"}}},
    {"a last line that is cut off", 0, {{CGROUP, "0::/a"}, {MOUNT "/a/cpu.max", "200000 100000\n"}}},
};

static void make(const char *root, const file *from)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s%s", root, from->path);
    char *slash = strrchr(path, '/');
    if (from->content)
        *slash = '\0';
    assert_int_equal(tw_disk_make_folder(path, NULL), TUWEN_OK);
    if (!from->content)
        return;
    *slash = '/';
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(from->content, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static int remove_one(const char *path, const struct stat *state, int kind, struct FTW *at)
{
    (void)state, (void)kind, (void)at;
    return remove(path);
}

static void remove_all(const char *root)
{
    assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void layouts_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        char root[] = "/tmp/tuwen-test-XXXXXX";
        assert_non_null(mkdtemp(root));
        for (const file *each = layouts[i].files; each->path; each++)
            make(root, each);
        int cores = tw_quota_cores(root);
        remove_all(root);
        if (cores != layouts[i].cores)
            fail_msg("%s: %d cores, not %d", layouts[i].name, cores, layouts[i].cores);
    }
}

/* Paths longer than we have room for, and more groups than are read. */
static void long_things_are_passed_over(void **state)
{
    (void)state;
    char root[] = "/tmp/tuwen-test-XXXXXX";
    assert_non_null(mkdtemp(root));
    static char lines[20000];
    size_t length = 0;
    length += (size_t)snprintf(lines, sizeof lines, "0::/a\n0::/");
    memset(lines + length, 'x', 5000);
    length += 5000;
    length += (size_t)snprintf(lines + length, sizeof lines - length, "\n1:cpu,");
    memset(lines + length, 'y', 10000);
    make(root, &(file){CGROUP, lines});
    make(root, &(file){MOUNT "/a/cpu.max", "200000 100000\n"});
    assert_int_equal(tw_quota_cores(root), 2);
    static char long_root[5000];
    memset(long_root, 'r', sizeof long_root - 1);
    assert_int_equal(tw_quota_cores(long_root), 0);
    remove_all(root);
}

/* The machine that the test runs on: whatever it says, it is no error. */
static void this_machine_has_one(void **state)
{
    (void)state;
    assert_true(tw_quota_cores("") >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_are_read),
        cmocka_unit_test(long_things_are_passed_over),
        cmocka_unit_test(this_machine_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
