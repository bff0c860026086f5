/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vision tower: patch embedding, 2-D rotary positions, pre-norm blocks with full attention, and the merger that
 * turns each block of merge_size^2 patches into one image token. docs/model.md, section 2.
 */
#include "model/vision.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "ops/attention.h"
#include "ops/rows.h"

#define EPSILON 1e-6f       /* of every layer norm of the tower; fixed in the reference */
#define ROPE_THETA 10000.0f /* likewise */

typedef struct {
    float *norm1_weight, *norm1_bias; /* [dim] */
    tw_linear *qkv;                   /* [3 * dim][dim]: q, then k, then v */
    tw_linear *proj;                  /* [dim][dim] */
    float *norm2_weight, *norm2_bias; /* [dim] */
    tw_linear *fc1;                   /* [mlp][dim] */
    tw_linear *fc2;                   /* [dim][mlp] */
} block;

struct tw_vision {
    tw_vision_config config;
    int out;
    tw_element element;                           /* of the checkpoint's matrices */
    tw_linear *patch_embedding;                   /* [dim][patch_length], no bias */
    block *blocks;                                /* [layers] */
    float *merger_norm_weight, *merger_norm_bias; /* [dim] */
    tw_linear *merger_fc1;                        /* [merged][merged], merged = dim * merge_size^2 */
    tw_linear *merger_fc2;                        /* [out][merged] */
};

static tw_linear *load_one(tw_loader *loader, const char *prefix, int index, const char *name, int out, int in)
{
    return tw_loader_linear(loader, prefix, index, &(tw_loader_part){name, out}, 1, in, true);
}

static void load_block(tw_loader *loader, const tw_vision_config *config, int index, block *to)
{
    static const char prefix[] = "visual.blocks";
    to->norm1_weight = tw_loader_vector(loader, prefix, index, "norm1.weight", config->dim);
    to->norm1_bias = tw_loader_vector(loader, prefix, index, "norm1.bias", config->dim);
    to->qkv = load_one(loader, prefix, index, "attn.qkv", 3 * config->dim, config->dim);
    to->proj = load_one(loader, prefix, index, "attn.proj", config->dim, config->dim);
    to->norm2_weight = tw_loader_vector(loader, prefix, index, "norm2.weight", config->dim);
    to->norm2_bias = tw_loader_vector(loader, prefix, index, "norm2.bias", config->dim);
    to->fc1 = load_one(loader, prefix, index, "mlp.fc1", config->mlp, config->dim);
    to->fc2 = load_one(loader, prefix, index, "mlp.fc2", config->dim, config->mlp);
}

tw_vision *tw_vision_open(const tw_vision_config *config, int out, tw_loader *loader)
{
    tw_vision *vision = tw_alloc_zero(1, sizeof *vision);
    if (vision) {
        vision->config = *config;
        vision->blocks = tw_alloc_zero((size_t)config->layers, sizeof *vision->blocks);
    }
    if (!vision || !vision->blocks) {
        loader->status = tw_fail_memory(loader->error, "the vision tower");
        tw_free(vision);
        return NULL;
    }
    int merged = config->dim * config->merge_size * config->merge_size;
    vision->out = out;
    vision->element = loader->element;
    vision->patch_embedding =
        tw_loader_convolution(loader, "visual.patch_embed.proj.weight", config->dim, config->channels,
                              config->temporal_patch_size, config->patch_size);
    for (int i = 0; i < config->layers && loader->status == TUWEN_OK; i++)
        load_block(loader, config, i, &vision->blocks[i]);
    vision->merger_norm_weight = tw_loader_vector(loader, "visual.merger", -1, "ln_q.weight", config->dim);
    vision->merger_norm_bias = tw_loader_vector(loader, "visual.merger", -1, "ln_q.bias", config->dim);
    vision->merger_fc1 = load_one(loader, "visual.merger", -1, "mlp.0", merged, merged);
    vision->merger_fc2 = load_one(loader, "visual.merger", -1, "mlp.2", out, merged);
    if (loader->status != TUWEN_OK) {
        tw_vision_close(vision);
        return NULL;
    }
    return vision;
}

void tw_vision_close(tw_vision *vision)
{
    if (!vision)
        return;
    for (int i = 0; i < vision->config.layers; i++) {
        block *of = &vision->blocks[i];
        tw_free(of->norm1_weight);
        tw_free(of->norm1_bias);
        tw_linear_close(of->qkv);
        tw_linear_close(of->proj);
        tw_free(of->norm2_weight);
        tw_free(of->norm2_bias);
        tw_linear_close(of->fc1);
        tw_linear_close(of->fc2);
    }
    tw_free(vision->blocks);
    tw_linear_close(vision->patch_embedding);
    tw_free(vision->merger_norm_weight);
    tw_free(vision->merger_norm_bias);
    tw_linear_close(vision->merger_fc1);
    tw_linear_close(vision->merger_fc2);
    tw_free(vision);
}

static int patches_of(const tw_grid *grid)
{
    return grid->height * grid->width;
}

static tw_heads heads_of(const tw_vision *vision, const tw_machine *machine)
{
    const tw_vision_config *config = &vision->config;
    return (tw_heads){.heads = config->heads,
                      .kv_heads = config->heads,
                      .head_dim = config->head_dim,
                      .element = tw_run_attention_element(machine, vision->element)};
}

/* Width of the memory that holds q|k|v in turn with the inside of the MLP, per patch. */
static size_t wide_floats(const tw_vision_config *config)
{
    size_t qkv = 3 * (size_t)config->dim;
    size_t most = (size_t)(config->mlp > config->patch_length ? config->mlp : config->patch_length);
    return qkv > most ? qkv : most;
}

/* Rows that the memory of matrices holds: as many patches as the merger's rows, in whole tiles, are made of. */
static size_t room_of(const tw_vision_config *config, size_t rows)
{
    size_t merged = (size_t)config->merge_size * (size_t)config->merge_size;
    return merged * (size_t)tw_matrix_room((int)(rows / merged));
}

/* Where patch `inside` of a merge block stands among all patches. */
static size_t place_of(int block_index, int merge, int inside)
{
    size_t side = (size_t)merge;
    return (size_t)block_index * side * side + (size_t)inside;
}

/*
 * Angles of the 2-D rotary embedding, [patches][head_dim / 2]: the first half of a row turns with the patch's row, the
 * second with its column, counted in patches. In f32 as in the reference.
 */
static void fill_angles(const tw_vision_config *config, tw_grid grid, float *cosines, float *sines)
{
    int merge = config->merge_size;
    int most = grid.height > grid.width ? grid.height : grid.width;
    int blocks = grid.width / merge;
    size_t quarter = (size_t)config->head_dim / 4;
    for (size_t j = 0; j < quarter; j++) {
        float exponent = (float)(2 * j) / (float)(2 * quarter);
        float frequency = 1.0f / (float)pow((double)ROPE_THETA, (double)exponent);
        for (int position = 0; position < most; position++) {
            float cosine = cosf((float)position * frequency);
            float sine = sinf((float)position * frequency);
            /* Every patch in this row of the grid, and every patch in this column. */
            for (int i = 0; i < grid.width && position < grid.height; i++) {
                int inside = position % merge * merge + i % merge;
                size_t at = place_of(position / merge * blocks + i / merge, merge, inside);
                cosines[at * 2 * quarter + j] = cosine;
                sines[at * 2 * quarter + j] = sine;
            }
            for (int i = 0; i < grid.height && position < grid.width; i++) {
                int inside = i % merge * merge + position % merge;
                size_t at = place_of(i / merge * blocks + position / merge, merge, inside);
                cosines[(at * 2 + 1) * quarter + j] = cosine;
                sines[(at * 2 + 1) * quarter + j] = sine;
            }
        }
    }
}

/* The buffers of one forward pass over `rows` patches. */
typedef struct {
    int rows;
    float *x;                /* [rows][dim], the residual stream */
    tw_matrix_memory normed; /* [rows][dim]; then what attention gives */
    tw_matrix_memory wide;   /* memory for [rows][wide_floats] */
    float *cosines, *sines;  /* [rows][head_dim / 2] */
    tw_heads heads;
    tw_sequence_keys *sequences; /* [count], a picture each */
    int count;
} buffers;

/* A matrix [rows][columns] for the layer's input, in memory that was taken for one as large. */
static tw_matrix input_of(const tw_linear *linear, const tw_matrix_memory *memory, int rows)
{
    return tw_matrix_in(memory, tw_linear_input(linear), rows, tw_linear_in(linear));
}

static tw_outputs all_of(const tw_linear *linear)
{
    return (tw_outputs){0, tw_linear_out(linear)};
}

/* x += proj(attention(norm1(x))) */
static tuwen_status attend(const tw_vision *vision, const tw_run *run, const block *of, const buffers *at,
                           tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    tw_worker *worker = run->worker;
    int dim = config->dim;
    float *qkv = at->wide.values; /* [rows][3 * dim] */
    tw_matrix normed = input_of(of->qkv, &at->normed, at->rows);
    tuwen_status status = tw_layer_norm(worker, &normed, at->x, of->norm1_weight, of->norm1_bias, EPSILON, error);
    if (status == TUWEN_OK)
        status = tw_linear_apply(worker, of->qkv, &normed, all_of(of->qkv), qkv, 3 * dim, false, error);
    tw_matrix attended = input_of(of->proj, &at->normed, at->rows);
    const tw_attention attention = {.heads = at->heads,
                                    .q = qkv,
                                    .q_stride = 3 * dim,
                                    .k = qkv + dim,
                                    .v = qkv + 2 * (size_t)dim,
                                    .kv_stride = 3 * dim,
                                    .cosines = at->cosines,
                                    .sines = at->sines,
                                    .sequences = at->sequences,
                                    .count = at->count,
                                    .out = &attended,
                                    .cancel = run->cancel};
    if (status == TUWEN_OK)
        status = tw_attend(worker, &attention, error);
    if (status == TUWEN_OK)
        status = tw_linear_apply(worker, of->proj, &attended, all_of(of->proj), at->x, dim, true, error);
    return status;
}

/* x += fc2(quick_gelu(fc1(norm2(x)))) */
static tuwen_status feed_forward(const tw_vision *vision, const tw_run *run, const block *of, const buffers *at,
                                 tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    tw_worker *worker = run->worker;
    tw_matrix normed = input_of(of->fc1, &at->normed, at->rows);
    tw_matrix inside = input_of(of->fc2, &at->wide, at->rows);
    tuwen_status status = tw_layer_norm(worker, &normed, at->x, of->norm2_weight, of->norm2_bias, EPSILON, error);
    if (status == TUWEN_OK)
        status = tw_linear_activate(worker, of->fc1, &normed, TW_QUICK_GELU, &inside, error);
    if (status == TUWEN_OK)
        status = tw_linear_apply(worker, of->fc2, &inside, all_of(of->fc2), at->x, config->dim, true, error);
    return status;
}

/* tokens = fc2(gelu(fc1(norm(x)))), where a row of fc1's input is a whole merge block */
static tuwen_status merge(const tw_vision *vision, const tw_run *run, const buffers *at, float *tokens,
                          tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    tw_worker *worker = run->worker;
    int rows = at->rows / (config->merge_size * config->merge_size);
    float *patches = at->wide.values; /* [rows of patches][dim] = [rows][merged] */
    tuwen_status status = tw_layer_norm_rows(worker, patches, at->x, vision->merger_norm_weight,
                                             vision->merger_norm_bias, at->rows, config->dim, EPSILON, error);
    if (status != TUWEN_OK)
        return status;
    tw_matrix normed = input_of(vision->merger_fc1, &at->normed, rows);
    tw_matrix inside = input_of(vision->merger_fc2, &at->wide, rows);
    tw_matrix_fill(worker, &normed, 0, rows, patches);
    status = tw_linear_activate(worker, vision->merger_fc1, &normed, TW_GELU, &inside, error);
    if (status == TUWEN_OK)
        status = tw_linear_apply(worker, vision->merger_fc2, &inside, all_of(vision->merger_fc2), tokens, vision->out,
                                 false, error);
    return status;
}

/* x = patch embedding */
static tuwen_status embed(const tw_vision *vision, const tw_run *run, const float *const *patches, const buffers *at,
                          tuwen_error *error)
{
    tw_matrix values = input_of(vision->patch_embedding, &at->wide, at->rows);
    for (int i = 0; i < at->count; i++)
        tw_matrix_fill(run->worker, &values, at->sequences[i].row, at->sequences[i].queries, patches[i]);
    return tw_linear_apply(run->worker, vision->patch_embedding, &values, all_of(vision->patch_embedding), at->x,
                           vision->config.dim, false, error);
}

static tuwen_status forward(const tw_vision *vision, const tw_run *run, const float *const *patches,
                            const buffers *at, float *tokens, tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    tw_worker_profile(run->worker)->part = TW_PART_VISION;
    tuwen_status status = embed(vision, run, patches, at, error);
    for (int i = 0; i < config->layers && status == TUWEN_OK; i++) {
        status = tw_run_check(run, error);
        if (status == TUWEN_OK)
            status = attend(vision, run, &vision->blocks[i], at, error);
        if (status == TUWEN_OK)
            status = feed_forward(vision, run, &vision->blocks[i], at, error);
        if (status == TUWEN_OK)
            tw_run_trace(run, "vision", i, at->x, at->rows, config->dim);
    }
    tw_worker_profile(run->worker)->part = TW_PART_MERGER;
    if (status == TUWEN_OK)
        status = merge(vision, run, at, tokens, error);
    if (status == TUWEN_OK)
        tw_run_trace(run, "merger", 0, tokens, at->rows / (config->merge_size * config->merge_size), vision->out);
    return status;
}

/* Lays the buffers out from `base` on, which may be NULL; returns the floats they take. */
static size_t lay_out(const tw_vision *vision, const tw_machine *machine, const tw_grid *grids, int count,
                      float *base, buffers *at)
{
    const tw_vision_config *config = &vision->config;
    tw_scratch scratch = {.base = base};
    size_t rows = 0;
    for (int i = 0; i < count; i++)
        rows += (size_t)patches_of(&grids[i]);
    *at = (buffers){.rows = (int)rows, .heads = heads_of(vision, machine), .count = count};
    at->x = tw_scratch_take(&scratch, rows, (size_t)config->dim);
    bool bytes = vision->element == TW_ELEMENT_I8;
    at->normed = tw_scratch_take_matrix(&scratch, room_of(config, rows), (size_t)config->dim, bytes);
    at->wide = tw_scratch_take_matrix(&scratch, room_of(config, rows), wide_floats(config), bytes);
    at->cosines = tw_scratch_take(&scratch, rows, (size_t)config->head_dim / 2);
    at->sines = tw_scratch_take(&scratch, rows, (size_t)config->head_dim / 2);
    at->sequences = (void *)tw_scratch_take(&scratch, (size_t)count, sizeof *at->sequences / sizeof(float));
    int row = 0;
    for (int i = 0; i < count; i++) {
        int length = patches_of(&grids[i]);
        void *memory = tw_scratch_take(&scratch, 1, tw_keys_bytes(&at->heads, length) / sizeof(float));
        if (base)
            at->sequences[i] = (tw_sequence_keys){
                .row = row, .queries = length, .query_row = row, .own = {.length = length, .memory = memory}};
        row += length;
    }
    return scratch.used;
}

size_t tw_vision_scratch(const tw_vision *vision, const tw_machine *machine, const tw_grid *grids, int count)
{
    buffers at;
    return lay_out(vision, machine, grids, count, NULL, &at);
}

tuwen_status tw_vision_forward(const tw_vision *vision, const tw_run *run, const float *const *patches,
                               const tw_grid *grids, int count, float *tokens, tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    double begin = tw_clock_seconds();
    tw_worker_profile(run->worker)->part = TW_PART_VISION;
    buffers at;
    (void)lay_out(vision, tw_worker_machine(run->worker), grids, count, run->scratch, &at);
    size_t half = (size_t)config->head_dim / 2;
    for (int i = 0; i < count; i++)
        fill_angles(config, grids[i], at.cosines + (size_t)at.sequences[i].row * half,
                    at.sines + (size_t)at.sequences[i].row * half);
    tw_profile_add(tw_worker_profile(run->worker), TW_WORK_REST, begin, 0);
    int before = tw_worker_enter(run->worker);
    tuwen_status status = forward(vision, run, patches, &at, tokens, error);
    tw_worker_leave(before);
    return status;
}
