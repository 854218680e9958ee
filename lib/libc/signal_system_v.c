/* SPDX-License-Identifier: MIT */
/* System V's functions for signals. */
#include "signal_private.h"

#include "wait.h"

#include <errno.h>

static int change_mask(int how, int sig)
{
    sigset_t set = 0;

    return sigaddset(&set, sig) ? -1 : sigprocmask(how, &set, NULL);
}

int sighold(int sig)
{
    return change_mask(SIG_BLOCK, sig);
}

int sigrelse(int sig)
{
    return change_mask(SIG_UNBLOCK, sig);
}

int sigignore(int sig)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    return sigaction(sig, &ignore, NULL);
}

/* SIG_HOLD: blocks it and leaves its action. The result is SIG_HOLD if it was blocked. */
_sig_func_ptr sigset(int sig, _sig_func_ptr handler)
{
    struct sigaction action = {0}, old;
    sigset_t mask;

    action.sa_handler = handler;
    if (sigaction(sig, handler == SIG_HOLD ? NULL : &action, &old))
        return SIG_ERR;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    if (change_mask(handler == SIG_HOLD ? SIG_BLOCK : SIG_UNBLOCK, sig))
        return SIG_ERR;
    return mask & SIGNAL_BIT(sig) ? SIG_HOLD : old.sa_handler;
}
