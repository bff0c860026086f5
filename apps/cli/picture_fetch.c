/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of the network, which tuwen-fetch gets into a file that is removed again at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper.h"
#include "messages.h"
#include "options.h"
#include "picture_source.h"

/* The largest answer that tuwen-fetch takes, and the longest time for one. */
#define FETCH_BYTES (1ull << 30)
#define FETCH_SECONDS "30"

/* What tuwen-fetch said last of an error. */
static void on_line(void *user, const char *const fields[HELPER_FIELDS])
{
    static const char *const kinds[] = {"NOT_FOUND", "LIMIT", "INVALID_ARGUMENT", "OUT_OF_MEMORY"};
    struct input_error *error = user;
    if (strcmp(fields[0], "error") != 0)
        return;
    error->status = "IO";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(fields[2], kinds[i]) == 0)
            error->status = kinds[i];
    snprintf(error->message, sizeof error->message, "%s", fields[1]);
}

static bool run(const char *address, const char *into, uint64_t limit, struct input_error *error)
{
    char most[32];
    struct input_error said = {.status = "IO"};
    const struct helper helper = {.on_line = on_line, .user = &said};
    snprintf(most, sizeof most, "%llu", (unsigned long long)(limit < FETCH_BYTES ? limit : FETCH_BYTES));
    const char *language = messages_language() == TUWEN_CHINESE ? "zh" : "en";
    const char *const arguments[] = {
        "tuwen-fetch",   "get",         address,    "--into", into,     "--max-bytes", most,
        "--max-seconds", FETCH_SECONDS, "--public", "--lang", language, NULL};
    if (helper_run(&helper, arguments) == 0)
        return true;
    error->status = said.status;
    if (*said.message)
        message_format(error->message, sizeof error->message, SAY_INPUT_FAILED, WITH(address, said.message));
    else
        message_format(error->message, sizeof error->message, SAY_CARD_NOT_FETCHED, WITH(address));
    return false;
}

bool picture_source_fetch(const struct picture_source *source, uint64_t limit, struct bytes *bytes,
                          struct input_error *error)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_MAX];
    *bytes = (struct bytes){0};
    int length = snprintf(path, sizeof path, "%s/tuwen.XXXXXX", folder && *folder ? folder : "/tmp");
    int file = length < PATH_MAX ? mkstemp(path) : -1;
    if (file < 0) {
        error->status = "IO";
        message_format(error->message, sizeof error->message, SAY_WRITE_ERROR,
                       WITH(path, reason_of(length < PATH_MAX ? errno : ENAMETOOLONG)));
        return false;
    }
    close(file);
    bool good = run(source->given, path, limit, error) && input_read_picture(path, limit, bytes, error);
    unlink(path);
    return good;
}
