/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An explanation as a page to hand over: one file without a script, in which nothing is loaded from elsewhere. The picture is
 * the drawing as PNG, so what the file says of the original (camera, place, comments) is not in the page.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "messages.h"
#include "output.h"

static const char head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"generator\" content=\"tuwen explain\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
    "'unsafe-inline'\">\n"
    "<style>\n"
    ":root{color-scheme:light "
    "dark;--ink:#1a1a1a;--paper:#fff;--faint:#595959;--yes:#0b6623;--no:#a81717;--line:#ccc}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#eee;--paper:#161616;--faint:#a8a8a8;--yes:#6fcf7f;--no:#ff8a80;"
    "--line:#444}}\n"
    "body{margin:0 auto;max-width:64rem;padding:1.5rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);"
    "background:var(--paper)}\n"
    "h1{font-size:1.4rem;overflow-wrap:anywhere}\n"
    "h1 span{unicode-bidi:isolate}\n"
    ".supported{color:var(--yes);text-decoration:underline}\n"
    ".unsupported{color:var(--no);text-decoration:line-through}\n"
    "img{max-width:100%;height:auto;border:1px solid var(--line)}\n"
    "figure{margin:1rem 0}\n"
    "figcaption,.faint{color:var(--faint);overflow-wrap:anywhere}\n"
    "table{border-collapse:collapse}\n"
    "th,td{padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line);text-align:start}\n"
    ".number{text-align:end;font-variant-numeric:tabular-nums}\n"
    ".scale{display:flex;gap:.5rem;align-items:center;margin:.5rem 0;font-variant-numeric:tabular-nums}\n"
    ".scale "
    "i{width:16rem;max-width:50%;height:1rem;background:linear-gradient(90deg,#538be5,#fff,#ec8940);border:1px "
    "solid var(--line)}\n"
    "td.unsupported{text-decoration:none}td.supported{text-decoration:none}\n"
    "</style>\n";

/* ---- strings ------------------------------------------------------------------------------------------------------- */

/* A text from outside, repaired and escaped for content and attributes alike; false if memory is short. */
static bool put_text(FILE *stream, const char *text, size_t size)
{
    char *repaired = malloc(3 * size + 1);
    if (!repaired)
        return false;
    size = text_repair(text, size, repaired);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)repaired[i];
        if (byte < 0x20 || byte == 0x7f)
            fputc(' ', stream);
        else if (strchr("&<>\"'", byte))
            fprintf(stream, "&#%d;", byte);
        else
            fputc(byte, stream);
    }
    free(repaired);
    return true;
}

static bool put_string(FILE *stream, const char *text)
{
    return put_text(stream, text, strlen(text));
}

/* ---- the page ------------------------------------------------------------------------------------------------------- */

/* The text with its phrases marked. */
static bool put_heading(FILE *stream, const struct explain *explain)
{
    const tuwen_explanation *found = explain->found;
    const char *text = explain->text.data;
    size_t at = 0;
    bool good = true;
    fputs("<h1>", stream);
    for (size_t i = 0; i < found->phrase_count && good; i++) {
        const tuwen_phrase *phrase = &found->phrases[i];
        good = put_text(stream, text + at, phrase->begin - at);
        fprintf(stream, "<span class=\"%s\">", verdict_name(effect_verdict(phrase->effect, explain->margin)));
        good = good && put_text(stream, text + phrase->begin, phrase->size);
        fputs("</span>", stream);
        at = phrase->begin + phrase->size;
    }
    good = good && put_text(stream, text + at, explain->text.size - at);
    fputs("</h1>\n", stream);
    return good;
}

static bool put_table(FILE *stream, const struct explain *explain)
{
    const tuwen_explanation *found = explain->found;
    bool good = true;
    if (found->phrase_count < 2) {
        fprintf(stream, "<p>%s</p>\n", text_of(SAY_EXPLAIN_ONE_PHRASE));
        return true;
    }
    fprintf(stream, "<table><tr><th class=\"number\">%s<th class=\"number\">%s<th>%s<th>%s</tr>\n",
            text_of(SAY_EXPLAIN_HEAD_EFFECT), text_of(SAY_EXPLAIN_HEAD_WITHOUT), text_of(SAY_EXPLAIN_HEAD_PHRASE),
            text_of(SAY_EXPLAIN_HEAD_VERDICT));
    for (size_t i = 0; i < found->phrase_count && good; i++) {
        const tuwen_phrase *phrase = &found->phrases[i];
        enum verdict verdict = effect_verdict(phrase->effect, explain->margin);
        fprintf(stream, "<tr><td class=\"number\">%+.4f<td class=\"number\">%.4f<td><bdi>", (double)phrase->effect,
                (double)phrase->without);
        good = put_text(stream, explain->text.data + phrase->begin, phrase->size);
        fprintf(stream, "</bdi><td class=\"%s\">%s</tr>\n", verdict_name(verdict), explain_verdict_word(verdict));
    }
    fputs("</table>\n", stream);
    return good;
}

/* Contrasts and warnings, in the words of the terminal. */
static bool put_notes(FILE *stream, const struct explain *explain)
{
    char line[EXPLAIN_LINE];
    bool good = true;
    if (explain->words.contrast_count == 0 && explain->words.hit_count == 0)
        return true;
    fputs("<ul>\n", stream);
    for (size_t i = 0; i < explain->words.contrast_count && good; i++) {
        explain_contrast_line(explain, &explain->words.contrasts[i], line);
        fputs("<li>", stream);
        good = put_string(stream, line);
        fputs("\n", stream);
    }
    for (int kind = WORDING_COUNT; kind <= WORDING_PLACE && good; kind++)
        if (explain_warning_line(explain, (enum wording)kind, line)) {
            fputs("<li>", stream);
            good = put_string(stream, line);
            fputs("\n", stream);
        }
    fputs("</ul>\n", stream);
    return good;
}

/* The scale of the colours, which are those of the drawing on white. */
static bool put_legend(FILE *stream, const struct explain *explain)
{
    char line[EXPLAIN_LINE];
    float full = explain_full_effect(explain);
    explain_strongest_line(explain, line);
    fprintf(stream, "<p class=\"scale\"><span>%+.4f</span><i></i><span>%+.4f</span></p>\n<p class=\"faint\">",
            (double)-full, (double)full);
    bool good = put_string(stream, line);
    fputs("</p>\n", stream);
    return good;
}

static bool put_figure(FILE *stream, const struct explain *explain, const void *png, size_t size)
{
    fputs("<figure><img alt=\"", stream);
    bool good = put_string(stream, text_of(SAY_EXPLAIN_PAGE_MAP));
    fputs("\" src=\"data:image/png;base64,", stream);
    output_base64(stream, png, size);
    fputs("\"><figcaption><bdi>", stream);
    good = good && put_string(stream, input_name(explain->picture));
    fprintf(stream, "</bdi>, %dx%d. ", explain->found->picture_width, explain->found->picture_height);
    good = good && put_string(stream, text_of(SAY_EXPLAIN_PAGE_MAP));
    fputs("</figcaption>", stream);
    good = good && put_legend(stream, explain);
    fputs("</figure>\n", stream);
    return good;
}

bool explain_page(FILE *stream, const struct explain *explain, const void *png, size_t png_size)
{
    char facts[EXPLAIN_LINE];
    explain_score_line(explain, facts);
    fprintf(stream, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n%s<title>",
            messages_language() == TUWEN_CHINESE ? "zh-CN" : "en", head);
    bool good = put_text(stream, explain->text.data, explain->text.size);
    fputs("</title>\n</head>\n<body>\n<main>\n", stream);
    good = good && put_heading(stream, explain);
    fputs("<p>", stream);
    good = good && put_string(stream, facts);
    fputs("</p>\n", stream);
    good = good && put_figure(stream, explain, png, png_size) && put_table(stream, explain) &&
           put_notes(stream, explain);
    fputs("<p class=\"faint\">", stream);
    good = good && put_string(stream, text_of(SAY_EXPLAIN_HINT));
    fputs("</p>\n<p class=\"faint\">", stream);
    good = good && put_string(stream, explain->info->name);
    fprintf(stream, " · %s</p>\n</main>\n</body>\n</html>\n", explain->space);
    return good;
}
