/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reranking as vLLM, Jina and Cohere have it, which is nearly the same: {"query", "documents", "top_n"?, "return_documents"?}.
 * `relevance_score` is tuwen's score, from 0 to 1, which is what clients of reranking take it for; `cosine` stands beside it.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect.h"

enum { WITHOUT_DOCUMENTS = 1 };

static bool rerank_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    long top = 0;
    value documents = value_member(call->document, "return_documents");
    if (!items_optional_number(call->document, "top_n", -1, &top, terms, refusal) ||
        !items_optional_number(call->document, "top_k", -1, &top, terms, refusal))
        return false;
    call->top = top > 0 ? (size_t)top : 0;
    if (value_kind(documents) == KIND_BOOLEAN && !value_is_true(documents))
        call->wanted |= WITHOUT_DOCUMENTS;
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
    struct usage usage = call_usage(call);
    BUFFER_FORMAT(body, "{\"id\":\"rerank-%s\",\"object\":\"rerank\",\"model\":", call->id);
    buffer_json(body, terms->info->name, strlen(terms->info->name));
    buffer_text(body, ",\"results\":[");
    for (size_t i = 0; i < count; i++) {
        BUFFER_FORMAT(body, "%s\n{\"index\":%zu,\"relevance_score\":%.6f,\"cosine\":%.6f", i ? "," : "",
                      ranked[i].index, (double)ranked[i].score, (double)ranked[i].cosine);
        if (!(call->wanted & WITHOUT_DOCUMENTS)) {
            buffer_text(body, ",\"document\":");
            rank_write_document(call, ranked[i].index, body);
        }
        buffer_text(body, "}");
    }
    BUFFER_FORMAT(
        body,
        "],\"usage\":{\"prompt_tokens\":%zu,\"total_tokens\":%zu},\"meta\":{\"api_version\":{\"version\":\"2\"},"
        "\"tokens\":{\"input_tokens\":%zu}}}\n",
        usage.tokens, usage.tokens, usage.tokens);
    free(ranked);
    return true;
}

/* TEI has its documents as `texts`; Voyage's client always says `truncation`. */
static const struct dialect *choose(value document)
{
    return value_member(document, "texts")        ? &dialect_tei_rerank
           : value_member(document, "truncation") ? &dialect_voyage_rerank
                                                  : NULL;
}

const struct dialect dialect_rerank = {
    .read = rerank_read, .write = rerank_write, .refuse = vllm_refuse, .choose = choose};
const struct dialect dialect_cohere_rerank = {.read = rerank_read, .write = rerank_write, .refuse = cohere_refuse};
