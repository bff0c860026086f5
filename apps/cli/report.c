/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `tuwen selftest` prints, in 80 columns. Of vectors, whose cosine with the reference's is 1 at best:
 *
 *     f32
 *         cosine   at least    largest    at most  verdict  item
 *       1.000000   0.999990  0.0000003   0.000020  ok       text-english  a dog
 *
 * and of the model card, whose cosines are what is compared:
 *
 *       expected        got    allowed  verdict  item
 */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "output.h"

enum { INDENT = 2, GAP = 2, WIDTH = 9, VERDICT_WIDTH = 7, PAGE_WIDTH = 80, LEAST_ABOUT = 4 };

bool report_begin(struct report *report, const struct cli *cli, const tuwen_model_info *info, const char *against)
{
    report->terminal = &cli->terminal;
    report->as_json = options_given(&cli->options, OPTION_JSON);
    report->rows = report->failed = 0;
    return !report->as_json || json_report_begin(stdout, info, against);
}

void report_precision(struct report *report, const char *precision, const char *space)
{
    snprintf(report->precision, sizeof report->precision, "%s", precision);
    snprintf(report->space, sizeof report->space, "%s", space);
    if (!report->as_json)
        printf("%s%s%s%s\n", report->rows ? "\n" : "", style_of(report->terminal, STYLE_BOLD), precision,
               style_of(report->terminal, STYLE_PLAIN));
}

static void print_right(const char *text, size_t width)
{
    size_t length = text_width(text, strlen(text));
    pad(stdout, width > length ? width - length : 0);
    fputs(text, stdout);
    pad(stdout, GAP);
}

static void print_left(const char *text, size_t width)
{
    size_t length = text_width(text, strlen(text));
    fputs(text, stdout);
    pad(stdout, (width > length ? width - length : 0) + GAP);
}

static const enum message of_vectors[] = {SAY_SELFTEST_COSINE, SAY_SELFTEST_LEAST, SAY_SELFTEST_LARGEST,
                                          SAY_SELFTEST_MOST};
static const enum message of_cosines[] = {SAY_SELFTEST_EXPECTED, SAY_SELFTEST_GOT, SAY_SELFTEST_ALLOWED};

static size_t column_count(const struct report *report)
{
    return report->has_largest ? sizeof of_vectors / sizeof *of_vectors : sizeof of_cosines / sizeof *of_cosines;
}

void report_heading(const struct report *report, const char *title)
{
    if (report->as_json)
        return;
    if (title)
        printf("%*s%s\n", INDENT, "", title);
    fputs(style_of(report->terminal, STYLE_FAINT), stdout);
    pad(stdout, INDENT);
    const enum message *columns = report->has_largest ? of_vectors : of_cosines;
    for (size_t i = 0; i < column_count(report); i++)
        print_right(text_of(columns[i]), WIDTH);
    print_left(text_of(SAY_SELFTEST_VERDICT), VERDICT_WIDTH);
    printf("%s%s\n", text_of(SAY_SELFTEST_ITEM), style_of(report->terminal, STYLE_PLAIN));
}

/* The item's name, and what fits of the text or the picture's name. */
static void print_item(const struct report *report, const struct report_row *row)
{
    size_t before = INDENT + column_count(report) * (WIDTH + GAP) + VERDICT_WIDTH + GAP + strlen(row->item) + GAP;
    size_t width = report->terminal->width > 0 ? report->terminal->width : PAGE_WIDTH;
    fputs(row->item, stdout);
    if (row->message)
        printf(": %s", row->message);
    else if (row->about && width >= before + LEAST_ABOUT) {
        fputs("  ", stdout);
        text_print(stdout, row->about, strlen(row->about), width - before);
    }
    putchar('\n');
}

/* A number, or a dash where there is none. */
static void print_number(bool there, double number, int decimals)
{
    print_right(there ? number_text(number, decimals).text : "-", WIDTH);
}

static void print_row(const struct report *report, const struct report_row *row, bool good)
{
    const struct terminal *terminal = report->terminal;
    bool computed = !row->message;
    pad(stdout, INDENT);
    if (report->has_largest) {
        print_number(computed, row->got, 6);
        print_number(true, row->expected - row->allowed, 6);
        print_number(computed, row->largest, 7);
        print_number(row->largest_allowed > 0, row->largest_allowed, 6);
    } else {
        print_number(true, row->expected, 6);
        print_number(computed, row->got, 6);
        print_number(true, row->allowed, 6);
    }
    fputs(style_of(terminal, good ? STYLE_GREEN : STYLE_BOLD), stdout);
    print_left(text_of(good ? SAY_SELFTEST_OK : SAY_SELFTEST_FAIL), VERDICT_WIDTH);
    fputs(style_of(terminal, STYLE_PLAIN), stdout);
    print_item(report, row);
}

bool report_row(struct report *report, const struct report_row *row)
{
    bool good = !row->message && fabs(row->got - row->expected) <= row->allowed &&
                (row->largest_allowed <= 0 || row->largest <= row->largest_allowed);
    bool printed = true;
    if (report->as_json)
        printed = json_report_row(stdout, report, row, good);
    else
        print_row(report, row, good);
    report->rows++;
    report->failed += !good;
    output_flush();
    return printed;
}

int report_end(const struct report *report, bool complete)
{
    size_t good = report->rows - report->failed;
    struct number_text all = number_text((double)report->rows, 0);
    char line[256];
    if (report->failed)
        message_format(line, sizeof line, SAY_SELFTEST_FAILED,
                       WITH(number_text((double)report->failed, 0).text, all.text));
    else
        message_format(line, sizeof line, SAY_SELFTEST_PASSED, WITH(number_text((double)good, 0).text, all.text));
    if (report->as_json)
        printf("\n],\"passed\":%zu,\"failed\":%zu}\n", good, report->failed);
    else if (complete)
        printf("\n%s\n", line);
    return report->failed || report->rows == 0 ? CLI_SOME_FAILED : CLI_DONE;
}
