/* SPDX-License-Identifier: Apache-2.0 */
/* Byte-pair merges: a table from two neighbouring tokens to their rank and product, and its application to a piece. */
#ifndef TW_TEXT_MERGES_H
#define TW_TEXT_MERGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tw_merge {
    uint64_t pair; /* left id << 32 | right id */
    uint32_t rank; /* lower merges first */
    int32_t id;    /* of the product; -1 in an empty slot */
} tw_merge;

/* Open addressing, at most two thirds full. Zero-initialise; free `slots` with tw_free. */
typedef struct tw_merges {
    tw_merge *slots;
    size_t count;
    size_t slot_count; /* a power of two, or 0 */
} tw_merges;

/* Adds a merge; a pair that is there already takes the new rank. False when memory is out. */
bool tw_merges_add(tw_merges *merges, int32_t left, int32_t right, uint32_t rank, int32_t id);

/* A token of the piece that is being merged: a doubly linked list in an array. */
typedef struct tw_symbol {
    int32_t id; /* -1: merged into its left neighbour */
    uint32_t previous, next;
} tw_symbol;

/* A possible merge of the symbol at `position` with its right neighbour. */
typedef struct tw_candidate {
    uint64_t order; /* rank << 32 | position: the smallest merges first */
    int32_t id;
} tw_candidate;

/* A piece and the scratch memory for merging it. Zero-initialise; free by tw_piece_free. */
typedef struct tw_piece {
    tw_symbol *symbols;
    size_t count, capacity;
    tw_candidate *heap;
    size_t heap_count, heap_capacity;
} tw_piece;

/* Empties the piece and makes room for `size` tokens, at most UINT32_MAX - 1. False when memory is out. */
bool tw_piece_start(tw_piece *piece, size_t size);

/* Appends one token, for which there must be room. */
void tw_piece_add(tw_piece *piece, int32_t id);

/* Merges neighbours until no merge applies; what is left are the symbols whose id is not -1. Takes n log n time. False
 * when memory is out. */
bool tw_piece_merge(tw_piece *piece, const tw_merges *merges);

void tw_piece_free(tw_piece *piece);

#endif
