/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader and the writer of packed files share: the bytes of the header, and limits. docs/formats.md. */
#ifndef TW_FORMATS_PACKED_BYTES_H
#define TW_FORMATS_PACKED_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/layout.h"
#include "base/utf8.h"
#include "formats/packed.h"

/* Items, and the index, begin at multiples of this; the header has the first such piece for itself. */
#define TW_PACKED_ALIGN 4096u

/* Where the fields of the header lie; all numbers are little-endian. */
#define TW_PACKED_MAGIC "\x89tuwen\x1a\n" /* not UTF-8, and cut short by programs that take it for text */
#define TW_PACKED_MAGIC_SIZE 8u
#define TW_PACKED_AT_VERSION 8u /* 8 bytes, as all numbers */
#define TW_PACKED_AT_SIZE 16u   /* of the file */
#define TW_PACKED_AT_INDEX 24u  /* where the index begins */
#define TW_PACKED_AT_LENGTH 32u /* of the index, with which the file ends */
#define TW_PACKED_AT_SUM 40u    /* SHA-256 of the index, 64 digits */
#define TW_PACKED_HEADER 104u

#define TW_PACKED_MAX_ITEMS 16384u
#define TW_PACKED_MAX_INDEX ((uint64_t)32 << 20)
#define TW_PACKED_MAX_NAME 255u /* bytes */

/* The names of tw_item_kind, in its order. */
#define TW_PACKED_KINDS "file", "matrix", "rows", "vector"

static inline uint64_t tw_packed_aligned(uint64_t offset)
{
    return (offset + TW_PACKED_ALIGN - 1) / TW_PACKED_ALIGN * TW_PACKED_ALIGN;
}

/* 1 to TW_PACKED_MAX_NAME bytes of UTF-8 without control characters. */
static inline bool tw_packed_is_name(const char *name, size_t size)
{
    bool good = size >= 1 && size <= TW_PACKED_MAX_NAME;
    for (size_t at = 0; good && at < size;) {
        uint32_t code;
        at += tw_utf8_decode(name + at, size - at, &code);
        good = code != TW_UTF8_INVALID && code >= 0x20 && code != 0x7f;
    }
    return good;
}

/* The first version that has matrices of that element. */
static inline uint64_t tw_packed_version_of(tw_element element)
{
    return element == TW_ELEMENT_I8 ? 2 : 1;
}

/* Whether an item of this kind, other than a file, can have this layout. */
static inline bool tw_packed_layout_suits(tw_item_kind kind, const tw_layout *layout)
{
    tw_layout plain = tw_layout_plain(layout->element, layout->sizes[0], layout->sizes[1]);
    if (!tw_layout_valid(layout))
        return false;
    if (kind == TW_ITEM_VECTOR && (layout->element != TW_ELEMENT_F32 || layout->sizes[1] != 1))
        return false;
    if (kind == TW_ITEM_ROWS && layout->element == TW_ELEMENT_I8)
        return false;
    return kind == TW_ITEM_MATRIX || tw_layout_equal(layout, &plain);
}

#endif
