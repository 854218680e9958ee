/* SPDX-License-Identifier: MIT */
#ifndef NBDSERVER_REPORT_H
#define NBDSERVER_REPORT_H

#include "connection.h"

/* Prints what was served, and what that took: bytes copied, grants, memory. While the disks are open; without
 * the lock. */
void report_print(const struct connections *server);

#endif
