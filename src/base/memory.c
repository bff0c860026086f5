/* SPDX-License-Identifier: Apache-2.0 */
/* Checked allocation and growable arrays. */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void *tw_alloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    size_t bytes = count * size;
    return malloc(bytes ? bytes : 1);
}

void *tw_alloc_zero(size_t count, size_t size)
{
    return calloc(count ? count : 1, size ? size : 1);
}

void *tw_resize(void *block, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    size_t bytes = count * size;
    return realloc(block, bytes ? bytes : 1);
}

void *tw_alloc_aligned(size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - 63) / size)
        return NULL;
    size_t bytes = (count * size + 63) / 64 * 64;
    return aligned_alloc(64, bytes ? bytes : 64);
}

void tw_free(void *block)
{
    free(block);
}

char *tw_copy_string(const char *string, size_t length)
{
    if (length == SIZE_MAX)
        return NULL;
    char *copy = tw_alloc(length + 1, 1);
    if (!copy)
        return NULL;
    if (length)
        memcpy(copy, string, length);
    copy[length] = '\0';
    return copy;
}

bool tw_grow(void **items, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return true;
    size_t grown = *capacity < 8 ? 8 : *capacity;
    while (grown < needed) {
        if (grown > SIZE_MAX / 2)
            return false;
        grown *= 2;
    }
    void *moved = tw_resize(*items, grown, size);
    if (!moved)
        return false;
    *items = moved;
    *capacity = grown;
    return true;
}

bool tw_bytes_reserve(tw_bytes *bytes, size_t more)
{
    if (more > SIZE_MAX - bytes->length)
        return false;
    void *data = bytes->data;
    if (!tw_grow(&data, &bytes->capacity, bytes->length + more, 1))
        return false;
    bytes->data = data;
    return true;
}

bool tw_bytes_append(tw_bytes *bytes, const void *data, size_t length)
{
    if (!tw_bytes_reserve(bytes, length))
        return false;
    if (length)
        memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    return true;
}

void tw_bytes_free(tw_bytes *bytes)
{
    tw_free(bytes->data);
    *bytes = (tw_bytes){0};
}
