/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen calibrate --svg`: how often pairs match that are said to match so often, and precision and recall over thresholds.
 * The picture stands alone (no fonts, scripts or other files) and follows the reader's light or dark scheme.
 */
#include <math.h>
#include <string.h>

#include "calibrate.h"
#include "output.h"

enum {
    WIDTH = 900,
    HEIGHT = 500,
    SIDE = 340, /* of a plot */
    LEFT = 70,  /* of the first */
    STEP = 440, /* from one to the next */
    TOP = 84,
    LEGEND = TOP + SIDE + 56,
    STEPS = 200 /* of a curve over thresholds */
};

/* By which a picture is known as one of ours. */
#define MARK "<!-- tuwen calibrate -->"

#define COLOR_CHOSEN "#1d4ed8"
#define COLOR_OTHER "#c2410c"
#define COLOR_SCORE "#9ca3af"

static void print_text(FILE *stream, double x, double y, const char *attributes, const char *text)
{
    fprintf(stream, "<text x=\"%.1f\" y=\"%.1f\"%s>", x, y, attributes);
    for (; *text; text++)
        if (strchr("&<>\"'", *text))
            fprintf(stream, "&#%d;", *text);
        else
            fputc((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text, stream);
    fputs("</text>\n", stream);
}

static void print_begin(FILE *stream)
{
    fprintf(
        stream,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
        "role=\"img\">\n" MARK "\n"
        "<style>\n"
        "text { font: 13px system-ui, sans-serif; fill: #1f2328 }\n"
        ".title { font-size: 17px; font-weight: 600 } .strong { font-weight: 600 } .faint { fill: #59636e }\n"
        ".paper { fill: #ffffff } .grid { stroke: #d1d9e0 } .diagonal { stroke: #59636e; stroke-dasharray: 5 4 }\n"
        "@media (prefers-color-scheme: dark) {\n"
        "text { fill: #e6edf3 } .faint { fill: #9198a1 } .paper { fill: #0d1117 } .grid { stroke: #3d444d } "
        ".diagonal { stroke: #9198a1 }\n"
        "}\n"
        "</style>\n"
        "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n",
        WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
}

static double x_of(int plot, double value)
{
    return LEFT + plot * STEP + value * SIDE;
}

static double y_of(double value)
{
    return TOP + (1 - value) * SIDE;
}

static void draw_frame(int plot, enum message title, enum message below, enum message beside, FILE *stream)
{
    char where[96];
    print_text(stream, x_of(plot, 0), TOP - 14, " class=\"strong\"", text_of(title));
    for (int i = 0; i <= 5; i++) {
        struct number_text label = number_text(i / 5.0, 1);
        double x = x_of(plot, i / 5.0), y = y_of(i / 5.0);
        fprintf(stream, "<path class=\"grid\" d=\"M%.1f %.1fV%.1fM%.1f %.1fH%.1f\"/>\n", x, y_of(0), y_of(1),
                x_of(plot, 0), y, x_of(plot, 1));
        print_text(stream, x, y_of(0) + 18, " class=\"faint\" text-anchor=\"middle\"", label.text);
        print_text(stream, x_of(plot, 0) - 8, y + 4, " class=\"faint\" text-anchor=\"end\"", label.text);
    }
    print_text(stream, x_of(plot, 0.5), y_of(0) + 36, " text-anchor=\"middle\"", text_of(below));
    snprintf(where, sizeof where, " text-anchor=\"middle\" transform=\"rotate(-90 %.1f %.1f)\"", x_of(plot, 0) - 42,
             y_of(0.5));
    print_text(stream, x_of(plot, 0) - 42, y_of(0.5), where, text_of(beside));
}

/* A way's curve: a point for each bin, as large as it is certain where `points` is said. */
static void draw_curve(const struct calibrate_way *way, const char *color, bool points, FILE *stream)
{
    tuwen_bin bins[CALIBRATE_BINS];
    bool begun = false;
    tuwen_reliability(way->sorted, way->count, TUWEN_BINS_EQUAL_MASS, bins, CALIBRATE_BINS);
    fputs("<path fill=\"none\" stroke-width=\"2\" d=\"", stream);
    for (size_t i = 0; i < CALIBRATE_BINS; i++) {
        if (bins[i].weight <= 0)
            continue;
        fprintf(stream, "%c%.1f %.1f", begun ? 'L' : 'M', x_of(0, bins[i].value), y_of(bins[i].share));
        begun = true;
    }
    fprintf(stream, "\" stroke=\"%s\"/>\n", color);
    for (size_t i = 0; points && i < CALIBRATE_BINS; i++) {
        /* two standard errors of a share of so many */
        double reach = bins[i].weight > 0 ? 2 * sqrt(bins[i].share * (1 - bins[i].share) / bins[i].weight) : 0;
        if (bins[i].weight <= 0)
            continue;
        fprintf(stream, "<path stroke=\"%s\" d=\"M%.1f %.1fV%.1f\"/>\n", color, x_of(0, bins[i].value),
                y_of(fmax(0, bins[i].share - reach)), y_of(fmin(1, bins[i].share + reach)));
        fprintf(stream,
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"><title>%.3f: %.3f (%.0f)</title></circle>\n",
                x_of(0, bins[i].value), y_of(bins[i].share), color, bins[i].value, bins[i].share, bins[i].weight);
    }
}

static void draw_thresholds(const struct calibration *of, bool precision, const char *color, FILE *stream)
{
    bool begun = false;
    fputs("<path fill=\"none\" stroke-width=\"2\" d=\"", stream);
    for (int i = 0; i <= STEPS; i++) {
        double threshold = (double)i / STEPS;
        tuwen_point point = calibration_point_at(of, threshold);
        double value = precision ? point.precision : point.recall;
        if (!isfinite(value))
            continue;
        fprintf(stream, "%c%.1f %.1f", begun ? 'L' : 'M', x_of(1, threshold), y_of(value));
        begun = true;
    }
    fprintf(stream, "\" stroke=\"%s\"/>\n", color);
}

static void draw_legend(double x, const char *color, const char *text, FILE *stream)
{
    fprintf(stream, "<rect x=\"%.1f\" y=\"%d\" width=\"14\" height=\"14\" fill=\"%s\"/>\n", x, LEGEND - 12, color);
    print_text(stream, x + 20, LEGEND, "", text);
}

void calibration_draw(const struct calibration *of, FILE *stream)
{
    char line[256];
    print_begin(stream);
    const struct calibrate_value *error = &of->ways[of->chosen].figures[FIGURE_ERROR];
    print_text(stream, LEFT - 50, 32, " class=\"title\"", text_of(SAY_CALIBRATE_DRAWN));
    message_format(line, sizeof line, SAY_CALIBRATE_DRAWN_FACTS,
                   WITH(number_text((double)of->pairs->yes, 0).text, number_text((double)of->pairs->no, 0).text,
                        number_text(error->value, 4).text,
                        number_text(of->ways[TUWEN_ESTIMATE_SCORE].figures[FIGURE_ERROR].value, 4).text));
    print_text(stream, LEFT - 50, 52, " class=\"faint\"", line);
    draw_frame(0, SAY_CALIBRATE_RELIABILITY, SAY_CALIBRATE_SAID, SAY_CALIBRATE_FOUND, stream);
    fprintf(stream, "<path class=\"diagonal\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", x_of(0, 0), y_of(0), x_of(0, 1),
            y_of(1));
    draw_curve(&of->ways[TUWEN_ESTIMATE_SCORE], COLOR_SCORE, false, stream);
    draw_curve(&of->ways[TUWEN_ESTIMATE_PLATT], COLOR_OTHER, false, stream);
    draw_curve(&of->ways[of->chosen], COLOR_CHOSEN, true, stream);
    draw_legend(LEFT, COLOR_CHOSEN, calibration_way_name(of->chosen), stream);
    draw_legend(LEFT + 120, COLOR_OTHER, calibration_way_name(TUWEN_ESTIMATE_PLATT), stream);
    draw_legend(LEFT + 240, COLOR_SCORE, calibration_way_name(TUWEN_ESTIMATE_SCORE), stream);
    draw_frame(1, SAY_CALIBRATE_CURVES, SAY_CALIBRATE_THRESHOLD, SAY_CALIBRATE_SHARE, stream);
    draw_thresholds(of, true, COLOR_CHOSEN, stream);
    draw_thresholds(of, false, COLOR_OTHER, stream);
    draw_legend(LEFT + STEP, COLOR_CHOSEN, text_of(SAY_HEAD_PRECISION), stream);
    draw_legend(LEFT + STEP + 120, COLOR_OTHER, text_of(SAY_HEAD_RECALL), stream);
    fputs("</svg>\n", stream);
}

bool calibration_may_draw(const char *path)
{
    return output_is_free(path, "<svg ", MARK);
}
