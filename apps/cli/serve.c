/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen serve`: becomes tuwen-server, which alone of tuwen's programs answers connections. What is decided here is what the
 * other commands decide in the same way: the checkpoint, the cache, the language, and what the options say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache.h"
#include "checkpoint.h"
#include "cli.h"
#include "helper.h"
#include "interrupt.h"
#include "places.h"
#include "profiles.h"

/* The arguments, each --name=value. */
struct command_line {
    char *words[48]; /* end with NULL; they point into `text` */
    size_t count;
    char text[4 * PATH_MAX];
    size_t used;
    bool failed; /* they did not fit */
};

static void add(struct command_line *line, const char *name, const char *text)
{
    size_t room = sizeof line->text - line->used;
    char *word = line->text + line->used;
    int size = snprintf(word, room, "--%s=%s", name, text);
    if (size < 0 || (size_t)size >= room || line->count + 1 >= sizeof line->words / sizeof *line->words) {
        line->failed = true;
        return;
    }
    line->used += (size_t)size + 1;
    line->words[line->count++] = word;
}

static void add_number(struct command_line *line, const char *name, double number)
{
    char text[64];
    snprintf(text, sizeof text, "%.17g", number);
    add(line, name, text);
}

/* What was said on the command line, in numbers; what was not, the server has defaults for. */
static void add_options(struct command_line *line, const struct options *options)
{
    static const enum option_id numbers[] = {OPTION_THREADS,    OPTION_MAX_LENGTH,  OPTION_EXIF,
                                             OPTION_MAX_PIXELS, OPTION_MAX_SECONDS, OPTION_MAX_BODY,
                                             OPTION_MAX_MEMORY, OPTION_MAX_ITEMS,   OPTION_MAX_QUEUE,
                                             OPTION_MAX_WAIT,   OPTION_GRACE,       OPTION_MAX_CONNECTIONS};
    static const enum option_id texts[] = {OPTION_LISTEN, OPTION_KEYS, OPTION_TLS_CERT, OPTION_TLS_KEY, OPTION_ISA};
    static const enum option_id flags[] = {OPTION_RAW_SPECIAL, OPTION_INSECURE, OPTION_QUIET};
    const struct option_value *values = options->values;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (values[numbers[i]].given)
            add_number(line, option_table[numbers[i]].name, values[numbers[i]].number);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (values[texts[i]].given)
            add(line, option_table[texts[i]].name, values[texts[i]].text);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (values[flags[i]].given)
            add(line, option_table[flags[i]].name, "1");
    if (values[OPTION_IMAGE_TOKENS].given) {
        add_number(line, "image-tokens-min", values[OPTION_IMAGE_TOKENS].number);
        add_number(line, "image-tokens-max", values[OPTION_IMAGE_TOKENS].upper);
    }
    add_number(line, "max-bytes", (double)checkpoint_picture_bytes(options));
    add_number(line, "lang", messages_language() == TUWEN_CHINESE);
}

static bool add_cache(struct command_line *line, const struct options *options)
{
    char path[PATH_MAX];
    tuwen_cache_options cache;
    if (options_given(options, OPTION_NO_CACHE))
        return true;
    enum cache_place place = cache_place(path);
    if (place == CACHE_NOWHERE)
        remark(SAY_CACHE_NOWHERE, NULL);
    if (place != CACHE_AT)
        return true;
    if (!cache_options(&cache))
        return false;
    add(line, "cache", path);
    add_number(line, "cache-bytes", (double)cache.max_bytes);
    return true;
}

/* Profiles by name become paths; with none said, the server looks for the checkpoint's own. */
static bool add_profiles(struct command_line *line, const struct options *options)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < options->item_count; i++) {
        const char *word = options->items[i].text; /* no other option of this command is an item */
        bool none = strcmp(word, "none") == 0;
        if (!none && !profiles_path(word, path))
            return false;
        add(line, "profile", none ? word : path);
    }
    return true;
}

/* The program that fetches pictures, where it may. */
static bool add_fetch(struct command_line *line, const struct options *options)
{
    char program[PATH_MAX];
    if (!options_given(options, OPTION_ALLOW_FETCH))
        return true;
    bool found = place_of_program("tuwen-fetch", program);
    if (found)
        add(line, "fetch", program);
    else
        helper_complain_missing(program);
    return found;
}

/*
 * OpenMP's threads (libgomp) spin while they wait, on cores that the server's other threads and other programs need: for a few
 * microseconds then, unless the user says otherwise. libgomp reads this when it is loaded, so only who starts the server can
 * say it. docs/speed.md has what it gives.
 */
static void spin_little(void)
{
    if (!getenv("OMP_WAIT_POLICY"))
        setenv("GOMP_SPINCOUNT", "1000", false);
}

/* Returns only if that fails. */
static int become(struct command_line *line)
{
    char program[PATH_MAX];
    if (line->failed) {
        complain(SAY_SERVE_TOO_LONG, NULL);
        return CLI_USAGE;
    }
    if (!place_of_program("tuwen-server", program)) {
        complain(place_is_python_package() ? SAY_SERVER_NOT_IN_PACKAGE : SAY_SERVER_MISSING, WITH(program));
        return CLI_SOME_FAILED;
    }
    spin_little();
    fflush(NULL);
    execv(program, line->words);
    complain(SAY_FILE_ERROR, WITH(program, reason_of(errno)));
    return CLI_SOME_FAILED;
}

int serve_run(const struct cli *cli)
{
    struct checkpoint_choice choice;
    static char name[] = "tuwen-server";
    struct command_line line = {.words = {name}, .count = 1};
    const struct options *options = &cli->options;
    int code = CLI_USAGE;
    if (options->argument_count > 0) {
        complain(SAY_TOO_MANY_ARGUMENTS, WITH("serve", options->arguments[0]));
        code = usage_error(COMMAND_SERVE);
    } else {
        code = checkpoint_choose(&choice, options, NULL);
    }
    if (code == CLI_DONE) {
        add(&line, "model", choice.path);
        add_options(&line, options);
        code = add_cache(&line, options) && add_profiles(&line, options) && add_fetch(&line, options) ? become(&line)
                                                                                                      : CLI_USAGE;
    }
    return code;
}
