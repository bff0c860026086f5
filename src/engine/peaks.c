/* SPDX-License-Identifier: Apache-2.0 */
/* The peaks of this machine, for clients that want to know how far a session is from them. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/engine.h"
#include "ops/peak.h"

_Static_assert(TUWEN_PEAKS == TW_PEAKS, "the public list of peaks is that of src/ops");

struct tuwen_gauge {
    tw_machine *machine;
    tw_gauge *gauge;
};

static tuwen_status check_seconds(double seconds, tuwen_error *error)
{
    if (!(seconds >= 0 && seconds <= 3600))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "seconds is %g; allowed are 0 to 3600", seconds);
    return TUWEN_OK;
}

static tuwen_peak public_of(const tw_peak *measured)
{
    tuwen_peak peak = {.name = measured->name, .rate = measured->rate};
    (void)snprintf(peak.code, sizeof peak.code, "%s", measured->rate > 0 ? measured->code : "");
    return peak;
}

tuwen_status tuwen_measure_peaks(const char *isa, int threads, double seconds, tuwen_peak *peaks, tuwen_error *error)
{
    if (!peaks)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "peaks");
    memset(peaks, 0, TUWEN_PEAKS * sizeof *peaks);
    tw_machine *machine = NULL;
    tw_peak measured[TW_PEAKS] = {{0}};
    tuwen_status status = check_seconds(seconds, error);
    if (status == TUWEN_OK)
        status = tw_machine_open(isa, threads, &machine, error);
    if (status == TUWEN_OK)
        status = tw_peaks_measure(machine, seconds > 0 ? seconds : 1, measured, error);
    tw_machine_close(machine);
    for (size_t i = 0; i < TUWEN_PEAKS && status == TUWEN_OK; i++)
        peaks[i] = public_of(&measured[i]);
    return status;
}

tuwen_status tuwen_gauge_open(const char *isa, int threads, const char *name, tuwen_gauge **out, tuwen_error *error)
{
    if (!name || !out)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", out ? "name" : "gauge");
    *out = NULL;
    tuwen_gauge *gauge = tw_alloc_zero(1, sizeof *gauge);
    if (!gauge)
        return tw_fail_memory(error, "measuring");
    tuwen_status status = tw_machine_open(isa, threads, &gauge->machine, error);
    if (status == TUWEN_OK)
        status = tw_gauge_open(gauge->machine, name, &gauge->gauge, error);
    if (status != TUWEN_OK)
        tuwen_gauge_close(gauge);
    else
        *out = gauge;
    return status;
}

tuwen_status tuwen_gauge_measure(tuwen_gauge *gauge, double seconds, tuwen_peak *peak, tuwen_error *error)
{
    if (!gauge || !peak)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", gauge ? "peak" : "gauge");
    memset(peak, 0, sizeof *peak);
    tw_peak measured = {0};
    tuwen_status status = check_seconds(seconds, error);
    if (status == TUWEN_OK)
        status = tw_gauge_measure(gauge->gauge, seconds > 0 ? seconds : 1, &measured, error);
    if (status == TUWEN_OK)
        *peak = public_of(&measured);
    return status;
}

void tuwen_gauge_close(tuwen_gauge *gauge)
{
    if (!gauge)
        return;
    tw_gauge_close(gauge->gauge);
    tw_machine_close(gauge->machine);
    tw_free(gauge);
}
