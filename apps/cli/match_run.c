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

enum { TEXTS_AT_ONCE = 64 };

struct text match_item_name(const struct match_item *item)
{
    if (!item->image)
        return (struct text){item->text, item->text_size};
    const char *name = input_name(item->image);
    return (struct text){name, strlen(name)};
}

/* Notes why an item has no vector, and prints it. False if memory is short. */
static bool fail(struct match *match, bool is_kept, size_t place, const char *status, const char *message)
{
    struct match_item *item = is_kept ? &match->kept.items[place] : &match->passing.items[place];
    match->some_failed = true;
    item->status = status;
    item->message = strdup(message);
    return item->message && match_print_failed(match, is_kept, place);
}

/* The kept side. */

static bool fail_text(struct match *match, size_t place, const tuwen_output *output)
{
    complain(SAY_TEXT_FAILED, WITH(number_text((double)(place + 1), 0).text, output->message));
    return fail(match, true, place, tuwen_status_name(output->status), output->message);
}

/* Embeds the texts `first`.. of one chunk. */
static tuwen_status embed_chunk(struct match *match, size_t first, size_t count, tuwen_output *outputs)
{
    const struct option_value *instruction = &match->cli->options.values[OPTION_INSTRUCTION];
    const char *system = instruction->given ? instruction->text : match->checkpoint.info->match_instruction;
    size_t size = system ? strlen(system) : 0;
    tuwen_input inputs[TEXTS_AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        const struct match_item *item = &match->kept.items[first + i];
        inputs[i] = (tuwen_input){
            .text = item->text, .text_size = item->text_size, .instruction = system, .instruction_size = size};
    }
    tuwen_status status =
        checkpoint_embed(&match->checkpoint, inputs, count, match->kept_vectors + first * match->dimension, outputs);
    for (size_t i = 0; status == TUWEN_OK && i < count; i++) {
        match->kept.items[first + i].truncated = outputs[i].truncated;
        if (outputs[i].status != TUWEN_OK && !fail_text(match, first + i, &outputs[i]))
            status = TUWEN_OUT_OF_MEMORY;
    }
    return status;
}

static tuwen_status embed_texts(struct match *match)
{
    tuwen_output *outputs = calloc(TEXTS_AT_ONCE, sizeof *outputs);
    tuwen_status status = outputs ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
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
        status = embed_chunk(match, first, count, outputs);
    }
    progress_clear();
    if (status == TUWEN_OK && options_given(&match->cli->options, OPTION_VERBOSE))
        complain(SAY_TEXTS_DONE, WITH(all.text, number_text(seconds_now() - start, 2).text));
    free(outputs);
    return status;
}

/* The passing side. */

/* Compares a vector with all that are kept, and prints what can be printed already. */
static tuwen_status pass(struct match *match, size_t place, const float *vector, const char *note)
{
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

static void show_progress(const struct match *match, size_t at)
{
    if (match->passing.count < 2)
        return;
    char line[1024];
    snprintf(line, sizeof line, "%zu/%zu %s", at + 1, match->passing.count,
             input_name(match->passing.items[at].image));
    progress_show(line);
}

static tuwen_status pass_all(struct match *match)
{
    float *vector = calloc(match->dimension, sizeof *vector);
    tuwen_status status = vector ? TUWEN_OK : TUWEN_OUT_OF_MEMORY;
    const FILE *stream = match->printer.output.main.stream;
    for (size_t i = 0; i < match->passing.count && status == TUWEN_OK && !ferror((FILE *)stream); i++) {
        if (match->passing.items[i].stored) {
            status = pass_stored(match, i);
        } else {
            show_progress(match, i);
            status = pass_picture(match, i, vector);
        }
    }
    progress_clear();
    free(vector);
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
    tuwen_status status = embed_texts(match);
    return status == TUWEN_OK ? pass_all(match) : status;
}
