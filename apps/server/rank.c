/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries and documents: what the dialects that compare share. The order is always that of the cosine: the score is cut at 0
 * and 1, and would call equal what is not.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect.h"

static bool has_picture(const struct call *call, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (call->inputs[i].picture)
            return true;
    return false;
}

void rank_set_instructions(struct call *call, const struct terms *terms)
{
    if (has_picture(call, call->queries, call->count))
        items_set_instruction(call, 0, call->queries, terms);
    if (has_picture(call, 0, call->queries))
        items_set_instruction(call, call->queries, call->count, terms);
}

bool rank_read(struct call *call, value query, value documents, const char *query_field, const char *documents_field,
               const struct terms *terms, struct refusal *refusal)
{
    value instruction;
    if (!items_optional_text(call->document, "instruction", &instruction, terms, refusal))
        return false;
    if (value_kind(query) <= KIND_NULL)
        return refuse(refusal, terms->language, REFUSE_MISSING, query_field, WITH(query_field));
    if (!items_add(call, query, (struct place){.field = query_field}, instruction, terms, refusal))
        return false;
    call->queries = call->count;
    if (!items_add_list(call, documents, documents_field, instruction, terms, refusal))
        return false;
    rank_set_instructions(call, terms);
    return true;
}

float rank_cosine(const struct call *call, size_t query, size_t document)
{
    return tuwen_cosine(call->vectors + query * call->dimension,
                        call->vectors + (call->queries + document) * call->dimension, call->dimension);
}

static int by_cosine(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->cosine != right->cosine)
        return left->cosine < right->cosine ? 1 : -1;
    return left->index < right->index ? -1 : left->index > right->index;
}

struct ranked *rank_all(const struct call *call, const struct terms *terms, size_t *count, struct refusal *refusal)
{
    size_t documents = call->count - call->queries;
    if (!items_all_good(call, terms, refusal))
        return NULL;
    struct ranked *ranked = malloc(documents * sizeof *ranked);
    if (!ranked) {
        refuse(refusal, terms->language, REFUSE_OUT_OF_MEMORY, NULL, NULL);
        return NULL;
    }
    for (size_t i = 0; i < documents; i++) {
        tuwen_score score = tuwen_score_cosine(terms->model, rank_cosine(call, 0, i));
        ranked[i] = (struct ranked){score.cosine, score.score, i};
    }
    qsort(ranked, documents, sizeof *ranked, by_cosine);
    *count = call->top > 0 && call->top < documents ? call->top : documents;
    return ranked;
}

void rank_write_document(const struct call *call, size_t document, struct buffer *body)
{
    const tuwen_input *input = &call->inputs[call->queries + document];
    buffer_text(body, input->text ? "{\"text\":" : "{");
    if (input->text)
        buffer_json(body, input->text, input->text_size);
    buffer_text(body, "}");
}
