/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen pull`: from a hub, a cache or a folder to a packed file in the user's store.
 *
 * tuwen-fetch brings the files into a hidden folder of the store, .NAME.pull, where they are found again after any
 * break; then they are converted, and the hidden folder is removed. One lock spans both.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "convert.h"
#include "helper.h"
#include "interrupt.h"
#include "meter.h"
#include "places.h"
#include "store.h"

/* In the hidden folder: the files are complete, and this is the packed file that was there then. */
#define FETCHED "fetched"

struct pull {
    const struct cli *cli;
    const char *id;             /* what to fetch: a known name, or OWNER/NAME */
    char derived[128];          /* the same when it was not said, but follows from a folder */
    char base[STORE_NAME_SIZE]; /* what the checkpoint is called */
    char name[STORE_NAME_SIZE]; /* the same in the store */
    char store[PATH_MAX];
    char target[PATH_MAX];  /* the packed file */
    char kept[PATH_MAX];    /* for the original files */
    char staging[PATH_MAX]; /* the hidden folder */
    char files[PATH_MAX];   /* in it: the checkpoint's files */
    char source[PATH_MAX];  /* where the files are: the same, or a folder that was there before */
    struct meter meter;
    bool checking;
    bool planned; /* a hub has said what there is to fetch */
    bool complained;
};

static bool has(const struct pull *pull, enum option_id option)
{
    return options_given(&pull->cli->options, option);
}

static const char *value_of(const struct pull *pull, enum option_id option)
{
    return pull->cli->options.values[option].text;
}

static int wrong(enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return usage_error(COMMAND_PULL);
}

/* ---- names ---- */

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Whether a word is OWNER/NAME, as hubs have it. */
static bool is_hub_id(const char *word)
{
    const char *slash = strchr(word, '/');
    return slash && slash != word && !strchr(slash + 1, '/') && store_name_good(slash + 1) && *word != '.' &&
           *word != '~' && strlen(word) < 200;
}

/* A checkpoint folder that is imported without a name is called as the folder is; false if that tells nothing, as in a
 * cache. */
static bool name_folder(struct pull *pull, const char *folder)
{
    char real[PATH_MAX], name[PATH_MAX], parent[PATH_MAX];
    if (!realpath(folder, real))
        return false;
    path_last_part(name, sizeof name, real);
    real[strlen(real) - strlen(name)] = '\0';
    path_last_part(parent, sizeof parent, real);
    const char *known = strcmp(name, "gme-Qwen2-VL-2B-Instruct") == 0   ? "gme-2b"
                        : strcmp(name, "gme-Qwen2-VL-7B-Instruct") == 0 ? "gme-7b"
                                                                        : NULL;
    if (!known && (!store_name_good(name) || strcmp(parent, "snapshots") == 0))
        return false;
    snprintf(pull->derived, sizeof pull->derived, "%s%s", known ? "" : "local/", known ? known : name);
    pull->id = pull->derived;
    return true;
}

static int plan_id(struct pull *pull)
{
    const struct options *options = &pull->cli->options;
    const char *from = value_of(pull, OPTION_FROM);
    if (options->argument_count > 1)
        return wrong(SAY_TOO_MANY_ARGUMENTS, WITH("pull", options->arguments[1]));
    pull->id = options->argument_count ? options->arguments[0] : "gme-2b";
    if (from && !*from)
        return wrong(SAY_PULL_NO_SOURCE, NULL);
    if (options->argument_count == 0 && from && folder_has(from, "config.json") && !name_folder(pull, from))
        return wrong(SAY_PULL_WHICH, WITH(from));
    if (store_name_known(pull->id)) {
        snprintf(pull->base, sizeof pull->base, "%s", pull->id);
    } else if (is_hub_id(pull->id)) {
        path_last_part(pull->base, sizeof pull->base, pull->id);
    } else if (is_folder(pull->id)) {
        return wrong(SAY_PULL_FOLDER, WITH(pull->id));
    } else {
        return wrong(SAY_PULL_UNKNOWN, WITH(pull->id));
    }
    return CLI_DONE;
}

static int plan_name(struct pull *pull)
{
    const char *precision = value_of(pull, OPTION_PRECISION);
    bool usual = !precision || strcmp(precision, "bf16") == 0;
    int length = has(pull, OPTION_NAME) ? snprintf(pull->name, sizeof pull->name, "%s", value_of(pull, OPTION_NAME))
                                        : snprintf(pull->name, sizeof pull->name, "%s%s%s", pull->base,
                                                   usual ? "" : "-", usual ? "" : precision);
    if (length >= (int)sizeof pull->name || !store_name_good(pull->name))
        return wrong(SAY_PULL_BAD_NAME, WITH(has(pull, OPTION_NAME) ? value_of(pull, OPTION_NAME) : pull->name));
    if (has(pull, OPTION_COPY) && !has(pull, OPTION_KEEP))
        return wrong(SAY_PULL_COPY_ALONE, NULL);
    return CLI_DONE;
}

static int plan_places(struct pull *pull)
{
    char hidden[STORE_NAME_SIZE + 1];
    snprintf(hidden, sizeof hidden, ".%s", pull->name);
    if (!store_make(pull->store))
        return CLI_SOME_FAILED;
    bool good = path_join(pull->target, pull->store, pull->name, ".tuwen") &&
                path_join(pull->kept, pull->store, pull->name, "") &&
                path_join(pull->staging, pull->store, hidden, ".pull") &&
                path_join(pull->files, pull->staging, pull->base, "");
    if (!good)
        complain(SAY_FILE_ERROR, WITH(pull->store, reason_of(ENAMETOOLONG)));
    return good ? CLI_DONE : CLI_SOME_FAILED;
}

/* ---- fetching ---- */

static uint64_t number_of(const char *text)
{
    return strtoull(text, NULL, 10);
}

/* Notes in the hidden folder how this pull goes on, for `tuwen models`; when somebody has answered, so that a command that
 * cannot work is never noted. */
static bool write_again(const struct pull *pull)
{
    static const enum option_id repeated[] = {OPTION_FROM, OPTION_REVISION, OPTION_NAME, OPTION_PRECISION};
    static const enum option_id flags[] = {OPTION_KEEP, OPTION_COPY, OPTION_FORCE};
    char path[PATH_MAX];
    FILE *file = path_join(path, pull->staging, STORE_AGAIN, "") ? fopen(path, "w") : NULL;
    if (!file)
        return false;
    fprintf(file, " %s", pull->id);
    for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++)
        if (has(pull, repeated[i]))
            fprintf(file, " --%s %s", option_table[repeated[i]].name, value_of(pull, repeated[i]));
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (has(pull, flags[i]))
            fprintf(file, " --%s", option_table[flags[i]].name);
    return fclose(file) == 0;
}

static void on_plan(struct pull *pull, const char *const fields[HELPER_FIELDS])
{
    uint64_t total = number_of(fields[1]), there = number_of(fields[2]);
    struct number_text all = bytes_text((double)total);
    pull->planned = pull->planned || write_again(pull);
    if (there == 0)
        remark(SAY_PULL_PLAN, WITH(pull->name, all.text, fields[3], fields[4]));
    else if (there < total)
        remark(SAY_PULL_PLAN_REST, WITH(pull->name, all.text, fields[4], bytes_text((double)there).text));
    else
        remark(SAY_PULL_PLAN_NOTHING, WITH(pull->name, all.text, fields[4]));
}

static void on_revision(struct pull *pull, const char *const fields[HELPER_FIELDS])
{
    char brief[13]; /* of a commit's digits, enough to know it again */
    snprintf(brief, sizeof brief, "%s", fields[1]);
    remark(strcmp(fields[2], "known") == 0 ? SAY_PULL_REVISION_KNOWN : SAY_PULL_REVISION_UNKNOWN, WITH(brief));
}

static void on_line(void *user, const char *const fields[HELPER_FIELDS])
{
    struct pull *pull = user;
    const char *word = fields[0];
    if (strcmp(word, "plan") == 0) {
        on_plan(pull, fields);
    } else if (strcmp(word, "phase") == 0) {
        pull->checking = strcmp(fields[1], "check") == 0;
        meter_begin(&pull->meter, pull->checking ? SAY_METER_CHECK : SAY_METER_DOWNLOAD, pull->name);
    } else if (strcmp(word, "at") == 0) {
        meter_at(&pull->meter, number_of(fields[1]), number_of(fields[2]));
    } else if (strcmp(word, "say") == 0) {
        remark(SAY_PLAIN, WITH(fields[1]));
    } else if (strcmp(word, "revision") == 0) {
        on_revision(pull, fields);
    } else if (strcmp(word, "source") == 0) {
        snprintf(pull->source, sizeof pull->source, "%s", fields[1]);
    } else if (strcmp(word, "error") == 0) {
        if (!interrupt_seen())
            complain(SAY_PLAIN, WITH(fields[1]));
        pull->complained = true;
    }
}

static void on_silence(void *user)
{
    struct pull *pull = user;
    meter_tick(&pull->meter);
}

/* What the packed file takes beside the downloaded files, in percent of their weights. The known checkpoints are in f32;
 * others may be in bf16 already. */
static const char *spare_percent(const struct pull *pull)
{
    const char *precision = value_of(pull, OPTION_PRECISION);
    bool f32 = precision && strcmp(precision, "f32") == 0, int8 = precision && strcmp(precision, "int8") == 0,
         known = store_name_known(pull->id) || strstr(pull->id, "/gme-Qwen2-VL-");
    if (int8) /* a bf16 file lies beside it for a while */
        return known ? "77" : "152";
    return f32 ? (known ? "101" : "201") : (known ? "51" : "101");
}

static int run_helper(struct pull *pull)
{
    static const struct {
        enum option_id option;
        const char *word;
    } passed[] = {{OPTION_FROM, "--from"}, {OPTION_REVISION, "--revision"}, {OPTION_JOBS, "--jobs"}};
    const char *arguments[32] = {
        "tuwen-fetch", "pull",
        "--id",        pull->id,
        "--into",      pull->files,
        "--spare",     spare_percent(pull),
        "--lang",      messages_language() == TUWEN_CHINESE ? "zh" : "en",
    };
    size_t count = 10;
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        if (has(pull, passed[i].option)) {
            arguments[count++] = passed[i].word;
            arguments[count++] = value_of(pull, passed[i].option);
        }
    if (has(pull, OPTION_OFFLINE))
        arguments[count++] = "--offline";
    struct helper helper = {.on_line = on_line, .on_silence = on_silence, .user = pull};
    meter_begin(&pull->meter, SAY_METER_DOWNLOAD, pull->name);
    int code = helper_run(&helper, arguments);
    meter_end(&pull->meter);
    return code;
}

/* In the Python package nothing fetches. Says what can. */
static int refuse(const struct pull *pull)
{
    const char *hub = strcmp(pull->id, "gme-2b") == 0   ? "Alibaba-NLP/gme-Qwen2-VL-2B-Instruct"
                      : strcmp(pull->id, "gme-7b") == 0 ? "Alibaba-NLP/gme-Qwen2-VL-7B-Instruct"
                                                        : pull->id;
    complain(has(pull, OPTION_FROM) ? SAY_HELPER_NOT_IN_PACKAGE : SAY_PULL_NOT_IN_PACKAGE, WITH(hub));
    return CLI_SOME_FAILED;
}

/* Brings the files; `source` says then where they are. */
static int fetch(struct pull *pull)
{
    char fetched[PATH_MAX];
    bool there_before = is_folder(pull->staging);
    if (place_is_python_package())
        return refuse(pull);
    if (!path_join(fetched, pull->staging, FETCHED, "") || !folder_make(pull->staging) || !tree_remove(fetched)) {
        complain(SAY_WRITE_ERROR, WITH(pull->staging, reason_of(errno)));
        return CLI_SOME_FAILED;
    }
    snprintf(pull->source, sizeof pull->source, "%s", pull->files);
    int code = run_helper(pull);
    if (code == 0 && !interrupt_seen())
        return CLI_DONE;
    if (!there_before && !pull->planned)
        (void)tree_remove(pull->staging); /* nothing was fetched: no model is unfinished */
    if (interrupt_seen() || code == CLI_CANCELLED)
        return CLI_CANCELLED;
    if (code == CLI_USAGE)
        return CLI_USAGE;
    if (code > 0 && !pull->complained)
        complain(SAY_HELPER_FAILED, WITH(number_text(code, 0).text));
    return CLI_SOME_FAILED;
}

/* ---- converting and putting into place ---- */

/*
 * Files that were there before lie in a folder that may be called anything (in a cache: a number). A link by the
 * checkpoint's own name stands for it, since a packed file takes its name from the folder.
 */
static void name_source(struct pull *pull)
{
    char real[PATH_MAX], files[PATH_MAX];
    if (strcmp(pull->source, pull->files) == 0 || !realpath(pull->source, real))
        return;
    snprintf(pull->source, sizeof pull->source, "%s", real);
    bool same = realpath(pull->files, files) && strcmp(files, real) == 0; /* under another name: not to be removed */
    if (same || (tree_remove(pull->files) && symlink(real, pull->files) == 0))
        snprintf(pull->source, sizeof pull->source, "%s", pull->files);
}

/* What tells the packed file that is there from one that comes in its place; "none" when there is none. */
static void identify_target(const struct pull *pull, char text[96])
{
    struct stat status;
    if (stat(pull->target, &status) != 0)
        snprintf(text, 96, "none");
    else
        snprintf(text, 96, "%llu %lld.%09ld", (unsigned long long)status.st_ino, (long long)status.st_mtim.tv_sec,
                 status.st_mtim.tv_nsec);
}

/* Notes that all files are there, and which packed file is about to be replaced. */
static bool mark_fetched(const struct pull *pull)
{
    char path[PATH_MAX], text[96];
    identify_target(pull, text);
    FILE *file = path_join(path, pull->staging, FETCHED, "") ? fopen(path, "w") : NULL;
    if (!file)
        return false;
    bool written = fputs(text, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && written;
}

/* Whether the packed file was made from what is in the hidden folder, perhaps before a break. */
static bool is_converted(const struct pull *pull)
{
    char path[PATH_MAX], before[96] = "", now[96];
    FILE *file = path_join(path, pull->staging, FETCHED, "") ? fopen(path, "r") : NULL;
    bool marked = file && fgets(before, sizeof before, file);
    if (file)
        fclose(file);
    identify_target(pull, now);
    return marked && strcmp(now, "none") != 0 && strcmp(before, now) != 0;
}

static int convert(struct pull *pull)
{
    name_source(pull);
    if (!write_again(pull) || !mark_fetched(pull)) {
        complain(SAY_WRITE_ERROR, WITH(pull->staging, reason_of(errno)));
        return CLI_SOME_FAILED;
    }
    return convert_to(pull->cli, pull->source, pull->target, pull->name);
}

/* Moves an older entry for the original files out of the way; it goes with the hidden folder. */
static bool clear_kept(const struct pull *pull)
{
    char old[PATH_MAX];
    struct stat status;
    if (lstat(pull->kept, &status) != 0)
        return true;
    return path_join(old, pull->staging, ".old", "") && tree_remove(old) && rename(pull->kept, old) == 0;
}

/* Whether `folder`, resolved, is in the entry for the original files, and so kept already. */
static bool is_kept(const struct pull *pull, const char *folder)
{
    char kept[PATH_MAX];
    struct stat status;
    if (lstat(pull->kept, &status) != 0 || S_ISLNK(status.st_mode) || !realpath(pull->kept, kept))
        return false;
    size_t length = strlen(kept);
    return strncmp(folder, kept, length) == 0 && (folder[length] == '\0' || folder[length] == '/');
}

/* Moves what was fetched to where it is kept, without what tuwen-fetch remembers. */
static bool keep_fetched(const struct pull *pull)
{
    static const char *const remembered[] = {"pull.state", "pull.lock"};
    for (size_t i = 0; i < sizeof remembered / sizeof *remembered; i++) {
        char path[PATH_MAX];
        if (!path_join(path, pull->files, remembered[i], "") || !tree_remove(path))
            return false;
    }
    return clear_kept(pull) && rename(pull->files, pull->kept) == 0;
}

/* Keeps the original files: those that were fetched are moved, a folder that was there before is linked or copied. */
static bool keep(const struct pull *pull)
{
    char real[PATH_MAX], copy[PATH_MAX];
    struct stat status;
    if (lstat(pull->files, &status) != 0)
        return access(pull->kept, F_OK) == 0; /* moved before a break */
    if (!S_ISLNK(status.st_mode))
        return keep_fetched(pull);
    if (!realpath(pull->files, real))
        return false;
    if (is_kept(pull, real))
        return true;
    if (!has(pull, OPTION_COPY))
        return clear_kept(pull) && symlink(real, pull->kept) == 0;
    return path_join(copy, pull->staging, ".copy", "") && tree_remove(copy) && folder_copy(real, copy) &&
           clear_kept(pull) && rename(copy, pull->kept) == 0;
}

/* The packed file is there: the rest, which may be done again after a break. */
static int finish(struct pull *pull)
{
    if (is_converted(pull)) {
        if (has(pull, OPTION_KEEP) && !keep(pull)) {
            complain(SAY_WRITE_ERROR, WITH(pull->kept, reason_of(errno)));
            return CLI_SOME_FAILED;
        }
        if (!store_set_origin(pull->store, pull->name, store_name_known(pull->id) ? "" : pull->id)) {
            complain(SAY_WRITE_ERROR, WITH(pull->store, reason_of(errno)));
            return CLI_SOME_FAILED;
        }
        if (!tree_remove_last(pull->staging, FETCHED)) { /* while the mark is there, a break can be seen */
            complain(SAY_REMOVE_ERROR, WITH(pull->staging, reason_of(errno)));
            return CLI_SOME_FAILED;
        }
    } else {
        (void)rmdir(pull->staging); /* a break just after the mark was removed left the empty folder */
    }
    char path[PATH_MAX], label[PATH_MAX];
    if (store_find_default(path, label) != STORE_DEFAULT_GOOD && !store_set_default(pull->target))
        return CLI_SOME_FAILED;
    return CLI_DONE;
}

/* How to go on, with the model's name where it is not the default. */
static void say_next(const struct pull *pull)
{
    char path[PATH_MAX], label[PATH_MAX];
    if (store_find_default(path, label) == STORE_DEFAULT_GOOD && strcmp(label, pull->name) == 0)
        remark(SAY_PULL_NEXT, NULL);
    else
        remark(SAY_PULL_NEXT_NAMED, WITH(pull->name));
}

/* A packed file of that name is there and nothing forces a new one. */
static int already_there(struct pull *pull)
{
    tuwen_model_options options = {.facts_only = true};
    tuwen_model *model;
    tuwen_error error = {.language = messages_language()};
    if (tuwen_model_open(pull->target, &options, &model, &error) != TUWEN_OK) {
        complain(SAY_PULL_DAMAGED, WITH(error.message));
        return CLI_SOME_FAILED;
    }
    const tuwen_model_info *info = tuwen_model_get_info(model);
    char origin[STORE_ORIGIN_SIZE];
    store_origin(pull->store, pull->name, origin);
    bool other = *origin && strcmp(origin, pull->id) != 0 && !is_converted(pull);
    bool same =
        !other && (!has(pull, OPTION_PRECISION) || strcmp(info->precision, value_of(pull, OPTION_PRECISION)) == 0);
    if (other)
        complain(SAY_PULL_OTHER_ORIGIN, WITH(pull->name, origin, pull->id));
    else if (!same)
        complain(SAY_PULL_OTHER_PRECISION, WITH(pull->name, info->precision));
    else if (*origin || store_name_known(pull->id))
        remark(SAY_PULL_THERE, WITH(pull->name));
    else
        remark(SAY_PULL_THERE_PERHAPS, WITH(pull->name, pull->id));
    tuwen_model_close(model);
    return same ? finish(pull) : CLI_SOME_FAILED;
}

static int pull_locked(struct pull *pull)
{
    int code;
    if (access(pull->target, F_OK) == 0 && !has(pull, OPTION_FORCE)) {
        code = already_there(pull);
    } else {
        code = fetch(pull);
        if (code == CLI_DONE)
            code = convert(pull);
        if (code == CLI_DONE)
            code = finish(pull);
        if (code == CLI_DONE)
            convert_say_done(pull->target, pull->name);
    }
    if (code == CLI_DONE) {
        puts(pull->target);
        say_next(pull);
    }
    if (code == CLI_CANCELLED)
        complain(SAY_PULL_CANCELLED, NULL);
    return code;
}

int pull_run(const struct cli *cli)
{
    struct pull pull = {.cli = cli};
    struct store_lock lock;
    int code = plan_id(&pull);
    if (code == CLI_DONE)
        code = plan_name(&pull);
    if (code == CLI_DONE)
        code = plan_places(&pull);
    if (code != CLI_DONE)
        return code;
    if (!store_lock(&lock, pull.store, pull.name))
        return CLI_SOME_FAILED;
    interrupt_catch(NULL);
    code = pull_locked(&pull);
    store_unlock(&lock);
    return code;
}
