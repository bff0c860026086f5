/* SPDX-License-Identifier: Apache-2.0 */
/* The digests that tell checkpoints, and the vectors of sessions, apart. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "engine/engine.h"

/* A tensor up to this size is digested whole; of a larger one, PIECES evenly spaced pieces. */
#define WHOLE_BYTES 4096u
#define PIECES 16u
#define PIECE_BYTES (WHOLE_BYTES / PIECES)
#define MAX_FILE_BYTES ((size_t)256 << 20)

static const char *const files[] = {"config.json", "preprocessor_config.json", "tokenizer.json",       "vocab.json",
                                    "merges.txt",  "added_tokens.json",        "tokenizer_config.json"};

static tuwen_status add_file(tw_digest *digest, const tw_bundle *bundle, const char *name, tuwen_error *error)
{
    if (!tw_bundle_has(bundle, name))
        return TUWEN_OK;
    tw_bundle_file file;
    tuwen_status status = tw_bundle_read(bundle, name, MAX_FILE_BYTES, &file, error);
    if (status != TUWEN_OK)
        return status;
    tw_digest_add(digest, name, strlen(name) + 1);
    tw_digest_add(digest, file.bytes, file.size);
    tw_bundle_free(&file);
    return TUWEN_OK;
}

static void add_tensor(tw_digest *digest, const tw_tensor *tensor)
{
    const uint8_t *data = tensor->data;
    const char *dtype = tw_dtype_name(tensor->dtype);
    char shape[32];
    tw_digest_add(digest, tensor->name, strlen(tensor->name) + 1);
    tw_digest_add(digest, dtype, strlen(dtype) + 1);
    for (int i = 0; i < tensor->dimensions; i++) {
        int length = snprintf(shape, sizeof shape, "%lld,", (long long)tensor->shape[i]);
        tw_digest_add(digest, shape, (size_t)length);
    }
    if (tensor->bytes <= WHOLE_BYTES) {
        tw_digest_add(digest, data, tensor->bytes);
        return;
    }
    size_t step = (tensor->bytes - PIECE_BYTES) / (PIECES - 1);
    for (size_t i = 0; i < PIECES; i++)
        tw_digest_add(digest, data + i * step, PIECE_BYTES);
    tw_tensor_forget(tensor); /* a page that is touched brings its neighbours along, megabytes of them */
}

tuwen_status tw_fingerprint(const tw_bundle *bundle, const tw_weights *weights, char out[TW_FINGERPRINT_SIZE],
                            tuwen_error *error)
{
    tw_digest digest;
    tw_digest_open(&digest, TW_SHA256);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        tuwen_status status = add_file(&digest, bundle, files[i], error);
        if (status != TUWEN_OK)
            return status;
    }
    for (size_t i = 0; i < tw_weights_count(weights); i++)
        add_tensor(&digest, tw_weights_at(weights, i));
    char hex[TW_DIGEST_HEX];
    tw_digest_hex(&digest, hex);
    memcpy(out, hex, TW_FINGERPRINT_SIZE - 1);
    out[TW_FINGERPRINT_SIZE - 1] = '\0';
    return TUWEN_OK;
}

static void add_text(tw_digest *digest, const char *text)
{
    tw_digest_add(digest, text, strlen(text) + 1);
}

void tw_session_digest(const tuwen_model *model, const tuwen_session_options *options, char out[TW_FINGERPRINT_SIZE])
{
    const tw_settings *settings = &model->settings;
    tw_digest digest;
    char numbers[160];
    tw_digest_open(&digest, TW_SHA256);
    add_text(&digest, "tuwen session 1");
    add_text(&digest, model->fingerprint);
    add_text(&digest, model->info.precision);
    (void)snprintf(numbers, sizeof numbers, "%d %d %d %d %d %d %d %d", options->image_tokens_min,
                   options->image_tokens_max, options->max_length, (int)options->exif, options->raw_special,
                   settings->mrope, (int)settings->pooling, settings->resizes);
    add_text(&digest, numbers);
    for (int kind = 0; kind < TW_KINDS; kind++) {
        add_text(&digest, settings->prompt[kind]);
        add_text(&digest, settings->instruction[kind]);
    }
    char hex[TW_DIGEST_HEX];
    tw_digest_hex(&digest, hex);
    memcpy(out, hex, TW_FINGERPRINT_SIZE - 1);
    out[TW_FINGERPRINT_SIZE - 1] = '\0';
}

void tw_session_exact_digest(const tuwen_model *model, const char *space, char out[TW_FINGERPRINT_SIZE])
{
    tw_digest digest;
    char text[512];
    tw_digest_open(&digest, TW_SHA256);
    add_text(&digest, "tuwen exact " TW_COMPUTATION);
    add_text(&digest, space);
    add_text(&digest, tuwen_version());
    add_text(&digest, model->packed ? tw_packed_sum(model->packed) : "");
    tw_machine_name(model->machine, text, sizeof text);
    add_text(&digest, text);
    (void)snprintf(text, sizeof text, "%d %d %d", tw_machine_multiplies(model->machine, TW_ELEMENT_BF16),
                   tw_machine_multiplies(model->machine, TW_ELEMENT_I8), tw_machine_int8_most(model->machine));
    add_text(&digest, text);
    text[tw_image_describe(text, sizeof text - 1)] = '\0';
    add_text(&digest, text);
    char hex[TW_DIGEST_HEX];
    tw_digest_hex(&digest, hex);
    memcpy(out, hex, TW_FINGERPRINT_SIZE - 1);
    out[TW_FINGERPRINT_SIZE - 1] = '\0';
}
