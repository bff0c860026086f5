/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen match`: how well texts fit pictures.
 *
 * Here the options of a run are judged, and its parts are called; match.h says where they are.
 */
#include "match.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "interrupt.h"
#include "profiles.h"

/* A wrong command line, said in one sentence. */
static int wrong(enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return CLI_USAGE;
}

static bool given(const struct match *match, enum option_id option)
{
    return options_given(&match->cli->options, option);
}

/* On a terminal several pictures and several texts make a matrix, unless something is asked that only a list has. */
static enum match_format usual_format(const struct match *match)
{
    bool several = match->passing.count > 1 && match->kept.count > 1;
    bool plain = !match->with_queries && !given(match, OPTION_BY) && !given(match, OPTION_TOP);
    return match->cli->terminal.interactive && several && plain ? MATCH_MATRIX : MATCH_LIST;
}

/* Which side the groups are made of: --by names it, in the words for either kind of run. */
static int choose_groups(struct match *match)
{
    enum { PICTURE, TEXT, QUERY, CANDIDATE };
    const struct option_value *by = &match->cli->options.values[OPTION_BY];
    unsigned side = by->given ? (unsigned)by->number : match->with_queries ? QUERY : PICTURE;
    if ((side == QUERY || side == CANDIDATE) != match->with_queries)
        return wrong(match->with_queries ? SAY_BY_WITH_QUERIES : SAY_BY_WITHOUT_QUERIES, WITH(by->text));
    match->by_kept = side == TEXT || side == QUERY;
    return CLI_DONE;
}

/* The format that the end of a file's name tells; a list if it tells none, or there is no file. */
static enum match_format format_of_name(const char *path)
{
    static const struct {
        const char *suffix;
        enum match_format format;
    } known[] = {{".csv", MATCH_CSV}, {".json", MATCH_JSON}, {".npy", MATCH_NPY}};
    size_t length = path ? strlen(path) : 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t size = strlen(known[i].suffix);
        if (length > size && strcasecmp(path + length - size, known[i].suffix) == 0)
            return known[i].format;
    }
    return MATCH_LIST;
}

static int choose_format(struct match *match)
{
    static const char *const names[] = {"list", "matrix", "csv", "json", "npy"};
    const struct option_value *values = match->cli->options.values;
    bool asked = given(match, OPTION_MATCH_FORMAT), json = given(match, OPTION_JSON);
    match->format = asked  ? (enum match_format)values[OPTION_MATCH_FORMAT].number
                    : json ? MATCH_JSON
                           : format_of_name(values[OPTION_OUTPUT].text);
    match->top = given(match, OPTION_TOP) ? (size_t)values[OPTION_TOP].number : 0;
    const char *name = names[match->format], *other = NULL;
    bool for_people = match->format == MATCH_LIST || match->format == MATCH_MATRIX;
    bool whole = match->format == MATCH_MATRIX || match->format == MATCH_NPY;
    match->by_kept = match->by_kept && !whole;
    if (!asked && for_people && given(match, OPTION_OUTPUT))
        return wrong(SAY_OUTPUT_FORMAT, WITH(values[OPTION_OUTPUT].text));
    if (match->format == MATCH_MATRIX && given(match, OPTION_TOP))
        return wrong(SAY_MATRIX_TOP, NULL);
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
    int code = match_gather(match);
    if (code == CLI_DONE)
        code = choose_groups(match);
    if (code == CLI_DONE)
        code = choose_format(match);
    if (code != CLI_DONE)
        return code == CLI_USAGE ? usage_error(COMMAND_MATCH) : code;
    code = html_options_check(&match->cli->options, match->cli->options.values[OPTION_OUTPUT].text);
    if (code != CLI_DONE)
        return code;
    match_hint_at_order(match);
    code = checkpoint_open(&match->checkpoint, match->cli, NULL, true);
    if (code != CLI_DONE)
        return code;
    const struct option_value *instruction = &match->cli->options.values[OPTION_INSTRUCTION];
    code = profiles_open(match->cli, &match->checkpoint,
                         instruction->given ? instruction->text : match->checkpoint.info->match_instruction,
                         &match->profile);
    if (code != CLI_DONE)
        return code;
    if (!match_make_sides(match)) {
        if (interrupt_seen())
            complain(SAY_CANCELLED, NULL);
        return interrupt_seen() ? CLI_CANCELLED : CLI_SOME_FAILED;
    }
    if (match->format == MATCH_LIST && !given(match, OPTION_MATCH_FORMAT))
        match->format = usual_format(match);
    code = match_report_begin(match);
    if (code != CLI_DONE)
        return code;
    if (!match_print_begin(match))
        return CLI_SOME_FAILED;
    tuwen_status status = match_compute(match);
    bool written = match_print_end(match, status == TUWEN_OK);
    written = match_report_end(match, status == TUWEN_OK) && written;
    return code_of(match, status, written);
}

int match_run(const struct cli *cli)
{
    struct match match = {.cli = cli};
    int code = run_match(&match);
    checkpoint_close(&match.checkpoint);
    match_report_end(&match, false);
    match_print_free(&match);
    match_free_sides(&match);
    tuwen_profile_close(match.profile);
    free(match.kept_vectors);
    free(match.cosines);
    return code;
}
