/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a checkpoint: configuration, tokenizer, weights, and what the rest of the engine wants to know of them. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/template.h"
#include "model/presets.h"

#define MAX_CONFIG_BYTES ((size_t)16 << 20)
#define RANDOM_SEED 20241219

static void say(const tuwen_model_options *options, const char *line)
{
    if (options->log)
        options->log(options->log_user, line);
}

bool tw_precision_element(tuwen_precision precision, tw_element otherwise, tw_element *element)
{
    static const tw_element elements[] = {[TUWEN_PRECISION_F32] = TW_ELEMENT_F32,
                                          [TUWEN_PRECISION_BF16] = TW_ELEMENT_BF16,
                                          [TUWEN_PRECISION_INT8] = TW_ELEMENT_I8};
    if ((int)precision < 0 || precision > TUWEN_PRECISION_INT8)
        return false;
    *element = precision == TUWEN_PRECISION_AUTO ? otherwise : elements[precision];
    return true;
}

const char *tw_precision_name(tw_element element)
{
    static const char *const names[TW_ELEMENTS] = {"f32", "bf16", "int8"};
    return names[element];
}

tw_bundle tw_model_bundle(const tuwen_model *model)
{
    return (tw_bundle){.path = model->path, .packed = model->packed};
}

/* "F32" when all tensors are of that dtype, else "mixed". */
static const char *common_dtype(const tw_weights *weights)
{
    for (size_t i = 1; i < tw_weights_count(weights); i++)
        if (tw_weights_at(weights, i)->dtype != tw_weights_at(weights, 0)->dtype)
            return "mixed";
    return tw_dtype_name(tw_weights_at(weights, 0)->dtype);
}

/* The last part of a path, trailing slashes aside. */
static char *last_part(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    return tw_copy_string(path + begin, end - begin);
}

/* An instruction for texts, if their prompt has a place for one. */
static const char *instruction_of(const tuwen_model *model, const char *instruction)
{
    return tw_template_has(model->settings.prompt[TW_KIND_TEXT], TW_PLACE_INSTRUCTION) ? instruction : NULL;
}

/* What the file says of a folder's weights, or a packed file of those that it was made of. */
static void fill_source(tuwen_model *model, const tw_loader *loader, uint64_t vision_parameters)
{
    tuwen_model_info *info = &model->info;
    if (loader->random) {
        info->weight_dtype = "random";
        info->parameters = loader->parameters;
        info->vision_parameters = vision_parameters;
        return;
    }
    if (!model->packed) {
        info->weight_dtype = common_dtype(model->weights);
        info->parameters = loader->parameters;
        info->vision_parameters = vision_parameters;
        info->weight_bytes = loader->bytes;
        info->tensors = (int)tw_weights_count(model->weights);
        info->shards = (int)tw_weights_files(model->weights);
        return;
    }
    const tw_packed_facts *facts = tw_packed_get_facts(model->packed);
    info->weight_dtype = facts->dtype;
    info->parameters = (uint64_t)facts->parameters;
    info->vision_parameters = (uint64_t)facts->vision_parameters;
    info->weight_bytes = (uint64_t)facts->weight_bytes;
    info->tensors = (int)facts->tensors;
    info->shards = (int)facts->files;
    info->made_by = facts->made_by;
    info->file_bytes = tw_packed_size(model->packed);
}

static void fill_info(tuwen_model *model, const tw_loader *loader, uint64_t vision_parameters, bool fits)
{
    const tw_text_config *text = &model->config.text;
    const tw_vision_config *vision = &model->config.vision;
    model->info = (tuwen_model_info){
        .path = model->path,
        .name = model->name,
        .fingerprint = model->fingerprint,
        .precision = tw_precision_name(model->element),
        .fits_machine = fits,
        .dimension = text->hidden,
        .text_layers = text->layers,
        .text_heads = text->heads,
        .text_kv_heads = text->kv_heads,
        .text_head_dim = text->head_dim,
        .text_intermediate = text->intermediate,
        .vocabulary = text->vocabulary,
        .vision_layers = vision->layers,
        .vision_heads = vision->heads,
        .vision_dim = vision->dim,
        .vision_mlp = vision->mlp,
        .patch_size = vision->patch_size,
        .merge_size = vision->merge_size,
        .image_tokens_min = model->settings.image_tokens_min,
        .image_tokens_max = model->settings.image_tokens_max,
        .max_length = model->settings.max_length,
        .default_instruction = instruction_of(model, model->settings.instruction[TW_KIND_TEXT]),
        .match_instruction = instruction_of(model, model->settings.match_instruction),
        .score_low = model->settings.score_low,
        .score_high = model->settings.score_high,
        .band_from = {-1, model->settings.bands[0], model->settings.bands[1], model->settings.bands[2]},
    };
    fill_source(model, loader, vision_parameters);
}

static tuwen_status open_tokenizer(tuwen_model *model, const tw_bundle *bundle, tuwen_error *error)
{
    tuwen_status status = tw_tokenizer_open(bundle, &model->tokenizer, error);
    if (status == TUWEN_OK)
        status = tw_prompt_check(model->tokenizer, &model->settings, model->path, error);
    if (status != TUWEN_OK)
        return status;
    int32_t size = tw_tokenizer_size(model->tokenizer);
    if (size > model->config.text.vocabulary)
        return tw_fail(error, TUWEN_BAD_TOKENIZER, "%s: the tokenizer has %d tokens, but the model only %d",
                       model->path, (int)size, model->config.text.vocabulary);
    model->image_pad = tw_tokenizer_special(model->tokenizer, "<|image_pad|>");
    model->vision_start = tw_tokenizer_special(model->tokenizer, "<|vision_start|>");
    return TUWEN_OK;
}

/* The weights as layers, or only counted. */
static tuwen_status load(tuwen_model *model, const tuwen_model_options *options, bool map, tuwen_error *error)
{
    tw_loader loader = {.purpose = options->facts_only ? TW_LOAD_COUNT : TW_LOAD_USE,
                        .weights = model->weights,
                        .packed = model->random ? NULL : model->packed,
                        .random = model->random,
                        .map = map,
                        .machine = model->machine,
                        .element = model->element,
                        .path = model->path,
                        .error = error};
    if (!options->facts_only && !map && !model->random)
        say(options, "packing the weights");
    model->vision = tw_vision_open(&model->config.vision, model->config.text.hidden, &loader);
    uint64_t vision_parameters = loader.parameters;
    if (loader.status == TUWEN_OK)
        model->language = tw_language_open(&model->config.text, &loader);
    tw_loader_close(&loader);
    if (loader.status == TUWEN_OK)
        fill_info(model, &loader, vision_parameters, map);
    model->facts_only = options->facts_only;
    return loader.status;
}

static tuwen_status bad_precision(tuwen_precision precision, tuwen_error *error)
{
    return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                   "precision %d: allowed are 0 (auto), 1 (f32), 2 (bf16) and 3 (int8)", (int)precision);
}

static tuwen_status open_folder(tuwen_model *model, const tuwen_model_options *options, tuwen_error *error)
{
    if (!tw_precision_element(options->precision, TW_ELEMENT_F32, &model->element))
        return bad_precision(options->precision, error);
    if (model->element == TW_ELEMENT_I8)
        return tw_fail(
            error, TUWEN_INVALID_ARGUMENT,
            "%s: int8 is chosen product by product, which takes a packed file: tuwen convert --precision int8",
            model->path);
    const tw_bundle bundle = tw_model_bundle(model);
    tuwen_status status = tw_weights_open(model->path, &model->weights, error);
    if (status == TUWEN_OK)
        status = tw_fingerprint(&bundle, model->weights, model->fingerprint, error);
    return status == TUWEN_OK ? load(model, options, false, error) : status;
}

/* Writes a packed file of an older layout anew and opens it in the place of the old one. A failure is no reason to stop:
 * false, and the log tells. */
static bool remake(tuwen_model *model, const tuwen_model_options *options)
{
    tuwen_error error = {0};
    char line[TUWEN_MESSAGE_SIZE + 64];
    tw_packed *packed = NULL;
    const tuwen_convert_options convert = {.threads = options->threads,
                                           .precision = model->element == TW_ELEMENT_F32 ? TUWEN_PRECISION_F32
                                                                                         : TUWEN_PRECISION_BF16};
    say(options, "writing the packed file anew: an older version laid it out");
    if (tuwen_convert(model->path, model->path, &convert, &error) == TUWEN_OK &&
        tw_packed_open(model->path, &packed, &error) == TUWEN_OK) {
        tw_packed_close(model->packed);
        model->packed = packed;
        return true;
    }
    (void)snprintf(line, sizeof line, "the packed file could not be written anew: %s", error.message);
    say(options, line);
    return false;
}

/* The precision that the file tells is that of its weights; int8 has matrices of two kinds. */
static bool belongs(const tuwen_model *model, const tw_item *item)
{
    if (item->kind == TW_ITEM_FILE || item->kind == TW_ITEM_VECTOR || item->layout.element == model->element)
        return true;
    return model->element == TW_ELEMENT_I8 && item->layout.element == TW_ELEMENT_BF16;
}

static tuwen_status check_elements(const tuwen_model *model, tuwen_error *error)
{
    for (size_t i = 0; i < tw_packed_count(model->packed); i++) {
        const tw_item *item = tw_packed_at(model->packed, i);
        if (!belongs(model, item))
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: item %s: is not in the precision of the file, %s",
                           model->path, item->name, tw_precision_name(model->element));
    }
    return TUWEN_OK;
}

static tuwen_status open_packed(tuwen_model *model, const tuwen_model_options *options, tuwen_error *error)
{
    const tw_packed_facts *facts = tw_packed_get_facts(model->packed);
    model->element = TW_ELEMENT_F32;
    while (model->element < TW_ELEMENTS && strcmp(facts->precision, tw_precision_name(model->element)) != 0)
        model->element++;
    if (model->element == TW_ELEMENTS)
        return tw_fail(error, TUWEN_UNSUPPORTED, "%s: precision %s; this version knows f32, bf16 and int8",
                       model->path, facts->precision);
    tw_element wanted;
    if (!tw_precision_element(options->precision, model->element, &wanted))
        return bad_precision(options->precision, error);
    if (wanted != model->element)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: is packed in %s; for %s convert the checkpoint again",
                       model->path, facts->precision, tw_precision_name(wanted));
    (void)snprintf(model->fingerprint, sizeof model->fingerprint, "%.16s", facts->fingerprint);
    tuwen_status status = check_elements(model, error);
    if (status != TUWEN_OK)
        return status;
    bool fits = tw_packed_fits(model->packed);
    bool remakes = options->remake && !options->facts_only && model->element != TW_ELEMENT_I8;
    if (!fits && remakes && remake(model, options))
        fits = tw_packed_fits(model->packed);
    return load(model, options, fits, error);
}

/* A model of random numbers in the configuration that was read. */
static tuwen_status open_random(tuwen_model *model, const tuwen_model_options *options, tuwen_error *error)
{
    if (!tw_precision_element(options->precision, TW_ELEMENT_BF16, &model->element))
        return bad_precision(options->precision, error);
    model->random = tw_random_open(RANDOM_SEED);
    return model->random ? load(model, options, false, error) : tw_fail_memory(error, "the weights");
}

/* The configuration of a model of random numbers, and from its text the fingerprint. A preset has GME's settings. */
static tuwen_status read_random(tuwen_model *model, const char *random, tuwen_error *error)
{
    const char *preset = tw_preset_find(random);
    char *file = NULL;
    size_t size = preset ? strlen(preset) : 0;
    tuwen_status status = TUWEN_OK;
    if (preset)
        model->settings = tw_settings_gme();
    else if (!tw_file_exists(random))
        status = tw_fail(error, TUWEN_NOT_FOUND, "%s: is no file, and none of the known configurations: %s", random,
                         TW_PRESET_NAMES);
    else
        status = tw_file_read(random, MAX_CONFIG_BYTES, &file, &size, error);
    if (status == TUWEN_OK)
        status = tw_config_parse(preset ? preset : file, size, random, &model->config, error);
    if (status == TUWEN_OK) {
        char hex[TW_DIGEST_HEX];
        tw_digest digest;
        tw_digest_open(&digest, TW_SHA256);
        tw_digest_add(&digest, "tuwen random 1", sizeof "tuwen random 1");
        tw_digest_add(&digest, preset ? preset : file, size);
        tw_digest_hex(&digest, hex);
        (void)snprintf(model->fingerprint, sizeof model->fingerprint, "%.16s", hex);
    }
    tw_free(file);
    return status;
}

/* What the small files, or `random`, say of the model. */
static tuwen_status read_facts(tuwen_model *model, const tw_bundle *bundle, const char *random, tuwen_error *error)
{
    tuwen_status status = tw_settings_read(bundle, &model->settings, error);
    if (status == TUWEN_OK)
        status = random ? read_random(model, random, error) : tw_config_read(bundle, &model->config, error);
    if (status == TUWEN_OK && model->settings.mrope)
        status = tw_config_require_mrope(&model->config, random ? random : model->path, error);
    return status;
}

/* The name of a random model is what was asked for; else "tuwen.json" says it, else the packed file, else the path. */
static char *name_of(const tuwen_model *model, const char *random)
{
    if (random)
        return tw_copy_string(random, strlen(random));
    const char *name = model->settings.name;
    if (!*name && model->packed)
        name = tw_packed_get_facts(model->packed)->name;
    return *name ? tw_copy_string(name, strlen(name)) : last_part(model->path);
}

static tuwen_status open_all(tuwen_model *model, const char *path, const tuwen_model_options *options,
                             tuwen_error *error)
{
    model->path = tw_copy_string(path, strlen(path));
    if (!model->path)
        return tw_fail_memory(error, path);
    tuwen_status status = TUWEN_OK;
    if (tw_packed_is(path))
        status = tw_packed_open(path, &model->packed, error);
    else if (tw_file_exists(path))
        status = tw_fail(error, TUWEN_BAD_MODEL, "%s: is neither a checkpoint folder nor a packed file", path);
    else if (!tw_folder_exists(path))
        status = tw_fail(error, TUWEN_NOT_FOUND, "%s: no such checkpoint folder", path);
    const tw_bundle bundle = tw_model_bundle(model);
    if (status == TUWEN_OK)
        status = read_facts(model, &bundle, options->random, error);
    if (status != TUWEN_OK)
        return status;
    model->name = name_of(model, options->random);
    if (!model->name)
        return tw_fail_memory(error, path);
    status = tw_machine_open(options->isa, options->threads, &model->machine, error);
    if (status == TUWEN_OK)
        status = open_tokenizer(model, &bundle, error);
    if (status != TUWEN_OK)
        return status;
    if (options->random)
        return open_random(model, options, error);
    return model->packed ? open_packed(model, options, error) : open_folder(model, options, error);
}

tuwen_status tuwen_model_open(const char *path, const tuwen_model_options *options, tuwen_model **out,
                              tuwen_error *error)
{
    if (!out)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "model");
    *out = NULL;
    if (!path)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "path");
    const tuwen_model_options defaults = {0};
    tuwen_model *model = tw_alloc_zero(1, sizeof *model);
    if (!model)
        return tw_fail_memory(error, "the model");
    tuwen_status status = open_all(model, path, options ? options : &defaults, error);
    if (status != TUWEN_OK) {
        tuwen_model_close(model);
        return status;
    }
    *out = model;
    return TUWEN_OK;
}

void tuwen_model_close(tuwen_model *model)
{
    if (!model)
        return;
    tw_vision_close(model->vision);
    tw_language_close(model->language);
    tw_tokenizer_close(model->tokenizer);
    tw_weights_close(model->weights);
    tw_packed_close(model->packed);
    tw_random_close(model->random);
    tw_machine_close(model->machine);
    tw_free(model->name);
    tw_free(model->path);
    tw_free(model);
}

const tuwen_model_info *tuwen_model_get_info(const tuwen_model *model)
{
    return &model->info;
}

size_t tuwen_model_dimension(const tuwen_model *model)
{
    return (size_t)model->config.text.hidden;
}
