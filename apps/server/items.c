/* SPDX-License-Identifier: Apache-2.0 */
/* What the dialects share: elements of bodies into the inputs of a call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "form.h"
#include "picture.h"

static const char *in(const struct terms *terms, const char *english, const char *chinese)
{
    return terms->language == TUWEN_CHINESE ? chinese : english;
}

bool items_read_form(const struct dialect *dialect, struct call *call, const char *type, const char *body,
                     size_t size, const struct terms *terms, struct refusal *refusal)
{
    enum { OTHERS = 16 }; /* parts that are neither pictures nor texts */
    struct form form;
    size_t most = 2 * terms->max_items + OTHERS;
    bool good = false;
    switch (form_read(&form, type, body, size, most)) {
    case FORM_GOOD:
        good = dialect->read_form(call, &form, terms, refusal);
        break;
    case FORM_BAD:
        refuse(refusal, terms->language, REFUSE_BAD_FORM, NULL, WITH(form.why));
        break;
    case FORM_FULL:
        refuse(refusal, terms->language, REFUSE_TOO_MANY_PARTS, NULL,
               WITH(digits_of(most).text, digits_of(terms->max_items).text));
        break;
    case FORM_NO_MEMORY:
        refuse(refusal, terms->language, REFUSE_OUT_OF_MEMORY, NULL, NULL);
        break;
    }
    form_free(&form);
    return good;
}

bool items_count(value list, const char *field, const struct terms *terms, struct refusal *refusal)
{
    size_t count = value_length(list);
    if (count == 0)
        return refuse(refusal, terms->language, REFUSE_EMPTY_LIST, field, WITH(field));
    if (count > terms->max_items)
        return refuse(refusal, terms->language, REFUSE_TOO_MANY, field,
                      WITH(field, digits_of(count).text, digits_of(terms->max_items).text));
    return true;
}

bool items_optional_text(value object, const char *name, value *found, const struct terms *terms,
                         struct refusal *refusal)
{
    value member = value_member(object, name);
    enum kind kind = value_kind(member);
    *found = kind == KIND_TEXT ? member : NULL;
    if (kind == KIND_NONE || kind == KIND_NULL || kind == KIND_TEXT)
        return true;
    return refuse(refusal, terms->language, REFUSE_BAD_VALUE, name, WITH(name, in(terms, "a string", "字符串")));
}

static bool out_of_memory(const struct terms *terms, struct refusal *refusal)
{
    return refuse(refusal, terms->language, REFUSE_OUT_OF_MEMORY, NULL, NULL);
}

bool items_take_text(tuwen_input *input, value text, const char *param, const struct terms *terms,
                     struct refusal *refusal)
{
    if (value_kind(text) != KIND_TEXT)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, param,
                      WITH(param, in(terms, "a string", "字符串")));
    input->text = value_text(text, &input->text_size);
    if (input->text_size == 0)
        return refuse(refusal, terms->language, REFUSE_EMPTY_TEXT, param, WITH(param));
    if (picture_is_text(input->text, input->text_size))
        return refuse(refusal, terms->language, REFUSE_PICTURE_AS_TEXT, param, WITH(param));
    return true;
}

void items_take_instruction(tuwen_input *input, value instruction)
{
    if (input->text && instruction)
        input->instruction = value_text(instruction, &input->instruction_size);
}

/* Adds an object {text?, image?, instruction?}. */
static bool add_object(struct call *call, value element, struct place place, value instruction,
                       const struct terms *terms, struct refusal *refusal)
{
    static const char *const known[] = {"text", "image", "instruction", NULL};
    char param[PARAM_SIZE], part[PARAM_SIZE + 16];
    value own, text = value_member(element, "text"), image = value_member(element, "image");
    tuwen_input input = {0};
    place_name(param, place);
    const char *other = value_other_member(element, known);
    if (other) {
        snprintf(part, sizeof part, "%s.%.15s", param, other);
        return refuse(refusal, terms->language, REFUSE_UNKNOWN_FIELD, param, WITH(part));
    }
    if (!items_optional_text(element, "instruction", &own, terms, refusal))
        return false;
    if (value_kind(text) <= KIND_NULL && value_kind(image) <= KIND_NULL)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, param,
                      WITH(param, in(terms, "a text, or an object with \"text\", \"image\" or both",
                                     "文本，或含 \"text\"、\"image\" 或两者的对象")));
    snprintf(part, sizeof part, "%s.text", param);
    if (value_kind(text) > KIND_NULL && !items_take_text(&input, text, part, terms, refusal))
        return false;
    items_take_instruction(&input, own ? own : instruction);
    snprintf(part, sizeof part, "%s.image", param);
    if (value_kind(image) > KIND_NULL) {
        input.picture = picture_read(image, &input.picture_size, terms, part, refusal);
        if (!input.picture)
            return false;
    }
    return call_add(call, &input, place) || out_of_memory(terms, refusal);
}

bool items_add(struct call *call, value element, struct place place, value instruction, const struct terms *terms,
               struct refusal *refusal)
{
    char param[PARAM_SIZE];
    tuwen_input input = {0};
    enum kind kind = value_kind(element);
    place_name(param, place);
    if (kind == KIND_OBJECT && value_member(element, "content")) {
        char part[PARAM_SIZE + 16];
        snprintf(part, sizeof part, "%s.content", param);
        return parts_add(call, value_member(element, "content"), place, part, instruction, terms, refusal);
    }
    if (kind == KIND_OBJECT && value_member(element, "type"))
        return parts_add_one(call, element, place, instruction, terms, refusal);
    if (kind == KIND_OBJECT)
        return add_object(call, element, place, instruction, terms, refusal);
    if (kind == KIND_NUMBER || (kind == KIND_LIST && value_kind(value_at(element, 0)) == KIND_NUMBER))
        return refuse(refusal, terms->language, REFUSE_TOKENS_GIVEN, param, WITH(param));
    if (!items_take_text(&input, element, param, terms, refusal))
        return false;
    items_take_instruction(&input, instruction);
    return call_add(call, &input, place) || out_of_memory(terms, refusal);
}

/* Adds what could not be read as an input that failed, so that the others go on. */
static bool add_failed(struct call *call, struct place place, tuwen_status status, const struct refusal *why,
                       const struct terms *terms, struct refusal *refusal)
{
    if (why->id == REFUSE_OUT_OF_MEMORY || !call_add(call, &(tuwen_input){0}, place))
        return out_of_memory(terms, refusal);
    tuwen_output *output = &call->outputs[call->count - 1];
    output->status = status;
    snprintf(output->message, sizeof output->message, "%.*s", (int)sizeof output->message - 1, why->message);
    return true;
}

bool items_add_picture(struct call *call, value picture, struct place place, const struct terms *terms,
                       struct refusal *refusal)
{
    char param[PARAM_SIZE];
    tuwen_input input = {0};
    struct refusal why = {0};
    place_name(param, place);
    input.picture = picture_read(picture, &input.picture_size, terms, param, &why);
    if (!input.picture)
        return add_failed(call, place, TUWEN_BAD_IMAGE, &why, terms, refusal);
    return call_add(call, &input, place) || out_of_memory(terms, refusal);
}

bool items_add_bytes(struct call *call, const char *bytes, size_t size, struct place place, const struct terms *terms,
                     struct refusal *refusal)
{
    char param[PARAM_SIZE];
    struct refusal why = {0};
    unsigned char *copy = malloc(size ? size : 1);
    place_name(param, place);
    if (!copy)
        return out_of_memory(terms, refusal);
    if (size == 0) {
        free(copy);
        refuse(&why, terms->language, REFUSE_BAD_VALUE, param, WITH(param, in(terms, "a picture file", "图片文件")));
        return add_failed(call, place, TUWEN_BAD_IMAGE, &why, terms, refusal);
    }
    memcpy(copy, bytes, size);
    tuwen_input input = {.picture = copy, .picture_size = size};
    return call_add(call, &input, place) || out_of_memory(terms, refusal);
}

bool items_add_text(struct call *call, value text, struct place place, value instruction, const struct terms *terms,
                    struct refusal *refusal)
{
    char param[PARAM_SIZE];
    tuwen_input input = {0};
    struct refusal why = {0};
    place_name(param, place);
    if (!items_take_text(&input, text, param, terms, &why))
        return add_failed(call, place, TUWEN_BAD_TEXT, &why, terms, refusal);
    items_take_instruction(&input, instruction);
    return call_add(call, &input, place) || out_of_memory(terms, refusal);
}

const char *items_message(const tuwen_output *output)
{
    static const char *const nameless[] = {"picture: ", "picture："};
    for (size_t i = 0; i < sizeof nameless / sizeof *nameless; i++)
        if (strncmp(output->message, nameless[i], strlen(nameless[i])) == 0)
            return output->message + strlen(nameless[i]);
    return output->message;
}

bool items_refuse(const struct call *call, size_t index, const struct terms *terms, struct refusal *refusal)
{
    char param[PARAM_SIZE], front[PARAM_SIZE + 8];
    const char *message = items_message(&call->outputs[index]);
    place_name(param, call->places[index]);
    bool named = strncmp(message, param, strlen(param)) == 0;
    snprintf(front, sizeof front, "%s%s", param, in(terms, ": ", "："));
    return refuse(refusal, terms->language, REFUSE_BAD_ITEM, param, WITH(named ? "" : front, message));
}

bool items_all_good(const struct call *call, const struct terms *terms, struct refusal *refusal)
{
    char param[PARAM_SIZE];
    for (size_t i = 0; i < call->count; i++) {
        if (call->outputs[i].status != TUWEN_OK)
            return items_refuse(call, i, terms, refusal);
        if (!call->keep_whole || !call->outputs[i].truncated)
            continue;
        place_name(param, call->places[i]);
        return refuse(refusal, terms->language, REFUSE_TOO_LONG, param,
                      WITH(param, digits_of((unsigned long long)call->outputs[i].tokens).text));
    }
    return true;
}

bool items_add_list(struct call *call, value list, const char *field, value instruction, const struct terms *terms,
                    struct refusal *refusal)
{
    if (value_kind(list) <= KIND_NULL)
        return refuse(refusal, terms->language, REFUSE_MISSING, field, WITH(field));
    if (value_kind(list) != KIND_LIST)
        return items_add(call, list, (struct place){.field = field}, instruction, terms, refusal);
    if (!items_count(list, field, terms, refusal))
        return false;
    size_t count = value_length(list);
    for (size_t i = 0; i < count; i++)
        if (!items_add(call, value_at(list, i), (struct place){.field = field, .index = i, .length = count},
                       instruction, terms, refusal))
            return false;
    return true;
}

bool items_add_pictures(struct call *call, value list, const char *field, const struct terms *terms,
                        struct refusal *refusal)
{
    bool single = value_kind(list) != KIND_LIST;
    if (!single && !items_count(list, field, terms, refusal))
        return false;
    size_t count = single ? 0 : value_length(list);
    for (size_t i = 0; i < (single ? 1 : count); i++)
        if (!items_add_picture(call, single ? list : value_at(list, i),
                               (struct place){.field = field, .index = i, .length = count}, terms, refusal))
            return false;
    return true;
}

void items_set_instruction(struct call *call, size_t first, size_t end, const struct terms *terms)
{
    for (size_t i = first; i < end; i++) {
        tuwen_input *input = &call->inputs[i];
        if (!input->text || input->picture || input->instruction || !terms->info->match_instruction)
            continue;
        input->instruction = terms->info->match_instruction;
        input->instruction_size = strlen(terms->info->match_instruction);
    }
}

bool items_optional_number(value object, const char *name, long least, long *number, const struct terms *terms,
                           struct refusal *refusal)
{
    value member = value_member(object, name);
    if (value_kind(member) <= KIND_NULL)
        return true;
    if (!value_is_whole(member) || value_number(member) < (double)least)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, name,
                      WITH(name, in(terms, "a whole number", "整数")));
    *number = value_number(member) < 1e9 ? (long)value_number(member) : 1000000000;
    return true;
}

bool items_must_be(value object, const char *name, bool wanted, const struct terms *terms, struct refusal *refusal)
{
    value member = value_member(object, name);
    if (value_kind(member) <= KIND_NULL || (value_kind(member) == KIND_BOOLEAN && value_is_true(member) == wanted))
        return true;
    return refuse(refusal, terms->language, REFUSE_BAD_VALUE, name, WITH(name, wanted ? "true" : "false"));
}

bool items_check_dimensions(value wanted, const char *name, const struct terms *terms, struct refusal *refusal)
{
    if (value_kind(wanted) <= KIND_NULL)
        return true;
    if (!value_is_whole(wanted) || value_number(wanted) < 1)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, name,
                      WITH(name, digits_of((unsigned long long)terms->info->dimension).text));
    if (value_number(wanted) == (double)terms->info->dimension)
        return true;
    return refuse(refusal, terms->language, REFUSE_DIMENSIONS, name,
                  WITH(digits_of((unsigned long long)value_number(wanted)).text,
                       digits_of((unsigned long long)terms->info->dimension).text, name));
}

struct usage call_usage(const struct call *call)
{
    struct usage usage = {0, 0, 0};
    for (size_t i = 0; i < call->count; i++) {
        const tuwen_output *output = &call->outputs[i];
        usage.tokens += (size_t)output->tokens;
        usage.image_tokens += (size_t)output->image_tokens;
        usage.pixels += (size_t)output->picture_width * (size_t)output->picture_height;
    }
    return usage;
}
