/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 after table 3-7 of the Unicode standard. */
#include "base/utf8.h"

size_t tw_utf8_decode(const char *bytes, size_t size, uint32_t *code)
{
    const unsigned char *at = (const unsigned char *)bytes;
    unsigned lead = at[0];
    *code = lead;
    if (lead < 0x80)
        return 1;
    *code = TW_UTF8_INVALID;
    if (lead < 0xc2 || lead > 0xf4)
        return 1;
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    /* The second byte's range is narrower after these four: no overlong forms, surrogates or values above U+10FFFF. */
    unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    uint32_t value = lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (i >= size || at[i] < low || at[i] > high)
            return i;
        value = value << 6 | (at[i] & 0x3fu);
        low = 0x80;
        high = 0xbf;
    }
    *code = value;
    return length;
}

size_t tw_utf8_encode(uint32_t code, char bytes[4])
{
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    bytes[0] = (char)((0xf00u >> length & 0xf0u) | code);
    return length;
}
