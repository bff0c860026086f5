/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of one prepared picture with parts of it covered. A part is a set of cells, the squares of pixels that become one
 * image token each; in the place of a covered cell stands the picture's mean colour.
 */
#ifndef TW_ENGINE_OCCLUDE_H
#define TW_ENGINE_OCCLUDE_H

#include "engine/prepare.h"

/* A prepared picture and what covers it. */
typedef struct tw_occlusion {
    tw_prepared base;     /* with patches */
    int rows, columns;    /* of cells */
    size_t cell_floats;   /* patch values of a cell, which lie together */
    float *cover;         /* the values of a covered cell, [cell_floats] */
    const uint8_t *masks; /* whether a cell is covered, [copies][rows][columns]; the caller's */
} tw_occlusion;

/*
 * Prepares the picture. The cover is the mean colour rounded to bytes, so that a picture that is covered wholly is the
 * plain picture of that colour. Free in any case.
 */
tuwen_status tw_occlusion_open(const tw_preparer *preparer, const tuwen_input *input, tw_occlusion *occlusion,
                               tuwen_error *error);
void tw_occlusion_free(tw_occlusion *occlusion);

/* The copy `index`; its status tells whether there was memory for it. Thread-safe for different `prepared`. */
void tw_occlusion_prepare(const tw_occlusion *occlusion, size_t index, tw_prepared *prepared);

/* What the session prepares its inputs with. */
const tw_preparer *tw_session_preparer(const tuwen_session *session);

/*
 * The vectors of the copies 0..count - 1, [count][dimension], as tuwen_embed makes them; a copy of which nothing is covered
 * has the vector of the picture itself, bit by bit.
 */
tuwen_status tw_session_embed_occluded(tuwen_session *session, const tw_occlusion *occlusion, size_t count,
                                       float *vectors, tuwen_error *error);

#endif
