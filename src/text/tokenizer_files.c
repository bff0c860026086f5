/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading tokenizer.json, or vocab.json with merges.txt, into a tokenizer. The two large members are read forward, the
 * rest as trees. Only what gives the reference's ids is accepted: a setting that would change them is an error.
 */
#include "text/tokenizer_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "formats/json.h"
#include "formats/json_scan.h"
#include "text/codes.h"
#include "text/vocabulary.h"

#define ID_LIMIT (1 << 20)     /* ids are below */
#define MERGE_LIMIT (1u << 22) /* ranks are below */
#define ADDED_LIMIT 4096
#define ALPHABET_END 0x144u /* one past the last code point that stands for a byte */

typedef struct loader {
    tw_tokenizer *made;
    tw_vocabulary vocabulary;
    unsigned char taken[ID_LIMIT / 8]; /* a bit an id */
    int16_t byte_of[ALPHABET_END];     /* the byte that a code point stands for; -1 for none */
    tw_bytes token;                    /* scratch: a decoded token, or the two parts of a merge */
    int64_t next_added;                /* the id of the next added token that is not in the vocabulary */
    tuwen_error *error;
} loader;

/* GPT-2's alphabet: printable Latin-1 stands for itself, the other bytes for U+0100 and on, in order. */
static void fill_alphabet(loader *load)
{
    for (size_t i = 0; i < ALPHABET_END; i++)
        load->byte_of[i] = -1;
    size_t next = 0x100;
    for (int16_t byte = 0; byte < 256; byte++) {
        bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
        load->byte_of[printable ? (size_t)byte : next++] = byte;
    }
}

/* How much of an outside text a message shows. */
static int shown(size_t size)
{
    return size < 80 ? (int)size : 80;
}

/* Appends the bytes that `text` stands for to load->token, where there must be room; false when it stands for none. */
static bool map_token(loader *load, const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint32_t code;
        at += tw_utf8_decode(text + at, size - at, &code);
        if (code >= ALPHABET_END || load->byte_of[code] < 0)
            return false;
        load->token.data[load->token.length++] = (char)load->byte_of[code];
    }
    return true;
}

static tuwen_status decode_token(loader *load, const char *name, const char *text, size_t size)
{
    if (!tw_bytes_reserve(&load->token, size))
        return tw_fail_memory(load->error, name);
    if (!map_token(load, text, size))
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER,
                       "%s: token \"%.*s\" holds a character that stands for no byte", name, shown(size), text);
    return TUWEN_OK;
}

static tuwen_status take_id(loader *load, const char *name, const char *text, size_t size, int64_t id)
{
    if (id < 0 || id >= ID_LIMIT)
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: token \"%.*s\" has the id %lld; 0 to %d are allowed",
                       name, shown(size), text, (long long)id, ID_LIMIT - 1);
    unsigned bit = 1u << (id % 8);
    if (load->taken[id / 8] & bit)
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: token \"%.*s\" has the id %lld, which another has too",
                       name, shown(size), text, (long long)id);
    load->taken[id / 8] |= (unsigned char)bit;
    if (id >= load->made->size)
        load->made->size = (int32_t)id + 1;
    return TUWEN_OK;
}

static tuwen_status add_token(loader *load, const char *name, tw_json_span text, int64_t id)
{
    load->token.length = 0;
    tuwen_status status = decode_token(load, name, text.bytes, text.size);
    if (status != TUWEN_OK)
        return status;
    if (text.size == 0)
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: the token with the id %lld is empty", name,
                       (long long)id);
    if (tw_vocabulary_find(&load->vocabulary, load->token.data, load->token.length) >= 0)
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: token \"%.*s\" is there twice", name, shown(text.size),
                       text.bytes);
    status = take_id(load, name, text.bytes, text.size, id);
    if (status != TUWEN_OK)
        return status;
    if (!tw_vocabulary_add(&load->vocabulary, load->token.data, load->token.length, (int32_t)id))
        return tw_fail_memory(load->error, name);
    return TUWEN_OK;
}

/* Ends a scan after a loop that stopped with `status`; the scan's own fault, if any, comes first. */
static tuwen_status end_scan(loader *load, tw_json_scan *scan, const char *name, tuwen_status status)
{
    bool faulty = scan->fault != NULL;
    tuwen_status end = tw_json_scan_end(scan, name, faulty || status == TUWEN_OK ? load->error : NULL);
    return faulty || status == TUWEN_OK ? end : status;
}

/* Every byte that UTF-8 can hold must be a token. */
static tuwen_status find_bytes(loader *load, const char *name)
{
    for (int byte = 0; byte < 256; byte++) {
        char text = (char)byte;
        int32_t id = tw_vocabulary_find(&load->vocabulary, &text, 1);
        bool never = byte == 0xc0 || byte == 0xc1 || byte >= 0xf5;
        if (id < 0 && !never)
            return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: the vocabulary has no token for the byte 0x%02x",
                           name, (unsigned)byte);
        load->made->byte_ids[byte] = id;
    }
    return TUWEN_OK;
}

/* {"token": id, ...}; a fault of the scan is left to its owner. */
static tuwen_status read_vocabulary(loader *load, tw_json_scan *scan, const char *name)
{
    tuwen_status status = TUWEN_OK;
    tw_json_span text;
    tw_json_scan_object(scan);
    while (status == TUWEN_OK && tw_json_scan_member(scan, &text)) {
        int64_t id = tw_json_scan_integer(scan);
        if (!scan->fault)
            status = add_token(load, name, text, id);
    }
    return status == TUWEN_OK && !scan->fault ? find_bytes(load, name) : status;
}

/* The id of the token at `offset` of load->token, which must be in the vocabulary. */
static tuwen_status find_part(loader *load, const char *name, uint32_t rank, size_t offset, size_t size, int32_t *id)
{
    const char *bytes = load->token.data + offset;
    *id = tw_vocabulary_find(&load->vocabulary, bytes, size);
    if (*id < 0)
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: merge %u needs the token \"%.*s\", which is not there",
                       name, rank, shown(size), bytes);
    return TUWEN_OK;
}

/* Adds the merge whose parts are in load->token, the left one `left_size` long. */
static tuwen_status add_merge(loader *load, const char *name, uint32_t rank, size_t left_size)
{
    size_t size = load->token.length;
    if (left_size == 0 || left_size == size)
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: merge %u is not two tokens with one space between",
                       name, rank);
    if (rank >= MERGE_LIMIT)
        return tw_fail(load->error, TUWEN_LIMIT, "%s: has more than %u merges", name, MERGE_LIMIT);
    int32_t left = -1;
    int32_t right = -1;
    int32_t whole = -1;
    tuwen_status status = find_part(load, name, rank, 0, left_size, &left);
    if (status == TUWEN_OK)
        status = find_part(load, name, rank, left_size, size - left_size, &right);
    if (status == TUWEN_OK)
        status = find_part(load, name, rank, 0, size, &whole);
    if (status == TUWEN_OK && !tw_merges_add(&load->made->merges, left, right, rank, whole))
        return tw_fail_memory(load->error, name);
    return status;
}

/* "left right" */
static tuwen_status add_merge_line(loader *load, const char *name, uint32_t rank, const char *line, size_t size)
{
    load->token.length = 0;
    const char *space = size > 0 ? memchr(line, ' ', size) : NULL;
    size_t left_size = 0;
    if (space) {
        tuwen_status status = decode_token(load, name, line, (size_t)(space - line));
        left_size = load->token.length;
        if (status == TUWEN_OK)
            status = decode_token(load, name, space + 1, size - (size_t)(space - line) - 1);
        if (status != TUWEN_OK)
            return status;
    }
    return add_merge(load, name, rank, left_size);
}

/* ["left", "right"] */
static tuwen_status add_merge_pair(loader *load, tw_json_scan *scan, const char *name, uint32_t rank)
{
    load->token.length = 0;
    size_t left_size = 0;
    size_t parts = 0;
    tuwen_status status = TUWEN_OK;
    tw_json_scan_array(scan);
    while (status == TUWEN_OK && tw_json_scan_element(scan)) {
        tw_json_span part = tw_json_scan_string(scan);
        status = decode_token(load, name, part.bytes, part.size);
        if (parts++ == 0)
            left_size = load->token.length;
    }
    if (status != TUWEN_OK || scan->fault)
        return status;
    return add_merge(load, name, rank, parts == 2 ? left_size : 0);
}

static bool is_version_line(const char *line, size_t size)
{
    static const char start[] = "#version";
    return size >= sizeof start - 1 && memcmp(line, start, sizeof start - 1) == 0;
}

/* ["left right", ...] or [["left", "right"], ...]; a fault of the scan is left to its owner. */
static tuwen_status read_merges(loader *load, tw_json_scan *scan, const char *name)
{
    tuwen_status status = TUWEN_OK;
    uint32_t rank = 0;
    tw_json_scan_array(scan);
    while (status == TUWEN_OK && tw_json_scan_element(scan)) {
        if (tw_json_scan_at_array(scan)) {
            status = add_merge_pair(load, scan, name, rank++);
            continue;
        }
        tw_json_span line = tw_json_scan_string(scan);
        if (!scan->fault && !is_version_line(line.bytes, line.size))
            status = add_merge_line(load, name, rank++, line.bytes, line.size);
    }
    return status;
}

/* merges.txt: a merge a line, after a line with the version. */
static tuwen_status read_merge_lines(loader *load, const tw_source *source)
{
    uint32_t rank = 0;
    for (size_t at = 0; at < source->size;) {
        const char *line = source->bytes + at;
        const char *newline = memchr(line, '\n', source->size - at);
        size_t size = newline ? (size_t)(newline - line) : source->size - at;
        bool skipped = at == 0 && is_version_line(line, size);
        at += size + 1;
        if (size > 0 && line[size - 1] == '\r')
            size--;
        if (size == 0 || skipped)
            continue;
        tuwen_status status = add_merge_line(load, source->name, rank++, line, size);
        if (status != TUWEN_OK)
            return status;
    }
    return TUWEN_OK;
}

/* An added token as a file gives it; the text belongs to the document. */
typedef struct added_entry {
    const char *text;
    size_t size;
    int64_t id;
} added_entry;

/*
 * The reference gives an added token that is in the vocabulary its id there, and the others the next free ids in their
 * order, whatever the file says; a file that says otherwise is refused.
 */
static tuwen_status add_added(loader *load, const char *name, added_entry entry)
{
    tw_tokenizer *made = load->made;
    if (entry.size == 0 || memchr(entry.text, '\0', entry.size))
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: the added token with the id %lld is empty or holds NUL",
                       name, (long long)entry.id);
    load->token.length = 0;
    if (!tw_bytes_reserve(&load->token, entry.size))
        return tw_fail_memory(load->error, name);
    int64_t expected = -1;
    if (map_token(load, entry.text, entry.size))
        expected = tw_vocabulary_find(&load->vocabulary, load->token.data, load->token.length);
    bool known = expected >= 0;
    if (!known)
        expected = load->next_added;
    if (entry.id != expected)
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER,
                       "%s: added token \"%.*s\" has the id %lld, but %lld is expected", name, shown(entry.size),
                       entry.text, (long long)entry.id, (long long)expected);
    if (!known) {
        tuwen_status status = take_id(load, name, entry.text, entry.size, entry.id);
        if (status != TUWEN_OK)
            return status;
    }
    if (load->next_added <= entry.id)
        load->next_added = entry.id + 1;

    char *content = tw_copy_string(entry.text, entry.size);
    void *added = made->added;
    if (!content || !tw_grow(&added, &made->added_capacity, made->added_count + 1, sizeof *made->added)) {
        tw_free(content);
        return tw_fail_memory(load->error, name);
    }
    made->added = added;
    made->added[made->added_count++] = (tw_added_token){content, entry.size, (int32_t)entry.id};
    made->leads_added[(unsigned char)content[0]] = true;
    return TUWEN_OK;
}

static int compare_ids(const void *left, const void *right)
{
    int64_t a = ((const added_entry *)left)->id;
    int64_t b = ((const added_entry *)right)->id;
    return (a > b) - (a < b);
}

/* Longest first, so that the first that matches is the longest. */
static int compare_added(const void *left, const void *right)
{
    const tw_added_token *a = left;
    const tw_added_token *b = right;
    if (a->size != b->size)
        return a->size < b->size ? 1 : -1;
    return memcmp(a->content, b->content, a->size);
}

static tuwen_status sort_added(loader *load, const char *name)
{
    tw_tokenizer *made = load->made;
    if (made->added_count > 1)
        qsort(made->added, made->added_count, sizeof *made->added, compare_added);
    for (size_t i = 1; i < made->added_count; i++)
        if (compare_added(&made->added[i - 1], &made->added[i]) == 0)
            return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: added token \"%.*s\" is there twice", name,
                           shown(made->added[i].size), made->added[i].content);
    return TUWEN_OK;
}

/* The members of an added token that change how it is found. */
static tuwen_status check_flags(loader *load, const char *name, tw_json_value token, added_entry entry)
{
    static const char *const flags[] = {"single_word", "lstrip", "rstrip", "normalized"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (tw_json_boolean(tw_json_member(token, flags[i]), false))
            return tw_fail(load->error, TUWEN_BAD_TOKENIZER,
                           "%s: added token \"%.*s\" has \"%s\" true, which is not supported", name,
                           shown(entry.size), entry.text, flags[i]);
    return TUWEN_OK;
}

/* The whole decimal number that a key is; -1 for anything else. */
static int64_t key_number(const char *key, size_t size)
{
    int64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        if (key[i] < '0' || key[i] > '9' || number > ID_LIMIT)
            return -1;
        number = number * 10 + (key[i] - '0');
    }
    return size > 0 ? number : -1;
}

/* Reads one of the three forms of an entry: {"content": "x", "id": 1, ...}, "1": {"content": "x", ...}, "x": 1. */
static tuwen_status read_added_entry(loader *load, const char *name, const tw_json_walk *walk, tw_json_value value,
                                     added_entry *entry)
{
    *entry = (added_entry){.id = -1};
    if (walk && !tw_json_is_object(value)) {
        *entry = (added_entry){walk->key, walk->key_length, tw_json_integer(value, -1)};
    } else {
        entry->text = tw_json_string(tw_json_member(value, "content"), &entry->size);
        entry->id = walk ? key_number(walk->key, walk->key_length) : tw_json_integer(tw_json_member(value, "id"), -1);
    }
    if (!entry->text || entry->id < 0)
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: an added token has no text or no valid id", name);
    return check_flags(load, name, value, *entry);
}

/* Reads an array of added tokens in its order, or an object of them in the order of ids. */
static tuwen_status read_added(loader *load, const char *name, tw_json_value list)
{
    size_t count = tw_json_count(list);
    if (count > ADDED_LIMIT)
        return tw_fail(load->error, TUWEN_LIMIT, "%s: has %zu added tokens; at most %d are allowed", name, count,
                       ADDED_LIMIT);
    added_entry *entries = tw_alloc(count, sizeof *entries);
    if (!entries)
        return tw_fail_memory(load->error, name);
    bool keyed = tw_json_is_object(list);
    tw_json_walk walk = {0};
    tuwen_status status = TUWEN_OK;
    for (size_t i = 0; i < count && status == TUWEN_OK; i++) {
        if (keyed)
            (void)tw_json_next(list, &walk);
        status = read_added_entry(load, name, keyed ? &walk : NULL, keyed ? walk.value : tw_json_element(list, i),
                                  &entries[i]);
    }
    if (status == TUWEN_OK && keyed && count > 1)
        qsort(entries, count, sizeof *entries, compare_ids);
    load->next_added = (int64_t)load->vocabulary.count;
    for (size_t i = 0; i < count && status == TUWEN_OK; i++)
        status = add_added(load, name, entries[i]);
    tw_free(entries);
    return status == TUWEN_OK ? sort_added(load, name) : status;
}

/* tokenizer.json. */

static bool span_is(tw_json_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.bytes, text, span.size) == 0;
}

static bool text_is(tw_json_value value, const char *text)
{
    size_t size = 0;
    const char *string = tw_json_string(value, &size);
    return string && span_is((tw_json_span){string, size}, text);
}

static bool type_is(tw_json_value value, const char *type)
{
    return text_is(tw_json_member(value, "type"), type);
}

static bool normalizer_is_supported(tw_json_value value)
{
    return type_is(value, "NFC");
}

static bool pre_tokenizer_is_supported(tw_json_value value)
{
    tw_json_value steps = tw_json_member(value, "pretokenizers");
    tw_json_value split = tw_json_element(steps, 0);
    tw_json_value bytes = tw_json_element(steps, 1);
    return type_is(value, "Sequence") && tw_json_count(steps) == 2 && type_is(split, "Split") &&
           text_is(tw_json_member(tw_json_member(split, "pattern"), "Regex"), tw_piece_pattern) &&
           text_is(tw_json_member(split, "behavior"), "Isolated") &&
           !tw_json_boolean(tw_json_member(split, "invert"), true) && type_is(bytes, "ByteLevel") &&
           !tw_json_boolean(tw_json_member(bytes, "add_prefix_space"), true) &&
           !tw_json_boolean(tw_json_member(bytes, "use_regex"), true);
}

static bool post_processor_is_supported(tw_json_value value)
{
    return tw_json_absent(value) || type_is(value, "ByteLevel");
}

/* Reads a part of tokenizer.json as a tree; NULL when it is absent or null. */
static tuwen_status parse_part(loader *load, const char *name, tw_json_span part, tw_json **json)
{
    *json = NULL;
    if (part.size == 0 || span_is(part, "null"))
        return TUWEN_OK;
    return tw_json_parse(part.bytes, part.size, name, json, load->error);
}

static tw_json_value root_of(const tw_json *json)
{
    return json ? tw_json_root(json) : (tw_json_value){NULL};
}

static tuwen_status check_part(loader *load, const char *name, const char *part_name, tw_json_span part,
                               bool (*is_supported)(tw_json_value))
{
    tw_json *json = NULL;
    tuwen_status status = parse_part(load, name, part, &json);
    if (status == TUWEN_OK && !is_supported(root_of(json)))
        status = tw_fail(load->error, TUWEN_BAD_TOKENIZER,
                         "%s: \"%s\" differs from Qwen2's, which alone is supported", name, part_name);
    tw_json_close(json);
    return status;
}

/* Settings of the model that would change the ids, with the values (as JSON) that do not. */
static const struct {
    const char *key, *allowed, *also_allowed;
} model_settings[] = {
    {"type", "\"BPE\"", "\"BPE\""},
    {"dropout", "null", "null"},
    {"continuing_subword_prefix", "null", "\"\""},
    {"end_of_word_suffix", "null", "\"\""},
    {"byte_fallback", "false", "false"},
    {"ignore_merges", "false", "false"},
};
#define SETTINGS (sizeof model_settings / sizeof *model_settings)

/* Reads the value of the member `key` of the model, which is not its vocabulary or merges. */
static tuwen_status read_setting(loader *load, tw_json_scan *scan, const char *name, tw_json_span key)
{
    size_t i = 0;
    while (i < SETTINGS && !span_is(key, model_settings[i].key))
        i++;
    tw_json_span value = tw_json_scan_value(scan);
    if (scan->fault || i == SETTINGS || span_is(value, model_settings[i].allowed) ||
        span_is(value, model_settings[i].also_allowed))
        return TUWEN_OK;
    return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: the model's \"%s\" is %.*s, which is not supported", name,
                   model_settings[i].key, shown(value.size), value.bytes);
}

/* Merges need the vocabulary: where they come before it, as in files with sorted keys, they are read after it. */
static tuwen_status read_model(loader *load, tw_json_scan *scan, const char *name)
{
    tuwen_status status = TUWEN_OK;
    tw_json_span early = {"", 0};
    bool merged = false;
    tw_json_span key;
    tw_json_scan_object(scan);
    while (status == TUWEN_OK && tw_json_scan_member(scan, &key)) {
        if (span_is(key, "vocab")) {
            status = read_vocabulary(load, scan, name);
        } else if (!span_is(key, "merges")) {
            status = read_setting(load, scan, name, key);
        } else if (load->vocabulary.count == 0) {
            early = tw_json_scan_value(scan);
        } else {
            status = read_merges(load, scan, name);
            merged = true;
        }
    }
    if (status != TUWEN_OK || scan->fault)
        return status;
    if (load->vocabulary.count == 0 || (early.size == 0 && !merged))
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: the model has no \"vocab\" or no \"merges\"", name);
    if (merged)
        return TUWEN_OK;
    tw_json_scan part;
    tw_json_scan_start_part(&part, scan->start, early);
    status = read_merges(load, &part, name);
    return end_scan(load, &part, name, status);
}

static tuwen_status read_added_part(loader *load, const char *name, tw_json_span part)
{
    tw_json *json = NULL;
    tuwen_status status = parse_part(load, name, part, &json);
    if (status == TUWEN_OK)
        status = read_added(load, name, root_of(json));
    tw_json_close(json);
    return status;
}

static tuwen_status read_tokenizer(loader *load, const tw_source *source)
{
    enum { ADDED, NORMALIZER, PRE_TOKENIZER, POST_PROCESSOR, PARTS };
    static const char *const names[PARTS] = {"added_tokens", "normalizer", "pre_tokenizer", "post_processor"};
    tw_json_span parts[PARTS] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
    const char *name = source->name;
    tuwen_status status = TUWEN_OK;

    tw_json_scan scan;
    tw_json_scan_start(&scan, source->bytes, source->size);
    tw_json_scan_object(&scan);
    tw_json_span key;
    while (status == TUWEN_OK && tw_json_scan_member(&scan, &key)) {
        if (span_is(key, "model")) {
            status = read_model(load, &scan, name);
            continue;
        }
        size_t part = 0;
        while (part < PARTS && !span_is(key, names[part]))
            part++;
        tw_json_span value = tw_json_scan_value(&scan);
        if (part < PARTS)
            parts[part] = value;
    }
    status = end_scan(load, &scan, name, status);
    if (status != TUWEN_OK)
        return status;
    if (load->vocabulary.count == 0)
        return tw_fail(load->error, TUWEN_BAD_TOKENIZER, "%s: has no \"model\"", name);
    status = check_part(load, name, names[NORMALIZER], parts[NORMALIZER], normalizer_is_supported);
    if (status == TUWEN_OK)
        status = check_part(load, name, names[PRE_TOKENIZER], parts[PRE_TOKENIZER], pre_tokenizer_is_supported);
    if (status == TUWEN_OK)
        status = check_part(load, name, names[POST_PROCESSOR], parts[POST_PROCESSOR], post_processor_is_supported);
    if (status == TUWEN_OK)
        status = read_added_part(load, name, parts[ADDED]);
    return status;
}

/* The separate files. */

/* Added tokens are those of tokenizer_config.json if it lists them, otherwise those of added_tokens.json. */
static tuwen_status read_added_files(loader *load, const tw_source *config, const tw_source *added)
{
    if (config->bytes) {
        tw_json *json = NULL;
        tuwen_status status = tw_json_parse(config->bytes, config->size, config->name, &json, load->error);
        if (status != TUWEN_OK)
            return status;
        tw_json_value list = tw_json_member(tw_json_root(json), "added_tokens_decoder");
        bool listed = !tw_json_absent(list);
        if (listed)
            status = read_added(load, config->name, list);
        tw_json_close(json);
        if (listed)
            return status;
    }
    if (!added->bytes)
        return TUWEN_OK;
    return read_added_part(load, added->name, (tw_json_span){added->bytes, added->size});
}

static tuwen_status read_separate(loader *load, const tw_tokenizer_sources *sources)
{
    tw_json_scan scan;
    tw_json_scan_start(&scan, sources->vocabulary.bytes, sources->vocabulary.size);
    tuwen_status status = read_vocabulary(load, &scan, sources->vocabulary.name);
    status = end_scan(load, &scan, sources->vocabulary.name, status);
    if (status == TUWEN_OK)
        status = read_merge_lines(load, &sources->merges);
    if (status == TUWEN_OK)
        status = read_added_files(load, &sources->config, &sources->added);
    return status;
}

tuwen_status tw_tokenizer_load(const tw_tokenizer_sources *sources, tw_tokenizer **tokenizer, tuwen_error *error)
{
    *tokenizer = NULL;
    loader *load = tw_alloc_zero(1, sizeof *load);
    tw_tokenizer *made = tw_alloc_zero(1, sizeof *made);
    if (!load || !made) {
        tw_free(load);
        tw_free(made);
        return tw_fail_memory(error, "the tokenizer");
    }
    load->made = made;
    load->error = error;
    fill_alphabet(load);
    tuwen_status status =
        sources->tokenizer.bytes ? read_tokenizer(load, &sources->tokenizer) : read_separate(load, sources);
    tw_vocabulary_free(&load->vocabulary);
    tw_bytes_free(&load->token);
    tw_free(load);
    if (status == TUWEN_BAD_MODEL) { /* the JSON readers do not know what their file is for */
        status = TUWEN_BAD_TOKENIZER;
        if (error)
            error->status = status;
    }
    if (status != TUWEN_OK) {
        tw_tokenizer_close(made);
        return status;
    }
    *tokenizer = made;
    return TUWEN_OK;
}
