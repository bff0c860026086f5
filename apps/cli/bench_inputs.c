/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of `tuwen bench`, made in memory: a picture as the bytes of a BMP file, captions of 5 to 15 words. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

const struct bench_work bench_works[BENCH_WORKS] = {
    {"picture", SAY_BENCH_PICTURE, 448, 448, 0},
    {"large-picture", SAY_BENCH_PICTURE, 1036, 784, 0},
    {"captions", SAY_BENCH_CAPTIONS, 0, 0, BENCH_CAPTIONS_ASKED},
    {"match", SAY_BENCH_MATCH, 448, 448, 20},
};

static const char *const words[] = {
    "a",        "the",    "dog",     "cat",     "girl",    "boy",      "man",     "woman",  "street",  "beach",
    "mountain", "river",  "house",   "tree",    "flower",  "car",      "bicycle", "train",  "bridge",  "sky",
    "cloud",    "sunset", "red",     "blue",    "green",   "yellow",   "white",   "black",  "old",     "young",
    "small",    "large",  "bright",  "dark",    "on",      "in",       "under",   "beside", "behind",  "with",
    "and",      "near",   "playing", "running", "sitting", "standing", "holding", "eating", "reading", "looking",
    "wooden",   "metal",  "glass",   "table",   "chair",   "window",   "door",    "book",   "phone",   "camera",
    "coffee",   "bread",  "fruit",   "market",
};

enum { WORDS = sizeof words / sizeof *words, FEWEST = 5, MOST = 15, LONGEST_WORD = 8 };
enum { TEXT_ROOM = MOST * (LONGEST_WORD + 1) };

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

/* A BMP file of 24 bits a pixel: gradients with noise on them, so that no two patches are alike. */
static bool make_picture(struct bytes *picture, int width, int height)
{
    enum { HEADER = 54 };
    size_t row = ((size_t)width * 3 + 3) / 4 * 4, size = HEADER + row * (size_t)height;
    unsigned char *file = calloc(size, 1);
    uint32_t state = 1;
    picture->data = (char *)file;
    picture->size = size;
    if (!file)
        return false;
    memcpy(file, "BM", 2);
    put_number(file + 2, (uint32_t)size, 4);
    put_number(file + 10, HEADER, 4);
    put_number(file + 14, 40, 4); /* the size of the header that follows */
    put_number(file + 18, (uint32_t)width, 4);
    put_number(file + 22, (uint32_t)height, 4);
    put_number(file + 26, 1, 2);  /* planes */
    put_number(file + 28, 24, 2); /* bits a pixel */
    put_number(file + 34, (uint32_t)(row * (size_t)height), 4);
    for (int y = 0; y < height; y++) {
        unsigned char *pixel = file + HEADER + row * (size_t)y;
        for (int x = 0; x < width; x++, pixel += 3) {
            pixel[0] = (unsigned char)(192 * x / width + (int)(next(&state) & 63));
            pixel[1] = (unsigned char)(192 * y / height + (int)(next(&state) & 63));
            pixel[2] = (unsigned char)(96 * x / width + 96 * y / height + (int)(next(&state) & 63));
        }
    }
    return true;
}

/* Writes one caption without a NUL; returns its bytes. */
static size_t make_caption(char *text, uint32_t *state)
{
    size_t count = FEWEST + next(state) % (MOST - FEWEST + 1), used = 0;
    for (size_t i = 0; i < count; i++) {
        const char *word = words[next(state) % WORDS];
        size_t length = strlen(word);
        if (i > 0)
            text[used++] = ' ';
        memcpy(text + used, word, length);
        used += length;
    }
    return used;
}

bool bench_inputs_make(struct bench_inputs *inputs, const struct bench_work *work, size_t captions,
                       const char *instruction)
{
    *inputs = (struct bench_inputs){.count = captions + (work->width > 0)};
    inputs->items = calloc(inputs->count + 1, sizeof *inputs->items);
    inputs->texts = calloc(captions + 1, TEXT_ROOM);
    if (!inputs->items || !inputs->texts)
        return false;
    tuwen_input *item = inputs->items;
    if (work->width > 0) {
        if (!make_picture(&inputs->picture, work->width, work->height))
            return false;
        *item++ =
            (tuwen_input){.picture = inputs->picture.data, .picture_size = inputs->picture.size, .name = work->name};
    }
    char *text = inputs->texts;
    uint32_t state = 7;
    for (size_t i = 0; i < captions; i++, item++) {
        size_t size = make_caption(text, &state);
        *item = (tuwen_input){.text = text,
                              .text_size = size,
                              .instruction = instruction,
                              .instruction_size = instruction ? strlen(instruction) : 0};
        text += size;
    }
    return true;
}

void bench_inputs_free(struct bench_inputs *inputs)
{
    free(inputs->items);
    free(inputs->texts);
    bytes_free(&inputs->picture);
    *inputs = (struct bench_inputs){0};
}
