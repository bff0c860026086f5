/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen match`: the computing.
 *
 * A picture or text that fails does not stop the others.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "match.h"
#include "verdict.h"

enum { TEXTS_AT_ONCE = 64 };

struct text match_item_name(const struct match_item *item)
{
    if (item->query)
        return (struct text){item->query->name, strlen(item->query->name)};
    if (!item->image)
        return (struct text){item->text, item->text_size};
    const char *name = input_name(item->image);
    return (struct text){name, strlen(name)};
}

/* Score and band are made for one text that asks and one picture; between two texts, or two pictures, cosines run higher,
 * and of sums nothing is known. So is a profile. */
static bool is_of_profile(const struct match_item *kept, const struct match_item *passing)
{
    return kept->text && !kept->image && passing->image && !passing->text;
}

tuwen_score match_judge(const struct match *match, const struct match_item *kept, const struct match_item *passing,
                        float cosine, double *probability)
{
    const struct judge judge = {match->checkpoint.model, is_of_profile(kept, passing) ? match->profile : NULL};
    const tuwen_profile_pair pair = {cosine, passing->level, kept->level, kept->language};
    return verdict_of_cosine(&judge, &pair, probability);
}

/* What the profile wants to know of a text that is compared with pictures. */
static void place_text(const struct match *match, struct match_item *item, const float *vector)
{
    if (!match->profile || !item->text)
        return;
    item->language = tuwen_text_language(item->text, item->text_size);
    item->level = tuwen_profile_text_level(match->profile, vector);
}

/* Notes why an item has no vector, and prints it. False if memory is short. */
static bool fail(struct match *match, bool is_kept, size_t place, const char *status, const char *message)
{
    struct match_item *item = is_kept ? &match->kept.items[place] : &match->passing.items[place];
    match->some_failed = true;
    item->status = status;
    item->message = strdup(message);
    if (item->message)
        match_report_failed(match, is_kept, place);
    return item->message && match_print_failed(match, is_kept, place);
}

/* The instruction of texts on the side that asks: texts that are matched with pictures, and queries. A text that is fused
 * with its picture has no usual one but the model's own. */
static const char *asking_instruction(const struct match *match, bool is_fused)
{
    const struct option_value *instruction = &match->cli->options.values[OPTION_INSTRUCTION];
    return instruction->given ? instruction->text : is_fused ? NULL : match->checkpoint.info->match_instruction;
}

/* Embeds the texts `first`.. of one chunk of a side. `instruction` may be NULL: the model's own. */
static tuwen_status embed_texts_of(struct match *match, bool is_kept, size_t first, size_t count,
                                   const char *instruction, float *vectors)
{
    struct match_item *items = (is_kept ? &match->kept : &match->passing)->items + first;
    tuwen_input inputs[TEXTS_AT_ONCE] = {{0}};
    for (size_t i = 0; i < count; i++)
        inputs[i] = (tuwen_input){
            .text = items[i].text,
            .text_size = items[i].text_size,
            .instruction = instruction,
            .instruction_size = instruction ? strlen(instruction) : 0,
        };
    tuwen_output *outputs = calloc(count, sizeof *outputs);
    tuwen_status status =
        outputs ? checkpoint_embed(&match->checkpoint, inputs, count, vectors, outputs) : TUWEN_OUT_OF_MEMORY;
    for (size_t i = 0; status == TUWEN_OK && i < count; i++) {
        items[i].truncated = outputs[i].truncated;
        if (outputs[i].status == TUWEN_OK) {
            place_text(match, &items[i], vectors + i * match->dimension);
            continue;
        }
        text_list_complain(&match->texts, items[i].number - 1, outputs[i].message);
        if (!fail(match, is_kept, first + i, tuwen_status_name(outputs[i].status), outputs[i].message))
            status = TUWEN_OUT_OF_MEMORY;
    }
    free(outputs);
    return status;
}

/* The kept side. */

static tuwen_status embed_texts(struct match *match)
{
    tuwen_status status = TUWEN_OK;
    size_t total = match->kept.count;
    double start = seconds_now();
    struct number_text all = number_text((double)total, 0);
    for (size_t first = 0; first < total && status == TUWEN_OK; first += TEXTS_AT_ONCE) {
        size_t count = total - first < TEXTS_AT_ONCE ? total - first : TEXTS_AT_ONCE;
        if (total > TEXTS_AT_ONCE) {
            char line[128];
            message_format(line, sizeof line, SAY_PROGRESS_TEXTS, WITH(number_text((double)first, 0).text, all.text));
            progress_show(line);
        }
        status = embed_texts_of(match, true, first, count, asking_instruction(match, false),
                                match->kept_vectors + first * match->dimension);
    }
    progress_clear();
    if (status == TUWEN_OK && options_given(&match->cli->options, OPTION_VERBOSE))
        complain(SAY_TEXTS_DONE, WITH(all.text, number_text(seconds_now() - start, 2).text));
    return status;
}

static tuwen_status fail_query(struct match *match, size_t place, const char *status, const char *message)
{
    complain(SAY_QUERY_FAILED, WITH(match->queries[place].name, message));
    return fail(match, true, place, status, message) ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
}

/* Embeds one term of a query; the query has failed if the term has no vector. */
static tuwen_status embed_term(struct match *match, size_t place, const struct query_term *term, float *vector)
{
    struct match_item *item = &match->kept.items[place];
    struct bytes bytes = {0};
    struct input_error error;
    tuwen_input input = {.text = term->text, .text_size = term->text ? strlen(term->text) : 0};
    if (term->text)
        input.instruction = asking_instruction(match, term->picture);
    input.instruction_size = input.instruction ? strlen(input.instruction) : 0;
    if (term->picture) {
        if (!input_read_picture(term->picture, checkpoint_picture_bytes(&match->cli->options), &bytes, &error))
            return interrupt_seen() ? TUWEN_CANCELLED : fail_query(match, place, error.status, error.message);
        input.picture = bytes.data;
        input.picture_size = bytes.size;
        input.name = input_name(term->picture);
    }
    tuwen_output output;
    tuwen_status status = checkpoint_embed(&match->checkpoint, &input, 1, vector, &output);
    bytes_free(&bytes);
    if (status != TUWEN_OK)
        return status;
    item->truncated = item->truncated || output.truncated;
    return output.status == TUWEN_OK ? TUWEN_OK
                                     : fail_query(match, place, tuwen_status_name(output.status), output.message);
}

/* Gives a sum of vectors the length 1. False if so little is left of it that its direction is chance. */
static bool give_length(const double *sum, double weights, float *vector, size_t dimension)
{
    double squares = 0;
    for (size_t i = 0; i < dimension; i++)
        squares += sum[i] * sum[i];
    double length = sqrt(squares);
    if (length < 1e-5 * weights)
        return false;
    for (size_t i = 0; i < dimension; i++)
        vector[i] = (float)(sum[i] / length);
    return true;
}

/* The vector of a query: its terms' vectors, each of length 1, times their weights, summed, with length 1 again. `sum` is
 * scratch, [dimension]. */
static tuwen_status embed_query(struct match *match, size_t place, double *sum)
{
    const struct query *query = &match->queries[place].query;
    const struct match_item *item = &match->kept.items[place];
    float *vector = match->kept_vectors + place * match->dimension;
    double weights = 0;
    memset(sum, 0, match->dimension * sizeof *sum);
    for (size_t i = 0; i < query->count; i++) {
        double weight = query->terms[i].weight;
        tuwen_status status = embed_term(match, place, &query->terms[i], vector);
        if (status != TUWEN_OK || item->status)
            return status;
        for (size_t j = 0; j < match->dimension; j++)
            sum[j] += weight * (double)vector[j];
        weights += fabs(weight);
    }
    if (query->count == 1 && query->terms[0].weight > 0) { /* as it is, to the last bit */
        place_text(match, &match->kept.items[place], vector);
        return TUWEN_OK;
    }
    if (give_length(sum, weights, vector, match->dimension))
        return TUWEN_OK;
    return fail_query(match, place, tuwen_status_name(TUWEN_INVALID_ARGUMENT), text_of(SAY_QUERY_ZERO));
}

static tuwen_status embed_queries(struct match *match)
{
    double *sum = calloc(match->dimension, sizeof *sum);
    tuwen_status status = sum ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
    for (size_t i = 0; i < match->query_count && status == TUWEN_OK; i++)
        status = embed_query(match, i, sum);
    free(sum);
    return status;
}

/* The passing side. */

/* Compares a vector with all that are kept, and prints what can be printed already. */
static tuwen_status pass(struct match *match, size_t place, const float *vector, const char *note)
{
    if (match->profile)
        match->passing.items[place].level = tuwen_profile_picture_level(match->profile, vector);
    for (size_t i = 0; i < match->kept.count; i++)
        match->cosines[i] = match->kept.items[i].status
                                ? NAN
                                : tuwen_cosine(vector, match->kept_vectors + i * match->dimension, match->dimension);
    return match_print_passed(match, place, note) ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
}

static tuwen_status fail_picture(struct match *match, size_t place, const char *status, const char *message)
{
    complain_of(input_name(match->passing.items[place].image), message);
    return fail(match, false, place, status, message) ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
}

/* OK when the next picture may follow. */
static tuwen_status pass_picture(struct match *match, size_t place, float *vector)
{
    struct match_item *item = &match->passing.items[place];
    struct bytes bytes;
    struct input_error error;
    double start = seconds_now();
    if (!input_read_picture(item->image, checkpoint_picture_bytes(&match->cli->options), &bytes, &error))
        return interrupt_seen() ? TUWEN_CANCELLED : fail_picture(match, place, error.status, error.message);
    tuwen_input input = {.picture = bytes.data, .picture_size = bytes.size, .name = input_name(item->image)};
    tuwen_output output;
    tuwen_status status = checkpoint_embed(&match->checkpoint, &input, 1, vector, &output);
    if (status == TUWEN_OK && output.status == TUWEN_OK)
        match_report_picture(match, place, &bytes);
    bytes_free(&bytes);
    if (status != TUWEN_OK)
        return status;
    if (output.status != TUWEN_OK)
        return fail_picture(match, place, tuwen_status_name(output.status), output.message);
    char size[64];
    message_format(size, sizeof size, SAY_PICTURE_SIZE,
                   WITH(number_text(output.picture_width, 0).text, number_text(output.picture_height, 0).text));
    if (options_given(&match->cli->options, OPTION_VERBOSE))
        complain(SAY_PICTURE_DONE, WITH(input_name(item->image), size, number_text(output.tokens, 0).text,
                                        number_text(seconds_now() - start, 2).text));
    return pass(match, place, vector, size);
}

static tuwen_status pass_stored(struct match *match, size_t place)
{
    const struct match_item *item = &match->passing.items[place];
    char note[1024];
    message_format(note, sizeof note, SAY_VECTORS_FROM, WITH(input_name(item->from)));
    return interrupt_seen() ? TUWEN_CANCELLED : pass(match, place, item->stored, note);
}

static bool is_text_to_embed(const struct match_item *item)
{
    return !item->image && !item->stored;
}

/* A run of texts among the candidates, which go together; `*count` of them. */
static tuwen_status pass_texts(struct match *match, size_t first, float *vectors, size_t *count)
{
    const struct match_item *items = match->passing.items + first;
    *count = 1;
    while (*count < TEXTS_AT_ONCE && first + *count < match->passing.count && is_text_to_embed(&items[*count]))
        ++*count;
    tuwen_status status = embed_texts_of(match, false, first, *count, NULL, vectors);
    for (size_t i = 0; i < *count && status == TUWEN_OK; i++)
        if (!items[i].status)
            status = pass(match, first + i, vectors + i * match->dimension, "");
    return status;
}

static void show_progress(const struct match *match, size_t at)
{
    if (match->passing.count < 2)
        return;
    const char *image = match->passing.items[at].image;
    char line[1024];
    snprintf(line, sizeof line, "%zu/%zu%s%s", at + 1, match->passing.count, image ? " " : "",
             image ? input_name(image) : "");
    progress_show(line);
}

static tuwen_status pass_all(struct match *match)
{
    float *vectors = calloc(TEXTS_AT_ONCE, match->dimension * sizeof *vectors);
    tuwen_status status = vectors ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
    FILE *stream = match->printer.output.main.stream;
    for (size_t i = 0, count = 1; i < match->passing.count && status == TUWEN_OK && !ferror(stream); i += count) {
        const struct match_item *item = &match->passing.items[i];
        count = 1;
        if (!item->stored)
            show_progress(match, i);
        status = item->stored             ? pass_stored(match, i)
                 : is_text_to_embed(item) ? pass_texts(match, i, vectors, &count)
                                          : pass_picture(match, i, vectors);
    }
    progress_clear();
    free(vectors);
    return status;
}

static bool allocate(struct match *match)
{
    match->dimension = tuwen_model_dimension(match->checkpoint.model);
    match->kept_vectors = calloc(match->kept.count, match->dimension * sizeof *match->kept_vectors);
    match->cosines = calloc(match->kept.count, sizeof *match->cosines);
    return match->kept_vectors && match->cosines;
}

tuwen_status match_compute(struct match *match)
{
    if (!allocate(match))
        return TUWEN_OUT_OF_MEMORY;
    tuwen_status status = match->with_queries ? embed_queries(match) : embed_texts(match);
    return status == TUWEN_OK ? pass_all(match) : status;
}
