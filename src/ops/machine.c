/* SPDX-License-Identifier: Apache-2.0 */
/* Machines and workers. */
#include "ops/machine.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/quota.h"
#include "ops/worker.h"

/* The levels that this machine can run, lowest first. */
static void list_levels(char *buffer, size_t size)
{
    const tw_kernels *kernels = NULL;
    size_t length = 0;
    for (size_t i = 0; length < size && (kernels = tw_kernels_level(i)) != NULL; i++)
        if (tw_kernels_can_run(kernels))
            length += (size_t)snprintf(buffer + length, size - length, "%s%s", i > 0 ? " " : "", kernels->level);
}

static tuwen_status choose_kernels(const char *isa, const tw_kernels **kernels, tuwen_error *error)
{
    if (!isa)
        isa = getenv("TUWEN_ISA");
    if (!isa || !*isa) {
        *kernels = tw_kernels_best();
        return TUWEN_OK;
    }
    char levels[64];
    list_levels(levels, sizeof levels);
    *kernels = tw_kernels_named(isa);
    if (!*kernels)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is not an instruction set of this machine, which has: %s",
                       isa, levels);
    if (!tw_kernels_can_run(*kernels))
        return tw_fail(error, TUWEN_UNSUPPORTED, "this machine cannot run the instruction set %s; it has: %s", isa,
                       levels);
    return TUWEN_OK;
}

/* The cores that the process may use: those that the scheduler gives it, which OpenMP counts, or fewer where the quota of
 * its control group is worth fewer. More threads than that would be stopped together for the rest of every period. */
static int usable_cores(bool *by_quota)
{
    int cores = omp_get_num_procs();
    int quota = tw_quota_cores("");
    *by_quota = quota > 0 && quota < cores;
    return *by_quota ? quota : cores;
}

tuwen_status tw_machine_open(const char *isa, int threads, tw_machine **out, tuwen_error *error)
{
    *out = NULL;
    if (threads < 0 || threads > 4096)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "threads is %d; allowed are 1 to 4096, and 0 for all cores",
                       threads);
    const tw_kernels *kernels = NULL;
    tuwen_status status = choose_kernels(isa, &kernels, error);
    if (status != TUWEN_OK)
        return status;
    if (!tw_library_cap(kernels->level))
        return tw_fail(error, TUWEN_UNSUPPORTED,
                       "instruction set %s: this process already computes with a higher one", kernels->level);
    tw_machine *machine = tw_alloc_zero(1, sizeof *machine);
    if (!machine)
        return tw_fail_memory(error, "the engine");
    machine->kernels = kernels;
    bool by_quota;
    machine->threads = threads ? threads : usable_cores(&by_quota);
    status = tw_library_open(&machine->library, error);
    if (status != TUWEN_OK) {
        tw_machine_close(machine);
        return status;
    }
    machine->multiplies[TW_ELEMENT_BF16] = kernels->tiles || tw_library_multiplies(machine->library, TW_ELEMENT_BF16);
    machine->multiplies[TW_ELEMENT_I8] = kernels->tiles || tw_library_multiplies(machine->library, TW_ELEMENT_I8);
    machine->int8_most = machine->multiplies[TW_ELEMENT_I8] ? 255 : kernels->int8_most;
    *out = machine;
    return TUWEN_OK;
}

void tw_machine_close(tw_machine *machine)
{
    if (!machine)
        return;
    tw_library_close(machine->library);
    tw_free(machine);
}

const tw_kernels *tw_machine_kernels(const tw_machine *machine)
{
    return machine->kernels;
}

int tw_machine_threads(const tw_machine *machine)
{
    return machine->threads;
}

bool tw_machine_multiplies(const tw_machine *machine, tw_element element)
{
    return machine->multiplies[element];
}

int tw_machine_int8_most(const tw_machine *machine)
{
    return machine->int8_most;
}

tuwen_status tw_worker_open(const tw_machine *machine, tw_worker **out, tuwen_error *error)
{
    *out = NULL;
    tw_worker *worker = tw_alloc_zero(1, sizeof *worker);
    if (!worker)
        return tw_fail_memory(error, "the session");
    worker->machine = machine;
    tuwen_status status = tw_tiles_open(machine->library, machine->threads, &worker->tiles, error);
    if (status != TUWEN_OK) {
        tw_free(worker);
        return status;
    }
    *out = worker;
    return TUWEN_OK;
}

void tw_worker_close(tw_worker *worker)
{
    if (!worker)
        return;
    tw_tiles_close(worker->tiles);
    tw_free(worker->memory);
    tw_free(worker);
}

const tw_machine *tw_worker_machine(const tw_worker *worker)
{
    return worker->machine;
}

tw_profile *tw_worker_profile(tw_worker *worker)
{
    return &worker->profile;
}

size_t tw_worker_bytes(const tw_worker *worker)
{
    return sizeof *worker + worker->capacity + tw_tiles_bytes(worker->tiles);
}

void tw_worker_observe(tw_worker *worker, tw_observer observer, void *user)
{
    worker->observer = observer;
    worker->observer_user = user;
}

bool tw_worker_reserve(tw_worker *worker, size_t share)
{
    size_t threads = (size_t)worker->machine->threads;
    worker->share = tw_lines(share);
    if (worker->share > worker->capacity / threads) {
        tw_free(worker->memory);
        worker->memory = tw_alloc_aligned(worker->share, threads);
        worker->capacity = worker->memory ? worker->share * threads : 0;
    }
    return worker->memory != NULL || share == 0;
}

void *tw_worker_memory(const tw_worker *worker, int index)
{
    return worker->memory + (size_t)index * worker->share;
}

int tw_worker_enter(const tw_worker *worker)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(worker->machine->threads);
    return before;
}

void tw_worker_leave(int before)
{
    omp_set_num_threads(before);
}

void tw_machine_rest(void)
{
    omp_pause_resource_all(omp_pause_soft);
}

void tw_machine_name(const tw_machine *machine, char *buffer, size_t size)
{
    char version[32];
    tw_library_version(version, sizeof version);
    (void)snprintf(buffer, size, "oneDNN %s, %s", version, machine->kernels->level);
}

/* The library's instructions for products of an element, by a name for people; NULL if it has none. On x86-64 the library
 * is not asked, since its answer would fix its cap. */
static const char *instructions(const tw_kernels *kernels, tw_element element)
{
#if defined(__x86_64__)
    return tw_kernels_instructions(kernels, element == TW_ELEMENT_I8);
#else
    tw_library *library = NULL;
    bool found = tw_library_open(&library, NULL) == TUWEN_OK && tw_library_multiplies(library, element);
    (void)kernels;
    tw_library_close(library);
    return !found ? NULL : element == TW_ELEMENT_I8 ? "int8 instructions" : "bf16 instructions";
#endif
}

/* The same in the reader's language; the names of AMX and VNNI are names in every language. */
static const char *translated(const char *instructions, tuwen_language language)
{
    return strcmp(instructions, "bf16 instructions") == 0   ? tw_text(language, "bf16 instructions")
           : strcmp(instructions, "int8 instructions") == 0 ? tw_text(language, "int8 instructions")
                                                            : instructions;
}

/* What each element is multiplied with at a level. */
static void describe_products(const tw_kernels *kernels, tuwen_language language, char *buffer, size_t size)
{
    const char *bf16 = instructions(kernels, TW_ELEMENT_BF16);
    const char *int8 = instructions(kernels, TW_ELEMENT_I8);
    size_t place = 0;
    while (tw_kernels_level(place) != kernels)
        place++;
    const tw_kernels *next = tw_kernels_level(place + 1);
    size_t lowest = 0; /* with the same kernels: a level may only add products of other elements */
    while (tw_kernels_level(lowest)->product != kernels->product)
        lowest++;
    char own[64], note[128] = "";
    (void)snprintf(own, sizeof own, tw_text(language, "%s kernels"), tw_kernels_level(lowest)->level);
    if (!bf16 && next && tw_kernels_is_slow(next))
        (void)snprintf(note, sizeof note,
                       tw_text(language, " (bf16 instructions are slower here; --isa %s uses them)"), next->level);
    else if (bf16 && tw_kernels_is_slow(kernels))
        (void)snprintf(note, sizeof note, "%s", tw_text(language, " (slower than f32 here)"));
    (void)snprintf(buffer, size, "f32: %s\nbf16: %s%s\nint8: %s\n", own,
                   bf16 ? translated(bf16, language) : tw_text(language, "widened to f32"), note,
                   int8 ? translated(int8, language) : own);
}

void tw_machine_describe(const char *isa, tuwen_language language, char *buffer, size_t size)
{
    char version[32];
    tw_library_version(version, sizeof version);
    const tw_kernels *kernels = NULL;
    tuwen_error error = {.language = language};
    tuwen_status status = choose_kernels(isa, &kernels, &error);
    bool by_quota = false;
    int cores = usable_cores(&by_quota);
    char quota[128] = "";
    if (by_quota)
        (void)snprintf(quota, sizeof quota, tw_text(language, " (of %d cores, by the control group's quota)"),
                       omp_get_num_procs());
    (void)snprintf(buffer, size,
                   tw_text(language, "oneDNN: %s\ninstruction set: %s (best here: %s)\nthreads: %d%s\n"), version,
                   status == TUWEN_OK ? kernels->level : error.message, tw_kernels_best()->level, cores, quota);
    size_t length = strlen(buffer);
    if (status == TUWEN_OK)
        describe_products(kernels, language, buffer + length, size - length);
}
