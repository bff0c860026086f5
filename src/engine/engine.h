/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the engine share: the insides of a model. Clients see include/tuwen only. */
#ifndef TW_ENGINE_ENGINE_H
#define TW_ENGINE_ENGINE_H

#include "engine/settings.h"
#include "formats/bundle.h"
#include "image/image.h"
#include "model/config.h"
#include "model/language.h"
#include "model/vision.h"
#include "text/tokenizer.h"
#include "tuwen/tuwen.h"

#define TW_FINGERPRINT_SIZE 17 /* 16 hexadecimal digits and a NUL */

struct tuwen_model {
    char *path;
    char *name;
    char fingerprint[TW_FINGERPRINT_SIZE];
    tw_settings settings;
    tw_config config;
    tw_machine *machine;
    tw_packed *packed;   /* a packed file, or */
    tw_weights *weights; /* a folder's weight files; both stay open: the embedding table is read from them */
    tw_random *random;   /* random weights in the place of theirs */
    tw_element element;  /* in which matrices are packed; of I8 some are in BF16 */
    tw_tokenizer *tokenizer;
    tw_vision *vision;
    tw_language *language;
    int32_t image_pad;    /* the id of <|image_pad|> */
    int32_t vision_start; /* the id of <|vision_start|>, -1 if there is none */
    bool facts_only;      /* the layers are not there */
    tuwen_model_info info;
};

/* The folder or packed file that the model's small files come from. */
tw_bundle tw_model_bundle(const tuwen_model *model);

/* The element that a precision keeps matrices in (INT8: most of them); AUTO gives `otherwise`. False for a number that is
 * none. */
bool tw_precision_element(tuwen_precision precision, tw_element otherwise, tw_element *element);
const char *tw_precision_name(tw_element element); /* "f32", "bf16", "int8" */

/* The parts of a session that the judging of int8 looks into. */
const tuwen_model *tw_session_model(const tuwen_session *session);
tw_worker *tw_session_worker(const tuwen_session *session);

/* A digest of the checkpoint: its configuration and tokenizer files whole, each tensor's name, dtype and shape, and
 * samples of its values (all of them up to 4 KB, else 16 pieces of 256 bytes). It tells checkpoints apart; it does not
 * guard against tampering. */
tuwen_status tw_fingerprint(const tw_bundle *bundle, const tw_weights *weights, char out[TW_FINGERPRINT_SIZE],
                            tuwen_error *error);

/* A digest of everything that decides what vectors a session makes, but for what a call itself brings: checkpoint,
 * precision, the session's options (with defaults filled in) and the settings of tuwen.json. */
void tw_session_digest(const tuwen_model *model, const tuwen_session_options *options, char out[TW_FINGERPRINT_SIZE]);

/* As tw_session_digest (whose result is `space`), and of what decides the last bits besides: the packed file's own sums, the
 * code of this machine that computes, and the versions of the libraries that decode pictures. */
void tw_session_exact_digest(const tuwen_model *model, const char *space, char out[TW_FINGERPRINT_SIZE]);

/* Raised by a change that alters a bit of any vector, so that none is taken from a cache of before. */
#define TW_COMPUTATION "1"

/* The token ids of an input whose picture takes `image_tokens` tokens (0 without a picture): the prompt template
 * around instruction, picture and text. `ids` is emptied first. */
tuwen_status tw_prompt_encode(const tuwen_model *model, const tuwen_input *input, int image_tokens, bool raw_special,
                              tw_ids *ids, tuwen_error *error);

/* Whether the tokenizer has every special token of the templates. */
tuwen_status tw_prompt_check(const tw_tokenizer *tokenizer, const tw_settings *settings, const char *folder,
                             tuwen_error *error);

#endif
