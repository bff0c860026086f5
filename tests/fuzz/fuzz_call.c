/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of requests, through the dialects of the server: the first byte chooses the dialect. What is written of results or
 * refusals must be JSON again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "picture.h"

enum { DIMENSION = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_json(const struct buffer *body)
{
    char why[256];
    value document = body->failed ? NULL : document_read(body->data, body->size, why, sizeof why);
    if (!body->failed && value_kind(document) != KIND_OBJECT)
        abort();
    document_free(document);
}

/* Every other input failed in the computation. */
static void make_results(struct call *call)
{
    call->dimension = DIMENSION;
    call->vectors = calloc(call->count + 1, DIMENSION * sizeof *call->vectors);
    for (size_t i = 0; call->vectors && i < call->count; i++) {
        call->vectors[i * DIMENSION] = 1;
        if (call_is_open(call, i) && !call->inputs[i].text && !call->inputs[i].picture)
            abort(); /* nothing to compute */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tuwen_model_info info = {.name = "fuzz", .dimension = DIMENSION, .match_instruction = "match"};
    const struct terms terms = {.max_items = 64,
                                .info = &info,
                                .space = "0123456789abcdef",
                                .language = size > 0 && data[0] & 2 ? TUWEN_CHINESE : TUWEN_ENGLISH};
    const struct dialect *dialect = size > 0 && data[0] & 1 ? &dialect_match : &dialect_openai;
    struct call call = {0};
    struct refusal refusal = {0};
    struct buffer body = {0};
    char why[256];
    if (size == 0)
        return 0;
    call.document = document_read((const char *)data + 1, size - 1, why, sizeof why);
    bool good = value_kind(call.document) == KIND_OBJECT && dialect->read(&call, &terms, &refusal);
    if (value_kind(call.document) == KIND_OBJECT && good != (refusal.id == REFUSE_NOTHING))
        abort();
    if (good && dialect == &dialect_openai) {
        make_results(&call);
        good = dialect->write(&call, &terms, &body, &refusal);
    }
    if (refusal.id != REFUSE_NOTHING)
        dialect->refuse(&refusal, &body);
    if (body.size > 0)
        check_json(&body);
    buffer_free(&body);
    call_free(&call);
    return 0;
}
