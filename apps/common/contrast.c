/* SPDX-License-Identifier: Apache-2.0 */
/* Putting other words into a text and asking the picture again. */
#include "contrast.h"

#include <stdlib.h>

/* Returns how many other words there are in all. */
static size_t choose(const char *text, struct words *words)
{
    size_t all = 0;
    for (size_t i = 0; i < words->hit_count && words->contrast_count < CONTRASTS; i++) {
        struct contrast *one = &words->contrasts[words->contrast_count];
        *one = (struct contrast){.hit = words->hits[i]};
        while (one->count < CONTRAST_OTHERS &&
               wording_other(text, &words->hits[i], one->count, one->others[one->count].word))
            one->count++;
        words->contrast_count += one->count > 0;
        all += one->count;
    }
    return all;
}

/* All texts, one after the other in `room`. */
static void make_inputs(const tuwen_input *text, const struct words *words, char *room, tuwen_input *inputs)
{
    for (size_t i = 0; i < words->contrast_count; i++)
        for (size_t j = 0; j < words->contrasts[i].count; j++, inputs++) {
            *inputs = *text;
            inputs->text = room;
            inputs->text_size = wording_replace(text->text, text->text_size, &words->contrasts[i].hit,
                                                words->contrasts[i].others[j].word, room);
            room += inputs->text_size;
        }
}

static void rate(const float *picture, const float *vectors, size_t dimension, struct words *words)
{
    for (size_t i = 0; i < words->contrast_count; i++) {
        struct contrast *one = &words->contrasts[i];
        for (size_t j = 0; j < one->count; j++, vectors += dimension) {
            one->others[j].cosine = tuwen_cosine(picture, vectors, dimension);
            if (one->others[j].cosine > one->others[one->best].cosine)
                one->best = j;
        }
    }
}

tuwen_status words_try(struct words *words, const tuwen_input *text, const float *picture_vector, size_t dimension,
                       words_embed embed, void *user)
{
    size_t found = wording_find(text->text, text->text_size, words->hits, WORDS);
    words->hit_count = found < WORDS ? found : WORDS;
    words->contrast_count = 0;
    size_t count = choose(text->text, words);
    if (count == 0)
        return TUWEN_OK;
    char *room = malloc(count * (text->text_size + WORDING_WORD + 1));
    tuwen_input *inputs = calloc(count, sizeof *inputs);
    float *vectors = calloc(count, dimension * sizeof *vectors);
    tuwen_status status = room && inputs && vectors ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
    if (status == TUWEN_OK) {
        make_inputs(text, words, room, inputs);
        status = embed(user, inputs, count, vectors);
    }
    if (status == TUWEN_OK)
        rate(picture_vector, vectors, dimension, words);
    free(room);
    free(inputs);
    free(vectors);
    return status;
}

enum told contrast_told(const struct contrast *contrast, float cosine, float margin)
{
    float ahead = cosine - contrast->others[contrast->best].cosine;
    return ahead >= margin ? TOLD_OWN : ahead <= -margin ? TOLD_OTHER : TOLD_NONE;
}

const char *told_name(enum told told)
{
    static const char *const names[] = {[TOLD_NONE] = "no", [TOLD_OWN] = "yes", [TOLD_OTHER] = "other"};
    return names[told];
}
