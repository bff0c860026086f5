/* SPDX-License-Identifier: Apache-2.0 */
/* Machines of one to three threads, each with a worker: the set-up of the tests of operations. */
#ifndef TEST_MACHINES_H
#define TEST_MACHINES_H

#include "ops/machine.h"

/* machines[i] has i + 1 threads. */
#define MACHINES 3
extern tw_machine *machines[MACHINES];
extern tw_worker *workers[MACHINES];

/* For cmocka_run_group_tests. */
int open_machines(void **state);
int close_machines(void **state);

#endif
