/* SPDX-License-Identifier: Apache-2.0 */
/* Labels with their cosines and levels. */
#include "engine/background.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int by_pair(const void *a, const void *b)
{
    const tw_row *left = a, *right = b;
    if (left->picture != right->picture)
        return left->picture < right->picture ? -1 : 1;
    if (left->text != right->text)
        return left->text < right->text ? -1 : 1;
    return (int)right->match - (int)left->match; /* so the first of a pair says whether one is yes */
}

static double product(const float *a, const float *b, size_t dimension)
{
    double sum = 0;
    for (size_t i = 0; i < dimension; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static const float *vector_of(const tuwen_vectors *vectors, uint32_t number)
{
    return vectors->values + (size_t)number * vectors->dimension;
}

static tuwen_status make_rows(const tuwen_label_set *set, tw_row *rows, tuwen_error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        const tuwen_label *label = &set->labels[i];
        if (label->picture >= set->pictures.count || label->text >= set->texts.count)
            return tw_fail(error, TUWEN_INVALID_ARGUMENT, "label %zu names what is not there", i);
        double cosine = product(vector_of(&set->pictures, label->picture), vector_of(&set->texts, label->text),
                                set->pictures.dimension);
        if (!isfinite(cosine))
            return tw_fail(error, TUWEN_INVALID_ARGUMENT, "label %zu: a vector is not finite", i);
        rows[i] = (tw_row){.cosine = cosine,
                           .picture = label->picture,
                           .text = label->text,
                           .language = set->languages[label->text] == TUWEN_CHINESE ? TUWEN_CHINESE : TUWEN_ENGLISH,
                           .match = label->match};
    }
    qsort(rows, set->count, sizeof *rows, by_pair);
    for (size_t i = 0; i < set->count; i++) {
        rows[i].first = i == 0 || rows[i].picture != rows[i - 1].picture || rows[i].text != rows[i - 1].text;
        rows[i].pair_match = rows[i].first ? rows[i].match : rows[i - 1].pair_match;
    }
    return TUWEN_OK;
}

static bool open_side(const tuwen_vectors *vectors, tw_side *side)
{
    side->vectors = *vectors;
    side->in = tw_alloc(vectors->count, sizeof *side->in);
    side->sum = tw_alloc(vectors->dimension, sizeof *side->sum);
    side->products = tw_alloc(vectors->count, sizeof *side->products);
    side->yes = tw_alloc(vectors->count, sizeof *side->yes);
    side->yes_count = tw_alloc(vectors->count, sizeof *side->yes_count);
    return side->in && side->sum && side->products && side->yes && side->yes_count;
}

static void free_side(tw_side *side)
{
    tw_free(side->in);
    tw_free(side->sum);
    tw_free(side->products);
    tw_free(side->yes);
    tw_free(side->yes_count);
}

tuwen_status tw_background_open(const tuwen_label_set *set, tw_background *background, tuwen_error *error)
{
    *background = (tw_background){.count = set->count};
    background->rows = tw_alloc(set->count, sizeof *background->rows);
    if (!background->rows || !open_side(&set->pictures, &background->pictures) ||
        !open_side(&set->texts, &background->texts))
        return tw_fail_memory(error, "the labels");
    return make_rows(set, background->rows, error);
}

void tw_background_free(tw_background *background)
{
    tw_free(background->rows);
    free_side(&background->pictures);
    free_side(&background->texts);
    *background = (tw_background){0};
}

static void empty_side(tw_side *side)
{
    memset(side->in, 0, side->vectors.count * sizeof *side->in);
    memset(side->sum, 0, side->vectors.dimension * sizeof *side->sum);
    memset(side->yes, 0, side->vectors.count * sizeof *side->yes);
    memset(side->yes_count, 0, side->vectors.count * sizeof *side->yes_count);
    side->in_count = 0;
}

static void take_in(tw_side *side, uint32_t number)
{
    if (side->in[number])
        return;
    const float *vector = vector_of(&side->vectors, number);
    for (size_t i = 0; i < side->vectors.dimension; i++)
        side->sum[i] += (double)vector[i];
    side->in[number] = true;
    side->in_count++;
}

static void multiply(tw_side *side, const tw_side *other)
{
    for (size_t n = 0; n < side->vectors.count; n++) {
        const float *vector = vector_of(&side->vectors, (uint32_t)n);
        double sum = 0;
        for (size_t i = 0; i < side->vectors.dimension; i++)
            sum += (double)vector[i] * other->sum[i];
        side->products[n] = sum;
    }
}

void tw_background_choose(tw_background *background, uint32_t without)
{
    tw_side *pictures = &background->pictures, *texts = &background->texts;
    empty_side(pictures);
    empty_side(texts);
    for (size_t i = 0; i < background->count; i++) {
        if (background->rows[i].fold != without) {
            take_in(pictures, background->rows[i].picture);
            take_in(texts, background->rows[i].text);
        }
    }
    multiply(pictures, texts);
    multiply(texts, pictures);
    for (size_t i = 0; i < background->count; i++) {
        const tw_row *row = &background->rows[i];
        if (row->fold == without || !row->first || !row->pair_match)
            continue; /* of a training row both are in the background */
        pictures->yes[row->picture] += row->cosine;
        pictures->yes_count[row->picture]++;
        texts->yes[row->text] += row->cosine;
        texts->yes_count[row->text]++;
    }
}

/* The mean cosine of one of a row's vectors with the other side's background, without what is taken out. */
static double level(const tw_side *side, uint32_t number, const tw_side *other, uint32_t partner, const tw_row *row,
                    bool known)
{
    double sum = side->products[number];
    size_t count = other->in_count;
    if (known) {
        sum -= side->yes[number];
        count -= side->yes_count[number];
    }
    if (other->in[partner] && !(known && row->pair_match)) {
        sum -= row->cosine;
        count--;
    }
    return count > 0 ? sum / (double)count : 0;
}

void tw_background_features(const tw_background *background, const tw_row *row, bool known,
                            double features[TW_FEATURES])
{
    const tw_side *pictures = &background->pictures, *texts = &background->texts;
    features[0] = row->cosine;
    features[1] = level(pictures, row->picture, texts, row->text, row, known);
    features[2] = level(texts, row->text, pictures, row->picture, row, known);
}
