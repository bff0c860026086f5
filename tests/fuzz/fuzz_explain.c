/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `tuwen explain` does to a text before any model sees it: phrases lie in order within the text, a text without one
 * of them is no longer, and a word put in the place of another fits in the room that is promised.
 */
#include <stdint.h>
#include <stdlib.h>

#include "engine/phrases.h"
#include "wording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_phrases(const char *text, size_t size)
{
    tuwen_phrase phrases[TUWEN_PHRASES];
    size_t count = tuwen_split_phrases(text, size, phrases, TUWEN_PHRASES), end = 0;
    char *without = malloc(size + 1);
    if (count > TUWEN_PHRASES || !without)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (phrases[i].size == 0 || phrases[i].begin < end || phrases[i].size > size - phrases[i].begin)
            abort();
        end = phrases[i].begin + phrases[i].size;
        if (tw_text_without(text, size, &phrases[i], without) > size)
            abort();
    }
    free(without);
}

static void check_words(const char *text, size_t size)
{
    struct wording_hit hits[32];
    char word[WORDING_WORD];
    size_t count = wording_find(text, size, hits, 32), end = 0;
    char *made = malloc(size + WORDING_WORD + 1);
    if (!made)
        abort();
    for (size_t i = 0; i < count && i < 32; i++) {
        if (hits[i].size == 0 || hits[i].begin < end || hits[i].size > size - hits[i].begin)
            abort();
        end = hits[i].begin + hits[i].size;
        for (size_t j = 0; wording_other(text, &hits[i], j, word); j++)
            if (wording_replace(text, size, &hits[i], word, made) > size + WORDING_WORD + 1)
                abort();
    }
    free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    check_phrases((const char *)data, size);
    check_words((const char *)data, size);
    return 0;
}
