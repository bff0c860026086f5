/* SPDX-License-Identifier: Apache-2.0 */
/* The avx512 level of the kernels, and the same under the names that leave bf16 products to the processor. */
#define LEVEL tw_kernels_avx512
#define LEVEL_TEXT "avx512"
#define LANES 16
#include "kernels/vector.inc"

const tw_kernels tw_kernels_avx512_bf16 = {.level = "avx512_bf16",
                                           .int8_most = INT8_MOST,
#define ENTRY(type, name, parameters) .name = name,
                                           TW_KERNEL_MAP(ENTRY)
#undef ENTRY
};

const tw_kernels tw_kernels_amx = {.level = "amx",
                                   .int8_most = INT8_MOST,
                                   .tiles = &tw_tile_amx,
#define ENTRY(type, name, parameters) .name = name,
                                   TW_KERNEL_MAP(ENTRY)
#undef ENTRY
};
