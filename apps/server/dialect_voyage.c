/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Voyage's /v1/multimodalembeddings: {"inputs": [{"content": [parts]}], "input_type"?, "truncation"?, "output_dtype"?,
 * "output_encoding"?}; its /v1/embeddings, {"input": text | [texts], ...}, with "encoding_format"; and its /v1/rerank, which
 * answers with "data". The latter two are told from others by "truncation", which its clients always say. Texts that are queries
 * get the model's instruction for matching.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect.h"

enum { WITH_DOCUMENTS = 1 };

/* A list of numbers of some type, or floats as base64; `encoded` names the member that says so. The client asks for base64 of
 * every type and takes lists as well, so that is how other types come. */
static bool read_kind(struct call *call, const char *encoded, const struct terms *terms, struct refusal *refusal)
{
    value encoding = value_member(call->document, encoded), type = value_member(call->document, "output_dtype");
    int kind = value_kind(type) <= KIND_NULL ? VECTOR_FLOAT : vector_kind_find(type);
    bool base64 = value_is(encoding, "base64");
    if (kind < 0 || kind == VECTOR_BASE64)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "output_dtype",
                      WITH("output_dtype", "\"float\" | \"int8\" | \"uint8\" | \"binary\" | \"ubinary\""));
    if (value_kind(encoding) > KIND_NULL && !base64)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, encoded, WITH(encoded, "\"base64\" | null"));
    call->kinds = 1U << (base64 && kind == VECTOR_FLOAT ? VECTOR_BASE64 : kind);
    return true;
}

static void read_truncation(struct call *call)
{
    value truncation = value_member(call->document, "truncation");
    call->keep_whole = value_kind(truncation) == KIND_BOOLEAN && !value_is_true(truncation);
}

static bool read_list(struct call *call, const char *list, const char *encoded, const struct terms *terms,
                      struct refusal *refusal)
{
    read_truncation(call);
    if (!read_kind(call, encoded, terms, refusal) ||
        !items_check_dimensions(value_member(call->document, "output_dimension"), "output_dimension", terms,
                                refusal) ||
        !items_add_list(call, value_member(call->document, list), list, NULL, terms, refusal))
        return false;
    if (value_is(value_member(call->document, "input_type"), "query"))
        items_set_instruction(call, 0, call->count, terms);
    return true;
}

static bool voyage_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    return read_list(call, "inputs", "output_encoding", terms, refusal);
}

static bool texts_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    return read_list(call, "input", "encoding_format", terms, refusal);
}

static bool voyage_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    struct usage usage = call_usage(call);
    buffer_text(body, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < call->count; i++) {
        BUFFER_FORMAT(body, "%s{\"object\":\"embedding\",\"index\":%zu,\"embedding\":", i ? "," : "", i);
        vector_write(call, i, vector_kind_only(call), body);
        buffer_text(body, "}");
    }
    buffer_text(body, "],\"model\":");
    buffer_json(body, terms->info->name, strlen(terms->info->name));
    BUFFER_FORMAT(body,
                  ",\"usage\":{\"text_tokens\":%zu,\"image_pixels\":%zu,\"video_pixels\":0,\"total_tokens\":%zu}}\n",
                  usage.tokens - usage.image_tokens, usage.pixels, usage.tokens);
    return true;
}

static bool rerank_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    long top = 0;
    read_truncation(call);
    if (!items_optional_number(call->document, "top_k", 1, &top, terms, refusal))
        return false;
    call->top = (size_t)top;
    call->wanted = value_is_true(value_member(call->document, "return_documents")) ? WITH_DOCUMENTS : 0;
    return rank_read(call, value_member(call->document, "query"), value_member(call->document, "documents"), "query",
                     "documents", terms, refusal);
}

static bool rerank_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    size_t count = 0;
    struct ranked *ranked = rank_all(call, terms, &count, refusal);
    if (!ranked)
        return false;
    buffer_text(body, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < count; i++) {
        const tuwen_input *input = &call->inputs[call->queries + ranked[i].index];
        BUFFER_FORMAT(body, "%s\n{\"index\":%zu,\"relevance_score\":%.6f,\"cosine\":%.6f", i ? "," : "",
                      ranked[i].index, (double)ranked[i].score, (double)ranked[i].cosine);
        if (call->wanted & WITH_DOCUMENTS && input->text) {
            buffer_text(body, ",\"document\":");
            buffer_json(body, input->text, input->text_size);
        }
        buffer_text(body, "}");
    }
    free(ranked);
    buffer_text(body, "],\"model\":");
    buffer_json(body, terms->info->name, strlen(terms->info->name));
    BUFFER_FORMAT(body, ",\"usage\":{\"total_tokens\":%zu}}\n", call_usage(call).tokens);
    return true;
}

void detail_refuse(const struct refusal *refusal, struct buffer *body)
{
    buffer_text(body, "{\"detail\":");
    buffer_json(body, refusal->message, strlen(refusal->message));
    buffer_text(body, "}\n");
}

const struct dialect dialect_voyage = {.read = voyage_read, .write = voyage_write, .refuse = detail_refuse};
const struct dialect dialect_voyage_texts = {.read = texts_read, .write = voyage_write, .refuse = detail_refuse};
const struct dialect dialect_voyage_rerank = {.read = rerank_read, .write = rerank_write, .refuse = detail_refuse};
