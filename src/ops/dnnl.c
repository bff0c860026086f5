/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oneDNN: the only file that knows it, with dnnl.h, which hides that the C interfaces of 2.x and 3.x differ.
 *
 * A tile's product is prepared for one thread, so that the library neither splits sums between threads nor chooses by
 * their number. How it splits a sum over `in` depends on `in` alone (oneDNN 2.6: pieces of 512 or 1,024), so a row of y
 * has the same bits in a tile of any height: tests/unit/test_ops.c shows it for every shape that models have.
 */
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "ops/dnnl.h"
#include "ops/library.h"

struct tw_library {
    dnnl_engine_t engine;
};

/* A prepared product. */
typedef struct {
    tw_tile shape; /* first, so that a tile is found from its shape */
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t x, weight, y, scratchpad;
    size_t scratchpad_size;
    const char *code;
    uint64_t used; /* when last */
} product;

/* Those that the operation at hand has prepared stay; the one unused for longest makes room for a new one. */
#define PRODUCTS (TW_TILES_KEPT + 56)

struct tw_tiles {
    dnnl_engine_t engine;
    product products[PRODUCTS];
    uint64_t clock;
    int threads;
    dnnl_stream_t streams[]; /* [threads] */
};

static tuwen_status fail(tuwen_error *error, const char *what, dnnl_status_t status)
{
    if (status == dnnl_out_of_memory)
        return tw_fail_memory(error, what);
    return tw_fail(error, TUWEN_INTERNAL, "oneDNN: %s failed with status %d", what, (int)status);
}

bool tw_library_cap(const char *level)
{
#if defined(__x86_64__)
    dnnl_cpu_isa_t cap;
    if (strcmp(level, "scalar") == 0)
        cap = dnnl_cpu_isa_sse41;
    else if (strcmp(level, "avx2") == 0)
        cap = dnnl_cpu_isa_avx2;
    else if (strcmp(level, "avx512") == 0)
        cap = dnnl_cpu_isa_avx512_core_vnni;
    else if (strcmp(level, "avx512_bf16") == 0)
        cap = dnnl_cpu_isa_avx512_core_bf16;
    else
        return true;
    return dnnl_set_max_cpu_isa(cap) == dnnl_success || dnnl_get_effective_cpu_isa() <= cap;
#else
    (void)level;
    return true;
#endif
}

tuwen_status tw_library_open(tw_library **out, tuwen_error *error)
{
    *out = NULL;
    tw_library *library = tw_alloc_zero(1, sizeof *library);
    if (!library)
        return tw_fail_memory(error, "the engine");
    dnnl_status_t created = dnnl_engine_create(&library->engine, dnnl_cpu, 0);
    if (created != dnnl_success) {
        tw_free(library);
        return fail(error, "making the engine", created);
    }
    *out = library;
    return TUWEN_OK;
}

void tw_library_close(tw_library *library)
{
    if (!library)
        return;
    dnnl_engine_destroy(library->engine);
    tw_free(library);
}

void tw_library_version(char *buffer, size_t size)
{
    const dnnl_version_t *version = dnnl_version();
    (void)snprintf(buffer, size, "%d.%d.%d", version->major, version->minor, version->patch);
}

static void product_free(product *item)
{
    if (item->primitive)
        dnnl_primitive_destroy(item->primitive);
    layout_free(&item->x);
    layout_free(&item->weight);
    layout_free(&item->y);
    layout_free(&item->scratchpad);
    memset(item, 0, sizeof *item);
}

/* The layouts of y [rows][out] = x [rows][in] * weight [in][out]; the weight's is tw_panel_layout in oneDNN's words. */
static dnnl_status_t make_layouts(product *item)
{
    static const struct {
        dnnl_data_type_t x, weight, y;
        dnnl_format_tag_t tag;
    } of[] = {[TW_ELEMENT_F32] = {dnnl_f32, dnnl_f32, dnnl_f32, dnnl_BA16a64b},
              [TW_ELEMENT_BF16] = {dnnl_bf16, dnnl_bf16, dnnl_f32, dnnl_BA16a64b2a},
              [TW_ELEMENT_I8] = {dnnl_u8, dnnl_s8, dnnl_s32, dnnl_BA16a64b4a}};
    const tw_tile *shape = &item->shape;
    dnnl_status_t status =
        layout_tagged(&item->x, of[shape->element].x, (dnnl_dims_t){shape->rows, shape->in}, dnnl_ab);
    if (status == dnnl_success)
        status = layout_tagged(&item->weight, of[shape->element].weight, (dnnl_dims_t){shape->in, shape->out},
                               of[shape->element].tag);
    if (status == dnnl_success)
        status = layout_tagged(&item->y, of[shape->element].y, (dnnl_dims_t){shape->rows, shape->out}, dnnl_ab);
    return status;
}

static dnnl_status_t describe(dnnl_engine_t engine, product *item, dnnl_primitive_desc_t *description)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t status = make_layouts(item);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_create(&attributes);
    /* The library's own scratchpad belongs to the thread that made the product; a session may change threads. */
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = product_describe(description, engine, layout_of(&item->x), layout_of(&item->weight),
                                  layout_of(&item->y), attributes);
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    return status;
}

/* Makes the product of item->shape, for one thread. */
static dnnl_status_t make_product(dnnl_engine_t engine, product *item)
{
    dnnl_primitive_desc_t description = NULL;
    int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    dnnl_status_t status = describe(engine, item, &description);
    if (status == dnnl_success)
        status =
            layout_copy(&item->scratchpad, dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0));
    if (status == dnnl_success)
        status = dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &item->code);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&item->primitive, description);
    if (description)
        dnnl_primitive_desc_destroy(description);
    if (status == dnnl_success) {
        /* The primitive's description lives as long as it, and with it the name. */
        const_dnnl_primitive_desc_t own = NULL;
        status = dnnl_primitive_get_primitive_desc(item->primitive, &own);
        if (status == dnnl_success)
            status = dnnl_primitive_desc_query(own, dnnl_query_impl_info_str, 0, &item->code);
        item->scratchpad_size = dnnl_memory_desc_get_size(layout_of(&item->scratchpad));
    }
    omp_set_num_threads(threads);
    return status;
}

bool tw_library_multiplies(const tw_library *library, tw_element element)
{
#if defined(__x86_64__)
    /* Without the instructions the library has no such product, or widens in its own slow way. */
    const unsigned wanted =
        element == TW_ELEMENT_BF16 ? dnnl_cpu_isa_avx512_core_bf16 : dnnl_cpu_isa_avx512_core_vnni;
    if (((unsigned)dnnl_get_effective_cpu_isa() & wanted) != wanted)
        return false;
#endif
    product probe = {.shape = {element, 128, 1280, 256}};
    bool found = make_product(library->engine, &probe) == dnnl_success &&
                 (strncmp(probe.code, "brg", 3) == 0 || strncmp(probe.code, "acl", 3) == 0);
    product_free(&probe);
    return found;
}

tuwen_status tw_tiles_open(const tw_library *library, int threads, tw_tiles **out, tuwen_error *error)
{
    *out = NULL;
    tw_tiles *tiles = tw_alloc_zero(1, sizeof *tiles + (size_t)threads * sizeof *tiles->streams);
    if (!tiles)
        return tw_fail_memory(error, "the session");
    tiles->engine = library->engine;
    dnnl_status_t status = dnnl_success;
    for (; tiles->threads < threads && status == dnnl_success; tiles->threads += status == dnnl_success)
        status = dnnl_stream_create(&tiles->streams[tiles->threads], tiles->engine, dnnl_stream_default_flags);
    if (status != dnnl_success) {
        tw_tiles_close(tiles);
        return fail(error, "making a stream", status);
    }
    *out = tiles;
    return TUWEN_OK;
}

size_t tw_tiles_bytes(const tw_tiles *tiles)
{
    return sizeof *tiles + (size_t)tiles->threads * sizeof *tiles->streams;
}

void tw_tiles_close(tw_tiles *tiles)
{
    if (!tiles)
        return;
    for (int i = 0; i < PRODUCTS; i++)
        if (tiles->products[i].primitive)
            product_free(&tiles->products[i]);
    for (int i = 0; i < tiles->threads; i++)
        dnnl_stream_destroy(tiles->streams[i]);
    tw_free(tiles);
}

static bool same_shape(const tw_tile *a, const tw_tile *b)
{
    return a->rows == b->rows && a->in == b->in && a->out == b->out && a->element == b->element;
}

tuwen_status tw_tiles_prepare(tw_tiles *tiles, tw_tile shape, const tw_tile **tile, tuwen_error *error)
{
    product *oldest = &tiles->products[0];
    tiles->clock++;
    for (int i = 0; i < PRODUCTS; i++) {
        product *item = &tiles->products[i];
        if (item->primitive && same_shape(&item->shape, &shape)) {
            item->used = tiles->clock;
            *tile = &item->shape;
            return TUWEN_OK;
        }
        if (item->used < oldest->used)
            oldest = item;
    }
    product_free(oldest);
    oldest->shape = shape;
    dnnl_status_t status = make_product(tiles->engine, oldest);
    if (status != dnnl_success) {
        product_free(oldest);
        return fail(error, "preparing a product", status);
    }
    oldest->used = tiles->clock;
    *tile = &oldest->shape;
    return TUWEN_OK;
}

size_t tw_tile_memory(const tw_tile *tile)
{
    return ((const product *)tile)->scratchpad_size;
}

const char *tw_tile_code(const tw_tile *tile)
{
    return ((const product *)tile)->code;
}

tuwen_status tw_tile_run(tw_tiles *tiles, const tw_tile *tile, int thread, const void *x, const void *panels, void *y,
                         void *memory, tuwen_error *error)
{
    enum { X, WEIGHT, Y, SCRATCHPAD, COUNT };
    const product *item = (const product *)tile;
    const struct {
        int argument;
        layout_view layout;
        const void *data;
    } parts[COUNT] = {[X] = {DNNL_ARG_SRC, layout_of(&item->x), x},
                      [WEIGHT] = {DNNL_ARG_WEIGHTS, layout_of(&item->weight), panels},
                      [Y] = {DNNL_ARG_DST, layout_of(&item->y), y},
                      [SCRATCHPAD] = {DNNL_ARG_SCRATCHPAD, layout_of(&item->scratchpad), memory}};
    dnnl_exec_arg_t arguments[COUNT] = {{0}};
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < COUNT && status == dnnl_success; i++) {
        arguments[i].arg = parts[i].argument;
        status = dnnl_memory_create(&arguments[i].memory, parts[i].layout, tiles->engine,
                                    (void *)(uintptr_t)parts[i].data);
    }
    if (status == dnnl_success)
        status = dnnl_primitive_execute(item->primitive, tiles->streams[thread], COUNT, arguments);
    if (status == dnnl_success)
        status = dnnl_stream_wait(tiles->streams[thread]);
    for (int i = 0; i < COUNT; i++)
        if (arguments[i].memory)
            dnnl_memory_destroy(arguments[i].memory);
    return status == dnnl_success ? TUWEN_OK : fail(error, "a product", status);
}

/* ---- products for measuring --------------------------------------------------------------------------------- */

enum { TRIAL_X, TRIAL_WEIGHT, TRIAL_Y, TRIAL_SCRATCHPAD, TRIAL_MEMORIES };

struct tw_trial {
    dnnl_primitive_t primitive;
    dnnl_stream_t stream;
    dnnl_memory_t memories[TRIAL_MEMORIES];
    void *blocks[TRIAL_MEMORIES]; /* what they stand for */
};

/* Numbers of many different bits, none of them a NaN or denormal: values from -0.5 to 0.5, or any bytes. */
static void fill_arbitrary(dnnl_data_type_t type, void *block, size_t bytes)
{
    uint32_t state = 1;
    uint32_t *words = block;
    uint16_t *halves = block;
    uint8_t *octets = block;
    size_t size = type == dnnl_f32 ? 4 : type == dnnl_bf16 ? 2 : 1;
    for (size_t i = 0; i < bytes / size; i++) {
        state = state * 1664525u + 1013904223u;
        uint32_t bits = state >> 9 | 0x3f800000u; /* 1 to 2 */
        float value;
        memcpy(&value, &bits, sizeof value);
        value -= 1.5f;
        memcpy(&bits, &value, sizeof bits);
        if (size == 4)
            words[i] = bits;
        else if (size == 2)
            halves[i] = (uint16_t)(bits >> 16);
        else
            octets[i] = (uint8_t)(state >> 24);
    }
}

/* The memory of one argument, and the library's word for it. */
static dnnl_status_t add_memory(tw_trial *trial, const tw_library *library, int which, dnnl_data_type_t type,
                                layout_view layout)
{
    size_t bytes = dnnl_memory_desc_get_size(layout);
    trial->blocks[which] = tw_alloc_aligned(bytes ? bytes : 1, 1);
    if (!trial->blocks[which])
        return dnnl_out_of_memory;
    fill_arbitrary(type, trial->blocks[which], bytes);
    return dnnl_memory_create(&trial->memories[which], layout, library->engine, trial->blocks[which]);
}

static dnnl_status_t add_memories(tw_trial *trial, const tw_library *library, const dnnl_data_type_t types[3],
                                  dnnl_primitive_desc_t description)
{
    static const dnnl_query_t queries[TRIAL_MEMORIES] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md,
                                                         dnnl_query_scratchpad_md};
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < TRIAL_MEMORIES && status == dnnl_success; i++)
        status = add_memory(trial, library, i, i == TRIAL_SCRATCHPAD ? dnnl_u8 : types[i],
                            dnnl_primitive_desc_query_md(description, queries[i], 0));
    return status;
}

static dnnl_status_t describe_trial(const tw_library *library, const dnnl_data_type_t types[3], int rows, int out,
                                    int in, dnnl_primitive_desc_t *description)
{
    dnnl_memory_desc_t x = {0}, weight = {0}, y = {0};
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t status = layout_tagged(&x, types[TRIAL_X], (dnnl_dims_t){rows, in}, dnnl_ab);
    if (status == dnnl_success)
        status = layout_tagged(&weight, types[TRIAL_WEIGHT], (dnnl_dims_t){in, out}, dnnl_format_tag_any);
    if (status == dnnl_success)
        status = layout_tagged(&y, types[TRIAL_Y], (dnnl_dims_t){rows, out}, dnnl_ab);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_create(&attributes);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = product_describe(description, library->engine, layout_of(&x), layout_of(&weight), layout_of(&y),
                                  attributes);
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    layout_free(&x);
    layout_free(&weight);
    layout_free(&y);
    return status;
}

tuwen_status tw_trial_open(const tw_library *library, tw_trial_type type, int rows, int out, int in,
                           tw_trial **trial_out, char *code, size_t size, tuwen_error *error)
{
    static const dnnl_data_type_t all_types[][3] = {[TW_TRIAL_F32] = {dnnl_f32, dnnl_f32, dnnl_f32},
                                                    [TW_TRIAL_BF16] = {dnnl_bf16, dnnl_bf16, dnnl_f32},
                                                    [TW_TRIAL_INT8] = {dnnl_u8, dnnl_s8, dnnl_s32}};
    const dnnl_data_type_t *types = all_types[type];
    dnnl_primitive_desc_t description = NULL;
    const char *name = "";
    *trial_out = NULL;
    (void)snprintf(code, size, "%s", name);
    if (type == TW_TRIAL_BF16 && !tw_library_multiplies(library, TW_ELEMENT_BF16))
        return TUWEN_OK;
    dnnl_status_t status = describe_trial(library, types, rows, out, in, &description);
    if (status == dnnl_unimplemented)
        return TUWEN_OK;
    if (status == dnnl_success)
        status = dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name);
    bool slow = status == dnnl_success && strncmp(name, "ref", 3) == 0;
    tw_trial *trial = status == dnnl_success && !slow ? tw_alloc_zero(1, sizeof *trial) : NULL;
    if (!trial && !slow && status == dnnl_success)
        status = dnnl_out_of_memory;
    if (trial) {
        (void)snprintf(code, size, "%s", name);
        status = add_memories(trial, library, types, description);
        if (status == dnnl_success)
            status = dnnl_primitive_create(&trial->primitive, description);
        if (status == dnnl_success)
            status = dnnl_stream_create(&trial->stream, library->engine, dnnl_stream_default_flags);
    }
    if (description)
        dnnl_primitive_desc_destroy(description);
    if (status != dnnl_success) {
        tw_trial_close(trial);
        return fail(error, "measuring", status);
    }
    *trial_out = trial;
    return TUWEN_OK;
}

tuwen_status tw_trial_run(tw_trial *trial, tuwen_error *error)
{
    const dnnl_exec_arg_t arguments[TRIAL_MEMORIES] = {{DNNL_ARG_SRC, trial->memories[TRIAL_X]},
                                                       {DNNL_ARG_WEIGHTS, trial->memories[TRIAL_WEIGHT]},
                                                       {DNNL_ARG_DST, trial->memories[TRIAL_Y]},
                                                       {DNNL_ARG_SCRATCHPAD, trial->memories[TRIAL_SCRATCHPAD]}};
    dnnl_status_t status = dnnl_primitive_execute(trial->primitive, trial->stream, TRIAL_MEMORIES, arguments);
    if (status == dnnl_success)
        status = dnnl_stream_wait(trial->stream);
    return status == dnnl_success ? TUWEN_OK : fail(error, "measuring", status);
}

void tw_trial_close(tw_trial *trial)
{
    if (!trial)
        return;
    if (trial->stream)
        dnnl_stream_destroy(trial->stream);
    if (trial->primitive)
        dnnl_primitive_destroy(trial->primitive);
    for (int i = 0; i < TRIAL_MEMORIES; i++) {
        if (trial->memories[i])
            dnnl_memory_destroy(trial->memories[i]);
        tw_free(trial->blocks[i]);
    }
    tw_free(trial);
}
