/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session: from inputs to vectors. Inputs are prepared (prepare.h), pictures ahead of time on another thread; each
 * becomes rows of the language model's input: embedding rows of its prompt, with image tokens from the vision tower in
 * place. Pictures are gathered and seen together, and rows of several inputs are computed together. A vector does not
 * depend on what else is in the batch.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/ahead.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/occlude.h"
#include "engine/prefixes.h"
#include "engine/prepare.h"
#include "engine/template.h"

/* Rows computed together at most, unless one input alone has more. Products are at full speed well below, and the
 * scratch memory of the 2B model stays under 200 MB. The same for the patches of pictures. */
#define BATCH_ROWS 2048
#define BATCH_PATCHES 1024
#define BATCH_PICTURES 64

/* Inputs prepared before they are wanted: patches of one picture take up to 24 MB. */
#define AHEAD 3

/* A picture that waits to be seen. */
typedef struct {
    size_t owner; /* index of the input */
    tw_prepared prepared;
    tw_grid grid; /* of its patches */
} waiting;

struct tuwen_session {
    const tuwen_model *model;
    tw_preparer preparer;
    char fingerprint[TW_FINGERPRINT_SIZE];
    char exact[TW_FINGERPRINT_SIZE];
    tw_worker *worker;
    atomic_bool cancel;
    float *scratch;
    size_t scratch_capacity;
    tw_stages stages; /* times of the engine's own work; the worker has those of the network */
    tw_prepared slots[AHEAD];
    tw_prefixes prefixes;
    /* pictures gathered */
    waiting waiting[BATCH_PICTURES];
    size_t waiting_count;
    size_t waiting_patches;
    float *image_tokens; /* of them, [tokens][hidden] */
    size_t image_capacity;
    float *blank_tokens; /* of the blank picture, which is the same for all texts; NULL before the first */
    size_t blank_capacity;
    /* rows gathered */
    float *rows; /* [batch_rows][hidden] */
    size_t row_capacity;
    size_t batch_rows;
    tw_sequence *sequences; /* [batch_count] */
    size_t *owners;         /* [batch_count], index of the input; a prefix has none */
    size_t sequence_capacity, owner_capacity;
    size_t batch_count;
    tw_opening *opening; /* whose prefix is computed in this batch; NULL for none */
    float *states;       /* [vectors][hidden] */
    size_t state_capacity;
};

/* What a call carries from step to step. */
typedef struct {
    tuwen_session *session;
    const tuwen_input *inputs;     /* NULL with an occlusion */
    const tw_occlusion *occlusion; /* whose copies are embedded in the place of inputs; may be NULL */
    float *vectors;
    tuwen_output *outputs; /* may be NULL */
} call;

/* ---- options ------------------------------------------------------------------------------------------------ */

static tuwen_status fill_options(tuwen_session_options *options, const tuwen_model *model, tuwen_error *error)
{
    const tw_settings *settings = &model->settings;
    if (options->image_tokens_min == 0 && options->image_tokens_max == 0) {
        options->image_tokens_min = settings->image_tokens_min;
        options->image_tokens_max = settings->image_tokens_max;
    } else if (options->image_tokens_min == 0) {
        options->image_tokens_min = settings->image_tokens_min < options->image_tokens_max
                                        ? settings->image_tokens_min
                                        : options->image_tokens_max;
    } else if (options->image_tokens_max == 0) {
        options->image_tokens_max = settings->image_tokens_max > options->image_tokens_min
                                        ? settings->image_tokens_max
                                        : options->image_tokens_min;
    }
    if (options->image_tokens_min < 1 || options->image_tokens_max > 16384 ||
        options->image_tokens_min > options->image_tokens_max)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "image tokens %d..%d: allowed are 1..16384, the lesser first",
                       options->image_tokens_min, options->image_tokens_max);
    if (options->max_length == 0)
        options->max_length = settings->max_length;
    int most = model->config.text.max_positions < 32768 ? model->config.text.max_positions : 32768;
    if (options->max_length < 1 || options->max_length > most)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "max length %d: allowed are 1 to %d tokens",
                       options->max_length, most);
    if (options->exif != TUWEN_EXIF_APPLY && options->exif != TUWEN_EXIF_IGNORE)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "exif %d: allowed are 0 (apply) and 1 (ignore)",
                       (int)options->exif);
    const tw_image_limits limits =
        tw_picture_limits(options->max_picture_bytes, options->max_picture_pixels, options->max_picture_seconds);
    options->max_picture_bytes = limits.bytes;
    options->max_picture_pixels = limits.pixels;
    options->max_picture_seconds = limits.seconds;
    return TUWEN_OK;
}

static tw_patch_config patch_config_of(const tuwen_model *model, const tuwen_session_options *options)
{
    const tw_config *config = &model->config;
    tw_patch_config patches = {.patch_size = config->vision.patch_size,
                               .temporal_patch_size = config->vision.temporal_patch_size,
                               .merge_size = config->vision.merge_size,
                               .single_resize = model->settings.resizes == 1,
                               .tokens_min = options->image_tokens_min,
                               .tokens_max = options->image_tokens_max};
    memcpy(patches.mean, config->image_mean, sizeof patches.mean);
    memcpy(patches.std, config->image_std, sizeof patches.std);
    return patches;
}

tuwen_status tuwen_session_open(const tuwen_model *model, const tuwen_session_options *options, tuwen_session **out,
                                tuwen_error *error)
{
    if (!out)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "session");
    *out = NULL;
    if (!model)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "model");
    if (model->facts_only)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: was opened for its facts only", model->path);
    tuwen_session_options filled = options ? *options : (tuwen_session_options){0};
    tuwen_status status = fill_options(&filled, model, error);
    if (status != TUWEN_OK)
        return status;
    tuwen_session *session = tw_alloc_zero(1, sizeof *session);
    if (!session)
        return tw_fail_memory(error, "the session");
    session->model = model;
    session->preparer =
        (tw_preparer){.model = model, .options = filled, .patch_config = patch_config_of(model, &filled)};
    atomic_init(&session->cancel, false);
    tw_session_digest(model, &filled, session->fingerprint);
    tw_session_exact_digest(model, session->fingerprint, session->exact);
    status = tw_worker_open(model->machine, &session->worker, error);
    if (status != TUWEN_OK) {
        tuwen_session_close(session);
        return status;
    }
    *out = session;
    return TUWEN_OK;
}

void tuwen_session_close(tuwen_session *session)
{
    if (!session)
        return;
    tw_worker_close(session->worker);
    for (size_t i = 0; i < AHEAD; i++)
        tw_prepared_free(&session->slots[i]);
    for (size_t i = 0; i < BATCH_PICTURES; i++)
        tw_prepared_free(&session->waiting[i].prepared);
    tw_prefixes_free(&session->prefixes);
    tw_free(session->scratch);
    tw_free(session->image_tokens);
    tw_free(session->blank_tokens);
    tw_free(session->rows);
    tw_free(session->sequences);
    tw_free(session->owners);
    tw_free(session->states);
    tw_free(session);
}

const char *tuwen_session_fingerprint(const tuwen_session *session)
{
    return session->fingerprint;
}

const char *tuwen_session_exact_fingerprint(const tuwen_session *session)
{
    return session->exact;
}

const tuwen_model *tuwen_session_get_model(const tuwen_session *session)
{
    return session->model;
}

const tuwen_session_options *tuwen_session_get_options(const tuwen_session *session)
{
    return &session->preparer.options;
}

const tuwen_model *tw_session_model(const tuwen_session *session)
{
    return session->model;
}

tw_worker *tw_session_worker(const tuwen_session *session)
{
    return session->worker;
}

const tw_preparer *tw_session_preparer(const tuwen_session *session)
{
    return &session->preparer;
}

void tuwen_session_cancel(tuwen_session *session)
{
    atomic_store(&session->cancel, true);
}

size_t tuwen_session_get_stages(const tuwen_session *session, tuwen_stage *stages, size_t capacity)
{
    return tw_stages_list(&session->stages, tw_worker_profile(session->worker), stages, capacity);
}

void tuwen_session_reset_stages(tuwen_session *session)
{
    tw_profile *profile = tw_worker_profile(session->worker);
    session->stages = (tw_stages){0};
    *profile = (tw_profile){.part = profile->part};
}

uint64_t tuwen_session_memory(const tuwen_session *session)
{
    size_t prepared = 0;
    for (size_t i = 0; i < AHEAD; i++)
        prepared += tw_prepared_bytes(&session->slots[i]);
    for (size_t i = 0; i < BATCH_PICTURES; i++)
        prepared += tw_prepared_bytes(&session->waiting[i].prepared);
    return sizeof *session +
           sizeof(float) * (session->scratch_capacity + session->image_capacity + session->blank_capacity +
                            session->row_capacity + session->state_capacity) +
           sizeof(tw_sequence) * session->sequence_capacity + sizeof(size_t) * session->owner_capacity + prepared +
           tw_prefixes_bytes(&session->prefixes) + tw_worker_bytes(session->worker);
}

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* An aligned buffer of at least `needed` floats; the old content is lost. */
static bool ensure(float **buffer, size_t *capacity, size_t needed)
{
    if (needed <= *capacity)
        return true;
    tw_free(*buffer);
    *buffer = tw_alloc_aligned(needed, sizeof **buffer);
    *capacity = *buffer ? needed : 0;
    return *buffer != NULL;
}

/* Room for one more sequence of `tokens` tokens in the batch; its content is kept. */
static bool ensure_batch(tuwen_session *session, size_t tokens)
{
    size_t hidden = tuwen_model_dimension(session->model);
    void *rows = session->rows;
    void *sequences = session->sequences;
    void *owners = session->owners;
    bool grown = tw_grow(&rows, &session->row_capacity, (session->batch_rows + tokens) * hidden, sizeof(float));
    session->rows = rows;
    grown = grown && tw_grow(&sequences, &session->sequence_capacity, session->batch_count + 1, sizeof(tw_sequence));
    session->sequences = sequences;
    grown = grown && tw_grow(&owners, &session->owner_capacity, session->batch_count + 1, sizeof(size_t));
    session->owners = owners;
    return grown;
}

static tw_run make_run(tuwen_session *session)
{
    return (tw_run){.worker = session->worker, .scratch = session->scratch, .cancel = &session->cancel};
}

static void fail_output(tuwen_output *output, tuwen_status status, const tuwen_error *error)
{
    output->status = status;
    memcpy(output->message, error->message, sizeof output->message);
}

/* ---- the batch of rows ---------------------------------------------------------------------------------------- */

static void forget_batch(tuwen_session *session)
{
    session->batch_count = 0;
    session->batch_rows = 0;
    session->opening = NULL;
}

/* Puts the vectors of a computed batch in their owners' places. */
static tuwen_status hand_out(call *of, tuwen_error *error)
{
    tuwen_session *session = of->session;
    size_t hidden = tuwen_model_dimension(session->model);
    const float *state = session->states;
    tuwen_status status = TUWEN_OK;
    for (size_t i = 0; status == TUWEN_OK && i < session->batch_count; i++) {
        if (session->sequences[i].keep)
            continue;
        float *vector = of->vectors + session->owners[i] * hidden;
        memcpy(vector, state, hidden * sizeof *vector);
        state += hidden;
        if (tw_normalize(vector, (int)hidden))
            continue;
        tuwen_status bad =
            tw_fail(error, TUWEN_BAD_MODEL, "%s: the checkpoint gave a vector that is zero or not finite",
                    session->model->path);
        if (!of->outputs)
            status = bad;
        else
            fail_output(&of->outputs[session->owners[i]], bad, error);
    }
    return status;
}

/* Computes the gathered batch. */
static tuwen_status flush(call *of, tuwen_error *error)
{
    tuwen_session *session = of->session;
    const tuwen_model *model = session->model;
    if (session->batch_count == 0)
        return TUWEN_OK;
    int count = (int)session->batch_count;
    size_t scratch = tw_language_scratch(model->language, model->machine, session->sequences, count);
    tuwen_status status = TUWEN_OK;
    if (!ensure(&session->scratch, &session->scratch_capacity, scratch) ||
        !ensure(&session->states, &session->state_capacity, (size_t)count * tuwen_model_dimension(model)))
        status = tw_fail_memory(error, "a batch");
    if (status == TUWEN_OK) {
        tw_run run = make_run(session);
        status = tw_language_forward(model->language, &run, session->rows, session->sequences, count,
                                     model->settings.pooling, session->states, error);
    }
    if (status == TUWEN_OK && session->opening)
        session->opening->computed = true;
    if (status == TUWEN_OK)
        status = hand_out(of, error);
    forget_batch(session);
    return status;
}

/* The image's place in the ids. The reference finds a picture by the <|vision_start|> before its tokens; without one it
 * counts them like text, whatever the position scheme. */
static tw_sequence describe_sequence(const tuwen_model *model, const tw_ids *ids, const tw_grid *grid)
{
    tw_sequence sequence = {.length = (int)ids->count};
    if (!grid || !model->settings.mrope)
        return sequence;
    size_t start = 0;
    while (start < ids->count && ids->items[start] != model->image_pad)
        start++;
    if (start == 0 || ids->items[start - 1] != model->vision_start)
        return sequence;
    sequence.image_start = (int)start;
    sequence.image_rows = grid->height / model->config.vision.merge_size;
    sequence.image_columns = grid->width / model->config.vision.merge_size;
    return sequence;
}

/* Adds a sequence and its embedding rows to the batch; returns its first row, or NULL when memory is out. */
static float *add_rows(tuwen_session *session, size_t owner, const int32_t *ids, size_t count, tw_sequence sequence)
{
    size_t hidden = tuwen_model_dimension(session->model);
    if (!ensure_batch(session, count))
        return NULL;
    float *rows = session->rows + session->batch_rows * hidden;
    tw_language_embed(session->model->language, ids, (int)count, rows);
    session->sequences[session->batch_count] = sequence;
    session->owners[session->batch_count] = owner;
    session->batch_count++;
    session->batch_rows += count;
    return rows;
}

/* Computes the batch if `more` rows would make it too large. */
static tuwen_status make_place(call *of, size_t more, tuwen_error *error)
{
    const tuwen_session *session = of->session;
    return session->batch_rows > 0 && session->batch_rows + more > BATCH_ROWS ? flush(of, error) : TUWEN_OK;
}

/* Brings a text into the batch, behind its prefix if it has one. */
static tuwen_status enter_text(call *of, size_t index, const tw_ids *ids, tuwen_error *error)
{
    tuwen_session *session = of->session;
    const tuwen_input *input = &of->inputs[index];
    tw_opening *opening = NULL;
    bool replaces = false;
    tuwen_status status = make_place(of, ids->count, error);
    if (status == TUWEN_OK)
        status = tw_prefixes_find(&session->prefixes, &session->preparer, input, ids, session->batch_count == 0,
                                  &opening, &replaces, error);
    if (status == TUWEN_OK &&
        (replaces || (opening && !opening->computed && session->opening && session->opening != opening))) {
        status = flush(of, error);
        if (status == TUWEN_OK)
            status = tw_prefixes_find(&session->prefixes, &session->preparer, input, ids, true, &opening, &replaces,
                                      error);
    }
    if (status != TUWEN_OK)
        return status;
    if (opening && !opening->computed && session->opening != opening) {
        const tw_sequence own = {.length = (int)opening->ids.count, .keep = opening->prefix};
        if (!add_rows(session, SIZE_MAX, opening->ids.items, opening->ids.count, own))
            return tw_fail_memory(error, "a batch");
        session->opening = opening;
    }
    size_t skip = opening ? opening->ids.count : 0;
    const tw_sequence sequence = {.length = (int)(ids->count - skip), .prefix = opening ? opening->prefix : NULL};
    if (!add_rows(session, index, ids->items + skip, ids->count - skip, sequence))
        return tw_fail_memory(error, "a batch");
    return TUWEN_OK;
}

/* Brings an input with a picture, whose image tokens these are, into the batch. */
static tuwen_status enter_picture(call *of, size_t index, const tw_ids *ids, const tw_grid *grid,
                                  const float *image_tokens, tuwen_error *error)
{
    tuwen_session *session = of->session;
    const tuwen_model *model = session->model;
    size_t hidden = tuwen_model_dimension(model);
    tuwen_status status = make_place(of, ids->count, error);
    if (status != TUWEN_OK)
        return status;
    float *rows = add_rows(session, index, ids->items, ids->count, describe_sequence(model, ids, grid));
    if (!rows)
        return tw_fail_memory(error, "a batch");
    for (size_t i = 0; i < ids->count; i++) {
        if (ids->items[i] != model->image_pad)
            continue;
        memcpy(rows + i * hidden, image_tokens, hidden * sizeof *rows);
        image_tokens += hidden;
    }
    return TUWEN_OK;
}

/* ---- pictures --------------------------------------------------------------------------------------------------- */

static size_t tokens_of(const tuwen_model *model, const tw_grid *grid)
{
    int merge = model->config.vision.merge_size;
    return (size_t)(grid->height / merge) * (size_t)(grid->width / merge);
}

/* The image tokens of pictures, [tokens][hidden] one after the other. */
static tuwen_status see(tuwen_session *session, const float *const *patches, const tw_grid *grids, int count,
                        float *tokens, tuwen_error *error)
{
    const tuwen_model *model = session->model;
    size_t scratch = tw_vision_scratch(model->vision, model->machine, grids, count);
    if (!ensure(&session->scratch, &session->scratch_capacity, scratch))
        return tw_fail_memory(error, "a picture");
    tw_run run = make_run(session);
    return tw_vision_forward(model->vision, &run, patches, grids, count, tokens, error);
}

/* Sees the waiting pictures and brings their inputs into the batch. */
static tuwen_status see_waiting(call *of, tuwen_error *error)
{
    tuwen_session *session = of->session;
    const tuwen_model *model = session->model;
    size_t hidden = tuwen_model_dimension(model);
    const float *patches[BATCH_PICTURES];
    tw_grid grids[BATCH_PICTURES];
    size_t count = session->waiting_count;
    size_t tokens = 0;
    for (size_t i = 0; i < count; i++) {
        patches[i] = session->waiting[i].prepared.patches.values;
        grids[i] = session->waiting[i].grid;
        tokens += tokens_of(model, &grids[i]);
    }
    session->waiting_count = 0;
    session->waiting_patches = 0;
    if (count == 0)
        return TUWEN_OK;
    if (!ensure(&session->image_tokens, &session->image_capacity, tokens * hidden))
        return tw_fail_memory(error, "a picture");
    tuwen_status status = see(session, patches, grids, (int)count, session->image_tokens, error);
    const float *at = session->image_tokens;
    for (size_t i = 0; i < count; i++) {
        waiting *one = &session->waiting[i];
        if (status == TUWEN_OK)
            status = enter_picture(of, one->owner, &one->prepared.ids, &grids[i], at, error);
        at += tokens_of(model, &grids[i]) * hidden;
        tw_patches_free(&one->prepared.patches);
    }
    return status;
}

/* Makes a prepared picture wait; its memory changes places with that of an old one. */
static tuwen_status add_waiting(call *of, size_t index, tw_prepared *prepared, tuwen_error *error)
{
    tuwen_session *session = of->session;
    const tw_grid grid = {prepared->patches.grid_h, prepared->patches.grid_w};
    size_t patches = (size_t)grid.height * (size_t)grid.width;
    tuwen_status status = TUWEN_OK;
    if (session->waiting_count == BATCH_PICTURES ||
        (session->waiting_count > 0 && session->waiting_patches + patches > BATCH_PATCHES))
        status = see_waiting(of, error);
    if (status != TUWEN_OK)
        return status;
    waiting *one = &session->waiting[session->waiting_count++];
    tw_prepared old = one->prepared;
    one->prepared = *prepared;
    *prepared = old;
    one->owner = index;
    one->grid = grid;
    session->waiting_patches += patches;
    return TUWEN_OK;
}

/* A text beside the blank picture, which is seen once. */
static tuwen_status enter_blank(call *of, size_t index, const tw_prepared *prepared, tuwen_error *error)
{
    tuwen_session *session = of->session;
    const tuwen_model *model = session->model;
    const tw_grid grid = {prepared->patches.grid_h, prepared->patches.grid_w};
    if (!session->blank_tokens) {
        size_t size = tokens_of(model, &grid) * tuwen_model_dimension(model);
        float *tokens = tw_alloc_aligned(size, sizeof *session->blank_tokens);
        if (!tokens)
            return tw_fail_memory(error, "a picture");
        const float *patches = prepared->patches.values;
        tuwen_status status = see(session, &patches, &grid, 1, tokens, error);
        if (status != TUWEN_OK) {
            tw_free(tokens);
            return status;
        }
        session->blank_tokens = tokens;
        session->blank_capacity = size;
    }
    return enter_picture(of, index, &prepared->ids, &grid, session->blank_tokens, error);
}

/* ---- a call ------------------------------------------------------------------------------------------------------ */

static bool is_picture(const call *of, size_t index)
{
    return of->occlusion || of->inputs[index].picture;
}

static void prepare_slot(void *user, size_t index, size_t slot)
{
    const call *of = user;
    if (of->occlusion)
        tw_occlusion_prepare(of->occlusion, index, &of->session->slots[slot]);
    else
        tw_prepare(&of->session->preparer, &of->inputs[index], &of->session->slots[slot]);
}

/* Brings a prepared input on its way. */
static tuwen_status take_prepared(call *of, size_t index, tw_prepared *prepared, tuwen_error *error)
{
    tuwen_status status = prepared->status;
    tw_stages_join(&of->session->stages, &prepared->stages);
    bool local = of->outputs && status != TUWEN_CANCELLED && status != TUWEN_INTERNAL;
    if (status != TUWEN_OK)
        fail_output(&prepared->output, status, &prepared->error);
    if (of->outputs)
        of->outputs[index] = prepared->output;
    if (status != TUWEN_OK) {
        if (!local)
            *error = prepared->error;
        return local ? TUWEN_OK : status;
    }
    if (is_picture(of, index))
        return add_waiting(of, index, prepared, error);
    if (prepared->patches.values)
        return enter_blank(of, index, prepared, error);
    return enter_text(of, index, &prepared->ids, error);
}

/* Takes every input, then computes what is left. */
static tuwen_status embed_all(call *of, size_t count, tuwen_error *error)
{
    size_t pictures = 0;
    for (size_t i = 0; i < count; i++)
        pictures += is_picture(of, i);
    tw_ahead *ahead = tw_ahead_open(count, AHEAD, pictures > 1, prepare_slot, of);
    if (!ahead)
        return tw_fail_memory(error, "a batch");
    const tw_run run = make_run(of->session);
    tuwen_status status = TUWEN_OK;
    for (size_t i = 0; i < count && status == TUWEN_OK; i++) {
        status = tw_run_check(&run, error);
        if (status != TUWEN_OK)
            break;
        size_t slot = tw_ahead_take(ahead);
        status = take_prepared(of, i, &of->session->slots[slot], error);
        tw_ahead_give(ahead);
    }
    tw_ahead_close(ahead);
    if (status == TUWEN_OK)
        status = see_waiting(of, error);
    return status == TUWEN_OK ? flush(of, error) : status;
}

static tuwen_status embed(call *of, size_t count, tuwen_error *error)
{
    tuwen_session *session = of->session;
    size_t hidden = tuwen_model_dimension(session->model);
    if (count > SIZE_MAX / sizeof *of->vectors / hidden)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%zu inputs are too many", count);
    tuwen_error failure = {.language = error ? error->language : TUWEN_ENGLISH};
    session->preparer.language = failure.language;
    if (count > 0)
        memset(of->vectors, 0, count * hidden * sizeof *of->vectors);
    session->waiting_count = 0;
    session->waiting_patches = 0;
    forget_batch(session);
    tuwen_status status = embed_all(of, count, &failure);
    if (status == TUWEN_CANCELLED)
        atomic_store(&session->cancel, false);
    if (status != TUWEN_OK && error)
        *error = failure;
    return status;
}

tuwen_status tw_session_embed_occluded(tuwen_session *session, const tw_occlusion *occlusion, size_t count,
                                       float *vectors, tuwen_error *error)
{
    call of = {.session = session, .occlusion = occlusion, .vectors = vectors};
    return embed(&of, count, error);
}

tuwen_status tuwen_embed(tuwen_session *session, const tuwen_input *inputs, size_t count, float *vectors,
                         tuwen_output *outputs, tuwen_error *error)
{
    if (!session || (count > 0 && (!inputs || !vectors)))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL",
                       !session  ? "session"
                       : !inputs ? "inputs"
                                 : "vectors");
    call of = {.session = session, .inputs = inputs, .vectors = vectors, .outputs = outputs};
    return embed(&of, count, error);
}

tuwen_status tuwen_tokenize(tuwen_session *session, const tuwen_input *input, int32_t *ids, size_t capacity,
                            size_t *count, tuwen_error *error)
{
    if (!session || !input || !count || (capacity > 0 && !ids))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "an argument");
    *count = 0;
    tw_prepared *prepared = &session->slots[0];
    session->preparer.language = error ? error->language : TUWEN_ENGLISH;
    tw_prepare_ids(&session->preparer, input, prepared);
    if (prepared->status != TUWEN_OK) {
        if (error)
            *error = prepared->error;
        return prepared->status;
    }
    for (size_t i = 0; i < prepared->ids.count && i < capacity; i++)
        ids[i] = prepared->ids.items[i];
    *count = prepared->ids.count;
    return TUWEN_OK;
}
