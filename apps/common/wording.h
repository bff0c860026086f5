/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that models of this kind read badly or that a picture may not bear out, in English and Chinese, found by the table
 * in wording.def: counts, negation, places relative to each other; and colours, materials and the sexes, for which other
 * words can be put in their place. Rules see words and not meaning, so they miss some and take some wrongly.
 */
#ifndef TUWEN_COMMON_WORDING_H
#define TUWEN_COMMON_WORDING_H

#include <stdbool.h>
#include <stddef.h>

enum wording {
    WORDING_NOTHING, /* a false friend, which is never told */
    WORDING_COUNT,
    WORDING_NEGATION,
    WORDING_PLACE,
    WORDING_COLOR,
    WORDING_MATERIAL,
    WORDING_GENDER,
    WORDING_KINDS
};

/* Where a text (UTF-8) has such a word. */
struct wording_hit {
    enum wording kind;
    size_t begin, size;
    int entry;  /* in the table; -1: a count, by its digits or its measure word */
    int number; /* of a count, else 0 */
};

/* Finds the words in order; writes the first `capacity` and returns how many there are. */
size_t wording_find(const char *text, size_t size, struct wording_hit *hits, size_t capacity);

/* "count", "negation" and so on, for programs. */
const char *wording_name(enum wording kind);

/* The longest word that stands for another, with its NUL. */
enum { WORDING_WORD = 32 };

/*
 * The word number `index`, from 0, that can stand in the place of a hit. False when there are no more, and for negation
 * and places always. `text` is that of wording_find.
 */
bool wording_other(const char *text, const struct wording_hit *hit, size_t index, char word[WORDING_WORD]);

/* Copies the text with the hit replaced by `word` to `to`, with room for size + WORDING_WORD + 1 bytes, and with "a" or "an"
 * before it as the word wants; returns its bytes. */
size_t wording_replace(const char *text, size_t size, const struct wording_hit *hit, const char *word, char *to);

#endif
