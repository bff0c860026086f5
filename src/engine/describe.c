/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about this build and this machine, in words. */
#include <stdio.h>

#include "engine/engine.h"

#define TEXT(number) #number
#define NUMBER(number) TEXT(number)

const char *tuwen_version(void)
{
    return NUMBER(TUWEN_VERSION_MAJOR) "." NUMBER(TUWEN_VERSION_MINOR) "." NUMBER(TUWEN_VERSION_PATCH);
}

size_t tuwen_describe_build(const char *isa, tuwen_language language, char *buffer, size_t size)
{
    char machine[1024];
    tw_machine_describe(isa, language, machine, sizeof machine);
    char pictures[512];
    pictures[tw_image_describe(pictures, sizeof pictures - 1)] = '\0';
    int length = snprintf(buffer, size, "%s%s", machine, pictures);
    return length > 0 ? (size_t)length : 0;
}

void tuwen_prepare_fork(void)
{
    tw_machine_rest();
}
