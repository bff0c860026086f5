/* SPDX-License-Identifier: Apache-2.0 */
/* Putting other words into a text and asking the picture again. */
#include "contrast.h"

#include <stdlib.h>

/* A text with another word, which is to be embedded. */
struct trial {
    const struct wording_hit *hit;
    struct contrast_word *other;
};

/* Returns how many other words there are in all, each a trial. */
static size_t choose(const char *text, struct words *words, struct trial *trials)
{
    size_t all = 0;
    for (size_t i = 0; i < words->hit_count && words->contrast_count < CONTRASTS; i++) {
        struct contrast *one = &words->contrasts[words->contrast_count];
        *one = (struct contrast){.hit = words->hits[i]};
        for (; one->count < CONTRAST_OTHERS &&
               wording_other(text, &words->hits[i], one->count, one->others[one->count].word);
             one->count++)
            trials[all++] = (struct trial){&one->hit, &one->others[one->count]};
        words->contrast_count += one->count > 0;
    }
    return all;
}

/* The texts of some trials, one after the other in `room`. */
static void make_inputs(const tuwen_input *text, const struct trial *trials, size_t count, char *room,
                        tuwen_input *inputs)
{
    for (size_t i = 0; i < count; i++) {
        inputs[i] = *text;
        inputs[i].text = room;
        inputs[i].text_size =
            wording_replace(text->text, text->text_size, trials[i].hit, trials[i].other->word, room);
        room += inputs[i].text_size;
    }
}

static void choose_best(struct words *words)
{
    for (size_t i = 0; i < words->contrast_count; i++) {
        struct contrast *one = &words->contrasts[i];
        for (size_t j = 0; j < one->count; j++)
            if (one->others[j].cosine > one->others[one->best].cosine)
                one->best = j;
    }
}

tuwen_status words_try(struct words *words, const tuwen_input *text, const float *picture_vector, size_t dimension,
                       words_embed embed, void *user)
{
    enum { AT_ONCE = 16384 }; /* bytes of texts, so that a long one is not copied many times */
    struct trial trials[CONTRASTS * CONTRAST_OTHERS];
    tuwen_input inputs[CONTRASTS * CONTRAST_OTHERS];
    size_t found = wording_find(text->text, text->text_size, words->hits, WORDS);
    words->hit_count = found < WORDS ? found : WORDS;
    words->contrast_count = 0;
    size_t count = choose(text->text, words, trials);
    if (count == 0)
        return TUWEN_OK;
    size_t longest = text->text_size + WORDING_WORD + 1, most = longest < AT_ONCE ? AT_ONCE / longest : 1;
    if (most > count)
        most = count;
    char *room = malloc(most * longest);
    float *vectors = calloc(most, dimension * sizeof *vectors);
    tuwen_status status = room && vectors ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
    for (size_t first = 0; first < count && status == TUWEN_OK; first += most) {
        size_t some = count - first < most ? count - first : most;
        make_inputs(text, trials + first, some, room, inputs);
        status = embed(user, inputs, some, vectors);
        for (size_t i = 0; i < some && status == TUWEN_OK; i++)
            trials[first + i].other->cosine = tuwen_cosine(picture_vector, vectors + i * dimension, dimension);
    }
    choose_best(words);
    free(room);
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
