/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAI's embeddings: {"input": text | [texts], "encoding_format": "float" | "base64"}, and objects {text?, image?,
 * instruction?} beside texts, as SGLang, Jina and Qianfan have them. infinity's `modality` "image" makes texts pictures. `model` and `user` are not looked at: the answer names
 * the model that computed.
 */
#include <string.h>
#include <time.h>

#include "dialect.h"

enum { KINDS_OPENAI = 1 << VECTOR_FLOAT | 1 << VECTOR_BASE64 };

/* One kind of vector by the name that a field has. */
static bool read_kind(struct call *call, const char *name, unsigned allowed, const char *words,
                      const struct terms *terms, struct refusal *refusal)
{
    value given = value_member(call->document, name);
    if (value_kind(given) <= KIND_NULL)
        return true;
    int kind = vector_kind_find(given);
    if (kind < 0 || !(allowed & 1U << kind))
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, name, WITH(name, words));
    call->kinds = 1U << kind;
    return true;
}

/* Voyage's clients name what OpenAI's have no name for. */
static bool is_float(struct call *call, const char *name, const struct terms *terms, struct refusal *refusal)
{
    value type = value_member(call->document, name);
    return value_kind(type) <= KIND_NULL || value_is(type, "float") ||
           refuse(refusal, terms->language, REFUSE_BAD_VALUE, name, WITH(name, "\"float\""));
}

bool openai_read_format(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    return read_kind(call, "encoding_format", KINDS_OPENAI, "\"float\" | \"base64\"", terms, refusal) &&
           read_kind(call, "embedding_type", KINDS_OPENAI | 1 << VECTOR_BINARY | 1 << VECTOR_UBINARY,
                     "\"float\" | \"base64\" | \"binary\" | \"ubinary\"", terms, refusal) &&
           is_float(call, "output_dtype", terms, refusal) &&
           items_check_dimensions(value_member(call->document, "output_dimension"), "output_dimension", terms,
                                  refusal) &&
           items_must_be(call->document, "normalize", true, terms, refusal) &&
           items_must_be(call->document, "normalized", true, terms, refusal) &&
           items_must_be(call->document, "return_multivector", false, terms, refusal) &&
           items_must_be(call->document, "late_chunking", false, terms, refusal) &&
           items_check_dimensions(value_member(call->document, "dimensions"), "dimensions", terms, refusal);
}

static bool read_inputs(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value instruction, modality = value_member(call->document, "modality"),
                       input = value_member(call->document, "input");
    if (value_kind(modality) > KIND_NULL && !value_is(modality, "text") && !value_is(modality, "image"))
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "modality",
                      WITH("modality", "\"text\" | \"image\""));
    if (value_is(modality, "image") && value_kind(input) > KIND_NULL)
        return items_add_pictures(call, input, "input", terms, refusal);
    return items_optional_text(call->document, "instruction", &instruction, terms, refusal) &&
           items_add_list(call, input, "input", instruction, terms, refusal);
}

static bool openai_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    return openai_read_format(call, terms, refusal) && read_inputs(call, terms, refusal);
}

bool openai_write_list(const struct call *call, const struct terms *terms, struct buffer *body, const char *prefix,
                       struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    buffer_text(body, "{");
    if (prefix)
        BUFFER_FORMAT(body, "\"id\":\"%s%s\",\"created\":%lld,", prefix, call->id, (long long)time(NULL));
    buffer_text(body, "\"object\":\"list\",\"data\":[");
    for (size_t i = 0; i < call->count; i++) {
        BUFFER_FORMAT(body, "%s{\"object\":\"embedding\",\"index\":%zu,%s\"embedding\":", i ? "," : "", i,
                      call->outputs[i].truncated ? "\"truncated\":true," : "");
        vector_write(call, i, vector_kind_only(call), body);
        buffer_text(body, "}");
    }
    struct usage usage = call_usage(call);
    buffer_text(body, "],\"model\":");
    buffer_json(body, terms->info->name, strlen(terms->info->name));
    BUFFER_FORMAT(body,
                  ",\"space\":\"%s\",\"usage\":{\"prompt_tokens\":%zu,\"total_tokens\":%zu,\"image_tokens\":%zu}}\n",
                  terms->space, usage.tokens, usage.tokens, usage.image_tokens);
    return true;
}

static bool openai_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    return openai_write_list(call, terms, body, NULL, refusal);
}

/* vLLM's form of the body has messages in place of inputs; Voyage's client always says `truncation`. */
static const struct dialect *choose(value document)
{
    return value_member(document, "messages")     ? &dialect_messages
           : value_member(document, "truncation") ? &dialect_voyage_texts
                                                  : NULL;
}

void openai_refuse(const struct refusal *refusal, struct buffer *body)
{
    buffer_text(body, "{\"error\":{\"message\":");
    buffer_json(body, refusal->message, strlen(refusal->message));
    BUFFER_FORMAT(body, ",\"type\":\"%s\",\"code\":\"%s\",\"param\":", refusal_type(refusal->status),
                  refusal_code(refusal->id));
    if (*refusal->param)
        buffer_json(body, refusal->param, strlen(refusal->param));
    else
        buffer_text(body, "null");
    buffer_text(body, "}}\n");
}

const struct dialect dialect_openai = {
    .read = openai_read, .write = openai_write, .refuse = openai_refuse, .choose = choose};
