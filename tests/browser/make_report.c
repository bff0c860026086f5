/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a report for tests and measurements: make_report FILE ROWS [--pictures N] [--lang en|zh] [--match]
 * [--corpus FILE]. Rows are synthetic: captions in English and Chinese, cosines in two heaps, now and then an error or a
 * truncated text; pictures are gradients with a disc, each another one unless N is less than the rows. With a corpus (a
 * JSON array of strings) every string comes as name, text, field and error of a row, and in what is said above the rows;
 * so do bytes that no JSON can hold. The same arguments make the same rows.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "html_report.h"
#include "tuwen/thumbnail.h"

enum { WIDTH = 192, HEIGHT = 144, PIXELS = WIDTH * HEIGHT, HEADER = 54, GRAIN = 60 };

static const char *const subjects[] = {"red apple",    "white mug",   "black dog",  "city at night",
                                       "wooden chair", "blue kettle", "红色连衣裙", "陶瓷花瓶",
                                       "一只橘猫",     "海边日落",    "运动跑鞋",   "玻璃茶壶"};
static const char *const places[] = {"on a table",   "in the rain, seen from a window on the second floor",
                                     "for children", "，秋冬新款，限时特价，支持七天无理由退换货",
                                     "，带礼盒包装", "with a handle"};

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void put_number(unsigned char *to, uint32_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (unsigned char)(number >> (8 * i));
}

/* A BMP file: a gradient between two colours and a disc of a third, all grainy, so that its JPEG is as large as a photo's. */
static void draw(unsigned char *file, uint32_t seed)
{
    unsigned char colors[9];
    uint32_t state = seed * 2654435761u + 1;
    for (int i = 0; i < 9; i++)
        colors[i] = (unsigned char)next(&state);
    int x0 = 40 + (int)(next(&state) % 110), y0 = 40 + (int)(next(&state) % 60),
        radius = 15 + (int)(next(&state) % 40);
    memset(file, 0, HEADER);
    memcpy(file, "BM", 2);
    put_number(file + 2, HEADER + 3 * PIXELS, 4);
    put_number(file + 10, HEADER, 4);
    put_number(file + 14, 40, 4);
    put_number(file + 18, WIDTH, 4);
    put_number(file + 22, HEIGHT, 4);
    put_number(file + 26, 1, 2);
    put_number(file + 28, 24, 2);
    unsigned char *to = file + HEADER;
    int grain = 0;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            grain = x % 2 == 0 ? (int)(next(&state) % (2 * GRAIN)) - GRAIN : grain;
            for (int c = 0; c < 3; c++) {
                bool disc = (x - x0) * (x - x0) + (y - y0) * (y - y0) < radius * radius;
                int mixed = (colors[c] * (WIDTH - x) + colors[3 + c] * x) / WIDTH;
                *to++ = (unsigned char)((disc ? colors[6 + c] : mixed) / 2 + GRAIN + grain);
            }
        }
}

/* GME's scale. */
static tuwen_score score_of(double cosine)
{
    double score = (cosine - 0.1) / 0.4;
    return (tuwen_score){.cosine = (float)cosine,
                         .score = (float)(score < 0   ? 0
                                          : score > 1 ? 1
                                                      : score),
                         .band = cosine >= 0.4   ? TUWEN_BAND_VERY_HIGH
                                 : cosine >= 0.3 ? TUWEN_BAND_HIGH
                                 : cosine >= 0.2 ? TUWEN_BAND_FAIR
                                                 : TUWEN_BAND_MISMATCH};
}

static int64_t add_picture(struct html_report *report, uint32_t seed)
{
    static unsigned char file[HEADER + 3 * PIXELS];
    void *jpeg;
    size_t size;
    draw(file, seed);
    if (tuwen_thumbnail_make(file, sizeof file, NULL, NULL, &jpeg, &size, NULL) != TUWEN_OK)
        exit(2);
    int64_t number = html_report_picture(report, jpeg, size);
    tuwen_thumbnail_free(jpeg);
    return number;
}

static void add_row(struct html_report *report, uint32_t index, uint32_t pictures, bool with_match)
{
    uint32_t state = index * 40503u + 7;
    char image[128], text[256], sku[32];
    const char *season = index % 3 == 0 ? "summer" : "winter";
    next(&state);
    snprintf(image, sizeof image, "shop/%02u/item-%05u.jpg", next(&state) % 40, index % pictures);
    snprintf(text, sizeof text, "%s %s %u", subjects[next(&state) % 12], places[next(&state) % 6],
             next(&state) % 900);
    snprintf(sku, sizeof sku, "SKU-%06u", index);
    const struct text fields[] = {{sku, strlen(sku)}, {season, strlen(season)}};
    bool good = next(&state) % 10 < 7;
    double spread = (next(&state) % 1000 + next(&state) % 1000 + next(&state) % 1000) / 3000.0 - 0.5;
    double cosine = (good ? 0.36 : 0.14) + spread * 0.3;
    const char *const errors[] = {"the file does not exist", "the JPEG file is truncated"};
    bool failed = next(&state) % 50 == 0;
    const struct html_report_row row = {
        .number = index + 1,
        .image = image,
        .image_size = strlen(image),
        .text = text,
        .text_size = strlen(text),
        .picture = failed ? HTML_REPORT_NO_PICTURE : add_picture(report, index % pictures),
        .score = score_of(cosine),
        .match = with_match ? 1 / (1 + exp(-25 * (cosine - 0.25))) : NAN,
        .truncated = next(&state) % 60 == 0,
        .error = failed ? errors[next(&state) % 2] : NULL,
        .fields = fields,
    };
    if (!html_report_row(report, &row))
        exit(2);
}

/* A string in every place of a row: first as a good row, then as one with an error. */
static void add_hostile(struct html_report *report, uint64_t number, const char *text, size_t size)
{
    const struct text fields[] = {{text, size}, {"plain", 5}};
    struct html_report_row row = {.number = number,
                                  .image = text,
                                  .image_size = size,
                                  .text = text,
                                  .text_size = size,
                                  .picture = add_picture(report, (uint32_t)number),
                                  .score = score_of(0.45),
                                  .match = NAN,
                                  .fields = fields};
    bool good = html_report_row(report, &row);
    row.number++;
    row.error = text;
    row.picture = HTML_REPORT_NO_PICTURE;
    if (!html_report_row(report, &row) || !good)
        exit(2);
}

static void add_corpus(struct html_report *report, json_t *corpus)
{
    /* Half of a surrogate pair, bytes that are not UTF-8, an end that is missing, overlong "<", NUL in the middle. */
    static const struct {
        const char *text;
        size_t size;
    } broken[] = {{"a\xed\xa0\x80z", 5}, {"a\xff\xfez", 4}, {"a\xe2\x80", 3}, {"a\xc0\xbcscript>z", 11}, {"a\0z", 3}};
    uint64_t number = 1;
    for (size_t i = 0; i < json_array_size(corpus); i++, number += 2)
        add_hostile(report, number, json_string_value(json_array_get(corpus, i)),
                    json_string_length(json_array_get(corpus, i)));
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++, number += 2)
        add_hostile(report, number, broken[i].text, broken[i].size);
}

static const char *const usage =
    "usage: make_report FILE ROWS [--pictures N] [--lang en|zh] [--match] [--corpus FILE]\n";

int main(int argc, char **argv)
{
    static const struct text columns[] = {{"sku", 3}, {"season", 6}};
    struct html_report_facts facts = {.source = "shop.csv",
                                      .model = "demo",
                                      .fingerprint = "0123456789abcdef",
                                      .made = "2026-11-26",
                                      .match_threshold = NAN,
                                      .columns = columns,
                                      .column_count = 2};
    uint32_t rows = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0, pictures = rows > 0 ? rows : 1;
    bool with_match = false;
    json_t *corpus = NULL;
    for (int i = 3; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        with_match = with_match || strcmp(argv[i], "--match") == 0;
        if (strcmp(argv[i], "--pictures") == 0)
            pictures = (uint32_t)strtoul(value, NULL, 10);
        if (strcmp(argv[i], "--lang") == 0)
            facts.language = strcmp(value, "zh") == 0 ? TUWEN_CHINESE : TUWEN_ENGLISH;
        if (strcmp(argv[i], "--corpus") == 0 && !(corpus = json_load_file(value, 0, NULL)))
            return 2;
    }
    if (argc < 3 || pictures == 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (with_match) {
        facts.profile = "shop";
        facts.match_threshold = 0.62;
    }
    if (corpus)
        facts.source = facts.model = facts.profile = facts.made = json_string_value(json_array_get(corpus, 0));
    struct html_report *report = html_report_begin(argv[1], &facts);
    if (!report)
        return 2;
    for (uint32_t i = 0; i < rows; i++)
        add_row(report, i, pictures, with_match);
    if (corpus)
        add_corpus(report, corpus);
    json_decref(corpus);
    return html_report_end(report, true) ? 0 : 2;
}
