/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content parts, as OpenAI's messages have them and vLLM, Cohere and Voyage took them over:
 *
 *     {"type": "text", "text": "..."}
 *     {"type": "image_url", "image_url": {"url": "data:..."} | "data:..."}
 *     {"type": "image_base64", "image_base64": "data:..."}       {"type": "image", "image": "data:..."}
 *
 * A list of them is one vector. The model sees the picture before the text, whatever their order here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "picture.h"

static const char *const pictures[] = {"image_url", "image_base64", "image", "input_image"};

static bool twice(const char *param, const char *english, const char *chinese, const struct terms *terms,
                  struct refusal *refusal)
{
    return refuse(refusal, terms->language, REFUSE_TWO_OF_A_KIND, param,
                  WITH(param, terms->language == TUWEN_CHINESE ? chinese : english));
}

static bool take_picture(tuwen_input *input, value part, const char *name, const char *param,
                         const struct terms *terms, struct refusal *refusal)
{
    char place[PARAM_SIZE];
    value given = value_member(part, name);
    if (value_kind(given) == KIND_NONE)
        given = value_member(part, "image_url");
    bool nested = value_kind(given) == KIND_OBJECT;
    snprintf(place, sizeof place, "%.50s.%s%s", param, name, nested ? ".url" : "");
    if (input->picture)
        return twice(param, "picture", "张图片", terms, refusal);
    input->picture =
        picture_read(nested ? value_member(given, "url") : given, &input->picture_size, terms, place, refusal);
    return input->picture != NULL;
}

static bool take_text_part(tuwen_input *input, value text, const char *param, const struct terms *terms,
                           struct refusal *refusal)
{
    if (input->text)
        return twice(param, "text", "段文本", terms, refusal);
    return items_take_text(input, text, param, terms, refusal);
}

static bool take_part(tuwen_input *input, value part, const char *param, const struct terms *terms,
                      struct refusal *refusal)
{
    static const char allowed[] = "\"text\" | \"image_url\" | \"image_base64\" | \"image\"";
    char place[PARAM_SIZE];
    value type = value_member(part, "type");
    if (value_kind(part) == KIND_TEXT)
        return take_text_part(input, part, param, terms, refusal);
    if (value_is(type, "text") || value_is(type, "input_text")) {
        snprintf(place, sizeof place, "%.60s.text", param);
        return take_text_part(input, value_member(part, "text"), place, terms, refusal);
    }
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        if (value_is(type, pictures[i]))
            return take_picture(input, part, pictures[i], param, terms, refusal);
    snprintf(place, sizeof place, "%.60s.type", param);
    return refuse(refusal, terms->language, REFUSE_BAD_VALUE, place, WITH(place, allowed));
}

/* Adds what was gathered, or frees it. */
static bool finish(struct call *call, tuwen_input *input, bool good, struct place place, value instruction,
                   const struct terms *terms, struct refusal *refusal)
{
    if (!good) {
        free((void *)input->picture);
        return false;
    }
    items_take_instruction(input, instruction);
    return call_add(call, input, place) || refuse(refusal, terms->language, REFUSE_OUT_OF_MEMORY, NULL, NULL);
}

bool parts_add(struct call *call, value content, struct place place, const char *param, value instruction,
               const struct terms *terms, struct refusal *refusal)
{
    char part[PARAM_SIZE];
    tuwen_input input = {0};
    bool good = true;
    if (value_kind(content) != KIND_LIST)
        return finish(call, &input, items_take_text(&input, content, param, terms, refusal), place, instruction,
                      terms, refusal);
    size_t count = value_length(content);
    if (count == 0)
        return refuse(refusal, terms->language, REFUSE_EMPTY_LIST, param, WITH(param));
    for (size_t i = 0; i < count && good; i++) {
        snprintf(part, sizeof part, "%.50s[%zu]", param, i);
        good = take_part(&input, value_at(content, i), part, terms, refusal);
    }
    return finish(call, &input, good, place, instruction, terms, refusal);
}

bool parts_add_one(struct call *call, value part, struct place place, value instruction, const struct terms *terms,
                   struct refusal *refusal)
{
    char param[PARAM_SIZE];
    tuwen_input input = {0};
    place_name(param, place);
    return finish(call, &input, take_part(&input, part, param, terms, refusal), place, instruction, terms, refusal);
}
