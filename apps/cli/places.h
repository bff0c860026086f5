/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are: beside the binary, in the installation, in the user's folders. And what is done with folders. */
#ifndef TUWEN_CLI_PLACES_H
#define TUWEN_CLI_PLACES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* Writes "folder/name" followed by `ending`; false if that is too long. */
bool path_join(char path[PATH_MAX], const char *folder, const char *name, const char *ending);

/* The last part of a path, slashes at its end aside, cut to `size`. */
void path_last_part(char *name, unsigned size, const char *path);

/* Replaces the home folder in front of a path by ~, for people. */
void path_for_people(char shown[PATH_MAX], const char *path);

/* Resolves `path`, and shortens what lies below the current folder. */
void path_tidy(char path[PATH_MAX]);

/* Whether `folder` has an entry of that name. */
bool folder_has(const char *folder, const char *name);

/* Makes a folder with all above it; false and errno on failure. */
bool folder_make(const char *folder);

/* Removes a file, a link, or a folder with all that is in it; links are not followed. False and errno on failure; what
 * is not there is no failure. */
bool tree_remove(const char *path);

/* The same for a folder, whose entry `last` goes after all others. */
bool tree_remove_last(const char *path, const char *last);

/* Bytes of the files in a folder, without those of folders in it; links are followed. */
uint64_t folder_bytes(const char *folder);

/* Copies the files of a folder into another new one, links as the files that they name. False and errno on failure. */
bool folder_copy(const char *from, const char *to);

/* Whether this binary is the one in the Python package, beside which there are no other programs. */
bool place_is_python_package(void);

/* The checkpoint that ships: beside the source tree when the binary runs from its build folder, in the Python package
 * when it runs from there, else in the data folder of the installation, which may have been moved as a whole. */
bool place_of_shipped_model(char path[PATH_MAX]);

/* A program of tuwen's that is not for people, such as "tuwen-fetch": beside the binary in a build folder, else in the
 * installation, which may have been moved as a whole. False if it is not there, as always in the Python package; `path` says
 * then where it belongs. */
bool place_of_program(const char *name, char path[PATH_MAX]);

#endif
