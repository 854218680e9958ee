/* SPDX-License-Identifier: MIT */
/* Scheduling: threads run in the order in which they became ready, whatever their priority says.
 * Policies and priorities are kept and given back. */
#ifndef _RINGLET_SCHED_H
#define _RINGLET_SCHED_H

#include <sys/sched.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

int sched_yield(void);
int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);
int sched_getcpu(void); /* 0 */
/* pid: 0 is the caller, getpid() the first thread. */
int sched_getscheduler(pid_t pid);
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);
int sched_getparam(pid_t pid, struct sched_param *param);
int sched_setparam(pid_t pid, const struct sched_param *param);

#ifdef __cplusplus
}
#endif

#endif
