/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of /v1/review: an object into a call, and what became of it into the lines that answer it. Without threads.
 *
 *     {"image": "<base64 or data URL>", "text": "..." | ["...", ...], "instruction"?: "...", ...}
 *
 * `texts` is as good as `text`, or adds to it. The answer has a line for each text: all members but the picture, as they stood,
 * and behind them what `tuwen review` writes (docs/review.md).
 */
#ifndef TUWEN_SERVER_REVIEW_LINE_H
#define TUWEN_SERVER_REVIEW_LINE_H

#include "buffer.h"
#include "call.h"

enum review_column {
    ADDED_TEXT,
    ADDED_COSINE,
    ADDED_SCORE,
    ADDED_MATCH,
    ADDED_BAND,
    ADDED_TRUNCATED,
    ADDED_ERROR,
    ADDED
};

/* Zero at first. */
struct review_line {
    struct call call; /* one picture, then texts */
    struct refusal refusal;
    tuwen_status status;           /* of the refusal */
    struct buffer members;         /* of the input, each with a comma behind it */
    unsigned char prefixes[ADDED]; /* in front of the names of what is added */
};

/* `number` is the line's, for sentences. What is wrong with it is an answer too. */
void review_line_read(struct review_line *line, const char *text, size_t size, size_t number,
                      const struct terms *terms);

/* In place of reading: why the line cannot be taken. */
void review_line_refuse(struct review_line *line, enum refusal_id id, const char *const *arguments,
                        const struct terms *terms);

/* Whether there is something to compute. */
bool review_line_is_open(const struct review_line *line);

/* Bytes of memory, roughly, that its pictures, vectors and answer take; each of its texts has a row with all of its members. */
size_t review_line_weight(const struct review_line *line, const struct terms *terms);

/* It could not be computed. */
void review_line_fail(struct review_line *line, tuwen_status status, const char *message);

/* The lines that answer it. */
void review_line_write(const struct review_line *line, const struct terms *terms, struct buffer *rows);

void review_line_free(struct review_line *line);

#endif
