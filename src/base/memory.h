/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation with checked sizes, and a growable array of bytes. Everything that the library allocates comes from
 * here; every call can return NULL or false, and every caller survives that (tests inject it).
 */
#ifndef TW_BASE_MEMORY_H
#define TW_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* count * size bytes, not initialised; NULL when the product overflows or memory is out. Zero bytes give a valid
 * pointer. Free with tw_free. */
void *tw_alloc(size_t count, size_t size);

/* As tw_alloc, all bytes zero. */
void *tw_alloc_zero(size_t count, size_t size);

/* Resizes a block from tw_alloc; on failure returns NULL and the old block stays. */
void *tw_resize(void *block, size_t count, size_t size);

/* As tw_alloc, aligned to 64 bytes (a cache line and the widest vector). Free with tw_free. */
void *tw_alloc_aligned(size_t count, size_t size);

/* Accepts NULL. */
void tw_free(void *block);

/* A copy of the first `length` bytes with a NUL added; NULL when memory is out. */
char *tw_copy_string(const char *string, size_t length);

/* A growable array of bytes. Zero-initialise; free with tw_bytes_free. `data` is not NUL-terminated. */
typedef struct tw_bytes {
    char *data;
    size_t length;
    size_t capacity;
} tw_bytes;

/* Makes room for `more` further bytes; false when memory is out (the content stays). */
bool tw_bytes_reserve(tw_bytes *bytes, size_t more);

/* Appends; false when memory is out (the content stays). */
bool tw_bytes_append(tw_bytes *bytes, const void *data, size_t length);

void tw_bytes_free(tw_bytes *bytes);

/* Grows the array `*items` of elements of `size` bytes so that it holds at least `needed`; doubles. False when memory
 * is out (the content stays). */
bool tw_grow(void **items, size_t *capacity, size_t needed, size_t size);

#endif
