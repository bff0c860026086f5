/* SPDX-License-Identifier: Apache-2.0 */
/* Labelled pairs of a whole file, with the vectors of their pictures and texts, each computed once: what `tuwen calibrate`
 * and `tuwen eval` work on. */
#ifndef TUWEN_CLI_PAIRS_H
#define TUWEN_CLI_PAIRS_H

#include "buffer.h"
#include "checkpoint.h"
#include "tuwen/profile.h"

/* Pictures, or texts. */
struct pair_items {
    size_t *places; /* [count]: where each begins in the bytes */
    uint64_t *rows; /* of each, where it came first */
    size_t count, capacity;
    uint32_t *slots; /* of the table that finds them again: number + 1, 0 = free */
    size_t slot_count;
    float *vectors; /* [count][dimension] */
    bool *good;     /* of each at first: has a vector. Those that have none are left out in the end */
};

struct pairs {
    struct buffer bytes; /* pictures as given and texts, with a NUL behind each */
    struct pair_items pictures, texts;
    tuwen_language *languages; /* [texts] */
    tuwen_label *labels;       /* those that are said */
    tuwen_right *own;          /* pairs that match: those labelled so, or of a file without any label all */
    size_t label_count, label_capacity, own_count, own_capacity;
    size_t yes, no;   /* among the labels */
    size_t rows;      /* records */
    size_t bad_rows;  /* records that cannot be used, and those whose picture or text failed */
    size_t unsaid;    /* records without a label */
    size_t truncated; /* texts that lost their end */
    const char *input;
    char *folder; /* of relative paths */
    size_t dimension;
};

/* Reads a file as the options of the command line say. Complains and returns an exit code if that cannot be done; bad
 * records are counted and told. */
int pairs_read(struct pairs *pairs, const struct cli *cli, const char *path, bool needs_labels);

/* Whether more went wrong than --max-errors tolerates. */
bool pairs_too_bad(const struct pairs *pairs, const struct cli *cli);

/* Computes the vectors; pairs whose picture or text fails are told and left out. CANCELLED after Ctrl-C. */
tuwen_status pairs_embed(struct pairs *pairs, struct checkpoint *checkpoint, const struct cli *cli);
void pairs_free(struct pairs *pairs);

/* The instruction that texts are embedded with: --instruction, or the model's for matching (may be NULL). */
const char *pairs_instruction(const struct checkpoint *checkpoint, const struct cli *cli);

/* Rounds of a bootstrap of so many observations: 1,000, and fewer where that would take minutes. */
int pairs_rounds(size_t count);

tuwen_vectors pairs_pictures(const struct pairs *pairs);
tuwen_vectors pairs_texts(const struct pairs *pairs);

#endif
