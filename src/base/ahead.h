/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Working ahead: items 0, 1, 2, ... are made in order by a thread of its own, a few before they are wanted. Without a
 * thread (one item, or the system has none to give) each is made when it is wanted; what comes out is the same.
 */
#ifndef TW_BASE_AHEAD_H
#define TW_BASE_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tw_ahead tw_ahead;

/* Makes item `index` in the place `slot`; on the other thread, or on the taker's. */
typedef void (*tw_ahead_function)(void *user, size_t index, size_t slot);

/* Starts on `count` items in `slots` places, which the caller owns. NULL when memory is out. */
tw_ahead *tw_ahead_open(size_t count, size_t slots, bool thread, tw_ahead_function make, void *user);

/* Waits for the next item and tells its slot; its place stays untouched until tw_ahead_give. One at a time. */
size_t tw_ahead_take(tw_ahead *ahead);
void tw_ahead_give(tw_ahead *ahead);

/* Ends the thread after the item it is at. Items that were made and not taken lie in their
 * slots. Accepts NULL. */
void tw_ahead_close(tw_ahead *ahead);

#endif
