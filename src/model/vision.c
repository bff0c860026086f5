/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vision tower: patch embedding, 2-D rotary positions, pre-norm blocks with full attention, and the merger that
 * turns each block of merge_size^2 patches into one image token. docs/model.md, section 2.
 */
#include "model/vision.h"

#include <math.h>
#include <string.h>

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

/* Width of the buffer that holds q|k|v, then the inside of the MLP, then the inside of the merger, per patch. */
static size_t wide_floats(const tw_vision_config *config)
{
    size_t qkv = 3 * (size_t)config->dim;
    return qkv > (size_t)config->mlp ? qkv : (size_t)config->mlp;
}

size_t tw_vision_scratch(const tw_vision *vision, const tw_machine *machine, int patches)
{
    const tw_vision_config *config = &vision->config;
    size_t rows = (size_t)patches;
    return 2 * tw_run_floats(rows, (size_t)config->dim) + tw_run_floats(rows, wide_floats(config)) +
           2 * tw_run_floats(rows, (size_t)config->head_dim / 2) + tw_attention_scratch(machine, patches);
}

/*
 * Angles of the 2-D rotary embedding, [patches][head_dim / 2]: the first half of a row turns with the patch's row, the
 * second with its column, counted in patches. In f32 as in the reference.
 */
static void fill_angles(const tw_vision_config *config, int grid_h, int grid_w, float *cosines, float *sines)
{
    int merge = config->merge_size;
    size_t quarter = (size_t)config->head_dim / 4;
    for (size_t j = 0; j < quarter; j++) {
        float exponent = (float)(2 * j) / (float)(2 * quarter);
        float frequency = 1.0f / (float)pow((double)ROPE_THETA, (double)exponent);
        for (int i = 0; i < grid_h * grid_w; i++) {
            int block_index = i / (merge * merge);
            int inside = i % (merge * merge);
            int row = block_index / (grid_w / merge) * merge + inside / merge;
            int column = block_index % (grid_w / merge) * merge + inside % merge;
            size_t at = (size_t)i * 2 * quarter + j;
            cosines[at] = cosf((float)row * frequency);
            sines[at] = sinf((float)row * frequency);
            cosines[at + quarter] = cosf((float)column * frequency);
            sines[at + quarter] = sinf((float)column * frequency);
        }
    }
}

/* The buffers of one forward pass over `rows` patches. */
typedef struct {
    int rows;
    float *x;               /* [rows][dim], the residual stream */
    float *normed;          /* [rows][dim] */
    float *wide;            /* [rows][wide_floats] */
    float *cosines, *sines; /* [rows][head_dim / 2] */
    float *attention;       /* tw_attention_scratch */
} buffers;

/* x += proj(attention(norm1(x))) */
static tuwen_status attend(const tw_vision *vision, const tw_run *run, const block *of, const buffers *at,
                           tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    tw_worker *worker = run->worker;
    int dim = config->dim;
    tw_layer_norm(worker, at->normed, at->x, of->norm1_weight, of->norm1_bias, at->rows, dim, EPSILON);
    tuwen_status status = tw_linear_apply(worker, of->qkv, at->normed, at->rows, at->wide, false, error);
    if (status != TUWEN_OK)
        return status;
    /* q and k stand side by side in a row, so that one call turns the heads of both. */
    tw_rotate(worker, at->wide, 3 * dim, at->cosines, at->sines, at->rows, 2 * config->heads, config->head_dim);
    tw_attention attention = {.length = at->rows,
                              .heads = config->heads,
                              .kv_heads = config->heads,
                              .head_dim = config->head_dim,
                              .q = at->wide,
                              .k = at->wide + dim,
                              .v = at->wide + 2 * (size_t)dim,
                              .cancel = run->cancel,
                              .stride = 3 * dim,
                              .out = at->normed};
    status = tw_attend(worker, &attention, at->attention, error);
    if (status != TUWEN_OK)
        return status;
    return tw_linear_apply(worker, of->proj, at->normed, at->rows, at->x, true, error);
}

/* x += fc2(quick_gelu(fc1(norm2(x)))) */
static tuwen_status feed_forward(const tw_vision *vision, const tw_run *run, const block *of, const buffers *at,
                                 tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    tw_worker *worker = run->worker;
    tw_layer_norm(worker, at->normed, at->x, of->norm2_weight, of->norm2_bias, at->rows, config->dim, EPSILON);
    tuwen_status status = tw_linear_apply(worker, of->fc1, at->normed, at->rows, at->wide, false, error);
    if (status != TUWEN_OK)
        return status;
    tw_quick_gelu(worker, at->wide, at->rows, config->mlp);
    return tw_linear_apply(worker, of->fc2, at->wide, at->rows, at->x, true, error);
}

/* tokens = fc2(gelu(fc1(norm(x)))), where a row of fc1's input is a whole merge block */
static tuwen_status merge(const tw_vision *vision, const tw_run *run, const buffers *at, float *tokens,
                          tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    tw_worker *worker = run->worker;
    int block_patches = config->merge_size * config->merge_size;
    int rows = at->rows / block_patches;
    int merged = config->dim * block_patches;
    tw_layer_norm(worker, at->normed, at->x, vision->merger_norm_weight, vision->merger_norm_bias, at->rows,
                  config->dim, EPSILON);
    tuwen_status status = tw_linear_apply(worker, vision->merger_fc1, at->normed, rows, at->wide, false, error);
    if (status != TUWEN_OK)
        return status;
    tw_gelu(worker, at->wide, rows, merged);
    return tw_linear_apply(worker, vision->merger_fc2, at->wide, rows, tokens, false, error);
}

static tuwen_status forward(const tw_vision *vision, const tw_run *run, const float *patches, const buffers *at,
                            float *tokens, tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    tuwen_status status =
        tw_linear_apply(run->worker, vision->patch_embedding, patches, at->rows, at->x, false, error);
    for (int i = 0; i < config->layers && status == TUWEN_OK; i++) {
        status = tw_run_check(run, error);
        if (status == TUWEN_OK)
            status = attend(vision, run, &vision->blocks[i], at, error);
        if (status == TUWEN_OK)
            status = feed_forward(vision, run, &vision->blocks[i], at, error);
        if (status == TUWEN_OK)
            tw_run_trace(run, "vision", i, at->x, at->rows, config->dim);
    }
    if (status == TUWEN_OK)
        status = merge(vision, run, at, tokens, error);
    if (status == TUWEN_OK)
        tw_run_trace(run, "merger", 0, tokens, at->rows / (config->merge_size * config->merge_size), vision->out);
    return status;
}

tuwen_status tw_vision_forward(const tw_vision *vision, const tw_run *run, const float *patches, int grid_h,
                               int grid_w, float *tokens, tuwen_error *error)
{
    const tw_vision_config *config = &vision->config;
    size_t rows = (size_t)grid_h * (size_t)grid_w;
    float *scratch = run->scratch;
    buffers at = {.rows = (int)rows};
    at.x = tw_run_take(&scratch, rows, (size_t)config->dim);
    at.normed = tw_run_take(&scratch, rows, (size_t)config->dim);
    at.wide = tw_run_take(&scratch, rows, wide_floats(config));
    at.cosines = tw_run_take(&scratch, rows, (size_t)config->head_dim / 2);
    at.sines = tw_run_take(&scratch, rows, (size_t)config->head_dim / 2);
    at.attention = scratch;
    fill_angles(config, grid_h, grid_w, at.cosines, at.sines);
    int before = tw_worker_enter(run->worker);
    tuwen_status status = forward(vision, run, patches, &at, tokens, error);
    tw_worker_leave(before);
    return status;
}
