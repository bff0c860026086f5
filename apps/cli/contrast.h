/* SPDX-License-Identifier: Apache-2.0 */
/* The contrast check: a colour, number, material or sex in a text, and whether the picture tells it from others. */
#ifndef TUWEN_CLI_CONTRAST_H
#define TUWEN_CLI_CONTRAST_H

#include "checkpoint.h"
#include "input.h"
#include "wording.h"

/* Words of a text that are tried, and others for each: all of a class have fewer. */
enum { CONTRASTS = 8, CONTRAST_OTHERS = 12 };

struct contrast_word {
    char word[WORDING_WORD];
    float cosine; /* of the picture and the text with this word */
};

struct contrast {
    struct wording_hit hit;
    struct contrast_word others[CONTRAST_OTHERS];
    size_t count, best; /* `best` is the other word of the highest cosine */
};

struct contrast_list {
    struct contrast items[CONTRASTS];
    size_t count;
};

/*
 * Fills the list with the words among the hits for which there are others, the first CONTRASTS of them, and embeds all
 * texts in one batch. OK, or as checkpoint_embed; OUT_OF_MEMORY without a complaint.
 */
tuwen_status contrast_try(struct checkpoint *checkpoint, const tuwen_input *text, const float *picture_vector,
                          const struct wording_hit *hits, size_t hit_count, struct contrast_list *list);

#endif
