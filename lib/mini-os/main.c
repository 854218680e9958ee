/* SPDX-License-Identifier: MIT */
/* main() of a program that has app_main() instead. */
#include "kernel.h"

#include <mini-os/kernel.h>
#include <mini-os/sched.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char *argv[]);

char cmdline[MAX_CMDLINE_SIZE];

static void join(int argc, char *argv[])
{
    size_t at = 0;

    for (int i = 1; i < argc && at < sizeof(cmdline); i++)
        at += (size_t)format(cmdline + at, sizeof(cmdline) - at, "%s%s", i > 1 ? " " : "", argv[i]);
}

/* As with Mini-OS, the domain and its other threads go on when app_main() returns: exit(),
 * stop_kernel() or the toolstack end it. */
int main(int argc, char *argv[])
{
    join(argc, argv);
    app_main(NULL);
    for (;;) {
        block(get_current());
        schedule();
    }
}
