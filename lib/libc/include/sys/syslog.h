/* SPDX-License-Identifier: MIT */
/* Another name of <syslog.h>. */
#ifndef RINGLET_SYS_SYSLOG_H
#define RINGLET_SYS_SYSLOG_H

#include <syslog.h>

#endif
