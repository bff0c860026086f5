/* SPDX-License-Identifier: Apache-2.0 */
/* Row operations: one parallel loop each around a kernel. */
#include "ops/rows.h"

void tw_layer_norm(const tw_worker *worker, float *out, const float *x, const float *weight, const float *bias,
                   int rows, int n, float epsilon)
{
    const tw_kernels *kernels = tw_machine_kernels(tw_worker_machine(worker));
    size_t width = (size_t)n;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < rows; i++)
        kernels->layer_norm(out + (size_t)i * width, x + (size_t)i * width, weight, bias, width, epsilon);
}

void tw_rms_norm(const tw_worker *worker, float *out, const float *x, const float *weight, int rows, int n,
                 float epsilon)
{
    const tw_kernels *kernels = tw_machine_kernels(tw_worker_machine(worker));
    size_t width = (size_t)n;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < rows; i++)
        kernels->rms_norm(out + (size_t)i * width, x + (size_t)i * width, weight, width, epsilon);
}

void tw_quick_gelu(const tw_worker *worker, float *x, int rows, int n)
{
    const tw_kernels *kernels = tw_machine_kernels(tw_worker_machine(worker));
    size_t width = (size_t)n;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < rows; i++)
        kernels->quick_gelu(x + (size_t)i * width, width);
}

void tw_gelu(const tw_worker *worker, float *x, int rows, int n)
{
    const tw_kernels *kernels = tw_machine_kernels(tw_worker_machine(worker));
    size_t width = (size_t)n;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < rows; i++)
        kernels->gelu(x + (size_t)i * width, width);
}

void tw_silu_times(const tw_worker *worker, float *gate, const float *up, int rows, int n)
{
    const tw_kernels *kernels = tw_machine_kernels(tw_worker_machine(worker));
    size_t width = (size_t)n;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < rows; i++)
        kernels->silu_times(gate + (size_t)i * width, up + (size_t)i * width, width);
}

void tw_rotate(const tw_worker *worker, float *x, int stride, const float *cosines, const float *sines, int rows,
               int heads, int head_dim)
{
    const tw_kernels *kernels = tw_machine_kernels(tw_worker_machine(worker));
    size_t half = (size_t)head_dim / 2;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < rows; i++)
        for (int head = 0; head < heads; head++)
            kernels->rotate(x + (size_t)i * (size_t)stride + (size_t)head * 2 * half, cosines + (size_t)i * half,
                            sines + (size_t)i * half, half);
}
