/* SPDX-License-Identifier: Apache-2.0 */
#include "machines.h"

tw_machine *machines[MACHINES];
tw_worker *workers[MACHINES];

int open_machines(void **state)
{
    (void)state;
    for (int i = 0; i < MACHINES; i++)
        if (tw_machine_open(NULL, i + 1, &machines[i], NULL) != TUWEN_OK ||
            tw_worker_open(machines[i], &workers[i], NULL) != TUWEN_OK)
            return 1;
    return 0;
}

int close_machines(void **state)
{
    (void)state;
    for (int i = 0; i < MACHINES; i++) {
        tw_worker_close(workers[i]);
        tw_machine_close(machines[i]);
    }
    return 0;
}
