/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of time-outs and measurements. */
#ifndef TUWEN_SERVER_CLOCK_H
#define TUWEN_SERVER_CLOCK_H

#include <time.h>

/* Seconds on a clock that only goes forward. */
static inline double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
