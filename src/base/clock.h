/* SPDX-License-Identifier: Apache-2.0 */
/* Time for deadlines and measurements. */
#ifndef TW_BASE_CLOCK_H
#define TW_BASE_CLOCK_H

/* Seconds of a clock that never goes back, since an arbitrary start. Thread-safe. */
double tw_clock_seconds(void);

#endif
