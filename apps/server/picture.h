/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures as they come in JSON: base64 and data URLs, into bytes; and texts that are such by mistake. */
#ifndef TUWEN_SERVER_PICTURE_H
#define TUWEN_SERVER_PICTURE_H

#include "call.h"

/* The bytes of a picture given as base64 or a data URL, from malloc; NULL with a refusal that names `param`. */
unsigned char *picture_read(value given, size_t *size, const struct terms *terms, const char *param,
                            struct refusal *refusal);

/* Whether a text is a data URL of a picture, or base64 that decodes to the beginning of a picture file. */
bool picture_is_text(const char *text, size_t size);

/* Decodes base64 with or without padding at its end, line ends skipped, in the usual alphabet or that of addresses. Returns
 * how many bytes, `*bad` being `size` or the place of the first character that is wrong. `out` holds size / 4 * 3 + 3. */
size_t base64_decode(const char *text, size_t size, unsigned char *out, size_t *bad);

#endif
