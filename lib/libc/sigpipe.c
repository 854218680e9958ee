/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include "posix.h"

void posix_raise_sigpipe(void)
{
    raise(SIGPIPE);
}
