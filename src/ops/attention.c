/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attention by tiles: a head and a block of query rows is one piece of work for one thread, which holds the block's
 * scores against all the keys it may see. Products go to oneDNN, on one thread each.
 */
#include "ops/attention.h"

#include <math.h>
#include <omp.h>

#include "ops/linear.h"

/* Query rows a tile: at 4,096 keys the scores of a tile take 1 MB, a core's second-level cache. */
#define TILE 64

size_t tw_attention_scratch(const tw_machine *machine, int length)
{
    return (size_t)tw_machine_threads(machine) * TILE * (size_t)length;
}

/* One head, query rows first..first+rows. `scores` holds rows * length floats. */
static tuwen_status attend_tile(const tw_kernels *kernels, const tw_attention *attention, int head, int first,
                                int rows, float *scores, tuwen_error *error)
{
    int kv_head = head / (attention->heads / attention->kv_heads);
    int dim = attention->head_dim;
    int keys = attention->causal ? first + rows : attention->length;
    const float *q = attention->q + (size_t)first * (size_t)attention->stride + (size_t)head * (size_t)dim;
    const float *k = attention->k + (size_t)kv_head * (size_t)dim;
    const float *v = attention->v + (size_t)kv_head * (size_t)dim;
    int out_stride = attention->heads * dim;
    float *out = attention->out + (size_t)first * (size_t)out_stride + (size_t)head * (size_t)dim;
    tuwen_status status =
        tw_product(rows, keys, dim, 1.0f, q, attention->stride, k, attention->stride, true, scores, keys, error);
    if (status != TUWEN_OK)
        return status;
    float scale = 1.0f / sqrtf((float)dim);
    for (int i = 0; i < rows; i++) {
        float *row = scores + (size_t)i * (size_t)keys;
        int seen = attention->causal ? first + i + 1 : keys;
        kernels->softmax(row, (size_t)seen, scale);
        for (int j = seen; j < keys; j++)
            row[j] = 0.0f;
    }
    return tw_product(rows, dim, keys, 1.0f, scores, keys, v, attention->stride, false, out, out_stride, error);
}

tuwen_status tw_attend(const tw_worker *worker, const tw_attention *attention, float *scratch, tuwen_error *error)
{
    const tw_kernels *kernels = tw_machine_kernels(tw_worker_machine(worker));
    int tiles = (attention->length + TILE - 1) / TILE;
    tuwen_status result = TUWEN_OK;
    const tuwen_language language = error ? error->language : TUWEN_ENGLISH;
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int head = 0; head < attention->heads; head++) {
        for (int tile = 0; tile < tiles; tile++) {
            int first = tile * TILE;
            int rows = attention->length - first < TILE ? attention->length - first : TILE;
            float *scores = scratch + (size_t)omp_get_thread_num() * TILE * (size_t)attention->length;
            tuwen_error failure = {.language = language};
            tuwen_status status = attention->cancel && atomic_load(attention->cancel)
                                      ? tw_fail(&failure, TUWEN_CANCELLED, "cancelled")
                                      : attend_tile(kernels, attention, head, first, rows, scores, &failure);
            if (status != TUWEN_OK) {
#pragma omp critical(tw_attend_failure)
                {
                    result = status;
                    if (error)
                        *error = failure;
                }
            }
        }
    }
    return result;
}
