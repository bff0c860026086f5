/* SPDX-License-Identifier: Apache-2.0 */
/* Which checkpoint to use, opening it with the options of the command line, and Ctrl-C. */
#ifndef TUWEN_CLI_CHECKPOINT_H
#define TUWEN_CLI_CHECKPOINT_H

#include <limits.h>
#include <stdbool.h>

#include "cli.h"
#include "tuwen/cache.h"
#include "tuwen/tuwen.h"

struct checkpoint {
    tuwen_model *model;
    tuwen_session *session; /* NULL if none was asked for */
    const tuwen_model_info *info;
    bool keeps;         /* the cache is to be used, from the first vector on */
    bool tells;         /* how many came from there */
    tuwen_cache *cache; /* NULL: not opened, or not to be had */
};

/* A checkpoint that was found, and why it was chosen. */
struct checkpoint_choice {
    char path[PATH_MAX];
    char label[PATH_MAX]; /* what to call it: as it was asked for, or the name of the default */
    enum message origin;
};

/*
 * Finds the checkpoint `word`: a path if there is something, else a name in the user's store. With NULL the one that
 * --model, TUWEN_MODEL, the user's default or the installation names. Complains and returns CLI_MODEL when there is none.
 */
int checkpoint_choose(struct checkpoint_choice *choice, const struct options *options, const char *word);

/*
 * Opens `word`, or with NULL the checkpoint that checkpoint_choose finds, and says then which one on standard error. Without a
 * session only its facts are wanted. Complains on failure. Returns an exit code; close in either case.
 */
int checkpoint_open(struct checkpoint *checkpoint, const struct cli *cli, const char *word, bool with_session);

/* What to open, where a command wants more than the options say. */
struct checkpoint_plan {
    const char *word;   /* as for checkpoint_open */
    bool facts_only;    /* no session */
    const char *random; /* random weights in the place of the checkpoint's, as in tuwen_model_options; may be NULL */
    tuwen_precision precision;
    const tuwen_session_options *session; /* in place of what the options say; may be NULL */
    bool keeps;                           /* take vectors from the cache, unless --no-cache is given */
};

/* Opens a checkpoint by a plan; otherwise as checkpoint_open. */
int checkpoint_open_planned(struct checkpoint *checkpoint, const struct cli *cli, const struct checkpoint_plan *plan);

void checkpoint_close(struct checkpoint *checkpoint);

/* Embeds inputs, or takes their vectors from the cache. OK when all were tried; otherwise complains, unless it was
 * cancelled. */
tuwen_status checkpoint_embed(struct checkpoint *checkpoint, const tuwen_input *inputs, size_t count, float *vectors,
                              tuwen_output *outputs);

/* Why a text is not read, which is no UTF-8: one sentence; NULL: it is, or there is none. checkpoint_embed says it of each
 * such text. */
const char *checkpoint_refuses_text(const char *text, size_t size);

/* The limit for picture files that the options set. */
uint64_t checkpoint_picture_bytes(const struct options *options);

/* Seconds on a clock that only goes forward. */
double seconds_now(void);

#endif
