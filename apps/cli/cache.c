/* SPDX-License-Identifier: Apache-2.0 */
/* `tuwen cache`: what is kept, making it smaller, removing it; and where it is. */
#include "cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "json.h"
#include "places.h"

#define SPACES_AT_MOST 1000

/* ---- where it is ---- */

enum cache_place cache_place(char path[PATH_MAX])
{
    static const char name[] = "tuwen/vectors.sqlite";
    const char *own = getenv("TUWEN_CACHE"), *caches = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own && (!*own || strcmp(own, "off") == 0))
        return CACHE_OFF;
    bool good = own                        ? snprintf(path, PATH_MAX, "%s", own) < PATH_MAX
                : caches && *caches == '/' ? path_join(path, caches, name, "")
                : home && *home            ? path_join(path, home, ".cache/tuwen/vectors.sqlite", "")
                                           : false;
    return good ? CACHE_AT : CACHE_NOWHERE;
}

static void on_remark(void *user, const char *line)
{
    (void)user;
    remark(SAY_PLAIN, WITH(line));
}

bool cache_options(tuwen_cache_options *options)
{
    const char *size = getenv("TUWEN_CACHE_SIZE");
    *options = (tuwen_cache_options){.log = on_remark, .language = messages_language()};
    if (!size || !*size || (bytes_parse(size, &options->max_bytes) && options->max_bytes > 0))
        return true;
    complain(SAY_CACHE_BAD_SIZE, WITH("TUWEN_CACHE_SIZE", size));
    return false;
}

tuwen_cache *cache_open_for_run(void)
{
    char path[PATH_MAX];
    tuwen_cache *cache = NULL;
    tuwen_cache_options options;
    tuwen_error error = {.language = messages_language()};
    enum cache_place place = cache_place(path);
    if (place == CACHE_NOWHERE)
        remark(SAY_CACHE_NOWHERE, NULL);
    if (place != CACHE_AT || !cache_options(&options))
        return NULL;
    if (tuwen_cache_open(path, &options, &cache, &error) != TUWEN_OK)
        remark(SAY_CACHE_NOT_USED, WITH(error.message));
    return cache;
}

/* Sizes as they can be given: 1024 bytes are 1K. */
static struct number_text size_text(uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    struct number_text result;
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        size /= 1024;
    snprintf(result.text, sizeof result.text, "%.*f %s", unit ? 1 : 0, size, units[unit]);
    return result;
}

/* ---- the list ---- */

static void print_fact(enum message label, const char *value)
{
    const char *name = text_of(label);
    size_t width = text_width(name, strlen(name));
    fputs(name, stdout);
    pad(stdout, width < 9 ? 11 - width : 2);
    text_print(stdout, value, strlen(value), 0);
    putchar('\n');
}

static void print_facts(const tuwen_cache_info *info)
{
    char text[PATH_MAX];
    path_for_people(text, info->path);
    print_fact(SAY_CACHE_FILE, text);
    message_format(text, sizeof text, SAY_CACHE_SIZE_VALUE,
                   WITH(size_text(info->bytes).text, size_text(info->max_bytes).text));
    print_fact(SAY_CACHE_SIZE, text);
    print_fact(SAY_CACHE_VECTORS, number_text((double)info->entries, 0).text);
    if (info->set_aside > 0) {
        message_format(text, sizeof text, SAY_CACHE_SET_ASIDE_VALUE, WITH(size_text(info->set_aside).text));
        print_fact(SAY_CACHE_SET_ASIDE, text);
    }
}

/* A moment as people here write it, or as programs do. */
static void write_time(int64_t seconds, bool as_json, char *text, size_t size)
{
    struct tm parts = {0};
    time_t moment = (time_t)seconds;
    bool good = as_json ? gmtime_r(&moment, &parts) != NULL : localtime_r(&moment, &parts) != NULL;
    if (!good || strftime(text, size, as_json ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M", &parts) == 0)
        snprintf(text, size, "-");
}

enum { COLUMNS = 5 };

/* The cells of a row; the numbers stand to the right. */
static void print_row(const char *const cells[COLUMNS], const size_t widths[COLUMNS], size_t limit)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t size = strlen(cells[i]), width = text_width(cells[i], size);
        size_t missing = widths[i] > width ? widths[i] - width : 0;
        bool number = i == 1 || i == 2;
        if (number)
            pad(stdout, missing);
        text_print(stdout, cells[i], size, i == COLUMNS - 1 ? limit : 0);
        if (i < COLUMNS - 1)
            pad(stdout, (number ? 0 : missing) + 2);
    }
}

static void print_spaces(const struct cli *cli, const tuwen_cache_space *spaces, size_t count)
{
    const char *const heads[COLUMNS] = {text_of(SAY_CACHE_SPACE), text_of(SAY_CACHE_VECTORS),
                                        text_of(SAY_CACHE_NUMBERS), text_of(SAY_CACHE_USED),
                                        text_of(SAY_CACHE_MODEL)};
    char used[32];
    size_t widths[COLUMNS] = {sizeof spaces->fingerprint - 1, 0, 0, 16, 0};
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t width = text_width(heads[i], strlen(heads[i]));
        widths[i] = width > widths[i] ? width : widths[i];
    }
    for (size_t i = 0; i < count; i++) {
        size_t width = strlen(number_text((double)spaces[i].entries, 0).text);
        widths[1] = width > widths[1] ? width : widths[1];
    }
    size_t taken = widths[0] + widths[1] + widths[2] + widths[3] + 8, width = cli->terminal.width;
    size_t limit = width == 0 ? 0 : width > taken + 10 ? width - taken : 10;
    printf("\n%s", style_of(&cli->terminal, STYLE_FAINT));
    print_row(heads, widths, limit);
    printf("%s\n", style_of(&cli->terminal, STYLE_PLAIN));
    for (size_t i = 0; i < count; i++) {
        write_time(spaces[i].last_used, false, used, sizeof used);
        const struct number_text entries = number_text((double)spaces[i].entries, 0);
        const struct number_text numbers = number_text(spaces[i].dimension, 0);
        const char *const cells[COLUMNS] = {spaces[i].fingerprint, entries.text, numbers.text, used, spaces[i].model};
        print_row(cells, widths, limit);
        putchar('\n');
    }
}

static bool print_json(const tuwen_cache_info *info, const tuwen_cache_space *spaces, size_t count)
{
    struct json_list list;
    bool good = json_cache_begin(&list);
    for (size_t i = 0; i < count && good; i++) {
        char used[32];
        write_time(spaces[i].last_used, true, used, sizeof used);
        good = json_cache_add(&list, &spaces[i], used);
    }
    return json_cache_end(&list, stdout, info) && good;
}

static int list_cache(const struct cli *cli, tuwen_cache *cache)
{
    tuwen_cache_info info;
    tuwen_error error = {.language = messages_language()};
    size_t count = 0;
    tuwen_cache_space *spaces = calloc(SPACES_AT_MOST, sizeof *spaces);
    if (!spaces) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    bool good = tuwen_cache_get_info(cache, &info, &error) == TUWEN_OK &&
                tuwen_cache_get_spaces(cache, spaces, SPACES_AT_MOST, &count, &error) == TUWEN_OK;
    count = count < SPACES_AT_MOST ? count : SPACES_AT_MOST;
    if (!good)
        complain(SAY_PLAIN, WITH(error.message));
    else if (options_given(&cli->options, OPTION_JSON))
        good = print_json(&info, spaces, count);
    else {
        print_facts(&info);
        if (count > 0)
            print_spaces(cli, spaces, count);
    }
    free(spaces);
    return good ? CLI_DONE : CLI_SOME_FAILED;
}

/* ---- the command ---- */

enum action { ACTION_LIST, ACTION_TRIM, ACTION_CLEAR };

/* Trims or clears, and says what that gave. */
static int reduce(const struct cli *cli, tuwen_cache *cache, enum action action, const uint64_t *bytes)
{
    tuwen_cache_info before, after;
    tuwen_error error = {.language = messages_language()};
    tuwen_status status = tuwen_cache_get_info(cache, &before, &error);
    if (status == TUWEN_OK)
        status = action == ACTION_CLEAR ? tuwen_cache_clear(cache, &error)
                                        : tuwen_cache_trim(cache, bytes ? *bytes : before.max_bytes, &error);
    if (status == TUWEN_OK)
        status = tuwen_cache_get_info(cache, &after, &error);
    if (status != TUWEN_OK) {
        complain(SAY_PLAIN, WITH(error.message));
        return CLI_SOME_FAILED;
    }
    uint64_t gone = before.entries > after.entries ? before.entries - after.entries : 0;
    remark(SAY_CACHE_REDUCED, WITH(number_text((double)gone, 0).text, number_text((double)after.entries, 0).text,
                                   size_text(before.bytes).text, size_text(after.bytes).text));
    if (bytes && *bytes > 0 && after.bytes > *bytes)
        remark(SAY_CACHE_LEAST, WITH(size_text(*bytes).text));
    if (options_given(&cli->options, OPTION_JSON))
        printf("{\"removed\":%.0f,\"entries\":%.0f,\"bytes_before\":%.0f,\"bytes\":%.0f}\n", (double)gone,
               (double)after.entries, (double)before.bytes, (double)after.bytes);
    return CLI_DONE;
}

/* There is no file, or none is wanted. */
static int say_none(const struct cli *cli, enum action action, enum message message, const char *path)
{
    char shown[PATH_MAX];
    path_for_people(shown, path);
    if (options_given(&cli->options, OPTION_JSON)) {
        bool good = action != ACTION_LIST || print_json(NULL, NULL, 0);
        if (action != ACTION_LIST)
            puts("{\"removed\":0,\"entries\":0,\"bytes_before\":0,\"bytes\":0}");
        return good ? CLI_DONE : CLI_SOME_FAILED;
    }
    remark(message, WITH(shown));
    return CLI_DONE;
}

static int run_action(const struct cli *cli, enum action action, const uint64_t *bytes)
{
    char path[PATH_MAX] = "";
    tuwen_cache *cache = NULL;
    tuwen_cache_options options;
    tuwen_error error = {.language = messages_language()};
    enum cache_place place = cache_place(path);
    if (place != CACHE_AT)
        return say_none(cli, action, place == CACHE_OFF ? SAY_CACHE_OFF : SAY_CACHE_NOWHERE, path);
    if (!cache_options(&options))
        return CLI_USAGE;
    options.existing = true;
    tuwen_status status = tuwen_cache_open(path, &options, &cache, &error);
    if (status == TUWEN_NOT_FOUND)
        return say_none(cli, action, SAY_CACHE_NONE, path);
    if (status != TUWEN_OK) {
        complain(SAY_PLAIN, WITH(error.message));
        return CLI_SOME_FAILED;
    }
    int code = action == ACTION_LIST ? list_cache(cli, cache) : reduce(cli, cache, action, bytes);
    tuwen_cache_close(cache);
    return code;
}

static int wrong(enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return usage_error(COMMAND_CACHE);
}

int cache_run(const struct cli *cli)
{
    const struct options *options = &cli->options;
    size_t count = options->argument_count;
    if (count == 0)
        return run_action(cli, ACTION_LIST, NULL);
    const char *word = options->arguments[0];
    uint64_t bytes = 0;
    bool trims = strcmp(word, "trim") == 0, clears = strcmp(word, "clear") == 0;
    if (!trims && !clears)
        return wrong(SAY_CACHE_ACTION, WITH(word));
    if (count > (trims ? 2 : 1))
        return wrong(SAY_TOO_MANY_ARGUMENTS,
                     WITH(trims ? "cache trim" : "cache clear", options->arguments[trims ? 2 : 1]));
    if (count == 2 && !bytes_parse(options->arguments[1], &bytes))
        return wrong(SAY_CACHE_BAD_SIZE, WITH("tuwen cache trim", options->arguments[1]));
    return run_action(cli, trims ? ACTION_TRIM : ACTION_CLEAR, count == 2 ? &bytes : NULL);
}
