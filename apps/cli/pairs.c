/* SPDX-License-Identifier: Apache-2.0 */
/* Labelled pairs of a whole file, with their vectors. */
#include "pairs.h"

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "interrupt.h"
#include "picture_source.h"
#include "recent.h"
#include "records.h"

enum { TEXTS_AT_ONCE = 64, PICTURES_AT_ONCE = 16, MOST_TOLD = 5 };

#define GROUP_BYTES (64u << 20) /* of pictures */

static const char *item_at(const struct pairs *pairs, const struct pair_items *items, size_t number)
{
    return pairs->bytes.data + items->places[number];
}

/* Makes room for one more. */
static bool grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? 2 * *capacity : 256;
    void *larger = realloc(*array, wanted * size);
    if (!larger)
        return false;
    *array = larger;
    *capacity = wanted;
    return true;
}

/* Reading. */

/* The slot of a text that is there, or the free one where it belongs. */
static size_t slot_of(const struct pairs *pairs, const struct pair_items *items, const char *data, size_t size)
{
    size_t slot = (size_t)recent_sum(data, size) & (items->slot_count - 1);
    while (items->slots[slot] && strcmp(item_at(pairs, items, items->slots[slot] - 1), data) != 0)
        slot = (slot + 1) & (items->slot_count - 1);
    return slot;
}

/* Doubles the table before it is half full. */
static bool make_slots(const struct pairs *pairs, struct pair_items *items)
{
    if (2 * (items->count + 1) < items->slot_count)
        return true;
    size_t wanted = items->slot_count ? 2 * items->slot_count : 1024;
    uint32_t *slots = calloc(wanted, sizeof *slots);
    if (!slots)
        return false;
    free(items->slots);
    items->slots = slots;
    items->slot_count = wanted;
    for (size_t i = 0; i < items->count; i++) {
        const char *data = item_at(pairs, items, i);
        slots[slot_of(pairs, items, data, strlen(data))] = (uint32_t)i + 1;
    }
    return true;
}

/* The number of an item, taken in if it is new; false if memory is short. `data` ends with a NUL. */
static bool number_of(struct pairs *pairs, struct pair_items *items, const char *data, uint32_t *number)
{
    size_t size = strlen(data);
    if (!make_slots(pairs, items))
        return false;
    size_t slot = slot_of(pairs, items, data, size);
    if (!items->slots[slot]) {
        void *places = items->places;
        bool good = grow(&places, &items->capacity, items->count, sizeof *items->places);
        items->places = places;
        uint64_t *rows = good ? realloc(items->rows, items->capacity * sizeof *rows) : NULL;
        items->rows = rows ? rows : items->rows;
        good = rows;
        if (!good || items->count >= UINT32_MAX - 1)
            return false;
        items->rows[items->count] = pairs->rows;
        items->places[items->count++] = pairs->bytes.size;
        items->slots[slot] = (uint32_t)items->count;
        buffer_add(&pairs->bytes, data, size + 1);
    }
    *number = items->slots[slot] - 1;
    return !pairs->bytes.failed;
}

static bool add_own(struct pairs *pairs, uint32_t picture, uint32_t text)
{
    void *own = pairs->own;
    bool good = grow(&own, &pairs->own_capacity, pairs->own_count, sizeof *pairs->own);
    pairs->own = own;
    if (good)
        pairs->own[pairs->own_count++] = (tuwen_right){picture, text};
    return good;
}

static bool add_label(struct pairs *pairs, uint32_t picture, uint32_t text, bool match)
{
    void *labels = pairs->labels;
    bool good = grow(&labels, &pairs->label_capacity, pairs->label_count, sizeof *pairs->labels);
    pairs->labels = labels;
    if (good)
        pairs->labels[pairs->label_count++] = (tuwen_label){picture, text, match};
    return good;
}

/* Tells the first few failures, and of the others only how many there are. */
static void tell(struct pairs *pairs, uint64_t row, const char *name, const char *sentence)
{
    char named[2048];
    pairs->bad_rows++;
    if (pairs->bad_rows > MOST_TOLD)
        return;
    if (name && strncmp(name, sentence, strlen(name)) != 0)
        message_format(named, sizeof named, SAY_INPUT_FAILED, WITH(name, sentence));
    else
        snprintf(named, sizeof named, "%s", sentence);
    complain(SAY_PAIRS_ROW, WITH(input_name(pairs->input), number_text((double)row, 0).text, named));
}

static bool add_record(struct pairs *pairs, const struct record *record)
{
    pairs->rows++;
    if (record->error) {
        tell(pairs, record->number, NULL, record->error);
        return true;
    }
    for (size_t i = 0; i < record->text_count; i++)
        if (memchr(record->texts[i].data, 0, record->texts[i].size)) { /* of JSON; it would be cut there */
            tell(pairs, record->number, NULL, text_of(SAY_RECORD_NUL));
            return true;
        }
    pairs->unsaid += record->label < 0;
    uint32_t picture = 0;
    bool good = number_of(pairs, &pairs->pictures, record->image, &picture);
    for (size_t i = 0; i < record->text_count && good; i++) {
        char *text = strndup(record->texts[i].data, record->texts[i].size);
        uint32_t number = 0;
        good = text && number_of(pairs, &pairs->texts, text, &number);
        if (good && record->label >= 0)
            good = add_label(pairs, picture, number, record->label == 1);
        if (good && record->label != 0) /* of those that are not said, see below */
            good = add_own(pairs, picture, number);
        free(text);
    }
    return good;
}

/* In a file with labels, only what is labelled yes is known to match. */
static void keep_said(struct pairs *pairs)
{
    if (pairs->label_count == 0)
        return;
    pairs->own_count = 0;
    for (size_t i = 0; i < pairs->label_count; i++)
        if (pairs->labels[i].match) /* there is room: each was one of them before */
            pairs->own[pairs->own_count++] = (tuwen_right){pairs->labels[i].picture, pairs->labels[i].text};
}

static int read_all(struct pairs *pairs, struct records *records)
{
    struct record record;
    enum records_result result;
    while ((result = records_next(records, &record)) == RECORDS_ONE) {
        if (!add_record(pairs, &record)) {
            complain(SAY_OUT_OF_MEMORY, NULL);
            return CLI_SOME_FAILED;
        }
    }
    if (result == RECORDS_FAILED) {
        if (interrupt_seen())
            complain(SAY_CANCELLED, NULL);
        return interrupt_seen() ? CLI_CANCELLED : CLI_SOME_FAILED;
    }
    keep_said(pairs);
    pairs->folder = strdup(records_folder(records));
    pairs->languages = calloc(pairs->texts.count + 1, sizeof *pairs->languages);
    if (!pairs->folder || !pairs->languages) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    for (size_t i = 0; i < pairs->texts.count; i++) {
        const char *text = item_at(pairs, &pairs->texts, i);
        pairs->languages[i] = tuwen_text_language(text, strlen(text));
    }
    return CLI_DONE;
}

int pairs_read(struct pairs *pairs, const struct cli *cli, const char *path, bool needs_labels)
{
    const struct options *options = &cli->options;
    const char **columns = calloc(options->item_count + 1, sizeof *columns);
    *pairs = (struct pairs){.input = path};
    if (!columns) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    struct records_options how = {.image_column = options->values[OPTION_IMAGE_COL].text,
                                  .text_columns = columns,
                                  .label_column = options->values[OPTION_LABEL_COL].text,
                                  .labels = needs_labels ? LABELS_NEEDED : LABELS_WANTED,
                                  .no_header = options_given(options, OPTION_NO_HEADER)};
    for (size_t i = 0; i < options->item_count; i++)
        if (options->items[i].option == OPTION_TEXT_COL)
            columns[how.text_column_count++] = options->items[i].text;
    struct records *records = records_open(path, &how);
    int code = records ? read_all(pairs, records) : CLI_SOME_FAILED;
    records_close(records);
    free(columns);
    return code;
}

bool pairs_too_bad(const struct pairs *pairs, const struct cli *cli)
{
    return (double)pairs->bad_rows > cli->options.values[OPTION_MAX_ERRORS].number;
}

/* Computing. */

const char *pairs_instruction(const struct checkpoint *checkpoint, const struct cli *cli)
{
    const struct option_value *instruction = &cli->options.values[OPTION_INSTRUCTION];
    return instruction->given ? instruction->text : checkpoint->info->match_instruction;
}

static void show(enum message message, size_t done, size_t total)
{
    char line[128];
    message_format(line, sizeof line, message,
                   WITH(number_text((double)done, 0).text, number_text((double)total, 0).text));
    progress_show(line);
}

static tuwen_status embed_texts(struct pairs *pairs, struct checkpoint *checkpoint, const char *instruction,
                                tuwen_output *outputs)
{
    struct pair_items *texts = &pairs->texts;
    tuwen_input inputs[TEXTS_AT_ONCE];
    tuwen_status status = TUWEN_OK;
    for (size_t first = 0; first < texts->count && status == TUWEN_OK; first += TEXTS_AT_ONCE) {
        size_t count = texts->count - first < TEXTS_AT_ONCE ? texts->count - first : TEXTS_AT_ONCE;
        for (size_t i = 0; i < count; i++) {
            const char *text = item_at(pairs, texts, first + i);
            inputs[i] = (tuwen_input){.text = text,
                                      .text_size = strlen(text),
                                      .instruction = instruction,
                                      .instruction_size = instruction ? strlen(instruction) : 0};
        }
        show(SAY_PROGRESS_TEXTS, first, texts->count);
        status = checkpoint_embed(checkpoint, inputs, count, texts->vectors + first * pairs->dimension, outputs);
        for (size_t i = 0; status == TUWEN_OK && i < count; i++) {
            texts->good[first + i] = outputs[i].status == TUWEN_OK;
            pairs->truncated += texts->good[first + i] && outputs[i].truncated;
            if (outputs[i].status != TUWEN_OK)
                tell(pairs, texts->rows[first + i], inputs[i].text, outputs[i].message);
        }
    }
    return status;
}

/* A group of pictures on its way. */
struct group {
    struct picture_source sources[PICTURES_AT_ONCE];
    struct bytes files[PICTURES_AT_ONCE];
    tuwen_input inputs[PICTURES_AT_ONCE];
    tuwen_output outputs[PICTURES_AT_ONCE];
    size_t numbers[PICTURES_AT_ONCE];
    size_t count;
};

/* Reads the next pictures that can be read; returns the number of the first that was not taken. */
static size_t load_group(struct pairs *pairs, struct group *group, size_t next, uint64_t limit)
{
    size_t bytes = 0;
    group->count = 0;
    for (; next < pairs->pictures.count && group->count < PICTURES_AT_ONCE && bytes < GROUP_BYTES; next++) {
        struct picture_source *source = &group->sources[group->count];
        struct bytes *file = &group->files[group->count];
        struct input_error error;
        const char *given = item_at(pairs, &pairs->pictures, next);
        *file = (struct bytes){0};
        if (!picture_source_find(source, pairs->folder, given, &error) ||
            !picture_source_read(source, limit, file, &error)) {
            tell(pairs, pairs->pictures.rows[next], given, error.message);
            continue;
        }
        bytes += file->size;
        group->inputs[group->count] =
            (tuwen_input){.picture = file->data, .picture_size = file->size, .name = source->name};
        group->numbers[group->count++] = next;
    }
    return next;
}

static tuwen_status embed_pictures(struct pairs *pairs, struct checkpoint *checkpoint, uint64_t limit,
                                   struct group *group, float *fresh)
{
    struct pair_items *pictures = &pairs->pictures;
    tuwen_status status = TUWEN_OK;
    for (size_t next = 0; next < pictures->count && status == TUWEN_OK;) {
        show(SAY_PROGRESS_PICTURES, next, pictures->count);
        next = load_group(pairs, group, next, limit);
        status = checkpoint_embed(checkpoint, group->inputs, group->count, fresh, group->outputs);
        for (size_t i = 0; i < group->count; i++) {
            size_t number = group->numbers[i];
            bool good = status == TUWEN_OK && group->outputs[i].status == TUWEN_OK;
            pictures->good[number] = good;
            if (good)
                memcpy(pictures->vectors + number * pairs->dimension, fresh + i * pairs->dimension,
                       pairs->dimension * sizeof *fresh);
            else if (status == TUWEN_OK)
                tell(pairs, pictures->rows[number], item_at(pairs, pictures, number), group->outputs[i].message);
            bytes_free(&group->files[i]);
        }
    }
    return status;
}

/* Moves the items that have a vector together; writes where each went to `moved`. */
static void close_gaps(struct pairs *pairs, struct pair_items *items, tuwen_language *languages, uint32_t *moved)
{
    size_t count = 0, dimension = pairs->dimension;
    for (size_t i = 0; i < items->count; i++) {
        moved[i] = (uint32_t)count;
        if (!items->good[i])
            continue;
        memmove(items->vectors + count * dimension, items->vectors + i * dimension, dimension * sizeof(float));
        items->places[count] = items->places[i];
        if (languages)
            languages[count] = languages[i];
        count++;
    }
    items->count = count;
}

/* Leaves out what has no vector. The table that finds items is of no use afterwards. */
static bool drop_failed(struct pairs *pairs)
{
    size_t count = 0;
    uint32_t *pictures = calloc(pairs->pictures.count + 1, sizeof *pictures);
    uint32_t *texts = calloc(pairs->texts.count + 1, sizeof *texts);
    if (!pictures || !texts) {
        free(pictures);
        free(texts);
        return false;
    }
    close_gaps(pairs, &pairs->pictures, NULL, pictures);
    close_gaps(pairs, &pairs->texts, pairs->languages, texts);
    for (size_t i = 0; i < pairs->label_count; i++) {
        const tuwen_label label = pairs->labels[i];
        if (!pairs->pictures.good[label.picture] || !pairs->texts.good[label.text])
            continue;
        *(label.match ? &pairs->yes : &pairs->no) += 1;
        pairs->labels[count++] = (tuwen_label){pictures[label.picture], texts[label.text], label.match};
    }
    pairs->label_count = count;
    count = 0;
    for (size_t i = 0; i < pairs->own_count; i++) {
        const tuwen_right own = pairs->own[i];
        if (pairs->pictures.good[own.query] && pairs->texts.good[own.candidate])
            pairs->own[count++] = (tuwen_right){pictures[own.query], texts[own.candidate]};
    }
    pairs->own_count = count;
    free(pictures);
    free(texts);
    return true;
}

static bool make_room(struct pairs *pairs, struct pair_items *items)
{
    items->vectors = calloc(items->count + 1, pairs->dimension * sizeof *items->vectors);
    items->good = calloc(items->count + 1, sizeof *items->good);
    return items->vectors && items->good;
}

tuwen_status pairs_embed(struct pairs *pairs, struct checkpoint *checkpoint, const struct cli *cli)
{
    pairs->dimension = tuwen_model_dimension(checkpoint->model);
    tuwen_output *outputs = calloc(TEXTS_AT_ONCE, sizeof *outputs);
    struct group *group = calloc(1, sizeof *group);
    float *fresh = calloc(PICTURES_AT_ONCE, pairs->dimension * sizeof *fresh);
    tuwen_status status = TUWEN_OUT_OF_MEMORY;
    if (outputs && group && fresh && make_room(pairs, &pairs->pictures) && make_room(pairs, &pairs->texts))
        status = embed_texts(pairs, checkpoint, pairs_instruction(checkpoint, cli), outputs);
    else
        complain(SAY_OUT_OF_MEMORY, NULL);
    if (status == TUWEN_OK)
        status = embed_pictures(pairs, checkpoint, checkpoint_picture_bytes(&cli->options), group, fresh);
    progress_clear();
    free(outputs);
    free(group);
    free(fresh);
    if (status != TUWEN_OK)
        return status;
    if (!drop_failed(pairs)) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return TUWEN_OUT_OF_MEMORY;
    }
    if (pairs->bad_rows > MOST_TOLD)
        complain(SAY_PAIRS_MORE_BAD, WITH(number_text((double)(pairs->bad_rows - MOST_TOLD), 0).text));
    if (pairs->truncated > 0)
        remark(SAY_PAIRS_TRUNCATED, WITH(TEXTS_TEXT(pairs->truncated).text));
    return TUWEN_OK;
}

int pairs_rounds(size_t count)
{
    const size_t most = 1000, least = 200, work = 20000000;
    size_t rounds = count > 0 ? work / count : most;
    return (int)(rounds > most ? most : rounds < least ? least : rounds);
}

tuwen_vectors pairs_pictures(const struct pairs *pairs)
{
    return (tuwen_vectors){pairs->pictures.vectors, pairs->pictures.count, pairs->dimension};
}

tuwen_vectors pairs_texts(const struct pairs *pairs)
{
    return (tuwen_vectors){pairs->texts.vectors, pairs->texts.count, pairs->dimension};
}

static void free_items(struct pair_items *items)
{
    free(items->places);
    free(items->rows);
    free(items->slots);
    free(items->vectors);
    free(items->good);
}

void pairs_free(struct pairs *pairs)
{
    buffer_free(&pairs->bytes);
    free_items(&pairs->pictures);
    free_items(&pairs->texts);
    free(pairs->languages);
    free(pairs->labels);
    free(pairs->own);
    free(pairs->folder);
    *pairs = (struct pairs){0};
}
