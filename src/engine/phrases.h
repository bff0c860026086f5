/* SPDX-License-Identifier: Apache-2.0 */
/* A text without one of its phrases. */
#ifndef TW_ENGINE_PHRASES_H
#define TW_ENGINE_PHRASES_H

#include "tuwen/explain.h"

/*
 * Copies a text without a phrase to `to` (room for `size` bytes); returns its bytes. Of the white space and the commas
 * on both sides of the gap only one side stays, and neither at an end of the text.
 */
size_t tw_text_without(const char *text, size_t size, const tuwen_phrase *phrase, char *to);

#endif
