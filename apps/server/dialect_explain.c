/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own /v1/explain: why a picture and a text match as they do, a hint and no proof.
 *
 *     {"image": "<base64 or data URL>", "text": "...", "instruction"?: "...", "budget"?: N, "regions"?: true, "heat"?: false}
 *
 * The answer is that of `tuwen explain --json`, and what /v1/match says of a pair.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "effect.h"

enum { PICTURE, TEXT }; /* the inputs */

static const char *in(const struct terms *terms, const char *english, const char *chinese)
{
    return terms->language == TUWEN_CHINESE ? chinese : english;
}

/* A member that is true or false, or is not there. */
static bool read_flag(value object, const char *name, bool *flag, const struct terms *terms, struct refusal *refusal)
{
    value member = value_member(object, name);
    if (value_kind(member) == KIND_BOOLEAN)
        *flag = value_is_true(member);
    return value_kind(member) <= KIND_NULL || value_kind(member) == KIND_BOOLEAN ||
           refuse(refusal, terms->language, REFUSE_BAD_VALUE, name,
                  WITH(name, in(terms, "true or false", "true 或 false")));
}

static bool read_wishes(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    struct explaining *explaining = &call->explaining;
    value budget = value_member(call->document, "budget");
    bool regions = true;
    if (!read_flag(call->document, "regions", &regions, terms, refusal) ||
        !read_flag(call->document, "heat", &explaining->heat, terms, refusal))
        return false;
    if (value_kind(budget) > KIND_NULL) {
        if (!value_is_whole(budget) || value_number(budget) < 1 || value_number(budget) > TUWEN_PASSES)
            return refuse(
                refusal, terms->language, REFUSE_BAD_VALUE, "budget",
                WITH("budget", in(terms, "a whole number of passes, 1 to 10000", "1 到 10000 的整数（计算次数）")));
        explaining->budget = (int)value_number(budget);
    }
    if (!regions && explaining->heat)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "heat",
                      WITH("heat", in(terms, "false where regions is: it draws them",
                                      "false：regions 为 false 时没有可画的区域")));
    if (!regions)
        explaining->budget = -1;
    explaining->wanted = true;
    return true;
}

static bool explain_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    static const char *const fields[] = {"image",   "text", "instruction", "profile", "budget",
                                         "regions", "heat", "model",       NULL};
    static const char *const needed[] = {"image", "text"};
    value instruction;
    const char *other = value_other_member(call->document, fields);
    if (other)
        return refuse(refusal, terms->language, REFUSE_UNKNOWN_FIELD, other, WITH(other));
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (value_kind(value_member(call->document, needed[i])) <= KIND_NULL)
            return refuse(refusal, terms->language, REFUSE_MISSING, needed[i], WITH(needed[i]));
    if (!items_optional_text(call->document, "instruction", &instruction, terms, refusal) ||
        !read_wishes(call, terms, refusal) ||
        !items_add_picture(call, value_member(call->document, "image"), (struct place){.field = "image"}, terms,
                           refusal) ||
        !items_add_text(call, value_member(call->document, "text"), (struct place){.field = "text"}, instruction,
                        terms, refusal) ||
        !items_all_good(call, terms, refusal))
        return false;
    items_set_instruction(call, TEXT, call->count, terms);
    return judge_choose(call, TEXT, terms, refusal);
}

/* ---- computing ---- */

/* Of a failure that is the picture's or the text's own, and not the server's. */
static bool blame(struct call *call, tuwen_status status, const tuwen_error *error)
{
    if (status != TUWEN_BAD_IMAGE && status != TUWEN_BAD_TEXT && status != TUWEN_LIMIT)
        return false;
    bool picture = strncmp(error->message, "image", strlen("image")) == 0; /* its name */
    tuwen_output *output = &call->outputs[picture ? PICTURE : TEXT];
    output->status = status;
    memcpy(output->message, error->message, sizeof output->message);
    return true;
}

/* The caller's progress, and the passes that it was told last. */
struct telling {
    tuwen_progress_function progress;
    void *user;
    uint64_t done;
};

static bool tell(void *user, uint64_t done, uint64_t total)
{
    struct telling *telling = user;
    telling->done = done;
    return telling->progress(telling->user, done, total);
}

struct embedding {
    tuwen_session *session;
    struct telling *telling;
    size_t tokens;
    tuwen_error *error;
};

static tuwen_status embed(void *user, const tuwen_input *inputs, size_t count, float *vectors)
{
    struct embedding *embedding = user;
    tuwen_output *outputs = calloc(count, sizeof *outputs);
    if (!outputs)
        return TUWEN_OUT_OF_MEMORY;
    tuwen_status status = tuwen_embed(embedding->session, inputs, count, vectors, outputs, embedding->error);
    for (size_t i = 0; i < count && status == TUWEN_OK; i++) {
        embedding->tokens += (size_t)outputs[i].tokens;
        if (outputs[i].status != TUWEN_OK) {
            status = outputs[i].status;
            memcpy(embedding->error->message, outputs[i].message, sizeof embedding->error->message);
        }
    }
    free(outputs);
    if (status == TUWEN_OK && !tell(embedding->telling, embedding->telling->done, embedding->telling->done))
        return TUWEN_CANCELLED;
    return status;
}

/* Warnings and the contrast check. */
static tuwen_status look_at_words(struct call *call, tuwen_session *session, struct telling *telling,
                                  tuwen_error *error)
{
    struct explaining *explaining = &call->explaining;
    struct embedding embedding = {.session = session, .telling = telling, .error = error};
    explaining->words = calloc(1, sizeof *explaining->words);
    if (!explaining->words)
        return TUWEN_OUT_OF_MEMORY;
    tuwen_status status = words_try(explaining->words, &call->inputs[TEXT], explaining->found->picture_vector,
                                    explaining->found->dimension, embed, &embedding);
    explaining->word_tokens = embedding.tokens;
    return status;
}

tuwen_status call_explain(struct call *call, tuwen_session *session, tuwen_progress_function progress, void *user,
                          tuwen_error *error)
{
    struct explaining *explaining = &call->explaining;
    struct telling telling = {.progress = progress, .user = user};
    const tuwen_explain_options options = {.budget = explaining->budget, .progress = tell, .progress_user = &telling};
    const tuwen_model_info *info = tuwen_model_get_info(tuwen_session_get_model(session));
    call->inputs[PICTURE].name = "image";
    tuwen_status status =
        tuwen_explain(session, &call->inputs[PICTURE], &call->inputs[TEXT], &options, &explaining->found, error);
    if (status == TUWEN_OK)
        status = look_at_words(call, session, &telling, error);
    if (status == TUWEN_OK && explaining->heat)
        status = tuwen_explanation_draw(session, explaining->found, &call->inputs[PICTURE], 0,
                                        EFFECT_FULL * tuwen_effect_margin(info), &explaining->png,
                                        &explaining->png_size, error);
    return blame(call, status, error) ? TUWEN_OK : status;
}

/* ---- results ---- */

static void write_phrases(const struct call *call, float margin, struct buffer *body)
{
    const tuwen_explanation *found = call->explaining.found;
    buffer_text(body, ",\"phrases\":[");
    for (size_t i = 0; i < found->phrase_count; i++) {
        const tuwen_phrase *phrase = &found->phrases[i];
        buffer_text(body, i ? ",\n{\"text\":" : "\n{\"text\":");
        buffer_json(body, call->inputs[TEXT].text + phrase->begin, phrase->size);
        BUFFER_FORMAT(body, ",\"begin\":%zu,\"size\":%zu", phrase->begin, phrase->size);
        judge_write_number(body, "without", phrase->without);
        judge_write_number(body, "effect", phrase->effect);
        BUFFER_FORMAT(body, ",\"verdict\":\"%s\"}", verdict_name(effect_verdict(phrase->effect, margin)));
    }
    buffer_text(body, "]");
}

static void write_word(const struct call *call, const struct wording_hit *hit, struct buffer *body)
{
    buffer_json(body, call->inputs[TEXT].text + hit->begin, hit->size);
}

/* The words that such models read badly, by kind. */
static void write_warnings(const struct call *call, struct buffer *body)
{
    const struct words *words = call->explaining.words;
    const char *separator = "";
    buffer_text(body, ",\"warnings\":[");
    for (enum wording kind = WORDING_COUNT; kind <= WORDING_PLACE; kind++) {
        size_t count = 0;
        for (size_t i = 0; i < words->hit_count; i++) {
            if (words->hits[i].kind != kind)
                continue;
            if (count == 0)
                BUFFER_FORMAT(body, "%s{\"kind\":\"%s\",\"words\":[", separator, wording_name(kind));
            buffer_text(body, count++ ? "," : "");
            write_word(call, &words->hits[i], body);
        }
        if (count > 0) {
            buffer_text(body, "]}");
            separator = ",";
        }
    }
    buffer_text(body, "]");
}

static void write_contrasts(const struct call *call, float margin, struct buffer *body)
{
    const struct words *words = call->explaining.words;
    buffer_text(body, ",\"contrasts\":[");
    for (size_t i = 0; i < words->contrast_count; i++) {
        const struct contrast *contrast = &words->contrasts[i];
        BUFFER_FORMAT(body, "%s{\"kind\":\"%s\",\"word\":", i ? ",\n" : "\n", wording_name(contrast->hit.kind));
        write_word(call, &contrast->hit, body);
        BUFFER_FORMAT(body, ",\"begin\":%zu,\"size\":%zu,\"others\":[", contrast->hit.begin, contrast->hit.size);
        for (size_t j = 0; j < contrast->count; j++) {
            buffer_text(body, j ? ",{\"word\":" : "{\"word\":");
            judge_write_string(body, contrast->others[j].word);
            judge_write_number(body, "cosine", contrast->others[j].cosine);
            buffer_text(body, "}");
        }
        buffer_text(body, "],\"best\":");
        judge_write_string(body, contrast->others[contrast->best].word);
        BUFFER_FORMAT(body, ",\"told\":\"%s\"}",
                      told_name(contrast_told(contrast, call->explaining.found->cosine, margin)));
    }
    buffer_text(body, "]");
}

static void write_regions(const tuwen_explanation *found, struct buffer *body)
{
    if (!found->cells) {
        buffer_text(body, ",\"regions\":null");
        return;
    }
    BUFFER_FORMAT(body, ",\"regions\":{\"rows\":%d,\"columns\":%d,\"passes\":%d,\"cells\":[", found->rows,
                  found->columns, found->passes);
    int count = found->rows * found->columns;
    for (int i = 0; i < count; i++) {
        buffer_text(body, i % found->columns ? "," : i ? "],\n[" : "\n[");
        judge_add_number(body, found->cells[i]);
    }
    buffer_text(body, "]],\"block_cells\":[");
    for (int i = 0; i < count; i++)
        BUFFER_FORMAT(body, "%s%d", i % found->columns ? "," : i ? "],\n[" : "\n[", found->block_cells[i]);
    buffer_text(body, "]]}");
}

static void write_heat(const struct explaining *explaining, struct buffer *body)
{
    if (!explaining->png)
        return;
    buffer_text(body, ",\n\"heat\":\"data:image/png;base64,");
    buffer_base64(body, explaining->png, explaining->png_size);
    buffer_text(body, "\"");
}

static struct judged judge_found(const struct call *call, const struct terms *terms)
{
    const tuwen_explanation *found = call->explaining.found;
    const tuwen_input *text = &call->inputs[TEXT];
    tuwen_profile_pair pair = {.cosine = found->cosine};
    if (call->profile) {
        pair.picture_level = tuwen_profile_picture_level(call->profile, found->picture_vector);
        pair.text_level = tuwen_profile_text_level(call->profile, found->text_vector);
        pair.language = tuwen_text_language(text->text, text->text_size);
    }
    return judge_pair(call, &pair, terms);
}

static bool explain_write(const struct call *call, const struct terms *terms, struct buffer *body,
                          struct refusal *refusal)
{
    const tuwen_explanation *found = call->explaining.found;
    float margin = tuwen_effect_margin(terms->info);
    if (!items_all_good(call, terms, refusal))
        return false;
    struct judged judged = judge_found(call, terms);
    judge_write_head(call, terms, body);
    BUFFER_FORMAT(body, ",\"picture\":{\"width\":%d,\"height\":%d},\"text\":", found->picture_width,
                  found->picture_height);
    buffer_json(body, call->inputs[TEXT].text, call->inputs[TEXT].text_size);
    judge_write(&judged, body);
    BUFFER_FORMAT(body, ",\"band\":\"%s\",\"truncated\":%s", tuwen_band_name(judged.band, TUWEN_ENGLISH),
                  found->truncated ? "true" : "false");
    judge_write_number(body, "margin", margin);
    write_phrases(call, margin, body);
    write_warnings(call, body);
    write_contrasts(call, margin, body);
    write_regions(found, body);
    write_heat(&call->explaining, body);
    BUFFER_FORMAT(body, ",\"usage\":{\"total_tokens\":%zu,\"image_tokens\":%zu}}\n",
                  found->tokens + call->explaining.word_tokens, found->image_tokens);
    return true;
}

const struct dialect dialect_explain = {.read = explain_read, .write = explain_write, .refuse = openai_refuse};
