/* SPDX-License-Identifier: Apache-2.0 */
/* The best of many comparisons: one list, or the best of each of several lists that are filled in any order. */
#ifndef TUWEN_CLI_RANKING_H
#define TUWEN_CLI_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was compared, by its place on its side, and how it fits. */
struct ranked {
    float cosine;
    uint32_t place;
};

/* Best first; those that are equally good stay in the order of their places. */
void ranked_sort(struct ranked *entries, size_t count);

/* Lists that keep their best entries: a heap each, the worst at its root, until they are sorted. */
struct ranking {
    struct ranked *entries; /* [lists][most] */
    size_t *counts;         /* [lists] */
    size_t lists, most;
};

/* Bytes that `lists` of `most` entries take. */
double ranking_bytes(size_t lists, size_t most);

/* False if memory is short. Free with ranking_free in either case. */
bool ranking_make(struct ranking *ranking, size_t lists, size_t most);
void ranking_free(struct ranking *ranking);

/* Keeps the entry if it is among the best `most` of its list so far. */
void ranking_offer(struct ranking *ranking, size_t list, struct ranked entry);

/* The entries of a list, best first, `*count` of them; no more may be offered to it then. */
const struct ranked *ranking_sorted(struct ranking *ranking, size_t list, size_t *count);

#endif
