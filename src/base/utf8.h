/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, one character at a time. */
#ifndef TW_BASE_UTF8_H
#define TW_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define TW_UTF8_INVALID UINT32_MAX /* in place of a code point: the bytes are not UTF-8 */
#define TW_UTF8_REPLACEMENT 0xfffdu

/*
 * Reads the character at the start of `size` >= 1 bytes; returns how many bytes it takes and writes its code point.
 * For ill-formed bytes that is TW_UTF8_INVALID and the length of the maximal subpart (Unicode, table 3-7): what
 * Python's errors="replace" turns into one U+FFFD.
 */
size_t tw_utf8_decode(const char *bytes, size_t size, uint32_t *code);

/* Writes the one to four bytes of a Unicode scalar value; returns how many. */
size_t tw_utf8_encode(uint32_t code, char bytes[4]);

#endif
