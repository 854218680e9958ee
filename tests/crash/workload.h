/* SPDX-License-Identifier: MIT */
/* Threads that change files, directly with libext2fs on a store, and tell the model. */
#ifndef RINGLET_TESTS_CRASH_WORKLOAD_H
#define RINGLET_TESTS_CRASH_WORKLOAD_H

#include "lib/fs/ext4/store/store.h"
#include "model.h"
#include "unit/random.h"

/* The generation of its inode is the number of the last operation, and so is the second word of its
 * block, which is journaled and begins with the journal's magic number. */
#define STATE_FILE "state"
#define STATE_MAGIC            \
    {                          \
        0xc0, 0x3b, 0x39, 0x98 \
    }

/* Runs `threads` threads that do `operations` operations together. stop is looked at between operations. */
void workload_run(struct store *s, struct model *m, uint64_t seed, unsigned threads,
                  unsigned operations, const bool *stop);

#endif
