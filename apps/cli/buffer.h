/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow. When memory gets short what follows is left out, and `failed` says so in the end. */
#ifndef TUWEN_CLI_BUFFER_H
#define TUWEN_CLI_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Zero at first. */
struct buffer {
    char *data;
    size_t size, capacity;
    bool failed;
};

void buffer_add(struct buffer *buffer, const void *data, size_t size);
void buffer_add_text(struct buffer *buffer, const char *text);

/* Adds what printf would print, at most 255 bytes. */
#define BUFFER_FORMAT(buffer, ...)                                                                                   \
    do {                                                                                                             \
        char formatted_[256];                                                                                        \
        snprintf(formatted_, sizeof formatted_, __VA_ARGS__);                                                        \
        buffer_add_text(buffer, formatted_);                                                                         \
    } while (0)

/* Adds a string of JSON with its quotes; a broken byte becomes U+FFFD. */
void buffer_add_json(struct buffer *buffer, const char *text, size_t size);

void buffer_free(struct buffer *buffer);

#endif
