/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>

#include "lib/fs/fs.h"
#include "posix.h"

int posix_base(int fd, const char *path, struct node **out)
{
    *out = NULL;
    if (!path)
        return -EFAULT;
    return *path == '/' ? 0 : fd_directory(fd, out);
}

void posix_base_put(struct node *base)
{
    node_put(base);
}
