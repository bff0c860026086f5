/* SPDX-License-Identifier: Apache-2.0 */
/* Why a request is not answered as it wished: one table (refusals.def) of statuses, codes and sentences in both languages;
 * each dialect puts them into its own shape. */
#ifndef TUWEN_SERVER_REFUSAL_H
#define TUWEN_SERVER_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

#include "tuwen/tuwen.h"

enum refusal_id {
    REFUSE_NOTHING,
#define REFUSAL(identifier, status, code, english, chinese) REFUSE_##identifier,
#include "refusals.def"
    REFUSAL_COUNT
};

enum { REFUSAL_SIZE = TUWEN_MESSAGE_SIZE + 256 };

struct refusal {
    enum refusal_id id;  /* REFUSE_NOTHING: none */
    int status;          /* of HTTP */
    int retry_after;     /* seconds; 0: is not said */
    const char *request; /* its id, for shapes that have it; set before one is written */
    char param[80];      /* the part of the body that is meant, such as "input[3].image"; may be empty */
    char message[REFUSAL_SIZE];
};

/* Fills it, unless it has been filled before: the first reason counts. `param` may be NULL; `arguments` are as many as the
 * sentence has, ending with NULL. Returns false, so that readers can return it. */
bool refuse(struct refusal *refusal, tuwen_language language, enum refusal_id id, const char *param,
            const char *const *arguments);

#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

const char *refusal_code(enum refusal_id id);

/* OpenAI's word for the kind of error that a status is. */
const char *refusal_type(int status);

/* A number as an argument. */
struct digits {
    char text[24];
};
struct digits digits_of(unsigned long long number);

#endif
