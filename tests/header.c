/* SPDX-License-Identifier: Apache-2.0 */
/* Each public header (HEADER) stands alone, and may be included twice: see check-headers.sh. */
#include HEADER
#include HEADER

tuwen_status header_status(void);

tuwen_status header_status(void)
{
    return TUWEN_OK;
}
