/* SPDX-License-Identifier: MIT */
/* Judges what a crash has left. */
#ifndef RINGLET_TESTS_CRASH_CHECK_H
#define RINGLET_TESTS_CRASH_CHECK_H

#include "model.h"
#include "model_disk.h"

/* Opens the image, whose journal is replayed, and compares all files with the model. NULL: as promised;
 * else what is not, in static memory. undo is given all that changes. */
const char *check_image(uint8_t *image, uint64_t size, struct sectors *undo, const struct model *m);

#endif
