/* SPDX-License-Identifier: Apache-2.0 */
/* The profiles that judge: those of --profile, which requests choose from by name, or else the checkpoint's own. */
#include "profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *name_of(const tuwen_profile *profile)
{
    return tuwen_profile_get_info(profile)->name;
}

/* Adds a profile to those that there are, for which there is room. */
static tuwen_status add(struct profiles *profiles, const char *path, const struct profiles_for *wanted,
                        tuwen_error *error)
{
    tuwen_profile **profile = &profiles->items[profiles->count];
    tuwen_status status = tuwen_profile_open(path, profile, error);
    if (status != TUWEN_OK)
        return status;
    profiles->count++;
    return tuwen_profile_check(*profile, wanted->space, wanted->instruction, error);
}

/* Requests choose by name: each must have its own, and none that of choosing none. */
static tuwen_status check_names(const struct profiles *profiles, tuwen_language language, tuwen_error *error)
{
    for (size_t i = 0; i < profiles->count; i++) {
        const char *name = name_of(profiles->items[i]);
        bool taken = strcmp(name, NO_PROFILE) == 0;
        for (size_t j = 0; j < i && !taken; j++)
            taken = strcmp(name, name_of(profiles->items[j])) == 0;
        if (!taken)
            continue;
        snprintf(error->message, sizeof error->message,
                 language == TUWEN_CHINESE
                     ? "--profile：名为 %s 的校准档案不止一个，请求无法区分"
                     : "--profile: more than one profile is called %s, and requests choose by name",
                 name);
        return TUWEN_INVALID_ARGUMENT;
    }
    return TUWEN_OK;
}

/* The checkpoint's own is for its usual settings: with others it says nothing. */
static void add_own(struct profiles *profiles, const struct profiles_for *wanted)
{
    char path[4096];
    tuwen_error error = {.language = wanted->language};
    int size = snprintf(path, sizeof path, "%s/profile.json", wanted->model);
    if (size >= (int)sizeof path || access(path, F_OK) != 0 || add(profiles, path, wanted, &error) == TUWEN_OK)
        return;
    if (profiles->count == 0) /* it could not be opened; one that does not fit is counted */
        wanted->log(wanted->log_user, error.message);
    profiles_close(profiles);
}

tuwen_status profiles_open(struct profiles *profiles, const char *const *paths, size_t count,
                           const struct profiles_for *wanted, tuwen_error *error)
{
    tuwen_status status = TUWEN_OK;
    *profiles = (struct profiles){.said = count > 0};
    profiles->items = calloc(count + 1, sizeof(tuwen_profile *));
    if (!profiles->items) {
        snprintf(error->message, sizeof error->message, "%s",
                 tuwen_status_text(TUWEN_OUT_OF_MEMORY, wanted->language));
        return TUWEN_OUT_OF_MEMORY;
    }
    for (size_t i = 0; i < count && status == TUWEN_OK; i++)
        if (strcmp(paths[i], NO_PROFILE) != 0)
            status = add(profiles, paths[i], wanted, error);
    if (status == TUWEN_OK)
        status = check_names(profiles, wanted->language, error);
    if (count == 0)
        add_own(profiles, wanted);
    bool none = profiles->count == 0 || (count > 0 && strcmp(paths[0], NO_PROFILE) == 0);
    profiles->usual = none ? NULL : profiles->items[0];
    return status;
}

void profiles_close(struct profiles *profiles)
{
    for (size_t i = 0; i < profiles->count; i++)
        tuwen_profile_close(profiles->items[i]);
    free(profiles->items);
    *profiles = (struct profiles){0};
}

bool profiles_find(const struct profiles *profiles, value name, const tuwen_profile **found)
{
    *found = NULL;
    if (value_is(name, NO_PROFILE))
        return true;
    for (size_t i = 0; i < profiles->count && !*found; i++)
        if (value_is(name, name_of(profiles->items[i])))
            *found = profiles->items[i];
    return *found != NULL;
}

void profiles_write(const struct profiles *profiles, struct buffer *body)
{
    buffer_text(body, "[");
    for (size_t i = 0; i < profiles->count; i++) {
        buffer_text(body, i ? "," : "");
        buffer_json(body, name_of(profiles->items[i]), strlen(name_of(profiles->items[i])));
    }
    buffer_text(body, "]");
}
