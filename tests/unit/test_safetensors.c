/* SPDX-License-Identifier: Apache-2.0 */
/* Weight files: what is read of good ones, and the one sentence for each way in which a file can be wrong. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc_fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/safetensors.h"
#include "golden.h"
#include "testing.h"

/* A file in memory: header length, header, `data` bytes counting up from 0. */
static size_t build(unsigned char *out, const char *header, size_t data)
{
    size_t length = strlen(header);
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(length >> 8 * i);
    memcpy(out + 8, header, length);
    for (size_t i = 0; i < data; i++)
        out[8 + length + i] = (unsigned char)i;
    return 8 + length + data;
}

typedef struct {
    const char *header;
    size_t data;
    const char *message; /* NULL: the file is good */
} example;

static const example examples[] = {
    {"{}", 0, NULL},
    {"{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
     NULL},
    {"{\"a\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[0,2]}}  ", 2, NULL},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[0,0]}}", 0, NULL},
    {"[]", 0, "f: its header is not a JSON object"},
    {"{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "f: tensor a: dtype F33 is not known"},
    {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "f: tensor a: dtype (missing) is not known"},
    {"{\"a\":5}", 8, "f: tensor a: dtype (missing) is not known"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", 8,
     "f: tensor a: its shape is not a list of at most 8 sizes"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", 8,
     "f: tensor a: its shape is not a list of at most 8 sizes"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8,
     "f: tensor a: size 0 of its shape is not a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,2.5],\"data_offsets\":[0,8]}}", 8,
     "f: tensor a: size 1 of its shape is not a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}", 8,
     "f: tensor a: its shape is too large"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "f: tensor a: data_offsets is not a pair of whole numbers"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8,
     "f: tensor a: data_offsets is not a pair of whole numbers"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,16]}}", 8,
     "f: tensor a: its bytes 0 to 16 lie outside the file, which has 8 bytes of data"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8,
     "f: tensor a: its bytes 8 to 0 lie outside the file, which has 8 bytes of data"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8,
     "f: tensor a: has 8 bytes, but its shape and dtype need 4"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
     "f: tensor a: begins at byte 4 of the data, not at 0"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
     "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
     8, "f: tensor b: begins at byte 4 of the data, not at 8"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12,
     "f: its tensors end at byte 8 of the data, but there are 12"},
};

static void test_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        unsigned char file[512];
        size_t size = build(file, examples[i].header, examples[i].data);
        tuwen_error error = {0};
        tuwen_status status = tw_safetensors_check(file, size, "f", &error);
        assert_int_equal(status, examples[i].message ? TUWEN_BAD_MODEL : TUWEN_OK);
        if (examples[i].message)
            assert_string_equal(error.message, examples[i].message);
    }
}

static void test_truncated(void **state)
{
    (void)state;
    unsigned char file[512];
    size_t size = build(file, examples[1].header, 8);
    for (size_t cut = 0; cut < size; cut++) {
        unsigned char *exact = tw_alloc(cut, 1); /* so that the sanitizer sees a read past the end */
        memcpy(exact, file, cut);
        tuwen_error error = {0};
        assert_int_equal(tw_safetensors_check(exact, cut, "f", &error), TUWEN_BAD_MODEL);
        assert_true(strlen(error.message) > 0);
        tw_free(exact);
    }
}

static void write_file(const char *folder, const char *name, const void *data, size_t size)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void expect_open(const char *folder, const char *message)
{
    tw_weights *weights = NULL;
    tuwen_error error = {0};
    tuwen_status status = tw_weights_open(folder, &weights, &error);
    assert_int_not_equal(status, TUWEN_OK);
    assert_null(weights);
    assert_non_null(strstr(error.message, message));
}

/* An index that lies: about names, about files, about paths. */
static void test_index(void **state)
{
    (void)state;
    char folder[] = "/tmp/tuwen-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    expect_open(folder, "has neither model.safetensors nor model.safetensors.index.json");
    unsigned char file[512];
    size_t size = build(file, examples[1].header, 8);
    write_file(folder, "one.safetensors", file, size);
    write_file(folder, "two.safetensors", file, size);
    static const char *const indexes[][2] = {
        {"{}", "has no object \"weight_map\""},
        {"{\"weight_map\":{\"a\":\"../one.safetensors\"}}", "tensor a: its file is not a plain name"},
        {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "tensor a: its file is not a plain name"},
        {"{\"weight_map\":{\"a\":7}}", "tensor a: its file is not a plain name"},
        {"{\"weight_map\":{\"a\":\"three.safetensors\"}}", "three.safetensors: no such file"},
        {"{\"weight_map\":{\"b\":\"one.safetensors\"}}", "tensor b: is not in one.safetensors as the index says"},
        {"{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\"}}", "tensor a: is also in"},
        {"{\"weight_map\":", "model.safetensors.index.json"},
    };
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        write_file(folder, "model.safetensors.index.json", indexes[i][0], strlen(indexes[i][0]));
        expect_open(folder, indexes[i][1]);
    }
    static const char good[] = "{\"weight_map\":{\"a\":\"one.safetensors\"}}";
    write_file(folder, "model.safetensors.index.json", good, sizeof good - 1);
    tw_weights *weights = NULL;
    assert_int_equal(tw_weights_open(folder, &weights, NULL), TUWEN_OK);
    assert_int_equal(tw_weights_count(weights), 1);
    assert_non_null(tw_weights_find(weights, "a"));
    assert_null(tw_weights_find(weights, "b"));
    tw_weights_close(weights);
    char path[512];
    static const char *const names[] = {"one.safetensors", "two.safetensors", "model.safetensors.index.json"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

/* Half precision against values known exactly, subnormal and infinite ones included. */
static void test_conversion(void **state)
{
    (void)state;
    static const uint16_t halves[] = {0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x7c00, 0xfc00};
    static const float wanted[] = {0.0f,     -0.0f,      1.0f,     -2.0f,    65504.0f,
                                   0x1p-24f, 0x3ffp-24f, 0x1p-14f, INFINITY, -INFINITY};
    tw_tensor tensor = {.dtype = TW_DTYPE_F16, .data = halves};
    float found[10];
    tw_tensor_read_f32(&tensor, 0, 10, found);
    assert_memory_equal(found, wanted, sizeof found);
    static const uint16_t brains[] = {0x3f80, 0xc000, 0x0001};
    tensor = (tw_tensor){.dtype = TW_DTYPE_BF16, .data = brains};
    tw_tensor_read_f32(&tensor, 1, 2, found);
    assert_true(found[0] == -2.0f && found[1] == 0x1p-133f);
}

static tuwen_status open_sharded(void *user, tuwen_error *error)
{
    tw_weights *weights = NULL;
    tuwen_status status = tw_weights_open(user, &weights, error);
    tw_weights_close(weights);
    return status;
}

static void test_memory(void **state)
{
    (void)state;
    char folder[1024];
    (void)snprintf(folder, sizeof folder, "%s", golden_path("variants/newer-names-sharded"));
    assert_true(alloc_fail_each(open_sharded, folder) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),    cmocka_unit_test(test_truncated), cmocka_unit_test(test_index),
        cmocka_unit_test(test_conversion), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
