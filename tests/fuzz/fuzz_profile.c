/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: what is accepted gives probabilities and bands, whatever it says. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tuwen/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tuwen_profile *profile = NULL;
    if (tuwen_profile_parse((const char *)data, size, "profile.json", &profile, NULL) != TUWEN_OK)
        return 0;
    float *vector = calloc(tuwen_profile_get_info(profile)->dimension, sizeof *vector);
    if (!vector)
        abort();
    vector[0] = 1;
    for (int i = 0; i < 6; i++) {
        const tuwen_profile_pair pair = {.cosine = (float)(i / 3) - 1,
                                         .picture_level = tuwen_profile_picture_level(profile, vector),
                                         .text_level = tuwen_profile_text_level(profile, vector),
                                         .language = i % 2 ? TUWEN_CHINESE : TUWEN_ENGLISH};
        float match = tuwen_profile_match(profile, &pair);
        if (!(match >= 0 && match <= 1) || tuwen_profile_band(profile, match) > TUWEN_BAND_VERY_HIGH)
            abort();
    }
    free(vector);
    tuwen_profile_close(profile);
    return 0;
}
