/* SPDX-License-Identifier: Apache-2.0 */
/* The language of queries; query.h has its grammar. */
#include "query.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    const char *source;
    size_t at;
    char *end; /* of the strings so far */
};

static bool is_space(char character)
{
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static void skip_space(struct parser *parser)
{
    while (is_space(parser->source[parser->at]))
        parser->at++;
}

/* Whether a sign stands at this place, with white space or an end on both sides. */
static bool is_sign(const char *source, size_t at)
{
    return (source[at] == '+' || source[at] == '-') && (at == 0 || is_space(source[at - 1])) &&
           (source[at + 1] == '\0' || is_space(source[at + 1]));
}

/* Takes "2:" or "0.5:"; anything else is no weight, and the weight stays what it is. */
static enum query_error take_weight(struct parser *parser, double *weight)
{
    const char *text = parser->source + parser->at, *at = text;
    double number = 0, unit = 1;
    if (!is_digit(*at))
        return QUERY_GOOD;
    for (; is_digit(*at); at++)
        number = number * 10 + (*at - '0');
    if (*at == '.' && is_digit(at[1]))
        for (at++; is_digit(*at); at++)
            number += (*at - '0') * (unit /= 10);
    if (*at != ':' || is_digit(at[1]))
        return QUERY_GOOD;
    if (!(number > 0 && number <= QUERY_WEIGHT_MOST))
        return QUERY_BAD_WEIGHT;
    *weight *= number;
    parser->at += (size_t)(at + 1 - text);
    skip_space(parser);
    return QUERY_GOOD;
}

/* Takes what stands in quotes; the first one is at hand. */
static enum query_error take_quoted(struct parser *parser)
{
    const char *source = parser->source;
    size_t at = parser->at + 1;
    for (; source[at] != '"'; at++) {
        if (source[at] == '\\' && (source[at + 1] == '"' || source[at + 1] == '\\'))
            at++;
        if (source[at] == '\0')
            return QUERY_OPEN_QUOTE;
        *parser->end++ = source[at];
    }
    parser->at = at + 1;
    skip_space(parser);
    return source[parser->at] == '\0' || is_sign(source, parser->at) ? QUERY_GOOD : QUERY_AFTER_QUOTE;
}

/* Takes everything to the next sign or the end. */
static void take_words(struct parser *parser)
{
    const char *source = parser->source, *first = parser->end;
    for (; source[parser->at] != '\0' && !is_sign(source, parser->at); parser->at++)
        *parser->end++ = source[parser->at];
    while (parser->end > first && is_space(parser->end[-1]))
        parser->end--;
}

static bool begins_path(const char *text)
{
    return *text == '/' || strncmp(text, "./", 2) == 0 || strncmp(text, "../", 3) == 0;
}

/* Takes the term at hand, without its sign, which is in its weight already. */
static enum query_error take_term(struct parser *parser, struct query_term *term)
{
    enum query_error error = take_weight(parser, &term->weight);
    if (error != QUERY_GOOD)
        return error;
    const char *string = parser->end;
    bool is_picture = begins_path(parser->source + parser->at);
    if (parser->source[parser->at] == '@') {
        is_picture = true;
        parser->at++;
    }
    term->quoted = parser->source[parser->at] == '"';
    if (term->quoted)
        error = take_quoted(parser);
    else
        take_words(parser);
    if (error != QUERY_GOOD)
        return error;
    if (parser->end == string)
        return QUERY_NO_TERM;
    *parser->end++ = '\0';
    *(is_picture ? &term->picture : &term->text) = string;
    return QUERY_GOOD;
}

static enum query_error take_terms(struct parser *parser, struct query *query)
{
    skip_space(parser);
    if (parser->source[parser->at] == '\0')
        return QUERY_EMPTY;
    enum query_error error = QUERY_GOOD;
    while (error == QUERY_GOOD && parser->source[parser->at] != '\0') {
        struct query_term *term = &query->terms[query->count++];
        *term = (struct query_term){.weight = 1};
        if (is_sign(parser->source, parser->at)) {
            term->weight = parser->source[parser->at++] == '-' ? -1 : 1;
            skip_space(parser);
        }
        error = take_term(parser, term);
    }
    return error;
}

enum query_error query_parse(struct query *query, const char *source, size_t *at)
{
    /* A term takes at least one byte and one sign of the source, and its string one byte more than it has there. */
    size_t size = strlen(source), most = size / 2 + 1;
    *query = (struct query){.terms = calloc(most, sizeof *query->terms), .strings = malloc(size + most + 1)};
    *at = 0;
    if (!query->terms || !query->strings)
        return QUERY_NO_MEMORY;
    struct parser parser = {.source = source, .end = query->strings};
    enum query_error error = take_terms(&parser, query);
    *at = parser.at;
    return error;
}

static bool has_sign(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((*at == '+' || *at == '-') && (at == text || is_space(at[-1])))
            return true;
    return false;
}

bool query_looks_like_more(const struct query_term *term)
{
    const char *text = term->text;
    if (!text || term->quoted)
        return false;
    char *end = NULL;
    bool number = is_digit(*text) || (*text == '.' && is_digit(text[1]));
    if (number)
        strtod(text, &end);
    bool weight = number && *end == ':' && !is_digit(end[1]);
    return weight || *text == '\'' || strstr(text, ":@") || has_sign(text);
}

bool query_fuse(struct query *query, const char *picture, const char *text)
{
    size_t first = strlen(picture) + 1, second = strlen(text) + 1;
    *query = (struct query){.terms = calloc(1, sizeof *query->terms), .strings = malloc(first + second), .count = 1};
    if (!query->terms || !query->strings)
        return false;
    memcpy(query->strings, picture, first);
    memcpy(query->strings + first, text, second);
    query->terms[0] =
        (struct query_term){.weight = 1, .picture = query->strings, .text = query->strings + first, .quoted = true};
    return true;
}

void query_free(struct query *query)
{
    free(query->terms);
    free(query->strings);
    *query = (struct query){0};
}
