/* SPDX-License-Identifier: Apache-2.0 */
/* Reading golden files in tests. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "golden.h"
#include "testing.h"

const char *golden_path(const char *relative)
{
    static _Thread_local char path[1024]; /* the cache is tested from several threads */
    const char *folder = getenv("TUWEN_GOLDEN_DIR");
    (void)snprintf(path, sizeof path, "%s/%s", folder ? folder : GOLDEN_DIR, relative);
    return path;
}

char *golden_file(const char *relative, size_t *size)
{
    char *data = NULL;
    tuwen_error error = {0};
    if (tw_file_read(golden_path(relative), (size_t)1 << 28, &data, size, &error) != TUWEN_OK)
        fail_msg("%s", error.message);
    return data;
}

float *golden_npy(const char *relative, size_t *count)
{
    size_t size = 0;
    char *data = golden_file(relative, &size);
    assert_true(size > 10 && memcmp(data, "\x93NUMPY\x01", 7) == 0);
    size_t header = 10 + (size_t)(unsigned char)data[8] + 256 * (size_t)(unsigned char)data[9];
    assert_true(header <= size && strstr(data + 10, "'<f4'") && strstr(data + 10, "'fortran_order': False"));
    *count = (size - header) / sizeof(float);
    float *values = tw_alloc(*count, sizeof *values);
    assert_non_null(values);
    memcpy(values, data + header, *count * sizeof *values);
    tw_free(data);
    return values;
}

float *golden_floats(tw_json_value list, size_t *count)
{
    *count = tw_json_count(list);
    float *values = tw_alloc(*count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < *count; i++)
        values[i] = (float)tw_json_number(tw_json_element(list, i), 0);
    return values;
}

double golden_difference(const float *a, const float *b, size_t count)
{
    /* fmax would pass over NaN, and gcc 12 for aarch64 dies of an internal error when it vectorises fmax here. */
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)a[i] - (b ? (double)b[i] : 0));
        if (!(difference <= worst) && !isnan(worst))
            worst = difference;
    }
    return worst;
}
