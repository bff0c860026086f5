/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random weights in place of a checkpoint's, for measuring: seeded, and of the scale at which signals keep their size
 * through the layers and attention is neither flat nor saturated (as tools/reference/make_checkpoint.py chooses it).
 * Billions of them take seconds, because all come from one block of normal numbers, copied piece by piece from random
 * places. The same numbers come on every machine, but matrices are filled in the order of their packed layout.
 */
#ifndef TW_MODEL_RANDOM_H
#define TW_MODEL_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layout.h"

/* The source of the numbers, and the memory of what was made of them. */
typedef struct tw_random tw_random;

/* NULL when memory is out. */
tw_random *tw_random_open(uint64_t seed);

/* Accepts NULL. Frees all that tw_random_keep gave. */
void tw_random_close(tw_random *random);

/* Memory for a matrix of so many bytes, aligned to 64, that lives as long as `random`; NULL when memory is out. */
void *tw_random_keep(tw_random *random, size_t bytes);

/* Fills with normal numbers of that deviation, in an element type; false when it is none that can be made here. */
bool tw_random_fill(tw_random *random, tw_element element, float deviation, void *values, size_t count);

/* Fills a vector by its name: the weight of a norm from 0.5 to 1.5, a bias with deviation 0.25. */
void tw_random_vector(tw_random *random, const char *name, float *values, size_t count);

/* The deviation of a matrix, by the name of its weight (parts joined by "+") and the length of its rows. */
float tw_random_deviation(const char *name, size_t in);

/* A row of the embedding table, which is not kept: its numbers follow from `row` alone. */
void tw_random_row(size_t row, float *values, size_t count);

#endif
