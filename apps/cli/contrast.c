/* SPDX-License-Identifier: Apache-2.0 */
/* Putting other words into a text and asking the picture again. */
#include "contrast.h"

#include <stdlib.h>

static void choose(const char *text, const struct wording_hit *hits, size_t hit_count, struct contrast_list *list)
{
    list->count = 0;
    for (size_t i = 0; i < hit_count && list->count < CONTRASTS; i++) {
        struct contrast *one = &list->items[list->count];
        *one = (struct contrast){.hit = hits[i]};
        while (one->count < CONTRAST_OTHERS &&
               wording_other(text, &hits[i], one->count, one->others[one->count].word))
            one->count++;
        list->count += one->count > 0;
    }
}

/* All texts of the list, one after the other in `room`. */
static void make_inputs(const tuwen_input *text, const struct contrast_list *list, char *room, tuwen_input *inputs)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < list->items[i].count; j++, inputs++) {
            *inputs = *text;
            inputs->text = room;
            inputs->text_size = wording_replace(text->text, text->text_size, &list->items[i].hit,
                                                list->items[i].others[j].word, room);
            room += inputs->text_size;
        }
}

static void rate(const float *picture, const float *vectors, size_t dimension, struct contrast_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct contrast *one = &list->items[i];
        for (size_t j = 0; j < one->count; j++, vectors += dimension) {
            one->others[j].cosine = tuwen_cosine(picture, vectors, dimension);
            if (one->others[j].cosine > one->others[one->best].cosine)
                one->best = j;
        }
    }
}

tuwen_status contrast_try(struct checkpoint *checkpoint, const tuwen_input *text, const float *picture_vector,
                          const struct wording_hit *hits, size_t hit_count, struct contrast_list *list)
{
    size_t dimension = tuwen_model_dimension(checkpoint->model), count = 0;
    choose(text->text, hits, hit_count, list);
    for (size_t i = 0; i < list->count; i++)
        count += list->items[i].count;
    if (count == 0)
        return TUWEN_OK;
    char *room = malloc(count * (text->text_size + WORDING_WORD + 1));
    tuwen_input *inputs = calloc(count, sizeof *inputs);
    float *vectors = calloc(count, dimension * sizeof *vectors);
    tuwen_status status = room && inputs && vectors ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
    if (status == TUWEN_OK) {
        make_inputs(text, list, room, inputs);
        status = checkpoint_embed(checkpoint, inputs, count, vectors, NULL);
    }
    if (status == TUWEN_OK)
        rate(picture_vector, vectors, dimension, list);
    free(room);
    free(inputs);
    free(vectors);
    return status;
}
