/* SPDX-License-Identifier: Apache-2.0 */
/* tuwen.json: what tuwen itself wants to know of a checkpoint. docs/formats.md describes the file. */
#ifndef TW_ENGINE_SETTINGS_H
#define TW_ENGINE_SETTINGS_H

#include <stdbool.h>

#include "base/error.h"
#include "formats/bundle.h"
#include "model/language.h"

#define TW_BANDS 3           /* "fair", "high", "very high"; below the first is "mismatch" */
#define TW_PROMPT_SIZE 2048u /* of a template or an instruction, with its NUL */

/* What an input consists of: each kind has a prompt template. */
typedef enum tw_kind { TW_KIND_TEXT, TW_KIND_PICTURE, TW_KIND_BOTH } tw_kind;
#define TW_KINDS 3

typedef struct tw_settings {
    char name[128];                             /* empty when the file gives none */
    char prompt[TW_KINDS][TW_PROMPT_SIZE];      /* templates, see engine/template.h */
    char instruction[TW_KINDS][TW_PROMPT_SIZE]; /* when the caller gives none */
    char match_instruction[TW_PROMPT_SIZE];     /* for texts that are matched with pictures */
    bool mrope;                                 /* image tokens have the reference's positions in three dimensions */
    tw_pooling pooling;
    int resizes;                            /* of a picture: 2 as in GME, or 1 */
    int image_tokens_min, image_tokens_max; /* defaults of a session */
    int max_length;                         /* tokens */
    float score_low, score_high;            /* cosines that become the scores 0 and 1 */
    float bands[TW_BANDS];                  /* least cosine of fair, high, very high; rising */
} tw_settings;

/* GME's own values. */
tw_settings tw_settings_gme(void);

/* GME's own values, then what tuwen.json says, if it is there. */
tuwen_status tw_settings_read(const tw_bundle *bundle, tw_settings *settings, tuwen_error *error);

/* The same from memory, `name` standing for the file: for the fuzz target. */
tuwen_status tw_settings_parse(const char *json, size_t size, const char *name, tw_settings *settings,
                               tuwen_error *error);

#endif
