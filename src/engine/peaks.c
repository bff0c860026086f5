/* SPDX-License-Identifier: Apache-2.0 */
/* The peaks of this machine, for clients that want to know how far a session is from them. */
#include <stdio.h>
#include <string.h>

#include "engine/engine.h"
#include "ops/peak.h"

_Static_assert(TUWEN_PEAKS == TW_PEAKS, "the public list of peaks is that of src/ops");

tuwen_status tuwen_measure_peaks(const char *isa, int threads, double seconds, tuwen_peak *peaks, tuwen_error *error)
{
    if (!peaks)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "peaks");
    memset(peaks, 0, TUWEN_PEAKS * sizeof *peaks);
    if (!(seconds >= 0 && seconds <= 3600))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "seconds is %g; allowed are 0 to 3600", seconds);
    tw_machine *machine = NULL;
    tw_peak measured[TW_PEAKS] = {{0}};
    tuwen_status status = tw_machine_open(isa, threads, &machine, error);
    if (status == TUWEN_OK)
        status = tw_peaks_measure(machine, seconds > 0 ? seconds : 1, measured, error);
    tw_machine_close(machine);
    for (size_t i = 0; i < TUWEN_PEAKS && status == TUWEN_OK; i++) {
        peaks[i] = (tuwen_peak){.name = measured[i].name, .rate = measured[i].rate};
        (void)snprintf(peaks[i].code, sizeof peaks[i].code, "%s", measured[i].code);
    }
    return status;
}
