/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The progress line of long work that is counted in bytes: percent, amount, rate, time left.
 *
 * The rate is that of the last eight seconds: it follows a line that gets slower, and does not jump about.
 */
#include "meter.h"

#include "checkpoint.h"
#include "interrupt.h"
#include "terminal.h"

#define SECONDS_BETWEEN 0.25

void meter_begin(struct meter *meter, enum message label, const char *subject)
{
    *meter = (struct meter){.label = label, .subject = subject};
}

static const struct meter_sample *oldest(const struct meter *meter)
{
    return &meter->samples[meter->count < METER_SAMPLES ? 0 : meter->count % METER_SAMPLES];
}

void meter_duration(char *text, size_t size, double seconds)
{
    double minutes = (double)(uint64_t)(seconds / 60);
    if (seconds < 60) {
        message_format(text, size, SAY_DURATION_SECONDS, WITH(number_text(seconds, 0).text));
    } else if (minutes < 60) {
        message_format(text, size, SAY_DURATION_MINUTES,
                       WITH(number_text(minutes, 0).text, number_text(seconds - 60 * minutes - 0.5, 0).text));
    } else {
        double hours = (double)(uint64_t)(minutes / 60);
        message_format(text, size, SAY_DURATION_HOURS,
                       WITH(number_text(hours, 0).text, number_text(minutes - 60 * hours, 0).text));
    }
}

void meter_format(const struct meter *meter, double now, char *line, size_t size)
{
    char percent[16], rate_text[64] = "", left[64] = "", left_text[96] = "";
    double share = meter->total ? (double)meter->done / (double)meter->total : 0;
    snprintf(percent, sizeof percent, "%3d%%", (int)(100 * (share < 1 ? share : 1)));
    const struct meter_sample *first = oldest(meter);
    double seconds = now - first->time, moved = (double)meter->done - (double)first->done;
    if (meter->count > 1 && seconds >= 1) {
        message_format(rate_text, sizeof rate_text, SAY_METER_RATE, WITH(bytes_text(moved / seconds).text));
        double rest = moved > 0 ? ((double)meter->total - (double)meter->done) / (moved / seconds) : 1e9;
        if (rest < 100 * 3600) {
            meter_duration(left, sizeof left, rest);
            message_format(left_text, sizeof left_text, SAY_METER_LEFT, WITH(left));
        }
    }
    char amount[96], head[192];
    message_format(amount, sizeof amount, SAY_METER_AMOUNT,
                   WITH(bytes_text((double)meter->done).text, bytes_text((double)meter->total).text));
    message_format(head, sizeof head, meter->label, WITH(meter->subject));
    message_format(line, size, SAY_METER_LINE, WITH(head, percent, amount, rate_text, left_text));
}

static void draw(struct meter *meter, double now)
{
    char line[512];
    meter->shown = now;
    meter_format(meter, now, line, sizeof line);
    progress_show(line);
}

void meter_at(struct meter *meter, uint64_t done, uint64_t total)
{
    double now = seconds_now();
    if (done < meter->done)
        meter->count = 0; /* begins anew */
    meter->done = done;
    meter->total = total;
    const struct meter_sample *last = &meter->samples[(meter->count + METER_SAMPLES - 1) % METER_SAMPLES];
    if (meter->count == 0 || now - last->time >= SECONDS_BETWEEN)
        meter->samples[meter->count++ % METER_SAMPLES] = (struct meter_sample){now, done};
    if (now - meter->shown >= SECONDS_BETWEEN)
        draw(meter, now);
}

void meter_tick(struct meter *meter)
{
    if (meter->total > 0)
        meter_at(meter, meter->done, meter->total);
}

void meter_end(struct meter *meter)
{
    progress_clear();
}

bool meter_progress(void *meter, uint64_t done, uint64_t total)
{
    meter_at(meter, done, total);
    return !interrupt_seen();
}
