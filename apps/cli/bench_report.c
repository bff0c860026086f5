/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen bench` for people, in 80 columns:
 *
 *     one picture, 448x448 pixels
 *       stage                 seconds  of time     TFLOP   TFLOP/s  of peak
 *       vision products        1.4172   58.8 %    1.2900     0.910   97.7 %
 */
#include <string.h>

#include "bench.h"

enum { INDENT = 2, NAME_WIDTH = 21, COLUMN_WIDTH = 10, PEAK_WIDTH = 12, TYPE_WIDTH = 6 };

static const struct {
    const char *stage;
    enum message name;
} stage_names[] = {
    {"decode", SAY_STAGE_DECODE},
    {"preprocess", SAY_STAGE_PREPROCESS},
    {"tokenize", SAY_STAGE_TOKENIZE},
    {"vision products", SAY_STAGE_VISION_PRODUCTS},
    {"vision attention", SAY_STAGE_VISION_ATTENTION},
    {"vision rest", SAY_STAGE_VISION_REST},
    {"merger products", SAY_STAGE_MERGER_PRODUCTS},
    {"merger rest", SAY_STAGE_MERGER_REST},
    {"text products", SAY_STAGE_TEXT_PRODUCTS},
    {"text attention", SAY_STAGE_TEXT_ATTENTION},
    {"text rest", SAY_STAGE_TEXT_REST},
    {"other", SAY_STAGE_OTHER},
};

const char *bench_stage_name(const char *stage)
{
    for (size_t i = 0; i < sizeof stage_names / sizeof *stage_names; i++)
        if (strcmp(stage_names[i].stage, stage) == 0)
            return text_of(stage_names[i].name);
    return stage;
}

struct number_text percent_text(double share, int decimals)
{
    struct number_text percent;
    snprintf(percent.text, sizeof percent.text, "%.*f %%", decimals, 100 * share);
    return percent;
}

/* A run of fewer operations is told in GFLOP. */
#define FEW_OPERATIONS 1e11

struct bench_unit bench_unit_of(const struct bench_run *run)
{
    static const struct bench_unit giga = {1e9, "GFLOP", "GFLOP/s", 2}, tera = {1e12, "TFLOP", "TFLOP/s", 3};
    return run->operations < FEW_OPERATIONS ? giga : tera;
}

struct number_text bench_rate_text(const struct bench_unit *unit, double operations, double seconds)
{
    struct number_text rate;
    double number = seconds > 0 ? operations / seconds / unit->size : 0;
    snprintf(rate.text, sizeof rate.text, "%.*f %s", unit->decimals, number, unit->rate);
    return rate;
}

struct number_text bench_threads_text(const struct bench *bench)
{
    struct number_text line;
    enum message message = bench->threads < bench->cores   ? SAY_BENCH_THREADS_OF
                           : bench->threads > bench->cores ? SAY_BENCH_THREADS_ON
                           : bench->threads == 1           ? SAY_BENCH_THREAD
                                                           : SAY_BENCH_THREADS;
    message_format(line.text, sizeof line.text, message,
                   WITH(number_text(bench->threads, 0).text, number_text(bench->cores, 0).text));
    return line;
}

static void print_left(const char *text, size_t width)
{
    size_t length = text_width(text, strlen(text));
    fputs(text, stdout);
    pad(stdout, width > length ? width - length : 0);
}

static void print_right(const char *text, size_t width)
{
    size_t length = text_width(text, strlen(text));
    pad(stdout, width > length ? width - length : 0);
    fputs(text, stdout);
}

/* A line in which the first letters may come from a file. */
static void print_line(const struct terminal *terminal, enum style style, size_t indent, const char *line)
{
    pad(stdout, indent);
    fputs(style_of(terminal, style), stdout);
    text_print(stdout, line, strlen(line), 0);
    printf("%s\n", style_of(terminal, STYLE_PLAIN));
}

struct bench_line bench_peak_note(const struct bench *bench, const tuwen_peak *peak)
{
    struct bench_line note;
    bool slower = *bench->slower_isa && strcmp(peak->name, "bf16") == 0;
    if (peak->rate > 0)
        snprintf(note.text, sizeof note.text, "%s", peak->code);
    else
        message_format(note.text, sizeof note.text, slower ? SAY_BENCH_LACKING_SLOWER : SAY_BENCH_LACKING,
                       WITH(bench->slower_isa));
    return note;
}

void bench_print_peaks(const struct bench *bench, const struct terminal *terminal)
{
    char line[256];
    message_format(line, sizeof line, SAY_BENCH_PEAKS,
                   WITH(bench_threads_text(bench).text, bench->isa, bench->library));
    print_line(terminal, STYLE_BOLD, 0, line);
    fputs(style_of(terminal, STYLE_FAINT), stdout);
    pad(stdout, INDENT);
    print_left(text_of(SAY_BENCH_TYPE), TYPE_WIDTH);
    print_right("GFLOP/s", PEAK_WIDTH);
    printf("  %s%s\n", text_of(SAY_BENCH_CODE), style_of(terminal, STYLE_PLAIN));
    for (size_t i = 0; i < TUWEN_PEAKS; i++) {
        const tuwen_peak *peak = &bench->peaks[i];
        pad(stdout, INDENT);
        print_left(peak->name, TYPE_WIDTH);
        print_right(peak->rate > 0 ? number_text(peak->rate / 1e9, 1).text : "-", PEAK_WIDTH);
        printf("  %s\n", bench_peak_note(bench, peak).text);
    }
}

void bench_print_model(const struct bench *bench, const struct terminal *terminal)
{
    const tuwen_model_info *info = bench->info;
    char line[512];
    bool random = strcmp(info->weight_dtype, "random") == 0;
    message_format(line, sizeof line, random ? SAY_BENCH_MODEL_RANDOM : SAY_BENCH_MODEL,
                   WITH(info->name, info->precision, count_text((double)info->parameters).text));
    putchar('\n');
    print_line(terminal, STYLE_BOLD, 0, line);
    if (!bench->peak)
        return;
    if (strcmp(bench->peak->name, info->precision) != 0) {
        bool slower = *bench->slower_isa && strcmp(info->precision, "bf16") == 0;
        message_format(line, sizeof line, slower ? SAY_BENCH_WIDENED_SLOWER : SAY_BENCH_WIDENED,
                       WITH(info->precision, bench->isa));
        print_line(terminal, STYLE_PLAIN, INDENT, line);
    }
    message_format(line, sizeof line, SAY_BENCH_SHARES, WITH(bench->peak->name));
    print_line(terminal, STYLE_PLAIN, INDENT, line);
    if (strcmp(bench->peak->name, "int8") == 0)
        print_line(terminal, STYLE_PLAIN, INDENT, text_of(SAY_BENCH_MIXED));
}

static void print_row(const struct bench_run *run, const char *name, double seconds, double operations)
{
    double share = bench_share(run, operations, seconds);
    const struct bench_unit unit = bench_unit_of(run);
    pad(stdout, INDENT);
    print_left(name, NAME_WIDTH);
    print_right(number_text(seconds, 4).text, COLUMN_WIDTH);
    print_right(percent_text(run->seconds > 0 ? seconds / run->seconds : 0, 1).text, COLUMN_WIDTH);
    bool counted = operations > 0;
    print_right(counted ? number_text(operations / unit.size, 4).text : "-", COLUMN_WIDTH);
    print_right(counted && seconds > 0 ? number_text(operations / seconds / unit.size, unit.decimals).text : "-",
                COLUMN_WIDTH);
    print_right(share > 0 ? percent_text(share, 1).text : "-", COLUMN_WIDTH);
    putchar('\n');
}

static void print_heading(const struct bench_unit *unit, const struct terminal *terminal)
{
    fputs(style_of(terminal, STYLE_FAINT), stdout);
    pad(stdout, INDENT);
    print_left(text_of(SAY_BENCH_STAGE), NAME_WIDTH);
    print_right(text_of(SAY_BENCH_SECONDS), COLUMN_WIDTH);
    print_right(text_of(SAY_BENCH_OF_TIME), COLUMN_WIDTH);
    print_right(unit->count, COLUMN_WIDTH);
    print_right(unit->rate, COLUMN_WIDTH);
    print_right(text_of(SAY_BENCH_OF_PEAK), COLUMN_WIDTH);
    printf("%s\n", style_of(terminal, STYLE_PLAIN));
}

/* Shares that differ by more of themselves are worth a warning: on a machine at rest they differ by 0.02 to 0.05. */
#define UNSTEADY 0.1

/* Which run is shown, how fast the machine was around it, and how much the runs differ. */
static void print_runs(const struct bench_result *result, const struct terminal *terminal)
{
    char line[256];
    bool one = result->run_count == 1;
    const struct number_text runs = number_text((double)result->run_count, 0);
    const struct number_text fastest = number_text(result->fastest, 4);
    const struct number_text peak = number_text(bench_peak(bench_shown(result)) / 1e9, 1);
    if (result->least <= 0)
        message_format(line, sizeof line, one ? SAY_BENCH_RUN : SAY_BENCH_RUNS, WITH(runs.text, fastest.text));
    else if (one)
        message_format(line, sizeof line, SAY_BENCH_RUN_PEAK, WITH(peak.text));
    else
        message_format(line, sizeof line, SAY_BENCH_RUNS_PEAK, WITH(runs.text, peak.text));
    print_line(terminal, STYLE_PLAIN, INDENT, line);
    if (result->least <= 0 || one)
        return;
    message_format(line, sizeof line, SAY_BENCH_SPREAD,
                   WITH(percent_text(result->least, 1).text, percent_text(result->largest, 1).text, fastest.text));
    print_line(terminal, STYLE_PLAIN, INDENT, line);
    if (result->largest - result->least > UNSTEADY * bench_shown(result)->share)
        print_line(terminal, STYLE_YELLOW, INDENT, text_of(SAY_BENCH_UNSTEADY));
}

void bench_print_result(const struct bench_result *result, const struct terminal *terminal)
{
    const struct bench_run *run = bench_shown(result);
    const struct bench_unit unit = bench_unit_of(run);
    char line[256];
    putchar('\n');
    print_line(terminal, STYLE_BOLD, 0, result->title);
    print_heading(&unit, terminal);
    for (size_t i = 0; i < run->stage_count; i++)
        print_row(run, bench_stage_name(run->stages[i].name), run->stages[i].seconds, run->stages[i].operations);
    fputs(style_of(terminal, STYLE_BOLD), stdout);
    print_row(run, text_of(SAY_BENCH_WHOLE), run->seconds, run->operations);
    fputs(style_of(terminal, STYLE_PLAIN), stdout);
    print_runs(result, terminal);
    message_format(line, sizeof line, SAY_BENCH_TOKENS,
                   WITH(number_text(result->tokens, 0).text,
                        number_text(run->seconds > 0 ? result->tokens / run->seconds : 0, 1).text));
    print_line(terminal, STYLE_PLAIN, INDENT, line);
    message_format(
        line, sizeof line, SAY_BENCH_MEMORY,
        WITH(bytes_text((double)result->resident_bytes).text, bytes_text((double)result->session_bytes).text));
    print_line(terminal, STYLE_PLAIN, INDENT, line);
}
