/* SPDX-License-Identifier: Apache-2.0 */
/* The orientation that a camera noted, and turning a picture accordingly. */
#ifndef TW_IMAGE_EXIF_H
#define TW_IMAGE_EXIF_H

#include "image/image.h"

/* The orientation (1..8) in an EXIF block, with or without its "Exif\0\0" prefix; 1 when there is none or the block is
 * damaged. */
int tw_exif_orientation(const uint8_t *block, size_t size);

/* Turns and mirrors the picture so that a picture of this orientation (1..8) stands upright. False when memory is out
 * (the picture stays). */
bool tw_picture_orient(tw_picture *picture, int orientation);

#endif
