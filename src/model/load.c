/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding, checking, converting and packing weights. An item of a packed file is called as its tensor is; the parts of a
 * fused matrix are joined by "+".
 */
#include "model/load.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define MAX_NAME 320

/* Floats of a table that are converted at a time. */
#define TABLE_PIECE ((size_t)1 << 20)

void tw_loader_close(tw_loader *loader)
{
    tw_free(loader->buffer);
    tw_free(loader->packing);
    loader->buffer = NULL;
    loader->packing = NULL;
    loader->capacity = loader->packing_capacity = 0;
}

/* ---- tensors of a folder ---------------------------------------------------------------------------------------- */

/* Looks under the published name, then under the newer one. */
static const tw_tensor *find_either(const tw_weights *weights, const char *name)
{
    const tw_tensor *tensor = tw_weights_find(weights, name);
    if (tensor)
        return tensor;
    char newer[MAX_NAME + 32];
    if (strncmp(name, "visual.", 7) == 0)
        (void)snprintf(newer, sizeof newer, "model.%s", name);
    else if (strncmp(name, "model.", 6) == 0)
        (void)snprintf(newer, sizeof newer, "model.language_model.%s", name + 6);
    else
        return NULL;
    return tw_weights_find(weights, newer);
}

static void write_shape(char *text, size_t size, int dimensions, const int64_t *shape)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < dimensions && used < size; i++) {
        int wrote = snprintf(text + used, size - used, "%s%lld", i ? "x" : "", (long long)shape[i]);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

static void fail_shape(tw_loader *loader, const char *file, const char *name, int dimensions, const int64_t *found,
                       int wanted_dimensions, const int64_t *wanted)
{
    char is[128];
    char needed[128];
    write_shape(is, sizeof is, dimensions, found);
    write_shape(needed, sizeof needed, wanted_dimensions, wanted);
    loader->status = tw_fail(loader->error, TUWEN_BAD_MODEL,
                             "%s: tensor %s: has the shape %s; the configuration needs %s", file, name, is, needed);
}

/* Finds a tensor and checks its shape and dtype. */
static const tw_tensor *find_tensor(tw_loader *loader, const char *name, int dimensions, const int64_t *shape)
{
    if (loader->status != TUWEN_OK)
        return NULL;
    const tw_tensor *tensor = find_either(loader->weights, name);
    if (!tensor) {
        loader->status = tw_fail(loader->error, TUWEN_BAD_MODEL, "%s: tensor %s: is in none of the weight files",
                                 loader->path, name);
        return NULL;
    }
    bool same = tensor->dimensions == dimensions;
    for (int i = 0; same && i < dimensions; i++)
        same = tensor->shape[i] == shape[i];
    if (!same) {
        fail_shape(loader, tensor->file, tensor->name, tensor->dimensions, tensor->shape, dimensions, shape);
        return NULL;
    }
    if (tensor->dtype != TW_DTYPE_F32 && tensor->dtype != TW_DTYPE_F16 && tensor->dtype != TW_DTYPE_BF16) {
        loader->status = tw_fail(loader->error, TUWEN_UNSUPPORTED,
                                 "%s: tensor %s: is of dtype %s; supported are F32, F16 and BF16", tensor->file,
                                 tensor->name, tw_dtype_name(tensor->dtype));
        return NULL;
    }
    return tensor;
}

/* ---- items of a packed file --------------------------------------------------------------------------------------- */

/* Finds an item and checks its kind and sizes {columns, rows}. */
static const tw_item *find_item(tw_loader *loader, const char *name, tw_item_kind kind, int64_t columns, int64_t rows)
{
    if (loader->status != TUWEN_OK)
        return NULL;
    const tw_item *item = tw_packed_find(loader->packed, name);
    if (!item || item->kind != kind) {
        loader->status = tw_fail(loader->error, TUWEN_BAD_MODEL, "%s: item %s: is not there, or of another kind",
                                 loader->path, name);
        return NULL;
    }
    const int64_t wanted[2] = {rows, columns};
    const int64_t found[2] = {item->layout.sizes[1], item->layout.sizes[0]};
    if (found[0] != wanted[0] || found[1] != wanted[1]) {
        fail_shape(loader, loader->path, name, 2, found, 2, wanted);
        return NULL;
    }
    return item;
}

bool tw_packed_fits(const tw_packed *packed)
{
    for (size_t i = 0; i < tw_packed_count(packed); i++) {
        const tw_item *item = tw_packed_at(packed, i);
        const tw_layout wanted =
            tw_linear_layout(item->layout.element, (int)item->layout.sizes[1], (int)item->layout.sizes[0]);
        if (item->kind == TW_ITEM_MATRIX && !tw_layout_equal(&wanted, &item->layout))
            return false;
    }
    return true;
}

/* ---- common ------------------------------------------------------------------------------------------------------- */

static void count(tw_loader *loader, uint64_t parameters, uint64_t bytes)
{
    loader->parameters += parameters;
    loader->bytes += bytes;
    if (loader->status == TUWEN_OK && loader->progress &&
        !loader->progress(loader->progress_user, loader->bytes, loader->total))
        loader->status = tw_fail(loader->error, TUWEN_CANCELLED, "cancelled");
}

/* "<prefix>.<index>.<name>", without the index when it is negative. */
static void write_name(char out[MAX_NAME], const char *prefix, int index, const char *name)
{
    if (index < 0)
        (void)snprintf(out, MAX_NAME, "%s.%s", prefix, name);
    else
        (void)snprintf(out, MAX_NAME, "%s.%d.%s", prefix, index, name);
}

/* "<prefix>.<index>.<part>+<part>.<kind>" */
static void write_parts_name(char out[MAX_NAME], const char *prefix, int index, const tw_loader_part *parts,
                             int parts_count, const char *kind)
{
    char names[MAX_NAME] = "";
    size_t used = 0;
    for (int i = 0; i < parts_count && used < sizeof names; i++) {
        int wrote = snprintf(names + used, sizeof names - used, "%s%s", i ? "+" : "", parts[i].name);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
    char full[MAX_NAME];
    write_name(full, prefix, index, names);
    int length = (int)strlen(full);
    (void)snprintf(out, MAX_NAME, "%.*s.%s", length < MAX_NAME - 16 ? length : MAX_NAME - 16, full, kind);
}

/* A weight that is not finite would turn every vector into NaN far from its cause. */
static void check_finite(tw_loader *loader, const char *file, const char *name, const float *values, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] - values[i];
    if (sum != 0 && loader->status == TUWEN_OK) /* inf - inf and nan - nan are not zero */
        loader->status =
            tw_fail(loader->error, TUWEN_BAD_MODEL, "%s: tensor %s: holds a value that is not finite", file, name);
}

/* Sums are made whole numbers again by the products, which no others would survive. */
static void check_sums(tw_loader *loader, const char *name, const float *values, int n, int in)
{
    bool good = true;
    for (int i = 0; i < n; i++)
        good = good && fabsf(values[i]) <= 127.0f * (float)in;
    if (!good && loader->status == TUWEN_OK)
        loader->status = tw_fail(loader->error, TUWEN_BAD_MODEL, "%s: item %s: holds a number that is no sum of int8",
                                 loader->path, name);
}

/* Reads a whole tensor as f32. */
static void read_tensor(tw_loader *loader, const tw_tensor *tensor, float *out)
{
    size_t n = tensor->bytes / tw_dtype_size(tensor->dtype);
    tw_tensor_read_f32(tensor, 0, n, out);
    tw_tensor_forget(tensor);
    check_finite(loader, tensor->file, tensor->name, out, n);
    count(loader, n, tensor->bytes);
}

/* Makes room for `needed` floats in the buffer. */
static bool make_room(tw_loader *loader, size_t needed, const char *what)
{
    if (needed > loader->capacity) {
        tw_free(loader->buffer);
        loader->buffer = tw_alloc_aligned(needed, sizeof *loader->buffer);
        loader->capacity = loader->buffer ? needed : 0;
    }
    if (!loader->buffer)
        loader->status = tw_fail_memory(loader->error, what);
    return loader->buffer != NULL;
}

static bool make_packing_room(tw_loader *loader, size_t needed, const char *what)
{
    if (needed > loader->packing_capacity) {
        tw_free(loader->packing);
        loader->packing = tw_alloc_aligned(needed, 1);
        loader->packing_capacity = loader->packing ? needed : 0;
    }
    if (!loader->packing)
        loader->status = tw_fail_memory(loader->error, what);
    return loader->packing != NULL;
}

static void write_item(tw_loader *loader, const char *name, tw_item_kind kind, const tw_layout *layout,
                       const void *data)
{
    if (loader->status == TUWEN_OK)
        loader->status =
            tw_packed_add(loader->writer, name, kind, layout, data, tw_layout_bytes(layout), loader->error);
}

/* ---- vectors ------------------------------------------------------------------------------------------------------ */

static float *make_random_vector(tw_loader *loader, const char *name, int n)
{
    count(loader, (uint64_t)n, 0);
    if (loader->status != TUWEN_OK || loader->purpose == TW_LOAD_COUNT)
        return NULL;
    float *values = tw_alloc_aligned((size_t)n, sizeof *values);
    if (values)
        tw_random_vector(loader->random, name, values, (size_t)n);
    else
        loader->status = tw_fail_memory(loader->error, name);
    return values;
}

/* Reads a vector into memory that the caller owns. */
static float *read_vector(tw_loader *loader, const char *name, int n)
{
    if (loader->random)
        return make_random_vector(loader, name, n);
    const tw_tensor *tensor = NULL;
    const tw_item *item = NULL;
    if (loader->packed)
        item = find_item(loader, name, TW_ITEM_VECTOR, n, 1);
    else
        tensor = find_tensor(loader, name, 1, (int64_t[]){n});
    if (!tensor && !item)
        return NULL;
    if (loader->purpose == TW_LOAD_COUNT) {
        count(loader, (uint64_t)n, tensor ? tensor->bytes : item->bytes);
        return NULL;
    }
    float *values = tw_alloc_aligned((size_t)n, sizeof *values);
    if (!values) {
        loader->status = tw_fail_memory(loader->error, name);
        return NULL;
    }
    if (tensor) {
        read_tensor(loader, tensor, values);
    } else {
        memcpy(values, item->data, (size_t)n * sizeof *values);
        check_finite(loader, loader->path, name, values, (size_t)n);
        count(loader, (uint64_t)n, item->bytes);
    }
    return values;
}

float *tw_loader_vector(tw_loader *loader, const char *prefix, int index, const char *name, int n)
{
    char full[MAX_NAME];
    write_name(full, prefix, index, name);
    float *values = read_vector(loader, full, n);
    if (!values || loader->purpose != TW_LOAD_WRITE)
        return values;
    tw_layout layout = tw_layout_plain(TW_ELEMENT_F32, n, 1);
    write_item(loader, full, TW_ITEM_VECTOR, &layout, values);
    tw_free(values);
    return NULL;
}

/* ---- matrices ----------------------------------------------------------------------------------------------------- */

/* A matrix on its way, named as in the packed file. */
typedef struct {
    char weight[MAX_NAME], bias[MAX_NAME];
    char scales[MAX_NAME], sums[MAX_NAME]; /* of I8 */
    int out, in;
    bool has_bias;
} matrix;

/* Names the vectors of I8 like the weight, which ends in ".weight". */
static void name_scales(matrix *of)
{
    int stem = (int)(strlen(of->weight) - strlen(".weight"));
    (void)snprintf(of->scales, MAX_NAME, "%.*s.scales", stem, of->weight);
    (void)snprintf(of->sums, MAX_NAME, "%.*s.sums", stem, of->weight);
}

static void write_numbers(tw_loader *loader, const char *name, int n, const float *numbers)
{
    const tw_layout plain = tw_layout_plain(TW_ELEMENT_F32, n, 1);
    write_item(loader, name, TW_ITEM_VECTOR, &plain, numbers);
}

/* Writes the weight, with its scales and sums if it is of I8. */
static void write_matrix(tw_loader *loader, const matrix *of, const float *weight)
{
    tw_element element = loader->choose ? loader->choose(loader->choose_user, of->weight) : loader->element;
    const tw_layout layout = tw_linear_layout(element, of->out, of->in);
    size_t bytes = (tw_layout_bytes(&layout) + 63) / 64 * 64;
    size_t vectors = element == TW_ELEMENT_I8 ? 2 * (size_t)of->out * sizeof(float) : 0;
    if (!make_packing_room(loader, bytes + vectors, of->weight))
        return;
    if (element != TW_ELEMENT_I8) {
        tw_linear_pack(loader->machine, &layout, weight, loader->packing);
        write_item(loader, of->weight, TW_ITEM_MATRIX, &layout, loader->packing);
        return;
    }
    float *scales = (float *)((char *)loader->packing + bytes);
    tw_linear_quantize(loader->machine, &layout, weight, loader->packing, scales, scales + of->out);
    write_item(loader, of->weight, TW_ITEM_MATRIX, &layout, loader->packing);
    write_numbers(loader, of->scales, of->out, scales);
    write_numbers(loader, of->sums, of->out, scales + of->out);
}

/* The layer in `element` that `weight` [out][in] and `bias` make, or their items. */
static tw_linear *make_linear(tw_loader *loader, const matrix *of, tw_element element, const float *weight,
                              const float *bias)
{
    tw_linear *linear = NULL;
    if (loader->status != TUWEN_OK)
        return NULL;
    if (loader->purpose == TW_LOAD_USE) {
        loader->status =
            tw_linear_open(loader->machine, element, of->out, of->in, weight, bias, &linear, loader->error);
        return linear;
    }
    write_matrix(loader, of, weight);
    if (bias)
        write_numbers(loader, of->bias, of->out, bias);
    return NULL;
}

/* A matrix of I8 of a packed file, used where it lies, and its numbers an output. */
static tw_linear *load_int8(tw_loader *loader, const matrix *of, const tw_item *weight, const float *bias)
{
    const tw_item *scales = find_item(loader, of->scales, TW_ITEM_VECTOR, of->out, 1);
    const tw_item *sums = find_item(loader, of->sums, TW_ITEM_VECTOR, of->out, 1);
    const tw_layout wanted = tw_linear_layout(TW_ELEMENT_I8, of->out, of->in);
    tw_linear *linear = NULL;
    if (loader->status == TUWEN_OK && (!tw_layout_equal(&wanted, &weight->layout) || of->in > TW_INT8_INPUTS))
        loader->status = tw_fail(loader->error, TUWEN_UNSUPPORTED,
                                 "%s: item %s: its layout is none of int8; convert the checkpoint again",
                                 loader->path, of->weight);
    if (loader->status != TUWEN_OK)
        return NULL;
    check_finite(loader, loader->path, of->scales, scales->data, (size_t)of->out);
    check_sums(loader, of->sums, sums->data, of->out, of->in);
    if (loader->status == TUWEN_OK && loader->purpose == TW_LOAD_USE)
        loader->status = tw_linear_map_int8(loader->machine, &weight->layout, weight->data, scales->data, sums->data,
                                            bias, &linear, loader->error);
    count(loader, 0, scales->bytes + sums->bytes);
    return linear;
}

/* A matrix of a packed file: used where it lies, or unpacked and packed anew. */
static tw_linear *load_packed(tw_loader *loader, const matrix *of)
{
    const tw_item *weight = find_item(loader, of->weight, TW_ITEM_MATRIX, of->in, of->out);
    const tw_item *bias = of->has_bias ? find_item(loader, of->bias, TW_ITEM_VECTOR, of->out, 1) : NULL;
    if (loader->status != TUWEN_OK)
        return NULL;
    uint64_t numbers = (uint64_t)of->in * (uint64_t)of->out + (bias ? (uint64_t)of->out : 0);
    uint64_t bytes = weight->bytes + (bias ? bias->bytes : 0);
    tw_linear *linear = NULL;
    if (weight->layout.element == TW_ELEMENT_I8) {
        linear = load_int8(loader, of, weight, bias ? bias->data : NULL);
    } else if (loader->purpose == TW_LOAD_USE && loader->map) {
        loader->status = tw_linear_map(loader->machine, &weight->layout, weight->data, bias ? bias->data : NULL,
                                       &linear, loader->error);
    } else if (loader->purpose != TW_LOAD_COUNT) {
        size_t floats = (size_t)of->in * (size_t)of->out;
        if (!make_room(loader, floats, of->weight))
            return NULL;
        tw_layout_unpack(&weight->layout, weight->data, 0, of->out, loader->buffer);
        check_finite(loader, loader->path, of->weight, loader->buffer, floats);
        linear = make_linear(loader, of, weight->layout.element, loader->buffer, bias ? bias->data : NULL);
    }
    count(loader, numbers, bytes);
    return linear;
}

/* A random matrix in memory of the generator's: written as it is packed where the layout has no gaps, so that nothing
 * has to be rounded or rearranged. NULL, without a failure, when that cannot be done. */
static tw_linear *map_random(tw_loader *loader, const matrix *of, const float *bias)
{
    const tw_layout layout = tw_linear_layout(loader->element, of->out, of->in);
    tw_linear *linear = NULL;
    if (loader->element == TW_ELEMENT_I8 || layout.padded[0] != of->in || layout.padded[1] != of->out)
        return NULL; /* of I8 each row has a scale of its own: tw_linear_open finds them */
    void *packed = tw_random_keep(loader->random, tw_layout_bytes(&layout));
    if (!packed)
        loader->status = tw_fail_memory(loader->error, of->weight);
    else if (tw_random_fill(loader->random, layout.element, tw_random_deviation(of->weight, (size_t)of->in), packed,
                            (size_t)of->in * (size_t)of->out))
        loader->status = tw_linear_map(loader->machine, &layout, packed, bias, &linear, loader->error);
    return linear;
}

static tw_linear *make_random(tw_loader *loader, const matrix *of)
{
    size_t floats = (size_t)of->in * (size_t)of->out;
    count(loader, floats + (of->has_bias ? (uint64_t)of->out : 0), 0);
    if (loader->status != TUWEN_OK || loader->purpose == TW_LOAD_COUNT)
        return NULL;
    float *bias = of->has_bias ? tw_random_keep(loader->random, (size_t)of->out * sizeof *bias) : NULL;
    if (of->has_bias && !bias) {
        loader->status = tw_fail_memory(loader->error, of->bias);
        return NULL;
    }
    if (bias)
        tw_random_vector(loader->random, of->bias, bias, (size_t)of->out);
    tw_linear *linear = loader->purpose == TW_LOAD_USE ? map_random(loader, of, bias) : NULL;
    if (linear || loader->status != TUWEN_OK || !make_room(loader, floats, of->weight))
        return linear;
    tw_random_fill(loader->random, TW_ELEMENT_F32, tw_random_deviation(of->weight, (size_t)of->in), loader->buffer,
                   floats);
    bool too_long = loader->element == TW_ELEMENT_I8 && of->in > TW_INT8_INPUTS;
    return make_linear(loader, of, too_long ? TW_ELEMENT_BF16 : loader->element, loader->buffer, bias);
}

/* Reads the parts' weights and biases into the buffer: [total][in], then [total]. */
static void read_parts(tw_loader *loader, const char *prefix, int index, const tw_loader_part *parts, int parts_count,
                       const matrix *of)
{
    float *weight = loader->buffer;
    float *biases = loader->buffer + (size_t)of->out * (size_t)of->in;
    for (int i = 0; i < parts_count && loader->status == TUWEN_OK; i++) {
        char name[MAX_NAME];
        write_parts_name(name, prefix, index, &parts[i], 1, "weight");
        const tw_tensor *tensor = find_tensor(loader, name, 2, (int64_t[]){parts[i].out, of->in});
        if (!tensor)
            return;
        read_tensor(loader, tensor, weight);
        weight += (size_t)parts[i].out * (size_t)of->in;
        if (!of->has_bias)
            continue;
        write_parts_name(name, prefix, index, &parts[i], 1, "bias");
        tensor = find_tensor(loader, name, 1, (int64_t[]){parts[i].out});
        if (!tensor)
            return;
        read_tensor(loader, tensor, biases);
        biases += parts[i].out;
    }
}

/* Before memory is taken for what the configuration claims: are the tensors there? Counts them if that is all. */
static void check_parts(tw_loader *loader, const char *prefix, int index, const tw_loader_part *parts,
                        int parts_count, const matrix *of)
{
    for (int i = 0; i < parts_count; i++) {
        char name[MAX_NAME];
        write_parts_name(name, prefix, index, &parts[i], 1, "weight");
        const tw_tensor *weight = find_tensor(loader, name, 2, (int64_t[]){parts[i].out, of->in});
        if (weight && loader->purpose == TW_LOAD_COUNT)
            count(loader, (uint64_t)parts[i].out * (uint64_t)of->in, weight->bytes);
        if (!of->has_bias || loader->purpose != TW_LOAD_COUNT)
            continue;
        write_parts_name(name, prefix, index, &parts[i], 1, "bias");
        const tw_tensor *bias = find_tensor(loader, name, 1, (int64_t[]){parts[i].out});
        if (bias)
            count(loader, (uint64_t)parts[i].out, bias->bytes);
    }
}

tw_linear *tw_loader_linear(tw_loader *loader, const char *prefix, int index, const tw_loader_part *parts,
                            int parts_count, int in, bool bias)
{
    matrix of = {.in = in, .has_bias = bias};
    for (int i = 0; i < parts_count; i++)
        of.out += parts[i].out;
    write_parts_name(of.weight, prefix, index, parts, parts_count, "weight");
    write_parts_name(of.bias, prefix, index, parts, parts_count, "bias");
    name_scales(&of);
    if (loader->random)
        return make_random(loader, &of);
    if (loader->packed)
        return load_packed(loader, &of);
    check_parts(loader, prefix, index, parts, parts_count, &of);
    if (loader->status != TUWEN_OK || loader->purpose == TW_LOAD_COUNT ||
        !make_room(loader, (size_t)of.out * ((size_t)in + 1), of.weight))
        return NULL;
    read_parts(loader, prefix, index, parts, parts_count, &of);
    return make_linear(loader, &of, loader->element, loader->buffer,
                       bias ? loader->buffer + (size_t)of.out * (size_t)in : NULL);
}

tw_linear *tw_loader_convolution(tw_loader *loader, const char *name, int out, int channels, int frames, int size)
{
    matrix of = {.out = out, .in = channels * frames * size * size};
    (void)snprintf(of.weight, sizeof of.weight, "%s", name);
    name_scales(&of);
    if (loader->random)
        return make_random(loader, &of);
    if (loader->packed)
        return load_packed(loader, &of);
    size_t floats = (size_t)of.out * (size_t)of.in;
    const tw_tensor *tensor = find_tensor(loader, name, 5, (int64_t[]){out, channels, frames, size, size});
    if (tensor && loader->purpose == TW_LOAD_COUNT)
        count(loader, floats, tensor->bytes);
    if (!tensor || loader->purpose == TW_LOAD_COUNT || !make_room(loader, floats, name))
        return NULL;
    read_tensor(loader, tensor, loader->buffer);
    return make_linear(loader, &of, loader->element, loader->buffer, NULL);
}

/* ---- tables ------------------------------------------------------------------------------------------------------- */

/* A packed file's rows as a tensor. */
static tw_tensor tensor_of(const tw_loader *loader, const tw_item *item)
{
    return (tw_tensor){.name = item->name,
                       .file = loader->path,
                       .dtype = item->layout.element == TW_ELEMENT_F32 ? TW_DTYPE_F32 : TW_DTYPE_BF16,
                       .dimensions = 2,
                       .shape = {item->layout.sizes[1], item->layout.sizes[0]},
                       .data = item->data,
                       .bytes = item->bytes};
}

/* Rounds `n` floats into the packing buffer if matrices are bf16; where they then are. */
static const void *round_piece(const tw_loader *loader, const float *values, size_t n)
{
    if (loader->element == TW_ELEMENT_F32)
        return values;
    uint16_t *halves = loader->packing;
    for (size_t i = 0; i < n; i++)
        halves[i] = tw_bf16_from_f32(values[i]);
    return halves;
}

/* Copies the table into the new packed file, piece by piece. */
static void write_table(tw_loader *loader, const tw_tensor *tensor, const char *name)
{
    tw_layout layout = tw_layout_plain(loader->element, tensor->shape[1], tensor->shape[0]);
    size_t total = (size_t)tensor->shape[0] * (size_t)tensor->shape[1];
    if (!make_room(loader, TABLE_PIECE, name) || !make_packing_room(loader, TABLE_PIECE * sizeof(float), name))
        return;
    loader->status =
        tw_packed_begin(loader->writer, name, TW_ITEM_ROWS, &layout, tw_layout_bytes(&layout), loader->error);
    for (size_t done = 0; done < total && loader->status == TUWEN_OK;) {
        size_t n = total - done < TABLE_PIECE ? total - done : TABLE_PIECE;
        tw_tensor_read_f32(tensor, done, n, loader->buffer);
        check_finite(loader, tensor->file, tensor->name, loader->buffer, n);
        if (loader->status == TUWEN_OK)
            loader->status = tw_packed_piece(loader->writer, round_piece(loader, loader->buffer, n),
                                             n * tw_element_size(loader->element), loader->error);
        tw_tensor_forget(tensor);
        count(loader, n, n * tw_dtype_size(tensor->dtype));
        done += n;
    }
}

tw_table tw_loader_table(tw_loader *loader, const char *name, int rows, int columns)
{
    tw_tensor tensor = {0};
    if (loader->random) {
        tensor = (tw_tensor){.name = name, .dtype = TW_DTYPE_F32, .dimensions = 2, .shape = {rows, columns}};
    } else if (loader->packed) {
        const tw_item *item = find_item(loader, name, TW_ITEM_ROWS, columns, rows);
        if (item)
            tensor = tensor_of(loader, item);
    } else {
        const tw_tensor *found = find_tensor(loader, name, 2, (int64_t[]){rows, columns});
        if (found)
            tensor = *found;
    }
    if (loader->status != TUWEN_OK)
        return (tw_table){0};
    if (loader->purpose == TW_LOAD_WRITE && tensor.data)
        write_table(loader, &tensor, name);
    else
        count(loader, (uint64_t)rows * (uint64_t)columns, tensor.bytes);
    return (tw_table){.tensor = tensor,
                      .rounded = loader->element == TW_ELEMENT_BF16 && tensor.dtype != TW_DTYPE_BF16};
}

void tw_table_read(const tw_table *table, size_t row, float *out)
{
    size_t columns = (size_t)table->tensor.shape[1];
    if (table->tensor.data)
        tw_tensor_read_f32(&table->tensor, row * columns, columns, out);
    else
        tw_random_row(row, out, columns);
    for (size_t i = 0; table->rounded && i < columns; i++)
        out[i] = tw_f32_from_bf16(tw_bf16_from_f32(out[i]));
}
