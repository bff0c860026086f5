/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow, and JSON written into them. When memory gets short what follows is left out, and `failed` says so in
 * the end. */
#include "buffer.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed || more > SIZE_MAX / 4 - buffer->size)
        buffer->failed = true;
    if (buffer->failed || buffer->size + more <= buffer->capacity)
        return !buffer->failed;
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 1024;
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

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_json(struct buffer *buffer, const char *text, size_t size)
{
    static const char named[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    size_t plain = 0;
    buffer_add(buffer, "\"", 1);
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
    buffer_add(buffer, "\"", 1);
}

void buffer_float(struct buffer *buffer, float number)
{
    BUFFER_FORMAT(buffer, "%.9g", isfinite(number) ? (double)number : 0.0);
}

void base64_group(char out[4], const unsigned char *bytes, size_t left)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t group = 0;
    for (size_t i = 0; i < 3; i++)
        group = group << 8 | (i < left ? bytes[i] : 0);
    for (size_t i = 0; i < 4; i++)
        out[i] = i > left ? '=' : digits[group >> (18 - 6 * i) & 63];
}

void buffer_base64(struct buffer *buffer, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    size_t length = (size + 2) / 3 * 4;
    if (!reserve(buffer, length))
        return;
    char *out = buffer->data + buffer->size;
    for (size_t at = 0; at < size; at += 3, out += 4)
        base64_group(out, bytes + at, size - at);
    buffer->size += length;
}

void buffer_base64_floats(struct buffer *buffer, const float *numbers, size_t count)
{
    enum { AT_ONCE = 3 * 64 }; /* a multiple of 3, so that the pieces follow each other without padding */
    unsigned char bytes[AT_ONCE * 4];
    buffer_add(buffer, "\"", 1);
    for (size_t at = 0; at < count; at += AT_ONCE) {
        size_t some = count - at < AT_ONCE ? count - at : AT_ONCE;
        for (size_t i = 0; i < some * 4; i++) {
            uint32_t bits;
            memcpy(&bits, numbers + at + i / 4, 4);
            bytes[i] = (unsigned char)(bits >> (i % 4 * 8));
        }
        buffer_base64(buffer, bytes, some * 4);
    }
    buffer_add(buffer, "\"", 1);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
