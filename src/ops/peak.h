/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine can do: the rate of the product library on a large product that is packed once. */
#ifndef TW_OPS_PEAK_H
#define TW_OPS_PEAK_H

#include "ops/machine.h"

#define TW_PEAKS 3
#define TW_PEAK_CODE_SIZE 48

typedef struct tw_peak {
    const char *name;             /* of the element type: "f32", "bf16", "int8" */
    double rate;                  /* operations a second; 0 where the machine has no such products */
    char code[TW_PEAK_CODE_SIZE]; /* the library's name of the code that ran */
} tw_peak;

/* A product of one element type, kept ready to be timed again and again. */
typedef struct tw_gauge tw_gauge;

/* By the name of the type; computes it once to warm up. The machine stays the caller's and outlives it. Errors:
 * INVALID_ARGUMENT for a name that is none, OUT_OF_MEMORY, INTERNAL. */
tuwen_status tw_gauge_open(const tw_machine *machine, const char *name, tw_gauge **gauge, tuwen_error *error);

/* Times it for `seconds`, at least once; the best one counts. */
tuwen_status tw_gauge_measure(tw_gauge *gauge, double seconds, tw_peak *peak, tuwen_error *error);

/* Accepts NULL. */
void tw_gauge_close(tw_gauge *gauge);

/* Times each element type in this way. */
tuwen_status tw_peaks_measure(const tw_machine *machine, double seconds, tw_peak peaks[TW_PEAKS], tuwen_error *error);

#endif
