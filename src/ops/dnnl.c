/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oneDNN: the only file that knows it, with dnnl.h, which hides that the C interfaces of 2.x and 3.x differ.
 *
 * The layout of a packed weight is what the library wants for a product of a representative number of rows; it then
 * stays fixed, and products for other numbers of rows are made for it. A worker keeps the products it has made, as the
 * same shapes come back for each layer.
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ops/dnnl.h"
#include "ops/linear.h"
#include "ops/machine.h"
#include "ops/product.h"

/* ---- the machine and its workers ---------------------------------------------------------------------------- */

struct tw_machine {
    dnnl_engine_t engine;
    const tw_kernels *kernels;
    int threads;
    bool bf16;
};

/* A prepared product of one shape. */
typedef struct {
    tw_layout layout; /* of the weight */
    int rows;
    bool bias, accumulate;
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t x, weight, bias_row, y;
    dnnl_memory_desc_t scratchpad; /* memory of the worker's that a run needs */
    size_t scratchpad_size;
    uint64_t used; /* when last */
} product;

/* Distinct shapes of one forward pass: seven a tower, times the row counts that alternate. */
#define PRODUCTS 64

struct tw_worker {
    const tw_machine *machine;
    dnnl_stream_t stream;
    product products[PRODUCTS];
    uint64_t clock;
    void *scratchpad; /* of the largest product so far */
    size_t scratchpad_size;
    void *buffer; /* for what becomes of the products' input before they run */
    size_t buffer_size;
    tw_profile profile;
};

static tuwen_status fail(tuwen_error *error, const char *what, dnnl_status_t status)
{
    if (status == dnnl_out_of_memory)
        return tw_fail_memory(error, what);
    return tw_fail(error, TUWEN_INTERNAL, "oneDNN: %s failed with status %d", what, (int)status);
}

/* oneDNN's cap for a level of ours; it can be set only before its first product, once in a process. */
static bool cap_library(const tw_kernels *kernels)
{
#if defined(__x86_64__)
    dnnl_cpu_isa_t cap;
    if (strcmp(kernels->level, "scalar") == 0)
        cap = dnnl_cpu_isa_sse41;
    else if (strcmp(kernels->level, "avx2") == 0)
        cap = dnnl_cpu_isa_avx2;
    else
        return true;
    return dnnl_set_max_cpu_isa(cap) == dnnl_success || dnnl_get_effective_cpu_isa() <= cap;
#else
    (void)kernels;
    return true;
#endif
}

static tuwen_status choose_kernels(const char *isa, const tw_kernels **kernels, tuwen_error *error)
{
    if (!isa)
        isa = getenv("TUWEN_ISA");
    if (!isa || !*isa) {
        *kernels = tw_kernels_best();
        return TUWEN_OK;
    }
    *kernels = tw_kernels_named(isa);
    if (!*kernels)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "instruction set %s is not one of: %s", isa,
                       1 + /* without the first space */
#define TEXT(name, text) " " text
                           TW_LEVEL_MAP(TEXT)
#undef TEXT
        );
    if (!tw_kernels_can_run(*kernels))
        return tw_fail(error, TUWEN_UNSUPPORTED, "this machine cannot run the instruction set %s", isa);
    return TUWEN_OK;
}

static bool find_bf16(const tw_machine *machine);

tuwen_status tw_machine_open(const char *isa, int threads, tw_machine **out, tuwen_error *error)
{
    *out = NULL;
    if (threads < 0 || threads > 4096)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "threads is %d; allowed are 1 to 4096, and 0 for all cores",
                       threads);
    const tw_kernels *kernels = NULL;
    tuwen_status status = choose_kernels(isa, &kernels, error);
    if (status != TUWEN_OK)
        return status;
    if (!cap_library(kernels))
        return tw_fail(error, TUWEN_UNSUPPORTED,
                       "instruction set %s: this process already computes with a higher one", kernels->level);
    tw_machine *machine = tw_alloc_zero(1, sizeof *machine);
    if (!machine)
        return tw_fail_memory(error, "the engine");
    machine->kernels = kernels;
    machine->threads = threads ? threads : omp_get_num_procs();
    dnnl_status_t created = dnnl_engine_create(&machine->engine, dnnl_cpu, 0);
    if (created != dnnl_success) {
        tw_free(machine);
        return fail(error, "making the engine", created);
    }
    machine->bf16 = find_bf16(machine);
    *out = machine;
    return TUWEN_OK;
}

void tw_machine_close(tw_machine *machine)
{
    if (!machine)
        return;
    dnnl_engine_destroy(machine->engine);
    tw_free(machine);
}

const tw_kernels *tw_machine_kernels(const tw_machine *machine)
{
    return machine->kernels;
}

int tw_machine_threads(const tw_machine *machine)
{
    return machine->threads;
}

bool tw_machine_has_bf16(const tw_machine *machine)
{
    return machine->bf16;
}

tuwen_status tw_worker_open(const tw_machine *machine, tw_worker **out, tuwen_error *error)
{
    *out = NULL;
    tw_worker *worker = tw_alloc_zero(1, sizeof *worker);
    if (!worker)
        return tw_fail_memory(error, "the session");
    worker->machine = machine;
    dnnl_status_t status = dnnl_stream_create(&worker->stream, machine->engine, dnnl_stream_default_flags);
    if (status != dnnl_success) {
        tw_free(worker);
        return fail(error, "making a stream", status);
    }
    *out = worker;
    return TUWEN_OK;
}

static void product_free(product *item)
{
    if (item->primitive)
        dnnl_primitive_destroy(item->primitive);
    layout_free(&item->x);
    layout_free(&item->weight);
    layout_free(&item->bias_row);
    layout_free(&item->y);
    layout_free(&item->scratchpad);
    memset(item, 0, sizeof *item);
}

void tw_worker_close(tw_worker *worker)
{
    if (!worker)
        return;
    for (int i = 0; i < PRODUCTS; i++)
        if (worker->products[i].primitive)
            product_free(&worker->products[i]);
    dnnl_stream_destroy(worker->stream);
    tw_free(worker->scratchpad);
    tw_free(worker->buffer);
    tw_free(worker);
}

const tw_machine *tw_worker_machine(const tw_worker *worker)
{
    return worker->machine;
}

tw_profile *tw_worker_profile(tw_worker *worker)
{
    return &worker->profile;
}

int tw_worker_enter(const tw_worker *worker)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(worker->machine->threads);
    return before;
}

void tw_worker_leave(int before)
{
    omp_set_num_threads(before);
}

void tw_machine_name(const tw_machine *machine, char *buffer, size_t size)
{
    const dnnl_version_t *version = dnnl_version();
    (void)snprintf(buffer, size, "oneDNN %d.%d.%d, %s", version->major, version->minor, version->patch,
                   machine->kernels->level);
}

void tw_machine_describe(const char *isa, char *buffer, size_t size)
{
    const dnnl_version_t *version = dnnl_version();
    const tw_kernels *kernels = NULL;
    tuwen_error error = {0};
    tuwen_status status = choose_kernels(isa, &kernels, &error);
    (void)snprintf(buffer, size, "oneDNN: %d.%d.%d\ninstruction set: %s (best here: %s)\nthreads: %d\n",
                   version->major, version->minor, version->patch,
                   status == TUWEN_OK ? kernels->level : error.message, tw_kernels_best()->level,
                   omp_get_num_procs());
}

/* ---- packed products ---------------------------------------------------------------------------------------- */

static dnnl_data_type_t type_of(tw_element element)
{
    return element == TW_ELEMENT_F32 ? dnnl_f32 : dnnl_bf16;
}

/* The layouts of y [rows][out] = x [rows][in] * weight [in][out] (+ bias), but the weight's. */
static dnnl_status_t make_layouts(product *item)
{
    dnnl_dim_t in = item->layout.sizes[0];
    dnnl_dim_t out = item->layout.sizes[1];
    dnnl_status_t status =
        layout_strided(&item->x, type_of(item->layout.element), (dnnl_dims_t){item->rows, in}, (dnnl_dims_t){in, 1});
    if (status == dnnl_success)
        status = layout_strided(&item->y, dnnl_f32, (dnnl_dims_t){item->rows, out}, (dnnl_dims_t){out, 1});
    if (status == dnnl_success && item->bias)
        status = layout_strided(&item->bias_row, dnnl_f32, (dnnl_dims_t){1, out}, (dnnl_dims_t){out, 1});
    return status;
}

static dnnl_status_t make_attributes(bool accumulate, dnnl_primitive_attr_t *attributes)
{
    dnnl_post_ops_t operations = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(attributes);
    /* The library's own scratchpad belongs to the thread that made the product; a session may change threads. */
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
    if (status != dnnl_success || !accumulate)
        return status;
    status = dnnl_post_ops_create(&operations);
    if (status == dnnl_success)
        status = append_sum(operations);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(*attributes, operations);
    if (operations)
        dnnl_post_ops_destroy(operations);
    return status;
}

/* Describes the product whose sizes, element, rows and flags stand in `item`, with its weight laid out as there. */
static dnnl_status_t describe(const tw_machine *machine, product *item, dnnl_primitive_desc_t *description)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t status = make_layouts(item);
    if (status == dnnl_success)
        status = make_attributes(item->accumulate, &attributes);
    if (status == dnnl_success)
        status = product_describe(description, machine->engine, layout_of(&item->x), layout_of(&item->weight),
                                  item->bias ? layout_of(&item->bias_row) : NULL, layout_of(&item->y), attributes);
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    return status;
}

static dnnl_status_t layout_plain(const tw_layout *plain, dnnl_memory_desc_t *layout)
{
    return layout_strided(layout, type_of(plain->element), (dnnl_dims_t){plain->sizes[0], plain->sizes[1]},
                          (dnnl_dims_t){plain->strides[0], plain->strides[1]});
}

/* The library's layout in our words; false when they do not suffice. */
static bool layout_read(layout_view view, tw_layout *layout)
{
    parts of;
    if (!layout_parts(view, &of) || (of.type != dnnl_f32 && of.type != dnnl_bf16) || of.blocks > TW_LAYOUT_BLOCKS)
        return false;
    *layout = (tw_layout){.element = of.type == dnnl_f32 ? TW_ELEMENT_F32 : TW_ELEMENT_BF16, .blocks = of.blocks};
    for (int axis = 0; axis < 2; axis++) {
        layout->sizes[axis] = (*of.sizes)[axis];
        layout->padded[axis] = (*of.padded)[axis];
        layout->strides[axis] = (*of.strides)[axis];
    }
    for (int i = 0; i < of.blocks; i++) {
        layout->block_size[i] = (int)(*of.block_sizes)[i];
        layout->block_axis[i] = (int)(*of.block_axes)[i];
    }
    /* Data that the library adds behind the matrix would show in the size. */
    return tw_layout_valid(layout) && dnnl_memory_desc_get_size(view) == tw_layout_bytes(layout);
}

/* A number of rows typical of a picture: what the packed layout is chosen for. */
#define TYPICAL_ROWS 512

/*
 * The layout that the library wants for a weight of those sizes and that element; the plain one if it is not made of
 * strides and blocks. `weight` is the same in the library's words (not all of ours can be put into them in 3.x, so that
 * a layout comes back from the library by being asked for again), `name` is of the code that would run.
 */
static dnnl_status_t choose_layout(const tw_machine *machine, tw_element element, int64_t out, int64_t in, bool bias,
                                   tw_layout *layout, dnnl_memory_desc_t *weight, char name[8])
{
    product probe = {.layout = tw_layout_plain(element, in, out), .rows = TYPICAL_ROWS, .bias = bias};
    dnnl_primitive_desc_t description = NULL;
    const char *text = "";
    dnnl_status_t status = layout_any(&probe.weight, type_of(element), (dnnl_dims_t){in, out});
    if (status == dnnl_success)
        status = describe(machine, &probe, &description);
    if (status == dnnl_success && name) {
        status = dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &text);
        (void)snprintf(name, 8, "%s", text);
    }
    if (status == dnnl_success) {
        layout_view wanted = dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
        if (layout_read(wanted, layout)) {
            status = layout_copy(weight, wanted);
        } else {
            *layout = probe.layout;
            status = layout_plain(layout, weight);
        }
    }
    if (description)
        dnnl_primitive_desc_destroy(description);
    product_free(&probe);
    return status;
}

/* Whether products of bf16 run by bf16 instructions; elsewhere the library has none, or widens in its own slow way. */
static bool find_bf16(const tw_machine *machine)
{
#if defined(__x86_64__)
    const unsigned wanted = dnnl_cpu_isa_avx512_core_bf16;
    if (((unsigned)dnnl_get_effective_cpu_isa() & wanted) != wanted)
        return false;
#endif
    tw_layout layout;
    dnnl_memory_desc_t weight = {0};
    char name[8];
    bool found = choose_layout(machine, TW_ELEMENT_BF16, 1280, 1280, false, &layout, &weight, name) == dnnl_success &&
                 (strncmp(name, "brg", 3) == 0 || strncmp(name, "acl", 3) == 0);
    layout_free(&weight);
    return found;
}

tuwen_status tw_product_layout(const tw_machine *machine, tw_element element, int out, int in, bool bias,
                               tw_layout *layout, tuwen_error *error)
{
    dnnl_memory_desc_t weight = {0};
    dnnl_status_t status = choose_layout(machine, element, out, in, bias, layout, &weight, NULL);
    layout_free(&weight);
    return status == dnnl_success ? TUWEN_OK : fail(error, "choosing a layout", status);
}

/* The library's words for a layout that tw_product_layout gave; not supported for any other. */
static dnnl_status_t find_layout(const tw_machine *machine, const tw_layout *layout, dnnl_memory_desc_t *weight)
{
    for (int bias = 0; bias < 2; bias++) {
        tw_layout wanted;
        dnnl_status_t status =
            choose_layout(machine, layout->element, layout->sizes[1], layout->sizes[0], bias, &wanted, weight, NULL);
        if (status != dnnl_success)
            return status;
        if (tw_layout_equal(&wanted, layout))
            return dnnl_success;
        layout_free(weight);
    }
    return dnnl_unimplemented;
}

static dnnl_status_t reorder(const tw_machine *machine, layout_view from_layout, const void *from,
                             layout_view to_layout, void *to)
{
    dnnl_engine_t engine = machine->engine;
    dnnl_memory_t source = NULL;
    dnnl_memory_t target = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_status_t status = dnnl_memory_create(&source, from_layout, engine, (void *)(uintptr_t)from);
    if (status == dnnl_success)
        status = dnnl_memory_create(&target, to_layout, engine, to);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&description, from_layout, engine, to_layout, engine, NULL);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&primitive, description);
    if (status == dnnl_success)
        status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
    dnnl_exec_arg_t arguments[2] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}};
    if (status == dnnl_success)
        status = dnnl_primitive_execute(primitive, stream, 2, arguments);
    if (status == dnnl_success)
        status = dnnl_stream_wait(stream);
    if (stream)
        dnnl_stream_destroy(stream);
    if (primitive)
        dnnl_primitive_destroy(primitive);
    if (description)
        dnnl_primitive_desc_destroy(description);
    if (target)
        dnnl_memory_destroy(target);
    if (source)
        dnnl_memory_destroy(source);
    return status;
}

tuwen_status tw_product_pack(const tw_machine *machine, const tw_layout *layout, const void *plain, void *packed,
                             tuwen_error *error)
{
    const tw_layout from = tw_layout_plain(layout->element, layout->sizes[0], layout->sizes[1]);
    dnnl_memory_desc_t from_layout = {0};
    dnnl_memory_desc_t to_layout = {0};
    dnnl_status_t status = layout_plain(&from, &from_layout);
    if (status == dnnl_success)
        status = find_layout(machine, layout, &to_layout);
    if (status == dnnl_success)
        status = reorder(machine, layout_of(&from_layout), plain, layout_of(&to_layout), packed);
    layout_free(&from_layout);
    layout_free(&to_layout);
    return status == dnnl_success ? TUWEN_OK : fail(error, "packing the weights", status);
}

/* Makes the product whose sizes, element, rows and flags stand in `item`. */
static dnnl_status_t make_product(const tw_machine *machine, product *item)
{
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = find_layout(machine, &item->layout, &item->weight);
    if (status == dnnl_success)
        status = describe(machine, item, &description);
    if (status == dnnl_success)
        status =
            layout_copy(&item->scratchpad, dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0));
    if (status == dnnl_success)
        status = dnnl_primitive_create(&item->primitive, description);
    if (status == dnnl_success)
        item->scratchpad_size = dnnl_memory_desc_get_size(layout_of(&item->scratchpad));
    if (description)
        dnnl_primitive_desc_destroy(description);
    return status;
}

/* The prepared product for this shape, made if need be in the place of the one unused for longest. */
static dnnl_status_t prepare(tw_worker *worker, const tw_layout *layout, bool bias, int rows, bool accumulate,
                             product **found)
{
    product *oldest = &worker->products[0];
    worker->clock++;
    for (int i = 0; i < PRODUCTS; i++) {
        product *item = &worker->products[i];
        if (item->primitive && item->rows == rows && item->accumulate == accumulate && item->bias == bias &&
            tw_layout_equal(&item->layout, layout)) {
            item->used = worker->clock;
            *found = item;
            return dnnl_success;
        }
        if (item->used < oldest->used)
            oldest = item;
    }
    product_free(oldest);
    oldest->layout = *layout;
    oldest->rows = rows;
    oldest->bias = bias;
    oldest->accumulate = accumulate;
    dnnl_status_t status = make_product(worker->machine, oldest);
    if (status != dnnl_success) {
        product_free(oldest);
        return status;
    }
    oldest->used = worker->clock;
    *found = oldest;
    return dnnl_success;
}

/* Makes the memory at least `size` bytes, forgetting what it holds. */
static bool make_room(void **memory, size_t *capacity, size_t size)
{
    if (size > *capacity) {
        tw_free(*memory);
        *memory = tw_alloc_aligned(size, 1);
        *capacity = *memory ? size : 0;
    }
    return size <= *capacity;
}

void *tw_worker_buffer(tw_worker *worker, size_t size)
{
    return make_room(&worker->buffer, &worker->buffer_size, size) ? worker->buffer : NULL;
}

/* Runs a prepared product over this memory; bias NULL when it has none. */
static dnnl_status_t run(tw_worker *worker, const product *item, const void *x, const void *packed, const float *bias,
                         float *y)
{
    enum { X, WEIGHT, Y, SCRATCHPAD, BIAS, COUNT };
    if (!make_room(&worker->scratchpad, &worker->scratchpad_size, item->scratchpad_size))
        return dnnl_out_of_memory;
    const struct {
        int argument;
        layout_view layout;
        const void *data;
    } parts_of[COUNT] = {[X] = {DNNL_ARG_SRC, layout_of(&item->x), x},
                         [WEIGHT] = {DNNL_ARG_WEIGHTS, layout_of(&item->weight), packed},
                         [Y] = {DNNL_ARG_DST, layout_of(&item->y), y},
                         [SCRATCHPAD] = {DNNL_ARG_SCRATCHPAD, layout_of(&item->scratchpad), worker->scratchpad},
                         [BIAS] = {DNNL_ARG_BIAS, layout_of(&item->bias_row), bias}};
    dnnl_exec_arg_t arguments[COUNT] = {{0}};
    int count = item->bias ? COUNT : BIAS;
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < count && status == dnnl_success; i++) {
        arguments[i].arg = parts_of[i].argument;
        status = dnnl_memory_create(&arguments[i].memory, parts_of[i].layout, worker->machine->engine,
                                    (void *)(uintptr_t)parts_of[i].data);
    }
    if (status == dnnl_success)
        status = dnnl_primitive_execute(item->primitive, worker->stream, count, arguments);
    if (status == dnnl_success)
        status = dnnl_stream_wait(worker->stream);
    for (int i = 0; i < count; i++)
        if (arguments[i].memory)
            dnnl_memory_destroy(arguments[i].memory);
    return status;
}

tuwen_status tw_product_packed(tw_worker *worker, const tw_layout *layout, const void *packed, const float *bias,
                               const void *x, int rows, float *y, bool accumulate, tuwen_error *error)
{
    product *item = NULL;
    dnnl_status_t status = prepare(worker, layout, bias != NULL, rows, accumulate, &item);
    if (status == dnnl_success)
        status = run(worker, item, x, packed, bias, y);
    return status == dnnl_success ? TUWEN_OK : fail(error, "a product", status);
}

tuwen_status tw_product_describe(tw_worker *worker, const tw_layout *layout, bool bias, int rows, bool accumulate,
                                 char *name, size_t size, tuwen_error *error)
{
    product *item = NULL;
    const char *text = NULL;
    const_dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = prepare(worker, layout, bias, rows, accumulate, &item);
    if (status == dnnl_success)
        status = dnnl_primitive_get_primitive_desc(item->primitive, &description);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &text);
    if (status != dnnl_success)
        return fail(error, "describing a product", status);
    (void)snprintf(name, size, "%s", text);
    return TUWEN_OK;
}

/* ---- plain products ----------------------------------------------------------------------------------------- */

tuwen_status tw_product_plain(int m, int n, int k, const float *a, const float *b, float *c, int c_stride,
                              bool accumulate, tuwen_error *error)
{
    dnnl_status_t status = dnnl_sgemm('N', 'T', m, n, k, 1.0f, a, k, b, k, accumulate ? 1.0f : 0.0f, c, c_stride);
    return status == dnnl_success ? TUWEN_OK : fail(error, "a product", status);
}

tuwen_status tw_product(int m, int n, int k, float scale, const float *a, int a_stride, const float *b, int b_stride,
                        bool b_transposed, float *c, int c_stride, tuwen_error *error)
{
    dnnl_status_t status =
        dnnl_sgemm('N', b_transposed ? 'T' : 'N', m, n, k, scale, a, a_stride, b, b_stride, 0.0f, c, c_stride);
    return status == dnnl_success ? TUWEN_OK : fail(error, "a product", status);
}
