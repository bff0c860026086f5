/* SPDX-License-Identifier: Apache-2.0 */
/* What every dialect is read into: texts, pictures and pairs of both whose vectors are wanted, and what became of them. */
#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool grow(void **array, size_t capacity, size_t size)
{
    void *larger = realloc(*array, capacity * size);
    if (larger)
        *array = larger;
    return larger != NULL;
}

bool call_add(struct call *call, const tuwen_input *input, struct place place)
{
    if (call->count == call->capacity) {
        size_t capacity = call->capacity ? call->capacity * 2 : 16;
        if (!grow((void **)&call->inputs, capacity, sizeof *call->inputs) ||
            !grow((void **)&call->outputs, capacity, sizeof *call->outputs) ||
            !grow((void **)&call->places, capacity, sizeof *call->places)) {
            free((void *)input->picture);
            return false;
        }
        call->capacity = capacity;
    }
    call->inputs[call->count] = *input;
    call->places[call->count] = place;
    memset(&call->outputs[call->count], 0, sizeof *call->outputs);
    call->count++;
    return true;
}

void place_name(char name[PARAM_SIZE], struct place place)
{
    int size = place.part ? snprintf(name, PARAM_SIZE, "part %zu (%s)", place.part, place.field) : 0;
    if (place.part && place.length)
        snprintf(name + size, PARAM_SIZE - (size_t)size, ", line %zu", place.index + 1);
    else if (place.part)
        return;
    else if (place.length)
        snprintf(name, PARAM_SIZE, "%s[%zu]", place.field, place.index);
    else
        snprintf(name, PARAM_SIZE, "%s", place.field);
}

void call_free(struct call *call)
{
    for (size_t i = 0; i < call->count; i++)
        free((void *)call->inputs[i].picture);
    free(call->inputs);
    free(call->outputs);
    free(call->places);
    free(call->vectors);
    document_free(call->document);
    tuwen_explanation_free(call->explaining.found);
    free(call->explaining.words);
    *call = (struct call){0};
}
