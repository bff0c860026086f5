/* SPDX-License-Identifier: Apache-2.0 */
/* The published configurations, for measuring without their files. */
#ifndef TW_MODEL_PRESETS_H
#define TW_MODEL_PRESETS_H

/* The names, separated by commas, for messages. */
#define TW_PRESET_NAMES "gme-2b, gme-7b"

/* The config.json of that name as text; NULL when there is none. */
const char *tw_preset_find(const char *name);

#endif
