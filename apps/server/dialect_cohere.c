/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cohere's /v2/embed: "texts", "images" or "inputs" (content parts), `input_type`, `embedding_types`; and its /v1/embed, which
 * answers with bare lists of floats where no types are named. Texts that are queries get the model's instruction for matching.
 */
#include <string.h>

#include "dialect.h"

static const char *const fields[] = {"texts", "images", "inputs"};
enum { TEXTS, IMAGES, INPUTS, FIELDS };

static bool read_kinds(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value kinds = value_member(call->document, "embedding_types");
    call->kinds = 1U << VECTOR_FLOAT;
    if (value_kind(kinds) <= KIND_NULL)
        return true;
    unsigned found = 0;
    for (size_t i = 0; value_kind(kinds) == KIND_LIST && i < value_length(kinds); i++) {
        int kind = vector_kind_find(value_at(kinds, i));
        if (kind < 0) {
            found = 0;
            break;
        }
        found |= 1U << kind;
    }
    call->kinds = found;
    return found || refuse(refusal, terms->language, REFUSE_BAD_VALUE, "embedding_types",
                           WITH("embedding_types",
                                "[\"float\" | \"int8\" | \"uint8\" | \"binary\" | \"ubinary\" | \"base64\"]"));
}

/* Only the end of a text can be left out here. */
static bool read_truncate(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value truncate = value_member(call->document, "truncate");
    call->keep_whole = value_is(truncate, "NONE");
    if (value_kind(truncate) <= KIND_NULL || call->keep_whole || value_is(truncate, "END") ||
        value_is(truncate, "RIGHT"))
        return true;
    return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "truncate", WITH("truncate", "\"END\" | \"NONE\""));
}

static bool read_inputs(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    int field = FIELDS, found = 0;
    for (int i = 0; i < FIELDS; i++)
        if (value_kind(value_member(call->document, fields[i])) > KIND_NULL) {
            field = i;
            found++;
        }
    if (found != 1)
        return refuse(refusal, terms->language, REFUSE_MISSING, "texts",
                      WITH(terms->language == TUWEN_CHINESE ? "texts、images 或 inputs（三者之一）"
                                                            : "one of texts, images and inputs"));
    value list = value_member(call->document, fields[field]);
    if (value_kind(list) != KIND_LIST)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, fields[field], WITH(fields[field], "[...]"));
    call->wanted = (unsigned)field;
    return field == IMAGES ? items_add_pictures(call, list, fields[field], terms, refusal)
                           : items_add_list(call, list, fields[field], NULL, terms, refusal);
}

static bool cohere_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    if (!read_kinds(call, terms, refusal) || !read_truncate(call, terms, refusal) ||
        !items_check_dimensions(value_member(call->document, "output_dimension"), "output_dimension", terms,
                                refusal) ||
        !read_inputs(call, terms, refusal))
        return false;
    if (value_is(value_member(call->document, "input_type"), "search_query"))
        items_set_instruction(call, 0, call->count, terms);
    return true;
}

static void write_texts(const struct call *call, struct buffer *body)
{
    buffer_text(body, ",\"texts\":[");
    for (size_t i = 0; i < call->count && call->wanted == TEXTS; i++) {
        buffer_text(body, i ? "," : "");
        if (call->inputs[i].text)
            buffer_json(body, call->inputs[i].text, call->inputs[i].text_size);
        else
            buffer_text(body, "\"\"");
    }
    buffer_text(body, "]");
}

static void write_kinds(const struct call *call, struct buffer *body)
{
    bool first = true;
    buffer_text(body, "{");
    for (int kind = 0; kind < VECTOR_KINDS; kind++) {
        if (!(call->kinds & 1U << kind))
            continue;
        BUFFER_FORMAT(body, "%s\"%s\":", first ? "" : ",", vector_kind_names[kind]);
        vector_write_all(call, (enum vector_kind)kind, body);
        first = false;
    }
    buffer_text(body, "}");
}

static bool write_answer(const struct call *call, bool by_type, const char *version, const struct terms *terms,
                         struct buffer *body, struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    struct usage usage = call_usage(call);
    BUFFER_FORMAT(body, "{\"id\":\"%s\",\"response_type\":\"embeddings_%s\",\"embeddings\":", call->id,
                  by_type ? "by_type" : "floats");
    if (by_type)
        write_kinds(call, body);
    else
        vector_write_all(call, VECTOR_FLOAT, body);
    write_texts(call, body);
    BUFFER_FORMAT(body,
                  ",\"meta\":{\"api_version\":{\"version\":\"%s\"},\"billed_units\":{\"input_tokens\":%zu,\"image_"
                  "tokens\":%zu},"
                  "\"tokens\":{\"input_tokens\":%zu}}}\n",
                  version, usage.tokens - usage.image_tokens, usage.image_tokens, usage.tokens);
    return true;
}

static bool cohere_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    return write_answer(call, true, "2", terms, body, refusal);
}

static bool first_write(const struct call *call, const struct terms *terms, struct buffer *body,
                        struct refusal *refusal)
{
    bool by_type = value_kind(value_member(call->document, "embedding_types")) > KIND_NULL;
    return write_answer(call, by_type, "1", terms, body, refusal);
}

void cohere_refuse(const struct refusal *refusal, struct buffer *body)
{
    buffer_text(body, "{");
    if (refusal->request)
        BUFFER_FORMAT(body, "\"id\":\"%s\",", refusal->request);
    buffer_text(body, "\"message\":");
    buffer_json(body, refusal->message, strlen(refusal->message));
    buffer_text(body, "}\n");
}

const struct dialect dialect_cohere = {.read = cohere_read, .write = cohere_write, .refuse = cohere_refuse};
const struct dialect dialect_cohere_first = {.read = cohere_read, .write = first_write, .refuse = cohere_refuse};
