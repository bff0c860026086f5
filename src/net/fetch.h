/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer means (good, again later, never), how long to wait before asking again, and small bodies. */
#ifndef TW_NET_FETCH_H
#define TW_NET_FETCH_H

#include "base/memory.h"
#include "net/http.h"
#include "net/report.h"

/* How patient a pull is. */
typedef struct tw_net_settings {
    double stall;            /* seconds without bytes: TUWEN_NET_STALL */
    double delay;            /* before the first repetition: TUWEN_NET_DELAY */
    int tries;               /* in a row without progress */
    const char *authorities; /* certificates to trust: CURL_CA_BUNDLE or SSL_CERT_FILE; NULL: the system's */
} tw_net_settings;

tw_net_settings tw_net_settings_of_environment(void);

typedef enum tw_verdict {
    TW_VERDICT_GOOD,
    TW_VERDICT_AGAIN,     /* the line or the server has a hiccup */
    TW_VERDICT_NO_ANSWER, /* nobody there: again, and then another hub */
    TW_VERDICT_REFUSED,   /* not from this hub: another one may do better */
    TW_VERDICT_NEVER      /* nothing that a hub could help */
} tw_verdict;

/* Judges an ended transfer; unless it is good the error says in one sentence what happened to `what` and what to do.
 * `token_name` is the variable for a login there (NULL: no login is of use), `has_token` whether it was used. */
tw_verdict tw_judge(const tw_http_result *result, const char *what, const char *token_name, bool has_token,
                    tuwen_error *error);

/* Waiting longer from time to time, with chance in it, so that many clients do not come back at once. Zero-initialise. */
typedef struct tw_backoff {
    int failures;
    uint64_t chance;
} tw_backoff;

/* Notes a failure; the seconds to wait, at least `asked`. */
double tw_backoff_next(tw_backoff *backoff, double delay, double asked);

/* The longest wait that a server may ask for, seconds. */
#define TW_LONGEST_WAIT 600.0

typedef struct tw_get {
    const char *url;
    const char *what; /* for messages */
    const char *token;
    const char *token_name;
    const char *cookie;
    size_t limit; /* bytes */
    int tries;
    bool only_public; /* as in tw_http_request */
} tw_get;

/* Fetches a small body whole; `next` (may be NULL) receives the address of the next page. `*verdict` says why it
 * failed. */
tuwen_status tw_net_get(tw_http *http, const tw_get *get, const tw_net_settings *settings,
                        const tw_net_report *report, tw_bytes *body, char next[TW_HTTP_LINK], tw_verdict *verdict,
                        tuwen_error *error);

#endif
