/* SPDX-License-Identifier: Apache-2.0 */
#include "numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "testing.h"

float *numbers_random(size_t count, uint32_t seed)
{
    float *values = tw_alloc_aligned(count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
    return values;
}

double numbers_stored(tw_element element, float value)
{
    return (double)(element == TW_ELEMENT_BF16 ? tw_f32_from_bf16(tw_bf16_from_f32(value)) : value);
}

tw_matrix numbers_empty(tw_element element, int rows, int columns)
{
    size_t count = (size_t)tw_matrix_room(rows) * (size_t)columns;
    void *values = tw_alloc_aligned(count, tw_element_size(element));
    assert_non_null(values);
    memset(values, 0xff, count * tw_element_size(element));
    return (tw_matrix){.element = element, .rows = rows, .columns = columns, .values = values};
}

tw_matrix numbers_matrix(tw_element element, int rows, int columns, const float *values)
{
    tw_matrix matrix = numbers_empty(element, rows, columns);
    float *floats = matrix.values;
    uint16_t *halves = matrix.values;
    for (size_t i = 0; i < (size_t)rows * (size_t)columns; i++) {
        if (element == TW_ELEMENT_F32)
            floats[i] = values[i];
        else
            halves[i] = tw_bf16_from_f32(values[i]);
    }
    return matrix;
}

float numbers_at(const tw_matrix *matrix, size_t index)
{
    return matrix->element == TW_ELEMENT_F32 ? ((const float *)matrix->values)[index]
                                             : tw_f32_from_bf16(((const uint16_t *)matrix->values)[index]);
}

bool numbers_no_level(void)
{
    const char *name = getenv("TUWEN_ISA");
    if (!name || !*name)
        return false;
    const tw_kernels *kernels = tw_kernels_named(name);
    if (kernels && tw_kernels_can_run(kernels))
        return false;
    printf("skipped: %s does not run here\n", name);
    return true;
}
