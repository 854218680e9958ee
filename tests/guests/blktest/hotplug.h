/* SPDX-License-Identifier: MIT */
/*
 * hotplug=N: disks that arrive while the guest runs are tested with the command line's jobs, until
 * they go. When N of them have come and gone, the time of each job is over.
 */
#ifndef BLKTEST_HOTPLUG_H
#define BLKTEST_HOTPLUG_H

#include "disk.h"

/* Starts the watch. initial: the present disks, which are not tested here. 0 or -errno. */
int hotplug_start(const struct options *options, const struct list *initial);
/* Have all the disks come and gone? False without hotplug=. */
bool hotplug_over(void);
/* Waits for the N disks, or for a shutdown order, and prints the count. Returns the worst
 * verdict of the disks. */
enum verdict hotplug_finish(void);

#endif
