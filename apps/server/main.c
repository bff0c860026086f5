/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuwen-server, the program that `tuwen serve` becomes: it alone links network code for answering. Its arguments are those
 * that `tuwen serve` has read from the option table, each as --name=value; people use that command.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "activation.h"
#include "clock.h"
#include "listen.h"
#include "service.h"
#include "tls.h"

/* Two, so that a small body need not wait for a large one; more would take the cores from the model. Those that fetch wait
 * for others nearly all of their time. */
enum { READERS = 2, FETCHERS = 8 };

enum { DONE = 0, FAILED = 1, USAGE = 2, MODEL = 3, INTERRUPTED = 130 };

/* ---- arguments ---- */

enum { PROFILES = 48 }; /* as many as the command can say */

struct arguments {
    const char *listen, *keys, *tls_cert, *tls_key, *fetch, *model, *cache, *isa;
    const char *profiles[PROFILES + 1]; /* [profile_count], and room for the next */
    size_t profile_count;
    double lang, threads, image_tokens_min, image_tokens_max, max_length, exif, raw_special, picture_bytes,
        picture_pixels, picture_seconds, cache_bytes, insecure, quiet, max_body, max_memory, max_items, max_queue,
        max_connections, max_wait, grace;
};

static bool read_argument(struct arguments *arguments, const char *word)
{
    const struct {
        const char *name;
        const char **text;
        double *number;
    } table[] = {
        {"listen", &arguments->listen, NULL},
        {"keys", &arguments->keys, NULL},
        {"tls-cert", &arguments->tls_cert, NULL},
        {"tls-key", &arguments->tls_key, NULL},
        {"fetch", &arguments->fetch, NULL},
        {"model", &arguments->model, NULL},
        {"cache", &arguments->cache, NULL},
        {"isa", &arguments->isa, NULL},
        {"profile", &arguments->profiles[arguments->profile_count], NULL},
        {"lang", NULL, &arguments->lang},
        {"threads", NULL, &arguments->threads},
        {"image-tokens-min", NULL, &arguments->image_tokens_min},
        {"image-tokens-max", NULL, &arguments->image_tokens_max},
        {"max-length", NULL, &arguments->max_length},
        {"exif", NULL, &arguments->exif},
        {"raw-special", NULL, &arguments->raw_special},
        {"max-bytes", NULL, &arguments->picture_bytes},
        {"max-pixels", NULL, &arguments->picture_pixels},
        {"max-seconds", NULL, &arguments->picture_seconds},
        {"cache-bytes", NULL, &arguments->cache_bytes},
        {"insecure", NULL, &arguments->insecure},
        {"quiet", NULL, &arguments->quiet},
        {"max-body", NULL, &arguments->max_body},
        {"max-memory", NULL, &arguments->max_memory},
        {"max-items", NULL, &arguments->max_items},
        {"max-queue", NULL, &arguments->max_queue},
        {"max-connections", NULL, &arguments->max_connections},
        {"max-wait", NULL, &arguments->max_wait},
        {"grace", NULL, &arguments->grace},
    };
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : 0;
    if (length < 3 || strncmp(word, "--", 2) != 0)
        return false;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strlen(table[i].name) != length - 2 || strncmp(table[i].name, word + 2, length - 2) != 0)
            continue;
        if (table[i].text)
            *table[i].text = equals + 1;
        else
            *table[i].number = strtod(equals + 1, NULL);
        arguments->profile_count += table[i].text == &arguments->profiles[arguments->profile_count];
        return arguments->profile_count <= PROFILES;
    }
    return false;
}

/* ---- talk ---- */

static int complain(const char *sentence)
{
    fprintf(stderr, "tuwen: %s\n", sentence);
    return USAGE;
}

static const char *in(tuwen_language language, const char *english, const char *chinese)
{
    return language == TUWEN_CHINESE ? chinese : english;
}

/* ---- life ---- */

struct life {
    struct arguments arguments;
    struct service service;
    struct listener listener;
    struct tls tls;
    struct http *http;
    pthread_t main;
    sigset_t signals;
    atomic_bool broken; /* the model cannot be had */
};

/* From the worker's thread: the model is there, or is not. */
static void on_ready(void *user, const struct terms *terms, const char *message)
{
    struct life *life = user;
    char line[1024];
    if (terms) {
        snprintf(line, sizeof line, "ready: %s (%s), after %.2f s", terms->info->name, terms->info->precision,
                 clock_seconds() - life->service.started);
        log_event(&life->service.log, false, line);
        return;
    }
    complain(message);
    atomic_store(&life->broken, true);
    pthread_kill(life->main, SIGUSR1);
}

static uint64_t bytes_of(double number)
{
    return number > 0 ? (uint64_t)number : 0;
}

static bool start_worker(struct life *life)
{
    const struct arguments *arguments = &life->arguments;
    const struct worker_options options = {
        .model = arguments->model,
        .opening = {.threads = (int)arguments->threads, .isa = arguments->isa, .remake = true},
        .session = {.max_length = (int)arguments->max_length,
                    .exif = (tuwen_exif)arguments->exif,
                    .raw_special = arguments->raw_special > 0,
                    .max_picture_bytes = bytes_of(arguments->picture_bytes),
                    .max_picture_pixels = bytes_of(arguments->picture_pixels),
                    .max_picture_seconds = arguments->picture_seconds},
        .image_tokens_min = (int)arguments->image_tokens_min,
        .image_tokens_max = (int)arguments->image_tokens_max,
        .cache = arguments->cache,
        .profiles = arguments->profiles,
        .profile_count = arguments->profile_count,
        .cache_bytes = bytes_of(arguments->cache_bytes),
        .max_jobs = (size_t)arguments->max_queue,
        .max_items = (size_t)arguments->max_items,
        .language = life->service.language,
        .metrics = life->service.metrics,
        .log = service_log,
        .log_user = &life->service,
        .ready = on_ready,
        .ready_user = life,
    };
    life->service.worker = worker_start(&options);
    return life->service.worker != NULL;
}

static bool start_http(struct life *life)
{
    const struct arguments *arguments = &life->arguments;
    const struct http_options options = {
        .socket = life->listener.socket,
        .certificate = life->tls.certificate,
        .key = life->tls.key,
        .body_bytes = life->service.max_body,
        .all_bytes = life->service.max_memory,
        .connections = (unsigned)arguments->max_connections,
        .head_seconds = arguments->max_wait,
        .body_seconds = arguments->max_wait,
        .idle_seconds = 2 * arguments->max_wait,
        .answer_seconds = arguments->max_wait,
        .head = service_head,
        .piece = service_piece,
        .whole = service_whole,
        .trouble = service_trouble,
        .ended = service_ended,
        .log = service_log,
        .user = &life->service,
    };
    life->http = http_start(&options);
    return life->http != NULL;
}

static bool open_tls(struct life *life)
{
    const struct arguments *arguments = &life->arguments;
    tuwen_language language = life->service.language;
    char why[1024];
    if (!arguments->tls_cert && !arguments->tls_key)
        return true;
    if (!arguments->tls_cert || !arguments->tls_key)
        complain(in(language, "--tls-cert and --tls-key belong together: give both",
                    "--tls-cert 与 --tls-key 须同时给出"));
    else if (tls_read(&life->tls, arguments->tls_cert, arguments->tls_key, language, why, sizeof why))
        return true;
    else
        complain(why);
    return false;
}

static bool open_gate(struct life *life)
{
    struct service *service = &life->service;
    const struct arguments *arguments = &life->arguments;
    char why[1024];
    enum activation activation = listener_inherit(&life->listener, service->language, why, sizeof why);
    if (activation == ACTIVATION_BAD ||
        (activation == ACTIVATION_NONE &&
         !listener_open(&life->listener, arguments->listen, service->language, why, sizeof why))) {
        complain(why);
        return false;
    }
    service->gate.check_host = life->listener.loopback;
    service->gate.host = life->listener.host;
    if (arguments->keys) {
        struct keys *keys = keys_read(arguments->keys, service->language, why, sizeof why);
        if (keys)
            gate_set_keys(&service->gate, keys);
        else
            complain(why);
        return keys != NULL;
    }
    if (life->listener.loopback || arguments->insecure > 0)
        return true;
    complain(
        in(service->language,
           "--listen names an address that others reach: add --keys FILE, or --insecure if everybody there may ask",
           "--listen 的地址可从其他机器访问：请加上 --keys 文件；若允许所有人访问，请加上 --insecure"));
    return false;
}

/* On SIGHUP: those that cannot be read change nothing. */
static void read_keys_anew(struct life *life)
{
    char why[1024];
    struct service *service = &life->service;
    struct keys *keys =
        life->arguments.keys ? keys_read(life->arguments.keys, service->language, why, sizeof why) : NULL;
    if (keys)
        gate_set_keys(&service->gate, keys);
    if (life->arguments.keys)
        log_event(&service->log, !keys, keys ? "the keys were read anew" : why);
}

/* Waits for one of our signals; within `seconds`, if that is positive. 0 if none came. */
static int wait_signal(const struct life *life, double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    for (;;) {
        int number = seconds > 0 ? sigtimedwait(&life->signals, NULL, &time) : sigwaitinfo(&life->signals, NULL);
        if (number > 0)
            return number;
        if (errno != EINTR)
            return 0;
    }
}

/* Takes no more requests, and answers those that are here: for `grace` seconds, or until a second signal. */
static void drain(struct life *life)
{
    double end = clock_seconds() + life->arguments.grace;
    atomic_store(&life->service.closing, true);
    http_quiesce(life->http);
    while (http_exchanges(life->http) > 0 && clock_seconds() < end)
        if (wait_signal(life, 0.02) > 0)
            break;
    if (http_exchanges(life->http) > 0)
        worker_cancel(life->service.worker);
}

/* Afterwards no exchange waits, so that libmicrohttpd may be stopped. Until it is, it may still ask both, and is refused. */
static void end_threads(struct life *life)
{
    if (life->service.worker)
        worker_end(life->service.worker);
    if (life->service.reader)
        reader_end(life->service.reader); /* which may still hand on to the others */
    if (life->service.fetchers)
        reader_end(life->service.fetchers);
}

static int run(struct life *life)
{
    printf("listening on %s://%s\n", life->tls.key ? "https" : "http", life->listener.where);
    fflush(stdout);
    int number = wait_signal(life, 0);
    for (; number == SIGHUP || number == 0; number = wait_signal(life, 0))
        if (number == SIGHUP)
            read_keys_anew(life);
    drain(life);
    end_threads(life);
    for (int i = 0; i < 100 && http_exchanges(life->http) > 0; i++)
        wait_signal(life, 0.02);
    log_event(&life->service.log, false, "stopped");
    return atomic_load(&life->broken) ? MODEL : number == SIGINT ? INTERRUPTED : DONE;
}

static void set_up(struct life *life)
{
    const struct arguments *arguments = &life->arguments;
    struct service *service = &life->service;
    service->language = arguments->lang > 0 ? TUWEN_CHINESE : TUWEN_ENGLISH;
    service->log.quiet = arguments->quiet > 0;
    service->max_jobs = (size_t)arguments->max_queue;
    service->max_body = (size_t)arguments->max_body;
    service->fetch = arguments->fetch;
    service->max_memory = bytes_of(arguments->max_memory);
    service->started = clock_seconds();
    service->created = (int64_t)time(NULL);
    atomic_init(&service->closing, false);
    pthread_mutex_init(&service->gate.lock, NULL);
    atomic_init(&life->broken, false);
    life->main = pthread_self();
    sigemptyset(&life->signals);
    sigaddset(&life->signals, SIGTERM);
    sigaddset(&life->signals, SIGINT);
    sigaddset(&life->signals, SIGHUP);
    sigaddset(&life->signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &life->signals, NULL); /* of every thread that is made from here on */
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    struct life life = {.arguments = {.listen = "127.0.0.1:7860",
                                      .max_body = 64 << 20,
                                      .max_memory = 512 << 20,
                                      .max_items = 2048,
                                      .max_queue = 256,
                                      .max_connections = 2048,
                                      .max_wait = 30,
                                      .grace = 30}};
    for (int i = 1; i < argc; i++)
        if (!read_argument(&life.arguments, argv[i]))
            return complain("tuwen-server takes the arguments that `tuwen serve` gives it; use that command");
    if (!life.arguments.model)
        return complain("tuwen-server needs --model=PATH; `tuwen serve` gives it");
    set_up(&life);
    int code = USAGE;
    if (open_tls(&life) && open_gate(&life)) {
        code = FAILED;
        life.service.metrics = metrics_make();
        life.service.reader = reader_start(READERS);
        if (life.service.fetch)
            life.service.fetchers = reader_start(FETCHERS);
        if (life.service.metrics && life.service.reader && (!life.service.fetch || life.service.fetchers) &&
            start_worker(&life) && start_http(&life))
            code = run(&life);
        else {
            complain(tuwen_status_text(TUWEN_OUT_OF_MEMORY, life.service.language));
            end_threads(&life);
        }
    }
    http_stop(life.http);
    tls_free(&life.tls);
    reader_free(life.service.reader);
    reader_free(life.service.fetchers);
    worker_free(life.service.worker);
    metrics_free(life.service.metrics);
    gate_set_keys(&life.service.gate, NULL);
    pthread_mutex_destroy(&life.service.gate.lock);
    return code;
}
