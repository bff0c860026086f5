/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows in work of a review: a window of some rows whose texts are computed together and whose pictures go through in
 * small groups. What was computed lately is not computed again. Rows are written in order, each as soon as it is known,
 * so memory depends on the window alone.
 */
#include "review.h"

#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "messages.h"
#include "picture_source.h"
#include "recent.h"
#include "terminal.h"

enum { ROWS = 64, GROUP = 16 };

#define WINDOW_BYTES (32u << 20) /* of rows, after which they are computed */
#define GROUP_BYTES (64u << 20)  /* of pictures */
#define RECENT_BYTES (32u << 20) /* of pictures, and of texts */
#define GROUP_SECONDS 2.0        /* what a group should take */

/* A text or picture of the window. Places are those in `bytes`, which may move. */
struct part {
    size_t at, size; /* the text, or what the row said of the picture, with a NUL behind it */
    bool known;      /* it has a vector, or an error */
    bool truncated;
    const char *status; /* of an error */
    size_t error;
};

struct row {
    size_t begin, begin_size;
    unsigned prefixed;
    const char *status; /* of a record that was bad from the beginning */
    size_t error;
    size_t text, picture; /* among the parts */
    uint64_t offset;      /* of the input behind it */
};

struct review_batch {
    const struct review_work *work;
    size_t dimension, group;
    struct buffer bytes;
    struct row rows[ROWS];
    struct part texts[ROWS], pictures[ROWS];
    size_t row_count, text_count, picture_count, written;
    float *text_vectors, *picture_vectors, *fresh; /* [ROWS][dimension] */
    tuwen_input *inputs;                           /* [ROWS] */
    tuwen_output *outputs;
    size_t places[ROWS];            /* of the inputs among the parts */
    struct picture_source *sources; /* [GROUP] */
    struct bytes files[GROUP];
    struct recent *recent_texts, *recent_pictures;
    struct buffer out;
    uint64_t offset; /* of the input, as far as rows are written */
    uint64_t taken;  /* as far as records were added */
};

static tuwen_status out_of_memory(void)
{
    complain(SAY_OUT_OF_MEMORY, NULL);
    return TUWEN_OUT_OF_MEMORY;
}

/* Adds bytes with a NUL behind them; returns their place. */
static size_t keep(struct review_batch *batch, const char *data, size_t size)
{
    size_t at = batch->bytes.size;
    buffer_add(&batch->bytes, data, size);
    buffer_add(&batch->bytes, "", 1);
    return at;
}

static const char *kept(const struct review_batch *batch, size_t at)
{
    return batch->bytes.data + at;
}

static void fail_part(struct review_batch *batch, struct part *part, const char *status, const char *name,
                      const char *message)
{
    part->known = true;
    part->status = status;
    part->error = batch->bytes.size;
    if (name && strncmp(name, message, strlen(name)) != 0) {
        buffer_text(&batch->bytes, name);
        buffer_text(&batch->bytes, ": ");
    }
    (void)keep(batch, message, strlen(message));
}

/* Writing. */

static void make_result(const struct review_batch *batch, const struct row *row, struct review_result *result)
{
    const struct part *text = &batch->texts[row->text], *picture = &batch->pictures[row->picture];
    const struct part *bad = row->status ? NULL : picture->status ? picture : text->status ? text : NULL;
    *result = (struct review_result){.status = row->status ? row->status : bad ? bad->status : NULL};
    if (result->status) {
        result->status_size = strlen(result->status);
        result->error = kept(batch, bad ? bad->error : row->error);
        return;
    }
    result->truncated = text->truncated || picture->truncated;
    result->verdict = verdict_of_pair(&batch->work->judge, batch->picture_vectors + row->picture * batch->dimension,
                                      batch->text_vectors + row->text * batch->dimension,
                                      tuwen_text_language(kept(batch, text->at), text->size));
}

/* Writes the rows that are known, up to the first that is not. */
static tuwen_status write_rows(struct review_batch *batch)
{
    const struct review_work *work = batch->work;
    const struct review_summary before = *work->summary;
    batch->out.size = 0;
    for (; batch->written < batch->row_count; batch->written++) {
        const struct row *row = &batch->rows[batch->written];
        struct review_result result;
        if (!row->status && !(batch->texts[row->text].known && batch->pictures[row->picture].known))
            break;
        make_result(batch, row, &result);
        buffer_add(&batch->out, kept(batch, row->begin), row->begin_size);
        review_row_end(work->layout, &batch->out, &result, row->prefixed);
        review_summary_add(work->summary, &result);
        batch->offset = row->offset;
    }
    if (batch->out.failed || batch->bytes.failed)
        return out_of_memory();
    if (!review_file_write(work->file, &batch->out)) {
        *work->summary = before; /* the next run finds out how many rows there are */
        return TUWEN_IO;
    }
    review_progress(work->summary, batch->offset, work->input_size);
    return TUWEN_OK;
}

/* Computing. */

/* Embeds `count` of batch->inputs into `vectors`, at the places of their parts. */
static tuwen_status compute(struct review_batch *batch, size_t count, struct part *parts, float *vectors)
{
    tuwen_status status =
        count ? checkpoint_embed(batch->work->checkpoint, batch->inputs, count, batch->fresh, batch->outputs)
              : TUWEN_OK;
    for (size_t i = 0; i < count && status == TUWEN_OK; i++) {
        const tuwen_output *output = &batch->outputs[i];
        struct part *part = &parts[batch->places[i]];
        part->known = true;
        part->truncated = output->truncated;
        if (output->status != TUWEN_OK)
            fail_part(batch, part, tuwen_status_name(output->status), batch->inputs[i].name, output->message);
        else
            memcpy(vectors + batch->places[i] * batch->dimension, batch->fresh + i * batch->dimension,
                   batch->dimension * sizeof *vectors);
    }
    return status;
}

static void take_recent(const struct review_batch *batch, struct part *part, float *vector,
                        const struct recent_item *item)
{
    part->known = true;
    part->truncated = item->truncated;
    memcpy(vector, item->vector, batch->dimension * sizeof *vector);
}

static const char *instruction_of(const struct review_work *work)
{
    const struct option_value *given = &work->options->values[OPTION_INSTRUCTION];
    return given->given ? given->text : work->checkpoint->info->match_instruction;
}

static tuwen_status compute_texts(struct review_batch *batch)
{
    const char *instruction = instruction_of(batch->work);
    size_t count = 0;
    for (size_t i = 0; i < batch->text_count; i++) {
        struct part *part = &batch->texts[i];
        struct recent_item item;
        const char *text = kept(batch, part->at);
        if (recent_find(batch->recent_texts, text, part->size, &item)) {
            take_recent(batch, part, batch->text_vectors + i * batch->dimension, &item);
            batch->work->summary->texts_again++;
            continue;
        }
        batch->places[count] = i;
        batch->inputs[count++] = (tuwen_input){.text = text,
                                               .text_size = part->size,
                                               .instruction = instruction,
                                               .instruction_size = instruction ? strlen(instruction) : 0};
    }
    tuwen_status status = compute(batch, count, batch->texts, batch->text_vectors);
    for (size_t i = 0; i < count && status == TUWEN_OK; i++) {
        const struct part *part = &batch->texts[batch->places[i]];
        const struct recent_item item = {.vector = batch->fresh + i * batch->dimension, .truncated = part->truncated};
        batch->work->summary->texts_new++;
        if (!part->status)
            recent_add(batch->recent_texts, kept(batch, part->at), part->size, &item);
    }
    return status;
}

/* What stands for the bytes of a file among the recent pictures: two that differ may share it, so they are compared. */
struct content_key {
    uint64_t sum, size;
};

static bool is_same_file(const char *path, const struct bytes *bytes)
{
    struct bytes other;
    struct input_error error;
    if (!input_read_limited(path, bytes->size, &other, &error))
        return false;
    bool same = other.size == bytes->size && memcmp(other.data, bytes->data, other.size) == 0;
    bytes_free(&other);
    return same;
}

static bool find_content(struct review_batch *batch, const struct bytes *bytes, struct recent_item *item)
{
    const struct content_key key = {recent_sum(bytes->data, bytes->size), bytes->size};
    return recent_find(batch->recent_pictures, &key, sizeof key, item) && item->note &&
           is_same_file(item->note, bytes);
}

/* Keeps a picture by what tells its file, and by its bytes; a URL by itself. */
static void remember_picture(struct review_batch *batch, const struct picture_source *source,
                             const struct bytes *bytes, const struct recent_item *item)
{
    if (source->kind != PICTURE_FILE)
        recent_add(batch->recent_pictures, source->given, strlen(source->given), item);
    if (source->kind != PICTURE_FILE)
        return;
    recent_add(batch->recent_pictures, source->key, source->key_size, item);
    struct recent_item with_path = *item;
    const struct content_key key = {recent_sum(bytes->data, bytes->size), bytes->size};
    with_path.note = source->path;
    recent_add(batch->recent_pictures, &key, sizeof key, &with_path);
}

/* Finds a picture among the recent ones, or reads its file; an error becomes the part's. */
static void load_picture(struct review_batch *batch, struct part *part, float *vector, struct picture_source *source,
                         struct bytes *bytes)
{
    struct input_error error;
    struct recent_item item;
    *bytes = (struct bytes){0};
    const char *given = kept(batch, part->at);
    if (!picture_source_find(source, batch->work->folder, given, &error)) {
        fail_part(batch, part, error.status, NULL, error.message);
        return;
    }
    bool found =
        source->kind != PICTURE_FILE
            ? recent_find(batch->recent_pictures, given, part->size, &item)
            : source->key_size > 0 && recent_find(batch->recent_pictures, source->key, source->key_size, &item);
    if (!found) {
        const struct options *options = batch->work->options;
        bool fetch = source->kind == PICTURE_NETWORK && options_given(options, OPTION_REVIEW_FETCH);
        if (!(fetch ? picture_source_fetch : picture_source_read)(source, checkpoint_picture_bytes(options), bytes,
                                                                  &error)) {
            fail_part(batch, part, error.status, NULL, error.message);
            return;
        }
        found = find_content(batch, bytes, &item);
    }
    if (!found)
        return;
    take_recent(batch, part, vector, &item);
    batch->work->summary->pictures_again++;
    bytes_free(bytes);
}

/* Computes the pictures that were loaded, and lets their files go. */
static tuwen_status compute_group(struct review_batch *batch, size_t count)
{
    double start = seconds_now();
    tuwen_status status = compute(batch, count, batch->pictures, batch->picture_vectors);
    for (size_t i = 0; i < count; i++) {
        const struct part *part = &batch->pictures[batch->places[i]];
        const struct recent_item item = {.vector = batch->fresh + i * batch->dimension, .truncated = part->truncated};
        if (status == TUWEN_OK)
            batch->work->summary->pictures_new++;
        batch->sources[i].given = kept(batch, part->at); /* it may have moved */
        if (status == TUWEN_OK && !part->status)
            remember_picture(batch, &batch->sources[i], &batch->files[i], &item);
        bytes_free(&batch->files[i]);
    }
    double each = count ? (seconds_now() - start) / (double)count : 1;
    batch->group = each * GROUP <= GROUP_SECONDS ? GROUP : each >= GROUP_SECONDS ? 1 : (size_t)(GROUP_SECONDS / each);
    return status;
}

static tuwen_status compute_pictures(struct review_batch *batch)
{
    size_t next = 0;
    tuwen_status status = write_rows(batch);
    while (next < batch->picture_count && status == TUWEN_OK) {
        size_t count = 0, bytes = 0;
        for (; next < batch->picture_count && count < batch->group && bytes < GROUP_BYTES && !interrupt_seen();
             next++) {
            struct part *part = &batch->pictures[next];
            struct picture_source *source = &batch->sources[count];
            load_picture(batch, part, batch->picture_vectors + next * batch->dimension, source, &batch->files[count]);
            if (part->known)
                continue;
            bytes += batch->files[count].size;
            batch->places[count] = next;
            batch->inputs[count] = (tuwen_input){
                .picture = batch->files[count].data, .picture_size = batch->files[count].size, .name = source->name};
            count++;
        }
        status = interrupt_seen() ? TUWEN_CANCELLED : TUWEN_OK;
        if (status == TUWEN_OK) {
            status = compute_group(batch, count);
        } else {
            for (size_t i = 0; i < count; i++)
                bytes_free(&batch->files[i]);
        }
        if (status == TUWEN_OK)
            status = write_rows(batch);
    }
    return status;
}

tuwen_status review_batch_finish(struct review_batch *batch)
{
    if (batch->row_count == 0)
        return TUWEN_OK;
    review_progress(batch->work->summary, batch->offset, batch->work->input_size);
    tuwen_status status = batch->bytes.failed ? out_of_memory() : compute_texts(batch);
    if (status == TUWEN_OK)
        status = compute_pictures(batch);
    batch->row_count = batch->text_count = batch->picture_count = batch->written = 0;
    batch->bytes.size = 0;
    return status;
}

/* Taking rows. */

/* The part with these bytes, made if there is none; `*again` counts those that were there. */
static size_t find_part(struct review_batch *batch, struct part *parts, size_t *count, const char *data, size_t size,
                        uint64_t *again)
{
    for (size_t i = 0; i < *count; i++)
        if (parts[i].size == size && memcmp(kept(batch, parts[i].at), data, size) == 0) {
            ++*again;
            return i;
        }
    parts[*count] = (struct part){.at = keep(batch, data, size), .size = size};
    return (*count)++;
}

static void add_row(struct review_batch *batch, const struct record *record, const struct text *text,
                    const struct buffer *begin, uint64_t offset)
{
    struct review_summary *summary = batch->work->summary;
    struct row *row = &batch->rows[batch->row_count++];
    *row = (struct row){
        .begin_size = begin->size, .prefixed = review_prefixed(batch->work->layout, record), .offset = offset};
    row->begin = keep(batch, begin->data, begin->size);
    if (record->error) {
        row->status = record->status;
        row->error = keep(batch, record->error, strlen(record->error));
        return;
    }
    row->text = find_part(batch, batch->texts, &batch->text_count, text->data, text->size, &summary->texts_again);
    row->picture = find_part(batch, batch->pictures, &batch->picture_count, record->image, strlen(record->image),
                             &summary->pictures_again);
}

/* Takes a row: from the earlier run, or as one to compute. `offset`: of the input, once it is written. */
static tuwen_status take_row(struct review_batch *batch, const struct record *record, const struct text *text,
                             uint64_t offset)
{
    const struct review_work *work = batch->work;
    struct buffer *begin = &batch->out;
    begin->size = 0;
    review_row_begin(work->layout, begin, record, text);
    if (begin->failed)
        return out_of_memory();
    if (review_file_has_rows(work->file)) {
        struct buffer end = {0};
        struct review_result result;
        const struct review_place place = {record->number, work->layout->delimiter};
        enum review_take take = review_file_take(work->file, &place, begin->data, begin->size, &end);
        bool good = take == TAKEN && review_row_read(work->layout, end.data, end.size, &result);
        if (good) {
            review_summary_add(work->summary, &result);
            work->summary->earlier_rows++;
            batch->offset = offset;
        } else if (take == TAKEN) {
            review_file_say_other(work->file);
        }
        buffer_free(&end);
        if (take != NOT_THERE)
            return good ? TUWEN_OK : TUWEN_INVALID_ARGUMENT;
    }
    add_row(batch, record, text, begin, offset);
    return batch->row_count < ROWS && batch->bytes.size < WINDOW_BYTES ? TUWEN_OK : review_batch_finish(batch);
}

tuwen_status review_batch_add(struct review_batch *batch, const struct record *record)
{
    if (record->error)
        return take_row(batch, record, NULL, batch->taken = record->offset);
    tuwen_status status = TUWEN_OK;
    const uint64_t before = batch->taken;
    batch->taken = record->offset;
    for (size_t i = 0; i < record->text_count && status == TUWEN_OK; i++)
        status = take_row(batch, record, &record->texts[i], i + 1 < record->text_count ? before : record->offset);
    return status;
}

struct review_batch *review_batch_open(const struct review_work *work)
{
    struct review_batch *batch = calloc(1, sizeof *batch);
    if (!batch) {
        out_of_memory();
        return NULL;
    }
    batch->work = work;
    batch->group = 1;
    batch->dimension = tuwen_model_dimension(work->checkpoint->model);
    batch->text_vectors = calloc(ROWS, batch->dimension * sizeof(float));
    batch->picture_vectors = calloc(ROWS, batch->dimension * sizeof(float));
    batch->fresh = calloc(ROWS, batch->dimension * sizeof(float));
    batch->inputs = calloc(ROWS, sizeof *batch->inputs);
    batch->outputs = calloc(ROWS, sizeof *batch->outputs);
    batch->sources = calloc(GROUP, sizeof *batch->sources);
    batch->recent_texts = recent_open(batch->dimension, RECENT_BYTES);
    batch->recent_pictures = recent_open(batch->dimension, RECENT_BYTES);
    if (batch->text_vectors && batch->picture_vectors && batch->fresh && batch->inputs && batch->outputs &&
        batch->sources && batch->recent_texts && batch->recent_pictures)
        return batch;
    out_of_memory();
    review_batch_close(batch);
    return NULL;
}

void review_batch_close(struct review_batch *batch)
{
    if (!batch)
        return;
    recent_close(batch->recent_texts);
    recent_close(batch->recent_pictures);
    buffer_free(&batch->bytes);
    buffer_free(&batch->out);
    free(batch->text_vectors);
    free(batch->picture_vectors);
    free(batch->fresh);
    free(batch->inputs);
    free(batch->outputs);
    free(batch->sources);
    free(batch);
}
