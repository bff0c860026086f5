/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every dialect is read into: texts, pictures and pairs of both whose vectors are wanted, and what became of them.
 *
 * The call owns its document (in which texts and instructions lie), its decoded pictures and its results; call_free frees
 * them all. Inputs are added while it is read, on a thread of the reader; then the worker fills `vectors` and `outputs`.
 */
#ifndef TUWEN_SERVER_CALL_H
#define TUWEN_SERVER_CALL_H

#include "contrast.h"
#include "json.h"
#include "profiles.h"
#include "refusal.h"
#include "tuwen/explain.h"
#include "tuwen/tuwen.h"

struct fetching;

/* What dialects need to know of the server. */
struct terms {
    tuwen_language language;
    size_t max_items;             /* of a request */
    const tuwen_model_info *info; /* of the model */
    const char *space;            /* tuwen_session_fingerprint */
    const tuwen_model *model;
    struct profiles profiles;
    struct fetching *fetching; /* of the request; NULL: addresses of pictures are refused */
};

enum { PARAM_SIZE = 80, MAX_PAIRS = 4 * 1024 * 1024 };

/* Which part of the body an input was, for messages. */
struct place {
    const char *field;    /* constant storage */
    size_t index, length; /* length 0: the field itself; otherwise the element `index` of a list */
    size_t part;          /* of a form, from 1; then an element is a line. 0: the body is none */
};

/* Of /v1/explain: what is wished of a picture and a text, the first two inputs, and what was found. */
struct explaining {
    bool wanted; /* the call is such a one */
    bool heat;   /* the drawing too */
    int budget;  /* as in tuwen_explain_options */
    tuwen_explanation *found;
    struct words *words;
    size_t word_tokens; /* computed for these */
    const void *png;    /* the drawing, which belongs to `found` */
    size_t png_size;
};

struct call {
    value document;
    size_t count, capacity;
    tuwen_input *inputs;   /* [count] */
    tuwen_output *outputs; /* [count]; an input that could not be read has its status before it is computed */
    struct place *places;  /* [count] */
    float *vectors;        /* [count][dimension]; made by the worker's submission */
    size_t dimension;
    size_t pictures;              /* of /v1/match: the first inputs are pictures, the others texts */
    size_t queries;               /* of dialects that compare: the first inputs are queries, the others documents */
    const tuwen_profile *profile; /* that judges; NULL: none */
    struct explaining explaining;
    size_t top;      /* of dialects that rank: only so many; 0 = all */
    unsigned kinds;  /* of the vectors in the answer: a bit of 1 << enum vector_kind each; 0 = floats */
    unsigned wanted; /* the dialect's own bits for the answer */
    bool keep_whole; /* an input that lost its end makes the whole an error */
    double began;    /* clock_seconds() when it was read */
    const char *id;  /* of the request; lives longer than the call */
};

/* Adds an input, with its picture (from malloc, or NULL), which is the call's from then on, in any case. False when memory is
 * short. */
bool call_add(struct call *call, const tuwen_input *input, struct place place);

/* Whether the input waits to be computed, and did not fail before. */
static inline bool call_is_open(const struct call *call, size_t index)
{
    return call->outputs[index].status == TUWEN_OK;
}

/* The name of a place in the body, such as "input[3]" or "part 3 (image)". */
void place_name(char name[PARAM_SIZE], struct place place);

/*
 * Computes the explanation that the call wishes for, with its drawing; on the session's thread. What is the fault of the picture or
 * the text is told by its output, and the answer is OK then.
 */
tuwen_status call_explain(struct call *call, tuwen_session *session, tuwen_progress_function progress, void *user,
                          tuwen_error *error);

void call_free(struct call *call);

#endif
