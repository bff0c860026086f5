/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Voyage's /v1/multimodalembeddings: {"inputs": [{"content": [parts]}], "input_type"?, "truncation"?, "output_encoding"?}.
 * Texts that are queries get the model's instruction for matching.
 */
#include <string.h>

#include "dialect.h"

static bool voyage_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value encoding = value_member(call->document, "output_encoding"),
          truncation = value_member(call->document, "truncation");
    call->kinds = 1U << (value_is(encoding, "base64") ? VECTOR_BASE64 : VECTOR_FLOAT);
    call->keep_whole = value_kind(truncation) == KIND_BOOLEAN && !value_is_true(truncation);
    if (value_kind(encoding) > KIND_NULL && !value_is(encoding, "base64"))
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "output_encoding",
                      WITH("output_encoding", "\"base64\" | null"));
    if (!items_check_dimensions(value_member(call->document, "output_dimension"), "output_dimension", terms,
                                refusal) ||
        !items_add_list(call, value_member(call->document, "inputs"), "inputs", NULL, terms, refusal))
        return false;
    if (value_is(value_member(call->document, "input_type"), "query"))
        items_set_instruction(call, 0, call->count, terms);
    return true;
}

static bool voyage_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    struct usage usage = call_usage(call);
    buffer_text(body, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < call->count; i++) {
        buffer_format(body, "%s{\"object\":\"embedding\",\"index\":%zu,\"embedding\":", i ? "," : "", i);
        vector_write(call, i, call->kinds == 1U << VECTOR_BASE64 ? VECTOR_BASE64 : VECTOR_FLOAT, body);
        buffer_text(body, "}");
    }
    buffer_text(body, "],\"model\":");
    buffer_json(body, terms->info->name, strlen(terms->info->name));
    buffer_format(body, ",\"usage\":{\"text_tokens\":%zu,\"image_pixels\":%zu,\"total_tokens\":%zu}}\n",
                  usage.tokens - usage.image_tokens, usage.pixels, usage.tokens);
    return true;
}

void detail_refuse(const struct refusal *refusal, struct buffer *body)
{
    buffer_text(body, "{\"detail\":");
    buffer_json(body, refusal->message, strlen(refusal->message));
    buffer_text(body, "}\n");
}

const struct dialect dialect_voyage = {.read = voyage_read, .write = voyage_write, .refuse = detail_refuse};
