/* SPDX-License-Identifier: Apache-2.0 */
/* The user's profiles: files NAME.json in $XDG_CONFIG_HOME/tuwen/profiles (else ~/.config/tuwen/profiles); and the one that
 * comes with a checkpoint, profile.json in its folder. */
#ifndef TUWEN_CLI_PROFILES_H
#define TUWEN_CLI_PROFILES_H

#include <limits.h>
#include <stdbool.h>

#include "checkpoint.h"
#include "tuwen/profile.h"

/* Where a profile of that name lies or would lie: a word with a slash or ".json" at its end is a path. Complains and
 * returns false if it cannot be a name. */
bool profiles_path(const char *word, char path[PATH_MAX]);

/* Makes the folder that `path` is in. Complains and returns false on failure. */
bool profiles_make_folder(const char *path);

/*
 * Opens what --profile says, and sees that it fits the checkpoint and the instruction of the texts (may be NULL); with
 * nothing said, the checkpoint's own if that fits, else `*profile` is NULL; "none" says so too. Complains and returns an exit code.
 */
int profiles_open(const struct cli *cli, const struct checkpoint *checkpoint, const char *instruction,
                  tuwen_profile **profile);

/* Prints the user's profiles, as a table or as JSON; returns an exit code. */
int profiles_list(const struct cli *cli);

#endif
