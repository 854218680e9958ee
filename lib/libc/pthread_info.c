/* SPDX-License-Identifier: MIT */
/* What a thread is called, where its stack is, and its place in scheduling, which is only kept. */
#include "thread_state.h"

#include <errno.h>
#include <string.h>

#define NAME_LENGTH 15 /* of glibc's names */

int pthread_setname_np(pthread_t thread, const char *name)
{
    const struct thread_state *t = libc_thread(thread);

    if (!t || t->ended)
        return ESRCH;
    if (strlen(name) > NAME_LENGTH)
        return ERANGE;
    thread_set_name(t->thread, name);
    return 0;
}

int pthread_getname_np(pthread_t thread, char *name, size_t size)
{
    const struct thread_state *t = libc_thread(thread);
    const char *from;

    if (!t || t->ended)
        return ESRCH;
    from = thread_name(t->thread);
    if (strlen(from) >= size)
        return ERANGE;
    strcpy(name, from);
    return 0;
}

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
    const struct thread_state *t = libc_thread(thread);

    if (!t || t->ended)
        return ESRCH;
    *attr = (pthread_attr_t){.__detached = t->detached,
                             .__inherit = t->inherit,
                             .__policy = t->policy,
                             .__scope = t->scope,
                             .__param = t->param,
                             .__guard_size = t->guard_size,
                             .__stack = t->stack,
                             .__stack_size = t->stack_size};
    if (!t->stack)
        thread_stack(t->thread, &attr->__stack, &attr->__stack_size);
    return 0;
}

int pthread_getschedparam(pthread_t thread, int *restrict policy,
                          struct sched_param *restrict param)
{
    const struct thread_state *t = libc_thread(thread);

    if (!t || t->ended)
        return ESRCH;
    *policy = t->policy;
    *param = t->param;
    return 0;
}

int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param)
{
    struct thread_state *t = libc_thread(thread);

    if (!t || t->ended)
        return ESRCH;
    if (sched_get_priority_min(policy) < 0 ||
        param->sched_priority < sched_get_priority_min(policy) ||
        param->sched_priority > sched_get_priority_max(policy))
        return EINVAL;
    t->policy = (unsigned char)policy;
    t->param = *param;
    return 0;
}

int pthread_setschedprio(pthread_t thread, int priority)
{
    const struct thread_state *t = libc_thread(thread);
    const struct sched_param param = {.sched_priority = priority};

    return t ? pthread_setschedparam(thread, t->policy, &param) : ESRCH;
}

int pthread_getconcurrency(void)
{
    return 0;
}

/* A hint, says POSIX; there is nothing to be hinted at. */
int pthread_setconcurrency(int level)
{
    return level < 0 ? EINVAL : level ? EAGAIN : 0;
}

/* The handlers would be called by fork(), and there is none. */
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare;
    (void)parent;
    (void)child;
    return 0;
}
