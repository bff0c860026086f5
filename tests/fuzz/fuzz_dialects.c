/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's dialects: the first byte says which, the rest is a body. What is refused has a sentence and a status; what is
 * accepted has inputs within the limit, whose results are then written. Answers and refusals must be JSON.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DIMENSION = 12, MAX_ITEMS = 8 };

static const struct dialect *const dialects[] = {
    &dialect_match,     &dialect_openai,         &dialect_messages,   &dialect_score,
    &dialect_rerank,    &dialect_cohere_rerank,  &dialect_tei_rerank, &dialect_voyage_rerank,
    &dialect_cohere,    &dialect_voyage,         &dialect_ollama,     &dialect_ollama_single,
    &dialect_tei_embed, &dialect_tei_similarity, &dialect_dashscope,  &dialect_dashscope_rerank,
    &dialect_immich,    &dialect_explain,
};

static const tuwen_model *open_model(void)
{
    static tuwen_model *model;
    if (!model && tuwen_model_open(TUWEN_DEMO, NULL, &model, NULL) != TUWEN_OK)
        abort();
    return model;
}

static void check_json(const struct buffer *body)
{
    char why[256], wrapped[2] = {'[', ']'};
    struct buffer list = {0};
    if (body->failed || body->size == 0)
        abort();
    buffer_add(&list, wrapped, 1);
    buffer_add(&list, body->data, body->size);
    buffer_add(&list, wrapped + 1, 1);
    value document = document_read(list.data, list.size, why, sizeof why);
    if (!document)
        abort();
    document_free(document);
    buffer_free(&list);
}

static void check_refusal(const struct dialect *dialect, struct refusal *refusal)
{
    struct buffer body = {0};
    if (refusal->id == REFUSE_NOTHING || refusal->status < 400 || !*refusal->message)
        abort();
    refusal->request = "fuzz-1";
    dialect->refuse(refusal, &body);
    check_json(&body);
    buffer_free(&body);
}

/* Results as the worker might have them. */
static void compute(struct call *call, uint8_t seed)
{
    call->dimension = DIMENSION;
    call->vectors = calloc(call->count * DIMENSION, sizeof *call->vectors);
    if (!call->vectors)
        abort();
    for (size_t i = 0; i < call->count; i++) {
        tuwen_output *output = &call->outputs[i];
        if (!call_is_open(call, i))
            continue;
        output->tokens = 5;
        output->truncated = (seed >> i % 8 & 1) != 0;
        output->picture_width = call->inputs[i].picture ? 28 : 0;
        output->picture_height = output->picture_width;
        for (size_t j = 0; j < DIMENSION; j++)
            call->vectors[i * DIMENSION + j] = sinf((float)(i * 7 + j + seed));
    }
}

static tuwen_status embed(void *user, const tuwen_input *inputs, size_t count, float *vectors)
{
    const uint8_t *seed = user;
    for (size_t i = 0; i < count * DIMENSION; i++)
        vectors[i] = sinf((float)(i + *seed + inputs[i / DIMENSION].text_size));
    return TUWEN_OK;
}

/* An explanation as the engine might have made it, of the call's text. It is the fuzzer's, and not freed. */
static void explain(struct call *call, uint8_t seed, tuwen_explanation *found)
{
    static const float cells[] = {0.5f, -0.25f, 0, 0.125f, -0.0f, 1e-9f}, vector[DIMENSION] = {1};
    static const int block_cells[] = {1, 2, 2, 1, 4, 4};
    static tuwen_phrase phrases[TUWEN_PHRASES];
    *found = (tuwen_explanation){.cosine = sinf((float)seed),
                                 .phrases = phrases,
                                 .rows = 2,
                                 .columns = 3,
                                 .dimension = DIMENSION,
                                 .picture_vector = vector,
                                 .text_vector = vector};
    found->phrase_count =
        tuwen_split_phrases(call->inputs[1].text, call->inputs[1].text_size, phrases, TUWEN_PHRASES);
    if (call->explaining.budget >= 0) {
        found->cells = cells;
        found->block_cells = block_cells;
    }
    if (call->explaining.heat) {
        call->explaining.png = cells;
        call->explaining.png_size = seed % sizeof cells;
    }
    call->explaining.found = found;
    call->explaining.words = calloc(1, sizeof(struct words));
    if (!call->explaining.words ||
        words_try(call->explaining.words, &call->inputs[1], vector, DIMENSION, embed, &seed) != TUWEN_OK)
        abort();
}

static bool read_body(const struct dialect **dialect, struct call *call, const char *body, size_t size,
                      const struct terms *terms, struct refusal *refusal)
{
    char why[256];
    if ((*dialect)->read_form && (!(*dialect)->read || (size > 1 && body[0] == '-')))
        return items_read_form(*dialect, call, "multipart/form-data; boundary=B", body, size, terms, refusal);
    call->document = document_read(body, size, why, sizeof why);
    if (!call->document)
        return refuse(refusal, terms->language, REFUSE_BAD_JSON, NULL, WITH(why));
    if (value_kind(call->document) != KIND_OBJECT)
        return refuse(refusal, terms->language, REFUSE_NOT_OBJECT, NULL, NULL);
    const struct dialect *chosen = (*dialect)->choose ? (*dialect)->choose(call->document) : NULL;
    if (chosen)
        *dialect = chosen;
    return (*dialect)->read(call, terms, refusal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const tuwen_model *model = open_model();
    tuwen_model_info info = *tuwen_model_get_info(model);
    info.dimension = DIMENSION;
    struct terms terms = {.language = data[0] & 128 ? TUWEN_CHINESE : TUWEN_ENGLISH,
                          .max_items = MAX_ITEMS,
                          .info = &info,
                          .space = "0123456789abcdef",
                          .model = model};
    const struct dialect *dialect = dialects[(data[0] & 127) % (sizeof dialects / sizeof *dialects)];
    struct call call = {.id = "fuzz-1"};
    struct refusal refusal = {0};
    struct buffer body = {0};
    tuwen_explanation found;
    char *copy = malloc(size - 1); /* of its very size, for the sanitizer */
    if (!copy)
        return 0;
    memcpy(copy, data + 1, size - 1);
    bool good = read_body(&dialect, &call, copy, size - 1, &terms, &refusal);
    free(copy);
    if (good) {
        if (call.count == 0 || call.count > 3 * MAX_ITEMS)
            abort();
        compute(&call, data[size - 1]);
        if (call.explaining.wanted)
            explain(&call, data[size - 1], &found);
        good = dialect->write(&call, &terms, &body, &refusal);
        call.explaining.found = NULL;
        if (good)
            check_json(&body);
    }
    if (!good)
        check_refusal(dialect, &refusal);
    buffer_free(&body);
    call_free(&call);
    return 0;
}
