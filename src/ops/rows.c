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
    if (out->element == TW_ELEMENT_I8) {
        memcpy(out->wide + (size_t)row * (size_t)out->columns + (size_t)first, values,
               (size_t)count * sizeof *values);
        return;
    }
    if (out->element != TW_ELEMENT_F32) {
        size_t at = (size_t)row * (size_t)out->columns + (size_t)first;
        kernels->round_bf16((uint16_t *)out->values + at, values, (size_t)count);
        return;
    }
    while (count > 0) {
        int inside = first % TW_DEPTH;
        int n = TW_DEPTH - inside < count ? TW_DEPTH - inside : count;
        memcpy(tw_matrix_block(out, row, first / TW_DEPTH) + inside, values, (size_t)n * sizeof *values);
        values += n;
        first += n;
        count -= n;
    }
}

void tw_matrix_get(const tw_kernels *kernels, const tw_matrix *from, int row, float *values)
{
    size_t n = (size_t)from->columns;
    if (from->element == TW_ELEMENT_BF16) {
        kernels->widen_bf16(values, (const uint16_t *)from->values + (size_t)row * n, n);
        return;
    }
    for (size_t first = 0; first < n; first += TW_DEPTH)
        memcpy(values + first, tw_matrix_block(from, row, (int)(first / TW_DEPTH)),
               (n - first < TW_DEPTH ? n - first : TW_DEPTH) * sizeof *values);
}

void tw_matrix_copy_row(const tw_matrix *from, int from_row, tw_matrix *to, int to_row)
{
    if (from->element == TW_ELEMENT_F32) {
        for (int block = 0; block * TW_DEPTH < from->columns; block++)
            memcpy(tw_matrix_block(to, to_row, block), tw_matrix_block(from, from_row, block),
                   TW_DEPTH * sizeof(float));
        return;
    }
    size_t bytes = (size_t)from->columns * tw_element_size(from->element);
    memcpy((char *)to->values + (size_t)to_row * bytes, (const char *)from->values + (size_t)from_row * bytes, bytes);
    if (from->element != TW_ELEMENT_I8)
        return;
    to->scales[to_row] = from->scales[from_row];
    to->zeros[to_row] = from->zeros[from_row];
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
#pragma omp parallel for schedule(static) if (10.0 * out->rows * out->columns > TW_FEW_OPERATIONS)
    for (int i = 0; i < out->rows; i++)
        quantize_row(worker, out, i, out->wide + (size_t)i * (size_t)out->columns);
    tw_profile_add(&worker->profile, TW_WORK_REST, begin, 0);
}

/* A norm of rows [rows][n], into `out` or, where that is NULL, into plain rows; bias NULL for the root-mean-square one. */
static tuwen_status norm(tw_worker *worker, const tw_matrix *out, float *plain, const float *x, const float *weight,
                         const float *bias, int rows, int columns, float epsilon, tuwen_error *error)
{
    double begin = tw_clock_seconds();
    const tw_kernels *kernels = worker->machine->kernels;
    size_t n = (size_t)columns;
    if (!tw_worker_reserve(worker, n * sizeof(float)))
        return tw_fail_memory(error, "a norm");
#pragma omp parallel for schedule(static) if (10.0 * rows * columns > TW_FEW_OPERATIONS)
    for (int i = 0; i < rows; i++) {
        float *row = out ? tw_worker_memory(worker, omp_get_thread_num()) : plain + (size_t)i * n;
        if (bias)
            kernels->layer_norm(row, x + (size_t)i * n, weight, bias, n, epsilon);
        else
            kernels->rms_norm(row, x + (size_t)i * n, weight, n, epsilon);
        if (out)
            put_row(worker, out, i, row);
    }
    tw_profile_add(&worker->profile, TW_WORK_REST, begin, 0);
    return TUWEN_OK;
}

tuwen_status tw_layer_norm(tw_worker *worker, tw_matrix *out, const float *x, const float *weight, const float *bias,
                           float epsilon, tuwen_error *error)
{
    return norm(worker, out, NULL, x, weight, bias, out->rows, out->columns, epsilon, error);
}

tuwen_status tw_rms_norm(tw_worker *worker, tw_matrix *out, const float *x, const float *weight, float epsilon,
                         tuwen_error *error)
{
    return norm(worker, out, NULL, x, weight, NULL, out->rows, out->columns, epsilon, error);
}

tuwen_status tw_layer_norm_rows(tw_worker *worker, float *out, const float *x, const float *weight, const float *bias,
                                int rows, int n, float epsilon, tuwen_error *error)
{
    return norm(worker, NULL, out, x, weight, bias, rows, n, epsilon, error);
}

tuwen_status tw_rms_norm_rows(tw_worker *worker, float *out, const float *x, const float *weight, int rows, int n,
                              float epsilon, tuwen_error *error)
{
    return norm(worker, NULL, out, x, weight, NULL, rows, n, epsilon, error);
}

void tw_matrix_fill(tw_worker *worker, tw_matrix *out, int first, int count, const float *x)
{
    double begin = tw_clock_seconds();
    size_t n = (size_t)out->columns;
#pragma omp parallel for schedule(static) if (10.0 * count * out->columns > TW_FEW_OPERATIONS)
    for (int i = 0; i < count; i++)
        put_row(worker, out, first + i, x + (size_t)i * n);
    tw_profile_add(&worker->profile, TW_WORK_REST, begin, 0);
}
