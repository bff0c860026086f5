/* SPDX-License-Identifier: Apache-2.0 */
/* Row operations: one parallel loop each around a kernel. */
#include "ops/rows.h"

#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "ops/worker.h"

void tw_matrix_put(const tw_kernels *kernels, const tw_matrix *out, int row, int first, const float *values,
                   int count)
{
    size_t at = (size_t)row * (size_t)out->columns + (size_t)first;
    if (out->element == TW_ELEMENT_F32)
        memcpy((float *)out->values + at, values, (size_t)count * sizeof *values);
    else if (out->element == TW_ELEMENT_I8)
        memcpy(out->wide + at, values, (size_t)count * sizeof *values);
    else
        kernels->round_bf16((uint16_t *)out->values + at, values, (size_t)count);
}

/* Where a row of `out` can be computed in f32: in its place, or in the thread's memory. */
static float *row_place(tw_worker *worker, const tw_matrix *out, int row)
{
    if (out->element == TW_ELEMENT_F32)
        return (float *)out->values + (size_t)row * (size_t)out->columns;
    return tw_worker_memory(worker, omp_get_thread_num());
}

static void quantize_row(const tw_worker *worker, const tw_matrix *out, int row, const float *values)
{
    size_t n = (size_t)out->columns;
    out->scales[row] = worker->machine->kernels->quantize((uint8_t *)out->values + (size_t)row * n, values, n,
                                                          worker->machine->int8_most, &out->zeros[row]);
}

/* Brings a whole row into the matrix, from elsewhere. */
static void put_row(const tw_worker *worker, const tw_matrix *out, int row, const float *values)
{
    if (out->element == TW_ELEMENT_I8)
        quantize_row(worker, out, row, values);
    else
        tw_matrix_put(worker->machine->kernels, out, row, 0, values, out->columns);
}

void tw_matrix_finish(tw_worker *worker, const tw_matrix *out)
{
    if (out->element != TW_ELEMENT_I8)
        return;
    double begin = tw_clock_seconds();
#pragma omp parallel for schedule(static)
    for (int i = 0; i < out->rows; i++)
        quantize_row(worker, out, i, out->wide + (size_t)i * (size_t)out->columns);
    tw_profile_add(&worker->profile, TW_WORK_REST, begin, 0);
}

/* A norm; bias NULL for the root-mean-square one. */
static tuwen_status norm(tw_worker *worker, tw_matrix *out, const float *x, const float *weight, const float *bias,
                         float epsilon, tuwen_error *error)
{
    double begin = tw_clock_seconds();
    const tw_kernels *kernels = worker->machine->kernels;
    size_t n = (size_t)out->columns;
    if (!tw_worker_reserve(worker, n * sizeof(float)))
        return tw_fail_memory(error, "a norm");
#pragma omp parallel for schedule(static)
    for (int i = 0; i < out->rows; i++) {
        float *row = row_place(worker, out, i);
        if (bias)
            kernels->layer_norm(row, x + (size_t)i * n, weight, bias, n, epsilon);
        else
            kernels->rms_norm(row, x + (size_t)i * n, weight, n, epsilon);
        if (out->element != TW_ELEMENT_F32)
            put_row(worker, out, i, row);
    }
    tw_profile_add(&worker->profile, TW_WORK_REST, begin, 0);
    return TUWEN_OK;
}

tuwen_status tw_layer_norm(tw_worker *worker, tw_matrix *out, const float *x, const float *weight, const float *bias,
                           float epsilon, tuwen_error *error)
{
    return norm(worker, out, x, weight, bias, epsilon, error);
}

tuwen_status tw_rms_norm(tw_worker *worker, tw_matrix *out, const float *x, const float *weight, float epsilon,
                         tuwen_error *error)
{
    return norm(worker, out, x, weight, NULL, epsilon, error);
}

void tw_matrix_fill(tw_worker *worker, tw_matrix *out, int first, int count, const float *x)
{
    double begin = tw_clock_seconds();
    size_t n = (size_t)out->columns;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < count; i++)
        put_row(worker, out, first + i, x + (size_t)i * n);
    tw_profile_add(&worker->profile, TW_WORK_REST, begin, 0);
}
