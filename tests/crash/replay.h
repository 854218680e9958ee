/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_TESTS_CRASH_REPLAY_H
#define RINGLET_TESTS_CRASH_REPLAY_H

#include "model_disk.h"

/* What a crash leaves that comes while the image is opened, which replays its journal: of what was written since
 * the last flush any part. The image changes for a while, and is what it was when this returns; left gets what
 * the crash has changed of it, for sectors_put. False: nothing was written. */
bool replay_crash(uint8_t *image, uint64_t size, struct random *r, struct sectors *left);

#endif
