/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands with --report share: its options, and thumbnails of pictures. */
#ifndef TUWEN_CLI_HTML_PICTURES_H
#define TUWEN_CLI_HTML_PICTURES_H

#include "html_report.h"
#include "options.h"
#include "tuwen/thumbnail.h"

/* Whether the options --report and --thumbnails can be followed: said before anything is computed. `output` is the file of
 * the other results, NULL or "-" for standard output. Returns an exit code, after a complaint. */
int html_options_check(const struct options *options, const char *output);

/* When a report is made, for its facts. */
struct html_text {
    char text[256];
};
struct html_text html_made_now(void);

/* How thumbnails are made. */
struct html_pictures {
    struct html_report *report;
    bool none;
    tuwen_thumbnail_options options;
};

void html_pictures_plan(struct html_pictures *pictures, struct html_report *report, const struct options *options);

/* The number, for a row, of the thumbnail of a picture file's bytes; HTML_REPORT_NO_PICTURE if there can be none. */
int64_t html_pictures_add(struct html_pictures *pictures, const void *bytes, size_t size);

#endif
