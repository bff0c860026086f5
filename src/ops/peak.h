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

/* Times each element type for `seconds`, after a product to warm up and at least once; the best one counts. */
tuwen_status tw_peaks_measure(const tw_machine *machine, double seconds, tw_peak peaks[TW_PEAKS], tuwen_error *error);

#endif
