/* SPDX-License-Identifier: MIT */
/* The guest's disks, through this domain's block frontends. Nothing here waits but opening and closing. */
#ifndef STUBDM_DISKS_H
#define STUBDM_DISKS_H

#include "arguments.h"
#include "machine.h"

/* The machine that is told of what ends and what changes. NULL: none yet. */
void disks_set_machine(struct machine *m);

/*
 * Opens the disk of each drive that has a file, by the number of its device: hda is 768 or xvda. Fills in
 * disks[0..DRIVES_MAX) for machine_config; NULL where there is none. 0; -ENOENT: a disk is not there; or
 * blkfront's error, of the first drive that has one. Each was reported. Thread context; waits for backends,
 * of all disks at the same time.
 */
int disks_open(const struct arguments *arguments, struct machine_disk *disks[DRIVES_MAX]);

/* The disks at `positions` (bit 0: hda) are not used any more: closes them when all that was begun has
 * ended, and flushes them before. Thread context; waits. */
void disks_close(unsigned positions);

/*
 * The same, in a thread of its own. The guest asks for it as often as it likes: a disk that is closed, or
 * being closed, is left alone, so that there are never more threads than disks. 0 or -ENOMEM: they stay
 * open. Thread and handler context.
 */
int disks_unplug(unsigned positions);

/* The position (0: hda) at which the disk with this device number is emulated; -1: at none. */
int disks_position(unsigned devid);

#endif
