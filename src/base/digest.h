/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and SHA-1 sums, through nettle. */
#ifndef TW_BASE_DIGEST_H
#define TW_BASE_DIGEST_H

#include <stdalign.h>
#include <stddef.h>

typedef enum tw_digest_kind { TW_SHA256, TW_SHA1 } tw_digest_kind;

/* A sum being made. Plain memory: needs no closing. */
typedef struct tw_digest {
    tw_digest_kind kind;
    alignas(16) unsigned char state[128];
} tw_digest;

/* 64 hexadecimal digits of SHA-256 (40 of SHA-1) and a NUL. */
#define TW_DIGEST_HEX 65

void tw_digest_open(tw_digest *digest, tw_digest_kind kind);

/* `data` may be NULL when `size` is 0. */
void tw_digest_add(tw_digest *digest, const void *data, size_t size);

/* Writes the sum in lower-case digits and starts anew. */
void tw_digest_hex(tw_digest *digest, char hex[TW_DIGEST_HEX]);

/* The same as bytes, of SHA-256 only. */
#define TW_SHA256_SIZE 32
void tw_digest_bytes(tw_digest *digest, unsigned char sum[TW_SHA256_SIZE]);

/* The SHA-256 sum of one block. */
void tw_sha256_hex(const void *data, size_t size, char hex[TW_DIGEST_HEX]);

#endif
