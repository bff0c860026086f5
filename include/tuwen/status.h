/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status codes and the error record that every tuwen call can fill.
 *
 * One table makes the enumeration, the names and the default texts. The numbers are stable: a code is never
 * renumbered and new codes are added at the end.
 */
#ifndef TUWEN_STATUS_H
#define TUWEN_STATUS_H

#include <stddef.h>

#if defined(__GNUC__)
#define TUWEN_API __attribute__((visibility("default")))
#else
#define TUWEN_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, number, English text, Chinese text) */
#define TUWEN_STATUS_MAP(X)                                                                                          \
    X(OK, 0, "success", "成功")                                                                                      \
    X(INVALID_ARGUMENT, 1, "an argument is outside its allowed range", "参数超出允许范围")                           \
    X(OUT_OF_MEMORY, 2, "not enough memory", "内存不足")                                                             \
    X(NOT_FOUND, 3, "the file or folder does not exist", "文件或文件夹不存在")                                       \
    X(IO, 4, "reading or writing failed", "读写失败")                                                                \
    X(BAD_MODEL, 5, "the checkpoint is damaged or is not a supported one", "模型文件损坏或不受支持")                 \
    X(BAD_TOKENIZER, 6, "the tokenizer files are damaged or are not supported", "分词器文件损坏或不受支持")          \
    X(BAD_IMAGE, 7, "the picture is damaged or its format is not supported", "图片损坏或格式不受支持")               \
    X(BAD_TEXT, 8, "the text cannot be used", "文本无法使用")                                                        \
    X(LIMIT, 9, "a safety limit was reached", "达到安全上限")                                                        \
    X(UNSUPPORTED, 10, "not supported by this build or machine", "此构建或机器不支持")                               \
    X(CANCELLED, 11, "cancelled by the caller", "已被调用者取消")                                                    \
    X(INTERNAL, 12, "an internal error: please report it", "内部错误，请报告")

typedef enum tuwen_status {
#define TUWEN_STATUS_ENUM(name, number, english, chinese) TUWEN_##name = number,
    TUWEN_STATUS_MAP(TUWEN_STATUS_ENUM)
#undef TUWEN_STATUS_ENUM
} tuwen_status;

/* Language of messages. */
typedef enum tuwen_language { TUWEN_ENGLISH = 0, TUWEN_CHINESE = 1 } tuwen_language;

#define TUWEN_MESSAGE_SIZE 512

/*
 * Filled by a call that fails; owned by the caller. Every function that takes a `tuwen_error *` accepts NULL.
 * `language` is read: set it before the call. `status` and `message` are written, and only on failure; `message`
 * is one UTF-8 sentence that names the file, tensor, argument or byte, cut at a character boundary if it is long.
 */
typedef struct tuwen_error {
    tuwen_language language;
    tuwen_status status;
    char message[TUWEN_MESSAGE_SIZE];
} tuwen_error;

/* The identifier of a status without its prefix, such as "BAD_IMAGE"; "UNKNOWN" for any other number. Thread-safe. */
TUWEN_API const char *tuwen_status_name(tuwen_status status);

/* A short general text for a status in the language asked for. Constant storage; thread-safe. */
TUWEN_API const char *tuwen_status_text(tuwen_status status, tuwen_language language);

#ifdef __cplusplus
}
#endif

#endif
