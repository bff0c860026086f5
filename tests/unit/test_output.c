/* SPDX-License-Identifier: Apache-2.0 */
/* Files that appear when they are complete. Several processes and full disks are in test_packed.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/output.h"
#include "testing.h"

typedef struct place {
    char folder[32], path[64], part[64];
} place;

static place make_place(void)
{
    place made = {.folder = "/tmp/tuwen-test-XXXXXX"};
    assert_non_null(mkdtemp(made.folder));
    (void)snprintf(made.path, sizeof made.path, "%s/a", made.folder);
    (void)snprintf(made.part, sizeof made.part, "%s/a.part", made.folder);
    return made;
}

static void remove_place(const place *from)
{
    (void)unlink(from->path);
    assert_int_equal(rmdir(from->folder), 0); /* and nothing else is left in it */
}

static bool is_there(const char *path)
{
    struct stat state;
    return lstat(path, &state) == 0;
}

static void expect_content(const char *path, const char *content, size_t size)
{
    char *data = NULL;
    size_t found = 0;
    assert_int_equal(tw_file_read(path, 1 << 20, &data, &found, NULL), TUWEN_OK);
    assert_int_equal(found, size);
    assert_memory_equal(data, content, size);
    tw_free(data);
}

static tuwen_status write_text(const char *path, const char *text, tuwen_error *error)
{
    tw_output output;
    tuwen_status status = tw_output_open(path, &output, error);
    if (status == TUWEN_OK)
        status = tw_output_append(&output, text, strlen(text), error);
    if (status == TUWEN_OK)
        return tw_output_commit(&output, error);
    tw_output_discard(&output);
    return status;
}

static void name_appears_at_the_end(void **state)
{
    (void)state;
    place at = make_place();
    tw_output output;
    assert_int_equal(tw_output_open(at.path, &output, NULL), TUWEN_OK);
    assert_int_equal(tw_output_append(&output, "abc", 3, NULL), TUWEN_OK);
    output.length = 6; /* a gap */
    assert_int_equal(tw_output_append(&output, "g", 1, NULL), TUWEN_OK);
    assert_int_equal(tw_output_write(&output, 1, "X", 1, NULL), TUWEN_OK);
    assert_int_equal(tw_output_append(&output, "h", 1, NULL), TUWEN_OK);
    assert_true(!is_there(at.path) && is_there(at.part));
    assert_int_equal(tw_output_commit(&output, NULL), TUWEN_OK);
    assert_true(is_there(at.path) && !is_there(at.part));
    expect_content(at.path, "aXc\0\0\0gh", 8);
    tw_output_discard(&output); /* of one that is closed: nothing happens */
    expect_content(at.path, "aXc\0\0\0gh", 8);

    assert_int_equal(write_text(at.path, "new", NULL), TUWEN_OK);
    expect_content(at.path, "new", 3);
    assert_int_equal(tw_output_open(at.path, &output, NULL), TUWEN_OK);
    assert_int_equal(tw_output_append(&output, "lost", 4, NULL), TUWEN_OK);
    tw_output_discard(&output);
    assert_false(is_there(at.part));
    expect_content(at.path, "new", 3);
    remove_place(&at);
}

/* A path without a folder, as a user types it. */
static void here_is_a_folder_too(void **state)
{
    (void)state;
    place at = make_place();
    char before[1024];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(at.folder), 0);
    assert_int_equal(write_text("a", "here", NULL), TUWEN_OK);
    assert_int_equal(chdir(before), 0);
    expect_content(at.path, "here", 4);
    remove_place(&at);
}

static void expect_failure_in(tuwen_language language, const char *path, const char *message)
{
    tuwen_error error = {.language = language};
    tw_output output;
    assert_int_equal(tw_output_open(path, &output, &error), TUWEN_IO);
    assert_string_equal(error.message, message);
    tw_output_discard(&output);
}

static void expect_failure(const char *path, const char *message)
{
    expect_failure_in(TUWEN_ENGLISH, path, message);
}

/* Renaming over a device would take it away from everybody on the machine. A pipe stands in for one. */
static void what_is_no_file_is_not_replaced(void **state)
{
    (void)state;
    place at = make_place();
    char message[192];
    struct stat facts;
    assert_int_equal(mkfifo(at.path, 0600), 0);
    (void)snprintf(message, sizeof message, "%s: is not a regular file", at.path);
    expect_failure(at.path, message);
    assert_int_equal(lstat(at.path, &facts), 0);
    assert_true(S_ISFIFO(facts.st_mode));
    remove_place(&at);
}

/* The folder is what is wrong, and so it is named; the .part file is no concern of the reader. */
static void a_missing_folder_is_named(void **state)
{
    (void)state;
    place at = make_place();
    char path[128], message[256];
    (void)snprintf(path, sizeof path, "%s/none/a", at.folder);
    (void)snprintf(message, sizeof message, "%s: cannot be written: there is no folder %s/none", path, at.folder);
    expect_failure(path, message);
    (void)snprintf(message, sizeof message, "%s：无法写入：没有文件夹 %s/none", path, at.folder);
    expect_failure_in(TUWEN_CHINESE, path, message);
    assert_int_equal(write_text(at.path, "a file", NULL), TUWEN_OK);
    (void)snprintf(path, sizeof path, "%s/a", at.path);
    (void)snprintf(message, sizeof message, "%s: cannot be written: there is no folder %s", path, at.path);
    expect_failure(path, message);
    remove_place(&at);
    expect_failure("none/a", "none/a: cannot be written: there is no folder none");
}

/* The other reasons of the system, in the reader's language too. */
static void reasons_are_translated(void **state)
{
    (void)state;
    place at = make_place();
    char message[256];
    assert_int_equal(symlink("elsewhere", at.part), 0);
    (void)snprintf(message, sizeof message, "%s：无法写入：符号链接层数过多", at.part);
    expect_failure_in(TUWEN_CHINESE, at.path, message);
    assert_int_equal(unlink(at.part), 0);
    if (geteuid() != 0) { /* whom no folder refuses */
        assert_int_equal(chmod(at.folder, 0500), 0);
        (void)snprintf(message, sizeof message, "%s: cannot be written into the folder %s: Permission denied",
                       at.path, at.folder);
        expect_failure(at.path, message);
        (void)snprintf(message, sizeof message, "%s：无法写入文件夹 %s：没有权限", at.path, at.folder);
        expect_failure_in(TUWEN_CHINESE, at.path, message);
        assert_int_equal(chmod(at.folder, 0700), 0);
    }
    remove_place(&at);
}

static void what_cannot_be_written_is_named(void **state)
{
    (void)state;
    place at = make_place();
    char message[256];
    (void)snprintf(message, sizeof message, "%s: cannot be written: it is a folder", at.folder);
    expect_failure(at.folder, message);
    /* What another user could lay in our way. */
    assert_int_equal(symlink("elsewhere", at.part), 0);
    (void)snprintf(message, sizeof message, "%s: cannot be written: Too many levels of symbolic links", at.part);
    expect_failure(at.path, message);
    assert_int_equal(unlink(at.part), 0);
    assert_int_equal(mkfifo(at.part, 0600), 0);
    (void)snprintf(message, sizeof message, "%s: is not a regular file", at.part);
    expect_failure(at.path, message);
    assert_int_equal(unlink(at.part), 0);

    tw_output output, second;
    tuwen_error error = {0};
    assert_int_equal(tw_output_open(at.path, &output, NULL), TUWEN_OK);
    assert_int_equal(tw_output_open(at.path, &second, &error), TUWEN_IO);
    (void)snprintf(message, sizeof message, "%s: another tuwen is writing it", at.path);
    assert_string_equal(error.message, message);
    assert_int_equal(tw_output_write(&output, UINT64_MAX, "a", 1, &error), TUWEN_IO);
    /* A folder that came meanwhile is not replaced. */
    assert_int_equal(mkdir(at.path, 0700), 0);
    assert_int_equal(tw_output_commit(&output, &error), TUWEN_IO);
    (void)snprintf(message, sizeof message, "%s: cannot be written: Is a directory", at.path);
    assert_string_equal(error.message, message);
    assert_false(is_there(at.part));
    assert_int_equal(rmdir(at.path), 0);
    remove_place(&at);
}

/* /dev/full refuses every byte as a full disk does; only opening and renaming need another place. */
static void full_disk_is_named(void **state)
{
    (void)state;
    place at = make_place();
    tw_output output;
    tuwen_error error = {0};
    char message[256];
    assert_int_equal(tw_output_open(at.path, &output, NULL), TUWEN_OK);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_true(dup2(fileno(full), output.descriptor) >= 0);
    assert_int_equal(tw_output_append(&output, "a", 1, &error), TUWEN_IO);
    (void)snprintf(message, sizeof message, "%s: cannot be written: the disk is full", at.part);
    assert_string_equal(error.message, message);
    assert_int_equal(output.length, 0);
    assert_int_equal(fclose(full), 0);
    tw_output_discard(&output);
    assert_false(is_there(at.part));
    remove_place(&at);
}

static tuwen_status write_once(void *user, tuwen_error *error)
{
    return write_text(user, "text", error);
}

static void failed_allocations_are_survived(void **state)
{
    (void)state;
    place at = make_place();
    assert_int_equal(alloc_fail_each(write_once, at.path), 2);
    assert_false(is_there(at.part));
    remove_place(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_appears_at_the_end),         cmocka_unit_test(here_is_a_folder_too),
        cmocka_unit_test(what_cannot_be_written_is_named), cmocka_unit_test(full_disk_is_named),
        cmocka_unit_test(failed_allocations_are_survived), cmocka_unit_test(a_missing_folder_is_named),
        cmocka_unit_test(reasons_are_translated),          cmocka_unit_test(what_is_no_file_is_not_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
