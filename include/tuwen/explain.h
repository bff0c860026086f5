/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a picture and a text match as they do: which phrases of the text the picture supports, and which regions of the
 * picture carry the match. What is found is a hint at what the model looks at, not a proof of what is in the picture.
 *
 * A phrase is judged by the text without it, a region by the picture with that region covered; docs/explain.md has the
 * method, its limits and how well it does.
 */
#ifndef TUWEN_EXPLAIN_H
#define TUWEN_EXPLAIN_H

#include "tuwen/tuwen.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Phrases that a text is split into at most; a longer text gets longer phrases. */
#define TUWEN_PHRASES 48

/* Passes of a picture that can be asked for at most. */
#define TUWEN_PASSES 10000

/* A part of a text that can be left out: its first byte and its bytes. Phrases follow each other; between them are only
 * white space and punctuation. */
typedef struct tuwen_phrase {
    size_t begin, size;
    float without; /* cosine of the picture and the text without this phrase */
    float effect;  /* cosine of the whole text less `without`: above 0 the picture supports the phrase */
} tuwen_phrase;

/*
 * Splits a text (UTF-8) into phrases by fixed rules (docs/explain.md); `without` and `effect` are 0. Writes the first
 * `capacity` to `phrases` (may be NULL when that is 0) and returns how many there are, at most TUWEN_PHRASES. Thread-safe.
 */
TUWEN_API size_t tuwen_split_phrases(const char *text, size_t size, tuwen_phrase *phrases, size_t capacity);

/* How to explain. Zero-initialise for the defaults. */
typedef struct tuwen_explain_options {
    /* Passes of the picture with a part of it covered, 1..TUWEN_PASSES; 0 means 48. Negative: none, phrases alone. */
    int budget;
    /* Told passes instead of bytes, on the caller's thread, with no computation going on: it may use another session of the
     * model. May be NULL. */
    tuwen_progress_function progress;
    void *progress_user;
} tuwen_explain_options;

/* What was found. Owned by the caller; free with tuwen_explanation_free. */
typedef struct tuwen_explanation {
    float cosine;   /* of the picture and the text */
    bool truncated; /* the text was too long for the model and lost its end: phrases there have no effect */
    /* [phrase_count] in the order of the text. A text of one phrase has nothing to leave out: its effect is 0. */
    const tuwen_phrase *phrases;
    size_t phrase_count;
    /* Cells are the squares of pixels that become one image token each: [rows][columns], from the upper left. */
    int rows, columns;
    /* What a cell adds to the cosine: the fall of the cosine when the smallest block around it that was tried is covered,
     * divided by the block's cells. NULL without passes. */
    const float *cells;
    const int *block_cells; /* [rows][columns]: how many cells that block has; NULL without passes */
    int passes;             /* of covered pictures that were computed */
    int picture_width;      /* of the decoded picture, upright if EXIF is applied */
    int picture_height;
    size_t dimension;
    const float *picture_vector; /* [dimension], as tuwen_embed gives it */
    const float *text_vector;    /* [dimension] */
    size_t tokens;               /* computed in all: of the texts, and of the picture once and in every pass */
    size_t image_tokens;         /* among them */
} tuwen_explanation;

/* Effects below it say nothing: the wording alone changes a cosine as much. A tenth of the model's score range
 * (docs/explain.md has the measurement). Thread-safe. */
TUWEN_API float tuwen_effect_margin(const tuwen_model_info *info);

/*
 * Explains how well `text` fits `picture`: inputs as for tuwen_embed, one with a picture alone, the other with a text
 * alone and its instruction. Regions are tried from coarse to fine: first a few large blocks, then the quarters of those
 * whose covering changes the cosine most, until the budget is spent or the blocks are single cells. The same inputs give
 * the same explanation, whatever the number of threads. tuwen_session_cancel ends it. `*explanation` is NULL after a
 * failure. Errors: INVALID_ARGUMENT, and those of tuwen_embed without outputs.
 */
TUWEN_API tuwen_status tuwen_explain(tuwen_session *session, const tuwen_input *picture, const tuwen_input *text,
                                     const tuwen_explain_options *options, tuwen_explanation **explanation,
                                     tuwen_error *error);

/* Accepts NULL. */
TUWEN_API void tuwen_explanation_free(tuwen_explanation *explanation);

/*
 * Draws the regions over the picture, which is given again: pale grey, at most `side` pixels a side (1..4096; 0 means
 * 1024), with orange where a region carries the match and blue where it speaks against it, the more the stronger; a frame
 * marks the strongest cells. The strongest cell has the full colour if covering the block around it changes the cosine by
 * `full` or more (0..2; 0: in any case), otherwise a part of it: so noise stays pale. The bytes of a PNG file, with the text "Software: tuwen explain", are owned by the
 * explanation and stay until the next call or its end. Errors: INVALID_ARGUMENT (no regions, or a picture of another
 * size), BAD_IMAGE, LIMIT, OUT_OF_MEMORY, INTERNAL.
 */
TUWEN_API tuwen_status tuwen_explanation_draw(const tuwen_session *session, tuwen_explanation *explanation,
                                              const tuwen_input *picture, int side, float full, const void **png,
                                              size_t *png_size, tuwen_error *error);

#ifdef __cplusplus
}
#endif

#endif
