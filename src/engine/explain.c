/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explaining a match: leaving phrases out of the text, and covering regions of the picture from coarse to fine.
 *
 * Blocks are rectangles of cells. The first ones cover the whole picture; then, round by round, those whose covering
 * changes the cosine most are cut in quarters. What is cut depends on cosines alone, ties on the order of the blocks, so
 * the result is the same on every run.
 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "engine/engine.h"
#include "engine/explanation.h"
#include "engine/occlude.h"
#include "engine/phrases.h"

#define DEFAULT_BUDGET 48

/* The margin as a part of the model's score range. */
#define MARGIN 0.1f

/* The first blocks a side at most: sixteen of them are a third of the default budget. */
#define FIRST_SIDE 4

/* Blocks cut in one round: few, so that later choices know more. */
#define CUTS 4

/* Copies of the picture computed in one call, which share the products of small pictures: the quarters of a round, and no
 * more cells than products are fast with, so that progress is told soon. */
#define AT_ONCE ((size_t)8)
#define CELLS_AT_ONCE ((size_t)1024)

typedef struct {
    int top, left, rows, columns; /* cells */
    float effect;                 /* baseline cosine less that with the block covered */
    bool cut;                     /* its quarters were tried */
} block;

typedef struct {
    tuwen_session *session;
    const tuwen_explain_options *options;
    tw_occlusion occlusion;
    tuwen_explanation *to;
    size_t dimension;
    block *blocks; /* [count], room for the budget */
    size_t count;
    size_t budget;
    uint8_t *masks; /* of a round */
    float *vectors; /* of a round */
    tuwen_error *error;
} explaining;

float tuwen_effect_margin(const tuwen_model_info *info)
{
    return MARGIN * (info->score_high - info->score_low);
}

void tuwen_explanation_free(tuwen_explanation *shown)
{
    tw_explanation *all = (tw_explanation *)shown;
    if (!all)
        return;
    tw_free(all->cells);
    tw_free(all->block_cells);
    tw_free(all->vectors);
    tw_bytes_free(&all->png);
    tw_free(all);
}

/* ---- phrases ------------------------------------------------------------------------------------------------------ */

static tuwen_status pass_on(const tuwen_output *output, tuwen_error *error)
{
    if (error) {
        error->status = output->status;
        memcpy(error->message, output->message, sizeof error->message);
    }
    return output->status;
}

/* The text and, `count` times, it without a phrase, embedded together: [1 + count][dimension]. */
static tuwen_status embed_texts(const explaining *of, const tuwen_input *text, size_t count, tw_explanation *all,
                                char *room, float *vectors)
{
    tuwen_input inputs[1 + TUWEN_PHRASES];
    tuwen_output *outputs = tw_alloc_zero(1 + count, sizeof *outputs);
    if (!outputs)
        return tw_fail_memory(of->error, "the text");
    inputs[0] = *text;
    for (size_t i = 0; i < count; i++) {
        inputs[1 + i] = *text;
        inputs[1 + i].text = room;
        inputs[1 + i].text_size = tw_text_without(text->text, text->text_size, &all->phrases[i], room);
        room += inputs[1 + i].text_size;
    }
    tuwen_status status = tuwen_embed(of->session, inputs, 1 + count, vectors, outputs, of->error);
    for (size_t i = 0; i < 1 + count && status == TUWEN_OK; i++)
        if (outputs[i].status != TUWEN_OK)
            status = pass_on(&outputs[i], of->error);
    for (size_t i = 0; i < 1 + count; i++)
        all->shown.tokens += (size_t)outputs[i].tokens;
    all->shown.truncated = outputs[0].truncated;
    tw_free(outputs);
    return status;
}

/* Fills the phrases, the text's vector and the cosine from the vectors of the text and its `variants`. */
static void rate_phrases(const explaining *of, const float *vectors, size_t variants, tw_explanation *all)
{
    size_t n = of->dimension;
    memcpy(all->vectors + n, vectors, n * sizeof *vectors);
    all->shown.cosine = tuwen_cosine(all->vectors, vectors, n);
    for (size_t i = 0; i < all->shown.phrase_count; i++) {
        tuwen_phrase *phrase = &all->phrases[i];
        phrase->without = variants > 0 ? tuwen_cosine(all->vectors, vectors + (1 + i) * n, n) : all->shown.cosine;
        phrase->effect = all->shown.cosine - phrase->without;
    }
}

static tuwen_status try_phrases(const explaining *of, const tuwen_input *text, tw_explanation *all)
{
    size_t count = tuwen_split_phrases(text->text, text->text_size, all->phrases, TUWEN_PHRASES);
    size_t variants = count > 1 ? count : 0;
    all->shown.phrases = all->phrases;
    all->shown.phrase_count = count;
    char *room = tw_alloc(text->text_size, variants + 1);
    float *vectors = tw_alloc(variants + 1, of->dimension * sizeof *vectors);
    tuwen_status status = TUWEN_OUT_OF_MEMORY;
    if (room && vectors) {
        status = embed_texts(of, text, variants, all, room, vectors);
        if (status == TUWEN_OK)
            rate_phrases(of, vectors, variants, all);
    } else {
        tw_fail_memory(of->error, "the text");
    }
    tw_free(room);
    tw_free(vectors);
    return status;
}

/* ---- regions ------------------------------------------------------------------------------------------------------ */

static void cover(const explaining *of, const block *one, uint8_t *mask)
{
    memset(mask, 0, (size_t)of->occlusion.rows * (size_t)of->occlusion.columns);
    for (int row = one->top; row < one->top + one->rows; row++)
        memset(mask + row * of->occlusion.columns + one->left, 1, (size_t)one->columns);
}

/* Counts a pass of the picture among what was computed. */
static void count_tokens(const explaining *of, size_t passes)
{
    of->to->tokens += passes * (size_t)of->occlusion.base.output.tokens;
    of->to->image_tokens += passes * (size_t)of->occlusion.base.output.image_tokens;
}

/* Tells how far it is; CANCELLED if that is far enough. */
static tuwen_status tell(const explaining *of)
{
    const tuwen_explain_options *options = of->options;
    bool go_on = !options->progress ||
                 options->progress(options->progress_user, (uint64_t)of->to->passes, (uint64_t)of->budget);
    return go_on ? TUWEN_OK : tw_fail(of->error, TUWEN_CANCELLED, "cancelled");
}

/* Measures the blocks from `first` on. */
static tuwen_status measure(explaining *of, size_t first)
{
    size_t cells = (size_t)of->occlusion.rows * (size_t)of->occlusion.columns, n = of->dimension;
    tuwen_status status = TUWEN_OK;
    size_t most = AT_ONCE * cells <= CELLS_AT_ONCE ? AT_ONCE : cells < CELLS_AT_ONCE ? CELLS_AT_ONCE / cells : 1;
    for (size_t at = first; at < of->count && status == TUWEN_OK;) {
        size_t count = of->count - at < most ? of->count - at : most;
        for (size_t i = 0; i < count; i++)
            cover(of, &of->blocks[at + i], of->masks + i * cells);
        status = tw_session_embed_occluded(of->session, &of->occlusion, count, of->vectors, of->error);
        for (size_t i = 0; status == TUWEN_OK && i < count; i++)
            of->blocks[at + i].effect = of->to->cosine - tuwen_cosine(of->to->text_vector, of->vectors + i * n, n);
        at += count;
        of->to->passes += (int)count;
        count_tokens(of, count);
        if (status == TUWEN_OK)
            status = tell(of);
    }
    return status;
}

/* Adds the parts of a rectangle that is cut into `down` times `across`, as even as can be, as long as there is budget. */
static void add_parts(explaining *of, block whole, int down, int across)
{
    for (int y = 0; y < down; y++)
        for (int x = 0; x < across; x++) {
            int top = whole.rows * y / down, left = whole.columns * x / across;
            of->blocks[of->count++] = (block){.top = whole.top + top,
                                              .left = whole.left + left,
                                              .rows = whole.rows * (y + 1) / down - top,
                                              .columns = whole.columns * (x + 1) / across - left};
        }
}

static int lesser(int a, int b)
{
    return a < b ? a : b;
}

/* The first blocks: square if they can be, FIRST_SIDE a side or as many as cells and budget allow. */
static void add_first(explaining *of)
{
    const block whole = {.rows = of->occlusion.rows, .columns = of->occlusion.columns};
    int down = lesser(FIRST_SIDE, whole.rows), across = lesser(FIRST_SIDE, whole.columns);
    while ((size_t)down * (size_t)across > of->budget) {
        if (down >= across)
            down--;
        else
            across--;
    }
    add_parts(of, whole, down, across);
}

static int parts_down(const block *one)
{
    return one->rows > 1 ? 2 : 1;
}

static int parts_across(const block *one)
{
    return one->columns > 1 ? 2 : 1;
}

/* The uncut block of the strongest effect among the first `measured`, if its parts fit in the budget; NULL for none. */
static block *strongest(const explaining *of, size_t measured)
{
    block *best = NULL;
    for (size_t i = 0; i < measured; i++) {
        block *one = &of->blocks[i];
        int parts = parts_down(one) * parts_across(one);
        if (!one->cut && parts > 1 && of->count + (size_t)parts <= of->budget &&
            (!best || fabsf(one->effect) > fabsf(best->effect)))
            best = one;
    }
    return best;
}

/* Cuts up to CUTS blocks; false when there is nothing left to cut. */
static bool cut_some(explaining *of)
{
    size_t measured = of->count;
    for (int i = 0; i < CUTS; i++) {
        block *best = strongest(of, measured);
        if (!best)
            break;
        best->cut = true;
        add_parts(of, *best, parts_down(best), parts_across(best));
    }
    return of->count > measured;
}

/* Later blocks are smaller and lie within earlier ones, so the last word on a cell is that of its smallest block. */
static void fill_cells(const explaining *of, tw_explanation *all)
{
    for (size_t i = 0; i < of->count; i++) {
        const block *one = &of->blocks[i];
        int size = one->rows * one->columns;
        for (int row = one->top; row < one->top + one->rows; row++)
            for (int column = one->left; column < one->left + one->columns; column++) {
                all->cells[row * of->occlusion.columns + column] = one->effect / (float)size;
                all->block_cells[row * of->occlusion.columns + column] = size;
            }
    }
}

static tuwen_status try_regions(explaining *of, tw_explanation *all)
{
    size_t cells = (size_t)of->occlusion.rows * (size_t)of->occlusion.columns;
    all->cells = tw_alloc_zero(cells, sizeof *all->cells);
    all->block_cells = tw_alloc_zero(cells, sizeof *all->block_cells);
    of->blocks = tw_alloc(of->budget, sizeof *of->blocks);
    if (!all->cells || !all->block_cells || !of->blocks)
        return tw_fail_memory(of->error, "a picture");
    add_first(of);
    size_t measured = 0;
    tuwen_status status = tell(of);
    do {
        if (status == TUWEN_OK)
            status = measure(of, measured);
        measured = of->count;
    } while (status == TUWEN_OK && cut_some(of));
    if (status == TUWEN_OK)
        fill_cells(of, all);
    of->to->cells = all->cells;
    of->to->block_cells = all->block_cells;
    return status;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

/* The picture's vector, from a copy of which nothing is covered. */
static tuwen_status see_picture(explaining *of, const tuwen_input *picture, float *vector)
{
    tw_preparer preparer = *tw_session_preparer(of->session);
    preparer.language = of->error ? of->error->language : TUWEN_ENGLISH;
    tuwen_status status = tw_occlusion_open(&preparer, picture, &of->occlusion, of->error);
    if (status != TUWEN_OK)
        return status;
    of->to->rows = of->occlusion.rows;
    of->to->columns = of->occlusion.columns;
    of->to->picture_width = of->occlusion.base.output.picture_width;
    of->to->picture_height = of->occlusion.base.output.picture_height;
    of->masks = tw_alloc_zero(AT_ONCE * (size_t)of->to->rows, (size_t)of->to->columns);
    of->vectors = tw_alloc(AT_ONCE, of->dimension * sizeof *of->vectors);
    if (!of->masks || !of->vectors)
        return tw_fail_memory(of->error, "a picture");
    of->occlusion.masks = of->masks;
    count_tokens(of, 1);
    return tw_session_embed_occluded(of->session, &of->occlusion, 1, vector, of->error);
}

static tuwen_status explain(explaining *of, const tuwen_input *picture, const tuwen_input *text, tw_explanation *all)
{
    all->vectors = tw_alloc(2, of->dimension * sizeof *all->vectors);
    if (!all->vectors)
        return tw_fail_memory(of->error, "the text");
    of->to = &all->shown;
    of->to->dimension = of->dimension;
    of->to->picture_vector = all->vectors;
    of->to->text_vector = all->vectors + of->dimension;
    tuwen_status status = see_picture(of, picture, all->vectors);
    if (status == TUWEN_OK)
        status = try_phrases(of, text, all);
    if (status == TUWEN_OK && of->budget > 0)
        status = try_regions(of, all);
    tw_occlusion_free(&of->occlusion);
    tw_free(of->blocks);
    tw_free(of->masks);
    tw_free(of->vectors);
    return status;
}

static tuwen_status check(const tuwen_session *session, const tuwen_input *picture, const tuwen_input *text,
                          const tuwen_explain_options *options, tuwen_error *error)
{
    if (!session || !picture || !text)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "an argument");
    if (!picture->picture || picture->text || !text->text || text->picture)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "what is explained is one picture and one text");
    if (options->budget > TUWEN_PASSES)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "a budget of %d passes: allowed are at most %d",
                       options->budget, TUWEN_PASSES);
    return TUWEN_OK;
}

tuwen_status tuwen_explain(tuwen_session *session, const tuwen_input *picture, const tuwen_input *text,
                           const tuwen_explain_options *options, tuwen_explanation **out, tuwen_error *error)
{
    const tuwen_explain_options given = options ? *options : (tuwen_explain_options){0};
    if (!out)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "an argument");
    *out = NULL;
    tuwen_status status = check(session, picture, text, &given, error);
    if (status != TUWEN_OK)
        return status;
    tw_explanation *all = tw_alloc_zero(1, sizeof *all);
    if (!all)
        return tw_fail_memory(error, "the text");
    explaining of = {.session = session,
                     .options = &given,
                     .dimension = tuwen_model_dimension(tw_session_model(session)),
                     .budget = given.budget == 0  ? DEFAULT_BUDGET
                               : given.budget < 0 ? 0
                                                  : (size_t)given.budget,
                     .error = error};
    status = explain(&of, picture, text, all);
    if (status == TUWEN_OK)
        *out = &all->shown;
    else
        tuwen_explanation_free(&all->shown);
    return status;
}
