/* SPDX-License-Identifier: Apache-2.0 */
/* Writing packed files: items one behind the other, summed on the way, then the index, and the header last. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/output.h"
#include "formats/json_text.h"
#include "formats/packed.h"
#include "formats/packed_bytes.h"

struct tw_packed_writer {
    tw_output output;
    tw_item *items; /* their names are the writer's own */
    size_t count, capacity;
    uint64_t missing; /* bytes that the last item still waits for */
    tw_digest digest; /* of what is there of it */
    bool failed;      /* something was not written: no good file can come of it */
};

tuwen_status tw_packed_create(const char *path, tw_packed_writer **writer, tuwen_error *error)
{
    *writer = NULL;
    tw_packed_writer *made = tw_alloc_zero(1, sizeof *made);
    if (!made)
        return tw_fail_memory(error, path);
    tuwen_status status = tw_output_open(path, &made->output, error);
    if (status != TUWEN_OK) {
        tw_free(made);
        return status;
    }
    made->output.length = TW_PACKED_ALIGN; /* after the header, which comes last */
    *writer = made;
    return TUWEN_OK;
}

void tw_packed_abandon(tw_packed_writer *writer)
{
    if (!writer)
        return;
    tw_output_discard(&writer->output);
    for (size_t i = 0; i < writer->count; i++)
        tw_free((char *)(uintptr_t)writer->items[i].name);
    tw_free(writer->items);
    tw_free(writer);
}

/* ---- items ---------------------------------------------------------------------------------------------------- */

static bool is_there(const tw_packed_writer *writer, const char *name)
{
    for (size_t i = 0; i < writer->count; i++)
        if (strcmp(writer->items[i].name, name) == 0)
            return true;
    return false;
}

/* What the reader would refuse is not written. */
static tuwen_status check_item(const tw_packed_writer *writer, const char *name, tw_item_kind kind,
                               const tw_layout *layout, uint64_t bytes, tuwen_error *error)
{
    const char *path = writer->output.path;
    if (writer->missing > 0)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: item %s: %" PRIu64 " of its bytes were not given", path,
                       writer->items[writer->count - 1].name, writer->missing);
    if (!tw_packed_is_name(name, strlen(name)))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "%s: item %zu: its name is not a text of 1 to %u bytes without control characters", path,
                       writer->count, TW_PACKED_MAX_NAME);
    if (is_there(writer, name))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: item %s: is there twice", path, name);
    if (writer->count == TW_PACKED_MAX_ITEMS)
        return tw_fail(error, TUWEN_LIMIT, "%s: has more than %u items", path, TW_PACKED_MAX_ITEMS);
    if (kind != TW_ITEM_FILE && !tw_packed_layout_suits(kind, layout))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: item %s: its layout cannot be", path, name);
    if (kind != TW_ITEM_FILE && bytes != tw_layout_bytes(layout))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: item %s: has %" PRIu64 " bytes, but its layout needs %zu",
                       path, name, bytes, tw_layout_bytes(layout));
    return TUWEN_OK;
}

static void end_item(tw_packed_writer *writer)
{
    tw_digest_hex(&writer->digest, writer->items[writer->count - 1].sha256);
}

tuwen_status tw_packed_begin(tw_packed_writer *writer, const char *name, tw_item_kind kind, const tw_layout *layout,
                             uint64_t bytes, tuwen_error *error)
{
    tuwen_status status = check_item(writer, name, kind, layout, bytes, error);
    if (status != TUWEN_OK) {
        writer->failed = true;
        return status;
    }
    void *items = writer->items;
    bool grown = tw_grow(&items, &writer->capacity, writer->count + 1, sizeof *writer->items);
    writer->items = items;
    char *copy = grown ? tw_copy_string(name, strlen(name)) : NULL;
    if (!copy) {
        writer->failed = true;
        return tw_fail_memory(error, name);
    }
    writer->output.length = tw_packed_aligned(writer->output.length);
    tw_item *item = &writer->items[writer->count++];
    *item = (tw_item){.name = copy, .kind = kind, .offset = writer->output.length, .bytes = bytes};
    if (kind != TW_ITEM_FILE)
        item->layout = *layout;
    writer->missing = bytes;
    tw_digest_open(&writer->digest, TW_SHA256);
    if (bytes == 0)
        end_item(writer);
    return TUWEN_OK;
}

tuwen_status tw_packed_piece(tw_packed_writer *writer, const void *data, size_t size, tuwen_error *error)
{
    if (size == 0)
        return TUWEN_OK;
    tuwen_status status;
    if (size > writer->missing)
        status = tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: item %s: has more bytes than were announced",
                         writer->output.path, writer->count > 0 ? writer->items[writer->count - 1].name : "");
    else
        status = tw_output_append(&writer->output, data, size, error);
    if (status != TUWEN_OK) {
        writer->failed = true;
        return status;
    }
    tw_digest_add(&writer->digest, data, size);
    writer->missing -= size;
    if (writer->missing == 0)
        end_item(writer);
    return TUWEN_OK;
}

tuwen_status tw_packed_add(tw_packed_writer *writer, const char *name, tw_item_kind kind, const tw_layout *layout,
                           const void *data, uint64_t bytes, tuwen_error *error)
{
    tuwen_status status = tw_packed_begin(writer, name, kind, layout, bytes, error);
    return status == TUWEN_OK ? tw_packed_piece(writer, data, (size_t)bytes, error) : status;
}

/* ---- the index ------------------------------------------------------------------------------------------------ */

static void put_text(tw_json_text *to, const char *key, const char *value)
{
    tw_json_put(to, "\"%s\":", key);
    tw_json_put_string(to, value);
    tw_json_put(to, ",");
}

static void put_facts(tw_json_text *to, const tw_packed_facts *facts)
{
    put_text(to, "name", facts->name);
    put_text(to, "fingerprint", facts->fingerprint);
    put_text(to, "precision", facts->precision);
    put_text(to, "made_by", facts->made_by);
    put_text(to, "dtype", facts->dtype);
    tw_json_put(to, "\"tensors\":%" PRId64 ",\"files\":%" PRId64 ",\"weight_bytes\":%" PRId64 ",", facts->tensors,
                facts->files, facts->weight_bytes);
    tw_json_put(to, "\"parameters\":%" PRId64 ",\"vision_parameters\":%" PRId64 ",", facts->parameters,
                facts->vision_parameters);
}

static void put_layout(tw_json_text *to, tw_item_kind kind, const tw_layout *layout)
{
    tw_json_put(to, "\"element\":\"%s\",\"sizes\":[%" PRId64 ",%" PRId64 "],", tw_element_name(layout->element),
                layout->sizes[0], layout->sizes[1]);
    if (kind != TW_ITEM_MATRIX)
        return;
    tw_json_put(to, "\"padded\":[%" PRId64 ",%" PRId64 "],\"strides\":[%" PRId64 ",%" PRId64 "],\"blocks\":[",
                layout->padded[0], layout->padded[1], layout->strides[0], layout->strides[1]);
    for (int i = 0; i < layout->blocks; i++)
        tw_json_put(to, "%s[%d,%d]", i > 0 ? "," : "", layout->block_axis[i], layout->block_size[i]);
    tw_json_put(to, "],");
}

static void put_item(tw_json_text *to, const tw_item *item)
{
    static const char *const kinds[] = {TW_PACKED_KINDS};
    tw_json_put(to, "{");
    put_text(to, "name", item->name);
    put_text(to, "kind", kinds[item->kind]);
    if (item->kind != TW_ITEM_FILE)
        put_layout(to, item->kind, &item->layout);
    tw_json_put(to, "\"offset\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"sha256\":\"%s\"}", item->offset, item->bytes,
                item->sha256);
}

/* One line an item, so that the end of the file can be read by eye. */
static tuwen_status make_index(const tw_packed_writer *writer, const tw_packed_facts *facts, tw_bytes *index,
                               tuwen_error *error)
{
    tw_json_text to = {0};
    tw_json_put(&to, "{");
    put_facts(&to, facts);
    tw_json_put(&to, "\"items\":[");
    for (size_t i = 0; i < writer->count; i++) {
        tw_json_put(&to, i > 0 ? ",\n" : "\n");
        put_item(&to, &writer->items[i]);
    }
    tw_json_put(&to, "\n]}\n");
    if (to.failed) {
        tw_bytes_free(&to.bytes);
        return tw_fail_memory(error, writer->output.path);
    }
    *index = to.bytes;
    return TUWEN_OK;
}

/* ---- the end -------------------------------------------------------------------------------------------------- */

static void write_number(unsigned char *bytes, uint64_t number)
{
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
}

/* The least version that has what was written, so that older programs read what they can. */
static uint64_t version_of(const tw_packed_writer *writer)
{
    uint64_t version = 1;
    for (size_t i = 0; i < writer->count; i++) {
        const tw_item *item = &writer->items[i];
        if (item->kind != TW_ITEM_FILE && tw_packed_version_of(item->layout.element) > version)
            version = tw_packed_version_of(item->layout.element);
    }
    return version;
}

static tuwen_status write_end(tw_packed_writer *writer, const tw_bytes *index, tuwen_error *error)
{
    unsigned char header[TW_PACKED_HEADER] = {0};
    char hex[TW_DIGEST_HEX];
    uint64_t begin = tw_packed_aligned(writer->output.length);
    writer->output.length = begin;
    tuwen_status status = tw_output_append(&writer->output, index->data, index->length, error);
    if (status != TUWEN_OK)
        return status;
    memcpy(header, TW_PACKED_MAGIC, TW_PACKED_MAGIC_SIZE);
    write_number(header + TW_PACKED_AT_VERSION, version_of(writer));
    write_number(header + TW_PACKED_AT_SIZE, begin + index->length);
    write_number(header + TW_PACKED_AT_INDEX, begin);
    write_number(header + TW_PACKED_AT_LENGTH, index->length);
    tw_sha256_hex(index->data, index->length, hex);
    memcpy(header + TW_PACKED_AT_SUM, hex, TW_DIGEST_HEX - 1);
    return tw_output_write(&writer->output, 0, header, sizeof header, error);
}

tuwen_status tw_packed_finish(tw_packed_writer *writer, const tw_packed_facts *facts, tuwen_error *error)
{
    const char *path = writer->output.path;
    tw_bytes index = {0};
    tuwen_status status = TUWEN_OK;
    if (writer->failed)
        status = tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: cannot be finished: an item of it failed", path);
    else if (writer->missing > 0)
        status = tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s: item %s: %" PRIu64 " of its bytes were not given", path,
                         writer->items[writer->count - 1].name, writer->missing);
    if (status == TUWEN_OK)
        status = make_index(writer, facts, &index, error);
    if (status == TUWEN_OK && index.length > TW_PACKED_MAX_INDEX)
        status = tw_fail(error, TUWEN_LIMIT, "%s: its index has %zu bytes; at most %zu are allowed", path,
                         index.length, (size_t)TW_PACKED_MAX_INDEX);
    if (status == TUWEN_OK)
        status = write_end(writer, &index, error);
    if (status == TUWEN_OK)
        status = tw_output_commit(&writer->output, error);
    tw_bytes_free(&index);
    tw_packed_abandon(writer);
    return status;
}
