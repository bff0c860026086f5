/* SPDX-License-Identifier: Apache-2.0 */
/* The profiles that judge: those of --profile, which requests choose from by name, or else the checkpoint's own. */
#ifndef TUWEN_SERVER_PROFILES_H
#define TUWEN_SERVER_PROFILES_H

#include "buffer.h"
#include "json.h"
#include "tuwen/profile.h"

/* The word for judging by no profile. */
#define NO_PROFILE "none"

struct profiles {
    tuwen_profile **items; /* [count], in the order of the command line */
    size_t count;
    const tuwen_profile *usual; /* of requests that name none; NULL: they are judged by none */
    bool said;                  /* by --profile */
};

/* What the profiles must fit, and where the checkpoint is whose own may be taken. */
struct profiles_for {
    const char *model; /* path */
    const char *space, *instruction;
    tuwen_language language;
    tuwen_log_function log; /* why the checkpoint's own, though it is there, cannot be read */
    void *log_user;
};

/*
 * Opens the profiles of these paths, of which NO_PROFILE is one; the first is the usual one. Each must be there, fit, and have a
 * name of its own. Without any path it is the checkpoint's own, if that is there and fits. Close in any case.
 */
tuwen_status profiles_open(struct profiles *profiles, const char *const *paths, size_t count,
                           const struct profiles_for *wanted, tuwen_error *error);
void profiles_close(struct profiles *profiles);

/* Finds the one that a request names (a KIND_TEXT); NO_PROFILE is found as NULL. False if there is none of that name. */
bool profiles_find(const struct profiles *profiles, value name, const tuwen_profile **found);

/* Their names as a list of JSON. */
void profiles_write(const struct profiles *profiles, struct buffer *body);

#endif
