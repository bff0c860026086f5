/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What load.c asks: requests made from a seed, and whether an answer is whole and has what was asked for.
 *
 * The works "captions", "picture" and "match" have the inputs of `tuwen bench`, by the same code, so that rates can be
 * compared; "mixed" has texts of many lengths, pictures of many formats and sizes, and matches of one with the other.
 */
#ifndef TUWEN_TEST_LOAD_REQUESTS_H
#define TUWEN_TEST_LOAD_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind { KIND_TEXTS, KIND_PICTURE, KIND_MATCH, KIND_PROBE, KINDS };

extern const char *const kind_names[KINDS];

struct request {
    char *bytes; /* head and body */
    size_t size, capacity;
    enum kind kind;
    size_t inputs;  /* texts and pictures */
    size_t results; /* that the answer must have */
};

struct maker;

/* NULL, with a sentence on standard error, if the work is not known or a file cannot be read. Vectors are asked for as
 * floats if `floats`, otherwise in base64; "mixed" has both, and the pictures. */
struct maker *maker_open(const char *work, uint64_t seed, bool floats, char *const *pictures, size_t count);

/* The next request, in the place of an older one. */
void maker_next(struct maker *maker, struct request *request);

/* A number from 0 up to 1, from the same seed. */
double maker_random(struct maker *maker);

/* NULL if the body of an answer with status 200 is whole JSON with the results of the request, otherwise what is wrong.
 * The answers to probes, which are all alike, must be those to the first, byte for byte. */
const char *maker_check(struct maker *maker, const struct request *request, const char *body, size_t size);

void maker_close(struct maker *maker);

#endif
