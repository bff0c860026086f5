/* SPDX-License-Identifier: Apache-2.0 */
/* config.json. */
#include <stddef.h>
#include <stdint.h>

#include "model/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tw_config config;
    tuwen_error error = {0};
    (void)tw_config_parse((const char *)data, size, "config.json", &config, &error);
    return 0;
}
