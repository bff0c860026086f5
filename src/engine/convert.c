/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint written into one packed file, and such a file verified. To int8 it takes three passes: a bf16 file, the
 * judging of its products (select.h), and the file that was asked for; the samples' vectors of both are compared at the
 * end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/disk.h"
#include "base/memory.h"
#include "engine/select.h"

/* The small files that go along, where they are there. */
static const char *const files[] = {
    "config.json",       "preprocessor_config.json", "tokenizer.json",          "vocab.json", "merges.txt",
    "added_tokens.json", "tokenizer_config.json",    "special_tokens_map.json", "tuwen.json"};
#define MAX_FILE_BYTES ((size_t)256 << 20)

static tuwen_status write_files(const tuwen_model *model, tw_packed_writer *writer, tuwen_error *error)
{
    const tw_bundle bundle = tw_model_bundle(model);
    tuwen_status status = TUWEN_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files && status == TUWEN_OK; i++) {
        if (!tw_bundle_has(&bundle, files[i]))
            continue;
        tw_bundle_file file = {0};
        status = tw_bundle_read(&bundle, files[i], MAX_FILE_BYTES, &file, error);
        if (status == TUWEN_OK)
            status = tw_packed_add(writer, files[i], TW_ITEM_FILE, NULL, file.bytes, file.size, error);
        tw_bundle_free(&file);
    }
    return status;
}

/* Bytes of the source's weights. */
static uint64_t weight_bytes(const tuwen_model *model)
{
    uint64_t bytes = 0;
    for (size_t i = 0; model->packed && i < tw_packed_count(model->packed); i++)
        if (tw_packed_at(model->packed, i)->kind != TW_ITEM_FILE)
            bytes += tw_packed_at(model->packed, i)->bytes;
    return model->packed ? bytes : model->info.weight_bytes;
}

/* Each layer read, packed and written; nothing of it stays in memory. With a selection that tells the element of each
 * matrix; the embedding table is in bf16 then. */
static tuwen_status write_weights(const tuwen_model *model, const tuwen_convert_options *options, tw_element element,
                                  const tw_selection *selection, tw_packed_writer *writer, tuwen_error *error)
{
    tw_loader loader = {.purpose = TW_LOAD_WRITE,
                        .weights = model->weights,
                        .packed = model->packed,
                        .writer = writer,
                        .machine = model->machine,
                        .element = selection ? TW_ELEMENT_BF16 : element,
                        .choose = selection ? tw_selection_element : NULL,
                        .choose_user = selection,
                        .path = model->path,
                        .progress = options->progress,
                        .progress_user = options->progress_user,
                        .total = weight_bytes(model),
                        .error = error};
    tw_vision_close(tw_vision_open(&model->config.vision, model->config.text.hidden, &loader));
    if (loader.status == TUWEN_OK)
        tw_language_close(tw_language_open(&model->config.text, &loader));
    tw_loader_close(&loader);
    return loader.status;
}

static tw_packed_facts facts_of(const tuwen_model *model, tw_element element)
{
    const tuwen_model_info *info = &model->info;
    tw_packed_facts facts = {.tensors = info->tensors,
                             .files = info->shards,
                             .weight_bytes = (int64_t)info->weight_bytes,
                             .parameters = (int64_t)info->parameters,
                             .vision_parameters = (int64_t)info->vision_parameters};
    char machine[48];
    tw_machine_name(model->machine, machine, sizeof machine);
    (void)snprintf(facts.name, sizeof facts.name, "%s", model->name);
    (void)snprintf(facts.fingerprint, sizeof facts.fingerprint, "%s", model->fingerprint);
    (void)snprintf(facts.precision, sizeof facts.precision, "%s", tw_precision_name(element));
    (void)snprintf(facts.made_by, sizeof facts.made_by, "tuwen %s, %s", tuwen_version(), machine);
    (void)snprintf(facts.dtype, sizeof facts.dtype, "%s", info->weight_dtype);
    return facts;
}

/* The folder that holds `path`, in new memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? tw_copy_string(path, slash == path ? 1 : (size_t)(slash - path)) : tw_copy_string(".", 1);
}

/* Whether the disk has room for what is written, before its first byte. */
static tuwen_status check_room(const tuwen_model *model, const char *target, uint64_t bytes_a_weight,
                               tuwen_error *error)
{
    uint64_t needed = model->info.parameters * bytes_a_weight;
    needed += needed / 64; /* vectors in f32, small files, alignment */
    int64_t free_bytes = 0;
    char *folder = folder_of(target);
    if (!folder)
        return tw_fail_memory(error, target);
    tuwen_status status = TUWEN_OK;
    bool asked = tw_disk_free_space(folder, &free_bytes, NULL) == TUWEN_OK; /* else writing tells what is wrong */
    if (asked && (uint64_t)free_bytes < needed)
        status = tw_fail(error, TUWEN_IO, "%s: the disk has %.0f MB free, and %.0f MB are needed", folder,
                         (double)free_bytes / 1e6, (double)needed / 1e6);
    tw_free(folder);
    return status;
}

static tuwen_status convert(const tuwen_model *model, const char *target, const tuwen_convert_options *options,
                            tw_element element, tuwen_error *error)
{
    tw_packed_writer *writer = NULL;
    tuwen_status status = check_room(model, target, tw_element_size(element), error);
    if (status != TUWEN_OK)
        return status;
    status = tw_packed_create(target, &writer, error);
    if (status != TUWEN_OK)
        return status;
    status = write_files(model, writer, error);
    if (status == TUWEN_OK)
        status = write_weights(model, options, element, NULL, writer, error);
    if (status != TUWEN_OK) {
        tw_packed_abandon(writer);
        return status;
    }
    const tw_packed_facts facts = facts_of(model, element);
    return tw_packed_finish(writer, &facts, error);
}

/* ---- int8 ------------------------------------------------------------------------------------------------------- */

/* The caller's progress over several passes, in bytes of bf16 weights. */
typedef struct passes {
    const tuwen_convert_options *options;
    uint64_t before, span, total; /* of this pass and of all */
    tuwen_session *session;       /* that is computing the samples, or NULL */
} passes;

/* A tuwen_progress_function of one pass. */
static bool pass_on(void *user, uint64_t done, uint64_t total)
{
    const passes *of = user;
    double share = total > 0 ? (double)done / (double)total : 1;
    return !of->options->progress ||
           of->options->progress(of->options->progress_user, of->before + (uint64_t)(share * (double)of->span),
                                 of->total);
}

static void next_pass(passes *of, uint64_t span)
{
    of->before += of->span;
    of->span = span;
}

/* The model in bf16 as it is computed, from a packed file: the source's own, or one that is removed as soon as it is
 * mapped, so that nothing stays behind however this ends. */
static tuwen_status open_plain(const tuwen_model *source, const char *target, passes *progress, tuwen_model **plain,
                               tuwen_error *error)
{
    const tuwen_model_options open = {.threads = progress->options->threads, .isa = progress->options->isa};
    if (source->packed && source->element == TW_ELEMENT_BF16 && source->info.fits_machine)
        return tuwen_model_open(source->path, &open, plain, error);
    size_t length = strlen(target);
    char *path = tw_alloc(length + sizeof ".bf16", 1);
    if (!path)
        return tw_fail_memory(error, target);
    memcpy(path, target, length);
    memcpy(path + length, ".bf16", sizeof ".bf16");
    tuwen_convert_options options = *progress->options;
    options.progress = pass_on;
    options.progress_user = progress;
    tuwen_status status = convert(source, path, &options, TW_ELEMENT_BF16, error);
    if (status == TUWEN_OK) {
        status = tuwen_model_open(path, &open, plain, error);
        tuwen_status removed = tw_disk_remove(path, status == TUWEN_OK ? error : NULL);
        status = status == TUWEN_OK ? removed : status;
    }
    tw_free(path);
    return status;
}

/* Writes what was chosen. `writer` is gone afterwards. */
static tuwen_status write_chosen(const tuwen_model *plain, passes *progress, const tw_selection *selection,
                                 tw_packed_writer *writer, tuwen_error *error)
{
    tuwen_convert_options options = *progress->options;
    options.progress = pass_on;
    options.progress_user = progress;
    tuwen_status status = write_files(plain, writer, error);
    if (status == TUWEN_OK)
        status = write_weights(plain, &options, TW_ELEMENT_I8, selection, writer, error);
    if (status != TUWEN_OK) {
        tw_packed_abandon(writer);
        return status;
    }
    const tw_packed_facts facts = facts_of(plain, TW_ELEMENT_I8);
    return tw_packed_finish(writer, &facts, error);
}

/* Sees each product of the comparison, so that it can be stopped. */
static void watch(void *user, const tw_linear *linear, const tw_matrix *x)
{
    const passes *of = user;
    (void)linear;
    (void)x;
    if (!pass_on(user, 1, 2))
        tuwen_session_cancel(of->session);
}

/* The samples' vectors by the file that was written. */
static tuwen_status embed_again(const char *target, passes *progress, const tw_samples *samples, float *vectors,
                                tuwen_error *error)
{
    const tuwen_model_options open = {.threads = progress->options->threads, .isa = progress->options->isa};
    tuwen_model *model = NULL;
    tuwen_status status = tuwen_model_open(target, &open, &model, error);
    if (status == TUWEN_OK)
        status = tw_samples_open(model, &progress->session, error);
    if (status == TUWEN_OK) {
        tw_worker_observe(tw_session_worker(progress->session), watch, progress);
        status = tw_samples_embed(progress->session, samples, vectors, error);
        tuwen_session_close(progress->session);
    }
    tuwen_model_close(model);
    return status;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Compares the samples' vectors with those of bf16, and tells the caller. */
static tuwen_status report(const char *target, passes *progress, const tw_samples *samples,
                           const tw_selection *selection, size_t dimension, tuwen_error *error)
{
    float cosines[TW_SAMPLES];
    float *vectors = tw_alloc(TW_SAMPLES * dimension, sizeof *vectors);
    tuwen_int8_product *products = tw_alloc(selection->count, sizeof *products);
    tuwen_status status =
        vectors && products ? embed_again(target, progress, samples, vectors, error) : tw_fail_memory(error, target);
    if (status == TUWEN_OK) {
        for (size_t i = 0; i < TW_SAMPLES; i++)
            cosines[i] = tuwen_cosine(vectors + i * dimension, selection->vectors + i * dimension, dimension);
        qsort(cosines, TW_SAMPLES, sizeof *cosines, compare_floats);
        for (size_t i = 0; i < selection->count; i++)
            products[i] = (tuwen_int8_product){selection->products[i].item->name, selection->products[i].error,
                                               selection->products[i].kept};
        const tuwen_int8_report said = {.products = products,
                                        .count = selection->count,
                                        .kept = selection->kept,
                                        .bound = TW_INT8_BOUND,
                                        .samples = TW_SAMPLES,
                                        .cosine_least = cosines[0],
                                        .cosine_median = cosines[TW_SAMPLES / 2]};
        progress->options->report(progress->options->report_user, &said);
    }
    tw_free(products);
    tw_free(vectors);
    return status;
}

static tuwen_status convert_int8(const tuwen_model *source, const char *target, const tuwen_convert_options *options,
                                 tuwen_error *error)
{
    const uint64_t weights = 2 * source->info.parameters;
    passes progress = {.options = options, .span = weights, .total = 3 * weights + weights / 4};
    tuwen_model *plain = NULL;
    tw_packed_writer *writer = NULL;
    tw_samples samples = {0};
    tw_selection selection = {0};
    tuwen_status status = check_room(source, target, 3, error);
    if (status == TUWEN_OK)
        status = tw_packed_create(target, &writer, error); /* at once, for its lock */
    if (status == TUWEN_OK)
        status = open_plain(source, target, &progress, &plain, error);
    if (status == TUWEN_OK)
        status = tw_samples_make(plain, &samples, error);
    next_pass(&progress, weights);
    if (status == TUWEN_OK)
        status = tw_selection_make(plain, &samples, pass_on, &progress, &selection, error);
    next_pass(&progress, weights);
    if (plain && status == TUWEN_OK) {
        status = write_chosen(plain, &progress, &selection, writer, error);
        writer = NULL;
    }
    next_pass(&progress, weights / 4);
    if (status == TUWEN_OK && options->report)
        status = report(target, &progress, &samples, &selection, tuwen_model_dimension(plain), error);
    tw_packed_abandon(writer);
    tw_selection_free(&selection);
    tw_samples_free(&samples);
    tuwen_model_close(plain);
    return status;
}

/* ---- the call --------------------------------------------------------------------------------------------------- */

/* A packed file is the source of no finer one. */
static tuwen_status check_source(const tuwen_model *model, tw_element element, tuwen_error *error)
{
    if (model->packed && model->element == TW_ELEMENT_I8)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "%s: is packed in int8; convert the checkpoint that it was made of", model->path);
    if (model->packed && model->element == TW_ELEMENT_BF16 && element == TW_ELEMENT_F32)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "%s: is packed in bf16; for f32 convert the checkpoint that it was made of", model->path);
    return TUWEN_OK;
}

tuwen_status tuwen_convert(const char *source, const char *target, const tuwen_convert_options *options,
                           tuwen_error *error)
{
    if (!source || !target)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", !source ? "source" : "target");
    const tuwen_convert_options defaults = {0};
    if (!options)
        options = &defaults;
    tw_element element;
    if (!tw_precision_element(options->precision, TW_ELEMENT_BF16, &element))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "precision %d: allowed are 0 (auto), 1 (f32), 2 (bf16) and 3 (int8)", (int)options->precision);
    /* Everything is checked before the first byte is written. */
    const tuwen_model_options open = {.threads = options->threads, .isa = options->isa, .facts_only = true};
    tuwen_model *model = NULL;
    tuwen_status status = tuwen_model_open(source, &open, &model, error);
    if (status == TUWEN_OK)
        status = check_source(model, element, error);
    if (status == TUWEN_OK)
        status = element == TW_ELEMENT_I8 ? convert_int8(model, target, options, error)
                                          : convert(model, target, options, element, error);
    tuwen_model_close(model);
    return status;
}

tuwen_status tuwen_verify(const char *path, tuwen_progress_function progress, void *progress_user, tuwen_error *error)
{
    if (!path)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "path");
    tw_packed *packed = NULL;
    tuwen_status status = tw_packed_open(path, &packed, error);
    uint64_t total = 0, done = 0;
    for (size_t i = 0; status == TUWEN_OK && i < tw_packed_count(packed); i++)
        total += tw_packed_at(packed, i)->bytes;
    for (size_t i = 0; status == TUWEN_OK && i < tw_packed_count(packed); i++) {
        status = tw_packed_verify(packed, tw_packed_at(packed, i), error);
        done += tw_packed_at(packed, i)->bytes;
        if (status == TUWEN_OK && progress && !progress(progress_user, done, total))
            status = tw_fail(error, TUWEN_CANCELLED, "cancelled");
    }
    tw_packed_close(packed);
    return status;
}
