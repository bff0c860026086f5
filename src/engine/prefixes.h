/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens that all texts with one instruction begin with, and their keys in every layer, which are computed once a
 * session. A text has the same bits whether it is the first one or comes when the keys are there: it always follows
 * its prefix.
 */
#ifndef TW_ENGINE_PREFIXES_H
#define TW_ENGINE_PREFIXES_H

#include "engine/prepare.h"

/* One instruction's. */
typedef struct tw_opening {
    bool known;        /* in use */
    char *instruction; /* NULL: the model's default */
    size_t instruction_size;
    tw_ids ids;        /* of the prefix; none when it is not worth it */
    tw_prefix *prefix; /* NULL without ids */
    bool computed;     /* the keys are there */
    uint64_t used;     /* when last */
} tw_opening;

#define TW_OPENINGS 4

/* Zero-initialise. */
typedef struct tw_prefixes {
    tw_opening openings[TW_OPENINGS];
    uint64_t clock;
} tw_prefixes;

void tw_prefixes_free(tw_prefixes *prefixes);

/* Memory that they hold, in bytes. */
size_t tw_prefixes_bytes(const tw_prefixes *prefixes);

/*
 * The opening of a text input; NULL when it is to be computed whole. One that is not there is made in the place of the
 * one unused for longest, so the caller computes its batch before when `*replaces` comes back true, and asks again.
 */
tuwen_status tw_prefixes_find(tw_prefixes *prefixes, const tw_preparer *preparer, const tuwen_input *input,
                              const tw_ids *ids, bool batch_empty, tw_opening **opening, bool *replaces,
                              tuwen_error *error);

#endif
