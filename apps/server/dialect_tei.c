/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text Embeddings Inference: /embed {"inputs"}, a bare list of vectors; /similarity, cosines; /rerank {"query", "texts"}, the
 * score from 0 to 1, or the cosine with `raw_scores`. What is too long is an error unless `truncate` is true, as there.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect.h"

enum { RETURN_TEXT = 1, RAW_SCORES = 2 };

static bool is_true(value object, const char *name)
{
    return value_is_true(value_member(object, name));
}

/* `options` may be NULL. */
static bool read_options(struct call *call, value options, const struct terms *terms, struct refusal *refusal)
{
    value side = value_member(options, "truncation_direction"), prompt = value_member(options, "prompt_name");
    call->keep_whole = !is_true(options, "truncate");
    if (value_kind(side) > KIND_NULL && !value_is(side, "Right") && !value_is(side, "right"))
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "truncation_direction",
                      WITH("truncation_direction", "\"Right\""));
    if (value_kind(prompt) > KIND_NULL)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "prompt_name", WITH("prompt_name", "null"));
    return items_must_be(options, "normalize", true, terms, refusal) &&
           items_check_dimensions(value_member(options, "dimensions"), "dimensions", terms, refusal);
}

static bool embed_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    return read_options(call, call->document, terms, refusal) &&
           items_add_list(call, value_member(call->document, "inputs"), "inputs", NULL, terms, refusal);
}

static bool embed_write(const struct call *call, const struct terms *terms, struct buffer *body,
                        struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    vector_write_all(call, VECTOR_FLOAT, body);
    buffer_text(body, "\n");
    return true;
}

static bool similarity_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value inputs = value_member(call->document, "inputs");
    if (value_kind(inputs) != KIND_OBJECT)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "inputs",
                      WITH("inputs", "{\"source_sentence\": ..., \"sentences\": [...]}"));
    return read_options(call, value_member(call->document, "parameters"), terms, refusal) &&
           rank_read(call, value_member(inputs, "source_sentence"), value_member(inputs, "sentences"),
                     "inputs.source_sentence", "inputs.sentences", terms, refusal);
}

static bool similarity_write(const struct call *call, const struct terms *terms, struct buffer *body,
                             struct refusal *refusal)
{
    if (!items_all_good(call, terms, refusal))
        return false;
    for (size_t i = 0; i < call->count - call->queries; i++)
        BUFFER_FORMAT(body, "%s%.6f", i ? "," : "[", (double)rank_cosine(call, 0, i));
    buffer_text(body, "]\n");
    return true;
}

static bool rerank_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    call->wanted = (is_true(call->document, "return_text") ? RETURN_TEXT : 0) |
                   (is_true(call->document, "raw_scores") ? RAW_SCORES : 0);
    return read_options(call, call->document, terms, refusal) &&
           rank_read(call, value_member(call->document, "query"), value_member(call->document, "texts"), "query",
                     "texts", terms, refusal);
}

static bool rerank_write(const struct call *call, const struct terms *terms, struct buffer *body,
                         struct refusal *refusal)
{
    size_t count = 0;
    struct ranked *ranked = rank_all(call, terms, &count, refusal);
    for (size_t i = 0; i < count; i++) {
        const tuwen_input *text = &call->inputs[call->queries + ranked[i].index];
        BUFFER_FORMAT(body, "%s{\"index\":%zu,\"score\":%.6f", i ? ",\n" : "[", ranked[i].index,
                      (double)(call->wanted & RAW_SCORES ? ranked[i].cosine : ranked[i].score));
        if (call->wanted & RETURN_TEXT && text->text) {
            buffer_text(body, ",\"text\":");
            buffer_json(body, text->text, text->text_size);
        }
        buffer_text(body, "}");
    }
    buffer_text(body, "]\n");
    free(ranked);
    return ranked != NULL;
}

static void tei_refuse(const struct refusal *refusal, struct buffer *body)
{
    const char *type = refusal->status == 429                                                 ? "Overloaded"
                       : refusal->status == 503                                               ? "Unhealthy"
                       : refusal->status >= 500                                               ? "Backend"
                       : refusal->id == REFUSE_EMPTY_LIST || refusal->id == REFUSE_EMPTY_TEXT ? "Empty"
                                                                                              : "Validation";
    buffer_text(body, "{\"error\":");
    buffer_json(body, refusal->message, strlen(refusal->message));
    BUFFER_FORMAT(body, ",\"error_type\":\"%s\"}\n", type);
}

const struct dialect dialect_tei_embed = {.read = embed_read, .write = embed_write, .refuse = tei_refuse};
const struct dialect dialect_tei_similarity = {
    .read = similarity_read, .write = similarity_write, .refuse = tei_refuse};
const struct dialect dialect_tei_rerank = {.read = rerank_read, .write = rerank_write, .refuse = tei_refuse};
