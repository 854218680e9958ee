/* SPDX-License-Identifier: MIT */
/*
 * hotplug=N: disks that arrive while the guest runs are tested as the command line says for the
 * others, until they go. When N of them have come and gone the time of every job is over.
 */
#ifndef BLKTEST_HOTPLUG_H
#define BLKTEST_HOTPLUG_H

#include "disk.h"

/* From now on; initial: the disks that are there already and not ours to care for. 0 or -errno. */
int hotplug_start(const struct options *options, const struct list *initial);
/* Have all the disks come and gone? False without hotplug=. */
bool hotplug_over(void);
/* Waits for that, or for the guest to be told to stop, and prints the count. The worst verdict of
 * the disks. */
enum verdict hotplug_finish(void);

#endif
