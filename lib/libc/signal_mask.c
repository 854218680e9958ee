/* SPDX-License-Identifier: MIT */
/* The signals that a thread blocks. */
#include "signal_private.h"

#include "wait.h"

#include <errno.h>
#include <setjmp.h>

#define NEVER_BLOCKED (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    struct thread_state *self = libc_self();
    sigset_t mask;

    if (!self)
        return ENOMEM;
    mask = self->mask;
    if (set) {
        switch (how) {
        case SIG_BLOCK:
            self->mask |= *set;
            break;
        case SIG_UNBLOCK:
            self->mask &= ~*set;
            break;
        case SIG_SETMASK:
            self->mask = *set;
            break;
        default:
            return EINVAL;
        }
        self->mask &= ~NEVER_BLOCKED;
    }
    if (old)
        *old = mask;
    libc_check(); /* what was unblocked comes before the return */
    return 0;
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    int ret = pthread_sigmask(how, set, old);

    if (!ret)
        return 0;
    errno = ret;
    return -1;
}

/* ---- jumps that preserve the mask ---- */

void __sigjmp_save(struct __sigjmp_buf *env, int save)
{
    env->__has_mask = save;
    if (save)
        pthread_sigmask(SIG_SETMASK, NULL, &env->__mask);
}

/* The stack pointer in newlib's jmp_buf for x86-64: the seventh of its words. */
#define JUMP_STACK_POINTER 6

void siglongjmp(sigjmp_buf env, int value)
{
    struct thread_state *self = thread_data();

    if (self)
        libc_release(self, (uintptr_t)env->__jump[JUMP_STACK_POINTER]);
    if (env->__has_mask)
        pthread_sigmask(SIG_SETMASK, &env->__mask, NULL);
    longjmp(env->__jump, value);
}
