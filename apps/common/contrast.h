/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a text that need a second look: those that models read badly, and the contrast check, which is whether the picture
 * tells a colour, number, material or sex from others of its kind.
 */
#ifndef TUWEN_COMMON_CONTRAST_H
#define TUWEN_COMMON_CONTRAST_H

#include "tuwen/tuwen.h"
#include "wording.h"

/* Words that are found in a text at most; those that are tried, and others for each: all of a class have fewer. */
enum { WORDS = 32, CONTRASTS = 8, CONTRAST_OTHERS = 12 };

struct contrast_word {
    char word[WORDING_WORD];
    float cosine; /* of the picture and the text with this word */
};

struct contrast {
    struct wording_hit hit;
    struct contrast_word others[CONTRAST_OTHERS];
    size_t count, best; /* `best` is the other word of the highest cosine */
};

struct words {
    struct wording_hit hits[WORDS];
    size_t hit_count;
    struct contrast contrasts[CONTRASTS]; /* of the first hits for which there are other words */
    size_t contrast_count;
};

/* Embeds texts into `vectors` as tuwen_embed does. */
typedef tuwen_status (*words_embed)(void *user, const tuwen_input *inputs, size_t count, float *vectors);

/* Finds the words, puts others in their place, and has those texts embedded, as many at a time as are not long. OK, or what `embed`
 * returned, or OUT_OF_MEMORY. */
tuwen_status words_try(struct words *words, const tuwen_input *text, const float *picture_vector, size_t dimension,
                       words_embed embed, void *user);

/* Which word the picture speaks for: the text's own or the best of the others where one is ahead by the margin. `cosine` is that of
 * the text. */
enum told { TOLD_NONE, TOLD_OWN, TOLD_OTHER };
enum told contrast_told(const struct contrast *contrast, float cosine, float margin);

/* For programs. */
const char *told_name(enum told told);

#endif
