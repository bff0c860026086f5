/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen match`: how well texts fit pictures.
 *
 * Here the command line is read, and vectors that were stored before, which are checked before anything is computed.
 */
#include "match.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"

/* The command line. */

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

static int add_source(struct match *match, const char *path, bool is_vectors, bool *stdin_used)
{
    bool is_stdin = strcmp(path, "-") == 0;
    if (!*path)
        return wrong(SAY_EMPTY_NAME, NULL);
    if (is_stdin && *stdin_used)
        return wrong(SAY_STDIN_TWICE, NULL);
    *stdin_used = *stdin_used || is_stdin;
    match->sources[match->source_count++] = (struct match_source){.path = path, .is_vectors = is_vectors};
    return CLI_DONE;
}

static int add_text(struct match *match, const char *text)
{
    if (!*text)
        return wrong(SAY_EMPTY_TEXT, WITH(number_text((double)(match->texts.count + 1), 0).text));
    return text_list_add(&match->texts, text, strlen(text)) ? CLI_DONE : CLI_SOME_FAILED;
}

static int add_lines(struct match *match, const char *path, bool *stdin_used)
{
    bool is_stdin = strcmp(path, "-") == 0;
    if (is_stdin && *stdin_used)
        return wrong(SAY_STDIN_TWICE, NULL);
    *stdin_used = *stdin_used || is_stdin;
    return text_list_read(&match->texts, path) ? CLI_DONE : CLI_SOME_FAILED;
}

static int take_items(struct match *match, bool *stdin_used)
{
    const struct options *options = &match->cli->options;
    int code = CLI_DONE;
    for (size_t i = 0; i < options->item_count && code == CLI_DONE; i++) {
        const struct option_item *item = &options->items[i];
        code = item->option == OPTION_IMAGE     ? add_source(match, item->text, false, stdin_used)
               : item->option == OPTION_VECTORS ? add_source(match, item->text, true, stdin_used)
               : item->option == OPTION_TEXT    ? add_text(match, item->text)
                                                : add_lines(match, item->text, stdin_used);
    }
    return code;
}

/* With -t or -f all arguments are pictures; with -i or --vectors alone all are texts; else the first is the picture. */
static int take_arguments(struct match *match, bool *stdin_used)
{
    const struct options *options = &match->cli->options;
    bool texts_by_option = has_item(options, OPTION_TEXT) || has_item(options, OPTION_TEXTS);
    bool pictures_by_option = has_item(options, OPTION_IMAGE) || has_item(options, OPTION_VECTORS);
    int code = CLI_DONE;
    for (size_t i = 0; i < options->argument_count && code == CLI_DONE; i++) {
        const char *argument = options->arguments[i];
        bool is_picture = texts_by_option || (!pictures_by_option && i == 0);
        code = is_picture ? add_source(match, argument, false, stdin_used) : add_text(match, argument);
    }
    return code;
}

/* Fills the pictures and texts; complains and returns an exit code if that cannot be done. */
static int gather(struct match *match)
{
    const struct options *options = &match->cli->options;
    bool stdin_used = false;
    match->sources = calloc(options->item_count + options->argument_count + 1, sizeof *match->sources);
    if (!match->sources) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    int code = take_items(match, &stdin_used);
    if (code == CLI_DONE)
        code = take_arguments(match, &stdin_used);
    if (code == CLI_DONE && match->source_count == 0)
        code = wrong(SAY_NO_PICTURE, NULL);
    if (code != CLI_DONE || match->texts.count > 0)
        return code;
    if (stdin_used)
        return wrong(SAY_STDIN_FOR_BOTH, NULL);
    if (isatty(STDIN_FILENO) == 1)
        return wrong(SAY_NO_TEXT, NULL);
    return add_lines(match, "-", &stdin_used);
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Likely slips: "tuwen match 'a dog' photo.jpg", and "tuwen match *.jpg", where all but the first would be texts. */
static void hint_at_order(const struct match *match)
{
    const struct options *options = &match->cli->options;
    const char *picture = match->sources[0].path;
    if (options->item_count > 0 || options->argument_count < 2 || !is_file(options->arguments[1]))
        return;
    if (strcmp(picture, "-") != 0 && !is_file(picture))
        remark(SAY_PICTURE_FIRST, WITH(options->arguments[1]));
    else
        remark(SAY_TEXT_IS_FILE, WITH(options->arguments[1]));
}

/* Options of what is printed. */

static bool given(const struct match *match, enum option_id option)
{
    return options_given(&match->cli->options, option);
}

/* On a terminal several pictures and several texts make a matrix, unless something is asked that only a list has. */
static enum match_format usual_format(const struct match *match)
{
    bool several = match->passing.count > 1 && match->kept.count > 1;
    bool plain = !given(match, OPTION_BY) && !given(match, OPTION_TOP);
    return match->cli->terminal.interactive && several && plain ? MATCH_MATRIX : MATCH_LIST;
}

static int choose_format(struct match *match)
{
    static const char *const names[] = {"list", "matrix", "csv", "json", "npy"};
    const struct option_value *values = match->cli->options.values;
    bool asked = given(match, OPTION_MATCH_FORMAT), json = given(match, OPTION_JSON);
    match->format = asked ? (enum match_format)values[OPTION_MATCH_FORMAT].number : json ? MATCH_JSON : MATCH_LIST;
    match->by_kept = values[OPTION_BY].number > 0;
    match->top = given(match, OPTION_TOP) ? (size_t)values[OPTION_TOP].number : 0;
    const char *name = names[match->format], *other = NULL;
    bool for_people = match->format == MATCH_LIST || match->format == MATCH_MATRIX;
    bool whole = match->format == MATCH_MATRIX || match->format == MATCH_NPY;
    if (json && match->format != MATCH_JSON)
        other = "--json";
    else if (whole && given(match, OPTION_TOP))
        other = "--top";
    else if (whole && given(match, OPTION_BY))
        other = "--by";
    else if (for_people && given(match, OPTION_OUTPUT))
        other = "--output";
    if (other)
        return wrong(SAY_FORMAT_WITHOUT, WITH(other, name));
    const struct option_value *output = &values[OPTION_OUTPUT];
    bool to_stdout = !output->given || strcmp(output->text, "-") == 0;
    if (match->format == MATCH_NPY && to_stdout && isatty(STDOUT_FILENO) == 1)
        return wrong(SAY_NPY_TERMINAL, NULL);
    return CLI_DONE;
}

/* The sides. */

/* Reads all stored vectors; complains and returns false if one of them does not belong to this run. */
static bool read_stored(struct match *match)
{
    for (size_t i = 0; i < match->source_count; i++) {
        struct match_source *source = &match->sources[i];
        source->first = match->stored.count;
        if (source->is_vectors &&
            !vector_list_read(&match->stored, source->path, tuwen_session_fingerprint(match->checkpoint.session),
                              tuwen_model_dimension(match->checkpoint.model)))
            return false;
        source->count = source->is_vectors ? match->stored.count - source->first : 1;
    }
    return true;
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

/* Texts are kept; pictures and stored vectors pass, in the order given. */
static bool make_sides(struct match *match)
{
    size_t count = 0;
    for (size_t i = 0; i < match->source_count; i++)
        count += match->sources[i].count;
    match->passing.items = calloc(count, sizeof *match->passing.items);
    match->kept.items = calloc(match->texts.count, sizeof *match->kept.items);
    if (!match->passing.items || !match->kept.items) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return false;
    }
    for (size_t i = 0; i < match->source_count; i++) {
        const struct match_source *source = &match->sources[i];
        for (size_t j = 0; j < source->count; j++)
            match->passing.items[match->passing.count++] =
                source->is_vectors ? stored_item(source, &match->stored.items[source->first + j])
                                   : (struct match_item){.image = source->path};
    }
    for (size_t i = 0; i < match->texts.count; i++) {
        const struct text *text = &match->texts.texts[i];
        match->kept.items[match->kept.count++] = (struct match_item){.text = text->data, .text_size = text->size};
    }
    return true;
}

/* The run. */

static int code_of(const struct match *match, tuwen_status status, bool written)
{
    if (status == TUWEN_CANCELLED) {
        complain(SAY_CANCELLED, NULL);
        return CLI_CANCELLED;
    }
    if (status == TUWEN_OUT_OF_MEMORY)
        complain(SAY_OUT_OF_MEMORY, NULL);
    return status == TUWEN_OK && written && !match->some_failed ? CLI_DONE : CLI_SOME_FAILED;
}

static int run_match(struct match *match)
{
    int code = gather(match);
    if (code == CLI_DONE)
        code = choose_format(match);
    if (code != CLI_DONE)
        return code == CLI_USAGE ? usage_error(COMMAND_MATCH) : code;
    hint_at_order(match);
    code = checkpoint_open(&match->checkpoint, match->cli, NULL, true);
    if (code != CLI_DONE)
        return code;
    if (!read_stored(match) || !make_sides(match)) {
        if (interrupt_seen())
            complain(SAY_CANCELLED, NULL);
        return interrupt_seen() ? CLI_CANCELLED : CLI_SOME_FAILED;
    }
    if (match->format == MATCH_LIST && !given(match, OPTION_MATCH_FORMAT))
        match->format = usual_format(match);
    if (!match_print_begin(match))
        return CLI_SOME_FAILED;
    tuwen_status status = match_compute(match);
    bool written = match_print_end(match, status == TUWEN_OK);
    return code_of(match, status, written);
}

static void free_side(struct match_side *side)
{
    for (size_t i = 0; i < side->count; i++)
        free(side->items[i].message);
    free(side->items);
}

int match_run(const struct cli *cli)
{
    struct match match = {.cli = cli};
    int code = run_match(&match);
    checkpoint_close(&match.checkpoint);
    match_print_free(&match);
    text_list_free(&match.texts);
    vector_list_free(&match.stored);
    free(match.sources);
    free_side(&match.kept);
    free_side(&match.passing);
    free(match.kept_vectors);
    free(match.cosines);
    return code;
}
