/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prompt template of GME: one string an item, tokenised as a whole because merges may cross the border between
 * "user\n" and the text. docs/model.md, section 5.
 *
 * Special strings inside the caller's text or instruction ("<|im_end|>") are read as plain text unless raw_special
 * asks for the reference's behaviour, in which they act.
 */
#include <string.h>

#include "base/memory.h"
#include "engine/engine.h"

static const char image_pad[] = "<|image_pad|>";
static const char *const specials[] = {"<|im_start|>",  "<|im_end|>",       "<|endoftext|>",
                                       "<|image_pad|>", "<|vision_start|>", "<|vision_end|>"};

/* No text of this size can be useful, and sizes stay far from overflow. */
#define MAX_TEXT_BYTES ((size_t)1 << 28)

tuwen_status tw_prompt_check(const tw_tokenizer *tokenizer, const char *folder, tuwen_error *error)
{
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
        if (tw_tokenizer_special(tokenizer, specials[i]) < 0)
            return tw_fail(error, TUWEN_BAD_TOKENIZER, "%s: the tokenizer lacks the special token %s", folder,
                           specials[i]);
    return TUWEN_OK;
}

static tw_text_piece constant(const char *text)
{
    return (tw_text_piece){.bytes = text, .size = strlen(text), .special = true};
}

/* image_pad repeated, in new memory. */
static char *repeat_pad(int image_tokens)
{
    size_t length = sizeof image_pad - 1;
    char *pads = tw_alloc((size_t)image_tokens, length);
    for (int i = 0; pads && i < image_tokens; i++)
        memcpy(pads + (size_t)i * length, image_pad, length);
    return pads;
}

static tuwen_status check_pads(const tuwen_model *model, const tw_ids *ids, int image_tokens, tuwen_error *error)
{
    int found = 0;
    for (size_t i = 0; i < ids->count; i++)
        found += ids->items[i] == model->image_pad;
    if (image_tokens > 0 && found != image_tokens)
        return tw_fail(error, TUWEN_BAD_TEXT, "the text beside a picture must not hold %s", image_pad);
    return TUWEN_OK;
}

tuwen_status tw_prompt_encode(const tuwen_model *model, const tuwen_input *input, int image_tokens, bool raw_special,
                              tw_ids *ids, tuwen_error *error)
{
    ids->count = 0;
    if (input->text_size > MAX_TEXT_BYTES || (input->instruction && input->instruction_size > MAX_TEXT_BYTES))
        return tw_fail(error, TUWEN_LIMIT, "the text or instruction has more than %zu bytes", MAX_TEXT_BYTES);
    char *pads = NULL;
    if (image_tokens > 0) {
        pads = repeat_pad(image_tokens);
        if (!pads)
            return tw_fail_memory(error, "the prompt");
    }
    tw_text_piece pieces[8];
    size_t count = 0;
    pieces[count++] = constant("<|im_start|>system\n");
    pieces[count++] = input->instruction ? (tw_text_piece){input->instruction, input->instruction_size, raw_special}
                                         : constant(TUWEN_DEFAULT_INSTRUCTION);
    pieces[count++] = constant("<|im_end|>\n<|im_start|>user\n");
    if (pads) {
        pieces[count++] = constant("<|vision_start|>");
        pieces[count++] = (tw_text_piece){pads, (size_t)image_tokens * (sizeof image_pad - 1), true};
        pieces[count++] = constant("<|vision_end|>");
    }
    if (input->text)
        pieces[count++] = (tw_text_piece){input->text, input->text_size, raw_special};
    pieces[count++] = constant("<|im_end|>\n<|im_start|>assistant\n<|endoftext|>");
    tuwen_status status = tw_tokenizer_encode(model->tokenizer, pieces, count, ids, error);
    tw_free(pads);
    if (status == TUWEN_OK)
        status = check_pads(model, ids, image_tokens, error);
    return status;
}
