/* SPDX-License-Identifier: Apache-2.0 */
/* Reading packed files: what was written is read, and the one sentence for each way in which a file can be wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc_fail.h"
#include "base/clock.h"
#include "base/memory.h"
#include "formats/bundle.h"
#include "formats/packed.h"
#include "packed_example.h"
#include "testing.h"

/* ---- good files ----------------------------------------------------------------------------------------------- */

static void expect_item(const tw_packed *packed, size_t index, const char *name, tw_item_kind kind,
                        const tw_layout *layout, const void *data, size_t bytes)
{
    const tw_item *item = tw_packed_at(packed, index);
    assert_string_equal(item->name, name);
    assert_ptr_equal(tw_packed_find(packed, name), item);
    assert_int_equal(item->kind, kind);
    assert_int_equal(item->bytes, bytes);
    assert_int_equal((uintptr_t)item->data % 64, 0);
    if (bytes > 0)
        assert_memory_equal(item->data, data, bytes);
    if (layout)
        assert_true(tw_layout_equal(&item->layout, layout));
    tuwen_error error = {0};
    if (tw_packed_verify(packed, item, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    example_place at = example_make_place();
    assert_false(tw_packed_is(at.path));
    assert_false(tw_packed_is(at.folder));
    example_write_good(at.path);
    assert_true(tw_packed_is(at.path));
    tw_packed *packed = NULL;
    tuwen_error error = {0};
    if (tw_packed_open(at.path, &packed, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    unsigned char bytes[16384];
    example_fill(bytes, sizeof bytes, 0);
    const tw_layout rows = tw_layout_plain(TW_ELEMENT_BF16, 6, 5), numbers = tw_layout_plain(TW_ELEMENT_F32, 3, 1);
    const tw_layout plain = tw_layout_plain(TW_ELEMENT_F32, 64, 17);
    assert_int_equal(tw_packed_count(packed), 6);
    expect_item(packed, 0, "config.json", TW_ITEM_FILE, NULL, example_config, sizeof example_config - 1);
    expect_item(packed, 1, "empty.json", TW_ITEM_FILE, NULL, NULL, 0);
    expect_item(packed, 2, "layers.0.weight", TW_ITEM_MATRIX, &example_blocked, bytes, sizeof bytes);
    expect_item(packed, 3, "embed", TW_ITEM_ROWS, &rows, bytes, 60);
    expect_item(packed, 4, "norm", TW_ITEM_VECTOR, &numbers, example_vector, sizeof example_vector);
    expect_item(packed, 5, "a \"quoted\\ 名\"", TW_ITEM_MATRIX, &plain, bytes, 4 * 64 * 17);
    assert_null(tw_packed_find(packed, "config"));
    assert_null(tw_packed_find(packed, ""));
    const tw_packed_facts *found = tw_packed_get_facts(packed);
    assert_string_equal(found->name, "a \"name\" 图文 \x01\xef\xbf\xbd");
    assert_string_equal(found->fingerprint, example_facts.fingerprint);
    assert_string_equal(found->precision, example_facts.precision);
    assert_string_equal(found->made_by, example_facts.made_by);
    assert_string_equal(found->dtype, example_facts.dtype);
    assert_true(found->tensors == example_facts.tensors && found->files == example_facts.files &&
                found->weight_bytes == example_facts.weight_bytes && found->parameters == example_facts.parameters &&
                found->vision_parameters == example_facts.vision_parameters);
    assert_string_equal(tw_packed_path(packed), at.path);
    struct stat whole;
    assert_int_equal(stat(at.path, &whole), 0);
    assert_int_equal(tw_packed_size(packed), whole.st_size);
    tw_packed_close(packed);
    example_remove_place(&at);
}

/* The sums and places, by the system's own tools: what docs/formats.md says can be done without us. */
static void sums_are_those_of_sha256sum(void **state)
{
    (void)state;
    example_place at = example_make_place();
    example_write_good(at.path);
    tw_packed *packed = NULL;
    assert_int_equal(tw_packed_open(at.path, &packed, NULL), TUWEN_OK);
    for (size_t i = 0; i < tw_packed_count(packed); i++) {
        const tw_item *item = tw_packed_at(packed, i);
        char command[256], sum[TW_DIGEST_HEX] = "";
        (void)snprintf(command, sizeof command, "tail -c +%" PRIu64 " %s | head -c %" PRIu64 " | sha256sum",
                       item->offset + 1, at.path, item->bytes);
        FILE *tool = popen(command, "r");
        assert_non_null(tool);
        assert_non_null(fgets(sum, sizeof sum, tool));
        (void)pclose(tool);
        assert_string_equal(sum, item->sha256);
    }
    tw_packed_close(packed);
    example_remove_place(&at);
}

static void files_are_read_through_a_bundle(void **state)
{
    (void)state;
    example_place at = example_make_place();
    example_write_good(at.path);
    tw_packed *packed = NULL;
    assert_int_equal(tw_packed_open(at.path, &packed, NULL), TUWEN_OK);
    const tw_bundle bundle = {.path = at.path, .packed = packed};
    char label[128];
    tw_bundle_file file;
    tuwen_error error = {0};
    assert_true(tw_bundle_has(&bundle, "config.json"));
    assert_true(tw_bundle_has(&bundle, "empty.json"));
    assert_false(tw_bundle_has(&bundle, "norm")); /* is no file */
    assert_int_equal(tw_bundle_read(&bundle, "config.json", 1000, &file, NULL), TUWEN_OK);
    assert_string_equal(file.bytes, example_config);
    assert_int_equal(file.size, sizeof example_config - 1);
    (void)snprintf(label, sizeof label, "%s: config.json", at.path);
    assert_string_equal(file.label, label);
    tw_bundle_free(&file);
    tw_bundle_free(&file);
    assert_int_equal(tw_bundle_read(&bundle, "empty.json", 0, &file, NULL), TUWEN_OK);
    assert_string_equal(file.bytes, "");
    tw_bundle_free(&file);
    assert_int_equal(tw_bundle_read(&bundle, "norm", 1000, &file, &error), TUWEN_NOT_FOUND);
    (void)snprintf(label, sizeof label, "%s: norm: no such file", at.path);
    assert_string_equal(error.message, label);
    assert_int_equal(tw_bundle_read(&bundle, "config.json", 5, &file, &error), TUWEN_LIMIT);
    (void)snprintf(label, sizeof label, "%s: config.json: has 27 bytes; at most 5 are allowed", at.path);
    assert_string_equal(error.message, label);
    tw_packed_close(packed);
    example_remove_place(&at);
}

/* ---- wrong files ---------------------------------------------------------------------------------------------- */

static void put_number(unsigned char *bytes, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
}

static uint64_t get_number(const unsigned char *bytes)
{
    uint64_t number = 0;
    for (int i = 8; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

static void expect_message(const unsigned char *data, size_t size, tuwen_status status, const char *message)
{
    tuwen_error error = {0};
    unsigned char *exact = tw_alloc(size, 1); /* so that the sanitizer sees a read past the end */
    if (size > 0)
        memcpy(exact, data, size);
    tw_packed *packed = NULL;
    tuwen_status found = tw_packed_open_bytes(exact, size, "f", &packed, &error);
    for (size_t i = 0; found == TUWEN_OK && i < tw_packed_count(packed); i++)
        found = tw_packed_verify(packed, tw_packed_at(packed, i), &error);
    assert_int_equal(found, status);
    if (status != TUWEN_OK)
        assert_string_equal(error.message, message);
    tw_packed_close(packed);
    tw_free(exact);
}

static void wrong_headers_are_named(void **state)
{
    (void)state;
    example_place at = example_make_place();
    example_write_good(at.path);
    size_t size = 0;
    unsigned char *good = example_read(at.path, &size);
    uint64_t index = get_number(good + 24);
    char message[256];
    expect_message(good, size, TUWEN_OK, NULL);
    unsigned char *bad = tw_alloc(size + 1, 1);
    bad[size] = 0;

#define BAD(change, status, ...)                                                                                     \
    do {                                                                                                             \
        memcpy(bad, good, size);                                                                                     \
        change;                                                                                                      \
        (void)snprintf(message, sizeof message, __VA_ARGS__);                                                        \
        expect_message(bad, size, status, message);                                                                  \
    } while (0)
    BAD(bad[0] ^= 1, TUWEN_BAD_MODEL, "f: byte 0: is not a packed file");
    BAD(memset(bad, 0, 4096), TUWEN_BAD_MODEL, "f: is incomplete: its writing was not finished");
    BAD(put_number(bad + 8, 0), TUWEN_BAD_MODEL, "f: byte 8: there is no version 0 of packed files");
    BAD(put_number(bad + 8, 3), TUWEN_UNSUPPORTED,
        "f: is a packed file of version 3; this tuwen reads versions up to 2");
    BAD(put_number(bad + 8, UINT64_MAX), TUWEN_UNSUPPORTED,
        "f: is a packed file of version 18446744073709551615; this tuwen reads versions up to 2");
    BAD(put_number(bad + 16, size + 1), TUWEN_BAD_MODEL, "f: is cut at byte %zu of %zu", size, size + 1);
    BAD(put_number(bad + 16, size - 1), TUWEN_BAD_MODEL, "f: goes on after byte %zu, its end, to byte %zu", size - 1,
        size);
    BAD(put_number(bad + 24, index + 4096), TUWEN_BAD_MODEL,
        "f: byte 24: the index cannot be the %zu bytes from %zu on", size - (size_t)index, (size_t)index + 4096);
    BAD((put_number(bad + 24, index - 1), put_number(bad + 32, size - index + 1)), TUWEN_BAD_MODEL,
        "f: byte 24: the index cannot be the %zu bytes from %zu on", size - (size_t)index + 1, (size_t)index - 1);
    BAD((put_number(bad + 24, 0), put_number(bad + 32, size)), TUWEN_BAD_MODEL,
        "f: byte 24: the index cannot be the %zu bytes from 0 on", size);
    BAD(put_number(bad + 24, UINT64_MAX - 4095), TUWEN_BAD_MODEL,
        "f: byte 24: the index cannot be the %zu bytes from 18446744073709547520 on", size - (size_t)index);
    BAD(put_number(bad + 32, size - index - 1), TUWEN_BAD_MODEL,
        "f: byte 24: the index cannot be the %zu bytes from %zu on", size - (size_t)index - 1, (size_t)index);
    BAD(bad[40] ^= 1, TUWEN_BAD_MODEL, "f: the index, from byte %zu on, is damaged: its SHA-256 sum is another",
        (size_t)index);
    BAD(bad[size - 3] ^= 1, TUWEN_BAD_MODEL, "f: the index, from byte %zu on, is damaged: its SHA-256 sum is another",
        (size_t)index);
    BAD(bad[4096] ^= 1, TUWEN_BAD_MODEL,
        "f: item config.json: its bytes 4096 to 4123 are damaged: their SHA-256 sum is another");
    BAD(bad[8192 + 16383] ^= 0x80, TUWEN_BAD_MODEL,
        "f: item layers.0.weight: its bytes 8192 to 24576 are damaged: their SHA-256 sum is another");
#undef BAD
    memcpy(bad, good, size);
    (void)snprintf(message, sizeof message, "f: goes on after byte %zu, its end, to byte %zu", size, size + 1);
    expect_message(bad, size + 1, TUWEN_BAD_MODEL, message);
    for (size_t cut = 0; cut < size; cut += cut < 200 || cut > size - 200 ? 1 : 509) {
        if (cut < 4096)
            (void)snprintf(message, sizeof message, "f: has %zu bytes; the header of a packed file alone has 4096",
                           cut);
        else
            (void)snprintf(message, sizeof message, "f: is cut at byte %zu of %zu", cut, size);
        expect_message(good, cut, TUWEN_BAD_MODEL, message);
    }
    tw_free(bad);
    tw_free(good);
    example_remove_place(&at);
}

/* Replaces the first `from` in the index, and makes header and sum agree again: what a forger would do. */
static unsigned char *forge(const unsigned char *good, size_t size, const char *from, const char *to, size_t *forged)
{
    size_t index = (size_t)get_number(good + 24);
    const char *found = memmem(good + index, size - index, from, strlen(from));
    if (!found)
        fail_msg("the index has no %s", from);
    size_t at = (size_t)((const unsigned char *)found - good);
    *forged = size - strlen(from) + strlen(to);
    unsigned char *made = tw_alloc(*forged, 1);
    memcpy(made, good, at);
    memcpy(made + at, to, strlen(to));
    memcpy(made + at + strlen(to), good + at + strlen(from), size - at - strlen(from));
    put_number(made + 16, *forged);
    put_number(made + 32, *forged - index);
    char hex[TW_DIGEST_HEX];
    tw_sha256_hex(made + index, *forged - index, hex);
    memcpy(made + 40, hex, 64);
    return made;
}

static const char *const forgeries[][3] = {
    {"\"items\":[", "\"item\":[", "f: its index has no \"items\""},
    {"\"name\":\"config.json\"", "\"name\":7", "f: line 2, byte 9: not valid JSON: a string is expected"},
    {"\"name\":\"config.json\",", "",
     "f: item 0: its name is not a text of 1 to 255 bytes without control characters"},
    {"\"name\":\"config.json\"", "\"name\":\"x\",\"name\":\"config.json\",\"kind\":\"row\"",
     NULL}, /* the last one counts */
    {"\"name\":\"config.json\"", "\"name\":\"\"",
     "f: item 0: its name is not a text of 1 to 255 bytes without control characters"},
    {"\"name\":\"empty.json\"", "\"name\":\"a\\nb\"",
     "f: item 1: its name is not a text of 1 to 255 bytes without control characters"},
    {"\"name\":\"empty.json\"", "\"name\":\"a\\u0000b\"",
     "f: item 1: its name is not a text of 1 to 255 bytes without control characters"},
    {"\"name\":\"embed\"", "\"name\":\"config.json\"", "f: item config.json: is there twice"},
    {"\"kind\":\"rows\"", "\"kind\":\"row\"", "f: item embed: is of no kind that is known"},
    {"\"kind\":\"rows\",", "", "f: item embed: is of no kind that is known"},
    {"\"kind\":\"matrix\",\"element\":\"bf16\"", "\"kind\":\"rows\",\"element\":\"bf16\"",
     "f: item layers.0.weight: has 16384 bytes, but its layout needs 7000"},
    {"\"kind\":\"rows\"", "\"kind\":\"vector\"", "f: item embed: its layout cannot be"},
    {"\"offset\":4096", "\"offset\":0", "f: item config.json: begins at byte 0, but 4096 is expected"},
    {"\"offset\":4096", "\"offset\":-4096", "f: item config.json: begins at byte -4096, but 4096 is expected"},
    {"\"offset\":4096", "\"offset\":1e300", "f: line 2, byte 47: not valid JSON: an integer is expected"},
    {"\"offset\":24576", "\"offset\":8192", "f: item embed: begins at byte 8192, but 24576 is expected"},
    {"\"offset\":24576", "\"offset\":28672", "f: item embed: begins at byte 28672, but 24576 is expected"},
    {"\"offset\":24576,\"bytes\":60", "\"offset\":24576,\"bytes\":61",
     "f: item embed: has 61 bytes, but its layout needs 60"},
    {"\"bytes\":27", "\"bytes\":-1",
     "f: item config.json: its -1 bytes from 4096 on do not end before byte 40960, where the index begins"},
    {"\"bytes\":27", "\"bytes\":4611686018427387904",
     "f: item config.json: its 4611686018427387904 bytes from 4096 on do not end before byte 40960, where the "
     "index begins"},
    {"\"bytes\":27", "\"bytes\":36865",
     "f: item config.json: its 36865 bytes from 4096 on do not end before byte 40960, where the index begins"},
    {"\"bytes\":27", "\"bytes\":36864", "f: item empty.json: begins at byte 8192, but 40960 is expected"},
    {"\"bytes\":27", "\"bytes\":28",
     "f: item config.json: its bytes 4096 to 4124 are damaged: their SHA-256 sum is another"},
    {"\"element\":\"bf16\"", "\"element\":\"f16\"", "f: item layers.0.weight: its layout cannot be"},
    {"\"element\":\"bf16\"", "\"element\":\"i8\"", "f: item layers.0.weight: its layout cannot be"}, /* version 1 */
    {"\"element\":\"bf16\"", "\"element\":\"f32\"",
     "f: item layers.0.weight: has 16384 bytes, but its layout needs 32768"},
    {"\"sizes\":[50,70]", "\"sizes\":[50]", "f: item layers.0.weight: its layout cannot be"},
    {"\"sizes\":[50,70]", "\"sizes\":[50,0]", "f: item layers.0.weight: its layout cannot be"},
    {"\"sizes\":[50,70]", "\"sizes\":[50,129]", "f: item layers.0.weight: its layout cannot be"},
    {"\"sizes\":[6,5]", "\"sizes\":[5,5]", "f: item embed: has 60 bytes, but its layout needs 50"},
    {"\"padded\":[64,128]", "\"padded\":[64,192]", "f: item layers.0.weight: its layout cannot be"},
    {"\"strides\":[2048,4096]", "\"strides\":[2048,2048]", "f: item layers.0.weight: its layout cannot be"},
    {"\"strides\":[2048,4096],", "", "f: item layers.0.weight: its layout cannot be"},
    {"[0,16],[1,64],[0,2]", "[0,16],[1,64],[2,2]", "f: item layers.0.weight: its layout cannot be"},
    {"[0,16],[1,64],[0,2]", "[0,16],[1,64],[0,4294967298]", "f: item layers.0.weight: its layout cannot be"},
    {"[0,16],[1,64],[0,2]", "[0,2],[0,2],[0,4],[1,64],[0,2]", "f: item layers.0.weight: its layout cannot be"},
    {"[0,16],[1,64],[0,2]", "0,1,0", "f: line 4, byte 126: not valid JSON: an array is expected"},
    {"\"sha256\":\"", "\"sha256\":\"0", "f: item config.json: its SHA-256 sum is not 64 digits"},
    {"\"sha256\":\"", "\"sha\":\"", "f: item config.json: its SHA-256 sum is not 64 digits"},
    {"\n]}\n", "\n]}}\n", "f: line 8, byte 3: not valid JSON: nothing more is expected"},
};

static void forged_indexes_are_named(void **state)
{
    (void)state;
    example_place at = example_make_place();
    example_write_good(at.path);
    size_t size = 0, forged = 0;
    unsigned char *good = example_read(at.path, &size);
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        unsigned char *bad = forge(good, size, forgeries[i][0], forgeries[i][1], &forged);
        expect_message(bad, forged, forgeries[i][2] ? TUWEN_BAD_MODEL : TUWEN_OK, forgeries[i][2]);
        tw_free(bad);
    }
    /* An item left out at the end, with its bytes still there. */
    size_t index = (size_t)get_number(good + 24);
    char *last = memmem(good + index, size - index, ",\n{\"name\":\"a \\\"", 14);
    assert_non_null(last);
    size_t length = size - (size_t)((unsigned char *)last - good) - strlen("\n]}\n");
    char *line = tw_copy_string(last, length);
    unsigned char *bad = forge(good, size, line, "", &forged);
    expect_message(bad, forged, TUWEN_BAD_MODEL, "f: its items end at byte 28684, but its index begins at 40960");
    tw_free(bad);
    /* What a later tuwen may add is passed over, as long as the version is the same. */
    bad = forge(good, size, "\"items\":[", "\"later\":{\"a\":[1]},\"items\":[", &forged);
    expect_message(bad, forged, TUWEN_OK, NULL);
    tw_free(bad);
    tw_free(line);
    tw_free(good);
    example_remove_place(&at);
}

/* Numbers of the example's matrix, at the first and the last place, in a layout of int8. */
static void int8_makes_version_2(void **state)
{
    (void)state;
    /* BA16a64b4a, in 50, out 70 */
    const tw_layout layout = {.element = TW_ELEMENT_I8,
                              .sizes = {50, 70},
                              .padded = {64, 128},
                              .strides = {4096, 4096},
                              .blocks = 3,
                              .block_size = {16, 64, 4},
                              .block_axis = {0, 1, 0}};
    example_place at = example_make_place();
    tw_packed_writer *writer = NULL;
    int8_t bytes[8192] = {[0] = -127, [4096 + 49 / 4 * 256 + 4 * (69 - 64) + 49 % 4] = 126};
    assert_int_equal(tw_packed_create(at.path, &writer, NULL), TUWEN_OK);
    assert_int_equal(tw_packed_add(writer, "m", TW_ITEM_MATRIX, &layout, bytes, sizeof bytes, NULL), TUWEN_OK);
    assert_int_equal(tw_packed_finish(writer, &example_facts, NULL), TUWEN_OK);
    size_t size = 0;
    unsigned char *good = example_read(at.path, &size);
    assert_int_equal(get_number(good + 8), 2);
    tw_packed *packed = NULL;
    assert_int_equal(tw_packed_open(at.path, &packed, NULL), TUWEN_OK);
    const tw_item *item = tw_packed_find(packed, "m");
    assert_true(item && tw_layout_equal(&item->layout, &layout));
    float rows[50];
    tw_layout_unpack(&item->layout, item->data, 0, 1, rows);
    assert_true(rows[0] == -127 && rows[1] == 0);
    tw_layout_unpack(&item->layout, item->data, 69, 1, rows);
    assert_true(rows[49] == 126 && rows[48] == 0);
    tw_packed_close(packed);
    put_number(good + 8, 1); /* no file of version 1 has such a matrix */
    expect_message(good, size, TUWEN_BAD_MODEL, "f: item m: its layout cannot be");
    tw_free(good);
    example_write_good(at.path); /* which has none: what an older tuwen reads */
    good = example_read(at.path, &size);
    assert_int_equal(get_number(good + 8), 1);
    put_number(good + 8, 2);
    expect_message(good, size, TUWEN_OK, NULL);
    tw_free(good);
    example_remove_place(&at);
}

/* ---- sizes and memory ----------------------------------------------------------------------------------------- */

/* As many items as the 2B checkpoint has: says how long opening takes. */
static void many_items_are_opened(void **state)
{
    (void)state;
    enum { ITEMS = 729, TIMES = 20 };
    example_place at = example_make_place();
    tw_packed_writer *writer = NULL;
    assert_int_equal(tw_packed_create(at.path, &writer, NULL), TUWEN_OK);
    unsigned char bytes[16384];
    char name[64];
    example_fill(bytes, sizeof bytes, 3);
    for (int i = 0; i < ITEMS; i++) {
        (void)snprintf(name, sizeof name, "visual.blocks.%d.mlp.fc1.weight", (i * 37) % ITEMS);
        assert_int_equal(tw_packed_add(writer, name, TW_ITEM_MATRIX, &example_blocked, bytes, sizeof bytes, NULL),
                         TUWEN_OK);
    }
    assert_int_equal(tw_packed_finish(writer, &example_facts, NULL), TUWEN_OK);
    double best = 1e9;
    for (int i = 0; i < TIMES; i++) {
        tw_packed *packed = NULL;
        double before = tw_clock_seconds();
        assert_int_equal(tw_packed_open(at.path, &packed, NULL), TUWEN_OK);
        double took = tw_clock_seconds() - before;
        best = took < best ? took : best;
        for (int k = 0; k < ITEMS && i == 0; k++) {
            (void)snprintf(name, sizeof name, "visual.blocks.%d.mlp.fc1.weight", (k * 37) % ITEMS);
            assert_ptr_equal(tw_packed_find(packed, name), tw_packed_at(packed, (size_t)k));
        }
        tw_packed_close(packed);
    }
    print_message("%d items: opened in %.2f ms\n", ITEMS, 1e3 * best);
    example_remove_place(&at);
}

static tuwen_status read_once(void *user, tuwen_error *error)
{
    tw_packed *packed = NULL;
    tuwen_status status = tw_packed_open(user, &packed, error);
    if (status != TUWEN_OK)
        return status;
    const tw_bundle bundle = {.path = user, .packed = packed};
    tw_bundle_file file;
    status = tw_bundle_read(&bundle, "config.json", 1000, &file, error);
    tw_bundle_free(&file);
    tw_packed_close(packed);
    return status;
}

static void failed_allocations_are_survived(void **state)
{
    (void)state;
    example_place at = example_make_place();
    example_write_good(at.path);
    assert_true(alloc_fail_each(read_once, at.path) > 7);
    example_remove_place(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(sums_are_those_of_sha256sum),
        cmocka_unit_test(files_are_read_through_a_bundle),
        cmocka_unit_test(wrong_headers_are_named),
        cmocka_unit_test(forged_indexes_are_named),
        cmocka_unit_test(many_items_are_opened),
        cmocka_unit_test(int8_makes_version_2),
        cmocka_unit_test(failed_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
