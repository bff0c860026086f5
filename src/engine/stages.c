/* SPDX-License-Identifier: Apache-2.0 */
/* One list of stages: the engine's, then each part of the network with each kind of work that it has. */
#include "engine/stages.h"

#include "base/clock.h"

void tw_stages_add(tw_stages *stages, tw_stage stage, double begin)
{
    stages->seconds[stage] += tw_clock_seconds() - begin;
}

void tw_stages_join(tw_stages *stages, const tw_stages *more)
{
    for (int i = 0; i < TW_STAGES; i++)
        stages->seconds[i] += more->seconds[i];
}

size_t tw_stages_list(const tw_stages *stages, const tw_profile *profile, tuwen_stage *list, size_t capacity)
{
    static const char *const names[TW_STAGES] = {
#define NAME(name, text) text,
        TW_STAGE_MAP(NAME)
#undef NAME
    };
    static const struct {
        const char *name;
        tw_part part;
        tw_work work;
    } network[] = {
        {"vision products", TW_PART_VISION, TW_WORK_PRODUCTS},
        {"vision attention", TW_PART_VISION, TW_WORK_ATTENTION},
        {"vision rest", TW_PART_VISION, TW_WORK_REST},
        {"merger products", TW_PART_MERGER, TW_WORK_PRODUCTS},
        {"merger rest", TW_PART_MERGER, TW_WORK_REST},
        {"text products", TW_PART_TEXT, TW_WORK_PRODUCTS},
        {"text attention", TW_PART_TEXT, TW_WORK_ATTENTION},
        {"text rest", TW_PART_TEXT, TW_WORK_REST},
    };
    const size_t computed = sizeof network / sizeof *network;
    for (size_t i = 0; i < TW_STAGES + computed && i < capacity; i++) {
        if (i < TW_STAGES) {
            list[i] = (tuwen_stage){.name = names[i], .seconds = stages->seconds[i]};
            continue;
        }
        tw_part part = network[i - TW_STAGES].part;
        tw_work work = network[i - TW_STAGES].work;
        list[i] = (tuwen_stage){.name = network[i - TW_STAGES].name,
                                .seconds = profile->seconds[part][work],
                                .operations = profile->operations[part][work]};
    }
    return TW_STAGES + computed;
}
