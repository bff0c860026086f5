/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen bench`: how fast this machine computes, and how far that is from what it can do.
 *
 * A busy or virtual machine changes its speed by a factor of two within seconds. So the peak that shares are of is
 * measured anew before and after every run, and a run is judged by the mean of the two. Every work item runs once to warm
 * up; of the runs that follow the one of the median share is shown, all its parts from that one run.
 */
#include "bench.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "checkpoint.h"
#include "interrupt.h"
#include "json.h"
#include "output.h"
#include "store.h"

/* Inputs of the warm-up at most: they fill a batch. */
enum { WARM_INPUTS = 100 };

enum { DEFAULT_CAPTIONS = 1000, DEFAULT_RUNS = 5, DEFAULT_SECONDS = 60 };

/* For each peak, unless --seconds is less. */
#define PEAK_SECONDS 1.0
#define AROUND_SECONDS 0.3 /* between two runs */
#define LEAST_SECONDS 1e-6

/* What is asked for. */
struct plan {
    const struct cli *cli;
    const struct bench_work *works[BENCH_WORKS]; /* in the order asked for, each once */
    size_t work_count;                           /* 0: peaks alone */
    size_t captions, runs;
    double seconds;
};

double bench_peak(const struct bench_run *run)
{
    return (run->before + run->after) / 2;
}

double bench_share(const struct bench_run *run, double operations, double seconds)
{
    double peak = bench_peak(run);
    return peak > 0 && seconds > 0 && operations > 0 ? operations / seconds / peak : -1;
}

static double number_of(const struct options *options, enum option_id option, double otherwise)
{
    return options->values[option].given ? options->values[option].number : otherwise;
}

static void add_work(struct plan *plan, const struct bench_work *work)
{
    for (size_t i = 0; i < plan->work_count; i++)
        if (plan->works[i] == work)
            return;
    plan->works[plan->work_count++] = work;
}

static int unknown_work(const char *word)
{
    char path[PATH_MAX];
    bool is_model = access(word, F_OK) == 0 || store_find(word, path);
    complain(is_model ? SAY_BENCH_IS_MODEL : SAY_BENCH_UNKNOWN, WITH(word));
    return usage_error(COMMAND_BENCH);
}

/* Whether a picture can be drawn where it is asked for; complains if not. Seen before anything is measured. */
static int check_svg(const struct options *options)
{
    const char *path = options->values[OPTION_SVG].text;
    bool force = options_given(options, OPTION_FORCE);
    if (force && !path) {
        complain(SAY_OPTION_WITHOUT, WITH("--force", "--svg"));
        return usage_error(COMMAND_BENCH);
    }
    if (!path)
        return CLI_DONE;
    if (strcmp(path, "-") == 0) {
        complain(SAY_BENCH_SVG_FILE, NULL);
        return usage_error(COMMAND_BENCH);
    }
    if (!force && !bench_may_draw(path)) {
        complain(SAY_FILE_OVERWRITES, WITH(path));
        return CLI_USAGE;
    }
    return output_try(path) ? CLI_DONE : CLI_SOME_FAILED;
}

/* Reads the command line; complains if a work item is not known. */
static int make_plan(struct plan *plan, const struct cli *cli)
{
    const struct options *options = &cli->options;
    *plan = (struct plan){.cli = cli,
                          .captions = (size_t)number_of(options, OPTION_CAPTIONS, DEFAULT_CAPTIONS),
                          .runs = (size_t)number_of(options, OPTION_RUNS, DEFAULT_RUNS),
                          .seconds = number_of(options, OPTION_SECONDS, DEFAULT_SECONDS)};
    for (size_t i = 0; i < options->argument_count; i++) {
        const char *word = options->arguments[i];
        size_t work = 0;
        while (work < BENCH_WORKS && strcmp(bench_works[work].name, word) != 0)
            work++;
        if (work < BENCH_WORKS)
            add_work(plan, &bench_works[work]);
        else if (strcmp(word, "peaks") != 0)
            return unknown_work(word);
    }
    for (size_t i = 0; i < BENCH_WORKS && options->argument_count == 0; i++)
        add_work(plan, &bench_works[i]);
    return check_svg(options);
}

/* The value of "key: value (more)" in the description of the build, without what follows a space. */
static void find_fact(const char *facts, const char *key, char *value, size_t size)
{
    const char *at = strstr(facts, key);
    at = at ? at + strlen(key) : "";
    snprintf(value, size, "%.*s", (int)strcspn(at, " \n"), at);
}

/* So long, or as long as a work item may take; no longer than no time at all. */
static double peak_seconds(const struct plan *plan, double wanted)
{
    double seconds = plan->seconds < wanted ? plan->seconds : wanted;
    return seconds > LEAST_SECONDS ? seconds : LEAST_SECONDS;
}

/* What the machine is, and its peaks. */
static int measure_peaks(struct bench *bench, const struct plan *plan)
{
    const struct options *options = &plan->cli->options;
    char facts[2048], threads[16];
    const char *isa = options->values[OPTION_ISA].text;
    tuwen_error error = {.language = messages_language()};
    bench->threads = (int)number_of(options, OPTION_THREADS, 0);
    interrupt_end_at_once(); /* a peak cannot be asked to end, and takes no more than time */
    progress_show(text_of(SAY_BENCH_PROGRESS_PEAKS));
    tuwen_status status =
        tuwen_measure_peaks(isa, bench->threads, peak_seconds(plan, PEAK_SECONDS), bench->peaks, &error);
    progress_clear();
    if (status != TUWEN_OK) {
        complain(SAY_PLAIN, WITH(error.message));
        return CLI_MODEL;
    }
    tuwen_describe_build(isa, TUWEN_ENGLISH, facts, sizeof facts);
    find_fact(facts, "instruction set: ", bench->isa, sizeof bench->isa);
    find_fact(facts, "oneDNN: ", bench->library, sizeof bench->library);
    find_fact(facts, "threads: ", threads, sizeof threads);
    find_fact(facts, "(bf16 instructions are slower here; --isa ", bench->slower_isa, sizeof bench->slower_isa);
    bench->cores = (int)strtol(threads, NULL, 10);
    if (bench->threads == 0)
        bench->threads = bench->cores;
    return CLI_DONE;
}

/* The peak of the model's precision; where the machine has no such products, weights are widened to f32. */
static int choose_peak(struct bench *bench, const struct plan *plan)
{
    tuwen_error error = {.language = messages_language()};
    for (size_t i = 0; i < TUWEN_PEAKS; i++)
        if (strcmp(bench->peaks[i].name, bench->info->precision) == 0)
            bench->peak = &bench->peaks[i];
    if (bench->peak && bench->peak->rate <= 0)
        bench->peak = &bench->peaks[0];
    if (!bench->peak || tuwen_gauge_open(plan->cli->options.values[OPTION_ISA].text, bench->threads,
                                         bench->peak->name, &bench->gauge, &error) == TUWEN_OK)
        return CLI_DONE;
    complain(SAY_PLAIN, WITH(error.message));
    return CLI_SOME_FAILED;
}

/* The peak of this moment. */
static tuwen_status measure_peak(const struct bench *bench, const struct plan *plan, double *rate)
{
    tuwen_peak peak = {0};
    tuwen_error error = {.language = messages_language()};
    tuwen_status status = TUWEN_OK;
    if (bench->gauge)
        status = tuwen_gauge_measure(bench->gauge, peak_seconds(plan, AROUND_SECONDS), &peak, &error);
    if (status != TUWEN_OK)
        complain(SAY_PLAIN, WITH(error.message));
    *rate = peak.rate;
    return status;
}

/* ---- one work item ------------------------------------------------------------------------------------------- */

/* Whether a stage can occur: pictures have some that texts lack. */
static bool concerns(const struct bench_work *work, const char *stage)
{
    static const char *const of_pictures[] = {"decode", "preprocess", "vision", "merger"};
    for (size_t i = 0; i < sizeof of_pictures / sizeof *of_pictures && work->width == 0; i++)
        if (strncmp(stage, of_pictures[i], strlen(of_pictures[i])) == 0)
            return false;
    return true;
}

/* The session's stages as those of the run, its operations, and what is left of its time. */
static void take_stages(const struct bench_work *work, const tuwen_session *session, struct bench_run *run)
{
    tuwen_stage stages[BENCH_STAGES];
    size_t count = tuwen_session_get_stages(session, stages, BENCH_STAGES);
    double left = run->seconds;
    run->stage_count = 0;
    run->operations = 0;
    for (size_t i = 0; i < count && run->stage_count + 1 < BENCH_STAGES; i++) {
        if (!concerns(work, stages[i].name))
            continue;
        run->stages[run->stage_count++] = stages[i];
        run->operations += stages[i].operations;
        left -= stages[i].seconds;
    }
    run->stages[run->stage_count++] = (tuwen_stage){.name = "other", .seconds = left > 0 ? left : 0};
}

/* Embeds the first `count` inputs; complains about the first that cannot be. */
static tuwen_status run_once(struct checkpoint *checkpoint, const struct bench_inputs *inputs, size_t count,
                             float *vectors, tuwen_output *outputs, double *seconds)
{
    tuwen_session_reset_stages(checkpoint->session);
    double begin = seconds_now();
    tuwen_status status = checkpoint_embed(checkpoint, inputs->items, count, vectors, outputs);
    *seconds = seconds_now() - begin;
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

/* The least share first; without shares the longest time. */
static int by_share(const void *a, const void *b)
{
    const struct bench_run *left = *(const struct bench_run *const *)a, *right = *(const struct bench_run *const *)b;
    if (left->share != right->share)
        return left->share > right->share ? 1 : -1;
    return (left->seconds < right->seconds) - (left->seconds > right->seconds);
}

/* Chooses the run to show: the median, of an even number the lesser of the middle two. `sorted` has room for all. */
static void choose_run(struct bench_result *result, const struct bench_run **sorted)
{
    size_t count = result->run_count;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &result->runs[i];
        if (i == 0 || result->runs[i].seconds < result->fastest)
            result->fastest = result->runs[i].seconds;
    }
    qsort(sorted, count, sizeof *sorted, by_share);
    result->least = sorted[0]->share;
    result->largest = sorted[count - 1]->share;
    result->shown = (size_t)(sorted[(count - 1) / 2] - result->runs);
}

static void fill_memory(struct bench_result *result, const struct checkpoint *checkpoint)
{
    struct rusage usage;
    result->session_bytes = tuwen_session_memory(checkpoint->session);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        result->resident_bytes = (uint64_t)usage.ru_maxrss * 1024; /* Linux counts in KiB */
}

/* What one work item needs while it runs. */
struct room {
    struct bench_inputs inputs;
    float *vectors;
    tuwen_output *outputs;
    const struct bench_run **sorted;
};

/* Runs once, between the peak before, which is there, and the one after. */
static tuwen_status run_between(const struct plan *plan, const struct bench *bench, struct checkpoint *checkpoint,
                                struct room *room, const struct bench_work *work, struct bench_run *run)
{
    tuwen_status status =
        run_once(checkpoint, &room->inputs, room->inputs.count, room->vectors, room->outputs, &run->seconds);
    if (status != TUWEN_OK)
        return status;
    take_stages(work, checkpoint->session, run);
    status = measure_peak(bench, plan, &run->after);
    run->share = bench_share(run, run->operations, run->seconds);
    return status;
}

/* Warms up, then repeats until the runs or the time are used up. */
static tuwen_status run_all(const struct plan *plan, const struct bench *bench, struct checkpoint *checkpoint,
                            struct room *room, struct bench_result *result)
{
    size_t warm = room->inputs.count < WARM_INPUTS ? room->inputs.count : WARM_INPUTS, count = 0;
    double begin = 0, peak = 0;
    show_progress(result->work, 0, plan->runs);
    tuwen_status status = run_once(checkpoint, &room->inputs, warm, room->vectors, room->outputs, &begin);
    begin = seconds_now();
    if (status == TUWEN_OK)
        status = measure_peak(bench, plan, &peak);
    while (status == TUWEN_OK && count < plan->runs && (count == 0 || seconds_now() - begin < plan->seconds)) {
        struct bench_run *run = &result->runs[count++];
        show_progress(result->work, count, plan->runs);
        run->before = peak;
        status = run_between(plan, bench, checkpoint, room, result->work, run);
        peak = run->after;
    }
    progress_clear();
    for (size_t i = 0; i < room->inputs.count && status == TUWEN_OK; i++)
        result->tokens += room->outputs[i].tokens;
    result->run_count = count;
    if (status == TUWEN_OK)
        choose_run(result, room->sorted);
    return status;
}

static tuwen_status measure(const struct plan *plan, const struct bench *bench, struct checkpoint *checkpoint,
                            struct bench_result *result)
{
    const struct bench_work *work = result->work;
    struct room room = {0};
    result->captions = work->captions == BENCH_CAPTIONS_ASKED ? plan->captions : work->captions;
    message_format(result->title, sizeof result->title, work->title,
                   WITH(number_text(work->width, 0).text, number_text(work->height, 0).text,
                        number_text((double)result->captions, 0).text));
    bool made = bench_inputs_make(&room.inputs, work, result->captions, checkpoint->info->match_instruction);
    result->inputs = room.inputs.count;
    room.vectors = calloc(room.inputs.count, tuwen_model_dimension(checkpoint->model) * sizeof *room.vectors);
    room.outputs = calloc(room.inputs.count, sizeof *room.outputs);
    room.sorted = calloc(plan->runs, sizeof(const struct bench_run *));
    result->runs = calloc(plan->runs, sizeof *result->runs);
    tuwen_status status = TUWEN_OUT_OF_MEMORY;
    if (made && room.vectors && room.outputs && room.sorted && result->runs)
        status = run_all(plan, bench, checkpoint, &room, result);
    else
        complain(SAY_OUT_OF_MEMORY, NULL);
    fill_memory(result, checkpoint);
    bench_inputs_free(&room.inputs);
    free(room.vectors);
    free(room.outputs);
    free(room.sorted);
    return status;
}

/* ---- the command --------------------------------------------------------------------------------------------- */

static int measure_works(const struct plan *plan, struct checkpoint *checkpoint, struct bench *bench, bool as_json)
{
    for (size_t i = 0; i < plan->work_count; i++) {
        struct bench_result *result = &bench->results[i];
        *result = (struct bench_result){.work = plan->works[i]};
        tuwen_status status = measure(plan, bench, checkpoint, result);
        if (status == TUWEN_CANCELLED) {
            complain(SAY_CANCELLED, NULL);
            return CLI_CANCELLED;
        }
        if (status != TUWEN_OK)
            return CLI_SOME_FAILED;
        bench->count++;
        if (!as_json)
            bench_print_result(result, &plan->cli->terminal);
        output_flush();
    }
    return CLI_DONE;
}

/* Measures all and shows it as it comes. The model is opened first: what is wrong with it is told at once. */
static int measure_all(const struct plan *plan, struct bench *bench, struct checkpoint *checkpoint, bool as_json)
{
    const struct cli *cli = plan->cli;
    const struct option_value *values = cli->options.values;
    const struct checkpoint_plan model = {.random = values[OPTION_RANDOM].text,
                                          .precision = (tuwen_precision)values[OPTION_BENCH_PRECISION].number};
    int code = plan->work_count > 0 ? checkpoint_open_planned(checkpoint, cli, &model) : CLI_DONE;
    bench->info = checkpoint->info;
    if (code == CLI_DONE)
        code = measure_peaks(bench, plan);
    if (code != CLI_DONE)
        return code;
    if (!as_json)
        bench_print_peaks(bench, &cli->terminal);
    output_flush();
    if (!bench->info)
        return CLI_DONE;
    code = choose_peak(bench, plan);
    if (code != CLI_DONE)
        return code;
    if (!as_json)
        bench_print_model(bench, &cli->terminal);
    output_flush();
    interrupt_catch(checkpoint->session);
    return measure_works(plan, checkpoint, bench, as_json);
}

/* The file is opened only now, so that nothing is left of it when the measuring was cut short. */
static int draw(const struct bench *bench, const char *path)
{
    struct output svg;
    if (!output_open(&svg, path))
        return CLI_SOME_FAILED;
    bench_draw(bench, svg.stream);
    return output_close(&svg, true) ? CLI_DONE : CLI_SOME_FAILED;
}

static int run_bench(const struct plan *plan, struct bench *bench)
{
    const struct options *options = &plan->cli->options;
    bool as_json = options_given(options, OPTION_JSON);
    struct checkpoint checkpoint = {0};
    int code = measure_all(plan, bench, &checkpoint, as_json);
    if (as_json && (code == CLI_DONE || bench->count > 0) && !json_bench(stdout, bench)) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        code = CLI_SOME_FAILED;
    }
    if (options_given(options, OPTION_SVG) && code == CLI_DONE)
        code = draw(bench, options->values[OPTION_SVG].text);
    checkpoint_close(&checkpoint);
    return code;
}

int bench_run(const struct cli *cli)
{
    struct plan plan;
    int code = make_plan(&plan, cli);
    if (code != CLI_DONE)
        return code;
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return CLI_SOME_FAILED;
    }
    code = run_bench(&plan, bench);
    tuwen_gauge_close(bench->gauge);
    for (size_t i = 0; i < BENCH_WORKS; i++)
        free(bench->results[i].runs);
    free(bench);
    return code;
}
