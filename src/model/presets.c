/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published configurations. Their parameters are counted by tests/unit/test_bench.c, and are those that the
 * leaderboard of MTEB gives: 2,208,985,600 and (without lm_head) 7,746,378,240.
 */
#include "model/presets.h"

#include <stddef.h>
#include <string.h>

#define CONFIG(hidden, intermediate, layers, heads, kv_heads, vocabulary)                                            \
    "{\"model_type\": \"qwen2_vl\", \"hidden_size\": " #hidden ", \"intermediate_size\": " #intermediate             \
    ", \"num_hidden_layers\": " #layers ", \"num_attention_heads\": " #heads ", \"num_key_value_heads\": " #kv_heads \
    ", \"vocab_size\": " #vocabulary ", \"max_position_embeddings\": 32768, \"rope_theta\": 1000000.0, "             \
    "\"rms_norm_eps\": 1e-6, \"hidden_act\": \"silu\", "                                                             \
    "\"rope_scaling\": {\"type\": \"mrope\", \"mrope_section\": [16, 24, 24]}, "                                     \
    "\"vision_config\": {\"hidden_size\": " #hidden ", \"depth\": 32, \"embed_dim\": 1280, \"num_heads\": 16, "      \
    "\"mlp_ratio\": 4, \"hidden_act\": \"quick_gelu\", \"in_chans\": 3, \"patch_size\": 14, "                        \
    "\"spatial_merge_size\": 2, \"temporal_patch_size\": 2}}"

static const struct {
    const char *name, *config;
} presets[] = {
    {"gme-2b", CONFIG(1536, 8960, 28, 12, 2, 151936)},
    {"gme-7b", CONFIG(3584, 18944, 28, 28, 4, 152064)},
};

const char *tw_preset_find(const char *name)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(presets[i].name, name) == 0)
            return presets[i].config;
    return NULL;
}
