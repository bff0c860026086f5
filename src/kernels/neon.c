/* SPDX-License-Identifier: Apache-2.0 */
/* The neon level of the kernels. */
#define LEVEL tw_kernels_neon
#define LEVEL_TEXT "neon"
#define LANES 4
#include "kernels/vector.inc"
