/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch memory, cancelling and tracing of a forward pass. */
#include "model/run.h"

tuwen_status tw_run_check(const tw_run *run, tuwen_error *error)
{
    if (run->cancel && atomic_load(run->cancel))
        return tw_fail(error, TUWEN_CANCELLED, "cancelled");
    return TUWEN_OK;
}

void tw_run_trace(const tw_run *run, const char *stage, int index, const float *values, int rows, int n)
{
    if (run->trace)
        run->trace(run->trace_user, stage, index, values, rows, n);
}

size_t tw_run_floats(size_t rows, size_t n)
{
    return (rows * n + 15) / 16 * 16;
}

float *tw_run_take(float **scratch, size_t rows, size_t n)
{
    float *piece = *scratch;
    *scratch += tw_run_floats(rows, n);
    return piece;
}
