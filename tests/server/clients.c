/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that curl cannot be: raw bytes, many connections at once, bytes one at a time, leaving early.
 *
 *     clients PORT raw                      sends standard input; prints the statuses of all answers, in a line
 *     clients PORT burst COUNT FILE         COUNT connections send the request FILE at once: "200 x N, 429 x M"
 *     clients PORT slow COUNT SECONDS FILE  COUNT connections send heads or bodies a byte at a time, while FILE is sent again
 *                                           and again on others: the longest and the number of good answers, and what became of the slow ones
 *     clients PORT idle COUNT FILE          COUNT connections stay open after an answer; each asks again in the end
 *     clients PORT silent SECONDS           says nothing, and is cut off within so many seconds, or the code is 1
 *     clients PORT leave COUNT FILE         COUNT connections send FILE and are closed at once
 *     clients PORT ready                    asks /ready until it says 200, at most 60 s: the seconds that took
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER = 1 << 20 };

struct client {
    int file;
    size_t sent, got;
    char head[4096]; /* the beginning of the answer */
    bool ended, retry_after;
    int status;
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

static int dial(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int file = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (file < 0 || connect(file, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connect");
    return file;
}

static char *read_all(FILE *stream, size_t *size)
{
    char *bytes = malloc(ANSWER * 8);
    *size = bytes && stream ? fread(bytes, 1, ANSWER * 8, stream) : 0;
    if (*size == 0)
        fail("reading the request");
    return bytes;
}

/* The request as it goes over the wire: FILE is the body. */
static char *read_request(const char *path, size_t *size)
{
    size_t body_size;
    char *body = read_all(fopen(path, "r"), &body_size), *request = malloc(body_size + 256);
    int head = snprintf(request, 256,
                        "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        body_size);
    memcpy(request + head, body, body_size);
    free(body);
    *size = (size_t)head + body_size;
    return request;
}

/* Sends everything, unless the other end has closed. */
static void send_all(int file, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t count = send(file, bytes + at, size - at, MSG_NOSIGNAL);
        if (count <= 0)
            return;
        at += (size_t)count;
    }
}

/* Takes what is there; false once the answer is whole or the connection ended. */
static bool take(struct client *client)
{
    char bytes[65536];
    ssize_t count = recv(client->file, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (count <= 0) {
        client->ended = true;
        return false;
    }
    for (ssize_t i = 0; i < count; i++)
        if (client->got + (size_t)i < sizeof client->head - 1)
            client->head[client->got + (size_t)i] = bytes[i];
    client->got += (size_t)count;
    const char *end = strstr(client->head, "\r\n\r\n"), *length = strstr(client->head, "Content-Length: ");
    if (!end || !length)
        return true;
    client->status = atoi(client->head + strlen("HTTP/1.1 "));
    client->retry_after = strstr(client->head, "Retry-After: ") != NULL;
    return client->got < (size_t)(end + 4 - client->head) + strtoul(length + 16, NULL, 10);
}

/* Waits for one answer. */
static void wait_answer(struct client *client, double seconds)
{
    for (double end = now() + seconds; now() < end;) {
        struct pollfd poll_file = {client->file, POLLIN, 0};
        if (poll(&poll_file, 1, 100) > 0 && !take(client))
            return;
    }
}

static int run_raw(int port)
{
    size_t size;
    char *request = read_all(stdin, &size), answer[65536];
    int file = dial(port);
    send_all(file, request, size);
    size_t got = 0;
    for (double end = now() + 3; now() < end && got < sizeof answer - 1;) {
        struct pollfd poll_file = {file, POLLIN, 0};
        if (poll(&poll_file, 1, got ? 300 : 3000) <= 0)
            break;
        ssize_t count = recv(file, answer + got, sizeof answer - 1 - got, 0);
        if (count <= 0)
            break;
        got += (size_t)count;
    }
    answer[got] = '\0';
    if (got == 0)
        printf("none");
    for (const char *at = answer; (at = strstr(at, "HTTP/1.1 ")); at += 9)
        printf("%s%.3s", at == answer ? "" : " ", at + 9);
    printf("\n");
    free(request);
    return 0;
}

static struct client *dial_all(int port, int count)
{
    struct client *clients = calloc((size_t)count, sizeof *clients);
    for (int i = 0; i < count; i++)
        clients[i].file = dial(port);
    return clients;
}

static int run_burst(int port, int count, const char *path)
{
    size_t size;
    char *request = read_request(path, &size);
    struct client *clients = dial_all(port, count);
    int good = 0, busy = 0, said = 0, other = 0;
    for (int i = 0; i < count; i++)
        send_all(clients[i].file, request, size);
    for (int i = 0; i < count; i++) {
        wait_answer(&clients[i], 120);
        good += clients[i].status == 200;
        busy += clients[i].status == 429;
        said += clients[i].status == 429 && clients[i].retry_after;
        other += clients[i].status != 200 && clients[i].status != 429;
    }
    printf("200 x %d, 429 x %d (%d with Retry-After), others x %d\n", good, busy, said, other);
    free(request);
    free(clients);
    return 0;
}

/* Every other one sends its body slowly, the rest their heads; none comes to the end of it, however fast the rounds are. */
static void drip(struct client *clients, int count, const char *request, size_t size)
{
    size_t head = (size_t)(strstr(request, "\r\n\r\n") + 4 - request);
    for (int i = 0; i < count; i++) {
        struct client *client = &clients[i];
        if (client->ended)
            continue;
        size_t step = client->sent == 0 && i % 2 ? head : 1, end = i % 2 ? size : head;
        if (client->sent + step < end && send(client->file, request + client->sent, step, MSG_NOSIGNAL) > 0)
            client->sent += step;
        take(client);
    }
}

static int run_slow(int port, int count, double seconds, const char *path)
{
    size_t size;
    char *request = read_request(path, &size);
    struct client *slow = dial_all(port, count);
    double begin = now(), longest = 0;
    int good = 0, bad = 0, ended = 0, told = 0;
    while (now() - begin < seconds) {
        drip(slow, count, request, size);
        struct client other = {.file = dial(port)};
        double asked = now();
        send_all(other.file, request, size);
        wait_answer(&other, 30);
        close(other.file);
        if (now() - asked > longest)
            longest = now() - asked;
        good += other.status == 200;
        bad += other.status != 200;
        poll(NULL, 0, 20);
    }
    for (int i = 0; i < count; i++) {
        take(&slow[i]);
        ended += slow[i].ended;
        told += strncmp(slow[i].head, "HTTP/1.1 408", 12) == 0;
    }
    printf("good %d, bad %d, longest %.3f, slow ended %d, told 408 %d\n", good, bad, longest, ended, told);
    free(request);
    free(slow);
    return 0;
}

static int run_idle(int port, int count, const char *path)
{
    size_t size;
    char *request = read_request(path, &size);
    struct client *clients = dial_all(port, count);
    int good = 0;
    double longest = 0;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < count; i++) {
            double asked = now();
            clients[i] = (struct client){.file = clients[i].file};
            send_all(clients[i].file, request, size);
            wait_answer(&clients[i], 30);
            good += clients[i].status == 200;
            if (now() - asked > longest)
                longest = now() - asked;
        }
    printf("good %d, longest %.3f\n", good, longest);
    free(request);
    free(clients);
    return 0;
}

static int run_leave(int port, int count, const char *path)
{
    size_t size;
    char *request = read_request(path, &size);
    struct client *clients = dial_all(port, count);
    for (int i = 0; i < count; i++)
        send_all(clients[i].file, request, size);
    for (int i = 0; i < count; i++)
        close(clients[i].file);
    free(request);
    free(clients);
    return 0;
}

/* Whether /ready says 200; false too while nobody listens. */
static bool is_ready(int port)
{
    static const char request[] = "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct client client = {.file = socket(AF_INET, SOCK_STREAM, 0)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (client.file < 0)
        fail("socket");
    if (connect(client.file, (struct sockaddr *)&address, sizeof address) == 0) {
        send_all(client.file, request, sizeof request - 1);
        wait_answer(&client, 30);
    }
    close(client.file);
    return client.status == 200;
}

static int run_ready(int port)
{
    double began = now();
    while (!is_ready(port)) {
        if (now() - began > 60)
            return 1;
        poll(NULL, 0, 1);
    }
    printf("%.3f\n", now() - began);
    return 0;
}

static int run_silent(int port, double seconds)
{
    char byte;
    struct pollfd file = {.fd = dial(port), .events = POLLIN};
    return poll(&file, 1, (int)(seconds * 1000)) == 1 && read(file.fd, &byte, 1) <= 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int port = argc > 2 ? atoi(argv[1]) : 0, count = argc > 3 ? atoi(argv[3]) : 0;
    const char *mode = argc > 2 ? argv[2] : "";
    if (strcmp(mode, "raw") == 0)
        return run_raw(port);
    if (strcmp(mode, "silent") == 0 && argc == 4)
        return run_silent(port, atof(argv[3]));
    if (strcmp(mode, "ready") == 0)
        return run_ready(port);
    if (strcmp(mode, "burst") == 0 && argc == 5)
        return run_burst(port, count, argv[4]);
    if (strcmp(mode, "slow") == 0 && argc == 6)
        return run_slow(port, count, atof(argv[4]), argv[5]);
    if (strcmp(mode, "idle") == 0 && argc == 5)
        return run_idle(port, count, argv[4]);
    if (strcmp(mode, "leave") == 0 && argc == 5)
        return run_leave(port, count, argv[4]);
    fputs("see the head of clients.c\n", stderr);
    return 2;
}
