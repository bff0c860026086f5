/* SPDX-License-Identifier: Apache-2.0 */
/* Status names and texts, and the formatting of error sentences in both languages. */
#include "base/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

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

const char *tw_text(tuwen_language language, const char *english)
{
    return translate(english, language);
}

/*
 * Replaces control characters and ill-formed UTF-8 by '?'. An ill-formed end of a message that fills the buffer is a
 * character that the buffer cut in two, and is removed.
 */
static void make_printable(char *message)
{
    size_t length = strlen(message), written = 0;
    for (size_t at = 0; at < length;) {
        uint32_t code;
        size_t size = tw_utf8_decode(message + at, length - at, &code);
        bool ill_formed = code == TW_UTF8_INVALID;
        if (ill_formed && at + size == length && length == TUWEN_MESSAGE_SIZE - 1)
            break;
        if (ill_formed || code < 0x20 || (code >= 0x7f && code <= 0x9f))
            message[written++] = '?';
        else
            for (size_t i = 0; i < size; i++)
                message[written++] = message[at + i];
        at += size;
    }
    message[written] = '\0';
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

static const char *chinese_reason(int number)
{
    static const struct {
        int number;
        const char *words;
    } reasons[] = {
        {EACCES, "没有权限"},           {EPERM, "不允许此操作"},     {ENOENT, "没有这个文件或文件夹"},
        {ENOTDIR, "路径中有非文件夹"},  {EISDIR, "它是一个文件夹"},  {EEXIST, "已经存在"},
        {ENOTEMPTY, "文件夹不为空"},    {EROFS, "文件系统只读"},     {ENOSPC, "磁盘已满"},
        {EDQUOT, "超出磁盘配额"},       {EFBIG, "文件过大"},         {EIO, "读写出错"},
        {ENAMETOOLONG, "名称过长"},     {ELOOP, "符号链接层数过多"}, {EMFILE, "打开的文件过多"},
        {ENFILE, "系统打开的文件过多"}, {ENOMEM, "内存不足"},        {EBUSY, "正被占用"},
        {ETXTBSY, "正在运行"},          {EXDEV, "跨越文件系统"},     {ENXIO, "没有这个设备"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].number == number)
            return reasons[i].words;
    return NULL;
}

void tw_errno_text(int number, const tuwen_error *error, char text[TW_REASON_SIZE])
{
    const char *chinese = error && error->language == TUWEN_CHINESE ? chinese_reason(number) : NULL;
    if (chinese) {
        (void)snprintf(text, TW_REASON_SIZE, "%s", chinese);
        return;
    }
#ifdef __GLIBC__ /* whose function of this name may leave the room as it is, and gives the place of the words */
    const char *words = strerror_r(number, text, TW_REASON_SIZE);
    if (words != text)
        (void)snprintf(text, TW_REASON_SIZE, "%s", words);
#else
    if (strerror_r(number, text, TW_REASON_SIZE) != 0)
        (void)snprintf(text, TW_REASON_SIZE, "error %d", number);
#endif
}

tuwen_status tw_fail_memory(tuwen_error *error, const char *what)
{
    return tw_fail(error, TUWEN_OUT_OF_MEMORY, "not enough memory for %s", what);
}
