/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_TESTS_EXT4_FS_CALLS_H
#define RINGLET_TESTS_EXT4_FS_CALLS_H

#include "random_files.h"

/* Those of lib/fs, for random_begin. */
extern const struct random_calls fs_calls;

#endif
