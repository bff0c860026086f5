/* SPDX-License-Identifier: Apache-2.0 */
/* Reading golden files in tests: whole files, f32 arrays from .npy, float lists from JSON. Failures end the test. */
#ifndef TEST_GOLDEN_H
#define TEST_GOLDEN_H

#include <stddef.h>

#include "formats/json.h"

/* The golden folder (tests/golden, or TUWEN_GOLDEN_DIR) plus `relative`, in static storage that the next call overwrites. */
const char *golden_path(const char *relative);

/* A whole golden file; free with tw_free. */
char *golden_file(const char *relative, size_t *size);

/* A C-ordered f32 .npy file: its values (free with tw_free) and how many. */
float *golden_npy(const char *relative, size_t *count);

/* The numbers of a JSON list as floats; free with tw_free. */
float *golden_floats(tw_json_value list, size_t *count);

/* The largest difference between two vectors (`b` may be NULL for zeros); NaN if one is in them. */
double golden_difference(const float *a, const float *b, size_t count);

#endif
