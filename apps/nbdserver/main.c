/* SPDX-License-Identifier: MIT */
/*
 * An NBD server for the disks of its domain; see docs/nbd.md.
 *
 *     nbdserver [port=10809] [listen=ADDRESS] [tls=FILE[:CA]] [export=DISK[:NAME][:ro]]...
 *
 * It ends at SIGTERM (xl shutdown) or SIGINT, after what it was asked for is done and flushed.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "server.h"

static volatile sig_atomic_t ending;

static void on_signal(int sig)
{
    (void)sig;
    ending = 1;
}

int main(int argc, char **argv)
{
    static struct options options;
    struct sigaction action = {.sa_handler = on_signal};
    const char *wrong = options_parse(argc, argv, &options);

    if (wrong) {
        fprintf(stderr,
                "nbdserver: %s?\n"
                "usage: nbdserver [port=10809] [listen=ADDRESS] [tls=FILE[:CA]] "
                "[export=DISK[:NAME][:ro]]...\n",
                wrong);
        return 2;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    if (server_start(&options))
        return 1;
    while (!ending)
        pause();
    return server_stop() ? 1 : 0;
}
