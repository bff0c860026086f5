/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relayout FROM TO: a packed file with its matrices row by row, as versions before 0.2 wrote them on machines without
 * oneDNN's packed products. For the tests of what becomes of old files.
 */
#include <stdio.h>

#include "base/memory.h"
#include "formats/packed.h"

static tuwen_status copy_item(tw_packed_writer *writer, const tw_item *item, tuwen_error *error)
{
    if (item->kind != TW_ITEM_MATRIX || item->layout.element != TW_ELEMENT_F32)
        return tw_packed_add(writer, item->name, item->kind, &item->layout, item->data, item->bytes, error);
    const tw_layout plain = tw_layout_plain(TW_ELEMENT_F32, item->layout.sizes[0], item->layout.sizes[1]);
    float *rows = tw_alloc_aligned(tw_layout_bytes(&plain), 1);
    if (!rows)
        return tw_fail_memory(error, item->name);
    tw_layout_unpack(&item->layout, item->data, 0, item->layout.sizes[1], rows);
    tuwen_status status =
        tw_packed_add(writer, item->name, TW_ITEM_MATRIX, &plain, rows, tw_layout_bytes(&plain), error);
    tw_free(rows);
    return status;
}

static tuwen_status relayout(const char *from, const char *to, tuwen_error *error)
{
    tw_packed *packed = NULL;
    tw_packed_writer *writer = NULL;
    tuwen_status status = tw_packed_open(from, &packed, error);
    if (status == TUWEN_OK)
        status = tw_packed_create(to, &writer, error);
    for (size_t i = 0; status == TUWEN_OK && i < tw_packed_count(packed); i++)
        status = copy_item(writer, tw_packed_at(packed, i), error);
    if (status == TUWEN_OK)
        status = tw_packed_finish(writer, tw_packed_get_facts(packed), error);
    else
        tw_packed_abandon(writer);
    tw_packed_close(packed);
    return status;
}

int main(int count, char **arguments)
{
    tuwen_error error = {0};
    if (count == 3 && relayout(arguments[1], arguments[2], &error) == TUWEN_OK)
        return 0;
    (void)fprintf(stderr, "relayout: %s\n", count == 3 ? error.message : "usage: relayout FROM TO");
    return 1;
}
