/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, by both readers: what one accepts the other accepts too, but for the known differences (the tree refuses NUL in
 * keys and reals too large for a double, the forward reader nesting beyond 64 levels). All values are then visited.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/json.h"
#include "formats/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t visit(tw_json_value value)
{
    size_t length = 0;
    const char *string = tw_json_string(value, &length);
    uint64_t sum = (uint64_t)tw_json_integer(value, 1) + tw_json_boolean(value, false) + tw_json_absent(value) +
                   (tw_json_number(value, 0) > 1);
    for (size_t i = 0; i < length; i++)
        sum += (unsigned char)string[i];
    if (tw_json_is_array(value))
        for (size_t i = 0; i < tw_json_count(value); i++)
            sum += visit(tw_json_element(value, i));
    size_t members = 0;
    for (tw_json_walk walk = {0}; tw_json_next(value, &walk); members++) {
        if (walk.value.node != tw_json_member(value, walk.key).node || strlen(walk.key) != walk.key_length)
            abort();
        sum += visit(walk.value);
    }
    if (tw_json_is_object(value) && members != tw_json_count(value))
        abort();
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    tuwen_error parse_error = {0};
    tuwen_error scan_error = {0};
    tw_json *json = NULL;
    bool parsed = tw_json_parse(bytes, size, "file", &json, &parse_error) == TUWEN_OK;
    if (parsed)
        (void)visit(tw_json_root(json));
    tw_json_close(json);

    tw_json_scan scan;
    tw_json_scan_start(&scan, bytes, size);
    bool container = scan.at < scan.end && (*scan.at == '[' || *scan.at == '{');
    tw_json_span span = tw_json_scan_value(&scan);
    bool scanned = tw_json_scan_end(&scan, "file", &scan_error) == TUWEN_OK;
    if (scanned && (span.size == 0 || span.bytes < bytes || span.bytes + span.size > bytes + size))
        abort();

    if (parsed && !scanned && !strstr(scan_error.message, "nested too deeply"))
        abort();
    if (scanned && container && !parsed && !strstr(parse_error.message, "NUL byte") &&
        !strstr(parse_error.message, "overflow"))
        abort();
    if ((!parsed && !parse_error.message[0]) || (!scanned && !scan_error.message[0]))
        abort();
    return 0;
}
