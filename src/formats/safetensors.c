/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading safetensors: an 8-byte little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, then
 * the data. https://github.com/huggingface/safetensors describes the format; its rules (offsets that cover the data
 * without hole or overlap, a header of at most 100 MB) are checked here.
 */
#include "formats/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "formats/json.h"

/* The format's own bound for a header. */
#define MAX_HEADER_BYTES 100000000u

#define SINGLE_FILE "model.safetensors"
#define INDEX_FILE "model.safetensors.index.json"

struct tw_weights {
    tw_map *maps; /* [files] */
    char **paths; /* [files] */
    size_t files, map_capacity, path_capacity;
    tw_tensor *tensors; /* sorted by name */
    size_t count, capacity;
};

const char *tw_dtype_name(tw_dtype dtype)
{
    switch (dtype) {
#define NAME(name, bytes)                                                                                            \
    case TW_DTYPE_##name:                                                                                            \
        return #name;
        TW_DTYPE_MAP(NAME)
#undef NAME
    }
    return "?";
}

size_t tw_dtype_size(tw_dtype dtype)
{
    switch (dtype) {
#define SIZE(name, bytes)                                                                                            \
    case TW_DTYPE_##name:                                                                                            \
        return bytes;
        TW_DTYPE_MAP(SIZE)
#undef SIZE
    }
    return 0;
}

static bool dtype_parse(const char *text, tw_dtype *dtype)
{
#define PARSE(name, bytes)                                                                                           \
    if (strcmp(text, #name) == 0) {                                                                                  \
        *dtype = TW_DTYPE_##name;                                                                                    \
        return true;                                                                                                 \
    }
    TW_DTYPE_MAP(PARSE)
#undef PARSE
    return false;
}

/* The shape of a tensor and the bytes that it needs. */
static tuwen_status read_shape(const char *file, tw_json_value shape, tw_tensor *tensor, uint64_t *bytes,
                               tuwen_error *error)
{
    if (!tw_json_is_array(shape) || tw_json_count(shape) > TW_TENSOR_MAX_DIMENSIONS)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: its shape is not a list of at most %d sizes", file,
                       tensor->name, TW_TENSOR_MAX_DIMENSIONS);
    uint64_t total = tw_dtype_size(tensor->dtype);
    tensor->dimensions = (int)tw_json_count(shape);
    for (int i = 0; i < tensor->dimensions; i++) {
        tw_json_value size = tw_json_element(shape, (size_t)i);
        int64_t extent = tw_json_integer(size, -1);
        if (!tw_json_is_integer(size) || extent < 0)
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: size %d of its shape is not a whole number", file,
                           tensor->name, i);
        if (__builtin_mul_overflow(total, (uint64_t)extent, &total))
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: its shape is too large", file, tensor->name);
        tensor->shape[i] = extent;
    }
    *bytes = total;
    return TUWEN_OK;
}

/* One entry of the header. `base` is where the data begins and `data_bytes` how much there is. */
static tuwen_status read_entry(const char *file, tw_json_value entry, const unsigned char *base, uint64_t data_bytes,
                               tw_tensor *tensor, tuwen_error *error)
{
    const char *dtype = tw_json_string(tw_json_member(entry, "dtype"), NULL);
    if (!dtype || !dtype_parse(dtype, &tensor->dtype))
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: dtype %s is not known", file, tensor->name,
                       dtype ? dtype : "(missing)");
    uint64_t bytes = 0;
    tuwen_status status = read_shape(file, tw_json_member(entry, "shape"), tensor, &bytes, error);
    if (status != TUWEN_OK)
        return status;
    tw_json_value offsets = tw_json_member(entry, "data_offsets");
    tw_json_value first = tw_json_element(offsets, 0);
    tw_json_value last = tw_json_element(offsets, 1);
    if (tw_json_count(offsets) != 2 || !tw_json_is_integer(first) || !tw_json_is_integer(last))
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: data_offsets is not a pair of whole numbers", file,
                       tensor->name);
    int64_t begin = tw_json_integer(first, -1);
    int64_t end = tw_json_integer(last, -1);
    if (begin < 0 || end < begin || (uint64_t)end > data_bytes)
        return tw_fail(error, TUWEN_BAD_MODEL,
                       "%s: tensor %s: its bytes %lld to %lld lie outside the file, which has %llu bytes of data",
                       file, tensor->name, (long long)begin, (long long)end, (unsigned long long)data_bytes);
    if ((uint64_t)(end - begin) != bytes)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: has %lld bytes, but its shape and dtype need %llu",
                       file, tensor->name, (long long)(end - begin), (unsigned long long)bytes);
    tensor->data = base + begin;
    tensor->bytes = (size_t)bytes;
    return TUWEN_OK;
}

static int compare_data(const void *a, const void *b)
{
    const tw_tensor *left = a;
    const tw_tensor *right = b;
    if (left->data != right->data)
        return (uintptr_t)left->data < (uintptr_t)right->data ? -1 : 1;
    return left->bytes < right->bytes ? -1 : left->bytes > right->bytes;
}

static int compare_name(const void *a, const void *b)
{
    return strcmp(((const tw_tensor *)a)->name, ((const tw_tensor *)b)->name);
}

/* Whether the tensors of one file follow each other without hole or overlap up to its end. */
static tuwen_status check_cover(const char *file, tw_tensor *tensors, size_t count, const unsigned char *base,
                                uint64_t data_bytes, tuwen_error *error)
{
    if (tensors)
        qsort(tensors, count, sizeof *tensors, compare_data);
    uint64_t position = 0;
    for (size_t i = 0; tensors && i < count; i++) {
        uint64_t begin = (uint64_t)((const unsigned char *)tensors[i].data - base);
        if (begin != position)
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: begins at byte %llu of the data, not at %llu",
                           file, tensors[i].name, (unsigned long long)begin, (unsigned long long)position);
        position += tensors[i].bytes;
    }
    if (position != data_bytes)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: its tensors end at byte %llu of the data, but there are %llu",
                       file, (unsigned long long)position, (unsigned long long)data_bytes);
    return TUWEN_OK;
}

/* Adds every tensor of the header to the store. */
static tuwen_status read_header(tw_weights *weights, const char *file, tw_json_value root, const unsigned char *base,
                                uint64_t data_bytes, tuwen_error *error)
{
    size_t before = weights->count;
    if (!tw_json_is_object(root))
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: its header is not a JSON object", file);
    for (tw_json_walk walk = {0}; tw_json_next(root, &walk);) {
        if (strcmp(walk.key, "__metadata__") == 0)
            continue;
        void *items = weights->tensors;
        bool grown = tw_grow(&items, &weights->capacity, weights->count + 1, sizeof *weights->tensors);
        weights->tensors = items;
        tw_tensor tensor = {.file = file};
        tensor.name = grown ? tw_copy_string(walk.key, walk.key_length) : NULL;
        if (!tensor.name)
            return tw_fail_memory(error, file);
        weights->tensors[weights->count++] = tensor;
        tuwen_status status =
            read_entry(file, walk.value, base, data_bytes, &weights->tensors[weights->count - 1], error);
        if (status != TUWEN_OK)
            return status;
    }
    tw_tensor *added = weights->count > before ? weights->tensors + before : NULL;
    return check_cover(file, added, weights->count - before, base, data_bytes, error);
}

static tuwen_status read_file(tw_weights *weights, const char *file, const unsigned char *data, size_t size,
                              tuwen_error *error)
{
    if (size < 8)
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: has %zu bytes, too few for a safetensors file", file, size);
    uint64_t header = 0;
    for (int i = 7; i >= 0; i--)
        header = header << 8 | data[i];
    if (header > size - 8 || header > MAX_HEADER_BYTES)
        return tw_fail(error, TUWEN_BAD_MODEL,
                       "%s: says its header has %llu bytes, but the file has %zu (is the download complete?)", file,
                       (unsigned long long)header, size);
    tw_json *json = NULL;
    tuwen_status status = tw_json_parse((const char *)data + 8, (size_t)header, file, &json, error);
    if (status != TUWEN_OK)
        return status;
    status = read_header(weights, file, tw_json_root(json), data + 8 + header, size - 8 - header, error);
    tw_json_close(json);
    return status;
}

/* Maps `folder/name` and adds its tensors. */
static tuwen_status add_file(tw_weights *weights, const char *folder, const char *name, tuwen_error *error)
{
    void *maps = weights->maps;
    void *paths = weights->paths;
    bool grown = tw_grow(&maps, &weights->map_capacity, weights->files + 1, sizeof *weights->maps);
    weights->maps = maps;
    grown = grown && tw_grow(&paths, &weights->path_capacity, weights->files + 1, sizeof *weights->paths);
    weights->paths = paths;
    char *path = grown ? tw_path_join(folder, name) : NULL;
    if (!path)
        return tw_fail_memory(error, name);
    tw_map map;
    tuwen_status status = tw_map_open(path, &map, error);
    if (status != TUWEN_OK) {
        tw_free(path);
        return status;
    }
    weights->maps[weights->files] = map;
    weights->paths[weights->files] = path;
    weights->files++;
    return read_file(weights, path, map.data, map.size, error);
}

/* Whether a file name from an index stays inside the folder. */
static bool is_plain_name(const char *name)
{
    return name[0] != '\0' && !strchr(name, '/') && !strchr(name, '\\') && strcmp(name, "..") != 0 &&
           strcmp(name, ".") != 0;
}

static bool has_file(const tw_weights *weights, const char *name)
{
    for (size_t i = 0; i < weights->files; i++) {
        const char *slash = strrchr(weights->paths[i], '/');
        if (slash && strcmp(slash + 1, name) == 0)
            return true;
    }
    return false;
}

/* Maps every shard that the index names. */
static tuwen_status open_shards(tw_weights *weights, const char *folder, const char *index_path, tw_json_value map,
                                tuwen_error *error)
{
    if (!tw_json_is_object(map))
        return tw_fail(error, TUWEN_BAD_MODEL, "%s: has no object \"weight_map\"", index_path);
    for (tw_json_walk walk = {0}; tw_json_next(map, &walk);) {
        const char *name = tw_json_string(walk.value, NULL);
        if (!name || !is_plain_name(name))
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: its file is not a plain name in the same folder",
                           index_path, walk.key);
        if (has_file(weights, name))
            continue;
        tuwen_status status = add_file(weights, folder, name, error);
        if (status != TUWEN_OK)
            return status;
    }
    return TUWEN_OK;
}

/* Whether each tensor of the index is in the shard that it names. */
static tuwen_status check_index(const tw_weights *weights, const char *index_path, tw_json_value map,
                                tuwen_error *error)
{
    for (tw_json_walk walk = {0}; tw_json_next(map, &walk);) {
        const tw_tensor *tensor = tw_weights_find(weights, walk.key);
        const char *name = tw_json_string(walk.value, NULL);
        const char *slash = tensor ? strrchr(tensor->file, '/') : NULL;
        if (!slash || strcmp(slash + 1, name) != 0)
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: is not in %s as the index says", index_path,
                           walk.key, name);
    }
    return TUWEN_OK;
}

static tuwen_status sort_tensors(tw_weights *weights, tuwen_error *error)
{
    if (weights->count)
        qsort(weights->tensors, weights->count, sizeof *weights->tensors, compare_name);
    for (size_t i = 1; i < weights->count; i++)
        if (strcmp(weights->tensors[i - 1].name, weights->tensors[i].name) == 0)
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: tensor %s: is also in %s", weights->tensors[i].file,
                           weights->tensors[i].name, weights->tensors[i - 1].file);
    return TUWEN_OK;
}

static tuwen_status open_indexed(tw_weights *weights, const char *folder, const char *index_path, tuwen_error *error)
{
    tw_json *json = NULL;
    tuwen_status status = tw_json_open(index_path, MAX_HEADER_BYTES, &json, error);
    if (status != TUWEN_OK)
        return status;
    tw_json_value map = tw_json_member(tw_json_root(json), "weight_map");
    status = open_shards(weights, folder, index_path, map, error);
    if (status == TUWEN_OK)
        status = sort_tensors(weights, error);
    if (status == TUWEN_OK)
        status = check_index(weights, index_path, map, error);
    tw_json_close(json);
    return status;
}

tuwen_status tw_weights_open(const char *folder, tw_weights **out, tuwen_error *error)
{
    *out = NULL;
    tw_weights *weights = tw_alloc_zero(1, sizeof *weights);
    char *single = tw_path_join(folder, SINGLE_FILE);
    char *index = tw_path_join(folder, INDEX_FILE);
    tuwen_status status;
    if (!weights || !single || !index) {
        status = tw_fail_memory(error, folder);
    } else if (tw_file_exists(single)) {
        status = add_file(weights, folder, SINGLE_FILE, error);
        if (status == TUWEN_OK)
            status = sort_tensors(weights, error);
    } else if (tw_file_exists(index)) {
        status = open_indexed(weights, folder, index, error);
    } else {
        status = tw_fail(error, TUWEN_NOT_FOUND, "%s: has neither %s nor %s", folder, SINGLE_FILE, INDEX_FILE);
    }
    tw_free(single);
    tw_free(index);
    if (status != TUWEN_OK) {
        tw_weights_close(weights);
        return status;
    }
    *out = weights;
    return TUWEN_OK;
}

void tw_weights_close(tw_weights *weights)
{
    if (!weights)
        return;
    for (size_t i = 0; i < weights->count; i++)
        tw_free((char *)(uintptr_t)weights->tensors[i].name);
    for (size_t i = 0; i < weights->files; i++) {
        tw_map_close(&weights->maps[i]);
        tw_free(weights->paths[i]);
    }
    tw_free(weights->tensors);
    tw_free(weights->maps);
    tw_free(weights->paths);
    tw_free(weights);
}

const tw_tensor *tw_weights_find(const tw_weights *weights, const char *name)
{
    tw_tensor key = {.name = name};
    if (weights->count == 0)
        return NULL;
    return bsearch(&key, weights->tensors, weights->count, sizeof key, compare_name);
}

size_t tw_weights_count(const tw_weights *weights)
{
    return weights->count;
}

const tw_tensor *tw_weights_at(const tw_weights *weights, size_t index)
{
    return &weights->tensors[index];
}

size_t tw_weights_files(const tw_weights *weights)
{
    return weights->files;
}

/* IEEE half to single: exact for every value, subnormals and infinities included. */
static float half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 0x1f;
    uint32_t fraction = half & 0x3ff;
    uint32_t bits;
    if (exponent == 0x1f) {
        bits = sign | 0x7f800000u | fraction << 13;
    } else if (exponent != 0) {
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    } else {
        float value = (float)fraction * 0x1p-24f;
        memcpy(&bits, &value, 4);
        bits |= sign;
    }
    float result;
    memcpy(&result, &bits, 4);
    return result;
}

void tw_tensor_read_f32(const tw_tensor *tensor, size_t first, size_t count, float *out)
{
    const unsigned char *from = (const unsigned char *)tensor->data + first * tw_dtype_size(tensor->dtype);
    if (tensor->dtype == TW_DTYPE_F32) {
        if (count)
            memcpy(out, from, count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, from + 2 * i, 2);
        if (tensor->dtype == TW_DTYPE_BF16) {
            uint32_t bits = (uint32_t)half << 16;
            memcpy(&out[i], &bits, 4);
        } else {
            out[i] = half_to_float(half);
        }
    }
}

void tw_tensor_forget(const tw_tensor *tensor)
{
    tw_map_forget(tensor->data, tensor->bytes);
}

tuwen_status tw_safetensors_check(const unsigned char *data, size_t size, const char *name, tuwen_error *error)
{
    tw_weights *weights = tw_alloc_zero(1, sizeof *weights);
    if (!weights)
        return tw_fail_memory(error, name);
    tuwen_status status = read_file(weights, name, data, size, error);
    if (status == TUWEN_OK)
        status = sort_tensors(weights, error);
    tw_weights_close(weights);
    return status;
}
