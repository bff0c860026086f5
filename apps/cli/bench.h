/* SPDX-License-Identifier: Apache-2.0 */
/* `tuwen bench`: what is measured, what came out, and the three ways to show it. */
#ifndef TUWEN_CLI_BENCH_H
#define TUWEN_CLI_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli.h"
#include "input.h"
#include "tuwen/tuwen.h"

/* What can be measured; `name` is the argument that selects it. Without a picture width and height are 0. */
struct bench_work {
    const char *name;
    enum message title; /* {1}x{2}: the picture; {3}: the captions */
    int width, height;
    size_t captions; /* 0: none; BENCH_CAPTIONS_ASKED: as many as --captions says */
};

#define BENCH_CAPTIONS_ASKED ((size_t)-1)
enum { BENCH_WORKS = 4, BENCH_STAGES = 16 };

extern const struct bench_work bench_works[BENCH_WORKS];

/* The inputs of one work, made in memory from a fixed seed. */
struct bench_inputs {
    tuwen_input *items; /* the picture first */
    size_t count;
    struct bytes picture;
    char *texts; /* all captions, one after the other */
};

/* False if memory is short; free with bench_inputs_free in either case. `instruction` (may be NULL) stays the caller's. */
bool bench_inputs_make(struct bench_inputs *inputs, const struct bench_work *work, size_t captions,
                       const char *instruction);
void bench_inputs_free(struct bench_inputs *inputs);

/* One run, from the bytes of the inputs to the vectors. Rates are operations a second; 0: there is no such peak. */
struct bench_run {
    double seconds, operations;
    double before, after; /* the peak just before the run, and just after it */
    double share;         /* of the mean of the two; negative without */
    tuwen_stage stages[BENCH_STAGES];
    size_t stage_count;
};

/* One work measured. It is shown by the run of the median share of its peak; what belongs to no stage stands last there,
 * as "other". */
struct bench_result {
    const struct bench_work *work;
    char title[128];
    size_t inputs, captions;
    double tokens;          /* of one run */
    struct bench_run *runs; /* [run_count], as they came; freed by bench_run */
    size_t run_count;
    size_t shown;            /* which of them */
    double fastest;          /* seconds of the fastest */
    double least, largest;   /* of the shares */
    uint64_t session_bytes;  /* the session's scratch memory */
    uint64_t resident_bytes; /* the most that the process had in memory so far */
};

/* All that a run found. */
struct bench {
    char isa[32], library[32]; /* the level of the kernels; oneDNN's version */
    int threads, cores;        /* that compute; that the process may use */
    tuwen_peak peaks[TUWEN_PEAKS];
    const tuwen_model_info *info; /* NULL when only peaks were asked for */
    const tuwen_peak *peak;       /* that shares are of, as measured at the start; NULL if there is none */
    char slower_isa[32]; /* the level of bf16 instructions, where they are slower than widening; else empty */
    tuwen_gauge *gauge;  /* measures that peak again */
    struct bench_result results[BENCH_WORKS];
    size_t count;
};

/* The mean of the peaks around a run; 0 if there are none. */
double bench_peak(const struct bench_run *run);

/* A rate as a share of that; negative if there is none to compare with. */
double bench_share(const struct bench_run *run, double operations, double seconds);

/* The run that stands for all. */
static inline const struct bench_run *bench_shown(const struct bench_result *result)
{
    return &result->runs[result->shown];
}

/* What a stage is called, in the language of the user. */
const char *bench_stage_name(const char *stage);

/* "97.7 %" */
struct number_text percent_text(double share, int decimals);

/* In which operations are told: TFLOP, but GFLOP of a run that has few. */
struct bench_unit {
    double size;
    const char *count, *rate; /* "TFLOP", "TFLOP/s" */
    int decimals;             /* of a rate */
};
struct bench_unit bench_unit_of(const struct bench_run *run);

/* "0.910 TFLOP/s" */
struct number_text bench_rate_text(const struct bench_unit *unit, double operations, double seconds);

/* "2 threads", "1 of 2 threads"; for the heads of what was measured. */
struct number_text bench_threads_text(const struct bench *bench);

/* What oneDNN calls the code of a peak, or why there is no such peak. */
struct bench_line {
    char text[128];
};
struct bench_line bench_peak_note(const struct bench *bench, const tuwen_peak *peak);

/* For people, as it comes: the peaks, the model, each result. */
void bench_print_peaks(const struct bench *bench, const struct terminal *terminal);
void bench_print_model(const struct bench *bench, const struct terminal *terminal);
void bench_print_result(const struct bench_result *result, const struct terminal *terminal);

/* Where the time goes, as a picture: one bar for each result; of peaks alone, a bar for each. */
void bench_draw(const struct bench *bench, FILE *stream);

/* Whether the file may be replaced by such a picture without asking: it is one, or no ordinary file, or not there. */
bool bench_may_draw(const char *path);

#endif
