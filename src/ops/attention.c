/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attention by tiles. First the keys of every sequence are turned and packed, with the values, as if they were weights;
 * then a piece of work is a key head and a tile of queries, those of all the query heads that read it one after the
 * other. The tile walks over blocks of keys and keeps, a row, the largest score so far, the sum of exponentials and the
 * weighted sum of values, which are scaled when a larger score comes.
 */
#include "ops/attention.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "ops/rows.h"
#include "ops/worker.h"

/* Queries a tile: a multiple of the product kernel's rows, or what the library likes; keys a block. A tile's scores,
 * queries and results, with a block's keys and values, take about 600 KB. */
#define OWN_TILE 84
#define LIBRARY_TILE 128
#define LIBRARY_STEP 32 /* heights of its tiles are multiples of it */
#define TILES_TILE 128  /* by our own tiles of bf16 */
#define WEIGHT_STRIDE (BLOCK + 32)
#define BLOCK 512

/* ---- packed keys and values ----------------------------------------------------------------------------------------- */

static size_t up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

/* Floats a key in its panel, padded for the products. */
static size_t key_depth(const tw_heads *heads)
{
    return heads->element == TW_ELEMENT_F32 ? (size_t)heads->head_dim : up((size_t)heads->head_dim, 32);
}

/* Keys of a block as it is stored. */
static size_t block_keys(int length, int first)
{
    int keys = length - first < BLOCK ? length - first : BLOCK;
    return up((size_t)keys, TW_PANEL);
}

/* Elements of the keys of one head, [panels of keys][key_depth][64], and of the values behind them, [blocks][panels of
 * head_dim][block_keys][64]; of bf16 two neighbours in depth, or two keys, stand together. */
static size_t key_elements(const tw_heads *heads, int length)
{
    return up((size_t)length, TW_PANEL) * key_depth(heads);
}

static size_t value_elements(const tw_heads *heads, int length)
{
    return up((size_t)length, TW_PANEL) * up((size_t)heads->head_dim, TW_PANEL);
}

static size_t head_bytes(const tw_heads *heads, int length)
{
    return tw_lines((key_elements(heads, length) + value_elements(heads, length)) * tw_element_size(heads->element));
}

size_t tw_keys_bytes(const tw_heads *heads, int length)
{
    return (size_t)heads->kv_heads * head_bytes(heads, length);
}

static char *keys_of(const tw_heads *heads, const tw_keys *keys, int kv_head)
{
    return (char *)keys->memory + (size_t)kv_head * head_bytes(heads, keys->length);
}

static char *values_of(const tw_heads *heads, const tw_keys *keys, int kv_head)
{
    return keys_of(heads, keys, kv_head) + key_elements(heads, keys->length) * tw_element_size(heads->element);
}

/* The values of the block that begins with key `first`: all blocks before it are whole. */
static char *block_values(const tw_heads *heads, char *values, int first)
{
    return values + (size_t)first * up((size_t)heads->head_dim, TW_PANEL) * tw_element_size(heads->element);
}

/* One head of a row, turned by the angles of row `angle`. */
static void turn(const tw_kernels *kernels, const tw_attention *of, const float *from, size_t angle, float *to)
{
    size_t half = (size_t)of->heads.head_dim / 2;
    memcpy(to, from, 2 * half * sizeof *to);
    kernels->rotate(to, of->cosines + angle * half, of->sines + angle * half, half);
}

/* Puts rows [count][depth] into a panel as its columns: element (i, j) of row j becomes the panel's (i, j). */
static void put_columns(tw_element element, const float *rows, size_t stride, size_t count, size_t depth, void *panel)
{
    float *floats = panel;
    uint16_t *halves = panel;
    for (size_t j = 0; j < count; j++) {
        const float *row = rows + j * stride;
        if (element == TW_ELEMENT_F32)
            for (size_t i = 0; i < depth; i++)
                floats[i * TW_PANEL + j] = row[i];
        else
            for (size_t i = 0; i < depth; i++)
                halves[i / 2 * 2 * TW_PANEL + 2 * j + i % 2] = tw_bf16_from_f32(row[i]);
    }
}

/* Memory for packing a panel of keys: [64][head_dim] floats, or [64][key_depth] halves and one row of floats. */
static size_t packing_bytes(const tw_heads *heads)
{
    return TW_PANEL * key_depth(heads) * sizeof(float);
}

/* pack_keys, below, for our own tiles. */
static void pack_tile_keys(const tw_kernels *kernels, const tw_attention *of, const tw_sequence_keys *sequence,
                           int kv_head, int first, float *memory)
{
    const tw_heads *heads = &of->heads;
    size_t dim = (size_t)heads->head_dim;
    size_t depth = key_depth(heads);
    uint16_t *rows = (uint16_t *)(memory + depth);
    uint16_t *keys = (uint16_t *)(void *)keys_of(heads, &sequence->own, kv_head);
    int left = sequence->own.length - first;
    size_t count = left < TW_PANEL ? (size_t)left : TW_PANEL;
    size_t row = (size_t)sequence->row + (size_t)first;
    for (size_t j = 0; j < count; j++) {
        turn(kernels, of, of->k + (row + j) * (size_t)of->kv_stride + (size_t)kv_head * dim, row + j, memory);
        kernels->round_bf16(rows + j * depth, memory, dim);
        memset(rows + j * depth + dim, 0, (depth - dim) * sizeof *rows);
    }
    kernels->tiles->put_columns(keys + (size_t)first * depth, rows, depth, count, depth);
}

/* The 64 keys from `first` on, less at the end, into their panel; `rows` is memory of packing_bytes. */
static void pack_keys(const tw_kernels *kernels, const tw_attention *of, const tw_sequence_keys *sequence,
                      int kv_head, int first, float *rows)
{
    const tw_heads *heads = &of->heads;
    size_t dim = (size_t)heads->head_dim;
    size_t bytes = key_depth(heads) * TW_PANEL * tw_element_size(heads->element);
    char *panel = keys_of(heads, &sequence->own, kv_head) + (size_t)(first / TW_PANEL) * bytes;
    int count = sequence->own.length - first < TW_PANEL ? sequence->own.length - first : TW_PANEL;
    for (int j = 0; j < count; j++) {
        size_t row = (size_t)sequence->row + (size_t)first + (size_t)j;
        turn(kernels, of, of->k + row * (size_t)of->kv_stride + (size_t)kv_head * dim, row, rows + (size_t)j * dim);
    }
    if (count < TW_PANEL || key_depth(heads) > dim)
        memset(panel, 0, bytes);
    put_columns(heads->element, rows, dim, (size_t)count, dim, panel);
}

/* One pair of values from key `first` on, or one alone with zeros, or zeros, into the panels of their block. */
static void pack_pair(const tw_kernels *kernels, const tw_attention *of, const tw_sequence_keys *sequence,
                      int kv_head, int first, uint16_t *to, size_t panel)
{
    size_t dim = (size_t)of->heads.head_dim;
    size_t stride = (size_t)of->kv_stride;
    int left = sequence->own.length - first;
    const float *from =
        left > 0 ? of->v + ((size_t)sequence->row + (size_t)first) * stride + (size_t)kv_head * dim : NULL;
    for (size_t d = 0; d < dim; d += TW_PANEL)
        kernels->tiles->put_pairs(to + d / TW_PANEL * panel, left > 0 ? from + d : NULL,
                                  left > 1 ? from + stride + d : NULL, dim - d < TW_PANEL ? dim - d : TW_PANEL);
}

/* pack_values, below, for our own tiles. */
static void pack_tile_values(const tw_kernels *kernels, const tw_attention *of, const tw_sequence_keys *sequence,
                             int kv_head, int first)
{
    const tw_heads *heads = &of->heads;
    int begin = first / BLOCK * BLOCK;
    size_t keys = block_keys(sequence->own.length, begin);
    char *block = block_values(heads, values_of(heads, &sequence->own, kv_head), begin);
    for (int i = 0; i < TW_PANEL; i += 2)
        pack_pair(kernels, of, sequence, kv_head, first + i,
                  (uint16_t *)(void *)block + (size_t)(first - begin + i) * TW_PANEL, keys * TW_PANEL);
}

/* The 64 values from `first` on, into the panels of their block. */
static void pack_values(const tw_attention *of, const tw_sequence_keys *sequence, int kv_head, int first)
{
    const tw_heads *heads = &of->heads;
    size_t dim = (size_t)heads->head_dim;
    int begin = first / BLOCK * BLOCK;
    size_t keys = block_keys(sequence->own.length, begin);
    char *block = block_values(heads, values_of(heads, &sequence->own, kv_head), begin);
    for (size_t d = 0; d < dim; d += TW_PANEL) {
        size_t columns = dim - d < TW_PANEL ? dim - d : TW_PANEL;
        size_t at = d / TW_PANEL * keys * TW_PANEL;
        for (int i = 0; i < TW_PANEL; i++) {
            bool there = first + i < sequence->own.length;
            size_t key = ((size_t)first - (size_t)begin + (size_t)i);
            const float *from = of->v + ((size_t)sequence->row + (size_t)first + (size_t)i) * (size_t)of->kv_stride +
                                (size_t)kv_head * dim + d;
            float *floats = (float *)(void *)block + at + key * TW_PANEL;
            uint16_t *halves = (uint16_t *)(void *)block + at + key / 2 * 2 * TW_PANEL + key % 2;
            for (size_t j = 0; j < TW_PANEL; j++) {
                float value = there && j < columns ? from[j] : 0.0f;
                if (heads->element == TW_ELEMENT_F32)
                    floats[j] = value;
                else
                    halves[2 * j] = tw_bf16_from_f32(value);
            }
        }
    }
}

/* ---- a tile of queries ------------------------------------------------------------------------------------------------ */

/* A thread's memory. Rows count the tile's queries. */
typedef struct {
    void *q;             /* [rows][q_stride], turned, in the heads' element */
    float *scores;       /* [rows][BLOCK], or [rows][keys of the block] by the library */
    uint16_t *weights;   /* the same, rounded, for the library; [rows][WEIGHT_STRIDE] for our tiles */
    float *part;         /* [rows][part_stride]: what a block adds to `result` */
    float *result;       /* [rows][result_stride] */
    float *maximum;      /* [rows] */
    float *sum, *factor; /* likewise */
    void *library;       /* scratchpad */
} room;

typedef struct {
    const tw_attention *attention;
    tw_worker *worker;
    bool library;
    const tw_tile_kernels *tiles; /* our own tiles of bf16, or NULL */
    int tile_rows;
    size_t dim, q_stride, part_stride, result_stride;
    size_t library_bytes;
    double operations;
} plan;

static size_t take(size_t *at, size_t bytes)
{
    size_t begin = *at;
    *at += tw_lines(bytes);
    return begin;
}

/* Lays out the memory of a thread from `base` on; returns its size. */
static size_t lay_out(const plan *of, char *base, room *at)
{
    size_t rows = (size_t)of->tile_rows;
    size_t used = 0;
    size_t offsets[9];
    offsets[0] = take(&used, rows * of->q_stride * sizeof(float));
    offsets[1] = take(&used, rows * TW_STRIDE * sizeof(float));
    offsets[2] = take(&used, of->library || of->tiles ? rows * WEIGHT_STRIDE * sizeof(uint16_t) : 0);
    offsets[3] = take(&used, rows * of->part_stride * sizeof(float));
    offsets[4] = take(&used, rows * of->result_stride * sizeof(float));
    for (int i = 5; i < 8; i++)
        offsets[i] = take(&used, rows * sizeof(float));
    offsets[8] = take(&used, of->library_bytes);
    if (base)
        *at = (room){.q = base + offsets[0],
                     .scores = (float *)(void *)(base + offsets[1]),
                     .weights = (uint16_t *)(void *)(base + offsets[2]),
                     .part = (float *)(void *)(base + offsets[3]),
                     .result = (float *)(void *)(base + offsets[4]),
                     .maximum = (float *)(void *)(base + offsets[5]),
                     .sum = (float *)(void *)(base + offsets[6]),
                     .factor = (float *)(void *)(base + offsets[7]),
                     .library = base + offsets[8]};
    return used;
}

/* A tile at work. */
typedef struct {
    const plan *plan;
    const tw_sequence_keys *sequence;
    int kv_head;
    int first, rows; /* of the queries of the head's group, those of one query head after the other */
    room at;
} tile;

static int group_of(const tw_heads *heads)
{
    return heads->heads / heads->kv_heads;
}

/* Which query of its sequence stands in a row of the tile, and of which query head. */
static int query_of(const tile *of, int row, int *head)
{
    int index = of->first + row;
    *head = of->kv_head * group_of(&of->plan->attention->heads) + index / of->sequence->queries;
    return index % of->sequence->queries;
}

static void gather_queries(const tile *of)
{
    const tw_attention *attention = of->plan->attention;
    const tw_kernels *kernels = of->plan->worker->machine->kernels;
    size_t dim = of->plan->dim;
    for (int i = 0; i < of->rows; i++) {
        int head;
        int query = query_of(of, i, &head);
        int token = of->sequence->own.length - of->sequence->queries + query;
        const float *from = attention->q +
                            ((size_t)of->sequence->query_row + (size_t)query) * (size_t)attention->q_stride +
                            (size_t)head * dim;
        bool halves = of->plan->library || of->plan->tiles;
        float *to = halves ? of->at.part : (float *)of->at.q + (size_t)i * of->plan->q_stride;
        turn(kernels, attention, from, (size_t)of->sequence->row + (size_t)token, to);
        if (halves)
            kernels->round_bf16((uint16_t *)of->at.q + (size_t)i * of->plan->q_stride, to, dim);
        if (of->plan->tiles)
            memset((uint16_t *)of->at.q + (size_t)i * of->plan->q_stride + dim, 0,
                   (of->plan->q_stride - dim) * sizeof(uint16_t));
        of->at.maximum[i] = -INFINITY;
        of->at.sum[i] = 0;
    }
    memset(of->at.result, 0, (size_t)of->rows * of->plan->result_stride * sizeof(float));
}

/* Keys of its own sequence that a row of the tile sees. */
static int seen_by(const tile *of, int row)
{
    int head;
    int length = of->sequence->own.length;
    return of->plan->attention->causal ? length - of->sequence->queries + query_of(of, row, &head) + 1 : length;
}

/* The most that any row sees. */
static int seen_by_all(const tile *of)
{
    int most = 0;
    for (int i = 0; i < of->rows; i++) {
        int seen = seen_by(of, i);
        most = seen > most ? seen : most;
    }
    return most;
}

static tuwen_status run_library(const tile *of, size_t in, size_t out, const void *x, const void *panels, float *y,
                                tuwen_error *error)
{
    const tw_tile *prepared = NULL;
    tw_worker *worker = of->plan->worker;
    const tw_tile shape = {TW_ELEMENT_BF16, (int)up((size_t)of->rows, LIBRARY_STEP), (int)in, (int)out};
    tuwen_status status;
#pragma omp critical(tw_attention_prepare)
    status = tw_tiles_prepare(worker->tiles, shape, &prepared, error);
    if (status != TUWEN_OK)
        return status;
    /* The plan asked for whole tiles alone. A lower one has never been seen to need more, but nothing promises it. */
    size_t bytes = tw_tile_memory(prepared);
    void *more = bytes > of->plan->library_bytes ? tw_alloc_aligned(bytes, 1) : NULL;
    if (bytes > of->plan->library_bytes && !more)
        return tw_fail_memory(error, "attention");
    status =
        tw_tile_run(worker->tiles, prepared, omp_get_thread_num(), x, panels, y, more ? more : of->at.library, error);
    tw_free(more);
    return status;
}

/* scores = q k^T for the block of keys from `first` on, of which `keys` are wanted. */
static tuwen_status score(const tile *of, const tw_keys *keys, int first, size_t count, size_t stride,
                          tuwen_error *error)
{
    const tw_heads *heads = &of->plan->attention->heads;
    const tw_kernels *kernels = of->plan->worker->machine->kernels;
    size_t depth = key_depth(heads);
    const char *panels = keys_of(heads, keys, of->kv_head) + (size_t)first * depth * tw_element_size(heads->element);
    if (of->plan->library)
        return run_library(of, of->plan->dim, stride, of->at.q, panels, of->at.scores, error);
    const float *floats = (const float *)(const void *)panels;
    for (size_t j = 0; j < count; j += TW_PANEL)
        kernels->product(of->at.scores + j, stride, of->at.q, of->plan->q_stride, (size_t)of->rows,
                         floats + j * depth, count - j < TW_PANEL ? count - j : TW_PANEL, of->plan->dim, false, NULL,
                         0);
    return TUWEN_OK;
}

/* part = weights times the values of the block. */
static tuwen_status gather_values(const tile *of, const tw_keys *keys, int first, size_t count, size_t stride,
                                  tuwen_error *error)
{
    const tw_heads *heads = &of->plan->attention->heads;
    const tw_kernels *kernels = of->plan->worker->machine->kernels;
    const char *block = block_values(heads, values_of(heads, keys, of->kv_head), first);
    size_t dim = of->plan->dim;
    if (of->plan->library)
        return run_library(of, stride, dim, of->at.weights, block, of->at.part, error);
    const float *floats = (const float *)(const void *)block;
    size_t panel = block_keys(keys->length, first) * TW_PANEL;
    for (size_t d = 0; d < dim; d += TW_PANEL)
        kernels->product(of->at.part + d, of->plan->part_stride, of->at.scores, stride, (size_t)of->rows,
                         floats + d / TW_PANEL * panel, dim - d < TW_PANEL ? dim - d : TW_PANEL, count, false, NULL,
                         0);
    return TUWEN_OK;
}

/* As attend_block below, by our own tiles of bf16: what a block adds is summed straight into the result. */
static void attend_by_tiles(const tile *of, const tw_keys *keys, bool own, int first, int most)
{
    const tw_tile_kernels *tiles = of->plan->tiles;
    const tw_heads *heads = &of->plan->attention->heads;
    size_t dim = of->plan->dim;
    size_t depth = key_depth(heads);
    size_t count = (size_t)(most - first < BLOCK ? most - first : BLOCK);
    size_t padded = up(count, 32);
    float scale = 1.0f / sqrtf((float)dim);
    const char *panels = keys_of(heads, keys, of->kv_head) + (size_t)first * depth * sizeof(uint16_t);
    const char *values = block_values(heads, values_of(heads, keys, of->kv_head), first);
    tiles->product(&(tw_tile_product){.c = of->at.scores,
                                      .c_stride = TW_STRIDE,
                                      .a = of->at.q,
                                      .a_stride = of->plan->q_stride,
                                      .rows = (size_t)of->rows,
                                      .panels = (const uint16_t *)(const void *)panels,
                                      .panel_stride = depth * TW_PANEL,
                                      .columns = count,
                                      .k = depth});
    for (int i = 0; i < of->rows; i++) {
        int seen = (own ? seen_by(of, i) : keys->length) - first;
        size_t n = seen < 0 ? 0 : (size_t)seen < count ? (size_t)seen : count;
        float factor = tiles->weigh(of->at.weights + (size_t)i * WEIGHT_STRIDE, of->at.scores + (size_t)i * TW_STRIDE,
                                    n, padded, scale, &of->at.maximum[i], &of->at.sum[i]);
        float *row = of->at.result + (size_t)i * of->plan->result_stride;
        for (size_t j = 0; factor != 1.0f && j < dim; j++)
            row[j] *= factor;
    }
    tiles->product(&(tw_tile_product){.c = of->at.result,
                                      .c_stride = of->plan->result_stride,
                                      .a = of->at.weights,
                                      .a_stride = WEIGHT_STRIDE,
                                      .rows = (size_t)of->rows,
                                      .panels = (const uint16_t *)(const void *)values,
                                      .panel_stride = block_keys(keys->length, first) * TW_PANEL,
                                      .columns = dim,
                                      .k = padded,
                                      .add = true});
}

/* One block of keys of the sequence itself (`own`) or of its prefix. */
static tuwen_status attend_block(const tile *of, const tw_keys *keys, bool own, int first, int most,
                                 tuwen_error *error)
{
    const tw_kernels *kernels = of->plan->worker->machine->kernels;
    if (of->plan->tiles) {
        attend_by_tiles(of, keys, own, first, most);
        return TUWEN_OK;
    }
    size_t dim = of->plan->dim;
    size_t count = (size_t)(most - first < BLOCK ? most - first : BLOCK);
    size_t stride = of->plan->library ? block_keys(keys->length, first) : TW_STRIDE;
    float scale = 1.0f / sqrtf((float)dim);
    tuwen_status status = score(of, keys, first, count, stride, error);
    if (status != TUWEN_OK)
        return status;
    size_t width = of->plan->library ? stride : count;
    for (int i = 0; i < of->rows; i++) {
        float *row = of->at.scores + (size_t)i * stride;
        int seen = (own ? seen_by(of, i) : keys->length) - first;
        size_t n = seen < 0 ? 0 : (size_t)seen < count ? (size_t)seen : count;
        of->at.factor[i] = kernels->weigh(row, n, scale, &of->at.maximum[i], &of->at.sum[i]);
        memset(row + n, 0, (width - n) * sizeof *row);
        if (of->plan->library)
            kernels->round_bf16(of->at.weights + (size_t)i * stride, row, stride);
    }
    status = gather_values(of, keys, first, count, stride, error);
    for (int i = 0; status == TUWEN_OK && i < of->rows; i++)
        kernels->scale_add(of->at.result + (size_t)i * of->plan->result_stride, of->at.factor[i],
                           of->at.part + (size_t)i * of->plan->part_stride, dim);
    return status;
}

static void put_results(const tile *of)
{
    const tw_attention *attention = of->plan->attention;
    size_t dim = of->plan->dim;
    for (int i = 0; i < of->rows; i++) {
        int head;
        int query = query_of(of, i, &head);
        float *row = of->at.result + (size_t)i * of->plan->result_stride;
        float inverse = 1.0f / of->at.sum[i];
        for (size_t j = 0; j < dim; j++)
            row[j] *= inverse;
        tw_matrix_put(of->plan->worker->machine->kernels, attention->out, of->sequence->query_row + query,
                      head * (int)dim, row, (int)dim);
    }
}

static tuwen_status attend_tile(const tile *of, tuwen_error *error)
{
    const tw_keys *prefix = of->sequence->prefix;
    tuwen_status status = TUWEN_OK;
    gather_queries(of);
    for (int first = 0; prefix && first < prefix->length && status == TUWEN_OK; first += BLOCK)
        status = attend_block(of, prefix, false, first, prefix->length, error);
    int most = seen_by_all(of);
    for (int first = 0; first < most && status == TUWEN_OK; first += BLOCK)
        status = attend_block(of, &of->sequence->own, true, first, most, error);
    if (status == TUWEN_OK)
        put_results(of);
    return status;
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

static void pack_all(const plan *of)
{
    const tw_attention *attention = of->attention;
    int count = 0; /* panels of 64 keys */
    for (int i = 0; i < attention->count; i++) {
        attention->sequences[i].tasks = count;
        count += (attention->sequences[i].own.length + TW_PANEL - 1) / TW_PANEL;
    }
    int kv_heads = attention->heads.kv_heads;
#pragma omp parallel for schedule(dynamic, 4) if (of->operations > TW_FEW_OPERATIONS)
    for (int task = 0; task < count * kv_heads; task++) {
        const tw_sequence_keys *sequence = attention->sequences;
        int panel = task / kv_heads;
        while (sequence + 1 < attention->sequences + attention->count && sequence[1].tasks <= panel)
            sequence++;
        int first = (panel - sequence->tasks) * TW_PANEL;
        const tw_kernels *kernels = of->worker->machine->kernels;
        void *memory = tw_worker_memory(of->worker, omp_get_thread_num());
        if (of->tiles) {
            pack_tile_keys(kernels, attention, sequence, task % kv_heads, first, memory);
            pack_tile_values(kernels, attention, sequence, task % kv_heads, first);
        } else {
            pack_keys(kernels, attention, sequence, task % kv_heads, first, memory);
            pack_values(attention, sequence, task % kv_heads, first);
        }
    }
}

/* How many tiles a key head's queries of a sequence make. */
static int tiles_of(const plan *of, const tw_sequence_keys *sequence)
{
    int queries = sequence->queries * group_of(&of->attention->heads);
    return (queries + of->tile_rows - 1) / of->tile_rows;
}

static tuwen_status run_task(const plan *of, int task, tuwen_error *error)
{
    const tw_attention *attention = of->attention;
    if (attention->cancel && atomic_load(attention->cancel))
        return tw_fail(error, TUWEN_CANCELLED, "cancelled");
    int low = 0;
    int high = attention->count - 1;
    while (low < high) { /* the last sequence that begins at the task or before it */
        int middle = (low + high + 1) / 2;
        if (attention->sequences[middle].tasks <= task)
            low = middle;
        else
            high = middle - 1;
    }
    const tw_sequence_keys *sequence = &attention->sequences[low];
    int tiles = tiles_of(of, sequence);
    int index = task - sequence->tasks;
    int first = index % tiles * of->tile_rows;
    int queries = sequence->queries * group_of(&attention->heads);
    tile work = {.plan = of,
                 .sequence = sequence,
                 .kv_head = index / tiles,
                 .first = first,
                 .rows = queries - first < of->tile_rows ? queries - first : of->tile_rows};
    char *memory = tw_worker_memory(of->worker, omp_get_thread_num());
    if (!memory)
        return tw_fail_memory(error, "attention");
    (void)lay_out(of, memory, &work.at);
    return attend_tile(&work, error);
}

/* Floating-point operations: two products of head_dim for each pair of a query and a key that it sees. */
static double operations_of(const tw_attention *of)
{
    double pairs = 0;
    for (int i = 0; i < of->count; i++) {
        double queries = of->sequences[i].queries;
        double seen = of->sequences[i].own.length;
        if (of->causal)
            seen -= (queries - 1) / 2;
        pairs += queries * (seen + (of->sequences[i].prefix ? of->sequences[i].prefix->length : 0));
    }
    return 4.0 * pairs * of->heads.heads * of->heads.head_dim;
}

/* The most memory that the library wants for the products of a tile. */
static tuwen_status prepare_library(plan *of, tuwen_error *error)
{
    for (int keys = TW_PANEL; keys <= BLOCK; keys += TW_PANEL) {
        const tw_tile shapes[2] = {{TW_ELEMENT_BF16, of->tile_rows, (int)of->dim, keys},
                                   {TW_ELEMENT_BF16, of->tile_rows, keys, (int)of->dim}};
        for (int i = 0; i < 2; i++) {
            const tw_tile *prepared = NULL;
            tuwen_status status = tw_tiles_prepare(of->worker->tiles, shapes[i], &prepared, error);
            if (status != TUWEN_OK)
                return status;
            size_t bytes = tw_tile_memory(prepared);
            of->library_bytes = bytes > of->library_bytes ? bytes : of->library_bytes;
        }
    }
    return TUWEN_OK;
}

tuwen_status tw_attend(tw_worker *worker, const tw_attention *attention, tuwen_error *error)
{
    double begin = tw_clock_seconds();
    plan of = {.attention = attention,
               .worker = worker,
               .tiles = attention->heads.element != TW_ELEMENT_F32 ? worker->machine->kernels->tiles : NULL,
               .dim = (size_t)attention->heads.head_dim};
    of.operations = operations_of(attention);
    of.library = attention->heads.element != TW_ELEMENT_F32 && !of.tiles;
    of.tile_rows = of.tiles ? TILES_TILE : of.library ? LIBRARY_TILE : OWN_TILE;
    of.q_stride = of.library || of.dim > TW_STRIDE ? of.dim : TW_STRIDE;
    if (of.tiles)
        of.q_stride = key_depth(&attention->heads);
    of.part_stride = of.library ? of.dim : up(of.dim, TW_PANEL);
    of.result_stride = of.tiles ? up(of.dim, 16) : of.dim;
    tuwen_status result = of.library ? prepare_library(&of, error) : TUWEN_OK;
    if (result != TUWEN_OK)
        return result;
    size_t packing = packing_bytes(&attention->heads);
    size_t needed = lay_out(&of, NULL, NULL);
    if (!tw_worker_reserve(worker, needed > packing ? needed : packing))
        return tw_fail_memory(error, "attention");
    pack_all(&of);
    int tasks = 0;
    for (int i = 0; i < attention->count; i++) {
        attention->sequences[i].tasks = tasks;
        tasks += tiles_of(&of, &attention->sequences[i]) * attention->heads.kv_heads;
    }
    const tuwen_language language = error ? error->language : TUWEN_ENGLISH;
#pragma omp parallel for schedule(dynamic) if (of.operations > TW_FEW_OPERATIONS)
    for (int task = 0; task < tasks; task++) {
        tuwen_error failure = {.language = language};
        tuwen_status status = run_task(&of, task, &failure);
        if (status != TUWEN_OK) {
#pragma omp critical(tw_attend_failure)
            {
                result = status;
                if (error)
                    *error = failure;
            }
        }
    }
    tw_matrix_finish(worker, attention->out);
    tw_profile_add(&worker->profile, TW_WORK_ATTENTION, begin, of.operations);
    return result;
}
