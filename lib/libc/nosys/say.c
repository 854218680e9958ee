/* SPDX-License-Identifier: MIT */
#include "nosys.h"

#include <ringlet/printk.h>

void nosys_say(const char *name, bool *said)
{
    if (!*said)
        printk(LOG_WARNING, "%s: not in this system; it fails with ENOSYS\n", name);
    *said = true;
    errno = ENOSYS;
}
