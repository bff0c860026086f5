/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands with --report share: its options, and thumbnails of pictures. */
#include "html_pictures.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "messages.h"
#include "output.h"

enum { EDGE_LEAST = 16, EDGE_MOST = 1024 };

/* The pixels of --thumbnails: 0 for "none", -1 if it is neither. */
static int edge_of(const char *word)
{
    char *end;
    if (strcmp(word, "none") == 0)
        return 0;
    long edge = strtol(word, &end, 10);
    return *word >= '0' && *word <= '9' && *end == '\0' && edge >= EDGE_LEAST && edge <= EDGE_MOST ? (int)edge : -1;
}

static int wrong(const struct options *options, enum message message, const char *const *arguments)
{
    complain(message, arguments);
    return usage_error(options->command);
}

int html_options_check(const struct options *options, const char *output)
{
    const struct option_value *report = &options->values[OPTION_REPORT];
    const struct option_value *thumbnails = &options->values[OPTION_THUMBNAILS];
    if (thumbnails->given && !report->given)
        return wrong(options, SAY_OPTION_WITHOUT, WITH("--thumbnails", "--report"));
    if (!report->given)
        return CLI_DONE;
    if (thumbnails->given && edge_of(thumbnails->text) < 0)
        return wrong(options, SAY_REPORT_THUMBNAILS, WITH(thumbnails->text));
    if (strcmp(report->text, "-") == 0 || !*report->text)
        return wrong(options, SAY_REPORT_FILE, NULL);
    if (output && strcmp(output, "-") != 0 && output_same(report->text, output)) {
        complain(SAY_REPORT_SAME_FILE, WITH(report->text));
        return CLI_USAGE;
    }
    if (!html_report_may_write(report->text)) {
        complain(SAY_REPORT_OVERWRITES, WITH(report->text));
        return CLI_USAGE;
    }
    return output_try(report->text) ? CLI_DONE : CLI_SOME_FAILED;
}

struct html_text html_made_now(void)
{
    struct html_text made = {""};
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local))
        strftime(made.text, sizeof made.text, "%Y-%m-%d %H:%M", &local);
    return made;
}

void html_pictures_plan(struct html_pictures *pictures, struct html_report *report, const struct options *options)
{
    const struct option_value *values = options->values;
    int edge = values[OPTION_THUMBNAILS].given ? edge_of(values[OPTION_THUMBNAILS].text) : -1;
    *pictures = (struct html_pictures){
        .report = report,
        .none = edge == 0,
        .options = {.edge = edge > 0 ? edge : 0,
                    .exif = values[OPTION_EXIF].given && values[OPTION_EXIF].number > 0 ? TUWEN_EXIF_IGNORE
                                                                                        : TUWEN_EXIF_APPLY,
                    .max_picture_bytes = (uint64_t)values[OPTION_MAX_BYTES].number,
                    .max_picture_pixels = (uint64_t)values[OPTION_MAX_PIXELS].number,
                    .max_picture_seconds = values[OPTION_MAX_SECONDS].number},
    };
}

int64_t html_pictures_add(struct html_pictures *pictures, const void *bytes, size_t size)
{
    void *jpeg;
    size_t jpeg_size;
    if (pictures->none ||
        tuwen_thumbnail_make(bytes, size, NULL, &pictures->options, &jpeg, &jpeg_size, NULL) != TUWEN_OK)
        return HTML_REPORT_NO_PICTURE;
    int64_t number = html_report_picture(pictures->report, jpeg, jpeg_size);
    tuwen_thumbnail_free(jpeg);
    return number;
}
