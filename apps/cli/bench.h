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

/* One work measured. Stages are those of the median run, and what belongs to none stands last, as "other". */
struct bench_result {
    const struct bench_work *work;
    char title[128];
    size_t inputs, captions, runs;
    double tokens;           /* of one run */
    double seconds, fastest; /* of the median run, from the bytes of the inputs to the vectors; of the best */
    double operations;       /* of one run */
    tuwen_stage stages[BENCH_STAGES];
    size_t stage_count;
    uint64_t session_bytes;  /* the session's scratch memory */
    uint64_t resident_bytes; /* the most that the process had in memory so far */
};

/* All that a run found. */
struct bench {
    char isa[32], library[32]; /* the level of the kernels; oneDNN's version */
    int threads;
    tuwen_peak peaks[TUWEN_PEAKS];
    const tuwen_model_info *info; /* NULL when only peaks were asked for */
    const tuwen_peak *peak;       /* that shares are of; NULL if there is none */
    struct bench_result results[BENCH_WORKS];
    size_t count;
};

/* A rate as a share of the peak; negative if there is none to compare with. */
double bench_share(const struct bench *bench, double operations, double seconds);

/* What a stage is called, in the language of the user. */
const char *bench_stage_name(const char *stage);

/* For people, as it comes: the peaks, the model, each result. */
void bench_print_peaks(const struct bench *bench, const struct terminal *terminal);
void bench_print_model(const struct bench *bench, const struct terminal *terminal);
void bench_print_result(const struct bench *bench, const struct bench_result *result,
                        const struct terminal *terminal);

/* Where the time goes, as a picture: one bar for each result. */
void bench_draw(const struct bench *bench, FILE *stream);

#endif
