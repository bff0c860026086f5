/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of JSON made of bytes that may be no UTF-8, such as names of files. */
#include "json_bytes.h"

#include <stdint.h>
#include <stdlib.h>

#include "input.h"
#include "terminal.h"

void json_bytes(struct buffer *buffer, const char *text, size_t size)
{
    if (text_is_utf8(text, size)) {
        buffer_json(buffer, text, size);
        return;
    }
    char *repaired = size < SIZE_MAX / 3 ? malloc(size * 3) : NULL;
    buffer->failed = buffer->failed || !repaired;
    if (repaired)
        buffer_json(buffer, repaired, text_repair(text, size, repaired));
    free(repaired);
}
