/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Working ahead: items come in order, each whole, out of few slots or many, with a thread or without; a place is not
 * touched between take and give; closing early ends the thread and leaves the rest unmade.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/ahead.h"
#include "testing.h"

#define SLOTS 5

/* What the makers write; every part of a slot is the item's number, so that half an item shows. */
typedef struct {
    size_t items[SLOTS][64];
    size_t made; /* read after the thread has ended only */
    size_t slow; /* the item that takes long; none: SIZE_MAX */
    pthread_t maker;
} places;

static void make(void *user, size_t index, size_t slot)
{
    places *of = user;
    if (index == of->slow)
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    for (size_t i = 0; i < 64; i++)
        of->items[slot][i] = index;
    of->made++;
    of->maker = pthread_self();
}

static void check_item(const places *of, size_t slot, size_t index)
{
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(of->items[slot][i], index);
}

static void take_all(size_t count, size_t slots, bool thread, size_t slow)
{
    places of = {.slow = slow};
    tw_ahead *ahead = tw_ahead_open(count, slots, thread, make, &of);
    assert_non_null(ahead);
    for (size_t i = 0; i < count; i++) {
        size_t slot = tw_ahead_take(ahead);
        assert_true(slot < slots);
        check_item(&of, slot, i);
        if (i % 50 == 3) { /* the maker has time to overtake, and may not touch what is held */
            (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
            check_item(&of, slot, i);
        }
        tw_ahead_give(ahead);
    }
    tw_ahead_close(ahead);
    assert_int_equal(of.made, count);
    if (!thread && count > 0)
        assert_true(pthread_equal(of.maker, pthread_self()));
}

static void test_order(void **state)
{
    (void)state;
    for (int thread = 0; thread < 2; thread++)
        for (size_t slots = 1; slots <= SLOTS; slots++) {
            take_all(0, slots, thread, SIZE_MAX);
            take_all(1, slots, thread, SIZE_MAX);
            take_all(3, slots, thread, 1);
            take_all(200, slots, thread, 17);
        }
}

/* The thread is at most all slots ahead, and makes nothing that is not its turn. */
static void test_close_early(void **state)
{
    (void)state;
    for (size_t slots = 1; slots <= SLOTS; slots++)
        for (size_t taken = 0; taken < 4; taken++) {
            places of = {.slow = slots};
            tw_ahead *ahead = tw_ahead_open(1000, slots, true, make, &of);
            assert_non_null(ahead);
            for (size_t i = 0; i < taken; i++) {
                check_item(&of, tw_ahead_take(ahead), i);
                if (i + 1 < taken)
                    tw_ahead_give(ahead); /* the last one is still held */
            }
            tw_ahead_close(ahead);
            size_t given = taken > 0 ? taken - 1 : 0;
            assert_true(of.made >= taken && of.made <= given + slots);
        }
    places of = {.slow = SIZE_MAX};
    tw_ahead *ahead = tw_ahead_open(10, 2, false, make, &of);
    check_item(&of, tw_ahead_take(ahead), 0);
    tw_ahead_close(ahead);
    assert_int_equal(of.made, 1);
    tw_ahead_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_close_early)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
