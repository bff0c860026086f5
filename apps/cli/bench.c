/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen bench`: how fast this machine computes, and how far that is from what it can do.
 *
 * The peaks are measured first, in the same run, so that a share means something on a busy machine too. Every work item
 * runs once to warm up; of the runs that follow the median one is shown, all its parts from that one run.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "checkpoint.h"
#include "interrupt.h"
#include "json.h"
#include "output.h"

/* Inputs of the warm-up at most: they fill a batch. */
enum { WARM_INPUTS = 100 };

enum { DEFAULT_CAPTIONS = 1000, DEFAULT_RUNS = 5, DEFAULT_SECONDS = 60 };

/* For each peak, unless --seconds is less. */
#define PEAK_SECONDS 1.0
#define LEAST_SECONDS 1e-6

/* One run. */
struct sample {
    double seconds;
    tuwen_stage stages[BENCH_STAGES];
    size_t stage_count;
};

/* What is asked for. */
struct plan {
    const struct cli *cli;
    bool chosen[BENCH_WORKS];
    bool only_peaks;
    size_t captions, runs;
    double seconds;
};

double bench_share(const struct bench *bench, double operations, double seconds)
{
    return bench->peak && bench->peak->rate > 0 && seconds > 0 ? operations / seconds / bench->peak->rate : -1;
}

static double number_of(const struct options *options, enum option_id option, double otherwise)
{
    return options->values[option].given ? options->values[option].number : otherwise;
}

/* Reads the command line; complains if a work item is not known. */
static int make_plan(struct plan *plan, const struct cli *cli)
{
    const struct options *options = &cli->options;
    const char *svg = options->values[OPTION_SVG].text;
    *plan = (struct plan){.cli = cli,
                          .only_peaks = options->argument_count > 0,
                          .captions = (size_t)number_of(options, OPTION_CAPTIONS, DEFAULT_CAPTIONS),
                          .runs = (size_t)number_of(options, OPTION_RUNS, DEFAULT_RUNS),
                          .seconds = number_of(options, OPTION_SECONDS, DEFAULT_SECONDS)};
    for (size_t i = 0; i < options->argument_count; i++) {
        const char *word = options->arguments[i];
        size_t work = 0;
        while (work < BENCH_WORKS && strcmp(bench_works[work].name, word) != 0)
            work++;
        if (work == BENCH_WORKS && strcmp(word, "peaks") != 0) {
            complain(SAY_BENCH_UNKNOWN, WITH(word));
            return usage_error(COMMAND_BENCH);
        }
        if (work < BENCH_WORKS) {
            plan->chosen[work] = true;
            plan->only_peaks = false;
        }
    }
    for (size_t i = 0; i < BENCH_WORKS && options->argument_count == 0; i++)
        plan->chosen[i] = true;
    if (svg && strcmp(svg, "-") == 0) {
        complain(SAY_BENCH_SVG_FILE, NULL);
        return usage_error(COMMAND_BENCH);
    }
    return CLI_DONE;
}

/* The value of "key: value (more)" in the description of the build, without what follows a space. */
static void find_fact(const char *facts, const char *key, char *value, size_t size)
{
    const char *at = strstr(facts, key);
    at = at ? at + strlen(key) : "";
    snprintf(value, size, "%.*s", (int)strcspn(at, " \n"), at);
}

/* What the machine is, and its peaks. */
static int measure_peaks(struct bench *bench, const struct plan *plan)
{
    const struct options *options = &plan->cli->options;
    double seconds = plan->seconds < PEAK_SECONDS ? plan->seconds : PEAK_SECONDS;
    char facts[1024], threads[16];
    const char *isa = options->values[OPTION_ISA].text;
    tuwen_error error = {.language = messages_language()};
    bench->threads = (int)number_of(options, OPTION_THREADS, 0);
    progress_show(text_of(SAY_BENCH_PROGRESS_PEAKS));
    tuwen_status status = tuwen_measure_peaks(isa, bench->threads, seconds > LEAST_SECONDS ? seconds : LEAST_SECONDS,
                                              bench->peaks, &error);
    progress_clear();
    if (status != TUWEN_OK) {
        complain(SAY_PLAIN, WITH(error.message));
        return CLI_MODEL;
    }
    tuwen_describe_build(isa, facts, sizeof facts);
    find_fact(facts, "instruction set: ", bench->isa, sizeof bench->isa);
    find_fact(facts, "oneDNN: ", bench->library, sizeof bench->library);
    find_fact(facts, "threads: ", threads, sizeof threads);
    if (bench->threads == 0)
        bench->threads = atoi(threads);
    return CLI_DONE;
}

/* The peak of the model's precision; where the machine has no such products, weights are widened to f32. */
static void choose_peak(struct bench *bench)
{
    for (size_t i = 0; i < TUWEN_PEAKS; i++)
        if (strcmp(bench->peaks[i].name, bench->info->precision) == 0)
            bench->peak = &bench->peaks[i];
    if (bench->peak && bench->peak->rate <= 0)
        bench->peak = &bench->peaks[0];
}

/* ---- one work item ------------------------------------------------------------------------------------------- */

/* Embeds the first `count` inputs; complains about the first that cannot be. */
static tuwen_status run_once(struct checkpoint *checkpoint, const struct bench_inputs *inputs, size_t count,
                             float *vectors, tuwen_output *outputs, struct sample *sample)
{
    tuwen_session_reset_stages(checkpoint->session);
    double begin = seconds_now();
    tuwen_status status = checkpoint_embed(checkpoint, inputs->items, count, vectors, outputs);
    sample->seconds = seconds_now() - begin;
    sample->stage_count = tuwen_session_get_stages(checkpoint->session, sample->stages, BENCH_STAGES);
    if (sample->stage_count > BENCH_STAGES)
        sample->stage_count = BENCH_STAGES;
    for (size_t i = 0; i < count && status == TUWEN_OK; i++) {
        if (outputs[i].status != TUWEN_OK)
            complain(SAY_PLAIN, WITH(outputs[i].message));
        status = outputs[i].status;
    }
    return status;
}

static void show_progress(const struct bench_work *work, size_t run, size_t runs)
{
    char line[128];
    if (run == 0)
        message_format(line, sizeof line, SAY_BENCH_PROGRESS_WARM, WITH(work->name));
    else
        message_format(line, sizeof line, SAY_BENCH_PROGRESS_RUN,
                       WITH(work->name, number_text((double)run, 0).text, number_text((double)runs, 0).text));
    progress_show(line);
}

static int by_seconds(const void *a, const void *b)
{
    double left = ((const struct sample *)a)->seconds, right = ((const struct sample *)b)->seconds;
    return (left > right) - (left < right);
}

/* Whether a stage can occur: pictures have some that texts lack. */
static bool concerns(const struct bench_work *work, const char *stage)
{
    static const char *const of_pictures[] = {"decode", "preprocess", "vision", "merger"};
    for (size_t i = 0; i < sizeof of_pictures / sizeof *of_pictures && work->width == 0; i++)
        if (strncmp(stage, of_pictures[i], strlen(of_pictures[i])) == 0)
            return false;
    return true;
}

/* Takes the median of the samples, which are sorted by that, and what is left of its time. */
static void fill_result(struct bench_result *result, struct sample *samples, size_t runs)
{
    qsort(samples, runs, sizeof *samples, by_seconds);
    const struct sample *median = &samples[(runs - 1) / 2];
    double left = median->seconds;
    result->runs = runs;
    result->seconds = median->seconds;
    result->fastest = samples[0].seconds;
    for (size_t i = 0; i < median->stage_count && result->stage_count + 1 < BENCH_STAGES; i++) {
        if (!concerns(result->work, median->stages[i].name))
            continue;
        result->stages[result->stage_count++] = median->stages[i];
        result->operations += median->stages[i].operations;
        left -= median->stages[i].seconds;
    }
    result->stages[result->stage_count++] = (tuwen_stage){.name = "other", .seconds = left > 0 ? left : 0};
}

static void fill_memory(struct bench_result *result, const struct checkpoint *checkpoint)
{
    struct rusage usage;
    result->session_bytes = tuwen_session_memory(checkpoint->session);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        result->resident_bytes = (uint64_t)usage.ru_maxrss * 1024; /* Linux counts in KiB */
}

/* Warms up, then repeats until the runs or the time are used up. */
static tuwen_status run_all(const struct plan *plan, struct checkpoint *checkpoint, const struct bench_inputs *inputs,
                            float *vectors, tuwen_output *outputs, struct sample *samples,
                            struct bench_result *result)
{
    size_t warm = inputs->count < WARM_INPUTS ? inputs->count : WARM_INPUTS, runs = 0;
    show_progress(result->work, 0, plan->runs);
    tuwen_status status = run_once(checkpoint, inputs, warm, vectors, outputs, &samples[0]);
    double begin = seconds_now();
    while (status == TUWEN_OK && runs < plan->runs && (runs == 0 || seconds_now() - begin < plan->seconds)) {
        show_progress(result->work, runs + 1, plan->runs);
        status = run_once(checkpoint, inputs, inputs->count, vectors, outputs, &samples[runs]);
        runs++;
    }
    progress_clear();
    for (size_t i = 0; i < inputs->count && status == TUWEN_OK; i++)
        result->tokens += outputs[i].tokens;
    if (status == TUWEN_OK)
        fill_result(result, samples, runs);
    return status;
}

static tuwen_status measure(const struct plan *plan, struct checkpoint *checkpoint, struct bench_result *result)
{
    const struct bench_work *work = result->work;
    struct bench_inputs inputs;
    result->captions = work->captions == BENCH_CAPTIONS_ASKED ? plan->captions : work->captions;
    message_format(result->title, sizeof result->title, work->title,
                   WITH(number_text(work->width, 0).text, number_text(work->height, 0).text,
                        number_text((double)result->captions, 0).text));
    bool made = bench_inputs_make(&inputs, work, result->captions, checkpoint->info->match_instruction);
    result->inputs = inputs.count;
    float *vectors = calloc(inputs.count, tuwen_model_dimension(checkpoint->model) * sizeof *vectors);
    tuwen_output *outputs = calloc(inputs.count, sizeof *outputs);
    struct sample *samples = calloc(plan->runs, sizeof *samples);
    tuwen_status status = TUWEN_OUT_OF_MEMORY;
    if (made && vectors && outputs && samples)
        status = run_all(plan, checkpoint, &inputs, vectors, outputs, samples, result);
    else
        complain(SAY_OUT_OF_MEMORY, NULL);
    fill_memory(result, checkpoint);
    bench_inputs_free(&inputs);
    free(vectors);
    free(outputs);
    free(samples);
    return status;
}

/* ---- the command --------------------------------------------------------------------------------------------- */

static int measure_works(const struct plan *plan, struct checkpoint *checkpoint, struct bench *bench, bool as_json)
{
    for (size_t i = 0; i < BENCH_WORKS; i++) {
        struct bench_result *result = &bench->results[bench->count];
        if (!plan->chosen[i])
            continue;
        *result = (struct bench_result){.work = &bench_works[i]};
        tuwen_status status = measure(plan, checkpoint, result);
        if (status == TUWEN_CANCELLED) {
            complain(SAY_CANCELLED, NULL);
            return CLI_CANCELLED;
        }
        if (status != TUWEN_OK)
            return CLI_SOME_FAILED;
        bench->count++;
        if (!as_json)
            bench_print_result(bench, result, &plan->cli->terminal);
        output_flush();
    }
    return CLI_DONE;
}

/* Measures and shows all; `svg` (a stream of NULL: none) gets the picture. That there is a model is seen first. */
static int run_bench(const struct plan *plan, struct bench *bench, struct output *svg)
{
    const struct cli *cli = plan->cli;
    const struct option_value *values = cli->options.values;
    bool as_json = options_given(&cli->options, OPTION_JSON);
    const struct checkpoint_plan model = {.random = values[OPTION_RANDOM].text,
                                          .precision = (tuwen_precision)values[OPTION_BENCH_PRECISION].number};
    struct checkpoint_choice choice;
    struct checkpoint checkpoint = {0};
    int code = plan->only_peaks ? CLI_DONE : checkpoint_choose(&choice, &cli->options, NULL);
    if (code == CLI_DONE)
        code = measure_peaks(bench, plan);
    if (code != CLI_DONE)
        return code;
    if (!as_json)
        bench_print_peaks(bench, &cli->terminal);
    output_flush();
    if (!plan->only_peaks) {
        code = checkpoint_open_planned(&checkpoint, cli, &model);
        bench->info = checkpoint.info;
    }
    if (code == CLI_DONE && bench->info) {
        choose_peak(bench);
        if (!as_json)
            bench_print_model(bench, &cli->terminal);
        output_flush();
        code = measure_works(plan, &checkpoint, bench, as_json);
    }
    if (as_json && (code == CLI_DONE || bench->count > 0) && !json_bench(stdout, bench)) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        code = CLI_SOME_FAILED;
    }
    if (svg->stream && code == CLI_DONE)
        bench_draw(bench, svg->stream);
    checkpoint_close(&checkpoint);
    return code;
}

int bench_run(const struct cli *cli)
{
    struct plan plan;
    struct output svg = {0};
    const char *path = cli->options.values[OPTION_SVG].text;
    int code = make_plan(&plan, cli);
    if (code != CLI_DONE)
        return code;
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    if (path && !output_open(&svg, path))
        code = CLI_SOME_FAILED;
    else
        code = run_bench(&plan, bench, &svg);
    if (svg.stream && !output_close(&svg, code == CLI_DONE) && code == CLI_DONE)
        code = CLI_SOME_FAILED;
    free(bench);
    return code;
}
