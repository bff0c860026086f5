/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one line of key=value pairs a request or event on standard error. */
#include "log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"

static void begin(struct buffer *line, const char *level)
{
    struct timespec now;
    struct tm parts;
    char text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    BUFFER_FORMAT(line, "time=%s.%03ldZ level=%s", text, now.tv_nsec / 1000000, level);
}

/* In one piece, so that lines of several threads do not mix. */
static void end(struct buffer *line)
{
    buffer_text(line, "\n");
    size_t written = 0;
    while (!line->failed && written < line->size) {
        ssize_t count = write(STDERR_FILENO, line->data + written, line->size - written);
        if (count <= 0)
            break;
        written += (size_t)count;
    }
    buffer_free(line);
}

void log_event(const struct log *log, bool error, const char *sentence)
{
    struct buffer line = {0};
    if (log->quiet && !error)
        return;
    begin(&line, error ? "error" : "info");
    buffer_text(&line, " msg=");
    buffer_json(&line, sentence, strlen(sentence));
    end(&line);
}

void log_request(const struct log *log, const struct log_request *request)
{
    struct buffer line = {0};
    if (log->quiet)
        return;
    begin(&line, request->status == 500 ? "error" : "info");
    BUFFER_FORMAT(&line, " id=%s method=%s path=%s status=%d", request->id, request->method, request->path,
                  request->status);
    BUFFER_FORMAT(&line, " whole=%s connection=%llu received=%llu sent=%llu", request->whole ? "yes" : "no",
                  request->connection, request->received, request->sent);
    BUFFER_FORMAT(&line, " items=%lu seconds=%.6f waited=%.6f computed=%.6f", request->items, request->seconds,
                  request->waited, request->computed);
    if (request->key)
        BUFFER_FORMAT(&line, " key=%s", request->key);
    end(&line);
}
