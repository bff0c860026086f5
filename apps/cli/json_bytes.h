/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of JSON made of bytes that may be no UTF-8, such as names of files. */
#ifndef TUWEN_CLI_JSON_BYTES_H
#define TUWEN_CLI_JSON_BYTES_H

#include "buffer.h"

/* With its quotes; a broken byte becomes U+FFFD. */
void json_bytes(struct buffer *buffer, const char *text, size_t size);

#endif
