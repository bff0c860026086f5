/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many clients at once, for as long as one likes: each has a connection that stays open, asks, looks at the answer, and
 * asks again. One thread, so that the server has the machine.
 *
 *     server_load -p PORT [OPTION]... [PICTURE]...
 *
 *     -s PID      the server's process: its memory and processor time are read from /proc
 *     -w WORK     mixed (usually), captions, picture, match: see load_requests.h
 *     -c CLIENTS  how many (200)
 *     -t SECONDS  for how long (10)
 *     -r SEED     of the requests (1)
 *     -f          vectors are asked for as floats
 *     -o SERIES   a CSV file that gets a line each five seconds
 *
 * Answers must have status 200 and what was asked for, or 429 with Retry-After; then the client waits as long as it is told
 * and up to a quarter more, and asks the same again. Whatever else happens is told on standard error, and the exit code is
 * 1. On standard output comes one line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load_requests.h"

enum { TOLD = 10 }; /* troubles that are told one by one */

#define STEP_SECONDS 5.0    /* of the series */
#define DRAIN_SECONDS 120.0 /* for answers that are on their way at the end */

enum stage { ASKING, PAUSING, RESTING };

struct client {
    int file; /* -1: no connection */
    enum stage stage;
    double since; /* ASKING: when it began; PAUSING: when it ends */
    struct request request;
    size_t sent;
    char *answer;
    size_t got, capacity;
    bool pushing; /* waits until more can be sent */
};

struct record {
    float seconds;
    enum kind kind;
};

struct load {
    int port, poll;
    long server; /* its process; 0: not known */
    size_t client_count, asking;
    double seconds, began;
    struct client *clients;
    struct maker *maker;
    FILE *series;
    struct record *records; /* of good answers */
    size_t record_count, record_capacity;
    size_t inputs; /* of these, within the time */
    size_t timely; /* good answers within the time */
    size_t busy, wrong, reconnects;
    size_t step_record, step_busy; /* at the beginning of the step */
    double step_began;
    long memory_minute, memory_most; /* KiB: the most of the first minute (of a shorter run: its half), of all */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- the server's process ---- */

/* The resident memory in KiB; 0 if it is not known. */
static long read_memory(const struct load *load)
{
    char path[64], line[256];
    long memory = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", load->server);
    FILE *file = load->server ? fopen(path, "r") : NULL;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            memory = strtol(line + 6, NULL, 10);
    if (file)
        (void)fclose(file);
    return memory;
}

/* Processor time in seconds: fields 14 and 15, of which the name before them may have spaces. */
static double read_time(const struct load *load)
{
    char path[64], line[1024] = "";
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", load->server);
    FILE *file = load->server ? fopen(path, "r") : NULL;
    const char *rest = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    if (rest)
        (void)sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    if (file)
        (void)fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* ---- figures ---- */

static void add_record(struct load *load, enum kind kind, double seconds)
{
    if (load->record_count == load->record_capacity) {
        load->record_capacity = load->record_capacity ? 2 * load->record_capacity : 4096;
        load->records = realloc(load->records, load->record_capacity * sizeof *load->records);
        if (!load->records)
            fail("memory");
    }
    load->records[load->record_count++] = (struct record){(float)seconds, kind};
}

static int by_seconds(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    return (left->seconds > right->seconds) - (left->seconds < right->seconds);
}

/* The records of one kind, or of all (KINDS), from the first of them on, sorted; freed by the caller. */
static struct record *sort_records(const struct load *load, size_t first, enum kind kind, size_t *count)
{
    struct record *sorted = malloc((load->record_count - first + 1) * sizeof *sorted);
    *count = 0;
    if (!sorted)
        fail("memory");
    for (size_t i = first; i < load->record_count; i++)
        if (kind == KINDS || load->records[i].kind == kind)
            sorted[(*count)++] = load->records[i];
    qsort(sorted, *count, sizeof *sorted, by_seconds);
    return sorted;
}

/* The least number that a share of all do not exceed, in milliseconds. */
static double percentile(const struct record *sorted, size_t count, double share)
{
    size_t place = (size_t)(share * (double)count);
    return count ? 1000.0 * (double)sorted[place < count ? place : count - 1].seconds : 0;
}

static void end_step(struct load *load, double time)
{
    size_t count;
    double elapsed = time - load->began;
    long memory = read_memory(load);
    struct record *sorted = sort_records(load, load->step_record, KINDS, &count);
    if (elapsed <= 60.5 && elapsed <= load->seconds / 2 + STEP_SECONDS && memory > load->memory_minute)
        load->memory_minute = memory;
    if (memory > load->memory_most)
        load->memory_most = memory;
    if (load->series)
        fprintf(load->series, "%.1f,%.1f,%ld,%.1f,%.1f,%zu\n", elapsed, (double)count / (time - load->step_began),
                memory, percentile(sorted, count, 0.5), percentile(sorted, count, 0.99),
                load->busy - load->step_busy);
    free(sorted);
    load->step_record = load->record_count;
    load->step_busy = load->busy;
    load->step_began = time;
}

static void print_kind(const struct load *load, enum kind kind)
{
    size_t count;
    struct record *sorted = sort_records(load, 0, kind, &count);
    printf("\"%s\":{\"answers\":%zu,\"p50_ms\":%.1f,\"p90_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%.1f}",
           kind == KINDS ? "all" : kind_names[kind], count, percentile(sorted, count, 0.5),
           percentile(sorted, count, 0.9), percentile(sorted, count, 0.99), percentile(sorted, count, 1));
    free(sorted);
}

static void print_figures(const struct load *load, const char *work, unsigned long seed, double server_time)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"work\":\"%s\",\"clients\":%zu,\"seconds\":%.1f,\"seed\":%lu,\"good\":%zu,\"busy\":%zu,\"wrong\":%zu,"
           "\"reconnects\":%zu,\"answers_per_second\":%.2f,\"inputs_per_second\":%.2f,\"latency\":{",
           work, load->client_count, load->seconds, seed, load->record_count, load->busy, load->wrong,
           load->reconnects, (double)load->timely / load->seconds, (double)load->inputs / load->seconds);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        print_kind(load, kind);
        printf(",");
    }
    print_kind(load, KINDS);
    printf("},\"client_cpu_seconds\":%.2f", (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                                                1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
    if (load->server)
        printf(",\"server_cpu_seconds\":%.2f,\"memory_early_kib\":%ld,\"memory_most_kib\":%ld,\"memory_end_kib\":%ld",
               server_time, load->memory_minute, load->memory_most, read_memory(load));
    printf("}\n");
}

/* ---- clients ---- */

static void dial(struct load *load, struct client *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load->port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    const int yes = 1;
    client->file = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (client->file < 0 || connect(client->file, (struct sockaddr *)&address, sizeof address) != 0 ||
        fcntl(client->file, F_SETFL, O_NONBLOCK) != 0 ||
        setsockopt(client->file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0 ||
        epoll_ctl(load->poll, EPOLL_CTL_ADD, client->file, &event) != 0)
        fail("connect");
    client->pushing = false;
}

static void hang_up(struct load *load, struct client *client)
{
    close(client->file);
    client->file = -1;
    load->reconnects++;
}

static void ask(struct load *load, struct client *client);

/* Something that must not happen: it is counted, and the client goes on with a new connection and request. */
static void complain(struct load *load, struct client *client, const char *why)
{
    if (load->wrong++ < TOLD)
        fprintf(stderr, "after %.2f s, %s of %zu bytes: %s; the answer begins: %.300s\n", now() - load->began,
                kind_names[client->request.kind], client->request.size, why, client->got ? client->answer : "");
    client->stage = RESTING;
    load->asking--;
    hang_up(load, client);
    ask(load, client);
}

static void push(struct load *load, struct client *client)
{
    while (client->sent < client->request.size) {
        ssize_t count = send(client->file, client->request.bytes + client->sent, client->request.size - client->sent,
                             MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            break; /* if the connection is broken, reading says so */
        client->sent += (size_t)count;
    }
    bool more = client->sent < client->request.size;
    if (more != client->pushing) {
        struct epoll_event event = {.events = EPOLLIN | (more ? EPOLLOUT : 0), .data.ptr = client};
        if (epoll_ctl(load->poll, EPOLL_CTL_MOD, client->file, &event) != 0)
            fail("epoll");
        client->pushing = more;
    }
}

static void ask_again(struct load *load, struct client *client)
{
    client->stage = ASKING;
    client->since = now();
    client->sent = client->got = 0;
    load->asking++;
    if (client->file < 0)
        dial(load, client);
    push(load, client);
}

/* Asks something new, unless the time is over. */
static void ask(struct load *load, struct client *client)
{
    if (now() - load->began >= load->seconds)
        return;
    maker_next(load->maker, &client->request);
    ask_again(load, client);
}

/* The value of a header; NULL if it is not there. The head ends with a NUL. */
static const char *header(const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " ");
    }
    return NULL;
}

/* A whole answer: its head ends with a NUL. */
static void take_answer(struct load *load, struct client *client, const char *body, size_t size)
{
    double time = now(), elapsed = time - client->since;
    const char *again = header(client->answer, "Retry-After"), *close = header(client->answer, "Connection");
    int status = atoi(client->answer + strlen("HTTP/1.1 "));
    const char *wrong = NULL;
    if (client->sent < client->request.size)
        wrong = "an answer before the whole request was sent";
    else if (status == 200)
        wrong = maker_check(load->maker, &client->request, body, size);
    else if (status != 429 || !again || atoi(again) < 1)
        wrong = "neither status 200, nor 429 with Retry-After";
    if (wrong) {
        complain(load, client, wrong);
        return;
    }
    client->stage = RESTING;
    load->asking--;
    if (close && strncasecmp(close, "close", 5) == 0)
        hang_up(load, client);
    if (status == 429) {
        load->busy++;
        client->stage = PAUSING;
        client->since = time + atoi(again) * (1.0 + 0.25 * maker_random(load->maker));
        return;
    }
    add_record(load, client->request.kind, elapsed);
    if (time - load->began < load->seconds) {
        load->timely++;
        load->inputs += client->request.inputs;
    }
    ask(load, client);
}

/* Looks whether the answer is whole. */
static void look(struct load *load, struct client *client)
{
    char *end = strstr(client->answer, "\r\n\r\n");
    if (!end)
        return;
    end[2] = '\0';
    const char *length = header(client->answer, "Content-Length");
    size_t head = (size_t)(end + 4 - client->answer), size = length ? strtoul(length, NULL, 10) : 0;
    if (!length || strncmp(client->answer, "HTTP/1.1 ", 9) != 0 || client->got > head + size)
        complain(load, client, "no answer of HTTP with a length");
    else if (client->got == head + size)
        take_answer(load, client, end + 4, size);
    else
        end[2] = '\r';
}

static void read_more(struct load *load, struct client *client)
{
    if (client->capacity - client->got < 65536) {
        client->capacity = 2 * client->capacity + 131072;
        client->answer = realloc(client->answer, client->capacity);
        if (!client->answer)
            fail("memory");
    }
    ssize_t count = recv(client->file, client->answer + client->got, client->capacity - client->got - 1, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    client->answer[client->got + (count > 0 ? (size_t)count : 0)] = '\0';
    if (client->stage != ASKING && count > 0) {
        load->asking++; /* as complain expects it */
        complain(load, client, "an answer that was not asked for");
    } else if (client->stage != ASKING) {
        hang_up(load, client); /* a connection without a request may be closed */
    } else if (count <= 0) {
        complain(load, client, count < 0 ? strerror(errno) : "the connection was closed");
    } else {
        client->got += (size_t)count;
        look(load, client);
    }
}

/* ---- the whole ---- */

/* Those who were told to wait ask again. Returns the seconds until the next of them. */
static double wake(struct load *load, double time)
{
    double least = 0.1;
    for (size_t i = 0; i < load->client_count; i++) {
        struct client *client = &load->clients[i];
        if (client->stage != PAUSING)
            continue;
        if (time >= client->since && time - load->began < load->seconds)
            ask_again(load, client);
        else if (client->since - time < least)
            least = client->since - time > 0 ? client->since - time : 0;
    }
    return least;
}

static void run(struct load *load)
{
    struct epoll_event events[64];
    load->began = load->step_began = now();
    for (size_t i = 0; i < load->client_count; i++) {
        load->clients[i].file = -1;
        ask(load, &load->clients[i]);
    }
    for (double time = now(); load->asking > 0 || time - load->began < load->seconds; time = now()) {
        if (time - load->began > load->seconds + DRAIN_SECONDS) {
            fprintf(stderr, "%zu requests have no answer\n", load->asking);
            load->wrong += load->asking;
            return;
        }
        if (time - load->step_began >= STEP_SECONDS && time - load->began <= load->seconds)
            end_step(load, time);
        double pause = wake(load, time);
        int count = epoll_wait(load->poll, events, 64, (int)(1000 * pause) + 1);
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                push(load, client);
            if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
                read_more(load, client);
        }
    }
    if (load->step_record < load->record_count)
        end_step(load, now());
}

static int usage(void)
{
    fputs("see the head of load.c\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct load load = {.client_count = 200, .seconds = 10};
    const char *work = "mixed", *series = NULL;
    unsigned long seed = 1;
    bool floats = false;
    for (int option; (option = getopt(argc, argv, "p:s:w:c:t:r:fo:")) != -1;) {
        switch (option) {
        case 'p':
            load.port = atoi(optarg);
            break;
        case 's':
            load.server = atol(optarg);
            break;
        case 'w':
            work = optarg;
            break;
        case 'c':
            load.client_count = strtoul(optarg, NULL, 10);
            break;
        case 't':
            load.seconds = atof(optarg);
            break;
        case 'r':
            seed = strtoul(optarg, NULL, 10);
            break;
        case 'f':
            floats = true;
            break;
        case 'o':
            series = optarg;
            break;
        default:
            return usage();
        }
    }
    if (load.port <= 0 || load.client_count == 0)
        return usage();
    load.maker = maker_open(work, seed, floats, argv + optind, (size_t)(argc - optind));
    load.clients = calloc(load.client_count, sizeof *load.clients);
    load.poll = epoll_create1(0);
    load.series = series ? fopen(series, "w") : NULL;
    if (!load.maker || !load.clients || load.poll < 0 || (series && !load.series))
        return 2;
    if (load.series)
        fputs("seconds,answers_per_second,memory_kib,p50_ms,p99_ms,busy\n", load.series);
    double before = read_time(&load);
    run(&load);
    print_figures(&load, work, seed, read_time(&load) - before);
    if (load.series)
        (void)fclose(load.series);
    for (size_t i = 0; i < load.client_count; i++) {
        if (load.clients[i].file >= 0)
            close(load.clients[i].file);
        free(load.clients[i].request.bytes);
        free(load.clients[i].answer);
    }
    free(load.clients);
    free(load.records);
    maker_close(load.maker);
    return load.wrong > 0;
}
