/* SPDX-License-Identifier: MIT */
/* The server of a guest: its disks, which come and go, its thread, and its orderly end. */
#ifndef NBDSERVER_SERVER_H
#define NBDSERVER_SERVER_H

#include "options.h"

/* Starts network, server and thread, and exports each disk as it is found. 0 or -errno; what is wrong was
 * printed. Called once. */
int server_start(const struct options *o);
/* No new requests; those in flight end, at most SERVER_STOP_NS; the disks are flushed and closed. 0, or
 * the first error of a flush. */
int server_stop(void);

#define SERVER_STOP_NS (10ull * 1000000000ull)

#endif
