/* SPDX-License-Identifier: MIT */
/* What a program with -mini-os does before main(): linked in any case, by its option -u. */
#include "kernel.h"

#include <mini-os/kernel.h>
#include <mini-os/shutdown.h>

#pragma weak app_shutdown

extern const char minios_startup[];
const char minios_startup[] = "";

static bool on_request(enum shutdown_request request)
{
    app_shutdown(request == SHUTDOWN_REBOOT     ? SHUTDOWN_reboot
                 : request == SHUTDOWN_POWEROFF ? SHUTDOWN_poweroff
                                                : SHUTDOWN_REASON_POWEROFF);
    return true;
}

__attribute__((constructor(102))) static void startup(void)
{
    if (app_shutdown)
        shutdown_on_request(on_request);
}
