/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C: the first asks for an end in good order, the second ends the process at once. Where nothing is to be put in
 * order, the first ends it, with a word. */
#ifndef TUWEN_CLI_INTERRUPT_H
#define TUWEN_CLI_INTERRUPT_H

#include <stdbool.h>

#include "tuwen/tuwen.h"

/*
 * From now on Ctrl-C is remembered, and cancels the running call of `session` (may be NULL). System calls are
 * interrupted, so that waiting for input ends too. Stays as it is when Ctrl-C was ignored from the start.
 */
void interrupt_catch(tuwen_session *session);

/* From now on, until interrupt_catch, Ctrl-C says that the command was cancelled and ends the process: while a long call
 * runs that cannot be asked to end, and nothing but memory would be left behind. What was printed must be flushed. */
void interrupt_end_at_once(void);

/* The session is about to be closed. */
void interrupt_forget_session(void);

/* Whether Ctrl-C was pressed since. */
bool interrupt_seen(void);

#endif
