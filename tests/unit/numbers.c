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

static void *filled(size_t bytes)
{
    void *memory = tw_alloc_aligned(bytes, 1);
    assert_non_null(memory);
    memset(memory, 0xff, bytes);
    return memory;
}

tw_matrix numbers_empty(tw_element element, int rows, int columns)
{
    size_t room = (size_t)tw_matrix_room(rows);
    tw_matrix_memory memory = {.values = filled(tw_matrix_bytes((size_t)rows, (size_t)columns))};
    if (element == TW_ELEMENT_I8) {
        memory.bytes = filled(room * (size_t)columns);
        memory.scales = filled(room * sizeof *memory.scales);
        memory.zeros = filled(room * sizeof *memory.zeros);
    }
    return tw_matrix_in(&memory, element, rows, columns);
}

tw_matrix numbers_matrix(tw_element element, int rows, int columns, const float *values)
{
    tw_matrix matrix = numbers_empty(element, rows, columns);
    uint16_t *halves = matrix.values;
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++, values++) {
            if (element == TW_ELEMENT_F32)
                tw_matrix_block(&matrix, row, column / TW_DEPTH)[column % TW_DEPTH] = *values;
            else
                *halves++ = tw_bf16_from_f32(*values);
        }
    return matrix;
}

void numbers_free(tw_matrix *matrix)
{
    tw_free(matrix->values);
    tw_free(matrix->scales);
    tw_free(matrix->zeros);
    tw_free(matrix->wide);
}

float numbers_at(const tw_matrix *matrix, size_t index)
{
    int row = (int)(index / (size_t)matrix->columns);
    int column = (int)(index % (size_t)matrix->columns);
    return matrix->element == TW_ELEMENT_F32 ? tw_matrix_block(matrix, row, column / TW_DEPTH)[column % TW_DEPTH]
                                             : tw_f32_from_bf16(((const uint16_t *)matrix->values)[index]);
}

bool numbers_same(const tw_matrix *a, int a_row, const tw_matrix *b, int b_row, int count)
{
    size_t n = (size_t)a->columns;
    for (size_t i = 0; i < (size_t)count * n; i++) {
        float x = numbers_at(a, (size_t)a_row * n + i);
        float y = numbers_at(b, (size_t)b_row * n + i);
        if (memcmp(&x, &y, sizeof x) != 0)
            return false;
    }
    return true;
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
