/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matrix that `tuwen match` prints for people.
 *
 *                          1       2       3
 *     dog.jpg         0.612*  0.101   0.044
 *     house.png       0.107   0.498<  0.513^
 *
 *       1  a dog on the grass
 *       ...
 *
 * Short texts stand above their columns themselves; otherwise numbers do, which are explained below. Columns that do not
 * fit beside each other follow in further panels.
 */
#include "matrix.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_WIDTH = 6, MARK_WIDTH = 1, GAP = 1, LEAST_NAME = 8, LEGEND_INDENT = 2, LEGEND_GAP = 2 };

#define NONE SIZE_MAX

struct layout {
    size_t name_width;
    size_t cell_width;   /* of the number or heading, without its gap and mark */
    size_t panel;        /* columns beside each other */
    bool numbered;       /* the headings are numbers */
    size_t *best_column; /* [rows], NONE where nothing is known */
    size_t *best_row;    /* [columns] */
};

static size_t width_of(const struct text *text)
{
    return text->data ? text_width(text->data, text->size) : 0;
}

static size_t widest(const struct text *names, size_t count)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        size_t width = width_of(&names[i]);
        most = width > most ? width : most;
    }
    return most;
}

static float cosine_at(const struct matrix *matrix, size_t row, size_t column)
{
    return matrix->cosines[row * matrix->columns + column];
}

static bool find_best(struct layout *layout, const struct matrix *matrix)
{
    layout->best_column = malloc(matrix->rows * sizeof *layout->best_column);
    layout->best_row = malloc(matrix->columns * sizeof *layout->best_row);
    if (!layout->best_column || !layout->best_row)
        return false;
    for (size_t column = 0; column < matrix->columns; column++)
        layout->best_row[column] = NONE;
    for (size_t row = 0; row < matrix->rows; row++) {
        size_t *best = &layout->best_column[row];
        *best = NONE;
        for (size_t column = 0; column < matrix->columns && matrix->row_names[row].data; column++) {
            float cosine = cosine_at(matrix, row, column);
            size_t *above = &layout->best_row[column];
            if (isnan(cosine))
                continue;
            if (*best == NONE || cosine > cosine_at(matrix, row, *best))
                *best = column;
            if (*above == NONE || cosine > cosine_at(matrix, *above, column))
                *above = row;
        }
    }
    return true;
}

/* How many columns of a width fit beside the names. */
static size_t columns_beside(size_t room, size_t cell)
{
    size_t count = room / (GAP + cell + MARK_WIDTH);
    return count ? count : 1;
}

static void plan(struct layout *layout, const struct matrix *matrix)
{
    size_t whole = matrix->terminal->width, name = widest(matrix->row_names, matrix->rows);
    size_t head = widest(matrix->column_names, matrix->columns), room = SIZE_MAX / 2;
    enum { LONGEST_HEAD = 24 };
    if (whole > 0) {
        size_t most = whole / 3 > LEAST_NAME ? whole / 3 : LEAST_NAME;
        name = name < most ? name : most;
        room = whole > name ? whole - name : 0;
    }
    head = head < NUMBER_WIDTH ? NUMBER_WIDTH : head;
    layout->name_width = name;
    layout->numbered = head > LONGEST_HEAD || columns_beside(room, head) < matrix->columns;
    layout->cell_width = layout->numbered ? NUMBER_WIDTH : head;
    layout->panel = columns_beside(room, layout->cell_width);
}

/* Of a name that is too long the end is shown: file names differ there. */
static void print_name(const struct matrix *matrix, const struct text *name, size_t width)
{
    size_t at = 0, left = text_width(name->data, name->size);
    bool cut = left > width;
    while (left + cut > width && at < name->size) {
        size_t step = text_fit(name->data + at, name->size - at, 1);
        left -= text_width(name->data + at, step);
        at += step;
    }
    if (cut)
        fputs(matrix->terminal->unicode ? "…" : "~", stdout);
    left = text_print(stdout, name->data + at, name->size - at, 0);
    pad(stdout, width > left + cut ? width - left - cut : 0);
}

static void print_heading(const struct matrix *matrix, const struct layout *layout, size_t first, size_t count)
{
    fputs(style_of(matrix->terminal, STYLE_FAINT), stdout);
    pad(stdout, layout->name_width);
    for (size_t column = first; column < first + count; column++) {
        struct number_text number = number_text((double)column + 1, 0);
        struct text head = matrix->column_names[column];
        if (layout->numbered)
            head = (struct text){number.text, strlen(number.text)};
        size_t width = width_of(&head);
        pad(stdout, GAP + (layout->cell_width > width ? layout->cell_width - width : 0));
        text_print(stdout, head.data, head.size, 0);
        if (column + 1 < first + count)
            pad(stdout, MARK_WIDTH);
    }
    printf("%s\n", style_of(matrix->terminal, STYLE_PLAIN));
}

static const char *style_of_cell(const struct matrix *matrix, size_t row, size_t column, float cosine)
{
    static const enum style styles[] = {
        [TUWEN_BAND_MISMATCH] = STYLE_FAINT,
        [TUWEN_BAND_FAIR] = STYLE_YELLOW,
        [TUWEN_BAND_HIGH] = STYLE_CYAN,
        [TUWEN_BAND_VERY_HIGH] = STYLE_GREEN,
    };
    if (!matrix->band || isnan(cosine))
        return "";
    return style_of(matrix->terminal, styles[matrix->band(matrix->user, row, column, cosine)]);
}

static void print_cell(const struct matrix *matrix, const struct layout *layout, size_t row, size_t column, bool last)
{
    float cosine = cosine_at(matrix, row, column);
    bool low = matrix->band && !isnan(cosine) && matrix->band(matrix->user, row, column, cosine) < TUWEN_BAND_FAIR;
    bool of_row = !low && layout->best_column[row] == column, of_column = !low && layout->best_row[column] == row;
    const char *mark = of_row && of_column ? "*" : of_row ? "<" : of_column ? "^" : last ? "" : " ";
    struct number_text number = {"-"};
    if (!isnan(cosine))
        number = number_text((double)cosine, 3);
    pad(stdout, GAP + layout->cell_width - strlen(number.text));
    fputs(style_of_cell(matrix, row, column, cosine), stdout);
    if (of_row || of_column)
        fputs(style_of(matrix->terminal, STYLE_BOLD), stdout);
    printf("%s%s%s", number.text, mark, style_of(matrix->terminal, STYLE_PLAIN));
}

static void print_panel(const struct matrix *matrix, const struct layout *layout, size_t first, size_t count)
{
    print_heading(matrix, layout, first, count);
    for (size_t row = 0; row < matrix->rows; row++) {
        if (!matrix->row_names[row].data)
            continue;
        print_name(matrix, &matrix->row_names[row], layout->name_width);
        for (size_t column = first; column < first + count; column++)
            print_cell(matrix, layout, row, column, column + 1 == first + count);
        putchar('\n');
    }
}

static void print_legend(const struct matrix *matrix, const struct layout *layout)
{
    size_t digits = strlen(number_text((double)matrix->columns, 0).text);
    size_t before = LEGEND_INDENT + digits + LEGEND_GAP, whole = matrix->terminal->width;
    size_t limit = whole == 0 ? 0 : whole > before + LEAST_NAME ? whole - before : LEAST_NAME;
    for (size_t column = 0; column < matrix->columns && layout->numbered; column++) {
        if (column == 0)
            putchar('\n');
        printf("%*s%*s%*s", LEGEND_INDENT, "", (int)digits, number_text((double)column + 1, 0).text, LEGEND_GAP, "");
        text_print(stdout, matrix->column_names[column].data, matrix->column_names[column].size, limit);
        putchar('\n');
    }
    printf("\n%s%s%s\n", style_of(matrix->terminal, STYLE_FAINT), text_of(matrix->marks),
           style_of(matrix->terminal, STYLE_PLAIN));
}

bool matrix_print(const struct matrix *matrix)
{
    struct layout layout = {0};
    bool good = find_best(&layout, matrix);
    bool reached = false;
    for (size_t row = 0; row < matrix->rows; row++)
        reached = reached || matrix->row_names[row].data;
    if (good)
        plan(&layout, matrix);
    for (size_t first = 0; good && reached && first < matrix->columns && !ferror(stdout); first += layout.panel) {
        size_t left = matrix->columns - first;
        if (first > 0)
            putchar('\n');
        print_panel(matrix, &layout, first, left < layout.panel ? left : layout.panel);
    }
    if (good && reached)
        print_legend(matrix, &layout);
    free(layout.best_column);
    free(layout.best_row);
    return good;
}
