/* SPDX-License-Identifier: Apache-2.0 */
/* The avx2 level of the kernels. */
#define LEVEL tw_kernels_avx2
#define LEVEL_TEXT "avx2"
#define LANES 8
#include "kernels/vector.inc"
