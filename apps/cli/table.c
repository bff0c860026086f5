/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of `tuwen match`.
 *
 *     traffic-light.png  128x128
 *       cosine  score              verdict                text
 *       0.4812   1.00  ██████████  very high: use as it is  a traffic light
 *
 * The text stands last: it alone has no natural width, and nothing after it needs alignment. The verdict carries its
 * advice where all texts still fit; on a narrower terminal a legend below the tables does.
 */
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "messages.h"
#include "output.h"

enum { BAR_WIDTH = 10, INDENT = 2, GAP = 2 };

/* Columns before the verdict: indent, cosine, score and bar with their gaps. "-0.1234" is seven wide. */
enum {
    COSINE_WIDTH = 7,
    SCORE_WIDTH = 5,
    FIXED_WIDTH = INDENT + COSINE_WIDTH + GAP + SCORE_WIDTH + GAP + BAR_WIDTH + GAP
};

/* Those columns as this table has them. */
static size_t fixed_width(const struct table *table)
{
    return FIXED_WIDTH + (table->columns.match ? SCORE_WIDTH + GAP : 0) +
           (table->columns.share ? SCORE_WIDTH + GAP : 0);
}

static void verdict_text(char *buffer, size_t size, tuwen_band band, bool with_advice)
{
    const char *name = tuwen_band_name(band, messages_language());
    if (with_advice)
        message_format(buffer, size, SAY_VERDICT, WITH(name, tuwen_band_advice(band, messages_language())));
    else
        message_format(buffer, size, SAY_PLAIN, WITH(name));
}

/* The widest verdict, heading included. */
static size_t widest_verdict(bool with_advice)
{
    const char *head = text_of(SAY_HEAD_VERDICT);
    size_t widest = text_width(head, strlen(head));
    for (int band = TUWEN_BAND_MISMATCH; band <= TUWEN_BAND_VERY_HIGH; band++) {
        char verdict[128];
        verdict_text(verdict, sizeof verdict, (tuwen_band)band, with_advice);
        size_t width = text_width(verdict, strlen(verdict));
        if (width > widest)
            widest = width;
    }
    return widest;
}

void table_plan(struct table *table, const struct terminal *terminal, enum message head, size_t widest,
                const struct table_columns *columns)
{
    *table = (struct table){.terminal = terminal, .head = head, .columns = *columns, .advice_in_row = true};
    size_t room = fixed_width(table) + widest_verdict(true) + GAP;
    room = terminal->width > room ? terminal->width - room : 0;
    if (terminal->width > 0)
        table->advice_in_row = widest <= room;
    table->verdict_width = widest_verdict(table->advice_in_row);
}

/* Columns before the name. */
static size_t width_before(const struct table *table)
{
    if (table->columns.judged)
        return fixed_width(table) + table->verdict_width + GAP;
    return INDENT + COSINE_WIDTH + GAP;
}

/* A bar of `score` in eighths of a column, or of '#' where the locale is not UTF-8. */
static void print_bar(const struct terminal *terminal, float score)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int steps = terminal->unicode ? 8 : 1;
    int filled = (int)(score * (float)(BAR_WIDTH * steps) + 0.5f), printed = 0;
    for (; printed < filled / steps; printed++)
        fputs(terminal->unicode ? "█" : "#", stdout);
    if (filled % steps) {
        fputs(eighths[filled % steps], stdout);
        printed++;
    }
    pad(stdout, (size_t)(BAR_WIDTH - printed));
}

static void print_right(const char *text, size_t width)
{
    size_t length = text_width(text, strlen(text));
    pad(stdout, width > length ? width - length : 0);
    fputs(text, stdout);
}

static void print_heading(const struct table *table)
{
    const char *plain = style_of(table->terminal, STYLE_PLAIN), *verdict = text_of(SAY_HEAD_VERDICT);
    fputs(style_of(table->terminal, STYLE_FAINT), stdout);
    pad(stdout, INDENT);
    print_right(text_of(SAY_HEAD_COSINE), COSINE_WIDTH);
    pad(stdout, GAP);
    if (table->columns.judged) {
        print_right(text_of(SAY_HEAD_SCORE), SCORE_WIDTH);
        if (table->columns.match) {
            pad(stdout, GAP);
            print_right(text_of(SAY_HEAD_MATCH), SCORE_WIDTH);
        }
        if (table->columns.share) {
            pad(stdout, GAP);
            print_right(text_of(SAY_HEAD_SHARE), SCORE_WIDTH);
        }
        pad(stdout, GAP + BAR_WIDTH + GAP);
        fputs(verdict, stdout);
        pad(stdout, table->verdict_width - text_width(verdict, strlen(verdict)) + GAP);
    }
    printf("%s%s\n", text_of(table->head), plain);
}

static void print_row_name(const struct table *table, const struct table_row *row)
{
    const char *mark = row->truncated ? text_of(SAY_TRUNCATED) : "";
    size_t mark_width = row->truncated ? text_width(mark, strlen(mark)) + 1 : 0;
    size_t before = width_before(table) + mark_width, limit = 0;
    if (table->terminal->width > 0)
        limit = table->terminal->width > before + 8 ? table->terminal->width - before : 8;
    text_print(stdout, row->name, row->size, limit);
    if (row->truncated)
        printf(" %s", mark);
}

/* A number from 0 to 1 with a gap behind it; nothing where there is none. */
static void print_part(double number)
{
    if (isnan(number))
        pad(stdout, SCORE_WIDTH + GAP);
    else
        printf("%*.2f%*s", SCORE_WIDTH, number, GAP, "");
}

/* Score, probability, share, bar and verdict, with a gap at the end. The bar shows what the verdict goes by. */
static void print_judgement(const struct table *table, const struct table_row *row, const char *row_style)
{
    static const enum style bar_styles[] = {
        [TUWEN_BAND_MISMATCH] = STYLE_FAINT,
        [TUWEN_BAND_FAIR] = STYLE_YELLOW,
        [TUWEN_BAND_HIGH] = STYLE_CYAN,
        [TUWEN_BAND_VERY_HIGH] = STYLE_GREEN,
    };
    const struct terminal *terminal = table->terminal;
    char verdict[128];
    verdict_text(verdict, sizeof verdict, row->score.band, table->advice_in_row);
    print_part((double)row->score.score);
    if (table->columns.match)
        print_part(row->match);
    if (table->columns.share)
        print_part(row->share);
    fputs(style_of(terminal, bar_styles[row->score.band]), stdout);
    print_bar(terminal, isnan(row->match) ? row->score.score : (float)row->match);
    printf("%s%s%*s%s", style_of(terminal, STYLE_PLAIN), row_style, GAP, "", verdict);
    pad(stdout, table->verdict_width - text_width(verdict, strlen(verdict)) + GAP);
}

static void print_row(const struct table *table, const struct table_row *row)
{
    const struct terminal *terminal = table->terminal;
    const char *row_style = !row->judged                              ? ""
                            : row->score.band == TUWEN_BAND_VERY_HIGH ? style_of(terminal, STYLE_BOLD)
                            : row->score.band == TUWEN_BAND_MISMATCH  ? style_of(terminal, STYLE_FAINT)
                                                                      : "";
    printf("%*s%s%*.4f%*s", INDENT, "", row_style, COSINE_WIDTH, (double)row->score.cosine, GAP, "");
    if (row->judged)
        print_judgement(table, row, row_style);
    else if (table->columns.judged)
        pad(stdout, width_before(table) - INDENT - COSINE_WIDTH - GAP);
    print_row_name(table, row);
    printf("%s\n", style_of(terminal, STYLE_PLAIN));
}

void table_print(struct table *table, const char *name, size_t size, const char *note, const struct table_row *rows,
                 size_t count)
{
    const struct terminal *terminal = table->terminal;
    progress_clear();
    if (table->started)
        putchar('\n');
    table->started = true;
    fputs(style_of(terminal, STYLE_BOLD), stdout);
    text_print(stdout, name, size, 0);
    if (*note) {
        printf("%s  %s", style_of(terminal, STYLE_PLAIN), style_of(terminal, STYLE_FAINT));
        text_print(stdout, note, strlen(note), 0);
    }
    printf("%s\n", style_of(terminal, STYLE_PLAIN));
    struct table group = *table;
    group.columns.judged = false;
    for (size_t i = 0; i < count; i++)
        if (rows[i].judged)
            group.columns.judged = table->bands_seen[rows[i].score.band] = true;
    print_heading(&group);
    for (size_t i = 0; i < count; i++)
        print_row(&group, &rows[i]);
    output_flush();
}

void table_print_legend(const struct table *table)
{
    bool seen = false;
    for (int band = TUWEN_BAND_MISMATCH; band <= TUWEN_BAND_VERY_HIGH; band++)
        seen = seen || table->bands_seen[band];
    if (table->advice_in_row || !seen)
        return;
    fputs(style_of(table->terminal, STYLE_FAINT), stdout);
    for (int band = TUWEN_BAND_VERY_HIGH; band >= TUWEN_BAND_MISMATCH; band--) {
        char verdict[128];
        if (!table->bands_seen[band])
            continue;
        verdict_text(verdict, sizeof verdict, (tuwen_band)band, true);
        printf("\n%*s%s", INDENT, "", verdict);
    }
    printf("%s\n", style_of(table->terminal, STYLE_PLAIN));
}
