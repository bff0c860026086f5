/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tuwen match`: what is printed, in each of its formats.
 *
 * A list, CSV and JSON go group by group: a group is one item with those of the other side, best first. Groups of items that
 * pass are printed as they come; groups of kept items wait for the last one, and only their best entries are kept. A
 * matrix for people waits too, since the best of a column may be in its last row; an array is written row by row.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "match.h"
#include "matrix.h"

/* The most memory that may wait for the end of a run: 125 million results of a list, 250 million of a matrix. */
#define WAITING_BYTES 1e9

/* Pairs. */

struct pair {
    const struct match_item *kept, *passing;
    size_t kept_place, passing_place;
    tuwen_score score;
    double probability, share; /* NaN: there is none */
    bool judged, truncated;
};

static bool is_text(const struct match_item *item)
{
    return item->text && !item->image;
}

static bool is_picture(const struct match_item *item)
{
    return item->image && !item->text;
}

static bool is_no_text(const struct match_item *item)
{
    return !is_text(item);
}

static bool is_no_picture(const struct match_item *item)
{
    return !is_picture(item);
}

/* Score and band are made for one text that asks and one picture; between two texts, or two pictures, cosines run higher,
 * and of sums nothing is known. */
static bool is_judged(const struct match_item *kept, const struct match_item *passing)
{
    return is_text(kept) && is_picture(passing);
}

static struct pair pair_of(const struct match *match, size_t kept, size_t passing, float cosine)
{
    const struct match_item *left = &match->kept.items[kept], *right = &match->passing.items[passing];
    struct pair pair = {
        .kept = left,
        .passing = right,
        .kept_place = kept,
        .passing_place = passing,
        .share = NAN,
        .judged = is_judged(left, right),
        .truncated = left->truncated || right->truncated,
    };
    pair.score = match_judge(match, left, right, cosine, &pair.probability);
    return pair;
}

static bool any(const struct match_side *side, bool (*is_such)(const struct match_item *item))
{
    for (size_t i = 0; i < side->count; i++)
        if (is_such(&side->items[i]))
            return true;
    return false;
}

static bool some_judged(const struct match *match)
{
    return any(&match->kept, is_text) && any(&match->passing, is_picture);
}

static bool all_judged(const struct match *match)
{
    return !any(&match->kept, is_no_text) && !any(&match->passing, is_no_picture);
}

/* Rows: everything that is said of a pair, in each format. */

static struct table_row table_row_of(const struct match *match, const struct pair *pair)
{
    struct text name = match_item_name(match->by_kept ? pair->passing : pair->kept);
    return (struct table_row){.name = name.data,
                              .size = name.size,
                              .score = pair->score,
                              .match = pair->probability,
                              .share = pair->share,
                              .judged = pair->judged,
                              .truncated = pair->truncated};
}

static bool print_json(struct match *match, const struct pair *pair)
{
    const struct match_item *text = match->with_queries ? pair->passing : pair->kept;
    const struct json_pair row = {
        .query = match->with_queries ? pair->kept->query->name : NULL,
        .query_index = pair->kept_place,
        .image = pair->passing->image,
        .item_text = match->with_queries ? NULL : pair->passing->text,
        .text = text->text,
        .text_size = text->text_size,
        .index = match->with_queries ? pair->passing_place : pair->kept_place,
        .score = pair->score,
        .match = pair->probability,
        .share = pair->share,
        .judged = pair->judged,
        .truncated = pair->truncated,
    };
    return json_match_result(&match->printer.json, &row);
}

/* Stored items may be texts, which are compared with texts: then there is a column for them. */
static bool has_item_text(const struct match *match)
{
    return match->stored.count > 0 && !match->with_queries;
}

static void print_csv_heading(const struct match *match)
{
    fprintf(match->printer.output.main.stream, "%simage,%stext,cosine,score,match,share,band,truncated,error\n",
            match->with_queries ? "query," : "", has_item_text(match) ? "item_text," : "");
}

/* What a row is of; either item may be NULL. */
static bool print_csv_items(const struct match *match, struct csv_row *row, const struct match_item *passing,
                            const struct match_item *kept)
{
    static const struct match_item none;
    passing = passing ? passing : &none;
    kept = kept ? kept : &none;
    const char *query = kept->query ? kept->query->name : NULL, *image = passing->image;
    const struct match_item *text = match->with_queries ? passing : kept;
    bool good = true;
    if (match->with_queries)
        good = csv_text(row, query, query ? strlen(query) : 0);
    good = csv_text(row, image, image ? strlen(image) : 0) && good;
    if (has_item_text(match))
        good = csv_text(row, passing->text, passing->text_size) && good;
    return csv_text(row, text->text, text->text_size) && good;
}

static bool print_csv(const struct match *match, const struct pair *pair)
{
    struct csv_row row = {match->printer.output.main.stream, false};
    bool good = print_csv_items(match, &row, pair->passing, pair->kept);
    csv_word(&row, number_text((double)pair->score.cosine, 6).text);
    csv_word(&row, pair->judged ? number_text((double)pair->score.score, 6).text : "");
    csv_word(&row, isnan(pair->probability) ? "" : number_text(pair->probability, 6).text);
    csv_word(&row, isnan(pair->share) ? "" : number_text(pair->share, 6).text);
    csv_word(&row, pair->judged ? tuwen_band_name(pair->score.band, TUWEN_ENGLISH) : "");
    csv_word(&row, pair->truncated ? "true" : "false");
    csv_word(&row, "");
    csv_end(&row);
    return good;
}

static bool print_csv_error(const struct match *match, bool is_kept, size_t place)
{
    struct csv_row row = {match->printer.output.main.stream, false};
    const struct match_item *item = is_kept ? &match->kept.items[place] : &match->passing.items[place];
    bool good = print_csv_items(match, &row, is_kept ? NULL : item, is_kept ? item : NULL);
    size_t size = strlen(item->status) + strlen(item->message) + sizeof ": ";
    char *sentence = malloc(size);
    if (sentence)
        snprintf(sentence, size, "%s: %s", item->status, item->message);
    fputs(",,,,,,", row.stream);
    good = sentence && csv_text(&row, sentence, strlen(sentence)) && good;
    csv_end(&row);
    free(sentence);
    return good;
}

/* Groups. */

/* Prints an item with entries of the other side. `shares` (may be NULL) are theirs. */
static bool print_group(struct match *match, size_t head, const struct ranked *entries, size_t count,
                        const float *shares, const char *note)
{
    struct match_printer *printer = &match->printer;
    bool good = true;
    if (match->top > 0 && match->top < count)
        count = match->top;
    for (size_t i = 0; i < count && good; i++) {
        struct pair pair = match->by_kept ? pair_of(match, head, entries[i].place, entries[i].cosine)
                                          : pair_of(match, entries[i].place, head, entries[i].cosine);
        if (shares)
            pair.share = (double)shares[i];
        match_report_pair(match, pair.kept_place, pair.passing_place, pair.score.cosine);
        if (match->format == MATCH_JSON)
            good = print_json(match, &pair);
        else if (match->format == MATCH_CSV)
            good = print_csv(match, &pair);
        else
            printer->rows[i] = table_row_of(match, &pair);
    }
    if (match->format == MATCH_LIST) {
        struct text name = match_item_name(match->by_kept ? &match->kept.items[head] : &match->passing.items[head]);
        table_print(&printer->table, name.data, name.size, note, printer->rows, count);
    }
    output_flush();
    return good;
}

/* Shares are of the texts of one picture, all of which must be known. */
static bool has_shares(const struct match *match)
{
    return !match->by_kept && !match->with_queries && match->kept.count > 1;
}

static void make_shares(struct match *match, const struct ranked *entries, size_t count)
{
    const tuwen_model_info *model = match->checkpoint.info;
    double own = match->profile ? tuwen_profile_get_info(match->profile)->temperature : 0;
    float *shares = match->printer.shares;
    for (size_t i = 0; i < count; i++)
        shares[i] = entries[i].cosine;
    tuwen_share(shares, count, own > 0 ? own : tuwen_share_temperature(model), shares);
}

static bool print_passed_group(struct match *match, size_t place, const char *note)
{
    struct ranked *entries = match->printer.entries;
    size_t count = 0;
    for (size_t i = 0; i < match->kept.count; i++)
        if (!isnan(match->cosines[i]))
            entries[count++] = (struct ranked){match->cosines[i], (uint32_t)i};
    ranked_sort(entries, count);
    bool shared = has_shares(match) && is_picture(&match->passing.items[place]) && count > 1;
    if (shared)
        make_shares(match, entries, count);
    return print_group(match, place, entries, count, shared ? match->printer.shares : NULL, note);
}

static void offer_all(struct match *match, size_t place)
{
    for (size_t i = 0; i < match->kept.count; i++)
        if (!isnan(match->cosines[i]))
            ranking_offer(&match->printer.ranking, i, (struct ranked){match->cosines[i], (uint32_t)place});
}

static bool print_kept_groups(struct match *match)
{
    bool good = true;
    for (size_t i = 0; i < match->kept.count && good; i++) {
        size_t count;
        const struct ranked *entries = ranking_sorted(&match->printer.ranking, i, &count);
        if (count > 0)
            good = print_group(match, i, entries, count, NULL, "");
    }
    return good;
}

/* The matrix for people, and the array. */

static void name_row(struct match *match, size_t place)
{
    match->printer.names[0][place] = match_item_name(&match->passing.items[place]);
}

static tuwen_band band_of_cell(const void *user, size_t row, size_t column, float cosine)
{
    const struct match *match = user;
    double probability;
    return match_judge(match, &match->kept.items[column], &match->passing.items[row], cosine, &probability).band;
}

static bool print_matrix(struct match *match)
{
    for (size_t i = 0; i < match->kept.count; i++)
        match->printer.names[1][i] = match_item_name(&match->kept.items[i]);
    const struct matrix matrix = {
        .terminal = &match->cli->terminal,
        .rows = match->passing.count,
        .columns = match->kept.count,
        .row_names = match->printer.names[0],
        .column_names = match->printer.names[1],
        .cosines = match->printer.matrix,
        .band = all_judged(match) ? band_of_cell : NULL,
        .user = match,
        .marks = all_judged(match)     ? SAY_MATRIX_JUDGED_MARKS
                 : match->with_queries ? SAY_MATRIX_QUERY_MARKS
                                       : SAY_MATRIX_MARKS,
    };
    progress_clear();
    return matrix_print(&matrix);
}

static bool print_names(struct match *match, const char *list, const struct match_side *side)
{
    FILE *stream = match->printer.output.facts.stream;
    bool good = true;
    json_matrix_list(stream, list);
    for (size_t i = 0; i < side->count && good; i++) {
        const struct match_item *item = &side->items[i];
        const struct json_matrix_item entry = {
            .index = i,
            .query = item->query ? item->query->name : NULL,
            .image = item->query ? NULL : item->image,
            .text = item->query ? NULL : item->text,
            .text_size = item->text_size,
            .truncated = item->truncated,
            .status = item->status,
            .message = item->message,
        };
        good = json_matrix_item(stream, &entry);
    }
    return good;
}

/* The facts beside an array, which are known at its end. */
static bool print_facts(struct match *match)
{
    FILE *stream = match->printer.output.facts.stream;
    if (!stream)
        return true;
    bool good =
        json_matrix_begin(stream, match->checkpoint.info, tuwen_session_fingerprint(match->checkpoint.session)) &&
        print_names(match, "rows", &match->passing) && print_names(match, "columns", &match->kept);
    json_matrix_end(stream);
    return good;
}

/* The run. */

static bool refuse_size(const struct match *match, double bytes, enum message message)
{
    if (bytes <= WAITING_BYTES)
        return false;
    complain(message,
             WITH(number_text((double)match->passing.count, 0).text, number_text((double)match->kept.count, 0).text,
                  bytes_text(bytes).text, bytes_text(WAITING_BYTES).text));
    return true;
}

/* What has to wait for the end. */
static bool make_room(struct match *match)
{
    struct match_printer *printer = &match->printer;
    size_t kept = match->kept.count, passing = match->passing.count;
    size_t most = match->top > 0 && match->top < passing ? match->top : passing;
    if (match->by_kept && refuse_size(match, ranking_bytes(kept, most), SAY_MATCH_LIST_LARGE))
        return false;
    double bytes = (double)kept * (double)passing * (double)sizeof(float);
    if (match->format == MATCH_MATRIX && refuse_size(match, bytes, SAY_MATCH_MATRIX_LARGE))
        return false;
    size_t rows = match->by_kept ? most : kept;
    printer->rows = calloc(rows, sizeof *printer->rows);
    printer->entries = calloc(kept, sizeof *printer->entries);
    printer->shares = calloc(kept, sizeof *printer->shares);
    bool good = printer->rows && printer->entries && printer->shares;
    if (match->by_kept)
        good = ranking_make(&printer->ranking, kept, most) && good;
    if (match->format == MATCH_MATRIX) {
        printer->matrix = calloc(passing, kept * sizeof *printer->matrix);
        printer->names[0] = calloc(passing, sizeof *printer->names[0]);
        printer->names[1] = calloc(kept, sizeof *printer->names[1]);
        good = printer->matrix && printer->names[0] && printer->names[1] && good;
    }
    if (!good)
        complain(SAY_OUT_OF_MEMORY, NULL);
    return good;
}

/* What the names in a list are. */
static enum message head_of(const struct match *match)
{
    if (!match->with_queries)
        return match->by_kept ? SAY_HEAD_PICTURE : SAY_HEAD_TEXT;
    if (!match->by_kept)
        return SAY_HEAD_QUERY;
    return !any(&match->passing, is_no_picture) ? SAY_HEAD_PICTURE
           : !any(&match->passing, is_no_text)  ? SAY_HEAD_TEXT
                                                : SAY_HEAD_CANDIDATE;
}

static void plan_table(struct match *match)
{
    const struct match_side *side = match->by_kept ? &match->passing : &match->kept;
    size_t widest = 0;
    for (size_t i = 0; i < side->count; i++) {
        struct text name = match_item_name(&side->items[i]);
        size_t width = text_width(name.data, name.size);
        widest = width > widest ? width : widest;
    }
    const struct table_columns columns = {.judged = some_judged(match),
                                          .match = match->profile && some_judged(match),
                                          .share = some_judged(match) && has_shares(match)};
    table_plan(&match->printer.table, &match->cli->terminal, head_of(match), widest, &columns);
}

bool match_print_begin(struct match *match)
{
    struct match_printer *printer = &match->printer;
    if (!make_room(match) || !output_pair_open(&printer->output, match->cli->options.values[OPTION_OUTPUT].text,
                                               match->format == MATCH_NPY))
        return false;
    FILE *stream = printer->output.main.stream;
    if (match->format == MATCH_LIST)
        plan_table(match);
    else if (match->format == MATCH_CSV)
        print_csv_heading(match);
    else if (match->format == MATCH_NPY)
        npy_header(stream, match->passing.count, match->kept.count);
    bool good = match->format != MATCH_JSON || json_match_begin(&printer->json, stream, match->checkpoint.info,
                                                                tuwen_session_fingerprint(match->checkpoint.session));
    for (size_t i = 0; i < match->query_count && match->format == MATCH_JSON && good; i++)
        good = json_match_query(&printer->json, match->queries[i].name, &match->queries[i].query);
    if (!good) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        output_pair_close(&printer->output, false);
    }
    return good;
}

bool match_print_passed(struct match *match, size_t place, const char *note)
{
    bool whole = match->format == MATCH_NPY || match->format == MATCH_MATRIX;
    for (size_t i = 0; i < match->kept.count && whole; i++)
        if (!isnan(match->cosines[i]))
            match_report_pair(match, i, place, match->cosines[i]);
    if (match->format == MATCH_NPY) {
        npy_row(match->printer.output.main.stream, match->cosines, match->kept.count);
    } else if (match->format == MATCH_MATRIX) {
        memcpy(match->printer.matrix + place * match->kept.count, match->cosines,
               match->kept.count * sizeof *match->cosines);
        name_row(match, place);
    } else if (match->by_kept) {
        offer_all(match, place);
    } else {
        return print_passed_group(match, place, note);
    }
    return true;
}

bool match_print_failed(struct match *match, bool is_kept, size_t place)
{
    const struct match_item *item = is_kept ? &match->kept.items[place] : &match->passing.items[place];
    if (match->format == MATCH_JSON) {
        const struct json_failure failure = {
            .query = item->query ? item->query->name : NULL,
            .image = item->query ? NULL : item->image,
            .text = item->query ? NULL : item->text,
            .text_size = item->text_size,
            .index = place,
            .status = item->status,
            .message = item->message,
        };
        return json_match_error(&match->printer.json, &failure);
    }
    if (match->format == MATCH_CSV)
        return print_csv_error(match, is_kept, place);
    if (is_kept || (match->format != MATCH_NPY && match->format != MATCH_MATRIX))
        return true;
    for (size_t i = 0; i < match->kept.count; i++)
        match->cosines[i] = NAN;
    return match_print_passed(match, place, "");
}

bool match_print_end(struct match *match, bool complete)
{
    bool good = true;
    if (match->by_kept)
        good = print_kept_groups(match);
    if (match->format == MATCH_LIST)
        table_print_legend(&match->printer.table);
    else if (match->format == MATCH_MATRIX)
        good = print_matrix(match) && good;
    else if (match->format == MATCH_JSON)
        good = json_match_end(&match->printer.json) && good;
    else if (match->format == MATCH_NPY)
        good = print_facts(match) && good;
    if (!good)
        complain(SAY_OUT_OF_MEMORY, NULL);
    return output_pair_close(&match->printer.output, complete && good) && good;
}

void match_print_free(struct match *match)
{
    struct match_printer *printer = &match->printer;
    ranking_free(&printer->ranking);
    free(printer->entries);
    free(printer->shares);
    free(printer->rows);
    free(printer->matrix);
    free(printer->names[0]);
    free(printer->names[1]);
}
