/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linear layer. A product is cut into tasks, each a block of rows times a group of panels, that threads take one
 * after the other; each computes its tile of the result in its own memory and finishes it there.
 *
 * A tile is computed in one of four ways. Where the machine multiplies the weights' element, oneDNN does (library.h), on
 * inputs in that element; but bf16 and bytes are multiplied by the level's own kernel where there is one (AMX). Elsewhere
 * our own product kernels do, a panel at a time: in f32, where a panel of bf16 is widened into the thread's memory first,
 * or in bytes. Sums of bytes are exact whichever way they are computed.
 */
#include "ops/linear.h"

#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "ops/rows.h"
#include "ops/worker.h"

/* Outputs a task, four panels, if that leaves each thread a few tasks: what a task reads of x serves them all. */
#define GROUP 256
#define TASKS_A_THREAD 4
/* Rows of the library's tiles: the f32 result, 128 KB, stays in a second-level cache. */
#define LIBRARY_ROWS 128
/* Rows of our tiles, and floats between rows of a result, so that 16 rows are not in the same sets of a cache. */
#define TILES_ROWS 320
#define TILES_DEPTH 512 /* bytes of a row at a time: what 32 outputs take of them stays in a first-level cache */
#define TILES_GAP 16
/* Rows of ours: a multiple of the kernels' 14 and 6. */
#define OWN_ROWS 336
#define OWN_STEP 42
#define OWN_BYTE_ROWS 128

struct tw_linear {
    const tw_machine *machine;
    tw_layout layout;
    const void *packed;
    const float *bias;          /* NULL without */
    const float *scales, *sums; /* of I8 */
    void *own_packed;           /* NULL when borrowed, as are those below */
    float *own_bias, *own_scales;
};

/* ---- weights ------------------------------------------------------------------------------------------------------ */

tw_layout tw_linear_layout(tw_element element, int out, int in)
{
    return tw_layout_panels(element, in, out);
}

/* Outputs of one panel, [count][in], into it; the rest of it is zero already. */
static void pack_panel(const tw_kernels *kernels, const tw_layout *layout, const float *weight, int count,
                       void *packed)
{
    size_t in = (size_t)layout->sizes[0];
    float *floats = packed;
    uint16_t *halves = packed;
    uint16_t rounded[TW_DEPTH];
    for (size_t first = 0; first < in; first += TW_DEPTH) {
        size_t n = in - first < TW_DEPTH ? in - first : TW_DEPTH;
        for (size_t j = 0; j < (size_t)count; j++) {
            const float *row = weight + j * in + first;
            if (layout->element == TW_ELEMENT_F32) {
                for (size_t i = 0; i < n; i++)
                    floats[(first + i) * TW_PANEL + j] = row[i];
                continue;
            }
            kernels->round_bf16(rounded, row, n);
            for (size_t i = 0; i < n; i++)
                halves[(first + i) / 2 * 2 * TW_PANEL + 2 * j + i % 2] = rounded[i];
        }
    }
}

void tw_linear_pack(const tw_machine *machine, const tw_layout *layout, const float *weight, void *packed)
{
    const tw_kernels *kernels = machine->kernels;
    int64_t in = layout->sizes[0];
    int64_t out = layout->sizes[1];
    size_t bytes = (size_t)layout->strides[1] * tw_element_size(layout->element);
    int before = omp_get_max_threads();
    omp_set_num_threads(machine->threads);
#pragma omp parallel for schedule(dynamic)
    for (int64_t first = 0; first < out; first += TW_PANEL) {
        int count = out - first < TW_PANEL ? (int)(out - first) : TW_PANEL;
        char *panel = (char *)packed + (size_t)(first / TW_PANEL) * bytes;
        if (count < TW_PANEL || layout->padded[0] > in)
            memset(panel, 0, bytes);
        pack_panel(kernels, layout, weight + first * in, count, panel);
    }
    omp_set_num_threads(before);
}

tuwen_status tw_linear_map(const tw_machine *machine, const tw_layout *layout, const void *packed, const float *bias,
                           tw_linear **linear_out, tuwen_error *error)
{
    *linear_out = NULL;
    tw_linear *linear = tw_alloc_zero(1, sizeof *linear);
    if (!linear)
        return tw_fail_memory(error, "the weights");
    linear->machine = machine;
    linear->layout = *layout;
    linear->packed = packed;
    linear->bias = bias;
    *linear_out = linear;
    return TUWEN_OK;
}

tuwen_status tw_linear_map_int8(const tw_machine *machine, const tw_layout *layout, const void *packed,
                                const float *scales, const float *sums, const float *bias, tw_linear **linear,
                                tuwen_error *error)
{
    tuwen_status status = tw_linear_map(machine, layout, packed, bias, linear, error);
    if (*linear) {
        (*linear)->scales = scales;
        (*linear)->sums = sums;
    }
    return status;
}

tuwen_status tw_linear_open(const tw_machine *machine, tw_element element, int out, int in, const float *weight,
                            const float *bias, tw_linear **linear_out, tuwen_error *error)
{
    *linear_out = NULL;
    const tw_layout layout = tw_linear_layout(element, out, in);
    void *packed = tw_alloc_aligned(tw_layout_bytes(&layout), 1);
    float *own_bias = bias ? tw_alloc_aligned((size_t)out, sizeof *own_bias) : NULL;
    bool scaled = element == TW_ELEMENT_I8;
    float *own_scales = scaled ? tw_alloc_aligned(2 * (size_t)out, sizeof *own_scales) : NULL; /* scales, then sums */
    tw_linear *linear = NULL;
    tuwen_status status = !packed || (bias && !own_bias) || (scaled && !own_scales)
                              ? tw_fail_memory(error, "the weights")
                              : tw_linear_map(machine, &layout, packed, own_bias, &linear, error);
    if (!linear) {
        tw_free(packed);
        tw_free(own_bias);
        tw_free(own_scales);
        return status;
    }
    if (scaled) {
        linear->scales = linear->own_scales = own_scales;
        linear->sums = own_scales + out;
        tw_linear_quantize(machine, &layout, weight, packed, own_scales, own_scales + out);
    } else {
        tw_linear_pack(machine, &layout, weight, packed);
    }
    if (own_bias)
        memcpy(own_bias, bias, (size_t)out * sizeof *bias);
    linear->own_packed = packed;
    linear->own_bias = own_bias;
    *linear_out = linear;
    return TUWEN_OK;
}

void tw_linear_close(tw_linear *linear)
{
    if (!linear)
        return;
    tw_free(linear->own_packed);
    tw_free(linear->own_bias);
    tw_free(linear->own_scales);
    tw_free(linear);
}

tw_element tw_linear_input(const tw_linear *linear)
{
    tw_element element = linear->layout.element;
    return element == TW_ELEMENT_I8 || tw_machine_multiplies(linear->machine, element) ? element : TW_ELEMENT_F32;
}

int tw_linear_out(const tw_linear *linear)
{
    return (int)linear->layout.sizes[1];
}

int tw_linear_in(const tw_linear *linear)
{
    return (int)linear->layout.sizes[0];
}

const void *tw_linear_packed(const tw_linear *linear)
{
    return linear->packed;
}

/* ---- one product and what follows it -------------------------------------------------------------------------------- */

typedef enum { STORE, ADD, QUICK_GELU, GELU, GATE } finish;

/* One call. */
typedef struct {
    tw_worker *worker;
    const tw_linear *linears[2]; /* the second one is up, of GATE */
    const tw_matrix *x;
    tw_outputs outputs;
    finish finish;
    float *y; /* of STORE and ADD */
    size_t y_stride;
    tw_matrix *out; /* of the others */
    /* how it is cut up */
    bool library;
    const tw_tile_kernels *own_tiles; /* of x in bf16 or bytes, or NULL */
    int block_rows, group;            /* rows and outputs of a task, the last ones less */
    int blocks, groups;
    const tw_tile *tiles[2][2]; /* [last block][last group], of the library */
    size_t tile_bytes;          /* of one tile of the result */
    size_t memory;              /* beside the tiles: the library's scratchpad, or a widened panel */
} job;

/* Rows or outputs of piece `index` of `pieces` that are `size` each, of `total` in all. */
static int piece(int index, int pieces, int size, int total)
{
    return index + 1 < pieces ? size : total - index * size;
}

/* Cuts `rows` into blocks of nearly the same height, a multiple of `step` and at most `most`. */
static void cut_rows(job *of, int rows, int most, int step)
{
    int blocks = (rows + most - 1) / most;
    of->block_rows = ((rows + blocks - 1) / blocks + step - 1) / step * step;
    of->blocks = (rows + of->block_rows - 1) / of->block_rows;
}

/* Cuts the outputs into groups of panels. */
static void cut_outputs(job *of)
{
    int threads = of->worker->machine->threads;
    int count = of->outputs.count;
    of->group = GROUP;
    while (of->group > TW_PANEL && (count + of->group - 1) / of->group * of->blocks < TASKS_A_THREAD * threads)
        of->group /= 2;
    of->group = of->group < count ? of->group : count;
    of->groups = (count + of->group - 1) / of->group;
}

/* Floats from row to row of a tile of so many outputs: whole panels, where they are ours. */
static int tile_width(const job *of, int outs)
{
    int whole = (outs + TW_PANEL - 1) / TW_PANEL * TW_PANEL;
    return of->library ? outs : of->own_tiles ? whole + TILES_GAP : whole;
}

static tuwen_status prepare_tiles(job *of, tuwen_error *error)
{
    const tw_matrix *x = of->x;
    for (int last_block = 0; last_block < 2; last_block++) {
        for (int last_group = 0; last_group < 2; last_group++) {
            int rows = last_block ? piece(of->blocks - 1, of->blocks, of->block_rows, x->rows) : of->block_rows;
            int outs = last_group ? piece(of->groups - 1, of->groups, of->group, of->outputs.count) : of->group;
            const tw_tile shape = {x->element, tw_matrix_room(rows), x->columns, outs};
            tuwen_status status =
                tw_tiles_prepare(of->worker->tiles, shape, &of->tiles[last_block][last_group], error);
            if (status != TUWEN_OK)
                return status;
            size_t memory = tw_tile_memory(of->tiles[last_block][last_group]);
            of->memory = memory > of->memory ? memory : of->memory;
        }
    }
    return TUWEN_OK;
}

static tuwen_status plan(job *of, tuwen_error *error)
{
    of->own_tiles = of->x->element != TW_ELEMENT_F32 ? of->worker->machine->kernels->tiles : NULL;
    of->library = !of->own_tiles && tw_machine_multiplies(of->worker->machine, of->x->element);
    if (of->own_tiles)
        cut_rows(of, of->x->rows, TILES_ROWS, 32);
    else if (of->library)
        cut_rows(of, of->x->rows, LIBRARY_ROWS, 8);
    else if (of->x->element == TW_ELEMENT_I8)
        cut_rows(of, of->x->rows, OWN_BYTE_ROWS, 8);
    else
        cut_rows(of, of->x->rows, OWN_ROWS, OWN_STEP);
    cut_outputs(of);
    of->memory = TW_DEPTH * TW_PANEL * sizeof(float);
    tuwen_status status = of->library ? prepare_tiles(of, error) : TUWEN_OK;
    if (status != TUWEN_OK)
        return status;
    of->tile_bytes =
        tw_lines((size_t)tw_matrix_room(of->block_rows) * (size_t)tile_width(of, of->group) * sizeof(float));
    of->memory = tw_lines(of->memory);
    if (!tw_worker_reserve(of->worker, of->memory + (of->finish == GATE ? 2 : 1) * of->tile_bytes))
        return tw_fail_memory(error, "a product");
    return TUWEN_OK;
}

/* The tile of bytes by our own kernel. */
static void compute_bytes(const job *of, const tw_linear *linear, int first_row, int rows, int first_out, int outs,
                          int32_t *tile)
{
    const tw_kernels *kernels = of->worker->machine->kernels;
    size_t in = (size_t)of->x->columns;
    size_t panel = (size_t)linear->layout.strides[1];
    const int8_t *group = (const int8_t *)linear->packed + (size_t)first_out / TW_PANEL * panel;
    for (int out = 0; out < outs; out += TW_PANEL)
        kernels->product_s8(tile + out, (size_t)tile_width(of, outs),
                            (const uint8_t *)of->x->values + (size_t)first_row * in, in,
                            group + (size_t)(out / TW_PANEL) * panel, (size_t)rows, in);
}

/* Where the weights of a group of outputs begin. */
static const char *group_of(const job *of, const tw_linear *linear, int group)
{
    size_t first = (size_t)of->outputs.first + (size_t)group * (size_t)of->group;
    size_t panel = (size_t)linear->layout.strides[1] * tw_element_size(linear->layout.element);
    return (const char *)linear->packed + first / TW_PANEL * panel;
}

/* What a thread will likely multiply with after linear `index` of a task, as threads take tasks in turn; NULL for the same
 * weights again, or too few. */
static const char *group_after(const job *of, int index, int block, int group)
{
    if (index == 0 && of->finish == GATE)
        return group_of(of, of->linears[1], group);
    int after = group + (block + of->worker->machine->threads) / of->blocks;
    return after != group && after + 1 < of->groups ? group_of(of, of->linears[0], after) : NULL;
}

/* The tile by our own tiles, TILES_DEPTH bytes of rows at a time, of which the next ones are fetched on the way; `next` is
 * wanted after it. */
static void compute_tiles(const job *of, const tw_linear *linear, int first_row, int rows, int group, int outs,
                          const char *next, float *tile)
{
    size_t size = tw_element_size(of->x->element);
    size_t in = (size_t)of->x->columns * size;
    const char *x = (const char *)of->x->values + (size_t)first_row * in;
    const char *panels = group_of(of, linear, group);
    for (size_t k = 0; k < in; k += TILES_DEPTH) {
        size_t n = in - k < TILES_DEPTH ? in - k : TILES_DEPTH;
        of->own_tiles->product(&(tw_tile_product){.c = tile,
                                                  .c_stride = (size_t)tile_width(of, outs),
                                                  .a = x + k,
                                                  .a_stride = (size_t)of->x->columns,
                                                  .rows = (size_t)rows,
                                                  .panels = panels + k * TW_PANEL,
                                                  .panel_stride = (size_t)linear->layout.strides[1],
                                                  .columns = (size_t)outs,
                                                  .k = n / size,
                                                  .add = k > 0,
                                                  .bytes = of->x->element == TW_ELEMENT_I8,
                                                  .next = k + n < in ? panels + (k + n) * TW_PANEL : next,
                                                  .next_bytes = n * TW_PANEL});
    }
}

/* The tile by our own kernel. A panel is widened or copied into the thread's memory, and while it is multiplied the next one
 * is fetched: products of weights that lie far away take a tenth longer (docs/speed.md). */
static void compute_own(const job *of, const tw_linear *linear, int first_row, int rows, int first_out, int outs,
                        float *tile, float *weights)
{
    const tw_kernels *kernels = of->worker->machine->kernels;
    size_t in = (size_t)of->x->columns;
    size_t width = (size_t)tile_width(of, outs);
    size_t size = tw_element_size(linear->layout.element);
    size_t panel = (size_t)linear->layout.strides[1] * size;
    const char *group = (const char *)linear->packed + (size_t)first_out / TW_PANEL * panel;
    for (size_t k = 0; k < in; k += TW_DEPTH) {
        size_t n = in - k < TW_DEPTH ? in - k : TW_DEPTH;
        const float *x = tw_matrix_block(of->x, first_row, (int)(k / TW_DEPTH));
        for (int out = 0; out < outs; out += TW_PANEL) {
            const char *at = group + (size_t)(out / TW_PANEL) * panel + k * TW_PANEL * size;
            const char *next = out + TW_PANEL < outs ? at + panel : group + (k + n) * TW_PANEL * size;
            if (linear->layout.element == TW_ELEMENT_BF16)
                kernels->widen_panel(weights, (const uint16_t *)(const void *)at, (n + 1) / 2 * 2);
            else
                memcpy(weights, at, n * TW_PANEL * sizeof *weights);
            kernels->product(tile + out, width, x, TW_STRIDE, (size_t)rows, weights,
                             (size_t)(outs - out < TW_PANEL ? outs - out : TW_PANEL), n, k > 0, next,
                             n * TW_PANEL * size);
        }
    }
}

/* The tile by the library: rows of `outs` floats. */
static tuwen_status compute_library(const job *of, const tw_linear *linear, const tw_tile *tile, int first_row,
                                    int first_out, void *y, void *memory, tuwen_error *error)
{
    size_t size = tw_element_size(of->x->element);
    const char *x = (const char *)of->x->values + (size_t)first_row * (size_t)of->x->columns * size;
    const char *panels =
        (const char *)linear->packed + (size_t)first_out / TW_PANEL * (size_t)linear->layout.strides[1] * size;
    return tw_tile_run(of->worker->tiles, tile, omp_get_thread_num(), x, panels, y, memory, error);
}

/* Sums of bytes become numbers, in their place. */
static void scale_row(const job *of, const tw_linear *linear, int row, int first, int count, float *values)
{
    const tw_machine *machine = of->worker->machine;
    machine->kernels->dequantize(values, (const int32_t *)(const void *)values, linear->scales + first,
                                 linear->sums + first, (size_t)count, of->x->scales[row], of->x->zeros[row]);
}

/* Row `row` of the result, outputs first..first+count, which `values` holds without the bias; `up` is of GATE. */
static void finish_row(const job *of, int row, int first, int count, float *values, const float *up)
{
    const tw_kernels *kernels = of->worker->machine->kernels;
    const float *bias = of->linears[0]->bias ? of->linears[0]->bias + first : NULL;
    size_t n = (size_t)count;
    first -= of->outputs.first;
    float *y = of->y ? of->y + (size_t)row * of->y_stride + first : NULL;
    if (y && kernels->tiles) {
        kernels->tiles->finish(y, values, bias, n, of->finish == ADD);
        return;
    }
    if (bias)
        kernels->add(values, bias, n);
    switch (of->finish) {
    case STORE:
        memcpy(y, values, n * sizeof *y);
        return;
    case ADD:
        kernels->add(y, values, n);
        return;
    case QUICK_GELU:
        kernels->quick_gelu(values, n);
        break;
    case GELU:
        kernels->gelu(values, n);
        break;
    case GATE:
        kernels->silu_times(values, up, n);
        break;
    }
    tw_matrix_put(kernels, of->out, row, first, values, count);
}

/* Computes and finishes block `block` times group `group`. */
static tuwen_status run_task(const job *of, int block, int group, tuwen_error *error)
{
    int first_row = block * of->block_rows;
    int rows = piece(block, of->blocks, of->block_rows, of->x->rows);
    int first = of->outputs.first + group * of->group;
    int outs = piece(group, of->groups, of->group, of->outputs.count);
    const tw_tile *tile = of->tiles[block + 1 == of->blocks][group + 1 == of->groups];
    char *memory = tw_worker_memory(of->worker, omp_get_thread_num());
    float *results[2] = {(float *)(memory + of->memory), (float *)(memory + of->memory + of->tile_bytes)};
    size_t width = (size_t)tile_width(of, outs);
    for (int i = 0; i < (of->finish == GATE ? 2 : 1); i++) {
        tuwen_status status = TUWEN_OK;
        if (of->own_tiles)
            compute_tiles(of, of->linears[i], first_row, rows, group, outs, group_after(of, i, block, group),
                          results[i]);
        else if (of->library)
            status = compute_library(of, of->linears[i], tile, first_row, first, results[i], memory, error);
        else if (of->x->element == TW_ELEMENT_I8)
            compute_bytes(of, of->linears[i], first_row, rows, first, outs, (int32_t *)(void *)results[i]);
        else
            compute_own(of, of->linears[i], first_row, rows, first, outs, results[i], (float *)memory);
        if (status != TUWEN_OK)
            return status;
    }
    for (int i = 0; i < rows; i++) {
        float *values[2] = {results[0] + (size_t)i * width, results[1] + (size_t)i * width};
        for (int j = 0; of->x->element == TW_ELEMENT_I8 && j < (of->finish == GATE ? 2 : 1); j++)
            scale_row(of, of->linears[j], first_row + i, first, outs, values[j]);
        finish_row(of, first_row + i, first, outs, values[0], values[1]);
    }
    return TUWEN_OK;
}

static tuwen_status run(job *of, tuwen_error *error)
{
    double begin = tw_clock_seconds();
    tw_worker *worker = of->worker;
    if (worker->observer)
        for (int i = 0; i < (of->finish == GATE ? 2 : 1); i++)
            worker->observer(worker->observer_user, of->linears[i], of->x);
    if (of->x->rows == 0)
        return TUWEN_OK;
    tuwen_status result = plan(of, error);
    if (result != TUWEN_OK)
        return result;
    const tuwen_language language = error ? error->language : TUWEN_ENGLISH;
    int tasks = of->blocks * of->groups;
    double operations = (of->finish == GATE ? 4.0 : 2.0) * of->x->rows * of->x->columns * of->outputs.count;
#pragma omp parallel for schedule(dynamic) if (operations > TW_FEW_OPERATIONS)
    for (int task = 0; task < tasks; task++) {
        tuwen_error failure = {.language = language};
        /* Tasks of one group follow each other: its weights are then in a cache that the cores share. */
        tuwen_status status = run_task(of, task % of->blocks, task / of->blocks, &failure);
        if (status != TUWEN_OK) {
#pragma omp critical(tw_linear_failure)
            {
                result = status;
                if (error)
                    *error = failure;
            }
        }
    }
    tw_profile_add(&worker->profile, TW_WORK_PRODUCTS, begin, operations);
    if (of->out)
        tw_matrix_finish(worker, of->out);
    return result;
}

tuwen_status tw_linear_apply(tw_worker *worker, const tw_linear *linear, const tw_matrix *x, tw_outputs outputs,
                             float *y, int y_stride, bool add, tuwen_error *error)
{
    job of = {.worker = worker,
              .linears = {linear},
              .x = x,
              .outputs = outputs,
              .finish = add ? ADD : STORE,
              .y = y,
              .y_stride = (size_t)y_stride};
    return run(&of, error);
}

tuwen_status tw_linear_activate(tw_worker *worker, const tw_linear *linear, const tw_matrix *x,
                                tw_activation activation, tw_matrix *out, tuwen_error *error)
{
    job of = {.worker = worker,
              .linears = {linear},
              .x = x,
              .outputs = {0, tw_linear_out(linear)},
              .finish = activation == TW_GELU ? GELU : QUICK_GELU,
              .out = out};
    return run(&of, error);
}

tuwen_status tw_linear_gate(tw_worker *worker, const tw_linear *gate, const tw_linear *up, const tw_matrix *x,
                            tw_matrix *out, tuwen_error *error)
{
    job of = {.worker = worker,
              .linears = {gate, up},
              .x = x,
              .outputs = {0, tw_linear_out(gate)},
              .finish = GATE,
              .out = out};
    return run(&of, error);
}

const char *tw_linear_code(tw_worker *worker, const tw_linear *linear, int rows)
{
    const tw_tile *tile = NULL;
    tw_element element = tw_linear_input(linear);
    if (element != TW_ELEMENT_F32 && linear->machine->kernels->tiles)
        return "own, tiles";
    if (!tw_machine_multiplies(linear->machine, element))
        return linear->layout.element == TW_ELEMENT_BF16 ? "own, widened" : "own";
    int outs = tw_linear_out(linear) < GROUP ? tw_linear_out(linear) : GROUP;
    const tw_tile shape = {element, tw_matrix_room(rows), tw_linear_in(linear), outs};
    return tw_tiles_prepare(worker->tiles, shape, &tile, NULL) == TUWEN_OK ? tw_tile_code(tile) : "none";
}
