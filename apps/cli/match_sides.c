/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen match`: what is compared, as the command line names it.
 *
 * Without queries, texts are compared with pictures, in whose place vectors may stand that were stored before. With
 * queries, everything else is a candidate.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "match.h"

/* Items as they are gathered. */
struct gathering {
    struct match *match;
    const struct options *options;
    bool stdin_used;
    const char *picture; /* with --fuse: the one whose text is still to come */
};

static bool has_item(const struct options *options, enum option_id option)
{
    for (size_t i = 0; i < options->item_count; i++)
        if (options->items[i].option == option)
            return true;
    return false;
}

/* A wrong command line, said in one sentence. */
static int wrong(enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return CLI_USAGE;
}

static int out_of_memory(void)
{
    complain(SAY_OUT_OF_MEMORY, NULL);
    return CLI_SOME_FAILED;
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Standard input can be read once. */
static int take_name(struct gathering *gathering, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    if (!*path)
        return wrong(SAY_EMPTY_NAME, NULL);
    if (is_stdin && gathering->stdin_used)
        return wrong(SAY_STDIN_TWICE, NULL);
    gathering->stdin_used = gathering->stdin_used || is_stdin;
    return CLI_DONE;
}

static int add_source(struct gathering *gathering, const char *path, enum match_source_kind kind)
{
    struct match *match = gathering->match;
    int code = take_name(gathering, path);
    if (code == CLI_DONE)
        match->sources[match->source_count++] = (struct match_source){.kind = kind, .path = path, .count = 1};
    return code;
}

/* Texts from `first` on are candidates, where there are queries. */
static void add_texts(struct match *match, size_t first)
{
    if (match->with_queries)
        match->sources[match->source_count++] =
            (struct match_source){.kind = MATCH_TEXTS, .first = first, .count = match->texts.count - first};
}

static int add_text(struct gathering *gathering, const char *text)
{
    struct match *match = gathering->match;
    if (!*text)
        return wrong(SAY_EMPTY_TEXT, WITH(number_text((double)(match->texts.count + 1), 0).text));
    if (!text_list_add(&match->texts, text, strlen(text)))
        return CLI_SOME_FAILED;
    add_texts(match, match->texts.count - 1);
    return CLI_DONE;
}

static int add_lines(struct gathering *gathering, const char *path)
{
    struct match *match = gathering->match;
    size_t first = match->texts.count;
    int code = take_name(gathering, path);
    if (code != CLI_DONE)
        return code;
    if (!text_list_read(&match->texts, path))
        return CLI_SOME_FAILED;
    add_texts(match, first);
    return CLI_DONE;
}

/* Queries. */

static int refuse_query(const char *source, enum query_error error, size_t at)
{
    static const enum message messages[] = {
        [QUERY_EMPTY] = SAY_QUERY_EMPTY,
        [QUERY_NO_TERM] = SAY_QUERY_NO_TERM,
        [QUERY_BAD_WEIGHT] = SAY_QUERY_BAD_WEIGHT,
        [QUERY_OPEN_QUOTE] = SAY_QUERY_OPEN_QUOTE,
        [QUERY_AFTER_QUOTE] = SAY_QUERY_AFTER_QUOTE,
    };
    if (error == QUERY_NO_MEMORY)
        return out_of_memory();
    char before[256];
    snprintf(before, sizeof before, "%.*s", (int)(at < sizeof before ? at : sizeof before - 1), source);
    const char *place = error == QUERY_NO_TERM ? before : source + at;
    return wrong(messages[error], WITH(source, place, number_text(QUERY_WEIGHT_MOST, 0).text));
}

/* Each picture of a query is a file that is read; a text that is the name of one, or looks like syntax, was
 * perhaps meant so. */
static int take_terms(struct gathering *gathering, const char *source, const struct query *query)
{
    int code = CLI_DONE;
    for (size_t i = 0; i < query->count && code == CLI_DONE; i++) {
        const struct query_term *term = &query->terms[i];
        if (query_looks_like_more(term))
            remark(SAY_QUERY_LOOKS, WITH(source, term->text));
        if (term->picture)
            code = take_name(gathering, term->picture);
        else if (is_file(term->text))
            remark(SAY_QUERY_TEXT_IS_FILE, WITH(term->text));
    }
    return code;
}

static int add_query(struct gathering *gathering, const char *source)
{
    struct match *match = gathering->match;
    struct match_query *query = &match->queries[match->query_count++];
    size_t at;
    query->name = source;
    enum query_error error = query_parse(&query->query, source, &at);
    return error == QUERY_GOOD ? take_terms(gathering, source, &query->query) : refuse_query(source, error, at);
}

static int add_fused(struct gathering *gathering, const char *picture, const char *text)
{
    struct match *match = gathering->match;
    struct match_query *query = &match->queries[match->query_count++];
    size_t size = strlen(picture) + strlen(text) + sizeof ", ";
    if (!*text)
        return wrong(SAY_EMPTY_TEXT, WITH(number_text((double)match->query_count, 0).text));
    query->own_name = malloc(size);
    if (!query->own_name || !query_fuse(&query->query, picture, text))
        return out_of_memory();
    snprintf(query->own_name, size, "%s, %s", picture, text);
    query->name = query->own_name;
    return take_name(gathering, picture);
}

/* --fuse: -i and -t take turns; each two are a query. */
static int take_fused(struct gathering *gathering, const struct option_item *item)
{
    bool is_picture = item->option == OPTION_IMAGE;
    if (is_picture == (gathering->picture != NULL))
        return wrong(SAY_FUSE_ORDER, WITH(is_picture ? input_name(gathering->picture) : item->text));
    if (is_picture && !*item->text)
        return wrong(SAY_EMPTY_NAME, NULL);
    const char *picture = gathering->picture;
    gathering->picture = is_picture ? item->text : NULL;
    return is_picture ? CLI_DONE : add_fused(gathering, picture, item->text);
}

/* The command line. */

static int take_item(struct gathering *gathering, const struct option_item *item)
{
    bool may_fuse = item->option == OPTION_IMAGE || item->option == OPTION_TEXT;
    if (may_fuse && options_given(gathering->options, OPTION_MATCH_FUSE))
        return take_fused(gathering, item);
    return item->option == OPTION_IMAGE     ? add_source(gathering, item->text, MATCH_PICTURE)
           : item->option == OPTION_VECTORS ? add_source(gathering, item->text, MATCH_VECTORS)
           : item->option == OPTION_QUERY   ? add_query(gathering, item->text)
           : item->option == OPTION_TEXT    ? add_text(gathering, item->text)
                                            : add_lines(gathering, item->text);
}

static int take_items(struct gathering *gathering)
{
    const struct options *options = gathering->options;
    int code = CLI_DONE;
    for (size_t i = 0; i < options->item_count && code == CLI_DONE; i++)
        code = take_item(gathering, &options->items[i]);
    if (code == CLI_DONE && gathering->picture)
        code = wrong(SAY_FUSE_ORDER, WITH(input_name(gathering->picture)));
    return code;
}

/* With queries, and with -t or -f, all arguments are pictures; with -i or --vectors alone all are texts; else the first is
 * the picture. A single text that is - stands for those of standard input. */
static int take_arguments(struct gathering *gathering)
{
    const struct options *options = gathering->options;
    bool all_pictures =
        gathering->match->with_queries || has_item(options, OPTION_TEXT) || has_item(options, OPTION_TEXTS);
    bool pictures_by_option = has_item(options, OPTION_IMAGE) || has_item(options, OPTION_VECTORS);
    int code = CLI_DONE;
    for (size_t i = 0; i < options->argument_count && code == CLI_DONE; i++) {
        const char *argument = options->arguments[i];
        bool is_picture = all_pictures || (!pictures_by_option && i == 0);
        bool is_lone_text = !is_picture && options->argument_count == (pictures_by_option ? 1 : 2);
        code = is_picture                                   ? add_source(gathering, argument, MATCH_PICTURE)
               : is_lone_text && strcmp(argument, "-") == 0 ? add_lines(gathering, argument)
                                                            : add_text(gathering, argument);
    }
    return code;
}

/* Texts that are not given are read from standard input. */
static int find_texts(struct gathering *gathering)
{
    if (gathering->match->texts.count > 0)
        return CLI_DONE;
    if (gathering->stdin_used)
        return wrong(SAY_STDIN_FOR_BOTH, NULL);
    if (isatty(STDIN_FILENO) == 1)
        return wrong(SAY_NO_TEXT, NULL);
    return add_lines(gathering, "-");
}

int match_gather(struct match *match)
{
    const struct options *options = &match->cli->options;
    struct gathering gathering = {.match = match, .options = options};
    match->with_queries = options_given(options, OPTION_MATCH_FUSE) || has_item(options, OPTION_QUERY);
    match->sources = calloc(options->item_count + options->argument_count + 1, sizeof *match->sources);
    match->queries = calloc(options->item_count + 1, sizeof *match->queries);
    if (!match->sources || !match->queries)
        return out_of_memory();
    int code = take_items(&gathering);
    if (code == CLI_DONE)
        code = take_arguments(&gathering);
    if (code != CLI_DONE)
        return code;
    if (match->with_queries && match->query_count == 0)
        return wrong(SAY_FUSE_NOTHING, NULL);
    if (match->source_count == 0)
        return wrong(match->with_queries ? SAY_NO_CANDIDATE : SAY_NO_PICTURE, NULL);
    return match->with_queries ? CLI_DONE : find_texts(&gathering);
}

void match_hint_at_order(const struct match *match)
{
    const struct options *options = &match->cli->options;
    if (options->item_count > 0 || options->argument_count < 2 || !is_file(options->arguments[1]))
        return;
    const char *picture = match->sources[0].path;
    if (strcmp(picture, "-") != 0 && !is_file(picture))
        remark(SAY_PICTURE_FIRST, WITH(options->arguments[1]));
    else
        remark(SAY_TEXT_IS_FILE, WITH(options->arguments[1]));
}

/* The sides. */

/* Reads all stored vectors; complains and returns false if one of them does not belong to this run. */
static bool read_stored(struct match *match)
{
    for (size_t i = 0; i < match->source_count; i++) {
        struct match_source *source = &match->sources[i];
        if (source->kind != MATCH_VECTORS)
            continue;
        source->first = match->stored.count;
        if (!vector_list_read(&match->stored, source->path, tuwen_session_fingerprint(match->checkpoint.session),
                              tuwen_model_dimension(match->checkpoint.model)))
            return false;
        source->count = match->stored.count - source->first;
    }
    return true;
}

static struct match_item text_item(const struct match *match, size_t place)
{
    const struct text *text = &match->texts.texts[place];
    return (struct match_item){.text = text->data, .text_size = text->size, .number = place + 1};
}

static struct match_item stored_item(const struct match_source *source, const struct stored_vector *vector)
{
    return (struct match_item){
        .image = vector->image,
        .text = vector->text,
        .text_size = vector->text ? strlen(vector->text) : 0,
        .stored = vector->vector,
        .from = source->path,
    };
}

/* A query that is one thing alone, and wanted, is that thing. */
static struct match_item query_item(const struct match_query *query, size_t place)
{
    const struct query_term *first = &query->query.terms[0];
    bool alone = query->query.count == 1 && first->weight > 0;
    const char *text = alone ? first->text : NULL;
    return (struct match_item){
        .query = query,
        .image = alone ? first->picture : NULL,
        .text = text,
        .text_size = text ? strlen(text) : 0,
        .number = place + 1,
    };
}

static bool make_side(struct match_side *side, size_t count)
{
    side->items = calloc(count + 1, sizeof *side->items);
    if (!side->items)
        complain(SAY_OUT_OF_MEMORY, NULL);
    return side->items;
}

/* In the order given. */
static void fill_passing(struct match *match)
{
    for (size_t i = 0; i < match->source_count; i++) {
        const struct match_source *source = &match->sources[i];
        for (size_t at = source->first; at < source->first + source->count; at++)
            match->passing.items[match->passing.count++] =
                source->kind == MATCH_VECTORS ? stored_item(source, &match->stored.items[at])
                : source->kind == MATCH_TEXTS ? text_item(match, at)
                                              : (struct match_item){.image = source->path};
    }
}

bool match_make_sides(struct match *match)
{
    if (!read_stored(match))
        return false;
    size_t count = 0, kept = match->with_queries ? match->query_count : match->texts.count;
    for (size_t i = 0; i < match->source_count; i++)
        count += match->sources[i].count;
    if (!make_side(&match->passing, count) || !make_side(&match->kept, kept))
        return false;
    fill_passing(match);
    for (size_t i = 0; i < kept; i++)
        match->kept.items[match->kept.count++] =
            match->with_queries ? query_item(&match->queries[i], i) : text_item(match, i);
    return true;
}

static void free_side(struct match_side *side)
{
    for (size_t i = 0; i < side->count; i++)
        free(side->items[i].message);
    free(side->items);
}

void match_free_sides(struct match *match)
{
    free_side(&match->kept);
    free_side(&match->passing);
    for (size_t i = 0; i < match->query_count; i++) {
        query_free(&match->queries[i].query);
        free(match->queries[i].own_name);
    }
    free(match->queries);
    free(match->sources);
    text_list_free(&match->texts);
    vector_list_free(&match->stored);
}
