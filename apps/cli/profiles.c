/* SPDX-License-Identifier: Apache-2.0 */
/* The user's profiles, and those that come with checkpoints. */
#include "profiles.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "json_bytes.h"
#include "places.h"
#include "store.h"

#define ENDING ".json"
#define OF_CHECKPOINT "profile.json"
#define NO_PROFILE "none" /* not even the checkpoint's own */

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcmp(text + length - tail, ending) == 0;
}

/* The folder, which need not exist. */
static bool profiles_folder(char folder[PATH_MAX])
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && *config == '/')
        return path_join(folder, config, "tuwen/profiles", "");
    return home && *home && path_join(folder, home, ".config/tuwen/profiles", "");
}

bool profiles_path(const char *word, char path[PATH_MAX])
{
    char folder[PATH_MAX];
    if (strchr(word, '/') || ends_with(word, ENDING)) {
        if (snprintf(path, PATH_MAX, "%s", word) < PATH_MAX)
            return true;
    } else if (store_name_good(word) && strcmp(word, NO_PROFILE) != 0) {
        if (profiles_folder(folder) && path_join(path, folder, word, ENDING))
            return true;
        complain(SAY_PROFILE_NOWHERE, NULL);
        return false;
    }
    complain(SAY_PROFILE_BAD_NAME, WITH(word));
    return false;
}

bool profiles_make_folder(const char *path)
{
    char folder[PATH_MAX], shown[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return true;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if (folder_make(folder))
        return true;
    int number = errno;
    path_for_people(shown, folder);
    complain(SAY_WRITE_ERROR, WITH(shown, reason_of(number)));
    return false;
}

static int open_said(const char *word, tuwen_profile **profile)
{
    char path[PATH_MAX], folder[PATH_MAX], shown[PATH_MAX];
    tuwen_error error = {.language = messages_language()};
    if (!profiles_path(word, path))
        return CLI_USAGE;
    bool named = !strchr(word, '/') && !ends_with(word, ENDING);
    if (named && access(path, F_OK) != 0 && profiles_folder(folder)) {
        path_for_people(shown, folder);
        complain(SAY_PROFILE_NONE, WITH(word, shown));
        return CLI_SOME_FAILED;
    }
    if (tuwen_profile_open(path, profile, &error) == TUWEN_OK)
        return CLI_DONE;
    complain(SAY_PLAIN, WITH(error.message));
    return CLI_SOME_FAILED;
}

/* The checkpoint's own is for its usual settings: with others it says nothing. */
static void open_own(const struct checkpoint *checkpoint, const char *instruction, tuwen_profile **profile)
{
    char path[PATH_MAX];
    struct stat status;
    if (!path_join(path, checkpoint->info->path, OF_CHECKPOINT, "") || stat(path, &status) != 0)
        return;
    tuwen_error error = {.language = messages_language()};
    if (tuwen_profile_open(path, profile, &error) != TUWEN_OK) {
        complain(SAY_PLAIN, WITH(error.message));
        return;
    }
    if (tuwen_profile_check(*profile, tuwen_session_fingerprint(checkpoint->session), instruction, &error) ==
        TUWEN_OK)
        return;
    tuwen_profile_close(*profile);
    *profile = NULL;
}

int profiles_open(const struct cli *cli, const struct checkpoint *checkpoint, const char *instruction,
                  tuwen_profile **profile)
{
    const struct option_value *said = &cli->options.values[OPTION_PROFILE];
    tuwen_error error = {.language = messages_language()};
    *profile = NULL;
    if (!said->given) {
        open_own(checkpoint, instruction, profile);
        return CLI_DONE;
    }
    if (strcmp(said->text, NO_PROFILE) == 0)
        return CLI_DONE;
    int code = open_said(said->text, profile);
    if (code != CLI_DONE)
        return code;
    if (tuwen_profile_check(*profile, tuwen_session_fingerprint(checkpoint->session), instruction, &error) ==
        TUWEN_OK)
        return CLI_DONE;
    complain(SAY_PLAIN, WITH(error.message));
    tuwen_profile_close(*profile);
    *profile = NULL;
    return CLI_MODEL;
}

/* The list. */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of files that could be profiles, sorted; NULL if memory is short. Each and the list are to be freed. */
static char **read_names(const char *folder, size_t *count)
{
    size_t capacity = 16;
    char **names = calloc(capacity, sizeof *names);
    DIR *entries = names ? opendir(folder) : NULL;
    *count = 0;
    for (struct dirent *entry; entries && names && (entry = readdir(entries));) {
        if (!ends_with(entry->d_name, ENDING) || *entry->d_name == '.')
            continue;
        if (*count == capacity) {
            char **larger = realloc(names, 2 * capacity * sizeof *names);
            if (!larger)
                break;
            names = larger;
            capacity *= 2;
        }
        names[*count] = strdup(entry->d_name);
        *count += names[*count] != NULL;
    }
    if (entries)
        closedir(entries);
    if (names)
        qsort(names, *count, sizeof *names, by_name);
    return names;
}

static void print_profile(const char *name, const tuwen_profile_info *info, const char *message)
{
    char facts[512];
    if (info)
        message_format(
            facts, sizeof facts, SAY_PROFILE_FACTS,
            WITH(info->model, number_text((double)info->yes, 0).text, number_text((double)info->no, 0).text));
    text_print(stdout, name, strlen(name), 0);
    fputs("  ", stdout);
    const char *what = info ? facts : message;
    text_print(stdout, what, strlen(what), 0);
    putchar('\n');
}

static void add_member(struct buffer *to, const char *key, const char *value)
{
    BUFFER_FORMAT(to, ",\"%s\":", key);
    json_bytes(to, value, strlen(value));
}

static void add_profile(struct buffer *to, const char *name, const char *path, const tuwen_profile_info *info,
                        const char *message)
{
    buffer_text(to, to->size > 1 ? ",\n{\"name\":" : "\n{\"name\":");
    json_bytes(to, name, strlen(name));
    add_member(to, "path", path);
    if (info) {
        add_member(to, "model", info->model);
        add_member(to, "space", info->space);
        BUFFER_FORMAT(to, ",\"yes\":%zu,\"no\":%zu,\"prior\":%.6g}", info->yes, info->no, info->prior);
    } else {
        add_member(to, "message", message);
        buffer_text(to, "}");
    }
}

int profiles_list(const struct cli *cli)
{
    char folder[PATH_MAX], path[PATH_MAX], shown[PATH_MAX];
    struct buffer json = {0};
    size_t count = 0;
    if (!profiles_folder(folder)) {
        complain(SAY_PROFILE_NOWHERE, NULL);
        return CLI_SOME_FAILED;
    }
    bool as_json = options_given(&cli->options, OPTION_JSON);
    char **names = read_names(folder, &count);
    buffer_text(&json, "[");
    for (size_t i = 0; i < count; i++) {
        tuwen_error error = {.language = messages_language()};
        tuwen_profile *profile = NULL;
        bool good = path_join(path, folder, names[i], "") && tuwen_profile_open(path, &profile, &error) == TUWEN_OK;
        const tuwen_profile_info *info = good ? tuwen_profile_get_info(profile) : NULL;
        names[i][strlen(names[i]) - strlen(ENDING)] = '\0';
        if (as_json)
            add_profile(&json, names[i], path, info, error.message);
        else
            print_profile(names[i], info, error.message);
        tuwen_profile_close(profile);
        free(names[i]);
    }
    buffer_text(&json, count ? "\n]\n" : "]\n");
    if (as_json && !json.failed)
        fwrite(json.data, 1, json.size, stdout);
    path_for_people(shown, folder);
    if (count == 0)
        remark(SAY_PROFILES_EMPTY, WITH(shown));
    bool failed = !names || json.failed;
    if (failed)
        complain(SAY_OUT_OF_MEMORY, NULL);
    buffer_free(&json);
    free(names);
    return failed ? CLI_SOME_FAILED : CLI_DONE;
}
