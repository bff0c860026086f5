/* SPDX-License-Identifier: Apache-2.0 */
/* The avx512 level of the kernels. */
#define LEVEL tw_kernels_avx512
#define LEVEL_TEXT "avx512"
#define LANES 16
#include "kernels/vector.inc"
