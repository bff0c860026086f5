/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokenizer files. An input that begins with '{' is tokenizer.json; any other holds, after its first byte, vocab.json,
 * merges.txt, tokenizer_config.json and added_tokens.json, each ended by a byte 0xff; the last two may be missing. A
 * tokenizer that is accepted must then encode.
 */
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes the bytes up to the next 0xff. */
static tw_source take_file(const char *name, const char **at, const char *end)
{
    if (*at >= end)
        return (tw_source){name, NULL, 0};
    const char *mark = memchr(*at, 0xff, (size_t)(end - *at));
    tw_source source = {name, *at, (size_t)((mark ? mark : end) - *at)};
    *at = mark ? mark + 1 : end;
    return source;
}

static void use(const tw_tokenizer *tokenizer)
{
    static const char text[] = "<|im_end|>The  cat's 12 图片\r\n e\xcc\x81\xff"
                               "aaaaaaaaaaaaaaaabababab";
    const tw_text_piece piece = {text, sizeof text - 1, true};
    tw_ids ids = {0};
    if (tw_tokenizer_encode(tokenizer, &piece, 1, &ids, NULL) != TUWEN_OK || ids.count == 0)
        abort();
    for (size_t i = 0; i < ids.count; i++)
        if (ids.items[i] < 0 || ids.items[i] >= tw_tokenizer_size(tokenizer))
            abort();
    tw_ids_free(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *at = (const char *)data;
    const char *end = at + size;
    tw_tokenizer_sources sources = {0};
    if (*at == '{') {
        sources.tokenizer = (tw_source){"tokenizer.json", at, size};
    } else {
        at++;
        sources.vocabulary = take_file("vocab.json", &at, end);
        sources.merges = take_file("merges.txt", &at, end);
        sources.config = take_file("tokenizer_config.json", &at, end);
        sources.added = take_file("added_tokens.json", &at, end);
    }
    tw_tokenizer *tokenizer = NULL;
    tuwen_error error = {0};
    tuwen_status status = tw_tokenizer_load(&sources, &tokenizer, &error);
    if (status == TUWEN_OK)
        use(tokenizer);
    else if (tokenizer || !error.message[0] || error.status != status)
        abort();
    tw_tokenizer_close(tokenizer);
    return 0;
}
