/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that is printed as JSON, through jansson.
 *
 * Results are printed one by one as they are known, so memory stays flat with thousands of pictures and a cancelled
 * run still prints a whole document.
 */
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench.h"
#include "explain.h"
#include "options.h"
#include "query.h"
#include "report.h"
#include "terminal.h"

/* Nine significant digits give every float back exactly. */
#define STYLE (JSON_COMPACT | JSON_REAL_PRECISION(9))

/* A string from outside; each broken byte becomes U+FFFD, as in the library. */
static json_t *string_of(const char *text, size_t size)
{
    json_t *whole = json_stringn(text, size);
    if (whole)
        return whole;
    char *repaired = malloc(size * 3 + 1);
    if (!repaired)
        return NULL;
    whole = json_stringn(repaired, text_repair(text, size, repaired));
    free(repaired);
    return whole;
}

static json_t *string_or_null(const char *text, size_t size)
{
    return text ? string_of(text, size) : json_null();
}

static json_t *name_or_null(const char *name)
{
    return string_or_null(name, name ? strlen(name) : 0);
}

/* Prints a value and lets it go; false if it is NULL, which is a failed allocation. */
static bool print_value(FILE *stream, json_t *value)
{
    char *text = value ? json_dumps(value, STYLE | JSON_ENCODE_ANY) : NULL;
    json_decref(value);
    if (!text)
        return false;
    fputs(text, stream);
    free(text);
    return true;
}

/* A float as a real of nine digits; six decimals are what a score carries. */
static json_t *real_of(double number, double unit)
{
    return json_real(round(number / unit) * unit);
}

static json_t *real_or_null(double number)
{
    return isnan(number) ? json_null() : real_of(number, 1e-6);
}

bool json_match_begin(struct json_match *document, FILE *stream, const tuwen_model_info *info, const char *space)
{
    *document = (struct json_match){.stream = stream, .errors = json_array()};
    fputs("{\"model\":", stream);
    bool good = document->errors && print_value(stream, name_or_null(info->name));
    fputs(",\"fingerprint\":", stream);
    good = good && print_value(stream, name_or_null(info->fingerprint));
    fprintf(stream, ",\"space\":\"%s\"", space);
    return good;
}

bool json_match_query(struct json_match *document, const char *name, const struct query *query)
{
    json_t *terms = json_array();
    bool good = terms != NULL;
    for (size_t i = 0; i < query->count && good; i++) {
        const struct query_term *term = &query->terms[i];
        good = json_array_append_new(terms,
                                     json_pack("{ss so so so}", "sign", term->weight < 0 ? "-" : "+", "weight",
                                               real_of(fabs(term->weight), 1e-6), "image",
                                               name_or_null(term->picture), "text", name_or_null(term->text))) == 0;
    }
    fputs(document->queries ? ",\n" : ",\"queries\":[\n", document->stream);
    json_t *entry = json_pack("{sI so sO}", "query_index", (json_int_t)document->queries++, "query",
                              name_or_null(name), "terms", terms);
    json_decref(terms);
    return good && print_value(document->stream, entry);
}

static void begin_results(struct json_match *document)
{
    if (!document->begun)
        fputs(document->queries ? "\n],\"results\":[" : ",\"results\":[", document->stream);
    document->begun = true;
}

/* Prints two objects as one and lets them go. */
static bool print_joined(FILE *stream, json_t *first, json_t *second)
{
    bool good = first && second && json_object_update(first, second) == 0;
    json_decref(second);
    if (good)
        return print_value(stream, first);
    json_decref(first);
    return false;
}

/* Band names in JSON are for programs: English whatever the language. */
static const char *band_key(tuwen_band band)
{
    return tuwen_band_name(band, TUWEN_ENGLISH);
}

bool json_match_result(struct json_match *document, const struct json_pair *pair)
{
    json_t *record = pair->query ? json_pack("{so sI}", "query", name_or_null(pair->query), "query_index",
                                             (json_int_t)pair->query_index)
                                 : json_object();
    json_t *rest = json_pack(
        "{so so* so sI so so so so so sb}", "image", name_or_null(pair->image), "item_text",
        pair->item_text ? name_or_null(pair->item_text) : NULL, "text", string_or_null(pair->text, pair->text_size),
        "index", (json_int_t)pair->index, "cosine", real_of((double)pair->score.cosine, 1e-6), "score",
        pair->judged ? real_of((double)pair->score.score, 1e-6) : json_null(), "match", real_or_null(pair->match),
        "share", real_or_null(pair->share), "band",
        pair->judged ? json_string(band_key(pair->score.band)) : json_null(), "truncated", (int)pair->truncated);
    begin_results(document);
    fputs(document->results++ ? ",\n" : "\n", document->stream);
    return print_joined(document->stream, record, rest);
}

bool json_match_error(struct json_match *document, const struct json_failure *failure)
{
    json_t *record = json_object();
    bool good = record != NULL;
    if (failure->query)
        good = good && json_object_set_new(record, "query", name_or_null(failure->query)) == 0;
    if (failure->image)
        good = good && json_object_set_new(record, "image", name_or_null(failure->image)) == 0;
    if (failure->text)
        good = good && json_object_set_new(record, "text", string_of(failure->text, failure->text_size)) == 0;
    if (failure->query || failure->text)
        good = good && json_object_set_new(record, "index", json_integer((json_int_t)failure->index)) == 0;
    good = good && json_object_set_new(record, "status", json_string(failure->status)) == 0;
    good = good && json_object_set_new(record, "message", name_or_null(failure->message)) == 0;
    good = good && json_array_append(document->errors, record) == 0;
    json_decref(record);
    return good;
}

bool json_match_end(struct json_match *document)
{
    begin_results(document);
    fputs(document->results ? "\n],\"errors\":[" : "],\"errors\":[", document->stream);
    json_t *errors = document->errors;
    bool good = true;
    size_t count = json_array_size(errors);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ",\n" : "\n", document->stream);
        good = print_value(document->stream, json_incref(json_array_get(errors, i))) && good;
    }
    fputs(count ? "\n]}\n" : "]}\n", document->stream);
    json_decref(errors);
    document->errors = NULL;
    return good;
}

/* The vector goes out number by number: a tree of thousands of reals would be slow for nothing. */
static void print_vector(FILE *stream, const float *vector, size_t dimension)
{
    fputc('[', stream);
    for (size_t i = 0; i < dimension; i++)
        fprintf(stream, i ? ",%.9g" : "%.9g", (double)vector[i]);
    fputc(']', stream);
}

/* What an item is. */
static bool print_source(FILE *stream, const struct json_item *item)
{
    fprintf(stream, "{\"index\":%zu,\"text\":", item->index);
    bool good = print_value(stream, string_or_null(item->text, item->text_size));
    fputs(",\"image\":", stream);
    good = print_value(stream, name_or_null(item->image)) && good;
    if (item->instruction) {
        fputs(",\"instruction\":", stream);
        good = print_value(stream, name_or_null(item->instruction)) && good;
    }
    return good;
}

/* How it went. */
static bool print_outcome(FILE *stream, const struct json_item *item)
{
    if (item->vector) {
        fprintf(stream, ",\"tokens\":%d,\"truncated\":%s", item->output->tokens,
                item->output->truncated ? "true" : "false");
        return true;
    }
    fprintf(stream, ",\"status\":\"%s\",\"message\":", item->status);
    return print_value(stream, name_or_null(item->message));
}

bool json_embed_line(FILE *stream, const struct json_item *item)
{
    bool good = print_source(stream, item);
    good = print_outcome(stream, item) && good;
    if (item->vector) {
        fprintf(stream, ",\"space\":\"%s\",\"embedding\":", item->space);
        print_vector(stream, item->vector, item->dimension);
    }
    fputs("}\n", stream);
    return good;
}

/* The facts with which both kinds of documents beside an array begin. */
static bool print_array_facts(FILE *stream, const tuwen_model_info *info, const char *space)
{
    fputs("{\"model\":", stream);
    bool good = print_value(stream, name_or_null(info->name));
    fputs(",\"fingerprint\":", stream);
    good = print_value(stream, name_or_null(info->fingerprint)) && good;
    fprintf(stream, ",\"space\":\"%s\",\"precision\":\"%s\"", space, info->precision);
    return good;
}

bool json_array_begin(FILE *stream, const tuwen_model_info *info, const char *space, size_t count)
{
    bool good = print_array_facts(stream, info, space);
    fprintf(stream, ",\"dimension\":%d,\"count\":%zu,\"items\":[", info->dimension, count);
    return good;
}

bool json_array_item(FILE *stream, const struct json_item *item)
{
    fputs(item->index ? ",\n" : "\n", stream);
    bool good = print_source(stream, item);
    good = print_outcome(stream, item) && good;
    fputs("}", stream);
    return good;
}

void json_array_end(FILE *stream)
{
    fputs("\n]}\n", stream);
}

bool json_matrix_begin(FILE *stream, const tuwen_model_info *info, const char *space)
{
    return print_array_facts(stream, info, space);
}

void json_matrix_list(FILE *stream, const char *list)
{
    fprintf(stream, "%s,\"%s\":[", strcmp(list, "rows") == 0 ? "" : "\n]", list);
}

bool json_matrix_item(FILE *stream, const struct json_matrix_item *item)
{
    json_t *record = json_pack("{sI so* so so}", "index", (json_int_t)item->index, "query",
                               item->query ? name_or_null(item->query) : NULL, "image", name_or_null(item->image),
                               "text", string_or_null(item->text, item->text_size));
    json_t *outcome = item->status
                          ? json_pack("{ss so}", "status", item->status, "message", name_or_null(item->message))
                          : json_pack("{sb}", "truncated", (int)item->truncated);
    fputs(item->index ? ",\n" : "\n", stream);
    return print_joined(stream, record, outcome);
}

void json_matrix_end(FILE *stream)
{
    fputs("\n]}\n", stream);
}

bool json_report_begin(FILE *stream, const tuwen_model_info *info, const char *against)
{
    fputs("{\"model\":", stream);
    bool good = print_value(stream, name_or_null(info->name));
    fputs(",\"fingerprint\":", stream);
    good = print_value(stream, name_or_null(info->fingerprint)) && good;
    fputs(",\"against\":", stream);
    good = print_value(stream, name_or_null(against)) && good;
    fputs(",\"results\":[", stream);
    return good;
}

bool json_report_row(FILE *stream, const struct report *report, const struct report_row *row, bool good)
{
    json_t *record = json_pack("{ss ss}", "precision", report->precision, "space", report->space);
    bool made = record != NULL;
    if (row->table)
        made = made && json_object_set_new(record, "table", json_string(row->table)) == 0;
    made = made && json_object_set_new(record, "item", name_or_null(row->item)) == 0;
    made = made && json_object_set_new(record, "expected", real_of(row->expected, 1e-8)) == 0;
    made = made && json_object_set_new(record, "got", row->message ? json_null() : real_of(row->got, 1e-8)) == 0;
    made = made && json_object_set_new(record, "allowed", json_real(row->allowed)) == 0;
    if (report->has_largest && !row->message)
        made = made && json_object_set_new(record, "largest", real_of(row->largest, 1e-8)) == 0;
    if (row->largest_allowed > 0)
        made = made && json_object_set_new(record, "largest_allowed", json_real(row->largest_allowed)) == 0;
    if (row->message)
        made = made && json_object_set_new(record, "message", string_of(row->message, strlen(row->message))) == 0;
    made = made && json_object_set_new(record, "ok", json_boolean(good)) == 0;
    fputs(report->rows ? ",\n" : "\n", stream);
    if (made)
        return print_value(stream, record);
    json_decref(record);
    return false;
}

static json_t *scale_of(const tuwen_model_info *info)
{
    json_t *bands = json_object();
    for (int band = TUWEN_BAND_VERY_HIGH; bands && band > TUWEN_BAND_MISMATCH; band--)
        json_object_set_new(bands, band_key((tuwen_band)band), real_of((double)info->band_from[band], 1e-4));
    return json_pack("{so so so}", "low", real_of((double)info->score_low, 1e-4), "high",
                     real_of((double)info->score_high, 1e-4), "bands", bands);
}

bool json_models_begin(struct json_list *list)
{
    list->entries = json_array();
    return list->entries != NULL;
}

bool json_models_add(struct json_list *list, const struct json_model *model)
{
    json_t *entry =
        json_pack("{ss ss so sI sb}", "name", model->name, "kind", model->kind, "path", name_or_null(model->path),
                  "bytes", (json_int_t)model->bytes, "default", (int)model->is_default);
    bool good = entry != NULL;
    const tuwen_model_info *info = model->info;
    if (info) {
        json_t *facts = json_pack("{ss ss ss sI si}", "weight_dtype", info->weight_dtype, "precision",
                                  info->precision, "fingerprint", info->fingerprint, "parameters",
                                  (json_int_t)info->parameters, "dimension", info->dimension);
        good = facts && json_object_update(entry, facts) == 0 && good;
        if (info->made_by)
            good = json_object_set_new(entry, "fits_machine", json_boolean(info->fits_machine)) == 0 && good;
        json_decref(facts);
    }
    if (model->message)
        good = json_object_set_new(entry, "message", name_or_null(model->message)) == 0 && good;
    return json_array_append_new(list->entries, entry) == 0 && good;
}

bool json_models_end(struct json_list *list, FILE *stream)
{
    char *lines = list->entries ? json_dumps(list->entries, JSON_INDENT(2)) : NULL;
    json_decref(list->entries);
    if (!lines)
        return false;
    fprintf(stream, "%s\n", lines);
    free(lines);
    return true;
}

bool json_cache_begin(struct json_list *list)
{
    list->entries = json_array();
    return list->entries != NULL;
}

bool json_cache_add(struct json_list *list, const tuwen_cache_space *space, const char *last_used)
{
    json_t *entry =
        json_pack("{ss so si sI ss}", "space", space->fingerprint, "model", name_or_null(space->model), "dimension",
                  space->dimension, "vectors", (json_int_t)space->entries, "last_used", last_used);
    return entry && json_array_append_new(list->entries, entry) == 0;
}

bool json_cache_end(struct json_list *list, FILE *stream, const tuwen_cache_info *info)
{
    json_t *document =
        info ? json_pack("{so sI sI sI sI sO}", "file", name_or_null(info->path), "bytes", (json_int_t)info->bytes,
                         "max_bytes", (json_int_t)info->max_bytes, "set_aside_bytes", (json_int_t)info->set_aside,
                         "vectors", (json_int_t)info->entries, "spaces", list->entries)
             : json_pack("{sn si sO}", "file", "vectors", 0, "spaces", list->entries);
    char *lines = document ? json_dumps(document, JSON_INDENT(2)) : NULL;
    json_decref(document);
    json_decref(list->entries);
    if (!lines)
        return false;
    fprintf(stream, "%s\n", lines);
    free(lines);
    return true;
}

/* What only a packed file has; "folder" is then null. */
static bool add_packed(json_t *document, const tuwen_model_info *info)
{
    if (!info->made_by)
        return true;
    return json_object_set_new(document, "folder", json_null()) == 0 &&
           json_object_set_new(document, "file", name_or_null(info->path)) == 0 &&
           json_object_set_new(document, "file_bytes", json_integer((json_int_t)info->file_bytes)) == 0 &&
           json_object_set_new(document, "made_by", name_or_null(info->made_by)) == 0 &&
           json_object_set_new(document, "fits_machine", json_boolean(info->fits_machine)) == 0;
}

bool json_info(FILE *stream, const tuwen_model_info *info)
{
    json_t *document = json_pack("{so so so ss ss sI sI sI si si si}", "model", name_or_null(info->name), "folder",
                                 name_or_null(info->path), "fingerprint", name_or_null(info->fingerprint),
                                 "weight_dtype", info->weight_dtype, "precision", info->precision, "parameters",
                                 (json_int_t)info->parameters, "vision_parameters",
                                 (json_int_t)info->vision_parameters, "weight_bytes", (json_int_t)info->weight_bytes,
                                 "tensors", info->tensors, "shards", info->shards, "dimension", info->dimension);
    json_t *text = json_pack("{si si si si si si}", "layers", info->text_layers, "heads", info->text_heads,
                             "kv_heads", info->text_kv_heads, "head_dim", info->text_head_dim, "intermediate",
                             info->text_intermediate, "vocabulary", info->vocabulary);
    json_t *vision = json_pack("{si si si si si si}", "layers", info->vision_layers, "heads", info->vision_heads,
                               "width", info->vision_dim, "mlp", info->vision_mlp, "patch_size", info->patch_size,
                               "merge_size", info->merge_size);
    bool good = document && add_packed(document, info) && json_object_set_new(document, "text", text) == 0;
    good = json_object_set_new(document, "vision", vision) == 0 && good;
    good = json_object_set_new(document, "image_tokens_min", json_integer(info->image_tokens_min)) == 0 && good;
    good = json_object_set_new(document, "image_tokens_max", json_integer(info->image_tokens_max)) == 0 && good;
    good = json_object_set_new(document, "max_length", json_integer(info->max_length)) == 0 && good;
    good = json_object_set_new(document, "score", scale_of(info)) == 0 && good;
    char *lines = good ? json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(document);
    if (!lines)
        return false;
    fprintf(stream, "%s\n", lines);
    free(lines);
    return true;
}

/* A number, or null where there is none. */
static json_t *positive_or_null(double number)
{
    return number > 0 ? json_real(number) : json_null();
}

/* Gives the array, or nothing when an entry lacked. */
static json_t *array_if(json_t *array, bool good)
{
    if (good)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *peaks_of(const struct bench *bench)
{
    json_t *peaks = json_array();
    bool good = peaks != NULL;
    for (size_t i = 0; i < TUWEN_PEAKS; i++) {
        const tuwen_peak *peak = &bench->peaks[i];
        json_t *entry = json_pack("{ss so so}", "type", peak->name, "rate", positive_or_null(peak->rate), "code",
                                  peak->rate > 0 ? json_string(peak->code) : json_null());
        good = json_array_append_new(peaks, entry) == 0 && good;
    }
    return array_if(peaks, good);
}

static json_t *stages_of(const struct bench_run *run)
{
    json_t *stages = json_array();
    bool good = stages != NULL;
    for (size_t i = 0; i < run->stage_count; i++) {
        const tuwen_stage *stage = &run->stages[i];
        double share = bench_share(run, stage->operations, stage->seconds);
        json_t *entry = json_pack("{ss sf sf so}", "name", stage->name, "seconds", stage->seconds, "operations",
                                  stage->operations, "share", positive_or_null(share));
        good = json_array_append_new(stages, entry) == 0 && good;
    }
    return array_if(stages, good);
}

/* Every run, in the order of time, so that a script can judge in its own way. */
static json_t *runs_of(const struct bench_result *result)
{
    json_t *runs = json_array();
    bool good = runs != NULL;
    for (size_t i = 0; i < result->run_count; i++) {
        const struct bench_run *run = &result->runs[i];
        json_t *entry =
            json_pack("{sf so so so}", "seconds", run->seconds, "peak_before", positive_or_null(run->before),
                      "peak_after", positive_or_null(run->after), "share", positive_or_null(run->share));
        good = json_array_append_new(runs, entry) == 0 && good;
    }
    return array_if(runs, good);
}

static json_t *result_of(const struct bench_result *result)
{
    const struct bench_run *run = bench_shown(result);
    return json_pack("{ss sI sI sI so sI sf sf so so so so sf sf sI sI so}", "work", result->work->name, "inputs",
                     (json_int_t)result->inputs, "captions", (json_int_t)result->captions, "tokens",
                     (json_int_t)result->tokens, "runs", runs_of(result), "shown", (json_int_t)result->shown,
                     "seconds", run->seconds, "operations", run->operations, "peak",
                     positive_or_null(bench_peak(run)), "share", positive_or_null(run->share), "share_least",
                     positive_or_null(result->least), "share_largest", positive_or_null(result->largest), "fastest",
                     result->fastest, "tokens_per_second", run->seconds > 0 ? result->tokens / run->seconds : 0,
                     "resident_bytes", (json_int_t)result->resident_bytes, "session_bytes",
                     (json_int_t)result->session_bytes, "stages", stages_of(run));
}

static json_t *bench_model(const struct bench *bench)
{
    const tuwen_model_info *info = bench->info;
    if (!info)
        return json_null();
    return json_pack("{so ss ss ss sI si}", "name", name_or_null(info->name), "fingerprint", info->fingerprint,
                     "weight_dtype", info->weight_dtype, "precision", info->precision, "parameters",
                     (json_int_t)info->parameters, "dimension", info->dimension);
}

bool json_bench(FILE *stream, const struct bench *bench)
{
    json_t *results = json_array();
    bool good = results != NULL;
    for (size_t i = 0; i < bench->count; i++)
        good = json_array_append_new(results, result_of(&bench->results[i])) == 0 && good;
    json_t *document =
        json_pack("{s{ss ss si} so so so so}", "machine", "isa", bench->isa, "oneDNN", bench->library, "threads",
                  bench->threads, "peaks", peaks_of(bench), "model", bench_model(bench), "share_of",
                  bench->peak ? json_string(bench->peak->name) : json_null(), "results", results);
    char *lines = good && document ? json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(document);
    if (!lines)
        return false;
    fprintf(stream, "%s\n", lines);
    free(lines);
    return true;
}

/* ---- tuwen explain ---------------------------------------------------------------------------------------------- */

static json_t *phrases_of(const struct explain *explain)
{
    json_t *list = json_array();
    for (size_t i = 0; i < explain->found->phrase_count; i++) {
        const tuwen_phrase *phrase = &explain->found->phrases[i];
        json_t *entry =
            json_pack("{so sI sI so so ss}", "text", string_of(explain->text.data + phrase->begin, phrase->size),
                      "begin", (json_int_t)phrase->begin, "size", (json_int_t)phrase->size, "without",
                      real_of(phrase->without, 1e-6), "effect", real_of(phrase->effect, 1e-6), "verdict",
                      verdict_name(effect_verdict(phrase->effect, explain->margin)));
        if (json_array_append_new(list, entry) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* An array for each row of the grid: effects, or with `effects` false the cells of the blocks. */
static json_t *grid_of(const tuwen_explanation *found, bool effects)
{
    json_t *rows = json_array();
    bool good = rows != NULL;
    for (int y = 0; good && y < found->rows; y++) {
        json_t *row = json_array();
        for (int x = 0; x < found->columns && good; x++) {
            int cell = y * found->columns + x;
            good = json_array_append_new(row, effects ? real_of(found->cells[cell], 1e-6)
                                                      : json_integer(found->block_cells[cell])) == 0;
        }
        good = json_array_append_new(rows, row) == 0 && good;
    }
    if (good)
        return rows;
    json_decref(rows);
    return NULL;
}

static json_t *regions_of(const tuwen_explanation *found)
{
    if (!found->cells)
        return json_null();
    return json_pack("{si si si so so}", "rows", found->rows, "columns", found->columns, "passes", found->passes,
                     "cells", grid_of(found, true), "block_cells", grid_of(found, false));
}

/* Appends a new reference; false if there is none, or memory is short. */
static bool add_entry(json_t *list, json_t *entry)
{
    return json_array_append_new(list, entry) == 0;
}

/* The words that such models read badly, by kind. */
static json_t *warnings_of(const struct explain *explain)
{
    json_t *list = json_array();
    bool good = list != NULL;
    for (int kind = WORDING_COUNT; kind <= WORDING_PLACE && good; kind++) {
        json_t *words = json_array();
        for (size_t i = 0; i < explain->words.hit_count; i++)
            if (explain->words.hits[i].kind == (enum wording)kind)
                good = add_entry(words, string_of(explain->text.data + explain->words.hits[i].begin,
                                                  explain->words.hits[i].size)) &&
                       good;
        if (json_array_size(words) > 0)
            good = add_entry(list, json_pack("{ss sO}", "kind", wording_name((enum wording)kind), "words", words)) &&
                   good;
        json_decref(words);
    }
    if (good)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *contrasts_of(const struct explain *explain)
{
    json_t *list = json_array();
    bool good = list != NULL;
    for (size_t i = 0; i < explain->words.contrast_count && good; i++) {
        const struct contrast *contrast = &explain->words.contrasts[i];
        json_t *others = json_array();
        for (size_t j = 0; j < contrast->count; j++)
            good = add_entry(others, json_pack("{ss so}", "word", contrast->others[j].word, "cosine",
                                               real_of(contrast->others[j].cosine, 1e-6))) &&
                   good;
        good = add_entry(list,
                         json_pack("{ss so sI sI so ss ss}", "kind", wording_name(contrast->hit.kind), "word",
                                   string_of(explain->text.data + contrast->hit.begin, contrast->hit.size), "begin",
                                   (json_int_t)contrast->hit.begin, "size", (json_int_t)contrast->hit.size, "others",
                                   others, "best", contrast->others[contrast->best].word, "told",
                                   told_name(contrast_told(contrast, explain->found->cosine, explain->margin)))) &&
               good;
    }
    if (good)
        return list;
    json_decref(list);
    return NULL;
}

bool json_explain(FILE *stream, const struct explain *explain)
{
    const tuwen_explanation *found = explain->found;
    json_t *document = json_pack(
        "{so ss ss so s{si si} so so so ss sb so so so so so}", "model", name_or_null(explain->info->name),
        "fingerprint", explain->info->fingerprint, "space", explain->space, "image", name_or_null(explain->picture),
        "picture", "width", found->picture_width, "height", found->picture_height, "text",
        string_of(explain->text.data, explain->text.size), "cosine", real_of(explain->score.cosine, 1e-6), "score",
        real_of(explain->score.score, 1e-6), "band", band_key(explain->score.band), "truncated", found->truncated,
        "margin", real_of(explain->margin, 1e-6), "phrases", phrases_of(explain), "warnings", warnings_of(explain),
        "contrasts", contrasts_of(explain), "regions", regions_of(found));
    bool good = print_value(stream, document);
    fputc('\n', stream);
    return good;
}
