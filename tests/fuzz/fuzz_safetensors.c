/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a weight file. */
#include <stddef.h>
#include <stdint.h>

#include "formats/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tuwen_error error = {.language = size % 2 ? TUWEN_CHINESE : TUWEN_ENGLISH};
    (void)tw_safetensors_check(data, size, "model.safetensors", &error);
    return 0;
}
