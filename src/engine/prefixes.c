/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/prefixes.h"

#include <string.h>

#include "base/memory.h"
#include "engine/template.h"

/* Shorter ones save nothing, longer ones would take more memory than a session should hold for them. */
enum { SHORTEST = 4, LONGEST = 512 };

static void opening_free(tw_opening *opening)
{
    tw_free(opening->instruction);
    tw_ids_free(&opening->ids);
    tw_prefix_close(opening->prefix);
    *opening = (tw_opening){0};
}

void tw_prefixes_free(tw_prefixes *prefixes)
{
    for (int i = 0; i < TW_OPENINGS; i++)
        opening_free(&prefixes->openings[i]);
}

size_t tw_prefixes_bytes(const tw_prefixes *prefixes)
{
    size_t bytes = 0;
    for (int i = 0; i < TW_OPENINGS; i++) {
        const tw_opening *opening = &prefixes->openings[i];
        bytes += opening->instruction_size + opening->ids.capacity * sizeof *opening->ids.items +
                 tw_prefix_bytes(opening->prefix);
    }
    return bytes;
}

/* How many ids both lists begin with. */
static size_t common(const tw_ids *a, const tw_ids *b)
{
    size_t n = 0;
    while (n < a->count && n < b->count && a->items[n] == b->items[n])
        n++;
    return n;
}

/* The ids that prompts with this instruction begin with, whatever the text: what two texts without anything in common
 * leave the same. */
static tuwen_status find_ids(const tw_preparer *preparer, const tuwen_input *input, tw_ids *ids, tuwen_error *error)
{
    tw_ids other = {0};
    tuwen_input probe = {.text = "", .instruction = input->instruction, .instruction_size = input->instruction_size};
    tuwen_status status = tw_prompt_encode(preparer->model, &probe, 0, preparer->options.raw_special, ids, error);
    probe.text = "a";
    probe.text_size = 1;
    if (status == TUWEN_OK)
        status = tw_prompt_encode(preparer->model, &probe, 0, preparer->options.raw_special, &other, error);
    if (status == TUWEN_OK) {
        ids->count = common(ids, &other);
        if (ids->count < SHORTEST || ids->count > LONGEST)
            ids->count = 0;
    }
    tw_ids_free(&other);
    return status;
}

static tuwen_status open_opening(const tw_preparer *preparer, const tuwen_input *input, tw_opening *opening,
                                 tuwen_error *error)
{
    opening_free(opening);
    if (input->instruction) {
        opening->instruction = tw_copy_string(input->instruction, input->instruction_size);
        opening->instruction_size = input->instruction_size;
        if (!opening->instruction)
            return tw_fail_memory(error, "a prefix");
    }
    tuwen_status status = find_ids(preparer, input, &opening->ids, error);
    const tuwen_model *model = preparer->model;
    if (status == TUWEN_OK && opening->ids.count > 0)
        status = tw_prefix_open(model->language, model->machine, (int)opening->ids.count, &opening->prefix, error);
    opening->known = status == TUWEN_OK;
    if (status != TUWEN_OK)
        opening_free(opening);
    return status;
}

static bool is_of(const tw_opening *opening, const tuwen_input *input)
{
    if (!opening->known || !opening->instruction != !input->instruction)
        return false;
    return !input->instruction || (opening->instruction_size == input->instruction_size &&
                                   memcmp(opening->instruction, input->instruction, input->instruction_size) == 0);
}

tuwen_status tw_prefixes_find(tw_prefixes *prefixes, const tw_preparer *preparer, const tuwen_input *input,
                              const tw_ids *ids, bool batch_empty, tw_opening **found, bool *replaces,
                              tuwen_error *error)
{
    const tw_settings *settings = &preparer->model->settings;
    *found = NULL;
    *replaces = false;
    if (input->picture || settings->pooling != TW_POOL_LAST ||
        tw_template_has(settings->prompt[TW_KIND_TEXT], TW_PLACE_IMAGE))
        return TUWEN_OK;
    tw_opening *oldest = &prefixes->openings[0];
    tw_opening *opening = NULL;
    for (int i = 0; i < TW_OPENINGS && !opening; i++) {
        tw_opening *at = &prefixes->openings[i];
        if (is_of(at, input))
            opening = at;
        oldest = at->used < oldest->used ? at : oldest;
    }
    if (!opening) {
        if (oldest->known && !batch_empty) {
            *replaces = true;
            return TUWEN_OK;
        }
        tuwen_status status = open_opening(preparer, input, oldest, error);
        if (status != TUWEN_OK)
            return status;
        opening = oldest;
    }
    opening->used = ++prefixes->clock;
    size_t n = opening->ids.count;
    /* A merge across the border between prompt and text, or a cut inside the prefix, makes a text of its own kind. */
    if (n > 0 && ids->count > n && common(ids, &opening->ids) == n)
        *found = opening;
    return TUWEN_OK;
}
