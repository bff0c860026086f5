/* SPDX-License-Identifier: Apache-2.0 */
/* What a review comes to: how many rows of which band and with which errors, in words, as JSON, and as an exit code. */
#include "review.h"

#include <string.h>

#include "json_bytes.h"
#include "messages.h"
#include "meter.h"
#include "terminal.h"

/* The last of the kinds takes what finds no room. */
static void add_kind(struct review_summary *summary, const char *name, size_t size)
{
    size_t i = 0;
    if (size >= sizeof summary->kinds[0].name)
        size = sizeof summary->kinds[0].name - 1;
    while (i + 1 < REVIEW_KINDS && summary->kinds[i].count > 0 &&
           !(strlen(summary->kinds[i].name) == size && memcmp(summary->kinds[i].name, name, size) == 0))
        i++;
    if (summary->kinds[i].count++ == 0)
        memcpy(summary->kinds[i].name, name, size);
}

void review_summary_add(struct review_summary *summary, const struct review_result *result)
{
    summary->rows++;
    if (result->status) {
        summary->bad_rows++;
        add_kind(summary, result->status, result->status_size);
        return;
    }
    summary->bands[result->verdict.band]++;
    summary->truncated += result->truncated;
    summary->below += verdict_is_below(&summary->bar, &result->verdict);
}

int review_summary_code(const struct review_summary *summary)
{
    return summary->bad_rows > summary->most_errors ? CLI_SOME_FAILED : summary->below > 0 ? CLI_BELOW : CLI_DONE;
}

static struct number_text whole(uint64_t number)
{
    return number_text((double)number, 0);
}

static void add_part(struct buffer *line, const char *name, uint64_t count)
{
    if (line->size > 0)
        buffer_text(line, text_of(SAY_INFO_SEPARATOR));
    BUFFER_FORMAT(line, "%s %s", name, whole(count).text);
}

static void say_line(enum message message, struct buffer *line)
{
    buffer_add(line, "", 1);
    if (!line->failed && line->size > 1)
        remark(message, WITH(line->data));
    line->size = 0;
}

void review_summary_say(const struct review_summary *summary)
{
    double seconds = seconds_now() - summary->start;
    uint64_t made = summary->rows - summary->earlier_rows;
    struct buffer line = {0};
    if (summary->earlier_rows > 0)
        remark(made ? SAY_REVIEW_EARLIER : SAY_REVIEW_COMPLETE, WITH(ROWS_TEXT(summary->earlier_rows).text));
    if (made > 0 || summary->rows == 0)
        remark(SAY_REVIEW_ROWS,
               WITH(ROWS_TEXT(summary->rows).text, whole(summary->bad_rows).text, number_text(seconds, 1).text,
                    number_text(seconds > 0 ? (double)made / seconds : 0, 1).text));
    for (int band = TUWEN_BAND_VERY_HIGH; band >= TUWEN_BAND_MISMATCH; band--)
        add_part(&line, tuwen_band_name((tuwen_band)band, messages_language()), summary->bands[band]);
    say_line(SAY_PLAIN, &line);
    for (size_t i = 0; i < REVIEW_KINDS && summary->kinds[i].count > 0; i++)
        add_part(&line, summary->kinds[i].name, summary->kinds[i].count);
    say_line(SAY_REVIEW_ERRORS, &line);
    if (summary->truncated > 0)
        remark(SAY_REVIEW_TRUNCATED, WITH(TEXTS_TEXT(summary->truncated).text));
    const uint64_t fresh = summary->pictures_new + summary->texts_new;
    if (fresh > 0)
        remark(SAY_REVIEW_NEW,
               WITH(PICTURES_TEXT(summary->pictures_new).text, TEXTS_TEXT(summary->texts_new).text,
                    whole(fresh > summary->cached ? fresh - summary->cached : 0).text, whole(summary->cached).text));
    if (summary->pictures_again + summary->texts_again > 0)
        remark(SAY_REVIEW_AGAIN,
               WITH(PICTURES_TEXT(summary->pictures_again).text, TEXTS_TEXT(summary->texts_again).text));
    if (summary->bar.given)
        remark(SAY_REVIEW_BELOW, WITH(ROWS_TEXT(summary->below).text, summary->bar_text));
    buffer_free(&line);
}

static unsigned long long number_of(uint64_t number)
{
    return number;
}

void review_summary_print(const struct review_summary *summary, FILE *stream, int code)
{
    struct buffer bar = {0};
    fprintf(stream, "{\"rows\":%llu,\"earlier_rows\":%llu,\"bands\":{", number_of(summary->rows),
            number_of(summary->earlier_rows));
    for (int band = TUWEN_BAND_VERY_HIGH; band >= TUWEN_BAND_MISMATCH; band--)
        fprintf(stream, "\"%s\":%llu%s", tuwen_band_name((tuwen_band)band, TUWEN_ENGLISH),
                number_of(summary->bands[band]), band > TUWEN_BAND_MISMATCH ? "," : "},");
    fprintf(stream, "\"truncated\":%llu,\"error_rows\":%llu,\"errors\":{", number_of(summary->truncated),
            number_of(summary->bad_rows));
    for (size_t i = 0; i < REVIEW_KINDS && summary->kinds[i].count > 0; i++)
        fprintf(stream, "%s\"%s\":%llu", i ? "," : "", summary->kinds[i].name, number_of(summary->kinds[i].count));
    fprintf(stream, "},\"max_errors\":%llu,", number_of(summary->most_errors));
    if (summary->bar.given) {
        json_bytes(&bar, summary->bar_text, strlen(summary->bar_text));
        fprintf(stream, "\"fail_under\":%.*s,\"below\":%llu,", (int)bar.size, bar.data, number_of(summary->below));
    }
    fprintf(stream,
            "\"pictures\":{\"new\":%llu,\"again\":%llu},\"texts\":{\"new\":%llu,\"again\":%llu},\"cached\":%llu,"
            "\"seconds\":%.3f,\"exit_code\":%d}\n",
            number_of(summary->pictures_new), number_of(summary->pictures_again), number_of(summary->texts_new),
            number_of(summary->texts_again), number_of(summary->cached), seconds_now() - summary->start, code);
    buffer_free(&bar);
}

void review_progress(struct review_summary *summary, uint64_t done, uint64_t total)
{
    static const double between = 0.25;
    double now = seconds_now();
    if (!summary->begun) { /* what an earlier run did took no time of this one */
        summary->begun = true;
        summary->first_done = done;
    }
    if (now - summary->shown < between)
        return;
    summary->shown = now;
    const tuwen_language written = messages_language();
    messages_set_written(messages_spoken());
    char line[512], share[32] = "", left[96] = "", duration[64];
    double seconds = now - summary->start;
    if (total > 0)
        snprintf(share, sizeof share, "%3d%%  ", (int)(100 * ((double)done / (double)total)));
    if (total > 0 && done > summary->first_done && seconds > 1) {
        meter_duration(duration, sizeof duration,
                       seconds * (double)(total - done) / (double)(done - summary->first_done));
        message_format(left, sizeof left, SAY_METER_LEFT, WITH(duration));
    }
    uint64_t made = summary->rows - summary->earlier_rows;
    struct number_text rate = number_text(seconds > 0 ? (double)made / seconds : 0, 1);
    message_format(line, sizeof line, SAY_REVIEW_PROGRESS,
                   WITH(share, whole(summary->rows).text, whole(summary->bad_rows).text, rate.text, left));
    progress_show(line);
    messages_set_written(written);
}
