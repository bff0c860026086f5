/* SPDX-License-Identifier: Apache-2.0 */
/* Where a session's time goes: seconds and floating-point operations by part of the network and kind of work. */
#ifndef TW_OPS_PROFILE_H
#define TW_OPS_PROFILE_H

/* X(name, text): parts of the network. */
#define TW_PART_MAP(X) X(VISION, "vision") X(MERGER, "merger") X(TEXT, "text")

/* X(name, text): kinds of work. Operations are counted for products and attention only. */
#define TW_WORK_MAP(X) X(PRODUCTS, "products") X(ATTENTION, "attention") X(REST, "rest")

#define TW_PROFILE_PART(name, text) TW_PART_##name,
typedef enum tw_part { TW_PART_MAP(TW_PROFILE_PART) TW_PARTS } tw_part;
#undef TW_PROFILE_PART

#define TW_PROFILE_WORK(name, text) TW_WORK_##name,
typedef enum tw_work { TW_WORK_MAP(TW_PROFILE_WORK) TW_WORKS } tw_work;
#undef TW_PROFILE_WORK

/* Of one worker; used by its thread only. Zero-initialise. */
typedef struct tw_profile {
    tw_part part;                          /* being computed now: set by the model, counted for by the operations */
    double seconds[TW_PARTS][TW_WORKS];    /* wall clock */
    double operations[TW_PARTS][TW_WORKS]; /* two for a multiplication with its addition */
} tw_profile;

/* Adds the time since `begin` (tw_clock_seconds) and that many operations to the part at hand. */
void tw_profile_add(tw_profile *profile, tw_work work, double begin, double operations);

#endif
