/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAI's embeddings: {"input": text | [texts], "encoding_format": "float" | "base64"}, and objects {text?, image?,
 * instruction?} beside texts, as SGLang, Jina and Qianfan have them. `model` and `user` are not looked at: the answer names
 * the model that computed.
 */
#include <string.h>

#include "dialect.h"

static bool read_format(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value format = value_member(call->document, "encoding_format"),
          wanted = value_member(call->document, "dimensions");
    call->base64 = value_is(format, "base64");
    if (value_kind(format) > KIND_NULL && !call->base64 && !value_is(format, "float"))
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "encoding_format",
                      WITH("encoding_format", "\"float\" | \"base64\""));
    if (value_kind(wanted) <= KIND_NULL)
        return true;
    if (!value_is_whole(wanted) || value_number(wanted) < 1)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "dimensions",
                      WITH("dimensions", digits_of((unsigned long long)terms->info->dimension).text));
    if ((int)value_number(wanted) != terms->info->dimension)
        return refuse(refusal, terms->language, REFUSE_DIMENSIONS, "dimensions",
                      WITH(digits_of((unsigned long long)value_number(wanted)).text,
                           digits_of((unsigned long long)terms->info->dimension).text));
    return true;
}

static bool read_inputs(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value input = value_member(call->document, "input"), instruction;
    if (value_kind(input) == KIND_NONE)
        return refuse(refusal, terms->language, REFUSE_MISSING, "input", WITH("input"));
    if (!items_optional_text(call->document, "instruction", &instruction, terms, refusal))
        return false;
    if (value_kind(input) != KIND_LIST)
        return items_add(call, input, (struct place){.field = "input"}, instruction, terms, refusal);
    if (!items_count(input, "input", terms, refusal))
        return false;
    size_t count = value_length(input);
    for (size_t i = 0; i < count; i++)
        if (!items_add(call, value_at(input, i), (struct place){"input", i, count}, instruction, terms, refusal))
            return false;
    return true;
}

static bool openai_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    return read_format(call, terms, refusal) && read_inputs(call, terms, refusal);
}

static void write_vector(const struct call *call, size_t index, struct buffer *body)
{
    const float *vector = call->vectors + index * call->dimension;
    if (call->base64) {
        buffer_base64_floats(body, vector, call->dimension);
        return;
    }
    for (size_t i = 0; i < call->dimension; i++) {
        buffer_text(body, i ? "," : "[");
        buffer_float(body, vector[i]);
    }
    buffer_text(body, "]");
}

/* The shape has no place for an input that failed, so the first one is the answer. */
static bool all_good(const struct call *call, const struct terms *terms, struct refusal *refusal)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->outputs[i].status != TUWEN_OK)
            return items_refuse(call, i, terms, refusal);
    return true;
}

static bool openai_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    size_t tokens = 0, image_tokens = 0;
    if (!all_good(call, terms, refusal))
        return false;
    buffer_text(body, "{\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < call->count; i++) {
        const tuwen_output *output = &call->outputs[i];
        buffer_format(body, "%s{\"object\":\"embedding\",\"index\":%zu,%s\"embedding\":", i ? "," : "", i,
                      output->truncated ? "\"truncated\":true," : "");
        write_vector(call, i, body);
        buffer_text(body, "}");
        tokens += (size_t)output->tokens;
        image_tokens += (size_t)output->image_tokens;
    }
    buffer_text(body, "],\"model\":");
    buffer_json(body, terms->info->name, strlen(terms->info->name));
    buffer_format(body,
                  ",\"space\":\"%s\",\"usage\":{\"prompt_tokens\":%zu,\"total_tokens\":%zu,\"image_tokens\":%zu}}\n",
                  terms->space, tokens, tokens, image_tokens);
    return true;
}

void openai_refuse(const struct refusal *refusal, struct buffer *body)
{
    buffer_text(body, "{\"error\":{\"message\":");
    buffer_json(body, refusal->message, strlen(refusal->message));
    buffer_format(body, ",\"type\":\"%s\",\"code\":\"%s\",\"param\":", refusal_type(refusal->status),
                  refusal_code(refusal->id));
    if (*refusal->param)
        buffer_json(body, refusal->param, strlen(refusal->param));
    else
        buffer_text(body, "null");
    buffer_text(body, "}}\n");
}

const struct dialect dialect_openai = {openai_read, openai_write, openai_refuse};
