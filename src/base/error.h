/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values: the one function that fills a caller's tuwen_error. */
#ifndef TW_BASE_ERROR_H
#define TW_BASE_ERROR_H

#include "tuwen/status.h"

/*
 * Writes the formatted sentence into `error` (may be NULL) and returns `status`, so that `return tw_fail(...)` is how
 * a function fails. `format` is English and is looked up in the Chinese catalogue (src/base/messages_zh.def) when the
 * caller wants Chinese; a translation keeps the arguments and their order. Outside text in an argument (names from
 * files) is made safe to print: control characters and ill-formed UTF-8 become '?'.
 */
__attribute__((format(printf, 3, 4))) tuwen_status tw_fail(tuwen_error *error, tuwen_status status,
                                                           const char *format, ...);

/* A text, or the format of one, in the reader's language, from the same catalogue. `english` must be a literal, so that
 * tests/check-messages.sh finds it; constant storage. */
__attribute__((format_arg(2))) const char *tw_text(tuwen_language language, const char *english);

/* Words for an errno, such as "Permission denied", in the caller's room: the system's own, and for a reader of Chinese
 * ours, where there are some. `error`, whose language is meant, may be NULL. */
#define TW_REASON_SIZE 128
void tw_errno_text(int number, const tuwen_error *error, char text[TW_REASON_SIZE]);

/* tw_fail for a failed allocation: `what` names what the memory was for, such as "the vocabulary". */
tuwen_status tw_fail_memory(tuwen_error *error, const char *what);

#endif
