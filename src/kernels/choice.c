/* SPDX-License-Identifier: Apache-2.0 */
/* Which level of kernels this machine runs. */
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/tiles.h"
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

#if defined(__x86_64__)
/* Bits of EDX that CPUID gives for leaf 7. */
enum { AMX_BF16 = 1u << 22, AMX_TILE = 1u << 24, AMX_INT8 = 1u << 25 };

static bool has_amx(unsigned bits)
{
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & bits) == bits;
}
#endif

bool tw_kernels_can_run(const tw_kernels *kernels)
{
#if defined(__x86_64__)
    /* The compiler's own detection reads CPUID and XCR0: whether the operating system saves the wide registers. */
    __builtin_cpu_init();
    if (strcmp(kernels->level, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (strcmp(kernels->level, "avx512") == 0)
        return wide;
    if (strcmp(kernels->level, "avx512_bf16") == 0)
        return wide && __builtin_cpu_supports("avx512bf16");
    if (strcmp(kernels->level, "amx") == 0)
        return wide && __builtin_cpu_supports("avx512bf16") && has_amx(AMX_TILE | AMX_BF16 | AMX_INT8) &&
               tw_tiles_permitted();
#endif
    return strcmp(kernels->level, "scalar") == 0 || strcmp(kernels->level, "neon") == 0;
}

#if defined(__x86_64__)
const char *tw_kernels_instructions(const tw_kernels *kernels, bool bytes)
{
    bool amx = strcmp(kernels->level, "amx") == 0;
    bool all = amx || strcmp(kernels->level, "avx512_bf16") == 0;
    __builtin_cpu_init();
    if (amx)
        return "AMX";
    if (!bytes)
        return all ? "bf16 instructions" : NULL;
    bool wide = all || strcmp(kernels->level, "avx512") == 0;
    return wide && __builtin_cpu_supports("avx512vnni") ? "VNNI" : NULL;
}
#endif

bool tw_kernels_is_slow(const tw_kernels *kernels)
{
#if defined(__x86_64__)
    return strcmp(kernels->level, "avx512_bf16") == 0 && tw_kernels_can_run(kernels) && __builtin_cpu_is("intel");
#else
    (void)kernels;
    return false;
#endif
}

const tw_kernels *tw_kernels_best(void)
{
    const tw_kernels *best = levels[0];
    for (size_t i = 1; i < LEVELS; i++)
        if (tw_kernels_can_run(levels[i]) && !tw_kernels_is_slow(levels[i]))
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
