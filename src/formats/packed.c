/* SPDX-License-Identifier: Apache-2.0 */
/* Reading packed files: mapping, checking the header and the index, finding items, comparing sums. */
#include "formats/packed.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "formats/json_scan.h"
#include "formats/packed_bytes.h"

/* What is summed before its pages are let go. */
#define CHUNK ((size_t)16 << 20)

struct tw_packed {
    tw_map map; /* not open when the bytes are the caller's */
    const unsigned char *data;
    uint64_t size;
    char *path;
    char sum[TW_DIGEST_HEX]; /* of the index */
    tw_packed_facts facts;
    tw_item *items;          /* their names are ours */
    const tw_item **by_name; /* sorted */
    size_t count;
};

/* What is being read, and the place for its first failure. */
typedef struct reader {
    tw_packed *packed;
    const char *path;
    tuwen_error *error;
    uint64_t index, length; /* where the index lies */
    uint64_t version;       /* of the file */
    uint64_t end;           /* of the items that were read */
    size_t capacity;        /* of packed->items */
} reader;

static uint64_t read_number(const unsigned char *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = size; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

bool tw_packed_is(const char *path)
{
    tw_map map;
    if (tw_map_open(path, &map, NULL) != TUWEN_OK)
        return false;
    bool is = map.size >= TW_PACKED_MAGIC_SIZE && memcmp(map.data, TW_PACKED_MAGIC, TW_PACKED_MAGIC_SIZE) == 0;
    tw_map_close(&map);
    return is;
}

/* ---- the header ----------------------------------------------------------------------------------------------- */

static bool all_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static tuwen_status check_begin(reader *from)
{
    const unsigned char *data = from->packed->data;
    if (from->packed->size < TW_PACKED_ALIGN)
        return tw_fail(from->error, TUWEN_BAD_MODEL,
                       "%s: has %" PRIu64 " bytes; the header of a packed file alone has %u", from->path,
                       from->packed->size, TW_PACKED_ALIGN);
    if (all_zero(data, TW_PACKED_HEADER))
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: is incomplete: its writing was not finished", from->path);
    if (memcmp(data, TW_PACKED_MAGIC, TW_PACKED_MAGIC_SIZE) != 0)
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: byte 0: is not a packed file", from->path);
    from->version = read_number(data + TW_PACKED_AT_VERSION, 8);
    if (from->version > TW_PACKED_VERSION)
        return tw_fail(from->error, TUWEN_UNSUPPORTED,
                       "%s: is a packed file of version %" PRIu64 "; this tuwen reads versions up to %d", from->path,
                       from->version, TW_PACKED_VERSION);
    if (from->version < 1)
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: byte %u: there is no version %" PRIu64 " of packed files",
                       from->path, TW_PACKED_AT_VERSION, from->version);
    return TUWEN_OK;
}

static tuwen_status check_header(reader *from)
{
    const unsigned char *data = from->packed->data;
    uint64_t actual = from->packed->size;
    uint64_t size = read_number(data + TW_PACKED_AT_SIZE, 8);
    from->index = read_number(data + TW_PACKED_AT_INDEX, 8);
    from->length = read_number(data + TW_PACKED_AT_LENGTH, 8);
    if (actual < size)
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: is cut at byte %" PRIu64 " of %" PRIu64, from->path, actual,
                       size);
    if (actual > size)
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: goes on after byte %" PRIu64 ", its end, to byte %" PRIu64,
                       from->path, size, actual);
    if (from->index < TW_PACKED_ALIGN || from->index % TW_PACKED_ALIGN != 0 || from->index > size ||
        from->length != size - from->index || from->length > TW_PACKED_MAX_INDEX)
        return tw_fail(from->error, TUWEN_BAD_MODEL,
                       "%s: byte %u: the index cannot be the %" PRIu64 " bytes from %" PRIu64 " on", from->path,
                       TW_PACKED_AT_INDEX, from->length, from->index);
    char hex[TW_DIGEST_HEX];
    tw_sha256_hex(data + from->index, (size_t)from->length, hex);
    if (memcmp(hex, data + TW_PACKED_AT_SUM, TW_DIGEST_HEX - 1) != 0)
        return tw_fail(from->error, TUWEN_BAD_MODEL,
                       "%s: the index, from byte %" PRIu64 " on, is damaged: its SHA-256 sum is another", from->path,
                       from->index);
    memcpy(from->packed->sum, hex, sizeof hex);
    return TUWEN_OK;
}

/* ---- the index: read forward, since a tree of it would cost most of the time of opening ------------------------- */

/* Members of an item as they stand in the index; -1 and NULL for those that do not. */
typedef struct fields {
    char *name;
    const char *kind, *element; /* of the lists below */
    char sha256[TW_DIGEST_HEX];
    int64_t offset, bytes;
    int64_t sizes[2], padded[2], strides[2];
    int64_t blocks[TW_LAYOUT_BLOCKS][2];
    size_t block_count; /* more than TW_LAYOUT_BLOCKS: too many */
} fields;

static const char *const kinds[] = {TW_PACKED_KINDS, NULL};
#define NAME(name, number, text) text,
static const char *const elements[] = {TW_ELEMENT_MAP(NAME) NULL};
#undef NAME

static bool span_is(tw_json_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.bytes, text, span.size) == 0;
}

/* The text of the list that comes next; NULL when it is none of them. */
static const char *scan_choice(tw_json_scan *scan, const char *const *list)
{
    tw_json_span text = tw_json_scan_string(scan);
    while (*list && !span_is(text, *list))
        list++;
    return *list;
}

/* A list of whole numbers: how many it has. Those after `room` are only counted. */
static size_t scan_numbers(tw_json_scan *scan, int64_t *out, size_t room)
{
    size_t count = 0;
    tw_json_scan_array(scan);
    while (tw_json_scan_element(scan)) {
        int64_t number = tw_json_scan_integer(scan);
        if (count < room)
            out[count] = number;
        count++;
    }
    return count;
}

/* Anything but two numbers leaves -1, which no check lets pass. */
static void scan_pair(tw_json_scan *scan, int64_t out[2])
{
    if (scan_numbers(scan, out, 2) != 2)
        out[0] = out[1] = -1;
}

static void scan_blocks(tw_json_scan *scan, fields *found)
{
    int64_t spare[2];
    found->block_count = 0;
    tw_json_scan_array(scan);
    while (tw_json_scan_element(scan)) {
        scan_pair(scan, found->block_count < TW_LAYOUT_BLOCKS ? found->blocks[found->block_count] : spare);
        found->block_count++;
    }
}

static void scan_sum(tw_json_scan *scan, char sha256[TW_DIGEST_HEX])
{
    tw_json_span text = tw_json_scan_string(scan);
    if (text.size != TW_DIGEST_HEX - 1)
        return;
    for (size_t i = 0; i < text.size; i++)
        if (!strchr("0123456789abcdef", text.bytes[i]) || text.bytes[i] == '\0')
            return;
    memcpy(sha256, text.bytes, text.size);
    sha256[text.size] = '\0';
}

static tuwen_status scan_name(const reader *from, tw_json_scan *scan, fields *found)
{
    tw_json_span text = tw_json_scan_string(scan);
    if (scan->fault)
        return TUWEN_OK;
    if (!tw_packed_is_name(text.bytes, text.size))
        return tw_fail(from->error, TUWEN_BAD_MODEL,
                       "%s: item %zu: its name is not a text of 1 to %u bytes without control characters", from->path,
                       from->packed->count, TW_PACKED_MAX_NAME);
    tw_free(found->name);
    found->name = tw_copy_string(text.bytes, text.size);
    return found->name ? TUWEN_OK : tw_fail_memory(from->error, from->path);
}

/* Members that are not known are passed over. */
static tuwen_status scan_item(const reader *from, tw_json_scan *scan, fields *found)
{
    *found = (fields){.offset = -1, .bytes = -1, .sizes = {-1, -1}, .padded = {-1, -1}, .strides = {-1, -1}};
    tuwen_status status = TUWEN_OK;
    tw_json_span key;
    tw_json_scan_object(scan);
    while (status == TUWEN_OK && tw_json_scan_member(scan, &key)) {
        if (span_is(key, "name"))
            status = scan_name(from, scan, found);
        else if (span_is(key, "kind"))
            found->kind = scan_choice(scan, kinds);
        else if (span_is(key, "element"))
            found->element = scan_choice(scan, elements);
        else if (span_is(key, "sizes"))
            scan_pair(scan, found->sizes);
        else if (span_is(key, "padded"))
            scan_pair(scan, found->padded);
        else if (span_is(key, "strides"))
            scan_pair(scan, found->strides);
        else if (span_is(key, "blocks"))
            scan_blocks(scan, found);
        else if (span_is(key, "offset"))
            found->offset = tw_json_scan_integer(scan);
        else if (span_is(key, "bytes"))
            found->bytes = tw_json_scan_integer(scan);
        else if (span_is(key, "sha256"))
            scan_sum(scan, found->sha256);
        else
            (void)tw_json_scan_value(scan);
    }
    if (status == TUWEN_OK && !scan->fault && !found->name)
        return tw_fail(from->error, TUWEN_BAD_MODEL,
                       "%s: item %zu: its name is not a text of 1 to %u bytes without control characters", from->path,
                       from->packed->count, TW_PACKED_MAX_NAME);
    return status;
}

/* Items follow each other in the file, each at the next aligned place: so none overlap, and nothing hides between. */
static tuwen_status read_place(const reader *from, const fields *found, tw_item *item)
{
    uint64_t offset = tw_packed_aligned(from->end);
    if (found->offset < 0 || (uint64_t)found->offset != offset)
        return tw_fail(from->error, TUWEN_BAD_MODEL,
                       "%s: item %s: begins at byte %" PRId64 ", but %" PRIu64 " is expected", from->path, item->name,
                       found->offset, offset);
    if (found->bytes < 0 || offset > from->index || (uint64_t)found->bytes > from->index - offset)
        return tw_fail(from->error, TUWEN_BAD_MODEL,
                       "%s: item %s: its %" PRId64 " bytes from %" PRIu64 " on do not end before byte %" PRIu64
                       ", where the index begins",
                       from->path, item->name, found->bytes, offset, from->index);
    item->offset = offset;
    item->bytes = (uint64_t)found->bytes;
    item->data = from->packed->data + offset;
    return TUWEN_OK;
}

/* Whether the fields are a layout that an item of this kind can have in a file of this version. */
static bool read_layout(const fields *found, uint64_t version, tw_item_kind kind, tw_layout *layout)
{
    if (!found->element)
        return false;
    tw_element element = TW_ELEMENT_F32;
    while (element < TW_ELEMENTS && strcmp(elements[element], found->element) != 0)
        element++;
    if (element == TW_ELEMENTS)
        return false;
    *layout = tw_layout_plain(element, found->sizes[0], found->sizes[1]);
    if (kind == TW_ITEM_MATRIX) {
        memcpy(layout->padded, found->padded, sizeof layout->padded);
        memcpy(layout->strides, found->strides, sizeof layout->strides);
        if (found->block_count > TW_LAYOUT_BLOCKS)
            return false;
        layout->blocks = (int)found->block_count;
        for (int i = 0; i < layout->blocks; i++) {
            if (found->blocks[i][0] < 0 || found->blocks[i][0] > 1 || found->blocks[i][1] < 1 ||
                found->blocks[i][1] > INT_MAX)
                return false;
            layout->block_axis[i] = (int)found->blocks[i][0];
            layout->block_size[i] = (int)found->blocks[i][1];
        }
    }
    return tw_packed_layout_suits(kind, layout) && version >= tw_packed_version_of(layout->element);
}

static tuwen_status read_item(const reader *from, const fields *found, tw_item *item)
{
    if (!found->kind)
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: item %s: is of no kind that is known", from->path,
                       item->name);
    while (strcmp(kinds[item->kind], found->kind) != 0)
        item->kind++;
    tuwen_status status = read_place(from, found, item);
    if (status != TUWEN_OK)
        return status;
    if (found->sha256[0] == '\0')
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: item %s: its SHA-256 sum is not 64 digits", from->path,
                       item->name);
    memcpy(item->sha256, found->sha256, TW_DIGEST_HEX);
    if (item->kind == TW_ITEM_FILE)
        return TUWEN_OK;
    if (!read_layout(found, from->version, item->kind, &item->layout))
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: item %s: its layout cannot be", from->path, item->name);
    if (item->bytes != tw_layout_bytes(&item->layout))
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: item %s: has %" PRIu64 " bytes, but its layout needs %zu",
                       from->path, item->name, item->bytes, tw_layout_bytes(&item->layout));
    return TUWEN_OK;
}

static tuwen_status add_item(reader *from, tw_json_scan *scan)
{
    tw_packed *packed = from->packed;
    if (packed->count == TW_PACKED_MAX_ITEMS)
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: has more than %u items", from->path, TW_PACKED_MAX_ITEMS);
    void *items = packed->items;
    if (!tw_grow(&items, &from->capacity, packed->count + 1, sizeof *packed->items))
        return tw_fail_memory(from->error, from->path);
    packed->items = items;
    fields found;
    tuwen_status status = scan_item(from, scan, &found);
    if (status != TUWEN_OK || scan->fault) {
        tw_free(found.name);
        return status;
    }
    tw_item *item = &packed->items[packed->count++];
    *item = (tw_item){.name = found.name};
    status = read_item(from, &found, item);
    from->end = item->offset + item->bytes;
    return status;
}

/* Copies a text, cut between two characters if there is not enough room. */
static void scan_text(tw_json_scan *scan, char *out, size_t room)
{
    tw_json_span text = tw_json_scan_string(scan);
    if (text.size >= room)
        for (text.size = room - 1; text.size > 0 && ((unsigned char)text.bytes[text.size] & 0xc0) == 0x80;)
            text.size--;
    memcpy(out, text.bytes, text.size);
    out[text.size] = '\0';
}

static void scan_count(tw_json_scan *scan, int64_t *out)
{
    int64_t count = tw_json_scan_integer(scan);
    *out = count > 0 ? count : 0;
}

/* Whether the member was a fact. */
static bool scan_fact(tw_json_scan *scan, tw_json_span key, tw_packed_facts *facts)
{
    const struct {
        const char *key;
        char *out;
        size_t room;
    } texts[] = {{"name", facts->name, sizeof facts->name},
                 {"fingerprint", facts->fingerprint, sizeof facts->fingerprint},
                 {"precision", facts->precision, sizeof facts->precision},
                 {"made_by", facts->made_by, sizeof facts->made_by},
                 {"dtype", facts->dtype, sizeof facts->dtype}};
    const struct {
        const char *key;
        int64_t *out;
    } numbers[] = {{"tensors", &facts->tensors},
                   {"files", &facts->files},
                   {"weight_bytes", &facts->weight_bytes},
                   {"parameters", &facts->parameters},
                   {"vision_parameters", &facts->vision_parameters}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (span_is(key, texts[i].key))
            return scan_text(scan, texts[i].out, texts[i].room), true;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (span_is(key, numbers[i].key))
            return scan_count(scan, numbers[i].out), true;
    return false;
}

static tuwen_status scan_index(reader *from, tw_json_scan *scan)
{
    tuwen_status status = TUWEN_OK;
    bool listed = false;
    tw_json_span key;
    tw_json_scan_object(scan);
    while (status == TUWEN_OK && tw_json_scan_member(scan, &key)) {
        if (span_is(key, "items")) {
            listed = true;
            tw_json_scan_array(scan);
            while (status == TUWEN_OK && tw_json_scan_element(scan))
                status = add_item(from, scan);
        } else if (!scan_fact(scan, key, &from->packed->facts)) {
            (void)tw_json_scan_value(scan);
        }
    }
    if (status == TUWEN_OK && !scan->fault && !listed)
        return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: its index has no \"items\"", from->path);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const tw_item *const *)a)->name, (*(const tw_item *const *)b)->name);
}

static tuwen_status sort_names(const reader *from)
{
    tw_packed *packed = from->packed;
    packed->by_name = tw_alloc(packed->count, sizeof *packed->by_name);
    if (!packed->by_name)
        return tw_fail_memory(from->error, from->path);
    for (size_t i = 0; i < packed->count; i++)
        packed->by_name[i] = &packed->items[i];
    qsort(packed->by_name, packed->count, sizeof(const tw_item *), compare_names);
    for (size_t i = 1; i < packed->count; i++)
        if (strcmp(packed->by_name[i - 1]->name, packed->by_name[i]->name) == 0)
            return tw_fail(from->error, TUWEN_BAD_MODEL, "%s: item %s: is there twice", from->path,
                           packed->by_name[i]->name);
    return TUWEN_OK;
}

static tuwen_status read_index(reader *from)
{
    tw_json_scan scan;
    tw_json_scan_start(&scan, (const char *)from->packed->data + from->index, (size_t)from->length);
    tuwen_status status = scan_index(from, &scan);
    tuwen_status end = tw_json_scan_end(&scan, from->path, status == TUWEN_OK ? from->error : NULL);
    if (status == TUWEN_OK)
        status = end;
    if (status == TUWEN_OK && tw_packed_aligned(from->end) != from->index)
        status = tw_fail(from->error, TUWEN_BAD_MODEL,
                         "%s: its items end at byte %" PRIu64 ", but its index begins at %" PRIu64, from->path,
                         from->end, from->index);
    return status == TUWEN_OK ? sort_names(from) : status;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

/* Takes the map, if there is one. */
static tuwen_status open_bytes(const char *path, tw_map map, const unsigned char *data, size_t size,
                               tw_packed **packed, tuwen_error *error)
{
    *packed = NULL;
    tw_packed *made = tw_alloc_zero(1, sizeof *made);
    char *copy = tw_copy_string(path, strlen(path));
    if (!made || !copy) {
        tw_free(made);
        tw_free(copy);
        tw_map_close(&map);
        return tw_fail_memory(error, path);
    }
    *made = (tw_packed){.map = map, .data = data, .size = size, .path = copy};
    reader from = {.packed = made, .path = made->path, .error = error, .end = TW_PACKED_ALIGN};
    tuwen_status status = check_begin(&from);
    if (status == TUWEN_OK)
        status = check_header(&from);
    if (status == TUWEN_OK)
        status = read_index(&from);
    if (status != TUWEN_OK)
        tw_packed_close(made);
    else
        *packed = made;
    return status;
}

tuwen_status tw_packed_open(const char *path, tw_packed **packed, tuwen_error *error)
{
    *packed = NULL;
    tw_map map;
    tuwen_status status = tw_map_open(path, &map, error);
    if (status != TUWEN_OK)
        return status;
    return open_bytes(path, map, map.data, map.size, packed, error);
}

tuwen_status tw_packed_open_bytes(const unsigned char *data, size_t size, const char *name, tw_packed **packed,
                                  tuwen_error *error)
{
    return open_bytes(name, (tw_map){0}, data, size, packed, error);
}

void tw_packed_close(tw_packed *packed)
{
    if (!packed)
        return;
    tw_map_close(&packed->map);
    for (size_t i = 0; i < packed->count; i++)
        tw_free((char *)(uintptr_t)packed->items[i].name);
    tw_free(packed->items);
    tw_free(packed->by_name);
    tw_free(packed->path);
    tw_free(packed);
}

const char *tw_packed_path(const tw_packed *packed)
{
    return packed->path;
}

const tw_packed_facts *tw_packed_get_facts(const tw_packed *packed)
{
    return &packed->facts;
}

uint64_t tw_packed_size(const tw_packed *packed)
{
    return packed->size;
}

const char *tw_packed_sum(const tw_packed *packed)
{
    return packed->sum;
}

size_t tw_packed_count(const tw_packed *packed)
{
    return packed->count;
}

const tw_item *tw_packed_at(const tw_packed *packed, size_t index)
{
    return &packed->items[index];
}

const tw_item *tw_packed_find(const tw_packed *packed, const char *name)
{
    size_t low = 0, high = packed->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, packed->by_name[middle]->name);
        if (order == 0)
            return packed->by_name[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* ---- sums ----------------------------------------------------------------------------------------------------- */

tuwen_status tw_packed_verify(const tw_packed *packed, const tw_item *item, tuwen_error *error)
{
    const unsigned char *bytes = item->data;
    char hex[TW_DIGEST_HEX];
    tw_digest digest;
    tw_digest_open(&digest, TW_SHA256);
    for (size_t done = 0; done < item->bytes;) {
        size_t size = item->bytes - done < CHUNK ? (size_t)item->bytes - done : CHUNK;
        tw_digest_add(&digest, bytes + done, size);
        if (packed->map.data) /* bytes of a caller would be lost */
            tw_map_forget(bytes + done, size);
        done += size;
    }
    tw_digest_hex(&digest, hex);
    if (strcmp(hex, item->sha256) != 0)
        return tw_fail(error, TUWEN_BAD_MODEL,
                       "%s: item %s: its bytes %" PRIu64 " to %" PRIu64 " are damaged: their SHA-256 sum is another",
                       packed->path, item->name, item->offset, item->offset + item->bytes);
    return TUWEN_OK;
}
