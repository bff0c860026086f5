/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow, and JSON written into them. When memory gets short what follows is left out, and `failed` says so in
 * the end. */
#ifndef TUWEN_COMMON_BUFFER_H
#define TUWEN_COMMON_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Zero at first. */
struct buffer {
    char *data; /* from malloc */
    size_t size, capacity;
    bool failed;
};

void buffer_add(struct buffer *buffer, const void *data, size_t size);
void buffer_text(struct buffer *buffer, const char *text);

/* Adds what printf would print, at most 255 bytes. */
#define BUFFER_FORMAT(buffer, ...)                                                                                   \
    do {                                                                                                             \
        char formatted_[256];                                                                                        \
        snprintf(formatted_, sizeof formatted_, __VA_ARGS__);                                                        \
        buffer_text(buffer, formatted_);                                                                             \
    } while (0)

/* A string of JSON with its quotes. The bytes must be UTF-8, as all that has passed the JSON reader is. */
void buffer_json(struct buffer *buffer, const char *text, size_t size);

/* A number of JSON from which every float comes back exactly. */
void buffer_float(struct buffer *buffer, float number);

/* The four characters of base64 for the next three bytes, or for all that are left. */
void base64_group(char out[4], const unsigned char *bytes, size_t left);

/* Bytes as base64, without quotes. */
void buffer_base64(struct buffer *buffer, const void *data, size_t size);

/* Floats as base64 of their bytes, little-endian, with quotes. */
void buffer_base64_floats(struct buffer *buffer, const float *numbers, size_t count);

void buffer_free(struct buffer *buffer);

#endif
