/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where operations run: a machine (immutable, shared: instruction-set level, number of threads, the product library) and
 * a worker (one a session: its prepared products, its threads' memory, its profile).
 */
#ifndef TW_OPS_MACHINE_H
#define TW_OPS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/layout.h"
#include "kernels/kernels.h"
#include "ops/matrix.h"
#include "ops/profile.h"

typedef struct tw_machine tw_machine;
typedef struct tw_worker tw_worker;
typedef struct tw_linear tw_linear;

/* `isa` is exactly the level by name (NULL: the TUWEN_ISA environment variable, else the best that runs here). It also
 * caps oneDNN, once for the whole process: a later higher level does not raise the cap, a later lower one is
 * UNSUPPORTED. `threads` 0 takes every core that the process may use: of those that the scheduler gives it as many as
 * the quotas of its control groups are worth. Errors: INVALID_ARGUMENT, UNSUPPORTED, OUT_OF_MEMORY, INTERNAL. */
tuwen_status tw_machine_open(const char *isa, int threads, tw_machine **machine, tuwen_error *error);

/* Accepts NULL; after all its workers and linears. */
void tw_machine_close(tw_machine *machine);

const tw_kernels *tw_machine_kernels(const tw_machine *machine);
int tw_machine_threads(const tw_machine *machine);

/* Whether products of weights in this element take inputs in it, by the processor's instructions for it (AVX-512 BF16,
 * VNNI, AMX). Otherwise weights are widened to f32 panel by panel. False for F32. */
bool tw_machine_multiplies(const tw_machine *machine, tw_element element);

/* The largest byte of inputs of I8 products here: 255, or 127 where products of bytes are summed in 16 bits. */
int tw_machine_int8_most(const tw_machine *machine);

tuwen_status tw_worker_open(const tw_machine *machine, tw_worker **worker, tuwen_error *error);
void tw_worker_close(tw_worker *worker);
const tw_machine *tw_worker_machine(const tw_worker *worker);

/* What the worker's operations took so far; the caller may set it to zero. */
tw_profile *tw_worker_profile(tw_worker *worker);

/* Bytes of memory that it holds, but for what the library keeps. */
size_t tw_worker_bytes(const tw_worker *worker);

/* Sees the input of every linear layer before it is computed. NULL for none. */
typedef void (*tw_observer)(void *user, const tw_linear *linear, const tw_matrix *x);
void tw_worker_observe(tw_worker *worker, tw_observer observer, void *user);

/* Sets the calling thread's OpenMP team size to the machine's for the operations that follow, and puts the old one
 * back. Every call into the operations stands between the two. */
int tw_worker_enter(const tw_worker *worker);
void tw_worker_leave(int before);

/* Ends the OpenMP threads that wait for the calling thread's next operations, which starts new ones. */
void tw_machine_rest(void);

/* What a packed file is made by, such as "oneDNN 2.6.3, avx512". */
void tw_machine_name(const tw_machine *machine, char *buffer, size_t size);

/* Facts for people in `language`, one a line, in English "key: value": oneDNN's version; our level that `isa` chooses (or why
 * it cannot), and the best here; the cores that the process may use, and whether a quota decided that; what each precision
 * multiplies with ("bf16: widened to f32"). oneDNN's cap is not touched, and `size` is at least 1. */
void tw_machine_describe(const char *isa, tuwen_language language, char *buffer, size_t size);

#endif
