/* SPDX-License-Identifier: Apache-2.0 */
/* Sums by nettle; the only file that knows it. */
#include "base/digest.h"

#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdio.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(((tw_digest *)0)->state), "room for SHA-256");
_Static_assert(sizeof(struct sha1_ctx) <= sizeof(((tw_digest *)0)->state), "room for SHA-1");

static struct sha256_ctx *sha256(tw_digest *digest)
{
    return (struct sha256_ctx *)(void *)digest->state;
}

static struct sha1_ctx *sha1(tw_digest *digest)
{
    return (struct sha1_ctx *)(void *)digest->state;
}

void tw_digest_open(tw_digest *digest, tw_digest_kind kind)
{
    digest->kind = kind;
    if (kind == TW_SHA256)
        sha256_init(sha256(digest));
    else
        sha1_init(sha1(digest));
}

void tw_digest_add(tw_digest *digest, const void *data, size_t size)
{
    if (size == 0)
        return;
    if (digest->kind == TW_SHA256)
        sha256_update(sha256(digest), size, data);
    else
        sha1_update(sha1(digest), size, data);
}

void tw_digest_hex(tw_digest *digest, char hex[TW_DIGEST_HEX])
{
    unsigned char sum[SHA256_DIGEST_SIZE];
    size_t length = digest->kind == TW_SHA256 ? SHA256_DIGEST_SIZE : SHA1_DIGEST_SIZE;
    if (digest->kind == TW_SHA256)
        sha256_digest(sha256(digest), length, sum);
    else
        sha1_digest(sha1(digest), length, sum);
    for (size_t i = 0; i < length; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

void tw_digest_bytes(tw_digest *digest, unsigned char sum[TW_SHA256_SIZE])
{
    sha256_digest(sha256(digest), TW_SHA256_SIZE, sum);
}

void tw_sha256_hex(const void *data, size_t size, char hex[TW_DIGEST_HEX])
{
    tw_digest digest;
    tw_digest_open(&digest, TW_SHA256);
    tw_digest_add(&digest, data, size);
    tw_digest_hex(&digest, hex);
}
