/* SPDX-License-Identifier: Apache-2.0 */
/* The digest that tells checkpoints apart. */
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "engine/engine.h"

/* A tensor up to this size is digested whole; of a larger one, PIECES evenly spaced pieces. */
#define WHOLE_BYTES 4096u
#define PIECES 16u
#define PIECE_BYTES (WHOLE_BYTES / PIECES)

static const char *const files[] = {"config.json", "preprocessor_config.json", "tokenizer.json",       "vocab.json",
                                    "merges.txt",  "added_tokens.json",        "tokenizer_config.json"};

static tuwen_status add_file(struct sha256_ctx *digest, const char *folder, const char *name, tuwen_error *error)
{
    char *path = tw_path_join(folder, name);
    if (!path)
        return tw_fail_memory(error, name);
    tuwen_status status = TUWEN_OK;
    if (tw_file_exists(path)) {
        tw_map map;
        status = tw_map_open(path, &map, error);
        if (status == TUWEN_OK) {
            sha256_update(digest, strlen(name) + 1, (const uint8_t *)name);
            if (map.size)
                sha256_update(digest, map.size, map.data);
        }
        tw_map_close(&map);
    }
    tw_free(path);
    return status;
}

static void add_tensor(struct sha256_ctx *digest, const tw_tensor *tensor)
{
    const uint8_t *data = tensor->data;
    const char *dtype = tw_dtype_name(tensor->dtype);
    char shape[32];
    sha256_update(digest, strlen(tensor->name) + 1, (const uint8_t *)tensor->name);
    sha256_update(digest, strlen(dtype) + 1, (const uint8_t *)dtype);
    for (int i = 0; i < tensor->dimensions; i++) {
        int length = snprintf(shape, sizeof shape, "%lld,", (long long)tensor->shape[i]);
        sha256_update(digest, (size_t)length, (const uint8_t *)shape);
    }
    if (tensor->bytes <= WHOLE_BYTES) {
        if (tensor->bytes)
            sha256_update(digest, tensor->bytes, data);
        return;
    }
    size_t step = (tensor->bytes - PIECE_BYTES) / (PIECES - 1);
    for (size_t i = 0; i < PIECES; i++)
        sha256_update(digest, PIECE_BYTES, data + i * step);
}

tuwen_status tw_fingerprint(const char *folder, const tw_weights *weights, char out[TW_FINGERPRINT_SIZE],
                            tuwen_error *error)
{
    struct sha256_ctx digest;
    sha256_init(&digest);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        tuwen_status status = add_file(&digest, folder, files[i], error);
        if (status != TUWEN_OK)
            return status;
    }
    for (size_t i = 0; i < tw_weights_count(weights); i++)
        add_tensor(&digest, tw_weights_at(weights, i));
    uint8_t sum[SHA256_DIGEST_SIZE];
    sha256_digest(&digest, sizeof sum, sum);
    for (size_t i = 0; i < (TW_FINGERPRINT_SIZE - 1) / 2; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
    return TUWEN_OK;
}
