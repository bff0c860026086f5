/* SPDX-License-Identifier: Apache-2.0 */
/* Judging products: an observer of the bf16 model's worker that computes each of them a second time, in int8. */
#include "engine/select.h"

#include "ops/rows.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

/* Rows of an input that are compared at a time, spread evenly over it: enough for a stable mean, and little work. */
#define ROWS 64

/* What the observer works with. */
typedef struct judge {
    const tuwen_model *model;
    tuwen_session *session;
    tw_worker *worker;
    tw_selection *selection;
    tuwen_progress_function progress; /* may be NULL */
    void *progress_user;
    uint64_t done, total; /* bytes of weights, as many times as they are seen */
    float *weight;        /* [out][in], of the product at hand */
    size_t weight_room;
    char *memory; /* the rest, in pieces */
    size_t memory_room;
    tuwen_error *error;
    tuwen_status status;
} judge;

static void observe(void *user, const tw_linear *linear, const tw_matrix *x);

/* Makes room for at least `size` bytes; what it held is lost. */
static bool make_room(void **memory, size_t *room, size_t size)
{
    if (size > *room) {
        tw_free(*memory);
        *memory = tw_alloc_aligned(size, 1);
        *room = *memory ? size : 0;
    }
    return *memory != NULL;
}

static tw_judged *find(const tw_selection *selection, const void *packed)
{
    for (size_t i = 0; i < selection->count; i++)
        if (selection->products[i].item->data == packed)
            return &selection->products[i];
    return NULL;
}

/* The rows that are compared, and where their results go. */
typedef struct taken {
    tw_matrix own;         /* in x's element */
    tw_matrix bytes;       /* the same quantised */
    float *wide;           /* one row as f32 */
    float *expected, *got; /* [rows][out] */
} taken;

/* The next piece of memory, of so many bytes. */
static void *take(char **memory, size_t bytes)
{
    void *piece = *memory;
    *memory += (bytes + 63) / 64 * 64;
    return piece;
}

static bool plan(judge *of, const tw_matrix *x, int out, taken *rows)
{
    size_t count = (size_t)(x->rows < ROWS ? x->rows : ROWS);
    size_t room = (size_t)tw_matrix_room((int)count);
    size_t in = (size_t)x->columns;
    size_t results = room * (size_t)out * sizeof(float);
    void *memory = of->memory;
    bool good = make_room(&memory, &of->memory_room,
                          tw_matrix_bytes(count, in) + room * in + in * 4 + room * 8 + 2 * results + 8 * (size_t)64);
    of->memory = memory;
    if (!good)
        return false;
    char *next = of->memory;
    rows->own =
        (tw_matrix){x->element, (int)count, x->columns, take(&next, tw_matrix_bytes(count, in)), NULL, NULL, NULL};
    rows->bytes = (tw_matrix){TW_ELEMENT_I8, (int)count, x->columns, take(&next, room * in), NULL, NULL, NULL};
    rows->bytes.scales = take(&next, room * sizeof(float));
    rows->bytes.zeros = take(&next, room * sizeof(int));
    rows->wide = take(&next, in * sizeof(float));
    rows->expected = take(&next, results);
    rows->got = take(&next, results);
    return true;
}

/* Copies rows of x, the first and the last among them, and quantises them. */
static void take_rows(const judge *of, const tw_matrix *x, taken *rows)
{
    const tw_kernels *kernels = tw_machine_kernels(of->model->machine);
    size_t in = (size_t)x->columns;
    size_t count = (size_t)rows->own.rows;
    for (size_t i = 0; i < count; i++) {
        size_t row = count > 1 ? i * ((size_t)x->rows - 1) / (count - 1) : 0;
        tw_matrix_copy_row(x, (int)row, &rows->own, (int)i);
        tw_matrix_get(kernels, x, (int)row, rows->wide);
        rows->bytes.scales[i] = kernels->quantize((uint8_t *)rows->bytes.values + i * in, rows->wide, in,
                                                  tw_machine_int8_most(of->model->machine), &rows->bytes.zeros[i]);
    }
}

/* Adds the errors of the rows to the product's. A row of zeros has none. */
static void compare(tw_judged *product, const taken *rows, int out)
{
    for (int i = 0; i < rows->own.rows; i++) {
        const float *expected = rows->expected + (size_t)i * (size_t)out;
        const float *got = rows->got + (size_t)i * (size_t)out;
        double difference = 0;
        double length = 0;
        for (int j = 0; j < out; j++) {
            double apart = (double)got[j] - (double)expected[j];
            difference += apart * apart;
            length += (double)expected[j] * (double)expected[j];
        }
        if (length > 0)
            product->squares += difference / length;
        product->rows++;
    }
}

/* Both products without their bias, which would only hide the error. */
static tuwen_status multiply(const judge *of, const tw_item *item, const taken *rows, tuwen_error *error)
{
    const tw_machine *machine = of->model->machine;
    int in = (int)item->layout.sizes[0];
    int out = (int)item->layout.sizes[1];
    const tw_outputs all = {0, out};
    tw_linear *plain = NULL;
    tw_linear *small = NULL;
    tw_layout_unpack(&item->layout, item->data, 0, out, of->weight);
    tuwen_status status = tw_linear_map(machine, &item->layout, item->data, NULL, &plain, error);
    if (status == TUWEN_OK)
        status = tw_linear_open(machine, TW_ELEMENT_I8, out, in, of->weight, NULL, &small, error);
    if (status == TUWEN_OK)
        status = tw_linear_apply(of->worker, plain, &rows->own, all, rows->expected, out, false, error);
    if (status == TUWEN_OK)
        status = tw_linear_apply(of->worker, small, &rows->bytes, all, rows->got, out, false, error);
    tw_linear_close(plain);
    tw_linear_close(small);
    return status;
}

static tuwen_status judge_product(judge *of, tw_judged *product, const tw_matrix *x)
{
    const tw_item *item = product->item;
    int out = (int)item->layout.sizes[1];
    taken rows;
    void *weight = of->weight;
    bool good = make_room(&weight, &of->weight_room, (size_t)out * (size_t)x->columns * sizeof *of->weight);
    of->weight = weight;
    if (!good || !plan(of, x, out, &rows))
        return tw_fail_memory(of->error, item->name);
    take_rows(of, x, &rows);
    tw_worker_observe(of->worker, NULL, NULL);
    tuwen_status status = multiply(of, item, &rows, of->error);
    tw_worker_observe(of->worker, observe, of);
    if (status == TUWEN_OK)
        compare(product, &rows, out);
    return status;
}

/* After a failure the session ends soon, by being cancelled; the failure is in `status`. */
static void observe(void *user, const tw_linear *linear, const tw_matrix *x)
{
    judge *of = user;
    tw_judged *product = find(of->selection, tw_linear_packed(linear));
    if (of->status != TUWEN_OK || !product || x->rows == 0 || x->columns > TW_INT8_INPUTS)
        return;
    of->status = judge_product(of, product, x);
    of->done += product->item->bytes;
    uint64_t done = of->done < of->total ? of->done : of->total;
    if (of->status == TUWEN_OK && of->progress && !of->progress(of->progress_user, done, of->total))
        of->status = tw_fail(of->error, TUWEN_CANCELLED, "cancelled");
    if (of->status != TUWEN_OK)
        tuwen_session_cancel(of->session);
}

/* ---- the decision ----------------------------------------------------------------------------------------------- */

/* The partner of a gate matrix, which is multiplied with the same input in one go, or NULL. */
static tw_judged *partner_of(const tw_selection *selection, const tw_judged *gate)
{
    static const char own[] = "mlp.gate_proj.weight";
    static const char other[] = "mlp.up_proj.weight";
    size_t length = strlen(gate->item->name);
    if (length < sizeof own || strcmp(gate->item->name + length - (sizeof own - 1), own) != 0)
        return NULL;
    size_t stem = length - (sizeof own - 1);
    for (size_t i = 0; i < selection->count; i++) {
        const char *name = selection->products[i].item->name;
        if (strncmp(name, gate->item->name, stem) == 0 && strcmp(name + stem, other) == 0)
            return &selection->products[i];
    }
    return NULL;
}

/* What was never seen, or is not a number, is kept too. */
static void decide(tw_selection *selection)
{
    for (size_t i = 0; i < selection->count; i++) {
        tw_judged *product = &selection->products[i];
        product->error = product->rows > 0 ? (float)sqrt(product->squares / (double)product->rows) : 0;
        product->kept = product->rows == 0 || !(product->error <= TW_INT8_BOUND);
    }
    for (size_t i = 0; i < selection->count; i++) {
        tw_judged *gate = &selection->products[i];
        tw_judged *up = partner_of(selection, gate);
        if (up)
            gate->kept = up->kept = gate->kept || up->kept;
    }
    for (size_t i = 0; i < selection->count; i++)
        selection->kept += selection->products[i].kept;
}

static tuwen_status list_products(const tuwen_model *model, tw_selection *selection, tuwen_error *error)
{
    size_t count = tw_packed_count(model->packed);
    selection->products = tw_alloc_zero(count, sizeof *selection->products);
    selection->vectors = tw_alloc(TW_SAMPLES * tuwen_model_dimension(model), sizeof *selection->vectors);
    if (!selection->products || !selection->vectors)
        return tw_fail_memory(error, model->path);
    for (size_t i = 0; i < count; i++)
        if (tw_packed_at(model->packed, i)->kind == TW_ITEM_MATRIX)
            selection->products[selection->count++].item = tw_packed_at(model->packed, i);
    return TUWEN_OK;
}

/* Every picture goes through the vision tower alone; the language model sees two batches. */
static uint64_t weights_seen(const tw_selection *selection)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < selection->count; i++) {
        const tw_item *item = selection->products[i].item;
        bytes += item->bytes * (strncmp(item->name, "visual.", 7) == 0 ? TW_SAMPLE_PICTURES + TW_SAMPLE_FUSED : 2);
    }
    return bytes;
}

tuwen_status tw_selection_make(const tuwen_model *model, const tw_samples *samples, tuwen_progress_function progress,
                               void *progress_user, tw_selection *selection, tuwen_error *error)
{
    *selection = (tw_selection){0};
    judge of = {
        .model = model, .selection = selection, .progress = progress, .progress_user = progress_user, .error = error};
    tuwen_status status = list_products(model, selection, error);
    if (status == TUWEN_OK)
        status = tw_samples_open(model, &of.session, error);
    if (status != TUWEN_OK)
        return status;
    of.total = weights_seen(selection);
    of.worker = tw_session_worker(of.session);
    tw_worker_observe(of.worker, observe, &of);
    tuwen_error ended = {.language = error ? error->language : TUWEN_ENGLISH};
    status = tw_samples_embed(of.session, samples, selection->vectors, &ended);
    if (of.status != TUWEN_OK)
        status = of.status; /* its sentence stands in `error` already */
    else if (status != TUWEN_OK && error)
        *error = ended;
    tw_free(of.weight);
    tw_free(of.memory);
    tuwen_session_close(of.session);
    if (status == TUWEN_OK)
        decide(selection);
    return status;
}

void tw_selection_free(tw_selection *selection)
{
    tw_free(selection->products);
    tw_free(selection->vectors);
    *selection = (tw_selection){0};
}

tw_element tw_selection_element(const void *of, const char *name)
{
    const tw_selection *selection = of;
    for (size_t i = 0; i < selection->count; i++)
        if (strcmp(selection->products[i].item->name, name) == 0)
            return selection->products[i].kept ? TW_ELEMENT_BF16 : TW_ELEMENT_I8;
    return TW_ELEMENT_BF16;
}
