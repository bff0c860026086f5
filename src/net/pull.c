/* SPDX-License-Identifier: Apache-2.0 */
/* The order of things: what is here, then the hubs in their order. */
#include "net/pull.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/disk.h"
#include "base/file.h"
#include "base/output.h"
#include "formats/json.h"
#include "net/download.h"
#include "net/folder.h"

#define INDEX_LIMIT (4 << 20)
#define COMMIT_LIMIT (4 << 20) /* what the hub tells of a revision */
#define ALONE_TRIES 5          /* for a hub that is the last to be asked */
#define STRANGE_TRIES 2        /* for an address that a stranger gave */
#define FIRST_TRIES 2          /* while another can be asked */
#define LOCK_NAME "pull.lock"

/* One hub being asked. */
typedef struct {
    const tw_pull *pull;
    tw_place *place;
    const tw_known *known;
    tw_http *http;
    tw_net_settings settings;
    int tries;
    char commit[TW_PLACE_REVISION];
    tw_listing listing;
    tw_verdict verdict;
} visit;

static tuwen_status get_text(visit *v, const char *url, const char *what, size_t limit, tw_bytes *body,
                             char next[TW_HTTP_LINK], tuwen_error *error)
{
    tw_get get = {.url = url,
                  .what = what,
                  .token = v->place->token,
                  .token_name = v->place->token_name,
                  .cookie = v->place->dialect == TW_DIALECT_MODELSCOPE ? "m_session_id" : NULL,
                  .limit = limit,
                  .tries = v->tries};
    return tw_net_get(v->http, &get, &v->settings, v->pull->report, body, next, &v->verdict, error);
}

static tuwen_status fail_address(const visit *v, tuwen_error *error)
{
    return tw_fail(error, TUWEN_LIMIT, "%s: the address of %s is too long", v->place->host, v->place->id);
}

/* Turns a branch or tag of Hugging Face into its commit, so that all files come from one. */
static tuwen_status find_commit(visit *v, tuwen_error *error)
{
    (void)snprintf(v->commit, sizeof v->commit, "%s", v->place->revision);
    if (v->place->dialect != TW_DIALECT_HF || tw_is_commit(v->commit))
        return TUWEN_OK;
    char url[TW_PLACE_URL * 2];
    tw_bytes body = {0};
    tw_json *json = NULL;
    if (!tw_place_commit_url(v->place, url))
        return fail_address(v, error);
    tuwen_status status = get_text(v, url, v->place->id, COMMIT_LIMIT, &body, NULL, error);
    if (status == TUWEN_OK)
        status = tw_json_parse(body.data, body.length, v->place->host, &json, error);
    if (status == TUWEN_OK) {
        size_t length = 0;
        const char *commit = tw_json_string(tw_json_member(tw_json_root(json), "sha"), &length);
        if (commit && strlen(commit) == length && tw_is_commit(commit))
            (void)snprintf(v->commit, sizeof v->commit, "%s", commit);
        else
            status = tw_fail(error, TUWEN_BAD_MODEL, "%s: does not say which commit %s is", v->place->host,
                             v->place->revision);
    }
    tw_json_close(json);
    tw_bytes_free(&body);
    return status;
}

/* All pages of the listing. */
static tuwen_status read_listing(visit *v, tuwen_error *error)
{
    char url[TW_PLACE_URL * 2], next[TW_HTTP_LINK];
    tw_bytes body = {0};
    if (!tw_place_listing_url(v->place, v->commit, url))
        return fail_address(v, error);
    tuwen_status status = TUWEN_OK;
    for (int page = 0; status == TUWEN_OK; page++) {
        if (page == TW_LISTING_PAGES) {
            status = tw_fail(error, TUWEN_LIMIT, "%s: the listing has more than the %d pages allowed", v->place->host,
                             TW_LISTING_PAGES);
            break;
        }
        status = get_text(v, url, v->place->id, TW_LISTING_BYTES, &body, next, error);
        if (status == TUWEN_OK)
            status = tw_listing_add(&v->listing, v->place->dialect, body.data, body.length, v->place->host, error);
        if (status != TUWEN_OK || !next[0])
            break;
        /* The next page must be the same hub's: a token goes with it. */
        char host[TW_HTTP_HOST];
        size_t length = strlen(v->place->endpoint);
        if (strlen(next) >= sizeof url || !tw_http_host_of(next, host) ||
            strncmp(next, v->place->endpoint, length) != 0 || next[length] != '/')
            status = tw_fail(error, TUWEN_BAD_MODEL, "%s: the listing goes on at another host", v->place->host);
        else
            (void)snprintf(url, sizeof url, "%s", next);
    }
    tw_bytes_free(&body);
    return status == TUWEN_OK ? tw_listing_check(&v->listing, v->place->host, error) : status;
}

/* Every file can be verified, and none contradicts the table for the commit that it is about. */
static tuwen_status check_sums(visit *v, tuwen_error *error)
{
    bool of_commit = v->known && strcmp(v->commit, v->known->commit) == 0;
    for (size_t i = 0; i < v->listing.count; i++) {
        tw_listed_file *file = &v->listing.files[i];
        int64_t size = 0;
        tw_sum table = tw_known_sum(v->known, file->name, &size);
        if (file->sum.kind == TW_SUM_NONE)
            return tw_fail(error, TUWEN_BAD_MODEL, "%s: the listing gives no sum for %s, so it could not be verified",
                           v->place->host, file->name);
        if (!of_commit || table.kind == TW_SUM_NONE)
            continue;
        if (file->size != size || (file->sum.kind == table.kind && strcmp(file->sum.hex, table.hex) != 0))
            return tw_fail(error, TUWEN_BAD_MODEL,
                           "%s: lists another %s than the published one of this commit: it is not used",
                           v->place->host, file->name);
    }
    return TUWEN_OK;
}

/* Leaves out weight files that the index does not name. */
static tuwen_status apply_index(visit *v, tuwen_error *error)
{
    if (!tw_listing_find(&v->listing, TW_INDEX_NAME))
        return TUWEN_OK;
    char url[TW_PLACE_URL * 2];
    tw_bytes body = {0};
    if (!tw_place_file_url(v->place, v->commit, TW_INDEX_NAME, url))
        return fail_address(v, error);
    tuwen_status status = get_text(v, url, TW_INDEX_NAME, INDEX_LIMIT, &body, NULL, error);
    if (status == TUWEN_OK)
        status = tw_listing_apply_index(&v->listing, body.data, body.length, v->place->host, error);
    tw_bytes_free(&body);
    return status;
}

/* Everything from one hub; `known` says whether it is what the table lists. */
static tuwen_status visit_place(visit *v, bool *known, tuwen_error *error)
{
    v->verdict = TW_VERDICT_NEVER;
    tuwen_status status = tw_http_open(v->settings.stall, v->settings.authorities, &v->http, error);
    if (status != TUWEN_OK)
        return status;
    if (v->place->token_withheld)
        TW_SAY(v->pull->report, "%s is plain http: %s is not sent there", v->place->host, v->place->token_name);
    status = find_commit(v, error);
    if (status == TUWEN_OK)
        status = read_listing(v, error);
    if (status == TUWEN_OK)
        status = check_sums(v, error);
    if (status == TUWEN_OK)
        status = apply_index(v, error);
    if (status == TUWEN_OK) {
        tw_download download = {.place = v->place,
                                .commit = v->commit,
                                .listing = &v->listing,
                                .known = v->known,
                                .folder = v->pull->into,
                                .jobs = v->pull->jobs,
                                .spare = v->pull->spare,
                                .settings = v->settings,
                                .report = v->pull->report};
        status = tw_download_run(&download, v->http, known, &v->verdict, error);
    }
    tw_listing_free(&v->listing);
    tw_http_close(v->http);
    v->http = NULL;
    return status;
}

/* Whether another hub may do better. Not so when the disk is full, or the user stops. */
static bool worth_another(const visit *v, tuwen_status status)
{
    bool of_hub =
        v->verdict == TW_VERDICT_NO_ANSWER || v->verdict == TW_VERDICT_AGAIN || v->verdict == TW_VERDICT_REFUSED;
    return of_hub || status == TUWEN_BAD_MODEL;
}

static tuwen_status pull_from_hubs(const tw_pull *pull, tuwen_error *error)
{
    const tw_net_report *report = pull->report;
    tw_place places[TW_PLACES];
    int count = 0;
    tw_place_request request = {pull->id, pull->from, pull->revision, pull->chinese};
    tuwen_status status = tw_places(&request, places, &count, error);
    for (int i = 0; i < count; i++) {
        visit v = {.pull = pull,
                   .place = &places[i],
                   .known = tw_known_find(pull->id),
                   .settings = tw_net_settings_of_environment(),
                   .tries = i + 1 < count ? FIRST_TRIES : ALONE_TRIES};
        bool known = false;
        status = visit_place(&v, &known, error);
        if (status == TUWEN_OK) {
            report->revision(report->owner, known ? v.known->commit : v.commit, known);
            report->source(report->owner, pull->into);
            return TUWEN_OK;
        }
        if (i + 1 == count || !worth_another(&v, status))
            return status;
        if (error)
            report->say(report->owner, error->message);
        TW_SAY(report, "going on with %s", places[i + 1].host);
    }
    return status;
}

/* Takes a folder if it is complete and good; the error says why not. */
static tuwen_status take_folder(const tw_pull *pull, const tw_folder *folder, tuwen_error *error)
{
    const tw_net_report *report = pull->report;
    const tw_known *known = tw_known_find(pull->id);
    tw_folder_verdict verdict;
    tuwen_status status = tw_folder_check(folder->path, error);
    if (status == TUWEN_OK)
        status = tw_folder_verify(folder, known, report, &verdict, error);
    if (status != TUWEN_OK)
        return status;
    if (!verdict.compared && !verdict.known)
        TW_SAY(report, "%s: its files are complete; there is no sum to compare them with", folder->path);
    const char *commit = verdict.known ? known->commit : folder->commit[0] ? folder->commit : "-";
    if (verdict.compared || verdict.known)
        report->revision(report->owner, commit, verdict.known);
    report->source(report->owner, folder->path);
    return TUWEN_OK;
}

/* The first good one; `*found` says whether there was one. */
static tuwen_status take_first(const tw_pull *pull, const tw_folders *folders, bool *found, tuwen_error *error)
{
    const tw_net_report *report = pull->report;
    *found = false;
    for (size_t i = 0; i < folders->count; i++) {
        tuwen_error own = {.language = report->language};
        tuwen_status status = take_folder(pull, &folders->folders[i], &own);
        *found = status == TUWEN_OK;
        if (*found)
            return TUWEN_OK;
        if (status == TUWEN_CANCELLED || status == TUWEN_OUT_OF_MEMORY) {
            if (error)
                *error = own;
            return status;
        }
        TW_SAY(report, "%s is not used: %s", folders->folders[i].path, own.message);
    }
    return TUWEN_OK;
}

static tuwen_status pull_from_folder(const tw_pull *pull, tuwen_error *error)
{
    tw_folders folders = {0};
    bool found = false;
    tuwen_status status = tw_folders_below(pull->from, pull->id, pull->revision, &folders, error);
    if (status == TUWEN_OK && folders.count == 1)
        status = take_folder(pull, &folders.folders[0], error);
    else if (status == TUWEN_OK) {
        status = take_first(pull, &folders, &found, error);
        if (status == TUWEN_OK && !found)
            status = tw_fail(error, TUWEN_BAD_MODEL, "%s: holds no complete copy of %s", pull->from, pull->id);
    }
    tw_folders_free(&folders);
    return status;
}

static bool is_hub(const char *from)
{
    return !from || strcmp(from, "hf") == 0 || strcmp(from, "modelscope") == 0 || strstr(from, "://") != NULL;
}

static tuwen_status pull_from_caches(const tw_pull *pull, bool *found, tuwen_error *error)
{
    tw_folders folders = {0};
    tuwen_status status = tw_folders_in_caches(pull->id, pull->revision, &folders, error);
    if (status == TUWEN_OK)
        status = take_first(pull, &folders, found, error);
    tw_folders_free(&folders);
    return status;
}

static tuwen_status pull_locked(const tw_pull *pull, tuwen_error *error)
{
    char *path = tw_path_join(pull->into, LOCK_NAME);
    tw_disk_file lock = {0};
    bool taken = false;
    tuwen_status status = path ? tw_disk_make_folder(pull->into, error) : tw_fail_memory(error, LOCK_NAME);
    if (status == TUWEN_OK)
        status = tw_disk_lock(path, &lock, &taken, error);
    tw_free(path);
    if (status == TUWEN_OK && !taken)
        status = tw_fail(error, TUWEN_IO, "%s: another pull is at work there", pull->into);
    if (status == TUWEN_OK)
        status = pull_from_hubs(pull, error);
    tw_disk_close(&lock);
    return status;
}

tuwen_status tw_pull_run(const tw_pull *pull, tuwen_error *error)
{
    bool found = false;
    tuwen_status status = tw_place_check_id(pull->id, error);
    if (status != TUWEN_OK)
        return status;
    if (!is_hub(pull->from))
        return pull_from_folder(pull, error);
    if (!pull->from)
        status = pull_from_caches(pull, &found, error);
    if (status != TUWEN_OK || found)
        return status;
    if (pull->offline)
        return tw_fail(error, TUWEN_NOT_FOUND,
                       "%s is not in a cache on this machine, and --offline forbids to fetch it", pull->id);
    return pull_locked(pull, error);
}

/* A report that also ends what takes too long. */
typedef struct {
    const tw_net_report *report;
    double until;
} timed;

static bool timed_cancelled(void *owner)
{
    const timed *t = owner;
    return t->report->cancelled(t->report->owner) || tw_clock_seconds() > t->until;
}

static tuwen_status get_timed(tw_http *http, const tw_get *get, const tw_net_settings *settings, int64_t seconds,
                              const tw_net_report *report, tw_bytes *body, tuwen_error *error)
{
    tw_verdict verdict;
    timed t = {.report = report, .until = tw_clock_seconds() + (double)seconds};
    tw_net_report ending = *report; /* only its `cancelled` is called here */
    ending.owner = &t;
    ending.cancelled = timed_cancelled;
    tuwen_status status =
        tw_net_get(http, get, settings, seconds > 0 ? &ending : report, body, NULL, &verdict, error);
    if (status == TUWEN_CANCELLED && !report->cancelled(report->owner))
        status = tw_fail(error, TUWEN_LIMIT, "the file did not come within %lld seconds", (long long)seconds);
    return status;
}

tuwen_status tw_pull_file(const tw_pull_one *file, const tw_net_report *report, tuwen_error *error)
{
    char host[TW_HTTP_HOST];
    tw_net_settings settings = tw_net_settings_of_environment();
    tw_http *http = NULL;
    tw_bytes body = {0};
    if (!tw_http_host_of(file->url, host))
        return tw_fail(error, TUWEN_INVALID_ARGUMENT,
                       "an address must begin with http:// or https://, without name and password");
    tw_get get = {.url = file->url,
                  .what = "the file",
                  .limit = (size_t)file->limit,
                  .tries = file->only_public ? STRANGE_TRIES : ALONE_TRIES,
                  .only_public = file->only_public};
    tuwen_status status = tw_http_open(settings.stall, settings.authorities, &http, error);
    if (status == TUWEN_OK)
        status = get_timed(http, &get, &settings, file->seconds, report, &body, error);
    tw_http_close(http);
    if (status == TUWEN_OK)
        status = tw_output_put(file->into, body.data, body.length, error);
    tw_bytes_free(&body);
    return status;
}
