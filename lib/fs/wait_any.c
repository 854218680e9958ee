/* SPDX-License-Identifier: MIT */
/* Memory for the entries of a wait. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>

#include "lib/fs/file.h"

#define ENTRIES_ON_STACK 8

int file_wait_any(struct wait_queue *const *queues, unsigned n, uint64_t deadline)
{
    struct wait_entry few[ENTRIES_ON_STACK], *entries = few;
    int ret;

    if (n > ENTRIES_ON_STACK) {
        entries = heap_alloc(n * sizeof(*entries), MEM_APP);
        if (!entries)
            return -ENOMEM;
    }
    ret = wait_on_any(queues, entries, n, deadline);
    if (entries != few)
        heap_free(entries);
    return ret;
}
