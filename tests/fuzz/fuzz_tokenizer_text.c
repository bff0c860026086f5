/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text, with a small built-in tokenizer. The first byte says where the text is cut in two pieces and which of them are
 * special. Checked: the tokens spell the text (as UTF-8 in NFC), one piece or a piece a byte give the same ids, and
 * normalising again changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/codes.h"
#include "text/tokenizer_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Tokens 0 to 255 are the bytes, then these; each is the merge of a prefix that is a token and the last byte. */
static const char *const merged[] = {"aa",   "aaa",      "th",           "the", "  ",       "   ",
                                     "\n\n", "\xe4\xb8", "\xe4\xb8\xad", "'s",  "\xcc\x81", " t",
                                     " th",  "\xef\xbf", "\xef\xbf\xbd", "..",  "..."};
static const char *const added[] = {"<|im_end|>", "<|im_end|>>", "<<", "图"};
#define MERGED (sizeof merged / sizeof *merged)
#define ADDED (sizeof added / sizeof *added)

/* Appends bytes in the alphabet of vocab.json, with what JSON needs escaped. */
static char *spell(char *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int byte = (unsigned char)bytes[i];
        bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
        uint32_t code = (uint32_t)byte;
        if (!printable) {
            code = 0x100;
            for (int before = 0; before < byte; before++)
                code += !((before >= 0x21 && before <= 0x7e) || (before >= 0xa1 && before <= 0xac) || before >= 0xae);
        }
        if (code == '"' || code == '\\')
            *out++ = '\\';
        out += tw_utf8_encode(code, out);
    }
    return out;
}

static tw_tokenizer *make_tokenizer(void)
{
    static char vocabulary[8192];
    static char merges[1024];
    static char specials[256] = "{";
    char *out = vocabulary;
    *out++ = '{';
    for (int byte = 0; byte < 256; byte++) {
        char text = (char)byte;
        *out++ = '"';
        out = spell(out, &text, 1);
        out += sprintf(out, "\":%d,", byte);
    }
    char *line = merges;
    for (size_t i = 0; i < MERGED; i++) {
        size_t size = strlen(merged[i]);
        *out++ = '"';
        out = spell(out, merged[i], size);
        out += sprintf(out, "\":%zu,", 256 + i);
        line = spell(line, merged[i], size - 1);
        *line++ = ' ';
        line = spell(line, merged[i] + size - 1, 1);
        *line++ = '\n';
    }
    out[-1] = '}';
    size_t end = 1;
    for (size_t i = 0; i < ADDED; i++)
        end += (size_t)sprintf(specials + end, "\"%s\":%zu%c", added[i], 256 + MERGED + i, i + 1 < ADDED ? ',' : '}');
    const tw_tokenizer_sources sources = {
        .vocabulary = {"vocab.json", vocabulary, (size_t)(out - vocabulary)},
        .merges = {"merges.txt", merges, (size_t)(line - merges)},
        .added = {"added_tokens.json", specials, end},
    };
    tw_tokenizer *tokenizer = NULL;
    tuwen_error error = {0};
    if (tw_tokenizer_load(&sources, &tokenizer, &error) != TUWEN_OK) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    return tokenizer;
}

static tw_ids encode(const tw_tokenizer *tokenizer, const tw_text_piece *pieces, size_t count)
{
    tw_ids ids = {0};
    if (tw_tokenizer_encode(tokenizer, pieces, count, &ids, NULL) != TUWEN_OK)
        abort();
    return ids;
}

/* Normalises UTF-8 from `bytes`; twice gives the same as once. */
static tw_codes normalize(const char *bytes, size_t size)
{
    tw_codes codes = {0};
    tw_codes again = {0};
    if (!tw_codes_decode(&codes, bytes, size) || !tw_codes_normalize(&codes))
        abort();
    again.items = tw_alloc(codes.count, sizeof *codes.items);
    again.count = again.capacity = codes.count;
    if (codes.count)
        memcpy(again.items, codes.items, codes.count * sizeof *codes.items);
    if (!tw_codes_normalize(&again) || again.count != codes.count ||
        (codes.count && memcmp(again.items, codes.items, codes.count * sizeof *codes.items) != 0))
        abort();
    tw_free(again.items);
    return codes;
}

/* The bytes that the ids stand for, without added tokens, must be those of the normalised text. */
static void check_spelling(const tw_ids *ids, const char *bytes, size_t size)
{
    tw_bytes spelled = {0};
    for (size_t i = 0; i < ids->count; i++) {
        int32_t id = ids->items[i];
        char byte = (char)id;
        const char *text = id < 256 ? &byte : merged[id - 256];
        if (id < 0 || (size_t)id >= 256 + MERGED || !tw_bytes_append(&spelled, text, id < 256 ? 1 : strlen(text)))
            abort();
    }
    tw_codes codes = normalize(bytes, size);
    size_t at = 0;
    for (size_t i = 0; i < codes.count; i++) {
        char utf8[4];
        size_t length = tw_utf8_encode(codes.items[i], utf8);
        if (spelled.length - at < length || memcmp(spelled.data + at, utf8, length) != 0)
            abort();
        at += length;
    }
    if (at != spelled.length)
        abort();
    tw_free(codes.items);
    tw_bytes_free(&spelled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tw_tokenizer *tokenizer;
    if (!tokenizer)
        tokenizer = make_tokenizer();
    if (size < 1)
        return 0;
    const char *text = (const char *)data + 1;
    size--;

    const tw_text_piece plain = {text, size, false};
    tw_ids ids = encode(tokenizer, &plain, 1);
    check_spelling(&ids, text, size);
    tw_ids_free(&ids);

    size_t cut = size * (data[0] >> 2) / 63;
    const tw_text_piece two[] = {{text, cut, data[0] & 1}, {text + cut, size - cut, (data[0] & 2) != 0}};
    ids = encode(tokenizer, two, 2);
    tw_text_piece *each = tw_alloc(size, sizeof *each);
    for (size_t i = 0; i < size; i++)
        each[i] = (tw_text_piece){text + i, 1, two[i >= cut].special};
    tw_ids same = encode(tokenizer, each, size);
    if (same.count != ids.count || (ids.count && memcmp(same.items, ids.items, ids.count * sizeof *ids.items) != 0))
        abort();
    tw_free(each);
    tw_ids_free(&same);
    tw_ids_free(&ids);
    return 0;
}
