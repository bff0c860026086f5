/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tiles.h"

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

/* asm/prctl.h has them since Linux 5.16. */
enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };

bool tw_tiles_permitted(void)
{
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}
#else
bool tw_tiles_permitted(void)
{
    return false;
}
#endif
