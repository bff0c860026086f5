/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DashScope's multimodal embedding: {"input": {"contents": [{"text"} | {"image"} | both]}, "parameters": {...}}, a vector for
 * each, or with `enable_fusion` one for all of them; and its reranking, {"input": {"query", "documents"}}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "picture.h"

enum { WITH_DOCUMENTS = 1 };

/* One text and one picture, from different contents. */
static bool read_fused(struct call *call, value contents, const struct terms *terms, struct refusal *refusal)
{
    static const char field[] = "input.contents";
    tuwen_input input = {0};
    bool good = true, chinese = terms->language == TUWEN_CHINESE;
    char param[PARAM_SIZE];
    if (!items_count(contents, field, terms, refusal))
        return false;
    for (size_t i = 0; good && i < value_length(contents); i++) {
        value element = value_at(contents, i), text = value_member(element, "text"),
              image = value_member(element, "image");
        place_name(param, (struct place){.field = field, .index = i, .length = value_length(contents)});
        if (!text && !image)
            good = refuse(refusal, terms->language, REFUSE_BAD_VALUE, param,
                          WITH(param, "{\"text\": ...} | {\"image\": ...}"));
        else if ((text && input.text) || (image && input.picture))
            good = refuse(refusal, terms->language, REFUSE_TWO_OF_A_KIND, field,
                          WITH(field, text && input.text ? (chinese ? "段文本" : "text")
                                      : chinese          ? "张图片"
                                                         : "picture"));
        if (good && text)
            good = items_take_text(&input, text, param, terms, refusal);
        if (good && image) {
            input.picture = picture_read(image, &input.picture_size, terms, param, refusal);
            good = input.picture != NULL;
        }
    }
    if (good)
        return call_add(call, &input, (struct place){.field = field}) ||
               refuse(refusal, terms->language, REFUSE_OUT_OF_MEMORY, NULL, NULL);
    free((void *)input.picture);
    return false;
}

static bool dashscope_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value contents = value_member(value_member(call->document, "input"), "contents"),
          parameters = value_member(call->document, "parameters"), output = value_member(parameters, "output_type");
    if (value_kind(output) > KIND_NULL && !value_is(output, "dense"))
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "parameters.output_type",
                      WITH("parameters.output_type", "\"dense\""));
    if (!items_check_dimensions(value_member(parameters, "dimension"), "parameters.dimension", terms, refusal))
        return false;
    if (value_is_true(value_member(parameters, "enable_fusion")) && value_kind(contents) == KIND_LIST)
        return read_fused(call, contents, terms, refusal);
    return items_add_list(call, contents, "input.contents", value_member(parameters, "instruct"), terms, refusal);
}

static void write_usage(const struct call *call, struct buffer *body)
{
    struct usage usage = call_usage(call);
    BUFFER_FORMAT(
        body,
        "\"usage\":{\"input_tokens\":%zu,\"total_tokens\":%zu,\"input_tokens_details\":{\"text_tokens\":%zu,"
        "\"image_tokens\":%zu}},\"request_id\":\"%s\"}\n",
        usage.tokens, usage.tokens, usage.tokens - usage.image_tokens, usage.image_tokens, call->id);
}

static bool dashscope_write(const struct call *call, const struct terms *terms, struct buffer *body,
                            struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    buffer_text(body, "{\"output\":{\"embeddings\":[");
    for (size_t i = 0; i < call->count; i++) {
        const tuwen_input *input = &call->inputs[i];
        const char *type = input->text && call->outputs[i].picture_width ? "vl" : input->text ? "text" : "image";
        BUFFER_FORMAT(body, "%s\n{\"index\":%zu,\"type\":\"%s\",\"embedding\":", i ? "," : "", i, type);
        vector_write(call, i, VECTOR_FLOAT, body);
        buffer_text(body, "}");
    }
    buffer_text(body, "]},");
    write_usage(call, body);
    return true;
}

static bool rerank_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value input = value_member(call->document, "input"), parameters = value_member(call->document, "parameters");
    long top = 0;
    if (!items_optional_number(parameters, "top_n", 0, &top, terms, refusal))
        return false;
    call->top = (size_t)top;
    call->wanted = value_is_true(value_member(parameters, "return_documents")) ? WITH_DOCUMENTS : 0;
    return rank_read(call, value_member(input, "query"), value_member(input, "documents"), "input.query",
                     "input.documents", terms, refusal);
}

static bool rerank_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    size_t count = 0;
    struct ranked *ranked = rank_all(call, terms, &count, refusal);
    if (!ranked)
        return false;
    buffer_text(body, "{\"output\":{\"results\":[");
    for (size_t i = 0; i < count; i++) {
        BUFFER_FORMAT(body, "%s\n{\"index\":%zu,\"relevance_score\":%.6f,\"cosine\":%.6f", i ? "," : "",
                      ranked[i].index, (double)ranked[i].score, (double)ranked[i].cosine);
        if (call->wanted & WITH_DOCUMENTS) {
            buffer_text(body, ",\"document\":");
            rank_write_document(call, ranked[i].index, body);
        }
        buffer_text(body, "}");
    }
    buffer_text(body, "]},");
    write_usage(call, body);
    free(ranked);
    return true;
}

static void dashscope_refuse(const struct refusal *refusal, struct buffer *body)
{
    const char *code = refusal->status == 401   ? "InvalidApiKey"
                       : refusal->status == 403 ? "AccessDenied"
                       : refusal->status == 429 ? "Throttling"
                       : refusal->status >= 500 ? "InternalError"
                                                : "InvalidParameter";
    BUFFER_FORMAT(body, "{\"code\":\"%s\",\"message\":", code);
    buffer_json(body, refusal->message, strlen(refusal->message));
    BUFFER_FORMAT(body, ",\"request_id\":\"%s\"}\n", refusal->request ? refusal->request : "");
}

const struct dialect dialect_dashscope = {
    .read = dashscope_read, .write = dashscope_write, .refuse = dashscope_refuse};
const struct dialect dialect_dashscope_rerank = {
    .read = rerank_read, .write = rerank_write, .refuse = dashscope_refuse};
