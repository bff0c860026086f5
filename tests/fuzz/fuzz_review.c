/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `tuwen review` reads besides its input: the ends of rows in a file of results, which anybody may have changed, and
 * pictures in data: URLs. The first byte chooses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "picture_source.h"
#include "review.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_row(enum record_format to, char delimiter, const char *end, size_t size)
{
    const struct review_layout layout = {.from = to, .to = to, .delimiter = delimiter};
    struct review_result result;
    if (!review_row_read(&layout, end, size, &result))
        return;
    bool inside = result.status >= end && result.status + result.status_size <= end + size;
    if (result.status && !inside)
        abort();
    if (!result.status && (result.verdict.band < TUWEN_BAND_MISMATCH || result.verdict.band > TUWEN_BAND_VERY_HIGH))
        abort();
}

static void read_url(const char *text, size_t size)
{
    static struct picture_source source;
    struct input_error error;
    struct bytes bytes;
    char *url = malloc(size + 32);
    if (!url)
        return;
    size_t length = (size_t)snprintf(url, 32, "data:image/png;base64,");
    if (size)
        memcpy(url + length, text, size);
    url[length + size] = '\0';
    if (!picture_source_find(&source, "", url, &error) || source.kind != PICTURE_DATA)
        abort();
    if (picture_source_read(&source, 1000, &bytes, &error)) {
        if (bytes.size == 0 || bytes.size > 1003 || bytes.size > (size + 3) / 4 * 3)
            abort();
        bytes_free(&bytes);
    } else if (!error.status || bytes.data) {
        abort();
    }
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *rest = (const char *)data + 1;
    switch (data[0] & 3) {
    case 0:
        read_row(RECORD_CSV, ',', rest, size - 1);
        break;
    case 1:
        read_row(RECORD_TSV, '\t', rest, size - 1);
        break;
    case 2:
        read_row(RECORD_JSONL, ',', rest, size - 1);
        break;
    default:
        read_url(rest, size - 1);
    }
    return 0;
}
