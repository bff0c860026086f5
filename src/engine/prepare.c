/* SPDX-License-Identifier: Apache-2.0 */
/* From an input to token ids and patches. */
#include "engine/prepare.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "engine/template.h"

tw_image_limits tw_picture_limits(uint64_t bytes, uint64_t pixels, double seconds)
{
    return (tw_image_limits){.bytes = bytes > 0 ? bytes : (uint64_t)256 << 20,
                             /* where Pillow raises its DecompressionBombError */
                             .pixels = pixels > 0 ? pixels : 178956970,
                             .seconds = seconds > 0 ? seconds : 30};
}

static const char *picture_name(const tuwen_input *input)
{
    return input->name ? input->name : "picture";
}

tuwen_status tw_prepare_picture(const tw_preparer *preparer, const tuwen_input *input, tw_picture *picture,
                                tuwen_error *error)
{
    const tuwen_session_options *options = &preparer->options;
    const tw_image_limits limits = {.bytes = options->max_picture_bytes,
                                    .pixels = options->max_picture_pixels,
                                    .seconds = options->max_picture_seconds};
    return tw_picture_decode(input->picture, input->picture_size, picture_name(input), &limits,
                             options->exif == TUWEN_EXIF_APPLY, picture, error);
}

/* The black picture that some prompts want beside a text: one image token large, before any resize. */
static tuwen_status make_blank(const tuwen_model *model, tw_picture *picture, tuwen_error *error)
{
    int side = model->config.vision.patch_size * model->config.vision.merge_size;
    picture->rgb = tw_alloc_zero((size_t)side * (size_t)side, 3);
    if (!picture->rgb)
        return tw_fail_memory(error, "the prompt");
    picture->width = side;
    picture->height = side;
    return TUWEN_OK;
}

/* Decodes the input's picture, or makes the blank one, and plans its sizes; `picture` is to be freed. */
static tuwen_status open_picture(const tw_preparer *preparer, const tuwen_input *input, tw_picture *picture,
                                 tuwen_output *output, tuwen_error *error)
{
    const tw_patch_config *config = &preparer->patch_config;
    tw_picture_plan plan;
    tuwen_status status = input->picture ? tw_prepare_picture(preparer, input, picture, error)
                                         : make_blank(preparer->model, picture, error);
    if (status != TUWEN_OK)
        return status;
    output->picture_width = input->picture ? picture->width : 0;
    output->picture_height = input->picture ? picture->height : 0;
    if (!tw_picture_plan_sizes(picture->width, picture->height, config, &plan))
        return tw_fail(error, TUWEN_BAD_IMAGE,
                       "%s: a picture of %dx%d pixels cannot be brought to %d..%d image tokens (--image-tokens)",
                       picture_name(input), picture->width, picture->height, config->tokens_min, config->tokens_max);
    output->image_tokens = plan.tokens;
    return TUWEN_OK;
}

/* Cuts the ids at max_length on the right, as the reference does; an image must stay whole. */
static tuwen_status truncate(const tw_preparer *preparer, tw_ids *ids, tuwen_output *output, tuwen_error *error)
{
    size_t most = (size_t)preparer->options.max_length;
    if (ids->count <= most)
        return TUWEN_OK;
    int left = 0;
    for (size_t i = 0; i < most; i++)
        left += ids->items[i] == preparer->model->image_pad;
    if (output->image_tokens > 0 && left < output->image_tokens)
        return tw_fail(error, TUWEN_BAD_TEXT,
                       "the instruction and the picture's %d image tokens do not fit in max length %d "
                       "(--image-tokens, --max-length)",
                       output->image_tokens, (int)most);
    ids->count = most;
    output->truncated = true;
    return TUWEN_OK;
}

/* The input's ids, cut at max_length, and its picture, to be freed: all that can be said before computing. */
static tuwen_status read_input(const tw_preparer *preparer, const tuwen_input *input, tw_picture *picture,
                               tw_prepared *prepared)
{
    const tuwen_model *model = preparer->model;
    tuwen_output *output = &prepared->output;
    tuwen_error *error = &prepared->error;
    tuwen_status status = TUWEN_OK;
    if (!input->text && !input->picture)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "an input has neither a text nor a picture");
    double begin = tw_clock_seconds();
    if (input->picture || tw_template_has(model->settings.prompt[TW_KIND_TEXT], TW_PLACE_IMAGE))
        status = open_picture(preparer, input, picture, output, error);
    tw_stages_add(&prepared->stages, TW_STAGE_DECODE, begin);
    begin = tw_clock_seconds();
    if (status == TUWEN_OK)
        status = tw_prompt_encode(model, input, output->image_tokens, preparer->options.raw_special, &prepared->ids,
                                  error);
    tw_stages_add(&prepared->stages, TW_STAGE_TOKENIZE, begin);
    if (status == TUWEN_OK && prepared->ids.count == 0)
        status = tw_fail(error, TUWEN_BAD_TEXT, "the text is empty, and so is the prompt around it");
    if (status == TUWEN_OK)
        status = truncate(preparer, &prepared->ids, output, error);
    if (status == TUWEN_OK)
        output->tokens = (int)prepared->ids.count;
    return status;
}

static void prepare(const tw_preparer *preparer, const tuwen_input *input, bool patches, tw_prepared *prepared)
{
    tw_picture picture = {0};
    tw_patches_free(&prepared->patches);
    prepared->output = (tuwen_output){0};
    prepared->error = (tuwen_error){.language = preparer->language};
    prepared->stages = (tw_stages){0};
    tuwen_status status = read_input(preparer, input, &picture, prepared);
    double begin = tw_clock_seconds();
    if (status == TUWEN_OK && patches && picture.rgb)
        status = tw_patches_make(&picture, &preparer->patch_config, &prepared->patches, &prepared->error);
    tw_stages_add(&prepared->stages, TW_STAGE_PREPROCESS, begin);
    tw_picture_free(&picture);
    prepared->status = status;
}

void tw_prepare(const tw_preparer *preparer, const tuwen_input *input, tw_prepared *prepared)
{
    prepare(preparer, input, true, prepared);
}

void tw_prepare_ids(const tw_preparer *preparer, const tuwen_input *input, tw_prepared *prepared)
{
    prepare(preparer, input, false, prepared);
}

static bool copy_ids(const tw_ids *from, tw_ids *to)
{
    void *items = to->items;
    bool grown = tw_grow(&items, &to->capacity, from->count, sizeof *to->items);
    to->items = items;
    if (grown)
        memcpy(to->items, from->items, from->count * sizeof *to->items);
    to->count = grown ? from->count : 0;
    return grown;
}

static bool copy_patches(const tw_patches *from, tw_patches *to)
{
    size_t count = (size_t)from->grid_h * (size_t)from->grid_w;
    size_t size = (size_t)from->length * sizeof *from->values;
    tw_patches_free(to);
    if (!from->values)
        return true;
    to->values = tw_alloc(count, size);
    if (!to->values)
        return false;
    float *values = to->values;
    *to = *from;
    to->values = values;
    memcpy(values, from->values, count * size);
    return true;
}

void tw_prepared_copy(const tw_prepared *from, tw_prepared *to)
{
    to->output = from->output;
    to->status = from->status;
    to->error = from->error;
    to->stages = (tw_stages){0};
    if (!copy_ids(&from->ids, &to->ids) || !copy_patches(&from->patches, &to->patches))
        to->status = tw_fail_memory(&to->error, "a picture");
}

void tw_prepared_free(tw_prepared *prepared)
{
    tw_ids_free(&prepared->ids);
    tw_patches_free(&prepared->patches);
}

size_t tw_prepared_bytes(const tw_prepared *prepared)
{
    const tw_patches *patches = &prepared->patches;
    size_t values = patches->values ? (size_t)patches->grid_h * (size_t)patches->grid_w * (size_t)patches->length : 0;
    return prepared->ids.capacity * sizeof *prepared->ids.items + values * sizeof *patches->values;
}
