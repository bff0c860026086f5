/* SPDX-License-Identifier: Apache-2.0 */
/* The tokenizer's content, and its making from the bytes of the files. */
#ifndef TW_TEXT_TOKENIZER_FILES_H
#define TW_TEXT_TOKENIZER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/merges.h"
#include "text/tokenizer.h"

/* A token such as <|im_end|> that is found in the text before anything else happens to it. */
typedef struct tw_added_token {
    char *content; /* NUL-terminated */
    size_t size;   /* at least 1 */
    int32_t id;
} tw_added_token;

struct tw_tokenizer {
    int32_t byte_ids[256]; /* the token that is this byte alone; -1 for bytes that UTF-8 never holds, perhaps */
    tw_merges merges;
    tw_added_token *added; /* longest first */
    size_t added_count, added_capacity;
    bool leads_added[256]; /* whether an added token begins with this byte */
    int32_t size;          /* the largest id plus one */
};

/* A file that was read; `bytes` is NULL when it is absent. */
typedef struct tw_source {
    const char *name; /* for messages */
    const char *bytes;
    size_t size;
} tw_source;

typedef struct tw_tokenizer_sources {
    tw_source tokenizer;  /* tokenizer.json; when it is there, the others are not looked at */
    tw_source vocabulary; /* vocab.json */
    tw_source merges;     /* merges.txt */
    tw_source config;     /* tokenizer_config.json; may be absent */
    tw_source added;      /* added_tokens.json; may be absent */
} tw_tokenizer_sources;

/* Makes a tokenizer; the sources are not needed afterwards. */
tuwen_status tw_tokenizer_load(const tw_tokenizer_sources *sources, tw_tokenizer **tokenizer, tuwen_error *error);

#endif
