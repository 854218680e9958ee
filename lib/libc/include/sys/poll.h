/* SPDX-License-Identifier: MIT */
/* The old name of <poll.h>. */
#ifndef RINGLET_SYS_POLL_H
#define RINGLET_SYS_POLL_H

#include <poll.h>

#endif
