/* SPDX-License-Identifier: Apache-2.0 */
/* Reads tag 0x0112 of an EXIF block (TIFF 6.0 layout) and applies it, as Pillow's ImageOps.exif_transpose does. */
#include "image/exif.h"

#include <string.h>

#include "base/memory.h"

enum { ORIENTATION_TAG = 0x0112, TYPE_SHORT = 3, TYPE_LONG = 4, ENTRY_SIZE = 12 };

static uint32_t read_number(const uint8_t *at, int length, bool big_endian)
{
    uint32_t value = 0;
    for (int i = 0; i < length; i++)
        value = value << 8 | at[big_endian ? i : length - 1 - i];
    return value;
}

int tw_exif_orientation(const uint8_t *block, size_t size)
{
    if (size >= 6 && memcmp(block, "Exif\0", 6) == 0) {
        block += 6;
        size -= 6;
    }
    if (size < 8 || (memcmp(block, "II*\0", 4) != 0 && memcmp(block, "MM\0*", 4) != 0))
        return 1;
    bool big_endian = block[0] == 'M';
    size_t directory = read_number(block + 4, 4, big_endian);
    if (directory > size - 2)
        return 1;
    size_t entries = read_number(block + directory, 2, big_endian);
    if (entries > (size - directory - 2) / ENTRY_SIZE)
        entries = (size - directory - 2) / ENTRY_SIZE;
    for (size_t i = 0; i < entries; i++) {
        const uint8_t *entry = block + directory + 2 + i * ENTRY_SIZE;
        if (read_number(entry, 2, big_endian) != ORIENTATION_TAG)
            continue;
        uint32_t type = read_number(entry + 2, 2, big_endian);
        if ((type != TYPE_SHORT && type != TYPE_LONG) || read_number(entry + 4, 4, big_endian) != 1)
            return 1;
        uint32_t orientation = read_number(entry + 8, type == TYPE_SHORT ? 2 : 4, big_endian);
        return orientation >= 1 && orientation <= 8 ? (int)orientation : 1;
    }
    return 1;
}

bool tw_picture_orient(tw_picture *picture, int orientation)
{
    if (orientation <= 1 || orientation > 8)
        return true;
    /* Whether rows become columns, and whether the result runs against the source's columns or rows. */
    bool swap = orientation >= 5;
    bool mirror_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool mirror_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    size_t width = (size_t)picture->width, height = (size_t)picture->height;
    uint8_t *turned = tw_alloc(width * height, 3);
    if (!turned)
        return false;
    size_t new_width = swap ? height : width, new_height = swap ? width : height;
    uint8_t *out = turned;
    for (size_t y = 0; y < new_height; y++)
        for (size_t x = 0; x < new_width; x++, out += 3) {
            size_t from_x = swap ? y : x, from_y = swap ? x : y;
            if (mirror_x)
                from_x = width - 1 - from_x;
            if (mirror_y)
                from_y = height - 1 - from_y;
            memcpy(out, picture->rgb + (from_y * width + from_x) * 3, 3);
        }
    tw_free(picture->rgb);
    *picture = (tw_picture){.width = (int)new_width, .height = (int)new_height, .rgb = turned};
    return true;
}
