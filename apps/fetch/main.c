/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuwen-fetch, the only program of tuwen that opens connections. `tuwen pull` runs it and reads its lines, which
 * docs/download.md describes; people may run it too.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/clock.h"
#include "net/pull.h"

enum { DONE = 0, FAILED = 1, USAGE = 2, STOPPED = 130 };

static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

/* --- the lines ------------------------------------------------------------------------------------------------------ */

struct lines {
    double last_at; /* when `at` was last written */
};

/* Prints text with anything that would end a field or a line made a space. */
static void field(const char *text)
{
    for (; *text; text++)
        putchar((unsigned char)*text < 0x20 ? ' ' : *text);
}

/* `first` and up to one text. */
static void line(const char *first, const char *text)
{
    fputs(first, stdout);
    putchar('\t');
    field(text);
    putchar('\n');
    fflush(stdout);
}

static void failed(const char *sentence, const char *status)
{
    fputs("error\t", stdout);
    field(sentence);
    printf("\t%s\n", status);
    fflush(stdout);
}

static void on_plan(void *owner, int64_t total, int64_t there, size_t files, const char *from)
{
    printf("plan\t%lld\t%lld\t%zu\t", (long long)total, (long long)there, files);
    field(from);
    putchar('\n');
    fflush(stdout);
}

static void on_phase(void *owner, tw_net_phase phase)
{
    ((struct lines *)owner)->last_at = 0;
    line("phase", phase == TW_PHASE_CHECK ? "check" : "download");
}

static void on_at(void *owner, int64_t done, int64_t total)
{
    struct lines *lines = owner;
    double now = tw_clock_seconds();
    if (lines->last_at > 0 && now - lines->last_at < 0.2 && done < total)
        return;
    lines->last_at = now;
    printf("at\t%lld\t%lld\n", (long long)done, (long long)total);
    fflush(stdout);
}

static void on_say(void *owner, const char *sentence)
{
    line("say", sentence);
}

static void on_revision(void *owner, const char *commit, bool known)
{
    fputs("revision\t", stdout);
    field(commit);
    printf("\t%s\n", known ? "known" : "unknown");
    fflush(stdout);
}

static void on_source(void *owner, const char *folder)
{
    line("source", folder);
}

static bool on_cancelled(void *owner)
{
    return stop_asked;
}

/* --- the command line ----------------------------------------------------------------------------------------------- */

static int usage(const char *why, const char *what)
{
    fprintf(stderr, "tuwen-fetch: %s %s\n", why, what);
    fputs("usage: tuwen-fetch pull --id gme-2b|gme-7b|OWNER/NAME --into FOLDER [--from hf|modelscope|URL|FOLDER]\n"
          "                        [--revision REVISION] [--jobs N] [--spare PERCENT] [--offline] [--lang en|zh]\n"
          "       tuwen-fetch get URL --into FILE --max-bytes N [--max-seconds N] [--public] [--lang en|zh]\n",
          stderr);
    return USAGE;
}

struct arguments {
    const char *id, *into, *from, *revision, *url;
    long long jobs, spare, max_bytes, max_seconds;
    bool offline, chinese, only_public;
};

/* A whole number within bounds; false if it is none. */
static bool read_number(const char *text, long long least, long long most, long long *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number >= least && *number <= most;
}

static bool set_option(struct arguments *a, const char *name, const char *value)
{
    if (strcmp(name, "--id") == 0)
        a->id = value;
    else if (strcmp(name, "--into") == 0)
        a->into = value;
    else if (strcmp(name, "--from") == 0)
        a->from = value;
    else if (strcmp(name, "--revision") == 0)
        a->revision = value;
    else if (strcmp(name, "--jobs") == 0)
        return read_number(value, 1, 16, &a->jobs);
    else if (strcmp(name, "--spare") == 0)
        return read_number(value, 0, 1000, &a->spare);
    else if (strcmp(name, "--max-bytes") == 0)
        return read_number(value, 1, (long long)1 << 30, &a->max_bytes);
    else if (strcmp(name, "--max-seconds") == 0)
        return read_number(value, 1, 86400, &a->max_seconds);
    else if (strcmp(name, "--lang") == 0) {
        a->chinese = strcmp(value, "zh") == 0;
        return a->chinese || strcmp(value, "en") == 0;
    } else
        return false;
    return *value != '\0';
}

static bool is_chinese_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strncmp(value, "zh", 2) == 0;
    }
    return false;
}

/* As the hubs' own client reads it. */
static bool is_offline_by_environment(void)
{
    const char *value = getenv("HF_HUB_OFFLINE");
    return value && (strcmp(value, "1") == 0 || strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 ||
                     strcasecmp(value, "on") == 0);
}

static int run(const struct arguments *a, bool pull)
{
    struct lines lines = {0};
    tw_net_report report = {&lines,      a->chinese ? TUWEN_CHINESE : TUWEN_ENGLISH,
                            on_plan,     on_phase,
                            on_at,       on_say,
                            on_revision, on_source,
                            on_cancelled};
    tuwen_error error = {.language = report.language};
    tuwen_status status;
    if (pull)
        status = tw_pull_run(&(tw_pull){.id = a->id,
                                        .into = a->into,
                                        .from = a->from,
                                        .revision = a->revision,
                                        .jobs = (int)a->jobs,
                                        .spare = (int)a->spare,
                                        .offline = a->offline,
                                        .chinese = a->chinese,
                                        .report = &report},
                             &error);
    else
        status = tw_pull_file(&(tw_pull_one){.url = a->url,
                                             .into = a->into,
                                             .limit = a->max_bytes,
                                             .seconds = a->max_seconds,
                                             .only_public = a->only_public},
                              &report, &error);
    if (status == TUWEN_OK)
        return DONE;
    failed(error.message, tuwen_status_name(status));
    return stop_asked ? STOPPED : FAILED;
}

/* A helper without its parent is of no use to anybody. */
static bool end_with_parent(void)
{
    pid_t parent = getppid();
#ifdef __linux__
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    return getppid() == parent;
}

int main(int argc, char **argv)
{
    struct sigaction old, action = {.sa_handler = on_signal};
    if (sigaction(SIGINT, NULL, &old) == 0 &&
        old.sa_handler != SIG_IGN) /* as tuwen does: one in the background stays */
        sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_DFL; /* a reader that is gone ends us, whatever the parent ignored */
    sigaction(SIGPIPE, &action, NULL);
    if (!end_with_parent())
        return FAILED;

    struct arguments a = {.jobs = 4, .chinese = is_chinese_locale(), .offline = is_offline_by_environment()};
    bool pull = argc > 1 && strcmp(argv[1], "pull") == 0;
    if (!pull && !(argc > 1 && strcmp(argv[1], "get") == 0))
        return usage("needs", "pull or get");
    for (int i = 2; i < argc; i++) {
        if (pull && strcmp(argv[i], "--offline") == 0)
            a.offline = true;
        else if (!pull && strcmp(argv[i], "--public") == 0)
            a.only_public = true;
        else if (!pull && argv[i][0] != '-' && !a.url)
            a.url = argv[i];
        else if (i + 1 == argc || !set_option(&a, argv[i], argv[i + 1]))
            return usage("cannot use", argv[i]);
        else
            i++;
    }
    if (!a.into)
        return usage("needs", "--into");
    if (pull && !a.id)
        return usage("needs", "--id");
    if (!pull && (!a.url || a.max_bytes == 0))
        return usage("needs", !a.url ? "URL" : "--max-bytes");
    return run(&a, pull);
}
