/* SPDX-License-Identifier: Apache-2.0 */
/* Where the cache of vectors is, how large it may be, and opening it for a run. */
#ifndef TUWEN_CLI_CACHE_H
#define TUWEN_CLI_CACHE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "tuwen/cache.h"

enum cache_place {
    CACHE_OFF,     /* TUWEN_CACHE is "off" or empty */
    CACHE_NOWHERE, /* neither TUWEN_CACHE nor XDG_CACHE_HOME nor HOME says where */
    CACHE_AT
};

/* The file: TUWEN_CACHE, else $XDG_CACHE_HOME/tuwen/vectors.sqlite, else ~/.cache/tuwen/vectors.sqlite. */
enum cache_place cache_place(char path[PATH_MAX]);

/* Options for opening it: the size of TUWEN_CACHE_SIZE, remarks as remarks of the command. False, with a complaint, if that
 * is no size. */
bool cache_options(tuwen_cache_options *options);

/* Opens the cache for a command that embeds. NULL, with a remark unless the user wants none, when that cannot be. */
tuwen_cache *cache_open_for_run(void);

#endif
