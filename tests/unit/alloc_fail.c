/* SPDX-License-Identifier: Apache-2.0 */
/* The wrappers that the linker puts in the place of the C library's allocation functions, and the loop over them. */
#include "alloc_fail.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The linker's names: __wrap_x is what our code calls, __real_x what it would have called. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *block);

static atomic_size_t failing; /* 0: none */
static atomic_size_t counted;
static atomic_size_t held;

void alloc_fail_at(size_t n)
{
    atomic_store(&failing, n);
    atomic_store(&counted, 0);
}

size_t alloc_fail_count(void)
{
    return atomic_load(&counted);
}

static bool fails_now(void)
{
    return atomic_fetch_add(&counted, 1) + 1 == atomic_load(&failing);
}

size_t alloc_bytes_held(void)
{
    return atomic_load(&held);
}

static void *hold(void *block)
{
    atomic_fetch_add(&held, block ? malloc_usable_size(block) : 0);
    return block;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : hold(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : hold(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    size_t before = block ? malloc_usable_size(block) : 0;
    void *moved = fails_now() ? NULL : hold(__real_realloc(block, size));
    if (moved)
        atomic_fetch_sub(&held, before);
    return moved;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails_now() ? NULL : hold(__real_aligned_alloc(alignment, size));
}

void __wrap_free(void *block)
{
    atomic_fetch_sub(&held, block ? malloc_usable_size(block) : 0);
    __real_free(block);
}

size_t alloc_fail_each(tuwen_status (*function)(void *user, tuwen_error *error), void *user)
{
    for (size_t n = 1;; n++) {
        tuwen_error error = {.language = TUWEN_ENGLISH};
        alloc_fail_at(n);
        tuwen_status status = function(user, &error);
        size_t count = alloc_fail_count();
        alloc_fail_at(0);
        if (count < n) {
            if (status != TUWEN_OK)
                fail_msg("no allocation failed, and yet: %s: %s", tuwen_status_name(status), error.message);
            return n - 1;
        }
        if (status != TUWEN_OUT_OF_MEMORY || error.status != status || !error.message[0])
            fail_msg("allocation %zu failed, and the call returned %s with the message '%s'", n,
                     tuwen_status_name(status), error.message);
    }
}
