/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file after its page is a sequence of blocks of JSON, each a script element of a type that no browser runs: facts,
 * then in turn pictures (thumbnails as base64) and the rows that show them, and the end, by which the page knows that
 * nothing is missing. A row waits in memory until its block is full, since pictures are written at once.
 *
 * Nothing from outside can end a block: in its strings every character that means something to HTML is written by its
 * number.
 */
#include "html_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "messages.h"
#include "output.h"
#include "terminal.h"

enum {
    PICTURES_IN_BLOCK = 256,
    ROWS_IN_BLOCK = 256,
    BYTES_OF_ROWS = 1 << 20, /* a block ends above this */
    RECENT_BITS = 12,        /* of the table of recent pictures: sets of a few places each */
    RECENT_PLACES = 4
};

/* Stands in the page's first line. */
#define MARK "<!-- tuwen report -->"

/* A picture that was written, by a digest that nobody can foresee. */
struct recent {
    uint64_t digest;
    int64_t number; /* plus one; 0 = an empty place */
};

struct html_report {
    struct output output;
    size_t column_count;
    FILE *rows; /* of the block that waits, into `waiting` */
    char *waiting;
    size_t waiting_size;
    size_t rows_in_block, pictures_in_block;
    uint64_t row_count, picture_count;
    uint64_t identity; /* of what the rows are about */
    uint64_t secret[2];
    bool pictures_shared; /* there is a secret; else each row has a picture of its own */
    bool short_of_memory;
    struct recent recent[1 << RECENT_BITS][RECENT_PLACES];
};

/* Strings. */

static void put_escaped(FILE *stream, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        /* U+2028 and U+2029, which end a line of JavaScript, are e2 80 a8 and e2 80 a9. */
        bool separator = byte == 0xe2 && i + 2 < size && (unsigned char)text[i + 1] == 0x80 &&
                         ((unsigned char)text[i + 2] & 0xfe) == 0xa8;
        if (separator) {
            fprintf(stream, "\\u20%02x", (unsigned char)text[i + 2] - 0x80);
            i += 2;
        } else if (byte < 0x20 || byte == 0x7f || strchr("\"\\<>&'", byte)) {
            fprintf(stream, "\\u%04x", byte);
        } else {
            fputc(byte, stream);
        }
    }
}

/* A string of JSON; broken UTF-8 becomes U+FFFD. False if memory is short. */
static bool put_string(FILE *stream, const char *text, size_t size)
{
    char *repaired = malloc(3 * size + 1);
    if (!repaired)
        return false;
    fputc('"', stream);
    put_escaped(stream, repaired, text_repair(text, size, repaired));
    fputc('"', stream);
    free(repaired);
    return true;
}

static bool put_text(FILE *stream, const char *text)
{
    if (text)
        return put_string(stream, text, strlen(text));
    fputs("null", stream);
    return true;
}

static void put_number(FILE *stream, double number, int decimals)
{
    if (isfinite(number))
        fputs(number_text(number, decimals).text, stream);
    else
        fputs("null", stream);
}

/* Digests. */

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012): without the key nobody makes two texts with one digest. */
static uint64_t sip(const uint64_t key[2], const unsigned char *bytes, size_t size)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                     key[1] ^ 0x7465646279746573};
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++) {
        word |= (uint64_t)bytes[i] << 8 * (i & 7);
        if ((i & 7) == 7) {
            sip_word(v, word);
            word = 0;
        }
    }
    sip_word(v, word | (uint64_t)size << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Blocks. */

static void end_pictures(struct html_report *report)
{
    if (report->pictures_in_block > 0)
        fputs("]</script>\n", report->output.stream);
    report->pictures_in_block = 0;
}

/* Writes the rows that wait. Their pictures stand before them. */
static bool end_rows(struct html_report *report)
{
    end_pictures(report);
    if (report->rows_in_block == 0)
        return !ferror(report->output.stream);
    if (fflush(report->rows) != 0)
        report->short_of_memory = true;
    fputs("<script type=\"application/json\" class=\"rows\">[\n", report->output.stream);
    fwrite(report->waiting, 1, (size_t)ftell(report->rows), report->output.stream);
    fputs("\n]</script>\n", report->output.stream);
    rewind(report->rows);
    report->rows_in_block = 0;
    return !report->short_of_memory && !ferror(report->output.stream);
}

/* The place of a picture in the table: with its number if it is one of the recent, else one to take. */
static struct recent *find_recent(struct html_report *report, uint64_t digest)
{
    struct recent *set = report->recent[digest >> (64 - RECENT_BITS)], *oldest = set;
    for (size_t i = 0; i < RECENT_PLACES; i++) {
        if (set[i].number > 0 && set[i].digest == digest)
            return &set[i];
        if (set[i].number < oldest->number)
            oldest = &set[i];
    }
    *oldest = (struct recent){.digest = digest};
    return oldest;
}

int64_t html_report_picture(struct html_report *report, const void *jpeg, size_t size)
{
    FILE *stream = report->output.stream;
    struct recent *recent = find_recent(report, sip(report->secret, jpeg, size));
    if (report->pictures_shared && recent->number > 0)
        return recent->number - 1;
    if (report->pictures_in_block == PICTURES_IN_BLOCK)
        end_pictures(report);
    if (report->pictures_in_block == 0)
        fprintf(stream, "<script type=\"application/json\" class=\"pictures\" data-first=\"%llu\">[\n",
                (unsigned long long)report->picture_count);
    fputs(report->pictures_in_block > 0 ? ",\n\"" : "\"", stream);
    output_base64(stream, jpeg, size);
    fputc('"', stream);
    report->pictures_in_block++;
    recent->number = (int64_t)++report->picture_count;
    return recent->number - 1;
}

/* Decisions on a report are kept for the next one on the same rows, whatever their scores are then. */
static void identify(struct html_report *report, const struct html_report_row *row)
{
    const uint64_t key[2] = {report->identity, report->row_count};
    report->identity = sip(key, (const unsigned char *)row->image, row->image_size);
    report->identity ^= rotate(sip(key, (const unsigned char *)row->text, row->text_size), 1);
}

bool html_report_row(struct html_report *report, const struct html_report_row *row)
{
    FILE *stream = report->rows;
    bool scored = !row->error;
    identify(report, row);
    fprintf(stream, "%s[%llu,", report->rows_in_block > 0 ? ",\n" : "", (unsigned long long)row->number);
    bool good = put_string(stream, row->image, row->image_size);
    fputc(',', stream);
    good = put_string(stream, row->text, row->text_size) && good;
    fputc(',', stream);
    put_number(stream, scored ? row->score.cosine : NAN, 6);
    fputc(',', stream);
    put_number(stream, scored ? row->score.score : NAN, 4);
    fputc(',', stream);
    put_number(stream, scored ? row->match : NAN, 4);
    fprintf(stream, ",%d,%d,%lld,", scored ? (int)row->score.band : 0, row->truncated, (long long)row->picture);
    good = put_text(stream, row->error) && good;
    if (row->fields) {
        fputs(",[", stream);
        for (size_t i = 0; i < report->column_count; i++) {
            fputs(i > 0 ? "," : "", stream);
            good = put_string(stream, row->fields[i].data, row->fields[i].size) && good;
        }
        fputc(']', stream);
    }
    fputc(']', stream);
    report->row_count++;
    report->rows_in_block++;
    report->short_of_memory = report->short_of_memory || !good || ferror(stream);
    if (report->rows_in_block == ROWS_IN_BLOCK || ftell(stream) > BYTES_OF_ROWS)
        return end_rows(report);
    return !report->short_of_memory;
}

/* Begin and end. */

static bool put_facts(FILE *stream, const struct html_report_facts *facts)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"source", facts->source},   {"model", facts->model}, {"fingerprint", facts->fingerprint},
                 {"profile", facts->profile}, {"made", facts->made},   {"version", tuwen_version()}};
    bool good = true;
    fprintf(stream, "<script type=\"application/json\" id=\"facts\">{\"language\":\"%s\"",
            facts->language == TUWEN_CHINESE ? "zh" : "en");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fprintf(stream, ",\"%s\":", texts[i].name);
        good = put_text(stream, texts[i].value) && good;
    }
    fputs(",\"threshold\":{\"match\":", stream);
    put_number(stream, facts->match_threshold, 4);
    fputs(",\"score\":", stream);
    put_number(stream, facts->score_threshold, 4);
    fputs(",\"cosine\":", stream);
    put_number(stream, facts->cosine_threshold, 4);
    fputs("},\"columns\":[", stream);
    for (size_t i = 0; i < facts->column_count; i++) {
        fputs(i > 0 ? "," : "", stream);
        good = put_string(stream, facts->columns[i].data, facts->columns[i].size) && good;
    }
    fputs("]}</script>\n", stream);
    return good;
}

void html_report_model_threshold(const tuwen_model *model, struct html_report_facts *facts)
{
    float below = -1, from = 1;
    for (int i = 0; i < 24; i++) {
        float middle = (below + from) / 2;
        if (tuwen_score_cosine(model, middle).band >= TUWEN_BAND_FAIR)
            from = middle;
        else
            below = middle;
    }
    facts->cosine_threshold = (double)rintf(from * 1e4f) / 1e4;
    facts->score_threshold = (double)tuwen_score_cosine(model, from).score;
}

struct html_report *html_report_begin(const char *path, const struct html_report_facts *facts)
{
    struct html_report *report = calloc(1, sizeof *report);
    if (!report) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        return NULL;
    }
    report->column_count = facts->column_count;
    report->pictures_shared = getentropy(report->secret, sizeof report->secret) == 0;
    report->rows = open_memstream(&report->waiting, &report->waiting_size);
    if (!report->rows) {
        complain(SAY_OUT_OF_MEMORY, NULL);
        free(report);
        return NULL;
    }
    if (!output_open(&report->output, path)) {
        html_report_end(report, false);
        return NULL;
    }
    fwrite(html_report_page, 1, html_report_page_size, report->output.stream);
    report->short_of_memory = !put_facts(report->output.stream, facts);
    return report;
}

bool html_report_end(struct html_report *report, bool keep)
{
    if (!report)
        return true;
    FILE *stream = report->output.stream;
    bool good = true;
    if (stream && keep) {
        good = end_rows(report);
        fprintf(stream,
                "<script type=\"application/json\" id=\"end\">{\"rows\":%llu,\"pictures\":%llu,\"id\":\"%016llx\"}"
                "</script>\n</body>\n</html>\n",
                (unsigned long long)report->row_count, (unsigned long long)report->picture_count,
                (unsigned long long)report->identity);
    }
    if (report->short_of_memory) {
        good = false;
        complain(SAY_OUT_OF_MEMORY, NULL);
    }
    if (stream && !output_close(&report->output, keep && !report->short_of_memory))
        good = false;
    fclose(report->rows);
    free(report->waiting);
    free(report);
    return good;
}

bool html_report_may_write(const char *path)
{
    return output_is_free(path, "<!doctype html>", MARK);
}
