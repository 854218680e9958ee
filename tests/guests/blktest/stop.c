/* SPDX-License-Identifier: MIT */
/* Early ends, on the toolstack's order. */
#include "stop.h"

#include <ringlet/shutdown.h>

static enum shutdown_request wish = SHUTDOWN_NONE;

static bool on_request(enum shutdown_request request)
{
    if (wish == SHUTDOWN_NONE && request != SHUTDOWN_NONE)
        print_raw("blktest: asked to %s by the toolstack\n",
                  request == SHUTDOWN_REBOOT ? "reboot" : "power off");
    wish = request;
    return true;
}

void stop_init(void)
{
    wish = SHUTDOWN_NONE;
    shutdown_on_request(on_request);
}

bool stop_requested(void)
{
    return wish != SHUTDOWN_NONE;
}

int stop_end(enum verdict verdict)
{
    int ret = verdict_print(verdict);

    if (wish == SHUTDOWN_REBOOT)
        domain_shutdown(SHUTDOWN_REASON_REBOOT);
    return ret;
}
