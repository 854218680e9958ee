/* SPDX-License-Identifier: MIT */
/* What signals do: handlers and default actions. */
#include "signal_private.h"

#include "call_on_stack.h"
#include "wait.h"

#include <ringlet/printk.h>
#include <ringlet/shutdown.h>

#include <errno.h>

#include "lib/fs/tty.h"

struct sigaction signal_actions[NSIG];

/* What would stop a process is ignored: nothing could continue it. */
enum signal_default signal_default(int sig)
{
    switch (sig) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
    case SIGCONT:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGSTOP:
        return SIGNAL_IGNORE;
    default:
        return SIGNAL_TERMINATE;
    }
}

/* ---- from the console ---- */

/* The console is there only where a program uses it. */
extern __typeof__(tty_on_signal) tty_on_signal __attribute__((weak));

static void on_key(enum tty_char which)
{
    const int sig = which == TTY_INTR ? SIGINT : which == TTY_QUIT ? SIGQUIT : SIGTSTP;

    signal_send(NULL, sig, signal_entry_new(sig, SI_KERNEL, (union sigval){0}));
}

static void __attribute__((constructor)) hook(void)
{
    libc_hook_files();
    if (tty_on_signal)
        tty_on_signal(on_key);
}

/* ---- the end of the process ---- */

static int ending;

static void end_process(void *arg)
{
    const int sig = ending;

    (void)arg;
    print_raw("terminated by %s\n", signal_name(sig));
    domain_exit(128 + sig);
}

void signal_terminate(int sig)
{
    const bool first = !ending;

    if (first)
        ending = sig;
    if (!in_handler() && first)
        end_process(NULL);
    else if (!in_handler())
        thread_sleep(DEADLINE_NEVER);
    else if (first && thread_create(NULL, "signal", end_process, NULL, 0))
        ending = 0; /* no memory: the signal is lost, the next one may not be */
}

/* ---- handlers ---- */

struct call {
    const struct sigaction *action;
    siginfo_t *info;
};

static void call_handler(void *arg)
{
    const struct call *call = arg;

    if (call->action->sa_flags & SA_SIGINFO)
        call->action->sa_sigaction(call->info->si_signo, call->info, NULL);
    else
        call->action->sa_handler(call->info->si_signo);
}

static bool on_stack(const stack_t *stack)
{
    const char *here = __builtin_frame_address(0);

    return here >= (char *)stack->ss_sp && here < (char *)stack->ss_sp + stack->ss_size;
}

/* -EINTR if the call that is interrupted is not to be restarted, else 1. */
static int run_handler(struct thread_state *self, const struct sigaction *action, siginfo_t *info)
{
    struct call call = {action, info};
    const sigset_t mask = self->mask;
    const int saved_errno = errno;
    const bool never_restart = self->never_restart;

    self->never_restart = false; /* that of the call which is interrupted */
    self->mask |= action->sa_mask;
    if (!(action->sa_flags & SA_NODEFER))
        self->mask |= SIGNAL_BIT(info->si_signo);
    if ((action->sa_flags & SA_ONSTACK) && !(self->handler_stack.ss_flags & SS_DISABLE) &&
        !on_stack(&self->handler_stack))
        libc_call_on_stack(call_handler, &call, self->handler_stack.ss_sp,
                           self->handler_stack.ss_size);
    else
        call_handler(&call);
    self->mask = mask;
    self->never_restart = never_restart;
    errno = saved_errno;
    return action->sa_flags & SA_RESTART ? 1 : -EINTR;
}

/* 0: it is ignored, as it became after it was sent. */
static int act(struct thread_state *self, siginfo_t *info)
{
    const int sig = info->si_signo;
    const struct sigaction action = signal_actions[sig];

    if (action.sa_handler == SIG_IGN)
        return 0;
    if (action.sa_handler == SIG_DFL) {
        if (signal_default(sig) == SIGNAL_TERMINATE)
            signal_terminate(sig);
        return 0;
    }
    if (action.sa_flags & SA_RESETHAND)
        signal_actions[sig].sa_handler = SIG_DFL;
    return run_handler(self, &action, info);
}

static __attribute__((noinline)) int run_pending(struct thread_state *self)
{
    siginfo_t info;
    int result = 0;

    while (signal_take(self, ~self->mask, &info)) {
        int ret = act(self, &info);

        if (ret && result != -EINTR)
            result = ret;
    }
    return result;
}

/* With each wait: usually there is nothing. */
int libc_run_handlers(void)
{
    struct thread_state *self = thread_data();

    if (!self || !(signal_pending_for(self) & ~self->mask) || self->exiting || in_handler())
        return 0;
    return run_pending(self);
}
