/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's reader of a line of JSON Lines: the first byte is the results' seed, the rest a line. Whatever it is, it is
 * answered with whole lines of JSON, each with an error or without; and what the line said of itself is in each.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "review_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DIMENSION = 12, MAX_ITEMS = 8 };

static const tuwen_model *open_model(void)
{
    static tuwen_model *model;
    if (!model && tuwen_model_open(TUWEN_DEMO, NULL, &model, NULL) != TUWEN_OK)
        abort();
    return model;
}

/* Results as the worker might have them. */
static void compute(struct review_line *line, uint8_t seed)
{
    struct call *call = &line->call;
    if (seed % 5 == 0) {
        review_line_fail(line, TUWEN_CANCELLED, "it ends");
        return;
    }
    call->dimension = DIMENSION;
    call->vectors = calloc(call->count * DIMENSION, sizeof *call->vectors);
    if (!call->vectors)
        abort();
    for (size_t i = 0; i < call->count * DIMENSION; i++)
        call->vectors[i] = sinf((float)(i + seed));
}

struct seen {
    size_t members, given;
};

static void count_member(void *user, const char *name, const char *at, size_t size)
{
    struct seen *seen = user;
    if (size < 3 || *at != '"')
        abort();
    seen->members++;
    seen->given += strcmp(name, "image") != 0;
}

static void check_row(const char *row, size_t size, size_t given)
{
    char why[256];
    struct seen seen = {0, 0};
    value object = line_read(row, size, why, sizeof why);
    if (value_kind(object) != KIND_OBJECT || memchr(row, '\n', size))
        abort();
    line_members(object, row, count_member, &seen);
    if (seen.members < given + 6 || seen.members > given + 7)
        abort();
    document_free(object);
}

static void check_rows(const struct review_line *line, const struct terms *terms, size_t given)
{
    struct buffer rows = {0};
    review_line_write(line, terms, &rows);
    if (rows.failed || rows.size == 0 || rows.data[rows.size - 1] != '\n')
        abort();
    for (const char *at = rows.data, *end; at < rows.data + rows.size; at = end + 1) {
        end = memchr(at, '\n', (size_t)(rows.data + rows.size - at));
        check_row(at, (size_t)(end - at), given);
    }
    buffer_free(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct review_line line = {0};
    struct seen seen = {0, 0};
    if (size < 2 || memchr(data, '\n', size))
        return 0;
    const tuwen_model *model = open_model();
    const struct terms terms = {.language = data[0] & 128 ? TUWEN_CHINESE : TUWEN_ENGLISH,
                                .max_items = MAX_ITEMS,
                                .info = tuwen_model_get_info(model),
                                .space = "0123456789abcdef",
                                .model = model};
    char *copy = malloc(size - 1); /* of its very size, for the sanitizer */
    if (!copy)
        return 0;
    memcpy(copy, data + 1, size - 1);
    review_line_read(&line, copy, size - 1, 2, &terms);
    if (value_kind(line.call.document) == KIND_OBJECT)
        line_members(line.call.document, copy, count_member, &seen);
    free(copy);
    if (review_line_is_open(&line))
        compute(&line, data[0]);
    check_rows(&line, &terms, seen.given);
    review_line_free(&line);
    return 0;
}
