/* SPDX-License-Identifier: Apache-2.0 */
/* What load.c asks: requests made from a seed, and whether an answer is whole and has what was asked for. */
#include "load_requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

const char *const kind_names[KINDS] = {"texts", "picture", "match", "probe"};

/* Captions of a request of the work of that name; drawn pictures of the work "mixed". */
enum { REQUEST_CAPTIONS = 8, CAPTIONS = 1000, DRAWN = 6 };

struct url {
    char *bytes;
    size_t size;
};

struct maker {
    enum { MIXED, CAPTIONS_ONLY, PICTURE_ONLY, MATCH_ONLY } work;
    uint64_t state;
    bool floats;
    struct bench_inputs inputs; /* of bench; its texts serve "mixed" too */
    size_t texts, next_text;    /* how many there are; where the next one stands */
    struct url *pictures;       /* as data URLs */
    size_t picture_count;
    struct url probed; /* the answer to the first probe */
};

double maker_random(struct maker *maker)
{
    /* splitmix64 */
    uint64_t z = maker->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

static size_t below(struct maker *maker, size_t count)
{
    return (size_t)(maker_random(maker) * (double)count);
}

/* ---- requests ---- */

static void add(struct request *request, const char *bytes, size_t size)
{
    if (request->size + size > request->capacity) {
        request->capacity = 2 * (request->size + size);
        request->bytes = realloc(request->bytes, request->capacity);
        if (!request->bytes)
            abort();
    }
    memcpy(request->bytes + request->size, bytes, size);
    request->size += size;
}

static void put(struct request *request, const char *text)
{
    add(request, text, strlen(text));
}

static void add_text(struct maker *maker, struct request *request)
{
    const tuwen_input *text = &maker->inputs.items[maker->inputs.count - maker->texts + maker->next_text];
    maker->next_text = (maker->next_text + 1) % maker->texts;
    add(request, text->text, text->text_size);
}

/* A list of texts, each of up to `most` captions. */
static void add_texts(struct maker *maker, struct request *request, size_t count, size_t most)
{
    for (size_t i = 0; i < count; i++) {
        put(request, i ? ",\"" : "\"");
        for (size_t k = 1 + below(maker, most); k > 0; k--) {
            add_text(maker, request);
            put(request, k > 1 ? ", " : "\"");
        }
    }
    request->inputs += count;
}

static void add_picture(struct request *request, const struct url *picture)
{
    put(request, "\"");
    add(request, picture->bytes, picture->size);
    put(request, "\"");
    request->inputs++;
}

static void make_embeddings(struct maker *maker, struct request *request, size_t texts, size_t most,
                            const struct url *picture, bool floats)
{
    put(request, "{\"input\":[");
    add_texts(maker, request, texts, most);
    if (picture) {
        put(request, texts ? ",{\"image\":" : "{\"image\":");
        add_picture(request, picture);
        put(request, "}");
    }
    put(request, "]");
    if (maker->work == CAPTIONS_ONLY)
        put(request, ",\"instruction\":\"" TUWEN_MATCH_INSTRUCTION "\"");
    put(request, floats ? "}" : ",\"encoding_format\":\"base64\"}");
    request->results = request->inputs;
}

static void make_match(struct maker *maker, struct request *request, size_t texts, const struct url *picture)
{
    put(request, "{\"image\":");
    add_picture(request, picture);
    put(request, ",\"texts\":[");
    add_texts(maker, request, texts, 1);
    put(request, "]}");
    request->results = texts;
}

/* A text and a picture, always the same. */
static void make_probe(struct maker *maker, struct request *request)
{
    put(request, "{\"input\":[\"a dog on the grass\",{\"image\":");
    add_picture(request, &maker->pictures[0]);
    put(request, "}]}");
    request->inputs = request->results = 2;
}

static enum kind choose_kind(struct maker *maker)
{
    double random = maker_random(maker);
    return random < 0.55 ? KIND_TEXTS : random < 0.7 ? KIND_PICTURE : random < 0.95 ? KIND_MATCH : KIND_PROBE;
}

static void make_mixed(struct maker *maker, struct request *request)
{
    const struct url *picture = &maker->pictures[below(maker, maker->picture_count)];
    if (request->kind == KIND_TEXTS)
        make_embeddings(maker, request, 1 + below(maker, 8), 6, NULL, maker_random(maker) < 0.5);
    else if (request->kind == KIND_PICTURE)
        make_embeddings(maker, request, 0, 1, picture, maker_random(maker) < 0.5);
    else if (request->kind == KIND_MATCH)
        make_match(maker, request, 1 + below(maker, 10), picture);
    else
        make_probe(maker, request);
}

void maker_next(struct maker *maker, struct request *request)
{
    enum { HEAD = 160 }; /* its bytes, whatever the length of the body */
    static const enum kind kinds[] = {
        [CAPTIONS_ONLY] = KIND_TEXTS, [PICTURE_ONLY] = KIND_PICTURE, [MATCH_ONLY] = KIND_MATCH};
    char head[HEAD + 1];
    request->kind = maker->work == MIXED ? choose_kind(maker) : kinds[maker->work];
    request->inputs = request->size = 0;
    memset(head, ' ', HEAD);
    add(request, head, HEAD);
    if (maker->work == MIXED)
        make_mixed(maker, request);
    else if (maker->work == CAPTIONS_ONLY)
        make_embeddings(maker, request, REQUEST_CAPTIONS, 1, NULL, maker->floats);
    else if (maker->work == PICTURE_ONLY)
        make_embeddings(maker, request, 0, 1, maker->pictures, maker->floats);
    else
        make_match(maker, request, maker->texts, maker->pictures);
    int length =
        snprintf(head, sizeof head,
                 "POST /v1/%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length:",
                 request->kind == KIND_MATCH ? "match" : "embeddings");
    snprintf(head + length, sizeof head - (size_t)length, "%*zu\r\n\r\n", HEAD - 4 - length, request->size - HEAD);
    memcpy(request->bytes, head, HEAD);
}

/* ---- answers ---- */

/* Whether a body is one JSON object, by its strings and brackets; counts the objects in the list of that name. */
static bool is_whole(const char *body, size_t size, const char *list, size_t *objects)
{
    int depth = 0;
    bool inside = false, in_list = false;
    size_t string = 0, string_size = 0, at = 0, name = strlen(list);
    *objects = 0;
    for (; at < size && (depth > 0 || at == 0); at++) {
        char letter = body[at];
        if (inside) {
            at += letter == '\\';
            inside = letter != '"';
            string_size = at - string;
        } else if (letter == '"') {
            inside = true;
            string = at + 1;
        } else if (letter == '{' || letter == '[') {
            if (depth == 1)
                in_list = letter == '[' && string_size == name && memcmp(body + string, list, name) == 0;
            *objects += letter == '{' && depth == 2 && in_list;
            depth++;
        } else if (letter == '}' || letter == ']') {
            depth--;
        }
    }
    return size > 0 && *body == '{' && depth == 0 && (at == size || (at + 1 == size && body[at] == '\n'));
}

const char *maker_check(struct maker *maker, const struct request *request, const char *body, size_t size)
{
    size_t objects;
    if (!is_whole(body, size, request->kind == KIND_MATCH ? "results" : "data", &objects))
        return "the answer is no whole JSON object";
    if (objects != request->results)
        return "the answer has another number of results";
    if (request->kind != KIND_PROBE)
        return NULL;
    if (!maker->probed.bytes) {
        maker->probed = (struct url){malloc(size), size};
        if (!maker->probed.bytes)
            abort();
        memcpy(maker->probed.bytes, body, size);
    }
    return maker->probed.size == size && memcmp(maker->probed.bytes, body, size) == 0
               ? NULL
               : "the answer is not that of the first probe";
}

/* ---- opening ---- */

static struct url data_url(const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char head[] = "data:image/any;base64,";
    char *url = malloc(sizeof head + (size + 2) / 3 * 4), *out = url + sizeof head - 1;
    if (!url)
        abort();
    memcpy(url, head, sizeof head - 1);
    for (size_t at = 0; at < size; at += 3) {
        uint32_t group = 0;
        for (size_t i = at; i < at + 3; i++)
            group = group << 8 | (i < size ? bytes[i] : 0);
        for (size_t i = 0; i < 4; i++)
            *out++ = at + i > size ? '=' : digits[group >> (18 - 6 * i) & 63];
    }
    return (struct url){url, (size_t)(out - url)};
}

static void add_url(struct maker *maker, const void *bytes, size_t size)
{
    maker->pictures = realloc(maker->pictures, (maker->picture_count + 1) * sizeof *maker->pictures);
    if (!maker->pictures)
        abort();
    maker->pictures[maker->picture_count++] = data_url(bytes, size);
}

static bool add_file(struct maker *maker, const char *path)
{
    enum { LARGEST = 1 << 22 };
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(LARGEST);
    size_t size = file && bytes ? fread(bytes, 1, LARGEST, file) : 0;
    if (file)
        (void)fclose(file);
    if (size > 0)
        add_url(maker, bytes, size);
    free(bytes);
    if (size == 0)
        fprintf(stderr, "%s cannot be read\n", path);
    return size > 0;
}

/* Pictures of sizes that the files may not have, in the format that takes the most bytes. */
static void add_drawn(struct maker *maker)
{
    for (int i = 0; i < DRAWN; i++) {
        const struct bench_work work = {.width = 40 + (int)below(maker, 400), .height = 40 + (int)below(maker, 400)};
        struct bench_inputs drawn;
        if (!bench_inputs_make(&drawn, &work, 0, NULL))
            abort();
        add_url(maker, drawn.picture.data, drawn.picture.size);
        bench_inputs_free(&drawn);
    }
}

static const struct bench_work *find_work(const char *name)
{
    for (size_t i = 0; i < BENCH_WORKS; i++)
        if (strcmp(bench_works[i].name, name) == 0)
            return &bench_works[i];
    return NULL;
}

struct maker *maker_open(const char *work, uint64_t seed, bool floats, char *const *pictures, size_t count)
{
    bool mixed = strcmp(work, "mixed") == 0;
    const struct bench_work *found = find_work(mixed ? "captions" : work);
    struct maker *maker = calloc(1, sizeof *maker);
    if (!maker || !found) {
        fprintf(stderr, "the work %s is not known\n", work);
        free(maker);
        return NULL;
    }
    *maker = (struct maker){.work = mixed              ? MIXED
                                    : !found->width    ? CAPTIONS_ONLY
                                    : !found->captions ? PICTURE_ONLY
                                                       : MATCH_ONLY,
                            .state = seed,
                            .floats = floats,
                            .texts = found->captions == BENCH_CAPTIONS_ASKED ? CAPTIONS : found->captions};
    if (!bench_inputs_make(&maker->inputs, found, maker->texts, NULL))
        abort();
    for (size_t i = 0; mixed && i < count; i++)
        if (!add_file(maker, pictures[i])) {
            maker_close(maker);
            return NULL;
        }
    if (mixed)
        add_drawn(maker);
    else if (found->width)
        add_url(maker, maker->inputs.picture.data, maker->inputs.picture.size);
    return maker;
}

void maker_close(struct maker *maker)
{
    bench_inputs_free(&maker->inputs);
    for (size_t i = 0; i < maker->picture_count; i++)
        free(maker->pictures[i].bytes);
    free(maker->pictures);
    free(maker->probed.bytes);
    free(maker);
}
