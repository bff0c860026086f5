/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /v1/review: JSON Lines that are read, computed and answered one by one, in their order, while more of them arrive.
 *
 * Of a review there are in memory the line that is arriving, a window of lines that are read and computed, and the answers that
 * were not sent. When the window is full the client is not read from. Its input is in turns libmicrohttpd's thread's, until it
 * holds a whole line, and the reader's, until all whole lines are in the window.
 *
 * A review outlives its exchange by the lines of it that are being computed.
 */
#ifndef TUWEN_SERVER_REVIEW_H
#define TUWEN_SERVER_REVIEW_H

#include "http.h"
#include "tuwen/tuwen.h"

struct review;
struct service;

/* For a streamed exchange, by its `head`, when the model is loaded; `client` as in struct job. NULL if memory is short. */
struct review *review_begin(struct service *service, struct exchange *exchange, unsigned long long client,
                            tuwen_language language);

/* As http.h has it. */
enum http_next review_piece(struct review *review, const char *bytes, size_t size);

enum review_end { REVIEW_GOES_ON, REVIEW_NO_ROOM, REVIEW_CLOSING };

/* The body is whole. Unless the review goes on it is to be answered with a refusal. */
enum review_end review_whole(struct review *review);

struct review_counts {
    size_t lines, sent; /* bytes */
};

/* The exchange ends; so does, for the caller, the review. */
struct review_counts review_leave(struct review *review);

#endif
