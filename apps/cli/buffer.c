/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow. When memory gets short what follows is left out, and `failed` says so in the end. */
#include "buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "terminal.h"

static bool reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed || more > SIZE_MAX / 4 - buffer->size)
        buffer->failed = true;
    if (buffer->failed || buffer->size + more <= buffer->capacity)
        return !buffer->failed;
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 4096;
    if (capacity < buffer->size + more)
        capacity = buffer->size + more;
    char *data = realloc(buffer->data, capacity);
    buffer->failed = data == NULL;
    if (!data)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_add(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0 || !reserve(buffer, size))
        return;
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

static void add_escaped(struct buffer *buffer, const char *text, size_t size)
{
    static const char named[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    size_t plain = 0;
    for (size_t i = 0; i < size; i++) {
        const char *place = text[i] ? strchr(named, text[i]) : NULL;
        if (!place && (unsigned char)text[i] >= 0x20)
            continue;
        buffer_add(buffer, text + plain, i - plain);
        plain = i + 1;
        if (place)
            BUFFER_FORMAT(buffer, "\\%c", letters[place - named]);
        else
            BUFFER_FORMAT(buffer, "\\u%04x", (unsigned)(unsigned char)text[i]);
    }
    buffer_add(buffer, text + plain, size - plain);
}

void buffer_add_json(struct buffer *buffer, const char *text, size_t size)
{
    buffer_add(buffer, "\"", 1);
    if (text_is_utf8(text, size)) {
        add_escaped(buffer, text, size);
    } else {
        char *repaired = size < SIZE_MAX / 3 ? malloc(size * 3) : NULL;
        buffer->failed = buffer->failed || !repaired;
        if (repaired)
            add_escaped(buffer, repaired, text_repair(text, size, repaired));
        free(repaired);
    }
    buffer_add(buffer, "\"", 1);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
