/* SPDX-License-Identifier: Apache-2.0 */
/* Small files that the server is started with: keys, certificates. */
#ifndef TUWEN_SERVER_SMALL_FILE_H
#define TUWEN_SERVER_SMALL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "tuwen/tuwen.h"

/* The bytes, from malloc, with a NUL behind them; NULL with a sentence. A secret must not be readable by everybody. */
char *small_file_read(const char *path, bool secret, size_t *size, tuwen_language language, char *why,
                      unsigned why_size);

#endif
