/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the n-th allocation of our own code fail. A test executable that depends on `alloc_fail` (tests/meson.build)
 * has malloc, calloc, realloc, aligned_alloc and free of everything that is linked into it replaced, by the linker's --wrap:
 * the test, and the static libraries of src/; shared libraries such as jansson or oneDNN are not touched.
 */
#ifndef ALLOC_FAIL_H
#define ALLOC_FAIL_H

#include <stddef.h>

#include "tuwen/status.h"

/* The n-th allocation from now on fails, once (1 is the next one); 0: none does. Sets the count to 0. */
void alloc_fail_at(size_t n);

/* Allocations since the last alloc_fail_at, the failed one included. Exact with one thread. */
size_t alloc_fail_count(void);

/* Bytes that our own code holds, as the allocator rounds them; only differences mean something, since blocks that a shared
 * library allocated may be freed by our code. */
size_t alloc_bytes_held(void);

/*
 * Calls `function` with the first allocation failing, then the second, and so on, until it no longer reaches the
 * allocation that would fail. Asserts (cmocka) that every call but the last returns OUT_OF_MEMORY with a message, and
 * the last OK. `function` frees what it made and leaves nothing behind in either case, so that the leak checker of
 * the sanitizer build sees what the library forgets. Returns the number of allocations.
 */
size_t alloc_fail_each(tuwen_status (*function)(void *user, tuwen_error *error), void *user);

#endif
