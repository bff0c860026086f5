/* SPDX-License-Identifier: Apache-2.0 */
/* Which level of kernels this machine runs. */
#include <string.h>

#include "kernels/kernels.h"

static const tw_kernels *const levels[] = {
#define POINTER(name, text) &tw_kernels_##name,
    TW_LEVEL_MAP(POINTER)
#undef POINTER
};

#define LEVELS (sizeof levels / sizeof *levels)

const tw_kernels *tw_kernels_level(size_t index)
{
    return index < LEVELS ? levels[index] : NULL;
}

bool tw_kernels_can_run(const tw_kernels *kernels)
{
#if defined(__x86_64__)
    /* The compiler's own detection reads CPUID and XCR0: whether the operating system saves the wide registers. */
    __builtin_cpu_init();
    if (strcmp(kernels->level, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (strcmp(kernels->level, "avx512") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    return strcmp(kernels->level, "scalar") == 0 || strcmp(kernels->level, "neon") == 0;
}

const tw_kernels *tw_kernels_best(void)
{
    const tw_kernels *best = levels[0];
    for (size_t i = 1; i < LEVELS; i++)
        if (tw_kernels_can_run(levels[i]))
            best = levels[i];
    return best;
}

const tw_kernels *tw_kernels_named(const char *level)
{
    for (size_t i = 0; i < LEVELS; i++)
        if (strcmp(levels[i]->level, level) == 0)
            return levels[i];
    return NULL;
}
