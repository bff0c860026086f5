/* SPDX-License-Identifier: Apache-2.0 */
/* Status names and texts, and the formatting of error sentences in both languages. */
#include "base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *english;
    const char *chinese;
} message_pair;

static const message_pair catalogue[] = {
#define M(english, chinese) {english, chinese},
#include "base/messages_zh.def"
#undef M
};

const char *tuwen_status_name(tuwen_status status)
{
    switch (status) {
#define NAME(name, number, english, chinese)                                                                         \
    case TUWEN_##name:                                                                                               \
        return #name;
        TUWEN_STATUS_MAP(NAME)
#undef NAME
    }
    return "UNKNOWN";
}

const char *tuwen_status_text(tuwen_status status, tuwen_language language)
{
    switch (status) {
#define TEXT(name, number, english, chinese)                                                                         \
    case TUWEN_##name:                                                                                               \
        return language == TUWEN_CHINESE ? chinese : english;
        TUWEN_STATUS_MAP(TEXT)
#undef TEXT
    }
    return language == TUWEN_CHINESE ? "未知状态" : "unknown status";
}

static const char *translate(const char *format, tuwen_language language)
{
    if (language != TUWEN_CHINESE)
        return format;
    for (size_t i = 0; i < sizeof catalogue / sizeof *catalogue; i++)
        if (strcmp(catalogue[i].english, format) == 0)
            return catalogue[i].chinese;
    return format;
}

/* Length of the UTF-8 sequence that starts with `lead`; 0 for a byte that cannot start one. */
static int sequence_length(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    if (lead >= 0xf0 && lead <= 0xf4)
        return 4;
    return 0;
}

/* Replaces control characters and broken UTF-8 by '?'; a last character that the buffer cut in two is removed. */
static void make_printable(char *message)
{
    size_t length = strlen(message);
    for (size_t i = 0; i < length;) {
        int sequence = sequence_length((unsigned char)message[i]);
        if (sequence > 1 && i + (size_t)sequence > length && length == TUWEN_MESSAGE_SIZE - 1) {
            message[i] = '\0';
            return;
        }
        int good = 1;
        while (good < sequence && ((unsigned char)message[i + (size_t)good] & 0xc0) == 0x80)
            good++;
        if (sequence == 0 || good < sequence || (unsigned char)message[i] < 0x20 || message[i] == 0x7f) {
            message[i] = '?';
            good = 1;
        }
        i += (size_t)good;
    }
}

tuwen_status tw_fail(tuwen_error *error, tuwen_status status, const char *format, ...)
{
    if (!error)
        return status;
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)vsnprintf(error->message, sizeof error->message, translate(format, error->language), arguments);
#pragma GCC diagnostic pop
    va_end(arguments);
    make_printable(error->message);
    return status;
}

tuwen_status tw_fail_memory(tuwen_error *error, const char *what)
{
    return tw_fail(error, TUWEN_OUT_OF_MEMORY, "not enough memory for %s", what);
}
