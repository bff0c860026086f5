/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own /v1/match: pictures and texts, every picture with every text.
 *
 *     {"image": "<base64 or data URL>" | "images": [...], "texts": ["...", ...], "instruction"?: "...", "top"?: N}
 *
 * or the same as a form: parts `image` (files) and `text`, each as often as wanted, `texts` (one a line), `instruction`, `top`.
 * What cannot be used is told in `errors`, and does not stop the others.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "form.h"

static const char *const fields[] = {"image",   "images", "text",  "texts", "instruction",
                                     "profile", "top",    "model", NULL};

/* Either the one or the list of a kind: {"image": a} or {"images": [a, b]}, where a single one may stand in the list's place. */
static bool read_side(struct call *call, const char *one, const char *many, value instruction,
                      const struct terms *terms, struct refusal *refusal)
{
    value single = value_member(call->document, one), list = value_member(call->document, many);
    bool pictures = strcmp(one, "image") == 0;
    if (value_kind(single) > KIND_NULL && value_kind(list) > KIND_NULL)
        return refuse(refusal, terms->language, REFUSE_BOTH, one, WITH(one, many));
    if (value_kind(single) <= KIND_NULL && value_kind(list) <= KIND_NULL)
        return refuse(refusal, terms->language, REFUSE_MISSING, many,
                      WITH(terms->language == TUWEN_CHINESE
                               ? pictures ? "image 或 images（二者之一）" : "text 或 texts（二者之一）"
                           : pictures ? "either image or images"
                                      : "either text or texts"));
    value given = value_kind(list) > KIND_NULL ? list : single;
    if (given == list && value_kind(list) != KIND_LIST && value_kind(list) != KIND_TEXT)
        return refuse(
            refusal, terms->language, REFUSE_BAD_VALUE, many,
            WITH(many, terms->language == TUWEN_CHINESE ? "字符串，或它们的列表" : "a string, or a list of them"));
    bool several = given == list && value_kind(list) == KIND_LIST;
    size_t count = several ? value_length(list) : 1;
    if (several && !items_count(list, many, terms, refusal))
        return false;
    for (size_t i = 0; i < count; i++) {
        value element = several ? value_at(list, i) : given;
        struct place place = {.field = given == list ? many : one, .index = i, .length = several ? count : 0};
        bool good = pictures ? items_add_picture(call, element, place, terms, refusal)
                             : items_add_text(call, element, place, instruction, terms, refusal);
        if (!good)
            return false;
    }
    return true;
}

/* What is said once. `*instruction` is NULL if there is none. */
static bool read_options(struct call *call, value *instruction, const struct terms *terms, struct refusal *refusal)
{
    value top = value_member(call->document, "top");
    const char *other = value_other_member(call->document, fields);
    if (other)
        return refuse(refusal, terms->language, REFUSE_UNKNOWN_FIELD, other, WITH(other));
    if (!items_optional_text(call->document, "instruction", instruction, terms, refusal))
        return false;
    if (value_kind(top) > KIND_NULL) {
        if (!value_is_whole(top) || value_number(top) < 1)
            return refuse(refusal, terms->language, REFUSE_BAD_VALUE, "top", WITH("top", "1, 2, 3, ..."));
        call->top = value_number(top) < 1e9 ? (size_t)value_number(top) : 1000000000;
    }
    return true;
}

/* Once all inputs are there. */
static bool finish(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    size_t texts = call->count - call->pictures;
    if (texts > MAX_PAIRS / call->pictures)
        return refuse(refusal, terms->language, REFUSE_TOO_MANY_PAIRS, NULL,
                      WITH(digits_of(call->pictures).text, digits_of(texts).text, digits_of(MAX_PAIRS).text));
    items_set_instruction(call, call->pictures, call->count, terms);
    return judge_choose(call, call->pictures, terms, refusal);
}

static bool match_read(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value instruction;
    if (!read_options(call, &instruction, terms, refusal) ||
        !read_side(call, "image", "images", NULL, terms, refusal))
        return false;
    call->pictures = call->count;
    return read_side(call, "text", "texts", instruction, terms, refusal) && finish(call, terms, refusal);
}

/* ---- forms: the options and texts become the document that they would have been in JSON ---- */

static const char *in(const struct terms *terms, const char *english, const char *chinese)
{
    return terms->language == TUWEN_CHINESE ? chinese : english;
}

/* What JSON calls a part, if that has a place in a form too. */
static const char *field_of(const struct form_part *part)
{
    for (const char *const *field = fields; *field; field++)
        if (form_part_is(part, *field) && strcmp(*field, "images") != 0)
            return *field;
    return NULL;
}

static bool refuse_unknown(const struct form_part *part, size_t number, const struct terms *terms,
                           struct refusal *refusal)
{
    char name[PARAM_SIZE];
    bool plain = part->name_size < 40;
    for (size_t i = 0; i < part->name_size && plain; i++)
        plain = part->name[i] >= ' ' && part->name[i] <= '~';
    if (plain)
        snprintf(name, sizeof name, "part %zu (%.*s)", number, (int)part->name_size, part->name);
    else
        snprintf(name, sizeof name, "part %zu", number);
    return refuse(refusal, terms->language, REFUSE_UNKNOWN_FIELD, name, WITH(name));
}

static bool refuse_encoding(struct place place, const struct terms *terms, struct refusal *refusal)
{
    char name[PARAM_SIZE];
    place_name(name, place);
    return refuse(refusal, terms->language, REFUSE_BAD_VALUE, name,
                  WITH(name, in(terms, "text in UTF-8", "UTF-8 文本")));
}

/* A part that comes once becomes a member of the document; digits of `top` a number. */
static bool take_option(struct call *call, const struct form_part *part, struct place place,
                        const struct terms *terms, struct refusal *refusal)
{
    char name[PARAM_SIZE], digits[10] = "";
    place_name(name, place);
    if (value_member(call->document, place.field))
        return refuse(refusal, terms->language, REFUSE_PART_TWICE, name, WITH(name));
    if (part->size < sizeof digits)
        memcpy(digits, part->data, part->size);
    bool number = strcmp(place.field, "top") == 0 && *digits && strspn(digits, "0123456789") == part->size;
    bool good = number ? document_set_number(call->document, place.field, strtol(digits, NULL, 10))
                       : document_set_text(call->document, place.field, part->data, part->size);
    return good || refuse_encoding(place, terms, refusal);
}

static bool add_text(struct call *call, const char *text, size_t size, struct place place, value instruction,
                     const struct terms *terms, struct refusal *refusal)
{
    value copy = document_append_text(call->document, "texts", text, size);
    return copy ? items_add_text(call, copy, place, instruction, terms, refusal)
                : refuse_encoding(place, terms, refusal);
}

/* Moves over a line; false at the end. Its size is 0 if it is empty. */
static bool next_line(const char **at, const char *end, const char **line, size_t *size)
{
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    if (*at == end)
        return false;
    *line = *at;
    *size = (size_t)((stop ? stop : end) - *at);
    *size -= *size > 0 && (*line)[*size - 1] == '\r';
    *at = stop ? stop + 1 : end;
    return true;
}

/* Where the first line of a part begins: behind the mark that some editors write. */
static const char *lines_of(const struct form_part *part)
{
    bool marked = part->size >= 3 && memcmp(part->data, "\xef\xbb\xbf", 3) == 0;
    return part->data + (marked ? 3 : 0);
}

/* One text a line; empty lines are none. */
static bool add_lines(struct call *call, const struct form_part *part, struct place place, value instruction,
                      const struct terms *terms, struct refusal *refusal)
{
    const char *at = lines_of(part), *line;
    size_t size;
    place.length = 1;
    for (; next_line(&at, part->data + part->size, &line, &size); place.index++)
        if (size > 0 && !add_text(call, line, size, place, instruction, terms, refusal))
            return false;
    return true;
}

/* How many pictures, or texts, there are. */
static bool count_parts(const struct form *form, bool pictures, const struct terms *terms, struct refusal *refusal)
{
    const char *field = pictures ? "image" : "text";
    size_t count, size;
    form_find(form, field, &count);
    for (size_t i = 0; i < form->count && !pictures; i++) {
        const struct form_part *part = &form->parts[i];
        const char *at = lines_of(part), *line;
        while (form_part_is(part, "texts") && next_line(&at, part->data + part->size, &line, &size))
            count += size > 0;
    }
    if (count == 0)
        return refuse(refusal, terms->language, REFUSE_MISSING, field,
                      WITH(pictures ? "image" : in(terms, "text or texts", "text 或 texts")));
    return count <= terms->max_items || refuse(refusal, terms->language, REFUSE_TOO_MANY, field,
                                               WITH(field, digits_of(count).text, digits_of(terms->max_items).text));
}

/* Adds the parts of one kind. */
static bool add_parts(struct call *call, const struct form *form, bool pictures, value instruction,
                      const struct terms *terms, struct refusal *refusal)
{
    bool good = count_parts(form, pictures, terms, refusal);
    for (size_t i = 0; i < form->count && good; i++) {
        const struct form_part *part = &form->parts[i];
        struct place place = {.field = field_of(part), .part = i + 1};
        if (pictures && form_part_is(part, "image"))
            good = items_add_bytes(call, part->data, part->size, place, terms, refusal);
        else if (!pictures && form_part_is(part, "text"))
            good = add_text(call, part->data, part->size, place, instruction, terms, refusal);
        else if (!pictures && form_part_is(part, "texts"))
            good = add_lines(call, part, place, instruction, terms, refusal);
    }
    return good;
}

static bool match_read_form(struct call *call, const struct form *form, const struct terms *terms,
                            struct refusal *refusal)
{
    value instruction = NULL;
    call->document = document_object();
    if (!call->document)
        return refuse(refusal, terms->language, REFUSE_OUT_OF_MEMORY, NULL, NULL);
    for (size_t i = 0; i < form->count; i++) {
        struct place place = {.field = field_of(&form->parts[i]), .part = i + 1};
        if (!place.field)
            return refuse_unknown(&form->parts[i], place.part, terms, refusal);
        bool once = strcmp(place.field, "image") != 0 && strncmp(place.field, "text", 4) != 0;
        if (once && !take_option(call, &form->parts[i], place, terms, refusal))
            return false;
    }
    if (!read_options(call, &instruction, terms, refusal) || !add_parts(call, form, true, NULL, terms, refusal))
        return false;
    call->pictures = call->count;
    return add_parts(call, form, false, instruction, terms, refusal) && finish(call, terms, refusal);
}

/* ---- results ---- */

struct judged_text {
    struct judged judged;
    float share;
    size_t input;
};

static int by_cosine(const void *a, const void *b)
{
    const struct judged_text *left = a, *right = b;
    if (left->judged.cosine != right->judged.cosine)
        return left->judged.cosine < right->judged.cosine ? 1 : -1;
    return left->input < right->input ? -1 : left->input > right->input;
}

static void write_result(const struct call *call, size_t picture, const struct judged_text *ranked,
                         const struct terms *terms, struct buffer *body)
{
    const tuwen_input *text = &call->inputs[ranked->input];
    BUFFER_FORMAT(body, "{\"image\":%zu,\"index\":%zu,\"text\":", picture, ranked->input - call->pictures);
    buffer_json(body, text->text, text->text_size);
    judge_write(&ranked->judged, body);
    judge_write_number(body, "share", ranked->share);
    buffer_text(body, ",\"band\":");
    judge_write_string(body, tuwen_band_name(ranked->judged.band, TUWEN_ENGLISH));
    buffer_text(body, ",\"advice\":");
    judge_write_string(body, tuwen_band_advice(ranked->judged.band, terms->language));
    BUFFER_FORMAT(body, ",\"truncated\":%s}", call->outputs[ranked->input].truncated ? "true" : "false");
}

/* The texts' side of the profile, which is the same for all pictures. */
struct texts {
    struct judged_text *ranked; /* [texts] */
    float *numbers, *levels;    /* [texts] each */
    tuwen_language *language;   /* [texts] */
};

static const float *vector_of(const struct call *call, size_t input)
{
    return call->vectors + input * call->dimension;
}

static bool prepare_texts(const struct call *call, const struct terms *terms, struct texts *texts)
{
    size_t count = call->count - call->pictures;
    *texts = (struct texts){calloc(count, sizeof *texts->ranked), calloc(count, sizeof *texts->numbers),
                            calloc(count, sizeof *texts->levels), calloc(count, sizeof *texts->language)};
    if (!texts->ranked || !texts->numbers || !texts->levels || !texts->language)
        return false;
    for (size_t i = 0; i < count && call->profile; i++) {
        const tuwen_input *input = &call->inputs[call->pictures + i];
        if (call->outputs[call->pictures + i].status != TUWEN_OK)
            continue;
        texts->levels[i] = tuwen_profile_text_level(call->profile, vector_of(call, call->pictures + i));
        texts->language[i] = tuwen_text_language(input->text, input->text_size);
    }
    return true;
}

static void free_texts(struct texts *texts)
{
    free(texts->ranked);
    free(texts->numbers);
    free(texts->levels);
    free(texts->language);
}

static double temperature_of(const struct call *call, const struct terms *terms)
{
    double own = call->profile ? tuwen_profile_get_info(call->profile)->temperature : 0;
    return own > 0 ? own : tuwen_share_temperature(terms->info);
}

/* The texts of one picture, best first. Returns how many were written. */
static size_t write_picture(const struct call *call, size_t picture, const struct texts *texts,
                            const struct terms *terms, struct buffer *body, bool first)
{
    struct judged_text *ranked = texts->ranked;
    size_t count = 0;
    float level = call->profile ? tuwen_profile_picture_level(call->profile, vector_of(call, picture)) : 0;
    for (size_t i = call->pictures; i < call->count; i++) {
        size_t text = i - call->pictures;
        if (call->outputs[i].status != TUWEN_OK)
            continue;
        float cosine = tuwen_cosine(vector_of(call, picture), vector_of(call, i), call->dimension);
        const tuwen_profile_pair pair = {cosine, level, texts->levels[text], texts->language[text]};
        ranked[count] = (struct judged_text){.judged = judge_pair(call, &pair, terms), .input = i};
        texts->numbers[count++] = cosine;
    }
    tuwen_share(texts->numbers, count, temperature_of(call, terms), texts->numbers);
    for (size_t i = 0; i < count; i++)
        ranked[i].share = texts->numbers[i];
    qsort(ranked, count, sizeof *ranked, by_cosine);
    if (call->top > 0 && count > call->top)
        count = call->top;
    for (size_t i = 0; i < count; i++) {
        buffer_text(body, first && i == 0 ? "\n" : ",\n");
        write_result(call, picture, &ranked[i], terms, body);
    }
    return count;
}

static void write_errors(const struct call *call, struct buffer *body)
{
    char param[PARAM_SIZE];
    size_t written = 0;
    buffer_text(body, "],\"errors\":[");
    for (size_t i = 0; i < call->count; i++) {
        const tuwen_output *output = &call->outputs[i];
        if (output->status == TUWEN_OK)
            continue;
        place_name(param, call->places[i]);
        BUFFER_FORMAT(body, "%s{\"%s\":%zu,\"param\":\"%s\",\"status\":\"%s\",\"message\":", written++ ? ",\n" : "\n",
                      i < call->pictures ? "image" : "index", i < call->pictures ? i : i - call->pictures, param,
                      tuwen_status_name(output->status));
        judge_write_string(body, items_message(output));
        buffer_text(body, "}");
    }
}

static void write_pictures(const struct call *call, struct buffer *body)
{
    size_t tokens = 0, image_tokens = 0;
    buffer_text(body, "],\"images\":[");
    for (size_t i = 0; i < call->pictures; i++)
        BUFFER_FORMAT(body, "%s{\"index\":%zu,\"width\":%d,\"height\":%d,\"tokens\":%d}", i ? "," : "", i,
                      call->outputs[i].picture_width, call->outputs[i].picture_height, call->outputs[i].image_tokens);
    for (size_t i = 0; i < call->count; i++) {
        tokens += (size_t)call->outputs[i].tokens;
        image_tokens += (size_t)call->outputs[i].image_tokens;
    }
    BUFFER_FORMAT(body, "],\"usage\":{\"total_tokens\":%zu,\"image_tokens\":%zu}}\n", tokens, image_tokens);
}

/* Where nothing at all can be matched, that is the answer: the reason of the first picture or text. */
static bool has_results(const struct call *call, const struct terms *terms, struct refusal *refusal)
{
    size_t good[2] = {0, 0}, bad[2] = {call->count, call->count}; /* of pictures, of texts */
    for (size_t i = call->count; i-- > 0;) {
        bool is_text = i >= call->pictures;
        if (call->outputs[i].status == TUWEN_OK)
            good[is_text]++;
        else
            bad[is_text] = i;
    }
    return (good[0] && good[1]) || items_refuse(call, bad[good[0] > 0], terms, refusal);
}

static bool match_write(const struct call *call, const struct terms *terms, struct buffer *body,
                        struct refusal *refusal)
{
    struct texts texts;
    size_t written = 0;
    if (!has_results(call, terms, refusal))
        return false;
    body->failed = !prepare_texts(call, terms, &texts);
    judge_write_head(call, terms, body);
    buffer_text(body, ",\"results\":[");
    for (size_t picture = 0; picture < call->pictures && !body->failed; picture++)
        if (call->outputs[picture].status == TUWEN_OK)
            written += write_picture(call, picture, &texts, terms, body, written == 0);
    write_errors(call, body);
    write_pictures(call, body);
    free_texts(&texts);
    return true;
}

const struct dialect dialect_match = {
    .read = match_read, .read_form = match_read_form, .write = match_write, .refuse = openai_refuse};
