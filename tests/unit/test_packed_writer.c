/* SPDX-License-Identifier: Apache-2.0 */
/* Writing packed files: wrong calls, full disks, several processes, killed ones. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "base/memory.h"
#include "packed_example.h"
#include "testing.h"

static void expect_wrong(tw_packed_writer *writer, tuwen_status status, const tuwen_error *error,
                         const example_place *at, const char *message)
{
    char wanted[512];
    (void)snprintf(wanted, sizeof wanted, "%s: %s", at->path, message);
    assert_int_equal(status, error->status);
    assert_string_equal(error->message, wanted);
    tuwen_error end = {0};
    assert_int_equal(tw_packed_finish(writer, &example_facts, &end), TUWEN_INVALID_ARGUMENT);
    assert_true(access(at->path, F_OK) != 0 && access(at->part, F_OK) != 0);
}

static void wrong_calls_are_named(void **state)
{
    (void)state;
    example_place at = example_make_place();
    const tw_layout numbers = tw_layout_plain(TW_ELEMENT_F32, 3, 1), wide = tw_layout_plain(TW_ELEMENT_F32, 1, 3);
    const tw_layout small = tw_layout_plain(TW_ELEMENT_I8, 3, 4), few = tw_layout_plain(TW_ELEMENT_I8, 12, 1);
    char name[300];
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    const struct {
        const char *name;
        tw_item_kind kind;
        const tw_layout *layout;
        uint64_t bytes;
        const char *message;
    } calls[] = {
        {"", TW_ITEM_FILE, NULL, 12, "item 1: its name is not a text of 1 to 255 bytes without control characters"},
        {name, TW_ITEM_FILE, NULL, 12, "item 1: its name is not a text of 1 to 255 bytes without control characters"},
        {"a\nb", TW_ITEM_FILE, NULL, 12,
         "item 1: its name is not a text of 1 to 255 bytes without control characters"},
        {"a\xff", TW_ITEM_FILE, NULL, 12,
         "item 1: its name is not a text of 1 to 255 bytes without control characters"},
        {"first", TW_ITEM_FILE, NULL, 12, "item first: is there twice"},
        {"b", TW_ITEM_VECTOR, &wide, 12, "item b: its layout cannot be"},
        {"b", TW_ITEM_ROWS, &small, 12, "item b: its layout cannot be"},
        {"b", TW_ITEM_VECTOR, &few, 12, "item b: its layout cannot be"},
        {"b", TW_ITEM_ROWS, &example_blocked, 16384, "item b: its layout cannot be"},
        {"b", TW_ITEM_VECTOR, &numbers, 8, "item b: has 8 bytes, but its layout needs 12"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        tw_packed_writer *writer = NULL;
        tuwen_error error = {0};
        assert_int_equal(tw_packed_create(at.path, &writer, NULL), TUWEN_OK);
        assert_int_equal(tw_packed_add(writer, "first", TW_ITEM_FILE, NULL, "x", 1, NULL), TUWEN_OK);
        tuwen_status status = tw_packed_add(writer, calls[i].name, calls[i].kind, calls[i].layout, example_vector,
                                            calls[i].bytes, &error);
        expect_wrong(writer, status, &error, &at, calls[i].message);
    }
    tw_packed_writer *writer = NULL;
    tuwen_error error = {0};
    assert_int_equal(tw_packed_create(at.path, &writer, NULL), TUWEN_OK);
    tuwen_status status = tw_packed_piece(writer, "xy", 2, &error);
    expect_wrong(writer, status, &error, &at, "item : has more bytes than were announced");
    assert_int_equal(tw_packed_create(at.path, &writer, NULL), TUWEN_OK);
    assert_int_equal(tw_packed_begin(writer, "one", TW_ITEM_FILE, NULL, 3, NULL), TUWEN_OK);
    assert_int_equal(tw_packed_piece(writer, "xy", 2, NULL), TUWEN_OK);
    status = tw_packed_begin(writer, "two", TW_ITEM_FILE, NULL, 3, &error);
    expect_wrong(writer, status, &error, &at, "item one: 1 of its bytes were not given");
    assert_int_equal(tw_packed_create(at.path, &writer, NULL), TUWEN_OK);
    assert_int_equal(tw_packed_begin(writer, "one", TW_ITEM_FILE, NULL, 3, NULL), TUWEN_OK);
    assert_int_equal(tw_packed_finish(writer, &example_facts, NULL), TUWEN_INVALID_ARGUMENT);
    tw_packed_abandon(NULL);
    example_remove_place(&at);
}

/* Wherever the disk is full, in an item or in the index: the old file stays, and nothing else. */
static void full_disk_is_survived(void **state)
{
    (void)state;
    example_place at = example_make_place();
    example_write_good(at.path);
    size_t size = 0, after = 0;
    unsigned char *good = example_read(at.path, &size);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    for (size_t room = 4096; room < size; room += 4096 + 511) {
        const struct rlimit limit = {.rlim_cur = room, .rlim_max = before.rlim_max};
        tuwen_error error = {0};
        char message[256];
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        tuwen_status status = example_write(at.path, 1, &error);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, TUWEN_IO);
        (void)snprintf(message, sizeof message, "%s: cannot be written: File too large", at.part);
        assert_string_equal(error.message, message);
        assert_true(access(at.part, F_OK) != 0);
        unsigned char *now = example_read(at.path, &after);
        assert_int_equal(after, size);
        assert_memory_equal(now, good, size);
        tw_free(now);
    }
    tw_free(good);
    example_remove_place(&at);
}

/* ---- several processes ---------------------------------------------------------------------------------------- */

/* Waits until the path is there. */
static void wait_for(const char *path)
{
    for (int i = 0; i < 5000 && access(path, F_OK) != 0; i++)
        (void)usleep(1000);
    assert_int_equal(access(path, F_OK), 0);
}

/* A second writer is refused while the first lives; killed, it leaves a .part file that the next one starts anew. */
static void second_writer_is_refused(void **state)
{
    (void)state;
    example_place at = example_make_place();
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)alarm(60); /* should the test fail and not end us */
        tw_packed_writer *writer = NULL;
        if (tw_packed_create(at.path, &writer, NULL) != TUWEN_OK || example_add(writer, 5, NULL) != TUWEN_OK)
            _exit(1);
        (void)!write(ready[1], "r", 1);
        for (;;)
            pause();
    }
    char letter = 0;
    assert_int_equal(read(ready[0], &letter, 1), 1);
    tuwen_error error = {0};
    char message[256];
    assert_int_equal(example_write(at.path, 0, &error), TUWEN_IO);
    (void)snprintf(message, sizeof message, "%s: another tuwen is writing it", at.path);
    assert_string_equal(error.message, message);
    assert_int_equal(access(at.part, F_OK), 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(access(at.part, F_OK), 0);

    example_write_good(at.path);
    assert_true(access(at.part, F_OK) != 0);
    size_t size = 0, again = 0;
    unsigned char *first = example_read(at.path, &size);
    assert_int_equal(unlink(at.path), 0);
    example_write_good(at.path);
    unsigned char *second = example_read(at.path, &again); /* what was left had no influence */
    assert_int_equal(size, again);
    assert_memory_equal(first, second, size);
    tw_free(first);
    tw_free(second);
    (void)close(ready[0]);
    (void)close(ready[1]);
    example_remove_place(&at);
}

static void expect_whole(const char *path)
{
    tw_packed *packed = NULL;
    tuwen_error error = {0};
    if (tw_packed_open(path, &packed, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < tw_packed_count(packed); i++)
        if (tw_packed_verify(packed, tw_packed_at(packed, i), &error) != TUWEN_OK)
            fail_msg("%s", error.message);
    tw_packed_close(packed);
}

/* Starts a process that writes the file over and over; two of them take the name from each other. */
static pid_t start_writer(const char *path, unsigned salt)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    (void)alarm(60); /* should the test fail and not end us */
    for (unsigned i = 0;; i++) {
        tuwen_error error = {0};
        if (example_write(path, salt + i, &error) != TUWEN_OK &&
            !strstr(error.message, "another tuwen is writing it"))
            _exit(1);
    }
}

/* Whoever writes, and whenever they are killed: the name always has a whole file. */
static void killed_writers_leave_a_whole_file(void **state)
{
    (void)state;
    example_place at = example_make_place();
    unsigned delay = 1;
    for (int round = 0; round < 60; round++) {
        pid_t writers[2];
        for (unsigned i = 0; i < 2; i++)
            writers[i] = start_writer(at.path, 100 * i);
        wait_for(at.path);
        for (int i = 0; i < 3; i++)
            expect_whole(at.path);
        delay = delay * 1103515245u + 12345u;
        (void)usleep(delay >> 16 & 4095);
        for (int i = 0; i < 2; i++) {
            int result = 0;
            assert_int_equal(kill(writers[i], SIGKILL), 0);
            assert_int_equal(waitpid(writers[i], &result, 0), writers[i]);
            assert_true(WIFSIGNALED(result)); /* not by a failure of its own */
        }
        expect_whole(at.path);
    }
    example_write_good(at.path);
    example_remove_place(&at);
}

static tuwen_status write_once(void *user, tuwen_error *error)
{
    return example_write(user, 0, error);
}

static void failed_allocations_are_survived(void **state)
{
    (void)state;
    example_place at = example_make_place();
    assert_true(alloc_fail_each(write_once, at.path) > 10);
    assert_true(access(at.part, F_OK) != 0);
    example_remove_place(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_calls_are_named),           cmocka_unit_test(full_disk_is_survived),
        cmocka_unit_test(second_writer_is_refused),        cmocka_unit_test(killed_writers_leave_a_whole_file),
        cmocka_unit_test(failed_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
