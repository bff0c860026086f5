/* SPDX-License-Identifier: Apache-2.0 */
/* The best of many comparisons: one list, or the best of each of several lists that are filled in any order. */
#include "ranking.h"

#include <stdlib.h>

static bool is_better(struct ranked left, struct ranked right)
{
    return left.cosine != right.cosine ? left.cosine > right.cosine : left.place < right.place;
}

static int compare(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    return is_better(*left, *right) ? -1 : is_better(*right, *left);
}

void ranked_sort(struct ranked *entries, size_t count)
{
    qsort(entries, count, sizeof *entries, compare);
}

double ranking_bytes(size_t lists, size_t most)
{
    return (double)lists * (double)most * (double)sizeof(struct ranked);
}

bool ranking_make(struct ranking *ranking, size_t lists, size_t most)
{
    *ranking = (struct ranking){.lists = lists, .most = most};
    ranking->counts = calloc(lists, sizeof *ranking->counts);
    ranking->entries = calloc(lists, most * sizeof *ranking->entries);
    return ranking->counts && ranking->entries;
}

void ranking_free(struct ranking *ranking)
{
    free(ranking->counts);
    free(ranking->entries);
    *ranking = (struct ranking){0};
}

/* Puts an entry at the end of a heap that it makes longer by one. */
static void sift_up(struct ranked *heap, size_t at, struct ranked entry)
{
    while (at > 0 && is_better(heap[(at - 1) / 2], entry)) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = entry;
}

/* Puts an entry in the place of the root. */
static void sift_down(struct ranked *heap, size_t count, struct ranked entry)
{
    size_t at = 0;
    for (size_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && is_better(heap[child], heap[child + 1]))
            child++;
        if (!is_better(entry, heap[child]))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = entry;
}

void ranking_offer(struct ranking *ranking, size_t list, struct ranked entry)
{
    struct ranked *heap = ranking->entries + list * ranking->most;
    size_t *count = &ranking->counts[list];
    if (*count < ranking->most)
        sift_up(heap, (*count)++, entry);
    else if (is_better(entry, heap[0]))
        sift_down(heap, *count, entry);
}

const struct ranked *ranking_sorted(struct ranking *ranking, size_t list, size_t *count)
{
    struct ranked *heap = ranking->entries + list * ranking->most;
    *count = ranking->counts[list];
    ranked_sort(heap, *count);
    return heap;
}
