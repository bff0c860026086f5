/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes: connections, whole requests within limits, responses when they are ready. The one place of this program that knows
 * libmicrohttpd, whose own time-out only sees silence. So every connection has a deadline here for what it is doing, and a
 * thread that breaks off those who are late: a client that sends a byte now and then holds nothing for long.
 */
#include "http.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "http_parts.h"

/* ---- deadlines ---- */

void enter_locked(struct connection *connection, enum phase phase, double seconds)
{
    connection->phase = phase;
    connection->deadline = seconds > 0 ? clock_seconds() + seconds : 0;
}

static void enter(struct connection *connection, enum phase phase, double seconds)
{
    pthread_mutex_lock(&connection->http->lock);
    enter_locked(connection, phase, seconds);
    pthread_mutex_unlock(&connection->http->lock);
}

void suspend_locked(struct exchange_parts *parts, enum waits waits)
{
    enter_locked(parts->connection, PHASE_WAITING, 0);
    parts->waits = waits;
    MHD_suspend_connection(parts->handle);
}

void resume_locked(struct exchange_parts *parts)
{
    parts->waits = WAITS_NOT;
    MHD_resume_connection(parts->handle);
}

/* Ends a connection that is late. Whoever was sending a request is told why: nothing else is being written to it then. */
static void cut(struct connection *connection)
{
    static const char late[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    bool plain = !connection->http->options.certificate;
    if (plain && (connection->phase == PHASE_BODY || connection->phase == PHASE_HEAD))
        (void)!send(connection->file, late, sizeof late - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(connection->file, SHUT_RDWR);
    connection->cut = true;
    connection->deadline = 0;
}

enum { WATCHED = 1024 };

struct watched {
    size_t count;
    struct pollfd files[WATCHED];
    unsigned long long numbers[WATCHED];
};

/* Cuts those who are late and notes whose clients may leave while they wait. The lock is held. */
static void look(struct http *http, struct watched *watched)
{
    double now = clock_seconds();
    watched->count = 0;
    for (struct connection *connection = http->connections; connection; connection = connection->next) {
        if (connection->deadline > 0 && now > connection->deadline)
            cut(connection);
        if (connection->phase != PHASE_WAITING || watched->count == WATCHED ||
            atomic_load(&connection->exchange->gone))
            continue;
        watched->files[watched->count] = (struct pollfd){.fd = connection->file, .events = POLLRDHUP};
        watched->numbers[watched->count++] = connection->number;
    }
}

/* Marks the exchanges of clients that left. The lock is held; a connection may have ended meanwhile. */
static void mark_gone(struct http *http, const struct watched *watched)
{
    for (size_t i = 0; i < watched->count; i++) {
        if (!(watched->files[i].revents & (POLLRDHUP | POLLHUP | POLLERR)))
            continue;
        for (struct connection *connection = http->connections; connection; connection = connection->next)
            if (connection->number == watched->numbers[i] && connection->phase == PHASE_WAITING)
                atomic_store(&connection->exchange->gone, true);
    }
}

static void *watch(void *user)
{
    struct http *http = user;
    struct watched *watched = malloc(sizeof *watched);
    pthread_mutex_lock(&http->lock);
    while (watched && !http->ending) {
        if (!http->connections) {
            pthread_cond_wait(&http->change, &http->lock);
            continue;
        }
        look(http, watched);
        pthread_mutex_unlock(&http->lock);
        bool leaving = poll(watched->files, watched->count, watched->count ? 50 : 200) > 0;
        pthread_mutex_lock(&http->lock);
        if (leaving)
            mark_gone(http, watched);
    }
    pthread_mutex_unlock(&http->lock);
    free(watched);
    return NULL;
}

/* ---- connections ---- */

static struct connection *connection_of(struct MHD_Connection *handle)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? *(struct connection *const *)&info->socket_context : NULL;
}

static void on_connection(void *user, struct MHD_Connection *handle, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = user;
    struct connection *connection = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
        connection = info ? calloc(1, sizeof *connection) : NULL;
        *context = connection;
        if (!connection)
            return; /* its requests are refused */
        connection->http = http;
        connection->file = info->connect_fd;
        pthread_mutex_lock(&http->lock);
        connection->number = ++http->last_number;
        connection->next = http->connections;
        connection->link = &http->connections;
        if (connection->next)
            connection->next->link = &connection->next;
        http->connections = connection;
        http->connection_count++;
        enter_locked(connection, PHASE_HEAD, http->options.head_seconds);
        pthread_cond_signal(&http->change);
        pthread_mutex_unlock(&http->lock);
    } else if (connection) {
        pthread_mutex_lock(&http->lock);
        *connection->link = connection->next;
        if (connection->next)
            connection->next->link = connection->link;
        http->connection_count--;
        pthread_mutex_unlock(&http->lock);
        free(connection);
        *context = NULL;
    }
}

/* The first line of a request is there, its headers need not be. */
static void *on_first_line(void *user, const char *uri, struct MHD_Connection *handle)
{
    struct connection *connection = connection_of(handle);
    if (connection && connection->phase == PHASE_IDLE)
        enter(connection, PHASE_HEAD, connection->http->options.head_seconds);
    return NULL;
}

/* ---- exchanges ---- */

static void choose_id(struct http *http, struct exchange *exchange)
{
    const char *given = exchange_header(exchange, "X-Request-Id");
    size_t length = given ? strspn(given, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") : 0;
    if (length > 0 && length < sizeof exchange->id && given[length] == '\0')
        snprintf(exchange->id, sizeof exchange->id, "%s", given);
    else
        snprintf(exchange->id, sizeof exchange->id, "%08llx-%llu", http->seed, ++http->last_id);
}

static struct exchange *exchange_make(struct http *http, struct MHD_Connection *handle, const char *path,
                                      const char *method)
{
    struct connection *connection = connection_of(handle);
    struct exchange *exchange = connection ? calloc(1, sizeof *exchange) : NULL;
    struct exchange_parts *parts = exchange ? calloc(1, sizeof *parts) : NULL;
    if (!parts) {
        free(exchange);
        return NULL;
    }
    exchange->parts = parts;
    exchange->method = strcmp(method, "HEAD") == 0 ? "GET" : method;
    exchange->path = path;
    exchange->connection = connection->number;
    exchange->arrived = clock_seconds();
    atomic_init(&exchange->gone, false);
    parts->http = http;
    parts->connection = connection;
    parts->handle = handle;
    choose_id(http, exchange);
    pthread_mutex_lock(&http->lock);
    http->exchange_count++;
    connection->exchange = exchange;
    enter_locked(connection, PHASE_BODY, http->options.body_seconds);
    pthread_mutex_unlock(&http->lock);
    return exchange;
}

void exchange_drop_body(struct exchange *exchange)
{
    struct exchange_parts *parts = exchange->parts;
    free(parts->body);
    parts->body = NULL;
    exchange->body = NULL;
}

static void on_completed(void *user, struct MHD_Connection *handle, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct http *http = user;
    struct exchange *exchange = *context;
    if (!exchange)
        return;
    struct exchange_parts *parts = exchange->parts;
    exchange_drop_body(exchange);
    http->options.ended(http->options.user, exchange, parts->answered ? parts->response.status : 0,
                        code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    pthread_mutex_lock(&http->lock);
    http->exchange_count--;
    stream_free(parts);
    http->bytes -= parts->capacity + parts->held;
    parts->connection->exchange = NULL;
    enter_locked(parts->connection, PHASE_IDLE, http->options.idle_seconds);
    pthread_mutex_unlock(&http->lock);
    free(parts->response.body); /* of an answer whose client left before it was sent */
    free(parts);
    free(exchange);
    *context = NULL;
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->parts->handle, MHD_HEADER_KIND, name);
}

struct twice {
    const char *name;
    int count;
};

static enum MHD_Result count_header(void *user, enum MHD_ValueKind kind, const char *name, const char *text)
{
    struct twice *twice = user;
    twice->count += strcasecmp(name, twice->name) == 0;
    return MHD_YES;
}

bool exchange_header_twice(const struct exchange *exchange, const char *name)
{
    struct twice twice = {name, 0};
    MHD_get_connection_values(exchange->parts->handle, MHD_HEADER_KIND, count_header, &twice);
    return twice.count > 1;
}

/* ---- bodies ---- */

static void trouble(struct exchange_parts *parts, struct exchange *exchange, enum http_trouble trouble)
{
    if (parts->troubled)
        return;
    parts->troubled = true;
    parts->trouble = trouble;
    exchange_drop_body(exchange);
}

/* Takes room for a body from that of all, as it grows, so that nobody holds what he does not send. */
static bool reserve(struct exchange_parts *parts, struct exchange *exchange, size_t size)
{
    struct http *http = parts->http;
    size_t capacity = parts->capacity ? parts->capacity * 2 : 4096;
    if (size <= parts->capacity)
        return true;
    if (capacity < size)
        capacity = size;
    pthread_mutex_lock(&http->lock);
    bool room = http->bytes + (capacity - parts->capacity) <= http->options.all_bytes;
    if (room) {
        http->bytes += capacity - parts->capacity;
        parts->capacity = capacity;
    }
    pthread_mutex_unlock(&http->lock);
    char *larger = room ? realloc(parts->body, capacity) : NULL;
    if (larger)
        parts->body = larger;
    else
        trouble(parts, exchange, room ? HTTP_NO_MEMORY : HTTP_NO_ROOM);
    return larger != NULL;
}

/* A body that is refused is read to its end all the same, as libmicrohttpd wants it, but only so far. */
static bool take_bytes(struct exchange *exchange, const char *bytes, size_t size)
{
    struct exchange_parts *parts = exchange->parts;
    size_t most = parts->http->options.body_bytes;
    if (exchange->size + size > most)
        trouble(parts, exchange, HTTP_BODY_TOO_LARGE);
    if (!parts->troubled && reserve(parts, exchange, exchange->size + size))
        memcpy(parts->body + exchange->size, bytes, size);
    exchange->size += size;
    return !parts->troubled || exchange->size / 4 < most;
}

static bool has_body(const struct exchange *exchange)
{
    const char *length = exchange_header(exchange, "Content-Length");
    return exchange_header(exchange, "Transfer-Encoding") || (length && strtoull(length, NULL, 10) > 0);
}

/* A body whose length is known to be too much is not waited for. */
static bool is_said_too_large(const struct exchange *exchange)
{
    const char *length = exchange_header(exchange, "Content-Length");
    return length && strtoull(length, NULL, 10) > exchange->parts->http->options.body_bytes;
}

/* ---- responses ---- */

static void add_headers(struct MHD_Response *response, const struct exchange *exchange, const struct response *answer)
{
    char number[16];
    MHD_add_response_header(response, "X-Request-Id", exchange->id);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (!answer->keep)
        MHD_add_response_header(response, "Cache-Control", "no-store");
    for (const struct header *header = answer->headers; header && header->name; header++)
        MHD_add_response_header(response, header->name, header->value);
    if (answer->type)
        MHD_add_response_header(response, "Content-Type", answer->type);
    if (answer->allow)
        MHD_add_response_header(response, "Allow", answer->allow);
    if (answer->challenge)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    if (answer->close)
        MHD_add_response_header(response, "Connection", "close");
    if (answer->retry_after > 0) {
        snprintf(number, sizeof number, "%d", answer->retry_after);
        MHD_add_response_header(response, "Retry-After", number);
    }
}

static enum MHD_Result send_response(struct exchange *exchange)
{
    struct exchange_parts *parts = exchange->parts;
    struct response *answer = &parts->response;
    struct MHD_Response *response =
        answer->streamed
            ? stream_response(exchange)
            : MHD_create_response_from_buffer(answer->size, answer->body,
                                              answer->body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    answer->body = NULL; /* libmicrohttpd's now */
    add_headers(response, exchange, answer);
    enter(parts->connection, PHASE_ANSWER, parts->http->options.answer_seconds + (double)answer->size / 65536);
    enum MHD_Result queued = MHD_queue_response(parts->handle, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

void exchange_answer(struct exchange *exchange, const struct response *response)
{
    struct exchange_parts *parts = exchange->parts;
    struct http *http = parts->http;
    pthread_mutex_lock(&http->lock);
    parts->response = *response;
    parts->answered = true;
    if (parts->waits == WAITS_ANSWER)
        resume_locked(parts);
    pthread_mutex_unlock(&http->lock);
}

/* Suspends the exchange until it is answered, unless it is. */
static enum MHD_Result wait_for_answer(struct exchange *exchange)
{
    struct exchange_parts *parts = exchange->parts;
    pthread_mutex_lock(&parts->http->lock);
    bool answered = parts->answered;
    if (!answered)
        suspend_locked(parts, WAITS_ANSWER);
    pthread_mutex_unlock(&parts->http->lock);
    return answered ? send_response(exchange) : MHD_YES;
}

static bool is_answered(const struct exchange_parts *parts)
{
    pthread_mutex_lock(&parts->http->lock);
    bool answered = parts->answered;
    pthread_mutex_unlock(&parts->http->lock);
    return answered;
}

/* Called by libmicrohttpd when the head is there, for each part of the body, at its end, and after each resumption. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *handle, const char *path, const char *method,
                                  const char *version, const char *bytes, size_t *size, void **context)
{
    struct http *http = user;
    struct exchange *exchange = *context;
    if (!exchange) {
        exchange = exchange_make(http, handle, path, method);
        *context = exchange;
        if (!exchange)
            return MHD_NO;
        http->options.head(http->options.user, exchange);
        if (!is_answered(exchange->parts) && !exchange->streamed && is_said_too_large(exchange))
            http->options.trouble(http->options.user, exchange, HTTP_BODY_TOO_LARGE);
        /* A body that is not wanted is not read, which ends the connection; without one it can go on. */
        return has_body(exchange) && is_answered(exchange->parts) ? send_response(exchange) : MHD_YES;
    }
    struct exchange_parts *parts = exchange->parts;
    if (*size > 0 && exchange->streamed)
        return stream_take(exchange, bytes, size);
    if (*size > 0) {
        size_t count = *size;
        *size = 0;
        return take_bytes(exchange, bytes, count) ? MHD_YES : MHD_NO;
    }
    if (is_answered(parts))
        return send_response(exchange);
    if (parts->whole)
        return MHD_YES;
    parts->whole = true;
    exchange->body = parts->body;
    enter(parts->connection, PHASE_ANSWER, 0);
    if (parts->troubled)
        http->options.trouble(http->options.user, exchange, parts->trouble);
    else
        http->options.whole(http->options.user, exchange);
    return wait_for_answer(exchange);
}

/* ---- the whole ---- */

static void on_log(void *user, const char *format, va_list arguments)
{
    struct http *http = user;
    char line[512];
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n`'\"(")] = '\0'; /* what is quoted may be the client's */
    http->options.log(http->options.user, line);
}

/* Paths are compared as they come: none of ours needs escapes, and what is decoded could hold a NUL. */
static size_t leave_escaped(void *user, struct MHD_Connection *handle, char *text)
{
    return strlen(text);
}

static bool start_daemon(struct http *http)
{
    const struct http_options *options = &http->options;
    unsigned flags =
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    /* What libmicrohttpd is given does not change; without TLS the list is empty. */
    const struct MHD_OptionItem tls[] = {
        {options->certificate ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
         (void *)(uintptr_t)options->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    http->daemon = MHD_start_daemon(
        options->certificate ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, on_request, http,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, http, MHD_OPTION_LISTEN_SOCKET, options->socket,
        MHD_OPTION_CONNECTION_LIMIT, options->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_URI_LOG_CALLBACK, on_first_line, http,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, http, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    return http->daemon != NULL;
}

struct http *http_start(const struct http_options *options)
{
    struct http *http = calloc(1, sizeof *http);
    struct timespec now;
    if (!http)
        return NULL;
    http->options = *options;
    http->listener = -1;
    clock_gettime(CLOCK_REALTIME, &now);
    http->seed = ((unsigned long long)now.tv_sec * 1000 + (unsigned long long)now.tv_nsec / 1000000) & 0xffffffff;
    pthread_mutex_init(&http->lock, NULL);
    pthread_cond_init(&http->change, NULL);
    if (pthread_create(&http->watcher, NULL, watch, http) != 0) {
        free(http);
        return NULL;
    }
    if (start_daemon(http))
        return http;
    http_stop(http);
    return NULL;
}

void http_quiesce(struct http *http)
{
    http->listener = MHD_quiesce_daemon(http->daemon);
    if (http->listener >= 0)
        close(http->listener);
}

size_t http_exchanges(struct http *http)
{
    pthread_mutex_lock(&http->lock);
    size_t count = http->exchange_count;
    pthread_mutex_unlock(&http->lock);
    return count;
}

size_t http_connections(struct http *http)
{
    pthread_mutex_lock(&http->lock);
    size_t count = http->connection_count;
    pthread_mutex_unlock(&http->lock);
    return count;
}

void http_stop(struct http *http)
{
    if (!http)
        return;
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    pthread_mutex_lock(&http->lock);
    http->ending = true;
    pthread_cond_signal(&http->change);
    pthread_mutex_unlock(&http->lock);
    pthread_join(http->watcher, NULL);
    pthread_mutex_destroy(&http->lock);
    pthread_cond_destroy(&http->change);
    free(http);
}

const char *http_library(void)
{
    return MHD_get_version();
}
