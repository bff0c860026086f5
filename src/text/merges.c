/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The merge table and the merging of one piece. Possible merges wait in a binary heap; one whose symbols have changed
 * meanwhile is dropped when it comes up, by the same test as in the reference (tokenizers, models/bpe/word.rs), so
 * that even odd merge lists give equal ids.
 */
#include "text/merges.h"

#include "base/memory.h"

#define NONE UINT32_MAX

static uint64_t pair_of(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

/* The slot that holds `pair`, or the empty one where it belongs. There must be slots. */
static tw_merge *find_slot(const tw_merges *merges, uint64_t pair)
{
    uint64_t mixed = (pair ^ pair >> 32) * 0x9e3779b97f4a7c15u; /* 2^64 over the golden ratio */
    size_t slot = (size_t)(mixed >> 32) & (merges->slot_count - 1);
    while (merges->slots[slot].id >= 0 && merges->slots[slot].pair != pair)
        slot = (slot + 1) & (merges->slot_count - 1);
    return &merges->slots[slot];
}

static bool double_slots(tw_merges *merges)
{
    if (merges->slot_count > SIZE_MAX / 2)
        return false;
    size_t slot_count = merges->slot_count ? 2 * merges->slot_count : 256;
    tw_merges grown = {.slots = tw_alloc(slot_count, sizeof *grown.slots), .slot_count = slot_count};
    if (!grown.slots)
        return false;
    for (size_t i = 0; i < slot_count; i++)
        grown.slots[i] = (tw_merge){.id = -1};
    for (size_t i = 0; i < merges->slot_count; i++)
        if (merges->slots[i].id >= 0)
            *find_slot(&grown, merges->slots[i].pair) = merges->slots[i];
    grown.count = merges->count;
    tw_free(merges->slots);
    *merges = grown;
    return true;
}

bool tw_merges_add(tw_merges *merges, int32_t left, int32_t right, uint32_t rank, int32_t id)
{
    if (merges->count >= merges->slot_count / 3 * 2 && !double_slots(merges))
        return false;
    uint64_t pair = pair_of(left, right);
    tw_merge *slot = find_slot(merges, pair);
    merges->count += slot->id < 0;
    *slot = (tw_merge){.pair = pair, .rank = rank, .id = id};
    return true;
}

bool tw_piece_start(tw_piece *piece, size_t size)
{
    void *symbols = piece->symbols;
    if (!tw_grow(&symbols, &piece->capacity, size, sizeof *piece->symbols))
        return false;
    piece->symbols = symbols;
    piece->count = 0;
    return true;
}

void tw_piece_add(tw_piece *piece, int32_t id)
{
    uint32_t index = (uint32_t)piece->count++;
    piece->symbols[index] = (tw_symbol){.id = id, .previous = index - 1, .next = NONE}; /* 0 - 1 is NONE */
    if (index > 0)
        piece->symbols[index - 1].next = index;
}

static bool push(tw_piece *piece, tw_candidate candidate)
{
    void *heap = piece->heap;
    if (!tw_grow(&heap, &piece->heap_capacity, piece->heap_count + 1, sizeof *piece->heap))
        return false;
    piece->heap = heap;
    size_t at = piece->heap_count++;
    while (at > 0 && piece->heap[(at - 1) / 2].order > candidate.order) {
        piece->heap[at] = piece->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    piece->heap[at] = candidate;
    return true;
}

static tw_candidate pop(tw_piece *piece)
{
    tw_candidate top = piece->heap[0];
    tw_candidate last = piece->heap[--piece->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < piece->heap_count && piece->heap[child + 1].order < piece->heap[child].order)
            child++;
        if (child >= piece->heap_count || piece->heap[child].order >= last.order)
            break;
        piece->heap[at] = piece->heap[child];
        at = child;
    }
    piece->heap[at] = last;
    return top;
}

/* The merge of the symbol at `index` with its right neighbour; NULL when there is none. */
static const tw_merge *merge_at(const tw_piece *piece, const tw_merges *merges, uint32_t index)
{
    const tw_symbol *symbol = &piece->symbols[index];
    if (symbol->id < 0 || symbol->next == NONE || merges->count == 0)
        return NULL;
    const tw_merge *merge = find_slot(merges, pair_of(symbol->id, piece->symbols[symbol->next].id));
    return merge->id < 0 ? NULL : merge;
}

static bool push_merge(tw_piece *piece, const tw_merges *merges, uint32_t index)
{
    const tw_merge *merge = merge_at(piece, merges, index);
    return !merge || push(piece, (tw_candidate){(uint64_t)merge->rank << 32 | index, merge->id});
}

bool tw_piece_merge(tw_piece *piece, const tw_merges *merges)
{
    piece->heap_count = 0;
    for (uint32_t i = 0; i + 1 < piece->count; i++)
        if (!push_merge(piece, merges, i))
            return false;
    while (piece->heap_count > 0) {
        tw_candidate best = pop(piece);
        uint32_t index = (uint32_t)best.order;
        const tw_merge *merge = merge_at(piece, merges, index);
        if (!merge || merge->id != best.id)
            continue; /* a neighbour was merged meanwhile */
        tw_symbol *symbol = &piece->symbols[index];
        tw_symbol *right = &piece->symbols[symbol->next];
        symbol->id = best.id;
        symbol->next = right->next;
        right->id = -1;
        if (symbol->next != NONE)
            piece->symbols[symbol->next].previous = index;
        if (symbol->previous != NONE && !push_merge(piece, merges, symbol->previous))
            return false;
        if (!push_merge(piece, merges, index))
            return false;
    }
    return true;
}

void tw_piece_free(tw_piece *piece)
{
    tw_free(piece->symbols);
    tw_free(piece->heap);
    *piece = (tw_piece){0};
}
