/* SPDX-License-Identifier: MIT */
/* Attributes of threads. Policy and priority are kept, and change nothing: sched.h. */
#include "pthread_create.h"

#include <ringlet/compiler.h>

#include <errno.h>
#include <limits.h>

int pthread_attr_init(pthread_attr_t *attr)
{
    *attr = (pthread_attr_t){.__stack_size = PTHREAD_STACK_DEFAULT,
                             .__guard_size = PAGE_SIZE,
                             .__inherit = PTHREAD_INHERIT_SCHED};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
    *state = attr->__detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE;
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
    if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
        return EINVAL;
    attr->__detached = state == PTHREAD_CREATE_DETACHED;
    return 0;
}

/* A stack of the scheduler's has one guard page below it, whatever is asked for; the program's own
 * stack has none. */
int pthread_attr_getguardsize(const pthread_attr_t *restrict attr, size_t *restrict size)
{
    *size = attr->__guard_size;
    return 0;
}

int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size)
{
    attr->__guard_size = size;
    return 0;
}

int pthread_attr_getinheritsched(const pthread_attr_t *restrict attr, int *restrict inherit)
{
    *inherit = attr->__inherit;
    return 0;
}

int pthread_attr_setinheritsched(pthread_attr_t *attr, int inherit)
{
    if (inherit != PTHREAD_INHERIT_SCHED && inherit != PTHREAD_EXPLICIT_SCHED)
        return EINVAL;
    attr->__inherit = (unsigned char)inherit;
    return 0;
}

int pthread_attr_getschedparam(const pthread_attr_t *restrict attr,
                               struct sched_param *restrict param)
{
    *param = attr->__param;
    return 0;
}

int pthread_attr_setschedparam(pthread_attr_t *restrict attr,
                               const struct sched_param *restrict param)
{
    int min = sched_get_priority_min(attr->__policy);
    int max = sched_get_priority_max(attr->__policy);

    if (param->sched_priority < min || param->sched_priority > max)
        return EINVAL;
    attr->__param = *param;
    return 0;
}

int pthread_attr_getschedpolicy(const pthread_attr_t *restrict attr, int *restrict policy)
{
    *policy = attr->__policy;
    return 0;
}

int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy)
{
    if (policy != SCHED_OTHER && policy != SCHED_FIFO && policy != SCHED_RR)
        return EINVAL;
    attr->__policy = (unsigned char)policy;
    return 0;
}

int pthread_attr_getscope(const pthread_attr_t *restrict attr, int *restrict scope)
{
    *scope = attr->__scope;
    return 0;
}

int pthread_attr_setscope(pthread_attr_t *attr, int scope)
{
    (void)attr;
    if (scope == PTHREAD_SCOPE_PROCESS)
        return ENOTSUP;
    return scope == PTHREAD_SCOPE_SYSTEM ? 0 : EINVAL;
}

int pthread_attr_getstack(const pthread_attr_t *restrict attr, void **restrict stack,
                          size_t *restrict size)
{
    *stack = attr->__stack;
    *size = attr->__stack_size;
    return 0;
}

int pthread_attr_setstack(pthread_attr_t *attr, void *stack, size_t size)
{
    if (size < PTHREAD_STACK_MIN || !stack || ((uintptr_t)stack & 15))
        return EINVAL;
    attr->__stack = stack;
    attr->__stack_size = size;
    return 0;
}

/* The old interface gives the end of the stack at which it begins to grow. */
int pthread_attr_getstackaddr(const pthread_attr_t *attr, void **top)
{
    *top = attr->__stack ? (char *)attr->__stack + attr->__stack_size : NULL;
    return 0;
}

int pthread_attr_setstackaddr(pthread_attr_t *attr, void *top)
{
    if (!top || ((uintptr_t)top & 15))
        return EINVAL;
    attr->__stack = (char *)top - attr->__stack_size;
    return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *restrict attr, size_t *restrict size)
{
    *size = attr->__stack_size;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
    if (size < PTHREAD_STACK_MIN || size > PTRDIFF_MAX)
        return EINVAL;
    attr->__stack_size = size;
    return 0;
}
