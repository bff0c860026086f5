/* SPDX-License-Identifier: Apache-2.0 */
/* Linear layers in int8, against sums in double precision. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/load.h"
#include "ops/linear.h"
#include "ops/machine.h"
#include "ops/rows.h"
#include "testing.h"

/* ---- linear layers ---------------------------------------------------------------------------------------------- */

static float random_float(uint32_t *seed, float scale)
{
    *seed = *seed * 1664525u + 1013904223u;
    return ((float)(*seed >> 8) / 8388608.0f - 1.0f) * scale;
}

static float *random_floats(size_t n, uint32_t seed, float scale)
{
    float *values = tw_alloc_aligned(n, sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = random_float(&seed, scale);
    return values;
}

static tw_matrix make_bytes(const tw_machine *machine, const float *x, int rows, int columns)
{
    const tw_kernels *kernels = tw_machine_kernels(machine);
    size_t room = (size_t)tw_matrix_room(rows), n = (size_t)columns;
    tw_matrix_memory memory = {.values = tw_alloc_aligned(room * n, sizeof(float)),
                               .bytes = tw_alloc_aligned(room * n, 1),
                               .scales = tw_alloc_aligned(room, sizeof(float)),
                               .zeros = tw_alloc_aligned(room, sizeof(int))};
    tw_matrix made = tw_matrix_in(&memory, TW_ELEMENT_I8, rows, columns);
    memset(made.values, 0, room * n);
    for (int i = 0; x && i < rows; i++)
        made.scales[i] = kernels->quantize(memory.bytes + (size_t)i * n, x + (size_t)i * n, n,
                                           tw_machine_int8_most(machine), &made.zeros[i]);
    return made;
}

static void free_bytes(tw_matrix *of)
{
    tw_free(of->values);
    tw_free(of->scales);
    tw_free(of->zeros);
    tw_free(of->wide);
}

/* What the layer is to give for row `i`: W as it was quantised, by the definition, times the row as it was quantised. */
static void expect_row(const tw_matrix *x, int i, const float *weight, int out, double *expected)
{
    size_t in = (size_t)x->columns;
    const uint8_t *bytes = (const uint8_t *)x->values + (size_t)i * in;
    for (int j = 0; j < out; j++) {
        const float *row = weight + (size_t)j * in;
        float largest = 0;
        double sum = 0;
        for (size_t k = 0; k < in; k++)
            largest = fabsf(row[k]) > largest ? fabsf(row[k]) : largest;
        for (size_t k = 0; k < in && largest > 0; k++)
            sum += (double)(bytes[k] - x->zeros[i]) * (double)rintf(row[k] * (127.0f / largest));
        expected[j] = sum * (double)x->scales[i] * (double)(largest / 127.0f);
    }
}

static void check_linear(tw_worker *worker, int rows, int in, int out, bool with_bias)
{
    const tw_machine *machine = tw_worker_machine(worker);
    float *weight = random_floats((size_t)out * (size_t)in, (uint32_t)(in + out), 0.1f);
    float *bias = random_floats((size_t)out, 3, 1);
    float *x = random_floats((size_t)rows * (size_t)in, 4, 2);
    memset(weight, 0, (size_t)in * sizeof *weight); /* an output without weights */
    memset(x + (size_t)(rows - 1) * (size_t)in, 0, (size_t)in * sizeof *x);
    int stride = out + 3;
    float *y = random_floats((size_t)rows * (size_t)stride, 5, 1);
    float *before = random_floats((size_t)rows * (size_t)stride, 5, 1);
    double *expected = tw_alloc((size_t)out, sizeof *expected);
    tw_matrix bytes = make_bytes(machine, x, rows, in);
    tw_linear *linear = NULL;
    assert_int_equal(tw_linear_open(machine, TW_ELEMENT_I8, out, in, weight, with_bias ? bias : NULL, &linear, NULL),
                     TUWEN_OK);
    assert_int_equal(tw_linear_input(linear), TW_ELEMENT_I8);
    for (int add = 0; add < 2; add++) {
        assert_int_equal(tw_linear_apply(worker, linear, &bytes, (tw_outputs){0, out}, y, stride, add, NULL),
                         TUWEN_OK);
        for (int i = 0; i < rows; i++) {
            expect_row(&bytes, i, weight, out, expected);
            for (int j = 0; j < stride; j++) {
                size_t at = (size_t)i * (size_t)stride + (size_t)j;
                double wanted =
                    j >= out ? (double)before[at] : (1 + add) * (expected[j] + (with_bias ? (double)bias[j] : 0));
                if (!(fabs((double)y[at] - wanted) <= 1e-6 * (1 + fabs(wanted))))
                    fail_msg("%dx%dx%d, bias %d, add %d: (%d, %d) is %.9g, not %.9g", rows, in, out, with_bias, add,
                             i, j, (double)y[at], wanted);
            }
        }
    }
    tw_linear_close(linear);
    free_bytes(&bytes);
    tw_free(expected);
    tw_free(before);
    tw_free(y);
    tw_free(x);
    tw_free(bias);
    tw_free(weight);
}

static int most; /* the largest byte here */
static tw_machine *machine;
static tw_worker *worker;

static int set_up(void **state)
{
    (void)state;
    tuwen_error error = {0};
    if (tw_machine_open(NULL, 2, &machine, &error) != TUWEN_OK ||
        tw_worker_open(machine, &worker, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    most = tw_machine_int8_most(machine);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tw_worker_close(worker);
    tw_machine_close(machine);
    return 0;
}

static void products_are_exact(void **state)
{
    (void)state;
    static const int sizes[][3] = {{1, 1, 1},   {1, 5, 3},     {2, 16, 64},     {7, 64, 65},    {8, 31, 128},
                                   {9, 80, 80}, {33, 588, 40}, {129, 100, 300}, {5, 1176, 520}, {3, 8960, 70}};
    int before = tw_worker_enter(worker);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int bias = 0; bias < 2; bias++)
            check_linear(worker, sizes[i][0], sizes[i][1], sizes[i][2], bias);
    tw_worker_leave(before);
    tw_linear *linear = NULL;
    float *weight = random_floats(512 * 512, 1, 1);
    assert_int_equal(tw_linear_open(machine, TW_ELEMENT_I8, 512, 512, weight, NULL, &linear, NULL), TUWEN_OK);
    print_message("bytes up to %d, by %s\n", tw_machine_int8_most(machine), tw_linear_code(worker, linear, 64));
    tw_linear_close(linear);
    tw_free(weight);
}

/* Parts of the outputs, and the two sided layers, against apply; then through bytes as the next product takes them. */
static void parts_and_activations(void **state)
{
    (void)state;
    enum { ROWS = 37, IN = 96, OUT = 200 };
    int before = tw_worker_enter(worker);
    float *weight = random_floats(OUT * IN, 6, 0.2f), *other = random_floats(OUT * IN, 7, 0.2f);
    float *x = random_floats(ROWS * IN, 8, 1), *bias = random_floats(OUT, 9, 1);
    float *all = tw_alloc(ROWS * OUT, sizeof *all), *up = tw_alloc(ROWS * OUT, sizeof *up);
    float *part = tw_alloc(ROWS * OUT, sizeof *part);
    tw_matrix bytes = make_bytes(machine, x, ROWS, IN), out = make_bytes(machine, NULL, ROWS, OUT);
    tw_matrix wanted = make_bytes(machine, NULL, ROWS, OUT);
    const tw_kernels *kernels = tw_machine_kernels(machine);
    tw_linear *linears[3];
    assert_int_equal(tw_linear_open(machine, TW_ELEMENT_I8, OUT, IN, weight, bias, &linears[0], NULL), TUWEN_OK);
    assert_int_equal(tw_linear_open(machine, TW_ELEMENT_I8, OUT, IN, weight, NULL, &linears[1], NULL), TUWEN_OK);
    assert_int_equal(tw_linear_open(machine, TW_ELEMENT_I8, OUT, IN, other, NULL, &linears[2], NULL), TUWEN_OK);
    const tw_outputs every = {0, OUT};
    assert_int_equal(tw_linear_apply(worker, linears[0], &bytes, every, all, OUT, false, NULL), TUWEN_OK);
    assert_int_equal(tw_linear_apply(worker, linears[0], &bytes, (tw_outputs){64, 100}, part, 100, false, NULL),
                     TUWEN_OK);
    for (int i = 0; i < ROWS; i++)
        assert_memory_equal(part + i * 100, all + i * OUT + 64, 100 * sizeof *part);
    for (int gated = 0; gated < 2; gated++) {
        if (gated) {
            assert_int_equal(tw_linear_apply(worker, linears[1], &bytes, every, all, OUT, false, NULL), TUWEN_OK);
            assert_int_equal(tw_linear_apply(worker, linears[2], &bytes, every, up, OUT, false, NULL), TUWEN_OK);
            assert_int_equal(tw_linear_gate(worker, linears[1], linears[2], &bytes, &out, NULL), TUWEN_OK);
        } else {
            assert_int_equal(tw_linear_activate(worker, linears[0], &bytes, TW_QUICK_GELU, &out, NULL), TUWEN_OK);
        }
        for (int i = 0; i < ROWS; i++) {
            float *row = all + i * OUT;
            if (gated)
                kernels->silu_times(row, up + i * OUT, OUT);
            else
                kernels->quick_gelu(row, OUT);
            wanted.scales[i] = kernels->quantize((uint8_t *)wanted.values + i * OUT, row, OUT,
                                                 tw_machine_int8_most(machine), &wanted.zeros[i]);
            /* An activation's last bit may depend on where in a vector it stands. */
            assert_true(fabsf(out.scales[i] - wanted.scales[i]) <= 1e-5f * wanted.scales[i]);
            assert_true(abs(out.zeros[i] - wanted.zeros[i]) <= 1);
            for (int j = 0; j < OUT; j++)
                assert_true(abs(((uint8_t *)out.values)[i * OUT + j] - ((uint8_t *)wanted.values)[i * OUT + j]) <= 1);
        }
    }
    tw_worker_leave(before);
    for (int i = 0; i < 3; i++)
        tw_linear_close(linears[i]);
    free_bytes(&bytes);
    free_bytes(&out);
    free_bytes(&wanted);
    float *const memory[] = {weight, other, x, bias, all, up, part};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        tw_free(memory[i]);
}

/* A row gives the same bits in any company. */
static void rows_are_on_their_own(void **state)
{
    (void)state;
    enum { ROWS = 150, IN = 700, OUT = 333 };
    int before = tw_worker_enter(worker);
    float *weight = random_floats(OUT * IN, 6, 0.2f), *x = random_floats(ROWS * IN, 8, 1);
    float *all = tw_alloc(ROWS * OUT, sizeof *all), *one = tw_alloc(OUT, sizeof *one);
    tw_matrix bytes = make_bytes(machine, x, ROWS, IN);
    tw_linear *linear = NULL;
    assert_int_equal(tw_linear_open(machine, TW_ELEMENT_I8, OUT, IN, weight, NULL, &linear, NULL), TUWEN_OK);
    assert_int_equal(tw_linear_apply(worker, linear, &bytes, (tw_outputs){0, OUT}, all, OUT, false, NULL), TUWEN_OK);
    for (int i = 0; i < ROWS; i += 7) {
        tw_matrix single = make_bytes(machine, x + i * IN, 1, IN);
        assert_int_equal(tw_linear_apply(worker, linear, &single, (tw_outputs){0, OUT}, one, OUT, false, NULL),
                         TUWEN_OK);
        assert_memory_equal(one, all + i * OUT, OUT * sizeof *one);
        free_bytes(&single);
    }
    tw_worker_leave(before);
    tw_linear_close(linear);
    free_bytes(&bytes);
    tw_free(weight);
    tw_free(x);
    tw_free(all);
    tw_free(one);
}

/* A random matrix with too many inputs for int8 stays in bf16, as one of a checkpoint does. */
static void random_rows_may_be_too_long(void **state)
{
    (void)state;
    static const tw_loader_part part = {"mlp.down_proj", 8};
    for (int extra = 0; extra <= 4; extra += 4) {
        tw_loader loader = {
            .random = tw_random_open(1), .machine = machine, .element = TW_ELEMENT_I8, .path = "random"};
        assert_non_null(loader.random);
        tw_linear *linear = tw_loader_linear(&loader, "model.layers", 0, &part, 1, TW_INT8_INPUTS + extra, false);
        assert_non_null(linear);
        assert_int_equal(tw_linear_input(linear) == TW_ELEMENT_I8, extra == 0);
        tw_linear_close(linear);
        tw_loader_close(&loader);
        tw_random_close(loader.random);
    }
}

int main(void)
{
    const struct CMUnitTest linears[] = {
        cmocka_unit_test(products_are_exact),
        cmocka_unit_test(parts_and_activations),
        cmocka_unit_test(rows_are_on_their_own),
        cmocka_unit_test(random_rows_may_be_too_long),
    };
    return cmocka_run_group_tests(linears, set_up, tear_down);
}
