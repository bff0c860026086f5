/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C: the first asks for an end in good order, the second ends the process at once. Where nothing is to be put in
 * order, the first ends it, with a word. */
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "messages.h"
#include "options.h"
#include "terminal.h"

/* All that the handler may touch, besides calling tuwen_session_cancel. */
static tuwen_session *volatile running_session;
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    interrupted = 1;
    if (running_session)
        tuwen_session_cancel(running_session);
}

/* What the process says in the end, made before, since a handler cannot. */
static char last_words[128];
static volatile sig_atomic_t last_size;

static void on_last_interrupt(int signal_number)
{
    ssize_t written = write(STDERR_FILENO, last_words, (size_t)last_size);
    (void)written; /* there is nobody else to tell */
    _exit(CLI_CANCELLED);
}

/* A process in the background is deaf to Ctrl-C, and stays so. */
static void handle(void (*handler)(int signal_number))
{
    struct sigaction old, action = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    if (!interrupted && sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
}

void interrupt_catch(tuwen_session *session)
{
    running_session = session;
    handle(on_interrupt);
}

void interrupt_end_at_once(void)
{
    int size = snprintf(last_words, sizeof last_words, "%stuwen: %s\n", progress_clearing(), text_of(SAY_CANCELLED));
    last_size = size < 0 ? 0 : size < (int)sizeof last_words ? size : (int)sizeof last_words - 1;
    handle(on_last_interrupt);
}

void interrupt_forget_session(void)
{
    running_session = NULL;
}

bool interrupt_seen(void)
{
    return interrupted != 0;
}
