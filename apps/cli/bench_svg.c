/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen bench --svg`: one bar for each result, cut into its stages; of peaks alone, a bar for each. The picture stands
 * alone (no fonts, scripts or other files), follows the reader's light or dark scheme, and tells each piece's numbers when
 * pointed at.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "output.h"

enum {
    WIDTH = 900,
    MARGIN = 20,
    BAR_WIDTH = WIDTH - 2 * MARGIN,
    TOP = 112,        /* of the first result */
    RESULT_STEP = 92, /* from one result to the next */
    BAR_BELOW = 10,   /* from a result's line of text to its bar */
    BAR_HEIGHT = 30,
    FACTS_BELOW = 58, /* from a result's line of text to the one below the bar */
    LEGEND_COLUMNS = 4,
    LEGEND_STEP = 24,
    PEAKS_TOP = 72, /* of the first peak, where there are no results */
    PEAK_STEP = 84
};

#define PEAK_COLOR "#1d4ed8"

/* By which a picture is known as one of ours. */
#define MARK "<!-- tuwen bench -->"

static const struct {
    const char *stage, *color;
    bool dark; /* white letters are readable on it */
} colors[] = {
    {"decode", "#0f766e", true},          {"preprocess", "#2dd4bf", false},       {"tokenize", "#65a30d", true},
    {"vision products", "#1d4ed8", true}, {"vision attention", "#60a5fa", false}, {"vision rest", "#bfdbfe", false},
    {"merger products", "#7e22ce", true}, {"merger rest", "#d8b4fe", false},      {"text products", "#c2410c", true},
    {"text attention", "#fb923c", false}, {"text rest", "#fed7aa", false},        {"other", "#9ca3af", false},
};
enum { COLORS = sizeof colors / sizeof *colors };

/* The place of a stage's colour; a stage that is not known has the last one. */
static size_t color_of(const char *stage)
{
    size_t i = 0;
    while (i + 1 < COLORS && strcmp(colors[i].stage, stage) != 0)
        i++;
    return i;
}

/* Text from outside: broken UTF-8 as U+FFFD, control characters as spaces, and nothing that is markup. */
static void print_escaped(FILE *stream, const char *text)
{
    size_t size = strlen(text);
    char *safe = malloc(3 * size + 1);
    size_t length = safe ? text_repair(text, size, safe) : 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char letter = (unsigned char)safe[i];
        if (strchr("&<>\"'", letter) && letter)
            fprintf(stream, "&#%d;", letter);
        else
            fputc(letter < 0x20 || letter == 0x7f ? ' ' : letter, stream);
    }
    free(safe);
}

static void print_text(FILE *stream, double x, double y, const char *attributes, const char *text)
{
    fprintf(stream, "<text x=\"%.1f\" y=\"%.1f\"%s>", x, y, attributes);
    print_escaped(stream, text);
    fputs("</text>\n", stream);
}

/* "vision products: 1.4172 s, 58.8 %, 0.910 TFLOP/s, 97.1 % of the peak around the run" */
static void stage_line(char *line, size_t size, const struct bench_run *run, const tuwen_stage *stage, double of_time)
{
    bool counted = stage->operations > 0 && stage->seconds > 0;
    const struct bench_unit unit = bench_unit_of(run);
    double share = bench_share(run, stage->operations, stage->seconds);
    enum message message = !counted ? SAY_BENCH_PIECE : share > 0 ? SAY_BENCH_PIECE_SHARE : SAY_BENCH_PIECE_RATE;
    message_format(line, size, message,
                   WITH(bench_stage_name(stage->name), number_text(stage->seconds, 4).text,
                        percent_text(of_time, 1).text, bench_rate_text(&unit, stage->operations, stage->seconds).text,
                        percent_text(share, 1).text));
}

static void draw_bar(const struct bench_run *run, double y, FILE *stream)
{
    double total = 0, x = MARGIN;
    for (size_t i = 0; i < run->stage_count; i++)
        total += run->stages[i].seconds;
    for (size_t i = 0; i < run->stage_count; i++) {
        const tuwen_stage *stage = &run->stages[i];
        size_t color = color_of(stage->name);
        double share = total > 0 ? stage->seconds / total : 0, width = share * BAR_WIDTH;
        char line[256];
        if (width < 0.05)
            continue;
        fprintf(stream, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>", x, y, width,
                BAR_HEIGHT, colors[color].color);
        stage_line(line, sizeof line, run, stage, share);
        print_escaped(stream, line);
        fputs("</title></rect>\n", stream);
        if (share >= 0.06) {
            snprintf(line, sizeof line, "%.0f %%", 100 * share);
            print_text(stream, x + width / 2, y + BAR_HEIGHT / 2.0 + 5,
                       colors[color].dark ? " class=\"on-dark\"" : " class=\"on-light\"", line);
        }
        x += width;
    }
}

static void draw_result(const struct bench_result *result, double y, FILE *stream)
{
    const struct bench_run *run = bench_shown(result);
    const struct bench_unit unit = bench_unit_of(run);
    char line[256], seconds[64];
    message_format(line, sizeof line, result->run_count == 1 ? SAY_BENCH_DRAWN_RUN : SAY_BENCH_DRAWN_SPREAD,
                   WITH(bench_rate_text(&unit, run->operations, run->seconds).text, percent_text(run->share, 0).text,
                        bench_rate_text(&unit, bench_peak(run), 1).text,
                        number_text((double)result->run_count, 0).text, percent_text(result->least, 0).text,
                        percent_text(result->largest, 0).text));
    message_format(seconds, sizeof seconds, SAY_BENCH_DRAWN, WITH(number_text(run->seconds, 3).text));
    print_text(stream, MARGIN, y, " class=\"strong\"", result->title);
    print_text(stream, WIDTH - MARGIN, y, " class=\"strong\" text-anchor=\"end\"", seconds);
    draw_bar(run, y + BAR_BELOW, stream);
    if (run->share > 0)
        print_text(stream, MARGIN, y + FACTS_BELOW, " class=\"faint\"", line);
}

/* Whether a stage took time that can be seen. */
static bool occurs(const struct bench *bench, const char *stage)
{
    for (size_t i = 0; i < bench->count; i++)
        for (size_t j = 0; j < bench_shown(&bench->results[i])->stage_count; j++)
            if (strcmp(bench_shown(&bench->results[i])->stages[j].name, stage) == 0)
                return true;
    return false;
}

static void draw_legend(const struct bench *bench, double y, FILE *stream)
{
    size_t place = 0;
    for (size_t i = 0; i < COLORS; i++) {
        if (!occurs(bench, colors[i].stage))
            continue;
        double x = MARGIN + (double)(place % LEGEND_COLUMNS) * BAR_WIDTH / LEGEND_COLUMNS;
        int line_of = (int)place / LEGEND_COLUMNS;
        double row = y + (double)line_of * LEGEND_STEP;
        fprintf(stream, "<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"14\" fill=\"%s\"/>\n", x, row - 12,
                colors[i].color);
        print_text(stream, x + 22, row, "", bench_stage_name(colors[i].stage));
        place++;
    }
}

static void print_begin(FILE *stream, int height)
{
    fprintf(stream,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
            "role=\"img\">\n" MARK "\n"
            "<style>\n"
            "text { font: 14px system-ui, sans-serif; fill: #1f2328 }\n"
            ".title { font-size: 18px; font-weight: 600 } .strong { font-weight: 600 } .faint { fill: #59636e }\n"
            ".on-dark { fill: #ffffff; text-anchor: middle } .on-light { fill: #111827; text-anchor: middle }\n"
            ".paper { fill: #ffffff }\n"
            "@media (prefers-color-scheme: dark) {\n"
            "text { fill: #e6edf3 } .faint { fill: #9198a1 } .on-dark { fill: #ffffff } .on-light { fill: #111827 } "
            ".paper { fill: #0d1117 }\n"
            "}\n"
            "</style>\n"
            "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n",
            WIDTH, height, WIDTH, height, WIDTH, height);
}

/* A bar for each peak, as long as its rate is of the highest. */
static void draw_peaks(const struct bench *bench, FILE *stream)
{
    double highest = 0;
    for (size_t i = 0; i < TUWEN_PEAKS; i++)
        if (bench->peaks[i].rate > highest)
            highest = bench->peaks[i].rate;
    for (size_t i = 0; i < TUWEN_PEAKS; i++) {
        const tuwen_peak *peak = &bench->peaks[i];
        double y = PEAKS_TOP + (double)i * PEAK_STEP;
        char line[128];
        snprintf(line, sizeof line, "%s GFLOP/s", number_text(peak->rate / 1e9, 1).text);
        print_text(stream, MARGIN, y, " class=\"strong\"", peak->name);
        print_text(stream, WIDTH - MARGIN, y, " class=\"strong\" text-anchor=\"end\"", peak->rate > 0 ? line : "-");
        if (peak->rate > 0)
            fprintf(stream, "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", MARGIN,
                    y + BAR_BELOW, peak->rate / highest * BAR_WIDTH, BAR_HEIGHT, PEAK_COLOR);
        print_text(stream, MARGIN, y + FACTS_BELOW, " class=\"faint\"", bench_peak_note(bench, peak).text);
    }
}

static void draw_results(const struct bench *bench, int legend, FILE *stream)
{
    char line[512];
    print_text(stream, MARGIN, 32, " class=\"title\"", text_of(SAY_BENCH_DRAWN_TITLE));
    message_format(line, sizeof line, SAY_BENCH_DRAWN_MACHINE,
                   WITH(bench->info->name, bench->info->precision, bench_threads_text(bench).text, bench->isa));
    print_text(stream, MARGIN, 54, "", line);
    if (bench->peak) {
        message_format(line, sizeof line, SAY_BENCH_SHARES, WITH(bench->peak->name));
        print_text(stream, MARGIN, 74, " class=\"faint\"", line);
    }
    for (size_t i = 0; i < bench->count; i++)
        draw_result(&bench->results[i], TOP + (double)i * RESULT_STEP, stream);
    draw_legend(bench, legend, stream);
}

void bench_draw(const struct bench *bench, FILE *stream)
{
    char line[256];
    int legend = TOP + (int)bench->count * RESULT_STEP + 4;
    print_begin(stream, bench->count > 0 ? legend + 3 * LEGEND_STEP : PEAKS_TOP + TUWEN_PEAKS * PEAK_STEP - MARGIN);
    if (bench->count > 0) {
        draw_results(bench, legend, stream);
    } else {
        message_format(line, sizeof line, SAY_BENCH_PEAKS,
                       WITH(bench_threads_text(bench).text, bench->isa, bench->library));
        print_text(stream, MARGIN, 32, " class=\"title\"", line);
        draw_peaks(bench, stream);
    }
    fputs("</svg>\n", stream);
}

bool bench_may_draw(const char *path)
{
    return output_is_free(path, "<svg ", MARK);
}
