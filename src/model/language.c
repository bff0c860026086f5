/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder: embedding rows, pre-norm layers with grouped causal attention and rotary positions, the final norm,
 * pooling. Several sequences are computed as one product each; only attention tells them apart.
 * docs/model.md, section 3.
 */
#include "model/language.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "ops/attention.h"
#include "ops/rows.h"

typedef struct {
    float *input_norm;     /* [hidden] */
    tw_linear *qkv;        /* [(heads + 2 * kv_heads) * head_dim][hidden]: q, then k, then v */
    tw_linear *o_proj;     /* [hidden][hidden], no bias */
    float *attention_norm; /* [hidden], after attention */
    tw_linear *gate, *up;  /* [intermediate][hidden], no bias */
    tw_linear *down;       /* [hidden][intermediate], no bias */
} layer;

struct tw_language {
    tw_text_config config;
    tw_element element; /* of the checkpoint's matrices */
    tw_table embedding; /* [vocabulary][hidden], in the mapped file */
    layer *layers;      /* [layers] */
    float *norm;        /* [hidden] */
};

/* Gate and up are multiplied with one input in one go. The matrices of an int8 file are of two elements. */
static void check_gate(tw_loader *loader, const char *prefix, int index, const layer *of)
{
    if (loader->status == TUWEN_OK && of->gate && of->up && tw_linear_input(of->gate) != tw_linear_input(of->up))
        loader->status = tw_fail(loader->error, TUWEN_BAD_MODEL,
                                 "%s: items %s.%d.mlp.gate_proj and mlp.up_proj: are not in the same precision",
                                 loader->path, prefix, index);
}

static void load_layer(tw_loader *loader, const tw_text_config *config, int index, layer *to)
{
    static const char prefix[] = "model.layers";
    int hidden = config->hidden;
    int kv = config->kv_heads * config->head_dim;
    const tw_loader_part qkv[] = {{"self_attn.q_proj", hidden}, {"self_attn.k_proj", kv}, {"self_attn.v_proj", kv}};
    to->input_norm = tw_loader_vector(loader, prefix, index, "input_layernorm.weight", hidden);
    to->qkv = tw_loader_linear(loader, prefix, index, qkv, 3, hidden, true);
    to->o_proj =
        tw_loader_linear(loader, prefix, index, &(tw_loader_part){"self_attn.o_proj", hidden}, 1, hidden, false);
    to->attention_norm = tw_loader_vector(loader, prefix, index, "post_attention_layernorm.weight", hidden);
    to->gate = tw_loader_linear(loader, prefix, index, &(tw_loader_part){"mlp.gate_proj", config->intermediate}, 1,
                                hidden, false);
    to->up = tw_loader_linear(loader, prefix, index, &(tw_loader_part){"mlp.up_proj", config->intermediate}, 1,
                              hidden, false);
    check_gate(loader, prefix, index, to);
    to->down = tw_loader_linear(loader, prefix, index, &(tw_loader_part){"mlp.down_proj", hidden}, 1,
                                config->intermediate, false);
}

tw_language *tw_language_open(const tw_text_config *config, tw_loader *loader)
{
    tw_language *language = tw_alloc_zero(1, sizeof *language);
    if (language) {
        language->config = *config;
        language->element = loader->element;
        language->layers = tw_alloc_zero((size_t)config->layers, sizeof *language->layers);
    }
    if (!language || !language->layers) {
        loader->status = tw_fail_memory(loader->error, "the language model");
        tw_free(language);
        return NULL;
    }
    language->embedding = tw_loader_table(loader, "model.embed_tokens.weight", config->vocabulary, config->hidden);
    for (int i = 0; i < config->layers && loader->status == TUWEN_OK; i++)
        load_layer(loader, config, i, &language->layers[i]);
    language->norm = tw_loader_vector(loader, "model", -1, "norm.weight", config->hidden);
    if (loader->status != TUWEN_OK) {
        tw_language_close(language);
        return NULL;
    }
    return language;
}

void tw_language_close(tw_language *language)
{
    if (!language)
        return;
    for (int i = 0; i < language->config.layers; i++) {
        layer *of = &language->layers[i];
        tw_free(of->input_norm);
        tw_linear_close(of->qkv);
        tw_linear_close(of->o_proj);
        tw_free(of->attention_norm);
        tw_linear_close(of->gate);
        tw_linear_close(of->up);
        tw_linear_close(of->down);
    }
    tw_free(language->layers);
    tw_free(language->norm);
    tw_free(language);
}

void tw_language_embed(const tw_language *language, const int32_t *ids, int count, float *rows)
{
    size_t hidden = (size_t)language->config.hidden;
    for (int i = 0; i < count; i++)
        tw_table_read(&language->embedding, (size_t)ids[i], rows + (size_t)i * hidden);
}

/* ---- prefixes ----------------------------------------------------------------------------------------------------- */

struct tw_prefix {
    int length;
    int layers;
    size_t stride; /* bytes from layer to layer */
    char *memory;  /* [layers] keys */
};

static tw_heads heads_of(const tw_language *language, const tw_machine *machine)
{
    const tw_text_config *config = &language->config;
    return (tw_heads){.heads = config->heads,
                      .kv_heads = config->kv_heads,
                      .head_dim = config->head_dim,
                      .element = tw_run_attention_element(machine, language->element)};
}

tuwen_status tw_prefix_open(const tw_language *language, const tw_machine *machine, int length, tw_prefix **out,
                            tuwen_error *error)
{
    const tw_heads heads = heads_of(language, machine);
    *out = NULL;
    tw_prefix *prefix = tw_alloc_zero(1, sizeof *prefix);
    if (prefix) {
        prefix->length = length;
        prefix->layers = language->config.layers;
        prefix->stride = tw_keys_bytes(&heads, length);
        prefix->memory = tw_alloc_aligned(prefix->stride, (size_t)prefix->layers);
    }
    if (!prefix || !prefix->memory) {
        tw_free(prefix);
        return tw_fail_memory(error, "a prefix");
    }
    *out = prefix;
    return TUWEN_OK;
}

void tw_prefix_close(tw_prefix *prefix)
{
    if (!prefix)
        return;
    tw_free(prefix->memory);
    tw_free(prefix);
}

size_t tw_prefix_bytes(const tw_prefix *prefix)
{
    return prefix ? sizeof *prefix + prefix->stride * (size_t)prefix->layers : 0;
}

int tw_prefix_length(const tw_prefix *prefix)
{
    return prefix->length;
}

static tw_keys prefix_keys(const tw_prefix *prefix, int layer_index)
{
    return (tw_keys){.length = prefix->length, .memory = prefix->memory + (size_t)layer_index * prefix->stride};
}

/* ---- memory ------------------------------------------------------------------------------------------------------- */

static int qkv_floats(const tw_text_config *config)
{
    return (config->heads + 2 * config->kv_heads) * config->head_dim;
}

/* Width of the memory that holds q|k|v in turn with the inside of the MLP, per token. */
static size_t wide_floats(const tw_text_config *config)
{
    size_t qkv = (size_t)qkv_floats(config);
    return qkv > (size_t)config->intermediate ? qkv : (size_t)config->intermediate;
}

/* The buffers of one forward pass over `rows` tokens. */
typedef struct {
    int rows;
    const tw_sequence *sequences; /* [count] */
    int count;
    int pooled;                   /* sequences of which a vector comes */
    float *x;                     /* [rows][hidden], the residual stream */
    tw_matrix_memory normed;      /* [rows][hidden]; then what attention gives */
    tw_matrix_memory wide;        /* memory for [rows][wide_floats] */
    float *queries;               /* [pooled][hidden], of the last layer */
    float *last;                  /* [pooled][hidden], the residual stream of the last layer */
    tw_matrix_memory last_normed; /* [pooled][hidden] */
    float *cosines, *sines;       /* [rows][head_dim / 2] */
    tw_heads heads;
    tw_sequence_keys *keys; /* [count], as attention sees the sequences */
    tw_keys *prefixes;      /* [count], of the layer at hand */
} buffers;

/* Lays the buffers out from `base` on, which may be NULL; returns the floats they take. */
static size_t lay_out(const tw_language *language, const tw_machine *machine, const tw_sequence *sequences, int count,
                      float *base, buffers *at)
{
    const tw_text_config *config = &language->config;
    size_t hidden = (size_t)config->hidden;
    tw_scratch scratch = {.base = base};
    *at = (buffers){.sequences = sequences, .count = count, .heads = heads_of(language, machine)};
    for (int i = 0; i < count; i++) {
        at->rows += sequences[i].length;
        at->pooled += !sequences[i].keep;
    }
    size_t rows = (size_t)at->rows;
    size_t pooled = (size_t)at->pooled;
    bool bytes = language->element == TW_ELEMENT_I8;
    at->normed = tw_scratch_take_matrix(&scratch, rows, hidden, bytes);
    at->wide = tw_scratch_take_matrix(&scratch, rows, wide_floats(config), bytes);
    at->queries = tw_scratch_take(&scratch, pooled, hidden);
    at->last = tw_scratch_take(&scratch, pooled, hidden);
    at->last_normed = tw_scratch_take_matrix(&scratch, pooled, hidden, bytes);
    at->cosines = tw_scratch_take(&scratch, rows, (size_t)config->head_dim / 2);
    at->sines = tw_scratch_take(&scratch, rows, (size_t)config->head_dim / 2);
    at->keys = (void *)tw_scratch_take(&scratch, (size_t)count, sizeof *at->keys / sizeof(float));
    at->prefixes = (void *)tw_scratch_take(&scratch, (size_t)count, sizeof *at->prefixes / sizeof(float));
    int row = 0;
    for (int i = 0; i < count; i++) {
        const tw_sequence *of = &sequences[i];
        size_t floats = of->keep ? 0 : tw_keys_bytes(&at->heads, of->length) / sizeof(float);
        void *memory = tw_scratch_take(&scratch, 1, floats);
        if (base)
            at->keys[i] = (tw_sequence_keys){.row = row, .own = {.length = of->length, .memory = memory}};
        row += of->length;
    }
    return scratch.used;
}

size_t tw_language_scratch(const tw_language *language, const tw_machine *machine, const tw_sequence *sequences,
                           int count)
{
    buffers at;
    return lay_out(language, machine, sequences, count, NULL, &at);
}

/* ---- positions ---------------------------------------------------------------------------------------------------- */

/* Which axis of a picture turns angle `j`: 0 time, 1 row, 2 column. For text all three are the same. */
static int axis_of(const tw_text_config *config, int j)
{
    int time = config->mrope_section[0];
    int row = config->mrope_section[1];
    return j < time ? 0 : j < time + row ? 1 : 2;
}

/* Where token `index` stands on an axis. Image tokens share their time and spread over rows and columns; what follows
 * them counts on from the largest position so far. */
static int position_of(const tw_sequence *sequence, int index, int axis)
{
    int rows = sequence->image_rows;
    int columns = sequence->image_columns;
    int inside = index - sequence->image_start;
    if (rows == 0 || inside < 0)
        return index + (sequence->prefix ? sequence->prefix->length : 0);
    if (inside >= rows * columns)
        return index - rows * columns + (rows > columns ? rows : columns);
    return sequence->image_start + (axis == 0 ? 0 : axis == 1 ? inside / columns : inside % columns);
}

/* Angles of the rotary embedding, [tokens][head_dim / 2], in f32 as in the reference. */
static void fill_angles(const tw_text_config *config, const tw_sequence *sequences, int count, float *cosines,
                        float *sines)
{
    int half = config->head_dim / 2;
    for (int j = 0; j < half; j++) {
        float exponent = (float)(2 * j) / (float)config->head_dim;
        float frequency = 1.0f / (float)pow(config->rope_theta, (double)exponent);
        int axis = axis_of(config, j);
        size_t at = (size_t)j;
        for (int i = 0; i < count; i++) {
            for (int token = 0; token < sequences[i].length; token++, at += (size_t)half) {
                float position = (float)position_of(&sequences[i], token, axis);
                cosines[at] = cosf(position * frequency);
                sines[at] = sinf(position * frequency);
            }
        }
    }
}

/* ---- layers ------------------------------------------------------------------------------------------------------- */

/* A matrix [rows][columns] for the layer's input, in memory that was taken for one as large. */
static tw_matrix input_of(const tw_linear *linear, const tw_matrix_memory *memory, int rows)
{
    return tw_matrix_in(memory, tw_linear_input(linear), rows, tw_linear_in(linear));
}

static tw_outputs all_of(const tw_linear *linear)
{
    return (tw_outputs){0, tw_linear_out(linear)};
}

/* Attention of layer `index` over q|k|v as they stand in at->wide; q from elsewhere for the last tokens alone. */
static tuwen_status attend_keys(const tw_language *language, const tw_run *run, int index, const buffers *at,
                                const float *q, int q_stride, bool last_only, tw_matrix *out, tuwen_error *error)
{
    const tw_text_config *config = &language->config;
    const float *qkv = at->wide.values;
    int stride = qkv_floats(config);
    int pooled = 0;
    for (int i = 0; i < at->count; i++) {
        const tw_sequence *of = &at->sequences[i];
        tw_sequence_keys *keys = &at->keys[i];
        keys->queries = !last_only ? of->length : of->keep ? 0 : 1;
        keys->query_row = last_only ? pooled : keys->row;
        pooled += !of->keep;
        if (of->keep)
            keys->own = prefix_keys(of->keep, index);
        if (of->prefix)
            at->prefixes[i] = prefix_keys(of->prefix, index);
        keys->prefix = of->prefix ? &at->prefixes[i] : NULL;
    }
    const float *k = qkv + config->heads * config->head_dim;
    const tw_attention attention = {.heads = at->heads,
                                    .causal = true,
                                    .q = q,
                                    .q_stride = q_stride,
                                    .k = k,
                                    .v = k + (size_t)config->kv_heads * (size_t)config->head_dim,
                                    .kv_stride = stride,
                                    .cosines = at->cosines,
                                    .sines = at->sines,
                                    .sequences = at->keys,
                                    .count = at->count,
                                    .out = out,
                                    .cancel = run->cancel};
    return tw_attend(run->worker, &attention, error);
}

/* x += o_proj(attention(input_norm(x))), each sequence on its own */
static tuwen_status attend(const tw_language *language, const tw_run *run, int index, const buffers *at,
                           tuwen_error *error)
{
    const tw_text_config *config = &language->config;
    const layer *of = &language->layers[index];
    tw_worker *worker = run->worker;
    int stride = qkv_floats(config);
    tw_matrix normed = input_of(of->qkv, &at->normed, at->rows);
    tw_matrix attended = input_of(of->o_proj, &at->normed, at->rows);
    tuwen_status status = tw_rms_norm(worker, &normed, at->x, of->input_norm, config->rms_epsilon, error);
    if (status == TUWEN_OK)
        status = tw_linear_apply(worker, of->qkv, &normed, all_of(of->qkv), at->wide.values, stride, false, error);
    if (status == TUWEN_OK)
        status = attend_keys(language, run, index, at, at->wide.values, stride, false, &attended, error);
    if (status == TUWEN_OK)
        status =
            tw_linear_apply(worker, of->o_proj, &attended, all_of(of->o_proj), at->x, config->hidden, true, error);
    return status;
}

/* x += down(silu(gate(n)) * up(n)), n = attention_norm(x), of `rows` rows; `normed` is memory for them */
static tuwen_status feed_forward(const tw_language *language, const tw_run *run, const layer *of, const buffers *at,
                                 float *x, int rows, const tw_matrix_memory *memory, tuwen_error *error)
{
    const tw_text_config *config = &language->config;
    tw_worker *worker = run->worker;
    tw_matrix normed = input_of(of->gate, memory, rows);
    tw_matrix inside = input_of(of->down, &at->wide, rows);
    tuwen_status status = tw_rms_norm(worker, &normed, x, of->attention_norm, config->rms_epsilon, error);
    if (status == TUWEN_OK)
        status = tw_linear_gate(worker, of->gate, of->up, &normed, &inside, error);
    if (status == TUWEN_OK)
        status = tw_linear_apply(worker, of->down, &inside, all_of(of->down), x, config->hidden, true, error);
    return status;
}

/* The first `n` floats of rows of `stride` floats, of the last token of each sequence that a vector comes of. */
static void gather_last(const buffers *at, const float *from, size_t stride, size_t n, float *to)
{
    size_t row = 0;
    for (int i = 0; i < at->count; i++) {
        row += (size_t)at->sequences[i].length;
        if (at->sequences[i].keep)
            continue;
        memcpy(to, from + (row - 1) * stride, n * sizeof *to);
        to += n;
    }
}

/*
 * q|k|v of the last layer in at->wide: of all tokens keys and values, and of the pooled ones the queries in at->queries.
 * Where queries do not fill whole panels, they are computed of all tokens.
 */
static tuwen_status project_last(const tw_language *language, const tw_run *run, const buffers *at,
                                 const tw_matrix *normed, tuwen_error *error)
{
    const tw_text_config *config = &language->config;
    const layer *of = &language->layers[config->layers - 1];
    int stride = qkv_floats(config);
    int width = config->heads * config->head_dim;
    float *wide = at->wide.values;
    if (width % TW_PANEL != 0) {
        tuwen_status status =
            tw_linear_apply(run->worker, of->qkv, normed, all_of(of->qkv), wide, stride, false, error);
        gather_last(at, wide, (size_t)stride, (size_t)width, at->queries);
        return status;
    }
    tw_matrix pooled = input_of(of->qkv, &at->last_normed, at->pooled);
    int row = 0;
    int to = 0;
    for (int i = 0; i < at->count; i++) {
        row += at->sequences[i].length;
        if (!at->sequences[i].keep)
            tw_matrix_copy_row(normed, row - 1, &pooled, to++);
    }
    tuwen_status status = tw_linear_apply(run->worker, of->qkv, normed, (tw_outputs){width, stride - width},
                                          wide + width, stride, false, error);
    if (status == TUWEN_OK)
        status =
            tw_linear_apply(run->worker, of->qkv, &pooled, (tw_outputs){0, width}, at->queries, width, false, error);
    return status;
}

/* The last layer when only the last token's state is wanted: only that token asks, and passes the MLP. */
static tuwen_status last_layer(const tw_language *language, const tw_run *run, const buffers *at, tuwen_error *error)
{
    const tw_text_config *config = &language->config;
    const layer *of = &language->layers[config->layers - 1];
    tw_worker *worker = run->worker;
    size_t hidden = (size_t)config->hidden;
    gather_last(at, at->x, hidden, hidden, at->last);
    tw_matrix normed = input_of(of->qkv, &at->normed, at->rows);
    tw_matrix attended = input_of(of->o_proj, &at->last_normed, at->pooled);
    tuwen_status status = tw_rms_norm(worker, &normed, at->x, of->input_norm, config->rms_epsilon, error);
    if (status == TUWEN_OK)
        status = project_last(language, run, at, &normed, error);
    if (status == TUWEN_OK)
        status = attend_keys(language, run, config->layers - 1, at, at->queries, config->heads * config->head_dim,
                             true, &attended, error);
    if (status == TUWEN_OK)
        status =
            tw_linear_apply(worker, of->o_proj, &attended, all_of(of->o_proj), at->last, config->hidden, true, error);
    if (status == TUWEN_OK)
        status = feed_forward(language, run, of, at, at->last, at->pooled, &at->last_normed, error);
    return status;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

static tuwen_status norm_states(const tw_language *language, const tw_run *run, const float *x, int rows,
                                float *states, tuwen_error *error)
{
    return tw_rms_norm_rows(run->worker, states, x, language->norm, rows, language->config.hidden,
                            language->config.rms_epsilon, error);
}

/* Of each sequence the mean of its tokens after the final norm. */
static tuwen_status pool_mean(const tw_language *language, const tw_run *run, const buffers *at, float *states,
                              tuwen_error *error)
{
    size_t hidden = (size_t)language->config.hidden;
    float *rows = at->normed.values;
    tuwen_status status = norm_states(language, run, at->x, at->rows, rows, error);
    for (int i = 0; rows && i < at->count && status == TUWEN_OK; i++) {
        size_t length = (size_t)at->sequences[i].length;
        for (size_t j = 0; j < hidden; j++) {
            double sum = 0;
            for (size_t row = 0; row < length; row++)
                sum += (double)rows[row * hidden + j];
            states[(size_t)i * hidden + j] = (float)(sum / (double)length);
        }
        rows += length * hidden;
    }
    return status;
}

static tuwen_status forward(const tw_language *language, const tw_run *run, const buffers *at, tw_pooling pooling,
                            float *states, tuwen_error *error)
{
    const tw_text_config *config = &language->config;
    /* Who looks inside sees every token of every layer. */
    bool all = pooling == TW_POOL_MEAN || run->trace;
    tuwen_status status = TUWEN_OK;
    tw_run_trace(run, "embedding", 0, at->x, at->rows, config->hidden);
    for (int i = 0; i < config->layers - !all && status == TUWEN_OK; i++) {
        status = tw_run_check(run, error);
        if (status == TUWEN_OK)
            status = attend(language, run, i, at, error);
        if (status == TUWEN_OK)
            status = feed_forward(language, run, &language->layers[i], at, at->x, at->rows, &at->normed, error);
        if (status == TUWEN_OK)
            tw_run_trace(run, "layer", i, at->x, at->rows, config->hidden);
    }
    if (status == TUWEN_OK)
        status = tw_run_check(run, error);
    if (status == TUWEN_OK && pooling == TW_POOL_MEAN)
        return pool_mean(language, run, at, states, error);
    if (status == TUWEN_OK && !all)
        status = last_layer(language, run, at, error);
    else if (status == TUWEN_OK)
        gather_last(at, at->x, (size_t)config->hidden, (size_t)config->hidden, at->last);
    return status == TUWEN_OK ? norm_states(language, run, at->last, at->pooled, states, error) : status;
}

tuwen_status tw_language_forward(const tw_language *language, const tw_run *run, float *x,
                                 const tw_sequence *sequences, int count, tw_pooling pooling, float *states,
                                 tuwen_error *error)
{
    double begin = tw_clock_seconds();
    tw_worker_profile(run->worker)->part = TW_PART_TEXT;
    buffers at;
    (void)lay_out(language, tw_worker_machine(run->worker), sequences, count, run->scratch, &at);
    at.x = x;
    fill_angles(&language->config, sequences, count, at.cosines, at.sines);
    tw_profile_add(tw_worker_profile(run->worker), TW_WORK_REST, begin, 0);
    int before = tw_worker_enter(run->worker);
    tuwen_status status = forward(language, run, &at, pooling, states, error);
    tw_worker_leave(before);
    return status;
}

bool tw_normalize(float *vector, int n)
{
    double squares = 0;
    for (int i = 0; i < n; i++)
        squares += (double)vector[i] * (double)vector[i];
    bool good = isfinite(squares) && squares > 0;
    float inverse = good ? (float)(1 / sqrt(squares)) : 0.0f;
    for (int i = 0; i < n; i++)
        vector[i] = good ? vector[i] * inverse : 0.0f;
    return good;
}
