/* SPDX-License-Identifier: Apache-2.0 */
/* What the effect of a phrase says, by the margin below which effects are noise (tuwen_effect_margin). */
#ifndef TUWEN_COMMON_EFFECT_H
#define TUWEN_COMMON_EFFECT_H

/* In a drawing an effect has the full colour from so many margins on: one within the margin has half of it at most. */
enum { EFFECT_FULL = 2 };

/* What the picture says about a phrase. */
enum verdict { VERDICT_UNCLEAR, VERDICT_SUPPORTED, VERDICT_UNSUPPORTED };

static inline enum verdict effect_verdict(float effect, float margin)
{
    return effect >= margin ? VERDICT_SUPPORTED : effect <= -margin ? VERDICT_UNSUPPORTED : VERDICT_UNCLEAR;
}

/* For programs. */
static inline const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_UNCLEAR] = "unclear", [VERDICT_SUPPORTED] = "supported", [VERDICT_UNSUPPORTED] = "unsupported"};
    return names[verdict];
}

#endif
