/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the installed library, as small as can be: see install.sh. */
#include <stdio.h>
#include <string.h>
#include <tuwen/tuwen.h>

int main(int argc, char **argv)
{
    if (argc != 2 || strcmp(tuwen_version(), argv[1]) != 0) {
        fprintf(stderr, "the library says it is version %s\n", tuwen_version());
        return 1;
    }
    tuwen_error error = {.language = TUWEN_CHINESE};
    tuwen_model *model = NULL;
    tuwen_status status = tuwen_model_open("/nonexistent", NULL, &model, &error);
    if (status != TUWEN_NOT_FOUND || model || !strstr(error.message, "/nonexistent")) {
        fprintf(stderr, "opening nothing gave %s: %s\n", tuwen_status_name(status), error.message);
        return 1;
    }
    printf("%s: %s\n", tuwen_status_text(status, TUWEN_CHINESE), error.message);
    tuwen_model_close(model);
    return 0;
}
