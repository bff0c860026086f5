/* SPDX-License-Identifier: Apache-2.0 */
/* Tile registers of x86-64, which the operating system gives to a process that asks for them. */
#ifndef TW_BASE_TILES_H
#define TW_BASE_TILES_H

#include <stdbool.h>

/* Asks for the process, all of its threads included; may be called again. False where they are not to be had: the processor
 * or the kernel (Linux before 5.16) has none, or the system is another one. */
bool tw_tiles_permitted(void);

#endif
