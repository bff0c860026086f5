/* SPDX-License-Identifier: Apache-2.0 */
/* The vector cache: keys of inputs, and embedding with what is there already. The file is cache_file.h's. */
#include "tuwen/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "index/cache_file.h"

/* Inputs looked up, computed and stored at a time: enough for full batches, and what was done is kept if the rest fails. */
#define AT_ONCE 256
#define KEY_TEXT "tuwen cache 1"

struct tuwen_cache {
    tw_cache_file file;
    uint64_t found, computed;
};

typedef enum slot_state {
    SLOT_MISSING,
    SLOT_FOUND,
    SLOT_TWIN, /* of an input before it that is missing as well */
    SLOT_LOST  /* has no key: it will fail */
} slot_state;

/* One input of a chunk. */
typedef struct slot {
    unsigned char key[TW_SHA256_SIZE];
    slot_state state;
    size_t place; /* of its vector among those that are computed; a twin's is the other's */
} slot;

/* A chunk on its way, and room that all chunks share. */
typedef struct work {
    tuwen_cache *cache;
    tuwen_session *session;
    tw_cache_owner owner;
    slot *slots;             /* [room] */
    const slot **sorted;     /* [room], the missing ones by key */
    tuwen_input *inputs;     /* [room], the missing ones */
    tuwen_output *outputs;   /* [room], of them */
    tw_cache_entry *entries; /* [room], of the good ones */
    size_t room, missing;
    float *vectors; /* [vector_room], of the missing ones */
    size_t vector_room;
} work;

/* ---- opening -------------------------------------------------------------------------------------------------- */

tuwen_status tuwen_cache_open(const char *path, const tuwen_cache_options *options, tuwen_cache **out,
                              tuwen_error *error)
{
    if (!out)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "cache");
    *out = NULL;
    if (!path || !*path)
        return tw_fail(error, TUWEN_INVALID_ARGUMENT, "%s is NULL", "path");
    const tuwen_cache_options defaults = {.language = error ? error->language : TUWEN_ENGLISH};
    tuwen_cache *cache = tw_alloc_zero(1, sizeof *cache);
    if (!cache)
        return tw_fail_memory(error, path);
    tuwen_status status = tw_cache_file_open(path, options ? options : &defaults, &cache->file, error);
    if (status != TUWEN_OK) {
        tuwen_cache_close(cache);
        return status;
    }
    *out = cache;
    return TUWEN_OK;
}

void tuwen_cache_close(tuwen_cache *cache)
{
    if (!cache)
        return;
    tw_cache_file_close(&cache->file);
    tw_free(cache);
}

/* ---- keys ----------------------------------------------------------------------------------------------------- */

/* A field with its size, so that no two sequences of fields are the same bytes; absent and empty are two things. */
static void add_field(tw_digest *digest, const void *data, size_t size)
{
    unsigned char head[9] = {data != NULL};
    for (size_t i = 0; data && i < 8; i++)
        head[1 + i] = (unsigned char)((uint64_t)size >> 8 * i & 0xff);
    tw_digest_add(digest, head, sizeof head);
    tw_digest_add(digest, data, data ? size : 0);
}

static void make_key(const char *exact, const tuwen_input *input, unsigned char key[TW_SHA256_SIZE])
{
    tw_digest digest;
    tw_digest_open(&digest, TW_SHA256);
    tw_digest_add(&digest, KEY_TEXT, sizeof KEY_TEXT);
    tw_digest_add(&digest, exact, strlen(exact) + 1);
    add_field(&digest, input->instruction, input->instruction_size);
    add_field(&digest, input->text, input->text_size);
    add_field(&digest, input->picture, input->picture_size);
    tw_digest_bytes(&digest, key);
}

/* ---- a chunk -------------------------------------------------------------------------------------------------- */

/* Whether the session would take such a picture today: its limits are no part of the key. */
static bool within_limits(const work *of, const tuwen_input *input, const tw_cache_facts *facts)
{
    const tuwen_session_options *options = tuwen_session_get_options(of->session);
    return !input->picture || (input->picture_size <= options->max_picture_bytes &&
                               (uint64_t)facts->width * (uint64_t)facts->height <= options->max_picture_pixels);
}

static void look_up(work *of, const tuwen_input *input, slot *at, float *vector, tuwen_output *output)
{
    tw_cache_facts facts;
    at->state = input->text || input->picture ? SLOT_MISSING : SLOT_LOST;
    if (at->state == SLOT_LOST)
        return;
    make_key(of->owner.exact, input, at->key);
    if (!tw_cache_file_find(&of->cache->file, at->key, vector, of->owner.dimension, &facts) ||
        !within_limits(of, input, &facts))
        return;
    at->state = SLOT_FOUND;
    if (output)
        *output = (tuwen_output){.truncated = facts.truncated != 0,
                                 .tokens = facts.tokens,
                                 .image_tokens = facts.image_tokens,
                                 .picture_width = facts.width,
                                 .picture_height = facts.height};
}

/* By key, and of equal keys the earlier input first. */
static int compare_slots(const void *a, const void *b)
{
    const slot *left = *(const slot *const *)a, *right = *(const slot *const *)b;
    int order = memcmp(left->key, right->key, TW_SHA256_SIZE);
    return order != 0 ? order : (left > right) - (left < right);
}

/* Finds twins among the missing, and gathers the others to be computed. */
static void gather(work *of, const tuwen_input *inputs, size_t count)
{
    size_t sorted = 0;
    for (size_t i = 0; i < count; i++)
        if (of->slots[i].state == SLOT_MISSING)
            of->sorted[sorted++] = &of->slots[i];
    if (sorted > 1)
        qsort(of->sorted, sorted, sizeof *of->sorted, compare_slots);
    for (size_t i = 1; i < sorted; i++)
        if (memcmp(of->sorted[i - 1]->key, of->sorted[i]->key, TW_SHA256_SIZE) == 0)
            of->slots[of->sorted[i] - of->slots].state = SLOT_TWIN;
    of->missing = 0;
    for (size_t i = 0; i < count; i++)
        if (of->slots[i].state == SLOT_MISSING || of->slots[i].state == SLOT_LOST) {
            of->inputs[of->missing] = inputs[i];
            of->slots[i].place = of->missing++;
        }
    size_t place = 0; /* the first of equal keys has one */
    for (size_t i = 0; i < sorted; i++) {
        if (of->sorted[i]->state == SLOT_MISSING)
            place = of->sorted[i]->place;
        of->slots[of->sorted[i] - of->slots].place = place;
    }
}

/* Computes the missing ones. */
static tuwen_status compute(work *of, tuwen_error *error)
{
    size_t needed = of->missing * of->owner.dimension;
    if (!of->vectors || needed > of->vector_room) {
        tw_free(of->vectors);
        of->vectors = tw_alloc(needed, sizeof *of->vectors);
        of->vector_room = of->vectors ? needed : 0;
        if (!of->vectors)
            return tw_fail_memory(error, "a batch");
    }
    return tuwen_embed(of->session, of->inputs, of->missing, of->vectors, of->outputs, error);
}

/* Puts what was computed in its places, and stores it. */
static void hand_out(work *of, size_t count, float *vectors, tuwen_output *outputs)
{
    size_t dimension = of->owner.dimension, entries = 0;
    for (size_t i = 0; i < count; i++) {
        const slot *at = &of->slots[i];
        if (at->state == SLOT_FOUND)
            continue;
        const tuwen_output *output = &of->outputs[at->place];
        const float *vector = of->vectors + at->place * dimension;
        memcpy(vectors + i * dimension, vector, dimension * sizeof *vector);
        if (outputs)
            outputs[i] = *output;
        if (at->state == SLOT_MISSING && output->status == TUWEN_OK)
            of->entries[entries++] = (tw_cache_entry){
                .key = at->key,
                .vector = vector,
                .facts = {.tokens = output->tokens,
                          .image_tokens = output->image_tokens,
                          .width = output->picture_width,
                          .height = output->picture_height,
                          .truncated = output->truncated},
            };
    }
    tw_cache_file_store(&of->cache->file, &of->owner, of->entries, entries);
}

static bool same_name(const tuwen_input *a, const tuwen_input *b)
{
    return a->name == b->name || (a->name && b->name && strcmp(a->name, b->name) == 0);
}

/* A failure's sentence names its input, so what equals one that failed and has another name fails by itself. */
static tuwen_status fail_twins(work *of, const tuwen_input *inputs, size_t count, float *vectors,
                               tuwen_output *outputs, tuwen_error *error)
{
    tuwen_status status = TUWEN_OK;
    for (size_t i = 0; i < count && status == TUWEN_OK; i++) {
        const slot *at = &of->slots[i];
        if (at->state == SLOT_TWIN && outputs[i].status != TUWEN_OK && !same_name(&inputs[i], &of->inputs[at->place]))
            status = tuwen_embed(of->session, &inputs[i], 1, vectors + i * of->owner.dimension, &outputs[i], error);
    }
    return status;
}

/* Without outputs the first bad input ends the call. */
static tuwen_status first_failure(const work *of, size_t count, tuwen_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (of->slots[i].state == SLOT_FOUND)
            continue; /* it has no place */
        const tuwen_output *output = &of->outputs[of->slots[i].place];
        if (output->status == TUWEN_OK)
            continue;
        if (error) {
            error->status = output->status;
            memcpy(error->message, output->message, sizeof error->message);
        }
        return output->status;
    }
    return TUWEN_OK;
}

static tuwen_status embed_chunk(work *of, const tuwen_input *inputs, size_t count, float *vectors,
                                tuwen_output *outputs, tuwen_error *error)
{
    for (size_t i = 0; i < count; i++)
        look_up(of, &inputs[i], &of->slots[i], vectors + i * of->owner.dimension, outputs ? &outputs[i] : NULL);
    gather(of, inputs, count);
    if (of->missing > 0) {
        tuwen_status status = compute(of, error);
        if (status != TUWEN_OK)
            return status;
        hand_out(of, count, vectors, outputs);
        status = outputs ? fail_twins(of, inputs, count, vectors, outputs, error) : TUWEN_OK;
        if (status != TUWEN_OK)
            return status;
    } else {
        tw_cache_file_store(&of->cache->file, &of->owner, NULL, 0); /* what was used */
    }
    for (size_t i = 0; i < count; i++)
        of->cache->found += of->slots[i].state == SLOT_FOUND;
    of->cache->computed += of->missing;
    return outputs ? TUWEN_OK : first_failure(of, count, error);
}

/* ---- a call --------------------------------------------------------------------------------------------------- */

static bool open_work(work *of, tuwen_cache *cache, tuwen_session *session, size_t count)
{
    const tuwen_model *model = tuwen_session_get_model(session);
    *of = (work){.cache = cache,
                 .session = session,
                 .owner = {.exact = tuwen_session_exact_fingerprint(session),
                           .fingerprint = tuwen_session_fingerprint(session),
                           .model = tuwen_model_get_info(model)->name,
                           .dimension = tuwen_model_dimension(model)},
                 .room = count < AT_ONCE ? count : AT_ONCE};
    of->slots = tw_alloc(of->room, sizeof *of->slots);
    of->sorted = tw_alloc(of->room, sizeof *of->sorted);
    of->inputs = tw_alloc(of->room, sizeof *of->inputs);
    of->outputs = tw_alloc(of->room, sizeof *of->outputs);
    of->entries = tw_alloc(of->room, sizeof *of->entries);
    return of->slots && of->sorted && of->inputs && of->outputs && of->entries;
}

static void close_work(work *of)
{
    tw_free(of->slots);
    tw_free(of->sorted);
    tw_free(of->inputs);
    tw_free(of->outputs);
    tw_free(of->entries);
    tw_free(of->vectors);
}

tuwen_status tuwen_cache_embed(tuwen_cache *cache, tuwen_session *session, const tuwen_input *inputs, size_t count,
                               float *vectors, tuwen_output *outputs, tuwen_error *error)
{
    bool usable = cache && session && inputs && vectors && count > 0 &&
                  count <= SIZE_MAX / sizeof *vectors / tuwen_model_dimension(tuwen_session_get_model(session));
    if (!usable)
        return tuwen_embed(session, inputs, count, vectors, outputs, error);
    work of;
    if (!open_work(&of, cache, session, count)) {
        close_work(&of);
        return tw_fail_memory(error, "a batch");
    }
    tuwen_status status = TUWEN_OK;
    for (size_t first = 0; first < count && status == TUWEN_OK; first += of.room) {
        size_t left = count - first;
        status = embed_chunk(&of, inputs + first, left < of.room ? left : of.room,
                             vectors + first * of.owner.dimension, outputs ? outputs + first : NULL, error);
    }
    close_work(&of);
    return status;
}

/* ---- what is in it -------------------------------------------------------------------------------------------- */

void tuwen_cache_count(const tuwen_cache *cache, uint64_t *found, uint64_t *computed)
{
    *found = cache ? cache->found : 0;
    *computed = cache ? cache->computed : 0;
}

tuwen_status tuwen_cache_get_info(tuwen_cache *cache, tuwen_cache_info *info, tuwen_error *error)
{
    const tw_cache_file *file = &cache->file;
    int64_t entries = 0;
    if (!file->database)
        return tw_cache_file_fail(file, TW_ANSWER_FIXED, error);
    tw_answer answer = tw_database_number(file->database, "SELECT count(*) FROM vectors", &entries);
    if (answer != TW_ANSWER_DONE)
        return tw_cache_file_fail(file, answer, error);
    *info = (tuwen_cache_info){.path = file->path,
                               .bytes = tw_cache_file_bytes(file),
                               .max_bytes = file->options.max_bytes,
                               .entries = (uint64_t)entries,
                               .set_aside = tw_cache_file_damaged_bytes(file),
                               .found = cache->found,
                               .computed = cache->computed};
    return TUWEN_OK;
}

tuwen_status tuwen_cache_get_spaces(tuwen_cache *cache, tuwen_cache_space *spaces, size_t capacity, size_t *count,
                                    tuwen_error *error)
{
    const tw_cache_file *file = &cache->file;
    tw_statement *rows;
    *count = 0;
    if (!file->database)
        return tw_cache_file_fail(file, TW_ANSWER_FIXED, error);
    tw_answer answer = tw_statement_open(
        file->database,
        "SELECT fingerprint, model, dimension, sum(entries), max(latest) FROM spaces JOIN (SELECT "
        "space, count(*) AS entries, max(used) AS latest FROM vectors GROUP BY space) ON space = id "
        "GROUP BY fingerprint, model, dimension ORDER BY 5 DESC, 1",
        &rows);
    while (answer == TW_ANSWER_DONE && (answer = tw_statement_step(rows)) == TW_ANSWER_ROW) {
        if (*count < capacity) {
            tuwen_cache_space *space = &spaces[*count];
            *space = (tuwen_cache_space){.dimension = (int)tw_statement_number(rows, 2),
                                         .entries = (uint64_t)tw_statement_number(rows, 3),
                                         .last_used = tw_statement_number(rows, 4)};
            (void)snprintf(space->fingerprint, sizeof space->fingerprint, "%s", tw_statement_text(rows, 0));
            (void)snprintf(space->model, sizeof space->model, "%s", tw_statement_text(rows, 1));
        }
        ++*count;
        answer = TW_ANSWER_DONE;
    }
    tw_statement_close(rows);
    return answer == TW_ANSWER_DONE ? TUWEN_OK : tw_cache_file_fail(file, answer, error);
}

tuwen_status tuwen_cache_trim(tuwen_cache *cache, uint64_t max_bytes, tuwen_error *error)
{
    return tw_cache_file_shrink(&cache->file, max_bytes, error);
}

tuwen_status tuwen_cache_clear(tuwen_cache *cache, tuwen_error *error)
{
    tuwen_status status = tw_cache_file_shrink(&cache->file, 0, error);
    return status == TUWEN_OK ? tw_cache_file_remove_damaged(&cache->file, error) : status;
}
