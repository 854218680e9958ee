/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_TESTS_CRASH_REPLAY_H
#define RINGLET_TESTS_CRASH_REPLAY_H

#include "model_disk.h"

/* What a crash leaves that comes while the image is opened, which replays its journal: of what was written since
 * the last flush any part. The image itself does not change. malloc()ed, or NULL: nothing was written. */
uint8_t *replay_crash(const uint8_t *image, uint64_t size, struct random *r);

#endif
