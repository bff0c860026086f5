/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations share of a machine and a worker; inside this folder only. */
#ifndef TW_OPS_WORKER_H
#define TW_OPS_WORKER_H

#include "ops/library.h"
#include "ops/machine.h"

struct tw_machine {
    const tw_kernels *kernels;
    tw_library *library;
    int threads;
    bool multiplies[TW_ELEMENTS];
    int int8_most;
};

struct tw_worker {
    const tw_machine *machine;
    tw_tiles *tiles;
    tw_observer observer; /* may be NULL */
    void *observer_user;
    tw_profile profile;
    char *memory; /* of the threads, `share` bytes each */
    size_t capacity, share;
};

/* Gives each of the threads at least `share` bytes for the operation at hand, aligned to 64; their content does not
 * outlive it. False when memory is out. */
bool tw_worker_reserve(tw_worker *worker, size_t share);

/* The memory of thread `index` (omp_get_thread_num). */
void *tw_worker_memory(const tw_worker *worker, int index);

/* Operations (or numbers touched, times ten) below which a second thread is not woken: on a busy machine it may come
 * milliseconds late, and the work takes a tenth of one. */
#define TW_FEW_OPERATIONS 1e7

/* Rounds bytes up to whole cache lines. */
static inline size_t tw_lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

#endif
