/* SPDX-License-Identifier: MIT */
/* The crashes of all runs. */
#ifndef RINGLET_TESTS_CRASH_POINTS_H
#define RINGLET_TESTS_CRASH_POINTS_H

#define REPLAY_EVERY 16 /* of so many crashes one is followed by another, during the replay */

struct points {
    unsigned long long wanted, e2fsck; /* so many; each so-many-th is also for e2fsck */
    unsigned long long done, repaired, twice, of_files;
    char file[256]; /* where e2fsck finds an image */
};

#endif
