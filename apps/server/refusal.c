/* SPDX-License-Identifier: Apache-2.0 */
/* Why a request is not answered as it wished: one table of statuses, codes and sentences in both languages. */
#include "refusal.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *code;
    const char *sentence[2]; /* by tuwen_language */
} table[REFUSAL_COUNT] = {
    [REFUSE_NOTHING] = {200, "", {"", ""}},
#define REFUSAL(identifier, status, code, english, chinese)                                                          \
    [REFUSE_##identifier] = {status, code, {english, chinese}},
#include "refusals.def"
};

/* Puts the arguments into the sentence; cut at a character boundary where it is too long. */
static void write_sentence(char *out, size_t size, const char *sentence, const char *const *arguments)
{
    size_t used = 0;
    for (const char *at = sentence; *at; at++) {
        const char *piece = at;
        size_t length = 1;
        if (at[0] == '{' && at[1] >= '1' && at[1] <= '9' && at[2] == '}') {
            piece = arguments[at[1] - '1'];
            length = strlen(piece);
            at += 2;
        }
        if (length > size - 1 - used) {
            length = size - 1 - used;
            while (length > 0 && ((unsigned char)piece[length] & 0xc0) == 0x80)
                length--;
            memcpy(out + used, piece, length);
            used += length;
            break;
        }
        memcpy(out + used, piece, length);
        used += length;
    }
    out[used] = '\0';
}

bool refuse(struct refusal *refusal, tuwen_language language, enum refusal_id id, const char *param,
            const char *const *arguments)
{
    if (refusal->id != REFUSE_NOTHING)
        return false;
    refusal->id = id;
    refusal->status = table[id].status;
    snprintf(refusal->param, sizeof refusal->param, "%s", param ? param : "");
    write_sentence(refusal->message, sizeof refusal->message, table[id].sentence[language], arguments);
    return false;
}

const char *refusal_code(enum refusal_id id)
{
    return table[id].code;
}

const char *refusal_type(int status)
{
    switch (status) {
    case 401:
        return "authentication_error";
    case 403:
        return "permission_error";
    case 404:
        return "not_found_error";
    case 429:
        return "rate_limit_error";
    default:
        return status >= 500 ? "server_error" : "invalid_request_error";
    }
}

struct digits digits_of(unsigned long long number)
{
    struct digits digits;
    snprintf(digits.text, sizeof digits.text, "%llu", number);
    return digits;
}
