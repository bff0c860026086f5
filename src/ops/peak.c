/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peaks by measurement: x [1024][1280] W^T, W [5120][1280], the shape of the vision tower's MLP at 1,024 patches, which
 * the library computes as fast as the cores can. The numbers are arbitrary ones and not zeros, which would take less power
 * and so let the clock run faster. How our own layers compute plays no part in it. Where even 64 of the rows take long (an
 * emulator, a small board without vectors), it is these that are measured: all of them would take half a minute.
 */
#include "ops/peak.h"

#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "ops/worker.h"

#define ROWS 1024
#define FEW_ROWS 64
#define LONG_SECONDS 0.25 /* for the few: below 3.4 GFLOP/s */
#define OUT 5120
#define IN 1280

static const struct {
    const char *name;
    tw_trial_type type;
} types[TW_PEAKS] = {{"f32", TW_TRIAL_F32}, {"bf16", TW_TRIAL_BF16}, {"int8", TW_TRIAL_INT8}};

struct tw_gauge {
    const tw_machine *machine;
    int rows;
    tw_trial *trial; /* NULL where the machine has no such products */
    tw_peak peak;    /* without the rate */
};

static tuwen_status run(tw_gauge *gauge, tuwen_error *error)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(tw_machine_threads(gauge->machine));
    tuwen_status status = tw_trial_run(gauge->trial, error);
    omp_set_num_threads(before);
    return status;
}

/* Makes a product and runs it once, to warm up. The threads are set before it is made, since the library divides the work
 * then. */
static tuwen_status open_trial(tw_gauge *gauge, tw_trial_type type, int rows, tuwen_error *error)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(tw_machine_threads(gauge->machine));
    gauge->rows = rows;
    tuwen_status status = tw_trial_open(gauge->machine->library, type, rows, OUT, IN, &gauge->trial, gauge->peak.code,
                                        sizeof gauge->peak.code, error);
    omp_set_num_threads(before);
    return status == TUWEN_OK && gauge->trial ? run(gauge, error) : status;
}

/* With all rows, unless the few take long, twice, since once may be a pause. */
static tuwen_status open_fitting(tw_gauge *gauge, tw_trial_type type, tuwen_error *error)
{
    tuwen_status status = open_trial(gauge, type, FEW_ROWS, error);
    if (status != TUWEN_OK || !gauge->trial)
        return status;
    bool takes_long = true;
    for (int i = 0; i < 2 && status == TUWEN_OK && takes_long; i++) {
        double begin = tw_clock_seconds();
        status = run(gauge, error);
        takes_long = tw_clock_seconds() - begin > LONG_SECONDS;
    }
    if (status != TUWEN_OK || takes_long)
        return status;
    tw_trial_close(gauge->trial);
    gauge->trial = NULL;
    return open_trial(gauge, type, ROWS, error);
}

tuwen_status tw_gauge_open(const tw_machine *machine, const char *name, tw_gauge **out, tuwen_error *error)
{
    int type = 0;
    *out = NULL;
    while (type < TW_PEAKS && strcmp(types[type].name, name) != 0)
        type++;
    if (type == TW_PEAKS)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "no peak is called %s; there are f32, bf16 and int8", name);
    tw_gauge *gauge = tw_alloc_zero(1, sizeof *gauge);
    if (!gauge)
        return tw_fail_memory(error, "measuring");
    *gauge = (tw_gauge){.machine = machine, .peak = {.name = types[type].name}};
    tuwen_status status = open_fitting(gauge, types[type].type, error);
    if (status != TUWEN_OK)
        tw_gauge_close(gauge);
    else
        *out = gauge;
    return status;
}

tuwen_status tw_gauge_measure(tw_gauge *gauge, double seconds, tw_peak *peak, tuwen_error *error)
{
    tuwen_status status = TUWEN_OK;
    double best = 0;
    double begin = tw_clock_seconds();
    double end = begin;
    *peak = gauge->peak;
    if (!gauge->trial)
        return TUWEN_OK;
    do {
        double before = end;
        status = run(gauge, error);
        end = tw_clock_seconds();
        best = best > 0 && best < end - before ? best : end - before;
    } while (status == TUWEN_OK && end - begin < seconds);
    if (status == TUWEN_OK && best > 0)
        peak->rate = 2.0 * gauge->rows * OUT * IN / best;
    return status;
}

void tw_gauge_close(tw_gauge *gauge)
{
    if (!gauge)
        return;
    tw_trial_close(gauge->trial);
    tw_free(gauge);
}

tuwen_status tw_peaks_measure(const tw_machine *machine, double seconds, tw_peak peaks[TW_PEAKS], tuwen_error *error)
{
    tuwen_status status = TUWEN_OK;
    for (int i = 0; i < TW_PEAKS && status == TUWEN_OK; i++) {
        tw_gauge *gauge = NULL;
        status = tw_gauge_open(machine, types[i].name, &gauge, error);
        if (gauge)
            status = tw_gauge_measure(gauge, seconds, &peaks[i], error);
        tw_gauge_close(gauge);
    }
    return status;
}
