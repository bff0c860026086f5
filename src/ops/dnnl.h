/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two versions of oneDNN's C interface, 2.x (Debian 12) and 3.x, as one; of dnnl.c alone. Every layout here has two
 * dimensions.
 */
#ifndef TW_OPS_DNNL_H
#define TW_OPS_DNNL_H

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t layout_view;

static inline dnnl_status_t layout_tagged(dnnl_memory_desc_t *layout, dnnl_data_type_t type, const dnnl_dims_t sizes,
                                          dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(layout, 2, sizes, type, tag);
}

static inline dnnl_status_t layout_copy(dnnl_memory_desc_t *to, layout_view from)
{
    return dnnl_memory_desc_clone(to, from);
}

static inline void layout_free(dnnl_memory_desc_t *layout)
{
    if (*layout)
        dnnl_memory_desc_destroy(*layout);
    *layout = NULL;
}

static inline layout_view layout_of(const dnnl_memory_desc_t *layout)
{
    return *layout;
}

static inline dnnl_status_t product_describe(dnnl_primitive_desc_t *description, dnnl_engine_t engine, layout_view x,
                                             layout_view weight, layout_view y,
                                             const_dnnl_primitive_attr_t attributes)
{
    return dnnl_matmul_primitive_desc_create(description, engine, x, weight, NULL, y, attributes);
}

#else

typedef const dnnl_memory_desc_t *layout_view;

static inline dnnl_status_t layout_tagged(dnnl_memory_desc_t *layout, dnnl_data_type_t type, const dnnl_dims_t sizes,
                                          dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(layout, 2, sizes, type, tag);
}

static inline dnnl_status_t layout_copy(dnnl_memory_desc_t *to, layout_view from)
{
    *to = *from;
    return dnnl_success;
}

static inline void layout_free(dnnl_memory_desc_t *layout)
{
    (void)layout;
}

static inline layout_view layout_of(const dnnl_memory_desc_t *layout)
{
    return layout;
}

static inline dnnl_status_t product_describe(dnnl_primitive_desc_t *description, dnnl_engine_t engine, layout_view x,
                                             layout_view weight, layout_view y,
                                             const_dnnl_primitive_attr_t attributes)
{
    dnnl_matmul_desc_t operation;
    dnnl_status_t status = dnnl_matmul_desc_init(&operation, x, weight, NULL, y);
    if (status != dnnl_success)
        return status;
    return dnnl_primitive_desc_create(description, &operation, attributes, engine, NULL);
}

#endif

#endif
