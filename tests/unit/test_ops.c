/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear layers against plain loops in double precision, over sizes that divide nothing; packed weights can be read back
 * exactly and used where they lie; a row of a product has the same bits whatever stands beside it and however many
 * threads compute it, for every shape of the 2B model.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "machines.h"
#include "numbers.h"
#include "ops/linear.h"
#include "ops/rows.h"
#include "testing.h"

/* int8 is left to test_int8.c, but for the bits of its rows. */
static const tw_element elements[] = {TW_ELEMENT_F32, TW_ELEMENT_BF16, TW_ELEMENT_I8};

/* What a linear layer is to compute, and in double precision what comes of it. */
typedef struct {
    tw_element element;
    int rows, in, out;
    float *x, *weight, *bias; /* bias may be NULL */
    tw_linear *linear;
    double *expected; /* [rows][out] */
} layer;

static tw_linear *open_linear(const layer *of)
{
    tw_linear *linear = NULL;
    tuwen_error error = {0};
    if (tw_linear_open(machines[1], of->element, of->out, of->in, of->weight, of->bias, &linear, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    assert_int_equal(tw_linear_out(linear), of->out);
    assert_int_equal(tw_linear_in(linear), of->in);
    return linear;
}

/* Inputs and weights are below 1; where the machine multiplies the weights' element inputs are rounded to it. */
static layer make_layer(tw_element element, int rows, int in, int out, bool with_bias)
{
    layer of = {.element = element, .rows = rows, .in = in, .out = out};
    of.x = numbers_random((size_t)rows * (size_t)in, 1);
    of.weight = numbers_random((size_t)out * (size_t)in, 2);
    of.bias = with_bias ? numbers_random((size_t)out, 3) : NULL;
    of.linear = open_linear(&of);
    of.expected = tw_alloc((size_t)rows * (size_t)out, sizeof *of.expected);
    double *numbers = tw_alloc(((size_t)rows + 1) * (size_t)in, sizeof *numbers);
    assert_true(of.expected && numbers);
    double *column = numbers + (size_t)rows * (size_t)in;
    for (size_t i = 0; i < (size_t)rows * (size_t)in; i++)
        numbers[i] = numbers_stored(tw_linear_input(of.linear), of.x[i]);
    for (int j = 0; j < out; j++) {
        for (int k = 0; k < in; k++)
            column[k] = numbers_stored(element, of.weight[(size_t)j * (size_t)in + (size_t)k]);
        for (int i = 0; i < rows; i++) {
            double sum = of.bias ? (double)of.bias[j] : 0;
            for (int k = 0; k < in; k++)
                sum += numbers[(size_t)i * (size_t)in + (size_t)k] * column[k];
            of.expected[(size_t)i * (size_t)out + (size_t)j] = sum;
        }
    }
    tw_free(numbers);
    return of;
}

static void free_layer(layer *of)
{
    tw_linear_close(of->linear);
    tw_free(of->x);
    tw_free(of->weight);
    tw_free(of->bias);
    tw_free(of->expected);
}

/*
 * Inputs are below 1 and of both signs: partial sums of n products stay near sqrt(n) / 3, an f32 addition rounds by up to
 * 2^-24 of that, and n such errors of both signs add up to near 2^-24 n / 3; the tolerance is twelve of those. An input
 * or weight wrongly rounded is 2^-9 off.
 */
static double tolerance_of(const layer *of)
{
    return 0x1p-22 * (4 + of->in);
}

#define GAP 3
static const float guard = 12345.0f;

/* Some outputs of the first rows, stored and then added to what is there; nothing between the rows is touched. */
static void check_apply(const layer *of, int threads, int rows, tw_outputs outputs)
{
    size_t stride = (size_t)outputs.count + GAP;
    tw_worker *worker = workers[threads - 1];
    tw_matrix x = numbers_matrix(tw_linear_input(of->linear), rows, of->in, of->x);
    float *y = tw_alloc_aligned((size_t)rows * stride, sizeof *y);
    assert_non_null(y);
    for (size_t i = 0; i < (size_t)rows * stride; i++)
        y[i] = guard;
    int before = tw_worker_enter(worker);
    for (int times = 1; times <= 2; times++) {
        assert_int_equal(tw_linear_apply(worker, of->linear, &x, outputs, y, (int)stride, times == 2, NULL),
                         TUWEN_OK);
        for (size_t i = 0; i < (size_t)rows * stride; i++) {
            size_t row = i / stride;
            size_t column = i % stride;
            if (column >= (size_t)outputs.count) {
                assert_true(y[i] == guard);
                continue;
            }
            double want = of->expected[row * (size_t)of->out + (size_t)outputs.first + column];
            if (!(fabs((double)y[i] - times * want) <= tolerance_of(of)))
                fail_msg("%d rows of %d to %d from %d, %d times: %.9g at %zu, %zu, not %.9g", rows, of->in,
                         outputs.count, outputs.first, times, (double)y[i], row, column, times * want);
        }
    }
    tw_worker_leave(before);
    numbers_free(&x);
    tw_free(y);
}

static void test_apply(void **state)
{
    (void)state;
    static const int ins[] = {1, 3, 64, 513, 1176};
    static const int outs[] = {1, 5, 64, 300};
    static const int rows[] = {1, 2, 8, 13, 15, 43, 70};
    for (size_t e = 0; e < 2; e++)
        for (size_t i = 0; i < sizeof ins / sizeof *ins; i++)
            for (size_t o = 0; o < sizeof outs / sizeof *outs; o++) {
                layer of = make_layer(elements[e], 70, ins[i], outs[o], (i + o) % 2);
                for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
                    check_apply(&of, 1 + (int)r % MACHINES, rows[r], (tw_outputs){0, outs[o]});
                free_layer(&of);
            }
}

/* More rows than a task takes, and than two of the library's tiles. */
static void test_many_rows(void **state)
{
    (void)state;
    for (size_t e = 0; e < 2; e++) {
        layer of = make_layer(elements[e], 700, 37, 301, true);
        static const int rows[] = {128, 129, 336, 337, 700};
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            check_apply(&of, 1 + (int)r % MACHINES, rows[r], (tw_outputs){0, 301});
        free_layer(&of);
    }
}

static void test_ranges(void **state)
{
    (void)state;
    static const tw_outputs ranges[] = {{0, 1}, {0, 64}, {64, 64}, {64, 236}, {128, 100}, {256, 44}, {192, 7}};
    for (size_t e = 0; e < 2; e++) {
        layer of = make_layer(elements[e], 45, 131, 300, true);
        for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
            check_apply(&of, 1 + (int)i % MACHINES, 45, ranges[i]);
        free_layer(&of);
    }
}

/* No rows: nothing is written, nothing fails. */
static void test_no_rows(void **state)
{
    (void)state;
    layer of = make_layer(TW_ELEMENT_F32, 1, 5, 7, false);
    tw_matrix x = numbers_empty(tw_linear_input(of.linear), 0, 5);
    float y[7] = {guard};
    int before = tw_worker_enter(workers[1]);
    assert_int_equal(tw_linear_apply(workers[1], of.linear, &x, (tw_outputs){0, 7}, y, 7, false, NULL), TUWEN_OK);
    tw_worker_leave(before);
    assert_true(y[0] == guard);
    numbers_free(&x);
    free_layer(&of);
}

/* ---- activations -------------------------------------------------------------------------------------------------- */

static double activated(tw_activation activation, double x)
{
    return activation == TW_GELU ? x / 2 * (1 + erf(x / sqrt(2))) : x / (1 + exp(-1.702 * x));
}

/* The bf16 matrix is the f32 one rounded, bit by bit. */
static void check_rounded(const tw_matrix *rounded, const tw_matrix *plain)
{
    size_t count = (size_t)plain->rows * (size_t)plain->columns;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(((uint16_t *)rounded->values)[i], tw_bf16_from_f32(numbers_at(plain, i)));
}

static void check_activate(tw_element element, tw_activation activation, int rows, int in, int out)
{
    layer of = make_layer(element, rows, in, out, true);
    tw_matrix x = numbers_matrix(tw_linear_input(of.linear), rows, in, of.x);
    tw_matrix results[2];
    int before = tw_worker_enter(workers[1]);
    for (int i = 0; i < 2; i++) {
        results[i] = numbers_empty(elements[i], rows, out);
        assert_int_equal(tw_linear_activate(workers[1], of.linear, &x, activation, &results[i], NULL), TUWEN_OK);
    }
    tw_worker_leave(before);
    for (size_t i = 0; i < (size_t)rows * (size_t)out; i++) {
        double want = activated(activation, of.expected[i]);
        double got = (double)numbers_at(&results[0], i);
        /* No activation is steeper than 1.13; the kernel itself is 8 units in the last place off. */
        if (!(fabs(got - want) <= 1.2 * tolerance_of(&of) + 8 * 0x1p-23 * fmax(1, fabs(want))))
            fail_msg("activation %d, %d rows of %d to %d: %.9g, not %.9g", (int)activation, rows, in, out, got, want);
    }
    check_rounded(&results[1], &results[0]);
    for (int i = 0; i < 2; i++)
        numbers_free(&results[i]);
    numbers_free(&x);
    free_layer(&of);
}

static const int sizes[][3] = {{1, 24, 72}, {9, 5, 64}, {45, 130, 300}, {131, 7, 65}, {340, 3, 129}};

static void test_activate(void **state)
{
    (void)state;
    for (size_t e = 0; e < 2; e++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            check_activate(elements[e], TW_QUICK_GELU, sizes[i][0], sizes[i][1], sizes[i][2]);
            check_activate(elements[e], TW_GELU, sizes[i][0], sizes[i][1], sizes[i][2]);
        }
}

static void check_gate(tw_element element, int rows, int in, int out)
{
    layer gate = make_layer(element, rows, in, out, false);
    /* Up is other outputs of the same input: those of the gate from the last to the first. */
    layer up = gate;
    up.weight = tw_alloc_aligned((size_t)out * (size_t)in, sizeof *up.weight);
    assert_non_null(up.weight);
    for (int j = 0; j < out; j++)
        memcpy(up.weight + (size_t)j * (size_t)in, gate.weight + (size_t)(out - 1 - j) * (size_t)in,
               (size_t)in * sizeof *up.weight);
    up.linear = open_linear(&up);
    tw_matrix x = numbers_matrix(tw_linear_input(gate.linear), rows, in, gate.x);
    tw_matrix results[2];
    int before = tw_worker_enter(workers[1]);
    for (int i = 0; i < 2; i++) {
        results[i] = numbers_empty(elements[i], rows, out);
        assert_int_equal(tw_linear_gate(workers[1], gate.linear, up.linear, &x, &results[i], NULL), TUWEN_OK);
    }
    tw_worker_leave(before);
    for (size_t i = 0; i < (size_t)rows * (size_t)out; i++) {
        double g = gate.expected[i];
        double u = gate.expected[i / (size_t)out * (size_t)out + (size_t)out - 1 - i % (size_t)out];
        double want = g / (1 + exp(-g)) * u;
        double got = (double)numbers_at(&results[0], i);
        /* silu is nowhere steeper than 1.1, and never larger than its argument. */
        double tolerance = tolerance_of(&gate) * (1.1 * fabs(u) + fabs(g)) + 8 * 0x1p-23 * fmax(1, fabs(want));
        if (!(fabs(got - want) <= tolerance))
            fail_msg("gate, %d rows of %d to %d: %.9g at %zu, not %.9g", rows, in, out, got, i, want);
    }
    check_rounded(&results[1], &results[0]);
    for (int i = 0; i < 2; i++)
        numbers_free(&results[i]);
    numbers_free(&x);
    tw_linear_close(up.linear);
    tw_free(up.weight);
    free_layer(&gate);
}

static void test_gate(void **state)
{
    (void)state;
    for (size_t e = 0; e < 2; e++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            check_gate(elements[e], sizes[i][0], sizes[i][1], sizes[i][2]);
}

/* ---- packed weights ----------------------------------------------------------------------------------------------- */

/* Random weights with the values among them at which rounding is hard. */
static float *hard_weights(size_t count)
{
    static const float hard[] = {0.0f,          -0.0f,        0x1.01p0f,     0x1.03p0f, 0x1.010002p0f,
                                 0x1.00fffep0f, 0x1p-126f,    0x1.fffffep0f, 0x1p-149f, 0x1p-133f,
                                 0x1.8p-134f,   -0x1.9p-130f, 0x1.fp127f,    -0x1p127f};
    float *weight = numbers_random(count, 5);
    for (size_t i = 0; i < count; i += 3)
        weight[i] = hard[i / 3 % (sizeof hard / sizeof *hard)];
    return weight;
}

/* Memory that may only be read, as of a mapped file. */
static void *read_only_copy(const void *data, size_t size)
{
    void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(copy != MAP_FAILED);
    memcpy(copy, data, size);
    assert_int_equal(mprotect(copy, size, PROT_READ), 0);
    return copy;
}

/* A layer over borrowed memory computes what one with its own does, to the bit. */
static void check_mapped(tw_element element, int in, int out, const tw_layout *layout, const void *packed,
                         const float *weight)
{
    float *values = numbers_random(9 * (size_t)in, 6);
    float *bias = numbers_random((size_t)out, 7);
    float *found = numbers_random(9 * (size_t)out, 8);
    float *expected = numbers_random(9 * (size_t)out, 9);
    tw_linear *opened = NULL;
    tw_linear *mapped = NULL;
    tw_worker *worker = workers[1];
    void *copy = read_only_copy(packed, tw_layout_bytes(layout));
    assert_int_equal(tw_linear_open(machines[1], element, out, in, weight, bias, &opened, NULL), TUWEN_OK);
    assert_int_equal(tw_linear_map(machines[1], layout, copy, bias, &mapped, NULL), TUWEN_OK);
    tw_matrix x = numbers_matrix(tw_linear_input(opened), 9, in, values);
    const tw_outputs all = {0, out};
    int before = tw_worker_enter(worker);
    assert_int_equal(tw_linear_apply(worker, opened, &x, all, expected, out, false, NULL), TUWEN_OK);
    assert_int_equal(tw_linear_apply(worker, mapped, &x, all, found, out, false, NULL), TUWEN_OK);
    tw_worker_leave(before);
    assert_memory_equal(found, expected, 9 * (size_t)out * sizeof *found);
    tw_linear_close(opened);
    tw_linear_close(mapped);
    assert_int_equal(munmap(copy, tw_layout_bytes(layout)), 0);
    numbers_free(&x);
    tw_free(values);
    tw_free(bias);
    tw_free(found);
    tw_free(expected);
}

/* What is packed can be unpacked, exactly, and its padding is zero. */
static void check_packed(tw_element element, int in, int out)
{
    size_t count = (size_t)in * (size_t)out;
    float *weight = hard_weights(count);
    float *rows = tw_alloc(count, sizeof *rows);
    const tw_layout layout = tw_linear_layout(element, out, in);
    assert_true(tw_layout_valid(&layout));
    assert_int_equal(layout.element, element);
    size_t size = tw_layout_bytes(&layout);
    unsigned char *packed = tw_alloc_aligned(size, 1);
    assert_true(rows && packed);
    memset(packed, 0xff, size);
    tw_linear_pack(machines[1], &layout, weight, packed);
    tw_layout_unpack(&layout, packed, 0, out, rows);
    size_t zeros = 0; /* elements whose bytes are zero: the padding and the +0 of the weight */
    for (size_t i = 0; i < count; i++) {
        float expected = (float)numbers_stored(element, weight[i]);
        if (memcmp(&rows[i], &expected, sizeof expected) != 0)
            fail_msg("%d to %d: %zu unpacks as %a, not %a", in, out, i, (double)rows[i], (double)expected);
        zeros += expected == 0 && !signbit(expected);
    }
    zeros += size / tw_element_size(element) - count;
    for (size_t i = 0; i < size; i += tw_element_size(element))
        zeros -= memcmp(packed + i, "\0\0\0\0", tw_element_size(element)) == 0;
    assert_int_equal(zeros, 0);
    check_mapped(element, in, out, &layout, packed, weight);
    tw_free(weight);
    tw_free(rows);
    tw_free(packed);
}

static void test_packed(void **state)
{
    (void)state;
    static const int shapes[][2] = {{1, 1}, {3, 5}, {5, 3}, {33, 65}, {1176, 1}, {1176, 33}, {1, 1280}, {320, 640}};
    for (size_t e = 0; e < 2; e++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            check_packed(elements[e], shapes[i][0], shapes[i][1]);
}

/* ---- the same bits ------------------------------------------------------------------------------------------------- */

/* Inputs and outputs of the 2B model's layers, and of a tiny one's. */
static const int shapes_2b[][2] = {{1176, 1280}, {1280, 3840}, {1280, 1280}, {1280, 5120}, {5120, 1280},
                                   {5120, 5120}, {5120, 1536}, {1536, 2048}, {1536, 1536}, {1536, 8960},
                                   {8960, 1536}, {24, 72},     {20, 24}};

/* Rows first..first+count computed in one call have the bits of those rows in `expected`. */
static void check_piece(const tw_linear *linear, const tw_matrix *x, int threads, int first, int count, int out,
                        const float *expected, float *y)
{
    tw_worker *worker = workers[threads - 1];
    tw_matrix piece = numbers_empty(x->element, count, x->columns);
    for (int i = 0; i < count; i++)
        tw_matrix_copy_row(x, first + i, &piece, i);
    int before = tw_worker_enter(worker);
    assert_int_equal(tw_linear_apply(worker, linear, &piece, (tw_outputs){0, out}, y, out, false, NULL), TUWEN_OK);
    tw_worker_leave(before);
    for (int i = 0; i < count; i++)
        if (memcmp(y + (size_t)i * (size_t)out, expected + (size_t)(first + i) * (size_t)out,
                   (size_t)out * sizeof *y) != 0)
            fail_msg("%d to %d by %d threads: row %d has other bits among %d from %d on (%s)", x->columns, out,
                     threads, first + i, count, first, tw_linear_code(worker, linear, count));
    numbers_free(&piece);
}

/* Heights 1..height in some steps, from both ends, by all numbers of threads. */
static void check_pieces(tw_element element, int in, int out, int height, int step)
{
    float *weight = numbers_random((size_t)in * (size_t)out, 11);
    float *values = numbers_random((size_t)height * (size_t)in, 12);
    float *expected = numbers_random((size_t)height * (size_t)out, 13);
    float *y = numbers_random((size_t)height * (size_t)out, 14);
    tw_linear *linear = NULL;
    assert_int_equal(tw_linear_open(machines[1], element, out, in, weight, NULL, &linear, NULL), TUWEN_OK);
    tw_matrix x = numbers_empty(tw_linear_input(linear), height, in);
    int before = tw_worker_enter(workers[1]);
    tw_matrix_fill(workers[1], &x, 0, height, values);
    assert_int_equal(tw_linear_apply(workers[1], linear, &x, (tw_outputs){0, out}, expected, out, false, NULL),
                     TUWEN_OK);
    tw_worker_leave(before);
    int turn = 0;
    for (int count = 1; count <= height; count += step, turn++)
        check_piece(linear, &x, 1 + turn % MACHINES, turn % 2 ? height - count : 0, count, out, expected, y);
    for (int threads = 1; threads <= MACHINES; threads++) {
        check_piece(linear, &x, threads, 0, height, out, expected, y);
        check_piece(linear, &x, threads, height / 2, 1, out, expected, y);
    }
    tw_linear_close(linear);
    numbers_free(&x);
    tw_free(weight);
    tw_free(values);
    tw_free(expected);
    tw_free(y);
}

/* The library has code of its own for each height, so that every one is tried; ours is one chain of additions a result,
 * and is tried with less. 320 outputs are more than a task of 256, and divide into panels. */
static void test_same_bits(void **state)
{
    (void)state;
    for (size_t e = 0; e < 3; e++) {
        bool library = tw_machine_multiplies(machines[1], elements[e]);
        for (size_t i = 0; i < sizeof shapes_2b / sizeof *shapes_2b; i++) {
            int most = library ? 320 : 130;
            int out = shapes_2b[i][1] < most ? shapes_2b[i][1] : most;
            check_pieces(elements[e], shapes_2b[i][0], out, library ? 136 : 45, library ? 5 : 11);
        }
    }
}

/* Several blocks of rows, of many heights. */
static void test_same_bits_in_blocks(void **state)
{
    (void)state;
    for (size_t e = 0; e < 3; e++)
        check_pieces(elements[e], 515, 70, 700, 139);
}

/* bf16 by our tiles or the library's where the level has instructions, else by ours, as f32 is always. */
static void test_code(void **state)
{
    (void)state;
    float *weight = numbers_random(5120 * 640, 1);
    for (size_t e = 0; e < 2; e++)
        for (size_t i = 0; i < sizeof shapes_2b / sizeof *shapes_2b; i++) {
            int in = shapes_2b[i][0] < 5120 ? shapes_2b[i][0] : 5120;
            int out = shapes_2b[i][1] < 640 ? shapes_2b[i][1] : 640;
            tw_linear *linear = NULL;
            assert_int_equal(tw_linear_open(machines[1], elements[e], out, in, weight, NULL, &linear, NULL),
                             TUWEN_OK);
            for (int rows = 1; rows <= 128; rows += 9) {
                const char *code = tw_linear_code(workers[1], linear, rows);
                bool own = !tw_machine_multiplies(machines[1], elements[e]) ||
                           (elements[e] == TW_ELEMENT_BF16 && tw_machine_kernels(machines[1])->tiles);
                bool good =
                    own ? strncmp(code, "own", 3) == 0 : strncmp(code, "brg", 3) == 0 || strncmp(code, "acl", 3) == 0;
                if (!good)
                    fail_msg("element %d: %d rows of %d to %d run %s", (int)elements[e], rows, in, out, code);
            }
            tw_linear_close(linear);
        }
    tw_free(weight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_apply),    cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_ranges),   cmocka_unit_test(test_no_rows),
        cmocka_unit_test(test_activate), cmocka_unit_test(test_gate),
        cmocka_unit_test(test_packed),   cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_code),     cmocka_unit_test(test_same_bits_in_blocks),
    };
    return numbers_no_level() ? 77 : cmocka_run_group_tests(tests, open_machines, close_machines);
}
