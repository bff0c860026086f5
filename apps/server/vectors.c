/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors as answers have them. Floats come back exactly from their digits. The small kinds are made for cosines: eight bits
 * are rounded on the vector's own scale, so that its largest number is 127 or -127; one bit is the sign, the first number in
 * the highest bit of the first byte. "int8" and "binary" are signed: 0 is where "uint8" and "ubinary" have 128.
 */
#include <math.h>

#include "dialect.h"

const char *const vector_kind_names[VECTOR_KINDS] = {"float", "base64", "int8", "uint8", "binary", "ubinary"};

int vector_kind_find(value name)
{
    for (int kind = 0; kind < VECTOR_KINDS; kind++)
        if (value_is(name, vector_kind_names[kind]))
            return kind;
    return -1;
}

enum vector_kind vector_kind_only(const struct call *call)
{
    int kind = VECTOR_FLOAT;
    while (kind + 1 < VECTOR_KINDS && call->kinds > 1U << kind)
        kind++;
    return (enum vector_kind)kind;
}

static void write_bytes(const float *vector, size_t dimension, int shift, struct buffer *body)
{
    float largest = 0;
    for (size_t i = 0; i < dimension; i++)
        largest = fmaxf(largest, fabsf(vector[i]));
    for (size_t i = 0; i < dimension; i++) {
        long byte = largest > 0 ? lrintf(vector[i] / largest * 127.0f) : 0;
        BUFFER_FORMAT(body, "%s%ld", i ? "," : "", byte + shift);
    }
}

static void write_bits(const float *vector, size_t dimension, int shift, struct buffer *body)
{
    for (size_t i = 0; i < dimension; i += 8) {
        int byte = 0;
        for (size_t bit = 0; bit < 8 && i + bit < dimension; bit++)
            byte |= (vector[i + bit] > 0) << (7 - bit);
        BUFFER_FORMAT(body, "%s%d", i ? "," : "", byte + shift);
    }
}

void vector_write(const struct call *call, size_t index, enum vector_kind kind, struct buffer *body)
{
    const float *vector = call->vectors + index * call->dimension;
    if (kind == VECTOR_BASE64) {
        buffer_base64_floats(body, vector, call->dimension);
        return;
    }
    buffer_text(body, "[");
    if (kind == VECTOR_INT8 || kind == VECTOR_UINT8)
        write_bytes(vector, call->dimension, kind == VECTOR_INT8 ? 0 : 128, body);
    else if (kind == VECTOR_BINARY || kind == VECTOR_UBINARY)
        write_bits(vector, call->dimension, kind == VECTOR_BINARY ? -128 : 0, body);
    for (size_t i = 0; i < call->dimension && kind == VECTOR_FLOAT; i++) {
        buffer_text(body, i ? "," : "");
        buffer_float(body, vector[i]);
    }
    buffer_text(body, "]");
}

void vector_write_all(const struct call *call, enum vector_kind kind, struct buffer *body)
{
    buffer_text(body, "[");
    for (size_t i = 0; i < call->count; i++) {
        buffer_text(body, i ? "," : "");
        vector_write(call, i, kind, body);
    }
    buffer_text(body, "]");
}
