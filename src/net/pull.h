/* SPDX-License-Identifier: Apache-2.0 */
/* A checkpoint by name: from a folder or cache that is here, or from a hub; and single files by their address. */
#ifndef TW_NET_PULL_H
#define TW_NET_PULL_H

#include "net/report.h"

typedef struct tw_pull {
    const char *id;       /* gme-2b, gme-7b or OWNER/NAME */
    const char *into;     /* the staging folder, made if needed */
    const char *from;     /* NULL, "hf", "modelscope", an address, or a folder */
    const char *revision; /* NULL: the pinned one, or the hub's default */
    int jobs;             /* 1 to 16 */
    int spare;            /* percent of the weights' bytes that must stay free besides; 0 to 1000 */
    bool offline;
    bool chinese; /* ModelScope first */
    const tw_net_report *report;
} tw_pull;

/* Ends with the report's `revision` and `source`. CANCELLED when the report's `cancelled` says so. */
tuwen_status tw_pull_run(const tw_pull *pull, tuwen_error *error);

typedef struct tw_pull_one {
    const char *url;
    const char *into; /* a path, which appears only when the file is whole */
    int64_t limit;    /* bytes */
    int64_t seconds;  /* the longest time; 0: any */
    bool only_public; /* an address that a stranger gave: see tw_http_request; and it is asked for twice at most */
} tw_pull_one;

/* Fetches one file. */
tuwen_status tw_pull_file(const tw_pull_one *file, const tw_net_report *report, tuwen_error *error);

#endif
