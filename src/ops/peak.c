/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peaks by measurement: x [1024][1280] W^T, W [5120][1280], the shape of the vision tower's MLP at 1,024 patches, which
 * the library computes as fast as the cores can. How our own layers compute plays no part in it.
 */
#include "ops/peak.h"

#include <omp.h>

#include "base/clock.h"
#include "ops/worker.h"

#define ROWS 1024
#define OUT 5120
#define IN 1280

static const struct {
    const char *name;
    tw_trial_type type;
} types[TW_PEAKS] = {{"f32", TW_TRIAL_F32}, {"bf16", TW_TRIAL_BF16}, {"int8", TW_TRIAL_INT8}};

/* Seconds of the fastest run. */
static tuwen_status time_trial(tw_trial *trial, double seconds, double *best, tuwen_error *error)
{
    tuwen_status status = tw_trial_run(trial, error);
    double begin = tw_clock_seconds();
    double end = begin;
    *best = 0;
    do {
        double before = end;
        status = status == TUWEN_OK ? tw_trial_run(trial, error) : status;
        end = tw_clock_seconds();
        *best = *best > 0 && *best < end - before ? *best : end - before;
    } while (status == TUWEN_OK && end - begin < seconds);
    return status;
}

static tuwen_status measure(const tw_machine *machine, tw_trial_type type, double seconds, tw_peak *peak,
                            tuwen_error *error)
{
    tw_trial *trial = NULL;
    double best = 0;
    tuwen_status status =
        tw_trial_open(machine->library, type, ROWS, OUT, IN, &trial, peak->code, sizeof peak->code, error);
    if (status == TUWEN_OK && trial)
        status = time_trial(trial, seconds, &best, error);
    if (status == TUWEN_OK && best > 0)
        peak->rate = 2.0 * ROWS * OUT * IN / best;
    tw_trial_close(trial);
    return status;
}

tuwen_status tw_peaks_measure(const tw_machine *machine, double seconds, tw_peak peaks[TW_PEAKS], tuwen_error *error)
{
    int before = omp_get_max_threads();
    tuwen_status status = TUWEN_OK;
    omp_set_num_threads(tw_machine_threads(machine));
    for (int i = 0; i < TW_PEAKS && status == TUWEN_OK; i++) {
        peaks[i] = (tw_peak){.name = types[i].name};
        status = measure(machine, types[i].type, seconds, &peaks[i], error);
    }
    omp_set_num_threads(before);
    return status;
}
