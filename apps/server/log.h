/* SPDX-License-Identifier: Apache-2.0 */
/* The log: one line of key=value pairs a request or event on standard error. Never what a request holds: no text, no
 * picture, no key, no path that we do not know. Thread-safe. */
#ifndef TUWEN_SERVER_LOG_H
#define TUWEN_SERVER_LOG_H

#include <stdbool.h>

struct log {
    bool quiet; /* events only that are errors */
};

/* Something happened; a sentence. */
void log_event(const struct log *log, bool error, const char *sentence);

/* A request ended. */
struct log_request {
    const char *id, *method, *path;
    int status; /* 499: the client left while it waited; 0: it was cut off before its request was whole */
    bool whole; /* the answer was sent to its end */
    unsigned long long connection;
    unsigned long long received, sent; /* bytes of the bodies */
    unsigned long items;               /* inputs */
    double seconds, waited, computed;
    const char *key; /* the name of the key; NULL: none */
};
void log_request(const struct log *log, const struct log_request *request);

#endif
