/* SPDX-License-Identifier: MIT */
/* sigaction() and its relatives; and signals that come from outside of the program. */
#include "signal_private.h"

#include "wait.h"

#include <ringlet/shutdown.h>

#include <errno.h>
#include <reent.h>

static bool is_handled(int sig)
{
    return signal_actions[sig].sa_handler != SIG_DFL;
}

/* The toolstack's order is SIGTERM to a program that handles that; others end at once. */
static bool on_shutdown(enum shutdown_request request)
{
    (void)request;
    if (!is_handled(SIGTERM))
        return false;
    signal_send(NULL, SIGTERM, signal_entry_new(SIGTERM, SI_KERNEL, (union sigval){0}));
    return true;
}

/* A signal that is ignored now is not pending any more, for the process and for any thread. */
static void forget_pending(int sig)
{
    siginfo_t info;

    if (signal_actions[sig].sa_handler != SIG_IGN &&
        !(signal_actions[sig].sa_handler == SIG_DFL && signal_default(sig) == SIGNAL_IGNORE))
        return;
    list_for_each (pos, &libc_threads)
        while (signal_take(list_entry(pos, struct thread_state, link), SIGNAL_BIT(sig), &info))
            ;
}

int sigaction(int sig, const struct sigaction *restrict action, struct sigaction *restrict old)
{
    if (!signal_valid(sig) || (action && (sig == SIGKILL || sig == SIGSTOP))) {
        errno = EINVAL;
        return -1;
    }
    if (old)
        *old = signal_actions[sig];
    if (!action)
        return 0;
    signal_actions[sig] = *action;
    signal_actions[sig].sa_mask &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    forget_pending(sig);
    if (sig == SIGTERM)
        shutdown_on_request(on_shutdown);
    return 0;
}

_sig_func_ptr signal(int sig, _sig_func_ptr handler)
{
    struct sigaction action = {.sa_flags = SA_RESTART}, old;

    action.sa_handler = handler;
    if (handler == SIG_ERR) {
        errno = EINVAL;
        return SIG_ERR;
    }
    return sigaction(sig, &action, &old) ? SIG_ERR : old.sa_handler;
}

_sig_func_ptr _signal_r(struct _reent *r, int sig, _sig_func_ptr handler)
{
    (void)r;
    return signal(sig, handler);
}

int siginterrupt(int sig, int interrupt)
{
    struct sigaction action;

    if (sigaction(sig, NULL, &action))
        return -1;
    if (interrupt)
        action.sa_flags &= ~SA_RESTART;
    else
        action.sa_flags |= SA_RESTART;
    return sigaction(sig, &action, NULL);
}

int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
    struct thread_state *self = libc_self();
    const char *here = __builtin_frame_address(0);
    bool on_it;
    int ret;

    if (!self) {
        errno = ENOMEM;
        return -1;
    }
    on_it = !(self->handler_stack.ss_flags & SS_DISABLE) &&
            here >= (char *)self->handler_stack.ss_sp &&
            here < (char *)self->handler_stack.ss_sp + self->handler_stack.ss_size;
    if (old) {
        *old = self->handler_stack;
        if (on_it)
            old->ss_flags = SS_ONSTACK;
    }
    if (!stack)
        return 0;
    ret = on_it ? EPERM : (stack->ss_flags & ~SS_DISABLE) ? EINVAL : 0;
    if (!ret && !(stack->ss_flags & SS_DISABLE) && stack->ss_size < MINSIGSTKSZ)
        ret = ENOMEM;
    if (ret) {
        errno = ret;
        return -1;
    }
    if (stack->ss_flags & SS_DISABLE) /* what else it says is ignored */
        self->handler_stack = (stack_t){.ss_flags = SS_DISABLE};
    else
        self->handler_stack = *stack;
    return 0;
}
