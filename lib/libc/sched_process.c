/* SPDX-License-Identifier: MIT */
/* As on Linux, these are about one thread: the caller (0), or the first one (the process' number). */
#include "thread_state.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/* NULL with errno: there is no other process. */
static struct thread_state *thread_of(pid_t pid)
{
    if (pid == 0)
        return thread_data();
    if (pid == getpid())
        return &libc_main_thread;
    errno = pid < 0 ? EINVAL : ESRCH;
    return NULL;
}

static int set(struct thread_state *t, int policy, const struct sched_param *param)
{
    const int min = sched_get_priority_min(policy), max = sched_get_priority_max(policy);

    if (min < 0 || !param || param->sched_priority < min || param->sched_priority > max) {
        errno = EINVAL;
        return -1;
    }
    t->policy = (unsigned char)policy;
    t->param = *param;
    return 0;
}

int sched_getscheduler(pid_t pid)
{
    const struct thread_state *t = thread_of(pid);

    return t ? t->policy : -1;
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
    struct thread_state *t = thread_of(pid);

    return t ? set(t, policy, param) : -1;
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
    const struct thread_state *t = thread_of(pid);

    if (t && !param) {
        errno = EINVAL;
        return -1;
    }
    if (!t)
        return -1;
    *param = t->param;
    return 0;
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
    struct thread_state *t = thread_of(pid);

    return t ? set(t, t->policy, param) : -1;
}
