/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `tuwen explain` prints for people.
 *
 *     house.png  640x480
 *       a tree and a dog
 *
 *        effect  cosine without  phrase
 *       +0.1963          0.2088  a tree      supported
 *       -0.0312          0.4363  and a dog   not supported
 *
 * With colours the text itself shows the verdicts too; that a phrase is struck out can be seen without telling red from
 * green. The map has two columns a cell, which is about square.
 */
#include <math.h>
#include <string.h>

#include "explain.h"
#include "messages.h"
#include "output.h"

enum { INDENT = 2, GAP = 2, NUMBER_WIDTH = 7, MAP_ROWS = 24, MAP_COLUMNS = 36, LEVELS = 4 };

/* ---- the text ------------------------------------------------------------------------------------------------------ */

static const char *verdict_style(const struct terminal *terminal, enum verdict verdict)
{
    return verdict == VERDICT_SUPPORTED     ? style_of(terminal, STYLE_GREEN)
           : verdict == VERDICT_UNSUPPORTED ? style_of(terminal, STYLE_STRUCK)
                                            : "";
}

static void print_part(const struct explain *explain, size_t begin, size_t end)
{
    text_print(stdout, explain->text.data + begin, end - begin, 0);
}

/* The whole text, each phrase in the style of its verdict. */
static void print_text(const struct explain *explain, const struct terminal *terminal)
{
    const tuwen_explanation *found = explain->found;
    size_t at = 0;
    pad(stdout, INDENT);
    for (size_t i = 0; i < found->phrase_count; i++) {
        const tuwen_phrase *phrase = &found->phrases[i];
        print_part(explain, at, phrase->begin);
        at = phrase->begin + phrase->size;
        const char *style = verdict_style(terminal, effect_verdict(phrase->effect, explain->margin));
        fputs(style, stdout);
        print_part(explain, phrase->begin, at);
        fputs(*style ? style_of(terminal, STYLE_PLAIN) : "", stdout);
    }
    print_part(explain, at, explain->text.size);
    printf("%s%s\n", found->truncated ? " " : "", found->truncated ? text_of(SAY_TRUNCATED) : "");
}

static void print_line(const struct terminal *terminal, enum style style, const char *line)
{
    printf("%*s%s", INDENT, "", style_of(terminal, style));
    text_print(stdout, line, strlen(line), 0);
    printf("%s\n", style_of(terminal, STYLE_PLAIN));
}

/* ---- phrases ------------------------------------------------------------------------------------------------------- */

static void print_right(const char *text, size_t width)
{
    size_t length = text_width(text, strlen(text));
    pad(stdout, width > length ? width - length : 0);
    fputs(text, stdout);
}

static size_t widest_phrase(const struct explain *explain)
{
    const char *head = text_of(SAY_EXPLAIN_HEAD_PHRASE);
    size_t widest = text_width(head, strlen(head));
    for (size_t i = 0; i < explain->found->phrase_count; i++) {
        const tuwen_phrase *phrase = &explain->found->phrases[i];
        size_t width = text_width(explain->text.data + phrase->begin, phrase->size);
        widest = width > widest ? width : widest;
    }
    return widest;
}

static size_t without_width(void)
{
    const char *without = text_of(SAY_EXPLAIN_HEAD_WITHOUT);
    size_t width = text_width(without, strlen(without));
    return width > NUMBER_WIDTH ? width : NUMBER_WIDTH;
}

static void print_heading(const struct terminal *terminal, size_t width)
{
    const char *phrase = text_of(SAY_EXPLAIN_HEAD_PHRASE), *without = text_of(SAY_EXPLAIN_HEAD_WITHOUT);
    fputs(style_of(terminal, STYLE_FAINT), stdout);
    pad(stdout, INDENT);
    print_right(text_of(SAY_EXPLAIN_HEAD_EFFECT), NUMBER_WIDTH);
    pad(stdout, GAP);
    print_right(without, without_width());
    printf("%*s%s", GAP, "", phrase);
    pad(stdout, width - text_width(phrase, strlen(phrase)) + GAP);
    printf("%s%s\n", text_of(SAY_EXPLAIN_HEAD_VERDICT), style_of(terminal, STYLE_PLAIN));
}

const char *explain_verdict_word(enum verdict verdict)
{
    return text_of(verdict == VERDICT_SUPPORTED     ? SAY_EXPLAIN_SUPPORTED
                   : verdict == VERDICT_UNSUPPORTED ? SAY_EXPLAIN_UNSUPPORTED
                                                    : SAY_EXPLAIN_UNCLEAR);
}

static void print_phrases(const struct explain *explain, const struct terminal *terminal)
{
    size_t width = widest_phrase(explain);
    if (explain->found->phrase_count < 2) {
        printf("%*s%s\n", INDENT, "", text_of(SAY_EXPLAIN_ONE_PHRASE));
        return;
    }
    print_heading(terminal, width);
    for (size_t i = 0; i < explain->found->phrase_count; i++) {
        const tuwen_phrase *phrase = &explain->found->phrases[i];
        enum verdict verdict = effect_verdict(phrase->effect, explain->margin);
        const char *text = explain->text.data + phrase->begin;
        printf("%*s%+*.4f%*s%*.4f%*s", INDENT, "", NUMBER_WIDTH, (double)phrase->effect, GAP, "",
               (int)without_width(), (double)phrase->without, GAP, "");
        text_print(stdout, text, phrase->size, 0);
        pad(stdout, width - text_width(text, phrase->size) + GAP);
        const char *style =
            verdict == VERDICT_UNSUPPORTED ? style_of(terminal, STYLE_RED) : verdict_style(terminal, verdict);
        printf("%s%s%s\n", style, explain_verdict_word(verdict), *style ? style_of(terminal, STYLE_PLAIN) : "");
    }
}

/* ---- the map ------------------------------------------------------------------------------------------------------- */

/* The map in the terminal: cells, or means of so many a side where there are more than fit. */
struct map {
    const tuwen_explanation *found;
    int step, rows, columns;
    float most; /* the largest absolute value shown */
};

static float map_value(const struct map *map, int row, int column)
{
    const tuwen_explanation *found = map->found;
    float sum = 0;
    int count = 0;
    for (int y = row * map->step; y < (row + 1) * map->step && y < found->rows; y++)
        for (int x = column * map->step; x < (column + 1) * map->step && x < found->columns; x++, count++)
            sum += found->cells[y * found->columns + x];
    return sum / (float)count;
}

static struct map make_map(const tuwen_explanation *found, const struct terminal *terminal)
{
    struct map map = {.found = found, .step = 1};
    int most_columns = terminal->width > 0 && terminal->width < INDENT + 2 * MAP_COLUMNS
                           ? ((int)terminal->width - INDENT) / 2
                           : MAP_COLUMNS;
    most_columns = most_columns < 1 ? 1 : most_columns;
    do {
        map.rows = (found->rows + map.step - 1) / map.step;
        map.columns = (found->columns + map.step - 1) / map.step;
    } while ((map.rows > MAP_ROWS || map.columns > most_columns) && map.step++ < found->rows + found->columns);
    for (int row = 0; row < map.rows; row++)
        for (int column = 0; column < map.columns; column++)
            map.most = fmaxf(map.most, fabsf(map_value(&map, row, column)));
    return map;
}

static void print_map(const struct explain *explain, const struct terminal *terminal)
{
    static const char *const marks[2][2][LEVELS + 1] = {
        {{"  ", "..", "++", "##", "@@"}, {"  ", "  ", "- ", "--", "=="}},
        {{"  ", "░░", "▒▒", "▓▓", "██"}, {"  ", "  ", "- ", "--", "=="}},
    };
    if (!explain->found->cells)
        return;
    const struct map map = make_map(explain->found, terminal);
    char line[EXPLAIN_LINE];
    float strength = fabsf(explain_strongest(explain)) / explain_full_effect(explain);
    explain_strongest_line(explain, line);
    printf("\n%*s%s%s%s\n", INDENT, "", style_of(terminal, STYLE_FAINT),
           text_of(terminal->unicode ? SAY_EXPLAIN_MAP : SAY_EXPLAIN_MAP_ASCII), style_of(terminal, STYLE_PLAIN));
    for (int row = 0; row < map.rows; row++) {
        printf("%*s|", INDENT, "");
        for (int column = 0; column < map.columns; column++) {
            float value = map_value(&map, row, column);
            int level = map.most > 0 ? (int)(fabsf(value) / map.most * strength * LEVELS + 0.5f) : 0;
            const char *mark = marks[terminal->unicode][value < 0][level];
            bool blank = mark[0] == ' ';
            printf("%s%s%s", blank ? "" : style_of(terminal, value < 0 ? STYLE_CYAN : STYLE_YELLOW), mark,
                   blank ? "" : style_of(terminal, STYLE_PLAIN));
        }
        printf("|\n");
    }
    print_line(terminal, STYLE_FAINT, line);
}

/* ---- words --------------------------------------------------------------------------------------------------------- */

/* All words of a kind with separators between them; false if there is none. */
static bool list_words(const struct explain *explain, enum wording kind, char *list, size_t size)
{
    size_t length = 0;
    list[0] = '\0';
    for (size_t i = 0; i < explain->words.hit_count; i++) {
        const struct wording_hit *hit = &explain->words.hits[i];
        if (hit->kind == kind && length + hit->size + 8 < size)
            length +=
                (size_t)snprintf(list + length, size - length, "%s%.*s", length ? text_of(SAY_LIST_SEPARATOR) : "",
                                 (int)hit->size, explain->text.data + hit->begin);
    }
    return length > 0;
}

void explain_strongest_line(const struct explain *explain, char line[EXPLAIN_LINE])
{
    char effect[32], margin[32];
    snprintf(effect, sizeof effect, "%+.4f", (double)explain_strongest(explain));
    snprintf(margin, sizeof margin, "%.4f", (double)explain->margin);
    message_format(line, EXPLAIN_LINE, SAY_EXPLAIN_STRONGEST, WITH(effect, margin));
}

void explain_contrast_line(const struct explain *explain, const struct contrast *contrast, char line[EXPLAIN_LINE])
{
    const struct contrast_word *best = &contrast->others[contrast->best];
    enum told told = contrast_told(contrast, explain->found->cosine, explain->margin);
    char word[WORDING_WORD];
    snprintf(word, sizeof word, "%.*s", (int)contrast->hit.size, explain->text.data + contrast->hit.begin);
    message_format(line, EXPLAIN_LINE,
                   told == TOLD_OWN     ? SAY_EXPLAIN_TOLD
                   : told == TOLD_OTHER ? SAY_EXPLAIN_TOLD_OTHER
                                        : SAY_EXPLAIN_NOT_TOLD,
                   WITH(word, best->word, number_text(best->cosine, 4).text));
}

static void print_contrasts(const struct explain *explain, const struct terminal *terminal)
{
    char line[EXPLAIN_LINE];
    if (explain->words.contrast_count > 0)
        putchar('\n');
    for (size_t i = 0; i < explain->words.contrast_count; i++) {
        const struct contrast *contrast = &explain->words.contrasts[i];
        explain_contrast_line(explain, contrast, line);
        enum told told = contrast_told(contrast, explain->found->cosine, explain->margin);
        print_line(terminal, told == TOLD_OWN ? STYLE_GREEN : told == TOLD_OTHER ? STYLE_RED : STYLE_YELLOW, line);
    }
}

bool explain_warning_line(const struct explain *explain, enum wording kind, char line[EXPLAIN_LINE])
{
    char words[EXPLAIN_LINE / 2];
    bool warned = kind == WORDING_COUNT || kind == WORDING_NEGATION || kind == WORDING_PLACE;
    if (!warned || !list_words(explain, kind, words, sizeof words))
        return false;
    message_format(line, EXPLAIN_LINE,
                   kind == WORDING_COUNT      ? SAY_EXPLAIN_COUNTS
                   : kind == WORDING_NEGATION ? SAY_EXPLAIN_NEGATION
                                              : SAY_EXPLAIN_PLACES,
                   WITH(words));
    return true;
}

static void print_warnings(const struct explain *explain, const struct terminal *terminal)
{
    char line[EXPLAIN_LINE];
    bool any = false;
    for (int kind = WORDING_COUNT; kind <= WORDING_PLACE; kind++) {
        if (!explain_warning_line(explain, (enum wording)kind, line))
            continue;
        fputs(any ? "" : "\n", stdout);
        print_line(terminal, STYLE_YELLOW, line);
        any = true;
    }
}

/* ---- all of it ------------------------------------------------------------------------------------------------------ */

void explain_score_line(const struct explain *explain, char line[EXPLAIN_LINE])
{
    const tuwen_score *score = &explain->score;
    char verdict[128];
    message_format(
        verdict, sizeof verdict, SAY_VERDICT,
        WITH(tuwen_band_name(score->band, messages_language()), tuwen_band_advice(score->band, messages_language())));
    snprintf(line, EXPLAIN_LINE, "%s %.4f  %s %.2f  %s", text_of(SAY_HEAD_COSINE), (double)score->cosine,
             text_of(SAY_HEAD_SCORE), (double)score->score, verdict);
}

static void print_subject(const struct explain *explain, const struct terminal *terminal)
{
    const tuwen_explanation *found = explain->found;
    const char *name = input_name(explain->picture);
    char note[64], line[EXPLAIN_LINE];
    message_format(note, sizeof note, SAY_PICTURE_SIZE,
                   WITH(number_text(found->picture_width, 0).text, number_text(found->picture_height, 0).text));
    fputs(style_of(terminal, STYLE_BOLD), stdout);
    text_print(stdout, name, strlen(name), 0);
    printf("%s  %s%s%s\n", style_of(terminal, STYLE_PLAIN), style_of(terminal, STYLE_FAINT), note,
           style_of(terminal, STYLE_PLAIN));
    print_text(explain, terminal);
    explain_score_line(explain, line);
    printf("%*s%s\n\n", INDENT, "", line);
}

void explain_print(const struct explain *explain, const struct terminal *terminal)
{
    print_subject(explain, terminal);
    print_phrases(explain, terminal);
    print_contrasts(explain, terminal);
    print_warnings(explain, terminal);
    print_map(explain, terminal);
    printf("\n%*s%s%s%s\n", INDENT, "", style_of(terminal, STYLE_FAINT), text_of(SAY_EXPLAIN_HINT),
           style_of(terminal, STYLE_PLAIN));
}
