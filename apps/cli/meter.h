/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line of long work that is counted in bytes: percent, amount, rate, time left. */
#ifndef TUWEN_CLI_METER_H
#define TUWEN_CLI_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "messages.h"

enum { METER_SAMPLES = 32 };

/* Plain memory; begin anew for each phase. */
struct meter {
    enum message label;
    const char *subject; /* what is worked on */
    uint64_t done, total;
    double shown; /* when the line was last drawn */
    struct meter_sample {
        double time;
        uint64_t done;
    } samples[METER_SAMPLES]; /* of the last seconds, a ring */
    size_t count;
};

void meter_begin(struct meter *meter, enum message label, const char *subject);

/* Notes how far the work is, and draws the line if that is due. */
void meter_at(struct meter *meter, uint64_t done, uint64_t total);

/* Draws the line anew although nothing has moved: the rate falls. */
void meter_tick(struct meter *meter);

/* Removes the line. */
void meter_end(struct meter *meter);

/* A tuwen_progress_function with a meter as its user; stops the call after Ctrl-C. */
bool meter_progress(void *meter, uint64_t done, uint64_t total);

/* Writes a time for people: "3 min 20 s". */
void meter_duration(char *text, size_t size, double seconds);

/* Writes the line as it would be drawn at `now`, a time of seconds_now. */
void meter_format(const struct meter *meter, double now, char *line, size_t size);

#endif
