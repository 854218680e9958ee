/* SPDX-License-Identifier: MIT */
/* Sets of signals. */
#include "signal_private.h"

#include <errno.h>

static int check(int sig)
{
    if (signal_valid(sig))
        return 0;
    errno = EINVAL;
    return -1;
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = ~0UL;
    return 0;
}

int sigaddset(sigset_t *set, int sig)
{
    if (check(sig))
        return -1;
    *set |= SIGNAL_BIT(sig);
    return 0;
}

int sigdelset(sigset_t *set, int sig)
{
    if (check(sig))
        return -1;
    *set &= ~SIGNAL_BIT(sig);
    return 0;
}

int sigismember(const sigset_t *set, int sig)
{
    return check(sig) ? -1 : (*set & SIGNAL_BIT(sig)) != 0;
}

int sigisemptyset(const sigset_t *set)
{
    return *set == 0;
}

int sigandset(sigset_t *set, const sigset_t *a, const sigset_t *b)
{
    *set = *a & *b;
    return 0;
}

int sigorset(sigset_t *set, const sigset_t *a, const sigset_t *b)
{
    *set = *a | *b;
    return 0;
}
