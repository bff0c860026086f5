/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attention over several sequences at once against plain loops in double precision: full and causal, grouped heads,
 * prefixes that stand in the batch or come from an earlier one, queries of the last tokens alone, lengths around a
 * panel of keys (64) and a block of them (512); a row's bits depend on its own sequence alone; cancelling.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "machines.h"
#include "numbers.h"
#include "ops/attention.h"
#include "testing.h"

/* One sequence: its tokens, how many of the last ones ask (-1: all), and which sequence before it is its prefix (-1:
 * none). */
typedef struct {
    int length, queries, prefix;
} part;

#define MOST_PARTS 12
#define GAP 5

typedef struct {
    tw_heads heads;
    const part *parts;
    int count;
    int rows, query_rows;
    float *q, *kv, *cosines, *sines; /* kv [rows][k of all heads, v of all heads, GAP] */
    tw_sequence_keys keys[MOST_PARTS];
    tw_matrix out;
    tw_attention attention;
} batch;

static void add_part(batch *of, int index)
{
    const part *from = &of->parts[index];
    tw_sequence_keys *keys = &of->keys[index];
    *keys = (tw_sequence_keys){.row = of->rows, .query_row = of->query_rows};
    keys->queries = from->queries < 0 ? from->length : from->queries;
    keys->own.length = from->length;
    keys->own.memory = tw_alloc_aligned(tw_keys_bytes(&of->heads, from->length), 1);
    assert_non_null(keys->own.memory);
    memset(keys->own.memory, 0xff, tw_keys_bytes(&of->heads, from->length));
    keys->prefix = from->prefix >= 0 ? &of->keys[from->prefix].own : NULL;
    of->rows += from->length;
    of->query_rows += keys->queries;
}

static void make_batch(batch *of, tw_heads heads, bool causal, const part *parts, int count, tw_element out)
{
    *of = (batch){.heads = heads, .parts = parts, .count = count};
    assert_true(count <= MOST_PARTS);
    for (int i = 0; i < count; i++)
        add_part(of, i);
    int half = heads.head_dim / 2;
    int q_stride = heads.heads * heads.head_dim + GAP;
    int kv_stride = 2 * heads.kv_heads * heads.head_dim + GAP;
    of->q = numbers_random((size_t)(of->rows * q_stride), 7); /* more than the query rows */
    of->kv = numbers_random((size_t)(of->rows * kv_stride), 8);
    of->cosines = numbers_random((size_t)(of->rows * half), 9);
    of->sines = numbers_random((size_t)(of->rows * half), 9);
    for (int i = 0; i < of->rows * half; i++) {
        float angle = 3.14159f * of->cosines[i];
        of->cosines[i] = cosf(angle);
        of->sines[i] = sinf(angle);
    }
    of->out = numbers_empty(out, of->query_rows, heads.heads * heads.head_dim);
    of->attention = (tw_attention){.heads = heads,
                                   .causal = causal,
                                   .q = of->q,
                                   .q_stride = q_stride,
                                   .k = of->kv,
                                   .v = of->kv + heads.kv_heads * heads.head_dim,
                                   .kv_stride = kv_stride,
                                   .cosines = of->cosines,
                                   .sines = of->sines,
                                   .sequences = of->keys,
                                   .count = count,
                                   .out = &of->out};
}

static void free_batch(batch *of)
{
    for (int i = 0; i < of->count; i++)
        tw_free(of->keys[i].own.memory);
    tw_free(of->q);
    tw_free(of->kv);
    tw_free(of->cosines);
    tw_free(of->sines);
    numbers_free(&of->out);
}

static void run_batch(const batch *of, int threads)
{
    tuwen_error error = {0};
    tw_worker *worker = workers[threads - 1];
    int before = tw_worker_enter(worker);
    if (tw_attend(worker, &of->attention, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    tw_worker_leave(before);
}

/* ---- against plain loops ------------------------------------------------------------------------------------------- */

/* A head turned by the angles of row `angle`, as the products read it: in f32, or rounded. */
static void turn(const batch *of, const float *from, int angle, double *to)
{
    int half = of->heads.head_dim / 2;
    for (int j = 0; j < half; j++) {
        float c = of->cosines[angle * half + j];
        float s = of->sines[angle * half + j];
        to[j] = numbers_stored(of->heads.element, from[j] * c - from[j + half] * s);
        to[j + half] = numbers_stored(of->heads.element, from[j + half] * c + from[j] * s);
    }
}

/* The rows of the tokens that a query of sequence `index` at its token `token` sees; returns how many. */
static int seen_rows(const batch *of, int index, int token, int *rows)
{
    int n = 0;
    int prefix = of->parts[index].prefix;
    for (int i = 0; prefix >= 0 && i < of->parts[prefix].length; i++)
        rows[n++] = of->keys[prefix].row + i;
    for (int i = 0; i < of->parts[index].length && (!of->attention.causal || i <= token); i++)
        rows[n++] = of->keys[index].row + i;
    return n;
}

/* One query of one head; returns how many keys it sees. */
static int attend_slowly(const batch *of, int index, int query, int head, double *out)
{
    static int rows[4096];
    static double scores[4096];
    double q[128];
    double k[128];
    int dim = of->heads.head_dim;
    int kv_head = head / (of->heads.heads / of->heads.kv_heads);
    int token = of->parts[index].length - of->keys[index].queries + query;
    int n = seen_rows(of, index, token, rows);
    turn(of, of->q + (of->keys[index].query_row + query) * of->attention.q_stride + head * dim,
         of->keys[index].row + token, q);
    double largest = -1e30;
    for (int j = 0; j < n; j++) {
        turn(of, of->kv + rows[j] * of->attention.kv_stride + kv_head * dim, rows[j], k);
        scores[j] = 0;
        for (int d = 0; d < dim; d++)
            scores[j] += q[d] * k[d];
        scores[j] /= sqrt(dim);
        largest = fmax(largest, scores[j]);
    }
    double sum = 0;
    for (int j = 0; j < n; j++)
        sum += scores[j] = exp(scores[j] - largest);
    for (int d = 0; d < dim; d++)
        out[d] = 0;
    for (int j = 0; j < n; j++)
        for (int d = 0; d < dim; d++)
            out[d] += scores[j] / sum *
                      numbers_stored(of->heads.element,
                                     of->attention.v[rows[j] * of->attention.kv_stride + kv_head * dim + d]);
    return n;
}

/*
 * In f32: a score is a sum of up to 128 products and off by a few 2^-24, and with it its weight; a sum over n values with
 * n roundings of both signs, divided by n, is off by near sqrt(n) 2^-24. In bf16 the queries, keys and values are rounded
 * as here but for a tie in a thousand; each weight is off by up to 2^-9, which over n nearly equal ones comes to
 * 2^-9 / sqrt(n) of half a value; the tolerance is six of those.
 */
static double tolerance_of(const batch *of, int keys)
{
    double tolerance = 0x1p-24 * (32 + 2 * sqrt(keys));
    return of->heads.element == TW_ELEMENT_F32 ? tolerance : tolerance + 3 * 0x1p-9 / sqrt(keys);
}

static void check_query(const batch *of, int index, int query, int head)
{
    double expected[128];
    int dim = of->heads.head_dim;
    int keys = attend_slowly(of, index, query, head, expected);
    size_t at = (size_t)((of->keys[index].query_row + query) * of->heads.heads + head) * (size_t)dim;
    for (int d = 0; d < dim; d++) {
        double got = (double)numbers_at(&of->out, at + (size_t)d);
        if (!(fabs(got - expected[d]) <= tolerance_of(of, keys)))
            fail_msg("sequence %d, query %d of head %d (%d/%d of %d), %d keys: %.9g at %d, not %.9g", index, query,
                     head, of->heads.heads, of->heads.kv_heads, dim, keys, got, d, expected[d]);
    }
}

/* All queries of short sequences; of long ones the first, the last and some between. */
static void check_queries(const batch *of)
{
    for (int i = 0; i < of->count; i++) {
        int queries = of->keys[i].queries;
        int step = 1 + queries / 24;
        for (int head = 0; head < of->heads.heads; head++) {
            for (int query = 0; query < queries; query += step)
                check_query(of, i, query, head);
            if (queries > 0)
                check_query(of, i, queries - 1, head);
        }
    }
}

/* Heads as models have them: few of any size, one for all, one each. */
static const tw_heads sizes[] = {{.heads = 4, .kv_heads = 2, .head_dim = 8},
                                 {.heads = 2, .kv_heads = 2, .head_dim = 40},
                                 {.heads = 2, .kv_heads = 2, .head_dim = 80},
                                 {.heads = 6, .kv_heads = 1, .head_dim = 128},
                                 {.heads = 3, .kv_heads = 3, .head_dim = 6}};

/* Calls `body` for each of the sizes in each of the elements that the machine multiplies. */
static void each_size(void (*body)(tw_heads heads, bool causal))
{
    for (size_t i = 0; i < 4 * (sizeof sizes / sizeof *sizes); i++) {
        tw_heads heads = sizes[i / 4];
        heads.element = i % 2 ? TW_ELEMENT_BF16 : TW_ELEMENT_F32;
        if (heads.element == TW_ELEMENT_F32 || tw_machine_multiplies(machines[1], TW_ELEMENT_BF16))
            body(heads, i / 2 % 2);
    }
}

static void check(tw_heads heads, bool causal, const part *parts, int count)
{
    batch of;
    make_batch(&of, heads, causal, parts, count, TW_ELEMENT_F32);
    run_batch(&of, 2);
    check_queries(&of);
    free_batch(&of);
}

static void one_by_one(tw_heads heads, bool causal)
{
    static const int lengths[] = {1, 2, 63, 64, 65, 85, 129};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        check(heads, causal, &(part){lengths[i], -1, -1}, 1);
}

static void test_one(void **state)
{
    (void)state;
    each_size(one_by_one);
}

static const part several[] = {{3, -1, -1}, {70, -1, -1}, {1, 1, -1}, {64, 5, -1}, {20, 0, -1}, {129, 1, -1}};

static void together(tw_heads heads, bool causal)
{
    check(heads, causal, several, 6);
}

static void test_several(void **state)
{
    (void)state;
    each_size(together);
}

/* Two prefixes in the batch, of which one asks nothing, and sequences that follow them or none. */
static const part following[] = {{23, -1, -1}, {9, -1, 0},  {65, 1, 0}, {64, 0, -1},
                                 {1, -1, 3},   {7, -1, -1}, {2, 1, 3},  {130, 3, 0}};

static void with_prefixes(tw_heads heads, bool causal)
{
    check(heads, causal, following, 8);
}

static void test_prefixes(void **state)
{
    (void)state;
    each_size(with_prefixes);
}

/* Blocks of 512 keys: just one, one more, three; and a prefix of more than one. */
static void test_long(void **state)
{
    (void)state;
    static const part parts[] = {{511, 2, -1},   {512, 90, -1}, {513, -1, -1},
                                 {1100, 30, -1}, {600, 1, -1},  {700, 60, 4}};
    for (int e = 0; e < 2; e++) {
        const tw_heads heads = {
            .heads = 4, .kv_heads = 2, .head_dim = 8, .element = e ? TW_ELEMENT_BF16 : TW_ELEMENT_F32};
        if (e && !tw_machine_multiplies(machines[1], TW_ELEMENT_BF16))
            break;
        check(heads, true, parts, 6);
        check(heads, false, parts, 6);
    }
}

/* ---- the same bits ------------------------------------------------------------------------------------------------- */

/* A sequence of a batch, alone: the same tokens, in memory of their own. Its prefix is that of the batch. */
static void run_alone(const batch *of, int index, int threads, tw_matrix *out)
{
    int half = of->heads.head_dim / 2;
    int row = of->keys[index].row;
    tw_sequence_keys alone = of->keys[index];
    alone.row = 0;
    alone.query_row = 0;
    alone.own.memory = tw_alloc_aligned(tw_keys_bytes(&of->heads, alone.own.length), 1);
    assert_non_null(alone.own.memory);
    *out = numbers_empty(of->out.element, alone.queries, of->out.columns);
    tw_attention attention = of->attention;
    attention.q += of->keys[index].query_row * attention.q_stride;
    attention.k += row * attention.kv_stride;
    attention.v += row * attention.kv_stride;
    attention.cosines += row * half;
    attention.sines += row * half;
    attention.sequences = &alone;
    attention.count = 1;
    attention.out = out;
    tw_worker *worker = workers[threads - 1];
    int before = tw_worker_enter(worker);
    assert_int_equal(tw_attend(worker, &attention, NULL), TUWEN_OK);
    tw_worker_leave(before);
    tw_free(alone.own.memory);
}

/* Each sequence alone, after its prefix was computed in another call, gives the bits that it gives in the batch; and the
 * batch those that it gives with any number of threads. In the element that the next product wants. */
static void check_bits(tw_heads heads, bool causal, const part *parts, int count)
{
    batch of;
    make_batch(&of, heads, causal, parts, count, heads.element);
    run_batch(&of, 2);
    for (int i = 0; i < count; i++) {
        tw_matrix alone;
        run_alone(&of, i, 1 + i % MACHINES, &alone);
        if (!numbers_same(&alone, 0, &of.out, of.keys[i].query_row, alone.rows))
            fail_msg("sequence %d has other bits alone", i);
        numbers_free(&alone);
    }
    tw_matrix before = of.out;
    for (int threads = 1; threads <= MACHINES; threads += 2) {
        of.out = numbers_empty(before.element, before.rows, before.columns);
        run_batch(&of, threads);
        assert_true(numbers_same(&of.out, 0, &before, 0, before.rows));
        numbers_free(&of.out);
    }
    of.out = before;
    free_batch(&of);
}

static void same_bits(tw_heads heads, bool causal)
{
    check_bits(heads, causal, several, 6);
    check_bits(heads, causal, following, 8);
}

static void test_same_bits(void **state)
{
    (void)state;
    each_size(same_bits);
}

/* The last tokens asking alone have the bits that they have when all ask. */
static void last_alone(tw_heads heads, bool causal)
{
    static const int lengths[] = {2, 65, 150, 530};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const part parts[] = {{lengths[i], -1, -1}};
        batch of;
        make_batch(&of, heads, causal, parts, 1, TW_ELEMENT_F32);
        run_batch(&of, 2);
        tw_matrix all = of.out;
        of.out = numbers_empty(TW_ELEMENT_F32, 1, all.columns);
        of.keys[0].queries = 1;
        of.attention.q += (lengths[i] - 1) * of.attention.q_stride;
        run_batch(&of, 2);
        assert_true(numbers_same(&of.out, 0, &all, lengths[i] - 1, 1));
        numbers_free(&all);
        free_batch(&of);
    }
}

static void test_last_alone(void **state)
{
    (void)state;
    each_size(last_alone);
}

/* One key far above the others takes everything, wherever it stands among the blocks; nothing overflows. */
static void test_extreme(void **state)
{
    (void)state;
    const tw_heads heads = {.heads = 1, .kv_heads = 1, .head_dim = 8};
    static const int places[] = {0, 511, 512, 1099};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        batch of;
        make_batch(&of, heads, false, &(part){1100, 1, -1}, 1, TW_ELEMENT_F32);
        for (int j = 0; j < of.rows * 4; j++) {
            of.cosines[j] = 1;
            of.sines[j] = 0;
        }
        for (int d = 0; d < 8; d++) {
            of.kv[places[i] * of.attention.kv_stride + d] = 10 * of.q[d];
            of.q[d] *= 1e6f;
        }
        run_batch(&of, 2);
        const float *value = of.attention.v + places[i] * of.attention.kv_stride;
        for (int d = 0; d < 8; d++)
            assert_true(numbers_at(&of.out, (size_t)d) == value[d]);
        free_batch(&of);
    }
}

static void test_cancel(void **state)
{
    (void)state;
    batch of;
    tuwen_error error = {0};
    atomic_bool cancel = false;
    make_batch(&of, sizes[0], true, several, 6, TW_ELEMENT_F32);
    of.attention.cancel = &cancel;
    run_batch(&of, 2);
    atomic_store(&cancel, true);
    int before = tw_worker_enter(workers[1]);
    assert_int_equal(tw_attend(workers[1], &of.attention, &error), TUWEN_CANCELLED);
    tw_worker_leave(before);
    assert_string_equal(error.message, "cancelled");
    free_batch(&of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),     cmocka_unit_test(test_several),   cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_long),    cmocka_unit_test(test_same_bits), cmocka_unit_test(test_last_alone),
        cmocka_unit_test(test_extreme), cmocka_unit_test(test_cancel),
    };
    return numbers_no_level() ? 77 : cmocka_run_group_tests(tests, open_machines, close_machines);
}
