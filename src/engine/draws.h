/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded draws for bootstraps and folds: the generator SplitMix64 (Steele, Lea, Flood, 2014). */
#ifndef TW_ENGINE_DRAWS_H
#define TW_ENGINE_DRAWS_H

#include <stdint.h>

typedef struct tw_draws {
    uint64_t state; /* begins as the seed */
} tw_draws;

static inline uint64_t tw_draw(tw_draws *draws)
{
    uint64_t mixed = draws->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* A number below `bound`, which is not 0. */
static inline uint32_t tw_draw_below(tw_draws *draws, uint32_t bound)
{
    return (uint32_t)(((tw_draw(draws) >> 32) * bound) >> 32);
}

#endif
