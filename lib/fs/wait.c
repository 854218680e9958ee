/* SPDX-License-Identifier: MIT */
/* The one place in which lib/fs waits. */
#include "lib/fs/file.h"

int (*file_wait_hook)(struct wait_queue *const *queues, unsigned n, uint64_t deadline);

int file_wait(struct wait_queue *const *queues, unsigned n, uint64_t deadline)
{
    return file_wait_hook ? file_wait_hook(queues, n, deadline)
                          : file_wait_any(queues, n, deadline);
}
