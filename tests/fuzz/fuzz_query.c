/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query of tuwen match. What is accepted has terms with a weight in bounds and a name each; written again with all names in
 * quotes it is read as the same terms.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *name_of(const struct query_term *term)
{
    return term->picture ? term->picture : term->text;
}

/* Writes the terms with signs, weights and quotes; returns the length. */
static size_t write_terms(const struct query *query, char *to, size_t room)
{
    size_t length = 0;
    for (size_t i = 0; i < query->count; i++) {
        const struct query_term *term = &query->terms[i];
        length += (size_t)snprintf(to + length, room - length, " %c %.17f:%s\"", term->weight < 0 ? '-' : '+',
                                   fabs(term->weight), term->picture ? "@" : "");
        for (const char *at = name_of(term); *at; at++) {
            if (*at == '"' || *at == '\\')
                to[length++] = '\\';
            to[length++] = *at;
        }
        to[length++] = '"';
    }
    to[length] = '\0';
    return length;
}

static void check_same(const struct query *query, const struct query *again)
{
    if (again->count != query->count)
        abort();
    for (size_t i = 0; i < query->count; i++) {
        const struct query_term *left = &query->terms[i], *right = &again->terms[i];
        if (!left->picture != !right->picture || strcmp(name_of(left), name_of(right)) != 0 ||
            fabs(left->weight - right->weight) > 1e-9 * fabs(left->weight) + 1e-16)
            abort();
    }
}

static void check_terms(const struct query *query, size_t size)
{
    size_t names = 0;
    for (size_t i = 0; i < query->count; i++) {
        const struct query_term *term = &query->terms[i];
        double weight = fabs(term->weight);
        if (!term->picture == !term->text || !*name_of(term) || !(weight > 0 && weight <= QUERY_WEIGHT_MOST))
            abort();
        names += strlen(name_of(term));
    }
    if (query->count == 0 || names > size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *source = malloc(size + 1);
    struct query query, again;
    size_t at;
    if (!source)
        return 0;
    memcpy(source, data, size);
    source[size] = '\0';
    enum query_error error = query_parse(&query, source, &at);
    if (at > strlen(source))
        abort();
    if (error == QUERY_GOOD) {
        check_terms(&query, strlen(source));
        bool tiny = false; /* a weight that 17 decimals do not show is not written again */
        for (size_t i = 0; i < query.count; i++)
            tiny = tiny || fabs(query.terms[i].weight) < 1e-6;
        size_t room = strlen(source) * 2 + query.count * 64 + 1;
        char *text = malloc(room);
        if (text && !tiny) {
            write_terms(&query, text, room);
            if (query_parse(&again, text, &at) != QUERY_GOOD)
                abort();
            check_same(&query, &again);
            query_free(&again);
        }
        free(text);
    }
    query_free(&query);
    free(source);
    return 0;
}
