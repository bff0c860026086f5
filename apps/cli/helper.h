/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tuwen-fetch, the only program of tuwen that opens connections, and reads what it says: lines on its standard
 * output, a word and fields separated by tabs.
 */
#ifndef TUWEN_CLI_HELPER_H
#define TUWEN_CLI_HELPER_H

#include <stdbool.h>
#include <stddef.h>

enum { HELPER_FIELDS = 8 };

struct helper {
    /* One line: field 0 is its word. Fields that the line lacks are empty. */
    void (*on_line)(void *user, const char *const fields[HELPER_FIELDS]);
    /* Called when nothing was said for a second. */
    void (*on_silence)(void *user);
    void *user;
};

/*
 * Runs the program with these arguments (ending with NULL) until it ends. Ctrl-C reaches it too, as it belongs to the
 * same group; it does not outlive us. Returns its exit code (128 + number if a signal ended it), or -1 after a complaint
 * that it could not be started.
 */
int helper_run(const struct helper *helper, const char *const *arguments);

/* Complains that the program is not at the place `path`, or that the Python package has none. */
void helper_complain_missing(const char *path);

#endif
