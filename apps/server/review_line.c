/* SPDX-License-Identifier: Apache-2.0 */
/* A line of /v1/review: an object into a call, and what became of it into the lines that answer it. */
#include "review_line.h"

#include <string.h>
#include <strings.h>

#include "dialect.h"

static const char *const names[ADDED] = {"text", "cosine", "score", "match", "band", "truncated", "error"};

static const char prefix[] = "tuwen_";

/* In front of an added name, as `tuwen review` has it. */
enum { MOST_PREFIXES = 15 };

/* ---- reading ---- */

static tuwen_status status_of(enum refusal_id id)
{
    switch (id) {
    case REFUSE_OUT_OF_MEMORY:
        return TUWEN_OUT_OF_MEMORY;
    case REFUSE_LINE_TOO_LARGE:
    case REFUSE_TOO_MANY:
    case REFUSE_NO_ROOM:
        return TUWEN_LIMIT;
    default:
        return TUWEN_INVALID_ARGUMENT;
    }
}

void review_line_refuse(struct review_line *line, enum refusal_id id, const char *const *arguments,
                        const struct terms *terms)
{
    refuse(&line->refusal, terms->language, id, NULL, arguments);
    line->status = status_of(line->refusal.id);
}

struct reading {
    struct review_line *line;
    unsigned taken[ADDED]; /* bit k: the name with k prefixes is a member of the input */
};

static void take_member(void *user, const char *name, const char *at, size_t size)
{
    struct reading *reading = user;
    unsigned prefixes = 0;
    if (strcmp(name, "image") == 0)
        return;
    buffer_add(&reading->line->members, at, size);
    buffer_text(&reading->line->members, ",");
    for (; strncasecmp(name, prefix, strlen(prefix)) == 0; prefixes++)
        name += strlen(prefix);
    for (size_t i = 0; i < ADDED; i++)
        if (prefixes < MOST_PREFIXES && strcasecmp(name, names[i]) == 0)
            reading->taken[i] |= 1u << prefixes;
}

/* Blank texts do not count. */
static bool is_blank(const char *text, size_t size)
{
    static const char wide[] = "\xe3\x80\x80"; /* the ideographic space */
    for (size_t i = 0; i < size;) {
        bool is_wide = size - i >= 3 && memcmp(text + i, wide, 3) == 0;
        if (!is_wide && (text[i] == '\0' || !strchr(" \t\r\n\v\f", text[i])))
            return false;
        i += is_wide ? 3 : 1;
    }
    return true;
}

static bool add_text(struct call *call, value text, struct place place, value instruction, const struct terms *terms,
                     struct refusal *refusal)
{
    char param[PARAM_SIZE];
    size_t size = 0;
    place_name(param, place);
    if (value_kind(text) != KIND_TEXT)
        return refuse(refusal, terms->language, REFUSE_BAD_VALUE, param,
                      WITH(param, terms->language == TUWEN_CHINESE ? "字符串" : "a string"));
    const char *bytes = value_text(text, &size);
    return is_blank(bytes, size) || items_add_text(call, text, place, instruction, terms, refusal);
}

/* A text, or a list of them; null counts as nothing. */
static bool add_texts(struct call *call, const char *name, value instruction, const struct terms *terms,
                      struct refusal *refusal)
{
    value given = value_member(call->document, name);
    if (value_kind(given) <= KIND_NULL)
        return true;
    if (value_kind(given) != KIND_LIST)
        return add_text(call, given, (struct place){.field = name}, instruction, terms, refusal);
    size_t count = value_length(given);
    if (count > 0 && !items_count(given, name, terms, refusal))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!add_text(call, value_at(given, i), (struct place){.field = name, .index = i, .length = count},
                      instruction, terms, refusal))
            return false;
    return true;
}

static bool read_call(struct call *call, const struct terms *terms, struct refusal *refusal)
{
    value instruction, image = value_member(call->document, "image");
    if (!items_optional_text(call->document, "instruction", &instruction, terms, refusal))
        return false;
    if (value_kind(image) <= KIND_NULL)
        return refuse(refusal, terms->language, REFUSE_MISSING, "image", WITH("image"));
    if (!items_add_picture(call, image, (struct place){.field = "image"}, terms, refusal))
        return false;
    call->pictures = call->count;
    if (!add_texts(call, "text", instruction, terms, refusal) ||
        !add_texts(call, "texts", instruction, terms, refusal))
        return false;
    if (call->count == call->pictures)
        return refuse(refusal, terms->language, REFUSE_MISSING, "text", WITH("text"));
    items_set_instruction(call, call->pictures, call->count, terms);
    return judge_choose(call, call->pictures, terms, refusal);
}

void review_line_read(struct review_line *line, const char *text, size_t size, size_t number,
                      const struct terms *terms)
{
    char why[256];
    struct reading reading = {.line = line};
    if (number == 1 && size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        text += 3;
        size -= 3;
    }
    line->call.document = line_read(text, size, why, sizeof why);
    if (!line->call.document) {
        review_line_refuse(line, REFUSE_BAD_LINE, WITH(digits_of(number).text, why), terms);
        return;
    }
    if (value_kind(line->call.document) != KIND_OBJECT) {
        review_line_refuse(line, REFUSE_LINE_NOT_OBJECT, WITH(digits_of(number).text), terms);
        return;
    }
    line_members(line->call.document, text, take_member, &reading);
    for (size_t i = 0; i < ADDED; i++)
        while (reading.taken[i] >> line->prefixes[i] & 1)
            line->prefixes[i]++;
    if (!read_call(&line->call, terms, &line->refusal))
        line->status =
            line->refusal.id == REFUSE_MISSING && line->call.pictures ? TUWEN_BAD_TEXT : status_of(line->refusal.id);
}

bool review_line_is_open(const struct review_line *line)
{
    const struct call *call = &line->call;
    bool has_text = false;
    for (size_t i = call->pictures; i < call->count; i++)
        has_text = has_text || call_is_open(call, i);
    return line->refusal.id == REFUSE_NOTHING && has_text && call_is_open(call, 0);
}

size_t review_line_weight(const struct review_line *line, const struct terms *terms)
{
    enum { ROW = 1024 }; /* of what is added */
    const struct call *call = &line->call;
    size_t each = sizeof *call->inputs + sizeof *call->outputs + sizeof *call->places +
                  (size_t)terms->info->dimension * sizeof(float) + ROW + line->members.size;
    size_t weight = (call->count + 1) * each;
    for (size_t i = 0; i < call->count; i++)
        weight += call->inputs[i].picture_size; /* fetched ones are in no line */
    return weight;
}

void review_line_fail(struct review_line *line, tuwen_status status, const char *message)
{
    for (size_t i = 0; i < line->call.count; i++) {
        if (!call_is_open(&line->call, i))
            continue;
        line->call.outputs[i].status = status;
        snprintf(line->call.outputs[i].message, sizeof line->call.outputs[i].message, "%s", message);
    }
}

/* ---- writing ---- */

static void add_name(const struct review_line *line, enum review_column column, struct buffer *rows)
{
    buffer_text(rows, column > ADDED_COSINE ? ",\"" : "\"");
    for (unsigned i = 0; i < line->prefixes[column]; i++)
        buffer_text(rows, prefix);
    buffer_text(rows, names[column]);
    buffer_text(rows, "\":");
}

/* What goes before the cosine. */
static void begin_row(const struct review_line *line, const tuwen_input *text, struct buffer *rows)
{
    buffer_text(rows, "{");
    buffer_add(rows, line->members.data, line->members.size);
    if (!text || !text->text)
        return;
    add_name(line, ADDED_TEXT, rows);
    buffer_json(rows, text->text, text->text_size);
    buffer_text(rows, ",");
}

static void end_good(const struct review_line *line, const struct judged *is, bool truncated, struct buffer *rows)
{
    add_name(line, ADDED_COSINE, rows);
    judge_add_number(rows, is->cosine);
    add_name(line, ADDED_SCORE, rows);
    judge_add_number(rows, is->score);
    add_name(line, ADDED_MATCH, rows);
    judge_add_number(rows, is->match);
    add_name(line, ADDED_BAND, rows);
    BUFFER_FORMAT(rows, "\"%s\"", tuwen_band_name(is->band, TUWEN_ENGLISH));
    add_name(line, ADDED_TRUNCATED, rows);
    buffer_text(rows, truncated ? "true" : "false");
    add_name(line, ADDED_ERROR, rows);
    buffer_text(rows, "null}\n");
}

static void end_bad(const struct review_line *line, tuwen_status status, const char *message, struct buffer *rows)
{
    char error[64 + REFUSAL_SIZE];
    for (enum review_column column = ADDED_COSINE; column < ADDED_ERROR; column++) {
        add_name(line, column, rows);
        buffer_text(rows, "null");
    }
    snprintf(error, sizeof error, "%s: %s", tuwen_status_name(status), message);
    add_name(line, ADDED_ERROR, rows);
    buffer_json(rows, error, strlen(error));
    buffer_text(rows, "}\n");
}

static const float *vector_of(const struct call *call, size_t input)
{
    return call->vectors + input * call->dimension;
}

/* The picture, which is input 0, with the text that is input `i`. */
static struct judged judge(const struct call *call, size_t i, const struct terms *terms)
{
    const tuwen_input *text = &call->inputs[i];
    tuwen_profile_pair pair = {.cosine = tuwen_cosine(vector_of(call, 0), vector_of(call, i), call->dimension)};
    if (call->profile) {
        pair.picture_level = tuwen_profile_picture_level(call->profile, vector_of(call, 0));
        pair.text_level = tuwen_profile_text_level(call->profile, vector_of(call, i));
        pair.language = tuwen_text_language(text->text, text->text_size);
    }
    return judge_pair(call, &pair, terms);
}

void review_line_write(const struct review_line *line, const struct terms *terms, struct buffer *rows)
{
    const struct call *call = &line->call;
    rows->failed = line->members.failed;
    if (line->refusal.id != REFUSE_NOTHING) {
        begin_row(line, NULL, rows);
        end_bad(line, line->status, line->refusal.message, rows);
        return;
    }
    for (size_t i = 1; i < call->count; i++) {
        const tuwen_output *picture = &call->outputs[0], *text = &call->outputs[i];
        const tuwen_output *bad = picture->status != TUWEN_OK ? picture : text;
        begin_row(line, call->count > 2 ? &call->inputs[i] : NULL, rows);
        if (bad->status != TUWEN_OK) {
            end_bad(line, bad->status, bad->message, rows);
        } else {
            const struct judged is = judge(call, i, terms);
            end_good(line, &is, text->truncated, rows);
        }
    }
}

void review_line_free(struct review_line *line)
{
    call_free(&line->call);
    buffer_free(&line->members);
}
