/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/profile.h"

#include "base/clock.h"

void tw_profile_add(tw_profile *profile, tw_work work, double begin, double operations)
{
    profile->seconds[profile->part][work] += tw_clock_seconds() - begin;
    profile->operations[profile->part][work] += operations;
}
