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

void bench_print_peaks(const struct bench *bench, const struct terminal *terminal)
{
    char line[256];
    message_format(line, sizeof line, SAY_BENCH_PEAKS,
                   WITH(number_text(bench->threads, 0).text, bench->isa, bench->library));
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
        printf("  %s\n", peak->rate > 0 ? peak->code : text_of(SAY_BENCH_LACKING));
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
    if (bench->peak && strcmp(bench->peak->name, info->precision) != 0) {
        message_format(line, sizeof line, SAY_BENCH_OTHER_PEAK, WITH(bench->peak->name, info->precision));
        print_line(terminal, STYLE_PLAIN, INDENT, line);
    }
}

/* "97.7 %", or a dash for what has no share. */
static void print_share(double share)
{
    char text[32];
    snprintf(text, sizeof text, "%.1f %%", 100 * share);
    print_right(share > 0 ? text : "-", COLUMN_WIDTH);
}

static void print_row(const struct bench *bench, const struct bench_result *result, const char *name, double seconds,
                      double operations)
{
    pad(stdout, INDENT);
    print_left(name, NAME_WIDTH);
    print_right(number_text(seconds, 4).text, COLUMN_WIDTH);
    char share[32];
    snprintf(share, sizeof share, "%.1f %%", result->seconds > 0 ? 100 * seconds / result->seconds : 0);
    print_right(share, COLUMN_WIDTH);
    bool counted = operations > 0;
    print_right(counted ? number_text(operations / 1e12, 4).text : "-", COLUMN_WIDTH);
    print_right(counted && seconds > 0 ? number_text(operations / seconds / 1e12, 3).text : "-", COLUMN_WIDTH);
    print_share(counted ? bench_share(bench, operations, seconds) : -1);
    putchar('\n');
}

static void print_heading(const struct terminal *terminal)
{
    fputs(style_of(terminal, STYLE_FAINT), stdout);
    pad(stdout, INDENT);
    print_left(text_of(SAY_BENCH_STAGE), NAME_WIDTH);
    print_right(text_of(SAY_BENCH_SECONDS), COLUMN_WIDTH);
    print_right(text_of(SAY_BENCH_OF_TIME), COLUMN_WIDTH);
    print_right("TFLOP", COLUMN_WIDTH);
    print_right("TFLOP/s", COLUMN_WIDTH);
    print_right(text_of(SAY_BENCH_OF_PEAK), COLUMN_WIDTH);
    printf("%s\n", style_of(terminal, STYLE_PLAIN));
}

void bench_print_result(const struct bench *bench, const struct bench_result *result, const struct terminal *terminal)
{
    char line[256];
    putchar('\n');
    print_line(terminal, STYLE_BOLD, 0, result->title);
    print_heading(terminal);
    for (size_t i = 0; i < result->stage_count; i++)
        print_row(bench, result, bench_stage_name(result->stages[i].name), result->stages[i].seconds,
                  result->stages[i].operations);
    fputs(style_of(terminal, STYLE_BOLD), stdout);
    print_row(bench, result, text_of(SAY_BENCH_WHOLE), result->seconds, result->operations);
    fputs(style_of(terminal, STYLE_PLAIN), stdout);
    message_format(line, sizeof line, result->runs == 1 ? SAY_BENCH_RUN : SAY_BENCH_RUNS,
                   WITH(number_text((double)result->runs, 0).text, number_text(result->fastest, 4).text,
                        number_text(result->tokens, 0).text,
                        number_text(result->seconds > 0 ? result->tokens / result->seconds : 0, 1).text));
    print_line(terminal, STYLE_PLAIN, INDENT, line);
    message_format(
        line, sizeof line, SAY_BENCH_MEMORY,
        WITH(bytes_text((double)result->resident_bytes).text, bytes_text((double)result->session_bytes).text));
    print_line(terminal, STYLE_PLAIN, INDENT, line);
}
