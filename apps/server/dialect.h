/* SPDX-License-Identifier: Apache-2.0 */
/* Dialects: a JSON body into a call, the call's results into a JSON body, refusals in the dialect's own shape. Thin, and
 * without threads: what all of them share is here and in items.c. */
#ifndef TUWEN_SERVER_DIALECT_H
#define TUWEN_SERVER_DIALECT_H

#include "buffer.h"
#include "call.h"

struct form;

struct dialect {
    /* Reads call->document. False with a refusal. NULL: of forms only. */
    bool (*read)(struct call *call, const struct terms *terms, struct refusal *refusal);
    /* Writes the results; false with a refusal if there is nothing to answer with but that. */
    bool (*write)(const struct call *call, const struct terms *terms, struct buffer *body, struct refusal *refusal);
    void (*refuse)(const struct refusal *refusal, struct buffer *body);
    /* JSON Lines, which are read and answered one by one (review.h), in place of all that: only refusals of the whole are the
     * dialect's. */
    bool lines;
    /* Where several dialects have the same path: the one that the body is in. NULL: this one. */
    const struct dialect *(*choose)(value document);
    /* Of multipart/form-data, beside JSON or in its place. What stays in the call is copied: the body goes. */
    bool (*read_form)(struct call *call, const struct form *form, const struct terms *terms, struct refusal *refusal);
};

extern const struct dialect dialect_match, dialect_explain, dialect_openai, dialect_messages, dialect_score,
    dialect_rerank, dialect_ollama, dialect_ollama_single, dialect_cohere, dialect_cohere_first,
    dialect_cohere_rerank, dialect_tei_embed, dialect_tei_similarity, dialect_tei_rerank, dialect_voyage,
    dialect_voyage_texts, dialect_voyage_rerank, dialect_dashscope, dialect_dashscope_rerank, dialect_immich,
    dialect_review;

/* OpenAI's shape of an error, which is ours too; and vLLM's, whose `code` is the status. */
void openai_refuse(const struct refusal *refusal, struct buffer *body);
void vllm_refuse(const struct refusal *refusal, struct buffer *body);

/* {"message": ...}, {"detail": ...} and {"error": ...}, with a sentence each. */
void cohere_refuse(const struct refusal *refusal, struct buffer *body);
void detail_refuse(const struct refusal *refusal, struct buffer *body);
void ollama_refuse(const struct refusal *refusal, struct buffer *body);

/* OpenAI's answer, with `id` and `created` before the rest if `prefix` is not NULL. */
bool openai_write_list(const struct call *call, const struct terms *terms, struct buffer *body, const char *prefix,
                       struct refusal *refusal);

/* `encoding_format`, `embedding_type`, `dimensions` and `normalize` of OpenAI's and its relatives' bodies. */
bool openai_read_format(struct call *call, const struct terms *terms, struct refusal *refusal);

/* ---- items.c ---- */

/* Reads a body that is a form, for a dialect that has `read_form`. */
bool items_read_form(const struct dialect *dialect, struct call *call, const char *type, const char *body,
                     size_t size, const struct terms *terms, struct refusal *refusal);

/* A number of elements within the limit, and at least one. */
bool items_count(value list, const char *field, const struct terms *terms, struct refusal *refusal);

/*
 * Adds the input that an element is: a text, or an object {text?, image?, instruction?}, which is one vector. `instruction` (may
 * be NULL) is that of texts which name none. False with a refusal.
 */
bool items_add(struct call *call, value element, struct place place, value instruction, const struct terms *terms,
               struct refusal *refusal);

/* Adds a picture, or an input that failed when it cannot be read. False only when memory is short. */
bool items_add_picture(struct call *call, value picture, struct place place, const struct terms *terms,
                       struct refusal *refusal);

/* The same of a picture's own bytes, which are copied. */
bool items_add_bytes(struct call *call, const char *bytes, size_t size, struct place place, const struct terms *terms,
                     struct refusal *refusal);

/* Adds a text, or an input that failed when it cannot be used. False only when memory is short. */
bool items_add_text(struct call *call, value text, struct place place, value instruction, const struct terms *terms,
                    struct refusal *refusal);

/* The optional text `name` of an object: `*found` is NULL if it is absent or null. False with a refusal if it is no text. */
bool items_optional_text(value object, const char *name, value *found, const struct terms *terms,
                         struct refusal *refusal);

/* Why an input failed, without what the library calls a picture whose input has no name: the place is said beside it. */
const char *items_message(const tuwen_output *output);

/* Refuses the whole for the sake of an input that failed. Returns false. */
bool items_refuse(const struct call *call, size_t index, const struct terms *terms, struct refusal *refusal);

/* Where the answer has no place for an input that failed, the first one is the answer: true if there is none. */
bool items_all_good(const struct call *call, const struct terms *terms, struct refusal *refusal);

/* Adds a list of elements, or the one element that stands in its place. */
bool items_add_list(struct call *call, value list, const char *field, value instruction, const struct terms *terms,
                    struct refusal *refusal);

/* The same of pictures; those that cannot be read become inputs that failed. */
bool items_add_pictures(struct call *call, value list, const char *field, const struct terms *terms,
                        struct refusal *refusal);

/* Checks a text and puts it into an input; `param` names it. */
bool items_take_text(tuwen_input *input, value text, const char *param, const struct terms *terms,
                     struct refusal *refusal);
void items_take_instruction(tuwen_input *input, value instruction);

/* Gives the texts from `first` to before `end` that come alone, and name no instruction, the model's for matching. */
void items_set_instruction(struct call *call, size_t first, size_t end, const struct terms *terms);

/* An option that may be absent, null, or `least` to a billion: sets `*number` if it is there. */
bool items_optional_number(value object, const char *name, long least, long *number, const struct terms *terms,
                           struct refusal *refusal);

/* `name` may be absent, null or true, or must be absent, null or false: what else it could be is not done here. */
bool items_must_be(value object, const char *name, bool wanted, const struct terms *terms, struct refusal *refusal);

/* A wish for the length of vectors: absent, null, or the model's own. */
bool items_check_dimensions(value wanted, const char *name, const struct terms *terms, struct refusal *refusal);

struct usage {
    size_t tokens, image_tokens, pixels; /* image_tokens among tokens */
};
struct usage call_usage(const struct call *call);

/* ---- parts.c ---- */

/* Adds the input that a list of content parts, or a text in its place, is: one text, one picture, or one of each. `param`
 * names the list. */
bool parts_add(struct call *call, value content, struct place place, const char *param, value instruction,
               const struct terms *terms, struct refusal *refusal);

/* Adds the input that a single part is. */
bool parts_add_one(struct call *call, value part, struct place place, value instruction, const struct terms *terms,
                   struct refusal *refusal);

/* ---- judge.c ---- */

/*
 * Chooses what judges the texts of the call, whose instruction is that of input `text`: the profile that the member "profile"
 * names, or else the usual one. It holds for the instruction that it was fitted with: for another one the checkpoint's own is
 * left out, and one that was asked for, by the request or the command line, is refused.
 */
bool judge_choose(struct call *call, size_t text, const struct terms *terms, struct refusal *refusal);

struct judged {
    float cosine, score;
    float match; /* NaN: there is no profile */
    tuwen_band band;
};

struct judged judge_pair(const struct call *call, const tuwen_profile_pair *pair, const struct terms *terms);

/* The beginning of an answer: the brace, and what says whose numbers these are. */
void judge_write_head(const struct call *call, const struct terms *terms, struct buffer *body);

/* Members, each after a comma: cosine, score and match. Numbers have six decimals, are never -0, and null for NaN. */
void judge_write(const struct judged *judged, struct buffer *body);
void judge_write_number(struct buffer *body, const char *key, float number);
void judge_add_number(struct buffer *body, float number);
void judge_write_string(struct buffer *body, const char *text);

/* ---- vectors.c ---- */

enum vector_kind {
    VECTOR_FLOAT,
    VECTOR_BASE64,
    VECTOR_INT8,
    VECTOR_UINT8,
    VECTOR_BINARY,
    VECTOR_UBINARY,
    VECTOR_KINDS
};

extern const char *const vector_kind_names[VECTOR_KINDS];

/* The kind of that name, or -1. */
int vector_kind_find(value name);

/* The kind that the call wants, if it wants one; floats if it wants none. */
enum vector_kind vector_kind_only(const struct call *call);

/* Writes a vector of the call as JSON: a list of numbers, or base64 in quotes. */
void vector_write(const struct call *call, size_t index, enum vector_kind kind, struct buffer *body);

/* All of them, as a list. */
void vector_write_all(const struct call *call, enum vector_kind kind, struct buffer *body);

/* ---- rank.c ---- */

struct ranked {
    float cosine, score; /* score: 0..1 */
    size_t index;        /* of the document */
};

/* Adds one query and its documents. Texts that are compared with pictures get the model's instruction for matching. */
bool rank_read(struct call *call, value query, value documents, const char *query_field, const char *documents_field,
               const struct terms *terms, struct refusal *refusal);

/* The instruction for texts that are compared with pictures, once queries and documents are there. */
void rank_set_instructions(struct call *call, const struct terms *terms);

/* The cosine of a query with a document. */
float rank_cosine(const struct call *call, size_t query, size_t document);

/* The documents of the only query, the best first: `*count` of them, by call->top. NULL, with a refusal, if an input failed or
 * memory is short. Free it. */
struct ranked *rank_all(const struct call *call, const struct terms *terms, size_t *count, struct refusal *refusal);

/* A document as an answer repeats it: {"text": ...}. Pictures are not sent back. */
void rank_write_document(const struct call *call, size_t document, struct buffer *body);

#endif
