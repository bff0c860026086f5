/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch memory, cancelling and tracing of a forward pass. */
#include "model/run.h"

tuwen_status tw_run_check(const tw_run *run, tuwen_error *error)
{
    if (run->cancel && atomic_load(run->cancel))
        return tw_fail(error, TUWEN_CANCELLED, "cancelled");
    return TUWEN_OK;
}

void tw_run_trace(const tw_run *run, const char *stage, int index, const float *values, int rows, int n)
{
    if (run->trace)
        run->trace(run->trace_user, stage, index, values, rows, n);
}

tw_element tw_run_attention_element(const tw_machine *machine, tw_element matrices)
{
    return matrices != TW_ELEMENT_F32 && tw_machine_multiplies(machine, TW_ELEMENT_BF16) ? TW_ELEMENT_BF16
                                                                                         : TW_ELEMENT_F32;
}

float *tw_scratch_take(tw_scratch *scratch, size_t rows, size_t n)
{
    float *piece = scratch->base ? scratch->base + scratch->used : NULL;
    scratch->used += (rows * n + 15) / 16 * 16;
    return piece;
}

tw_matrix_memory tw_scratch_take_matrix(tw_scratch *scratch, size_t rows, size_t columns, bool with_bytes)
{
    size_t room = (size_t)tw_matrix_room((int)rows);
    tw_matrix_memory memory = {.values = tw_scratch_take(scratch, 1, tw_matrix_bytes(rows, columns) / sizeof(float))};
    if (with_bytes) {
        memory.bytes = (uint8_t *)tw_scratch_take(scratch, room, (columns + 3) / 4);
        memory.scales = tw_scratch_take(scratch, room, 1);
        memory.zeros = (int *)tw_scratch_take(scratch, room, 1);
    }
    return memory;
}
