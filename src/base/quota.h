/* SPDX-License-Identifier: Apache-2.0 */
/* How much processor time the system's control groups leave to this process: containers are limited so. */
#ifndef TW_BASE_QUOTA_H
#define TW_BASE_QUOTA_H

/*
 * How many cores' time the process may use at once, rounded up: the least quota of its control group and of all groups
 * above it, of version 2 and version 1. 0 when nothing limits it, and when there is nothing to read. `root` stands for
 * the root folder: "" but in tests. Which cores it may run on (affinity, cpusets) is the scheduler's and OpenMP's matter.
 */
int tw_quota_cores(const char *root);

#endif
