/* SPDX-License-Identifier: MIT */
#include "signal_private.h"

#include <stdio.h>
#include <string.h>

void psignal(int sig, const char *text)
{
    const char *name = strsignal(sig);

    if (text && *text)
        fprintf(stderr, "%s: %s\n", text, name);
    else
        fprintf(stderr, "%s\n", name);
}

void psiginfo(const siginfo_t *info, const char *text)
{
    psignal(info->si_signo, text);
}
