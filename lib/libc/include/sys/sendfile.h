/* SPDX-License-Identifier: MIT */
/* Copying between descriptors. */
#ifndef RINGLET_SYS_SENDFILE_H
#define RINGLET_SYS_SENDFILE_H

#include <sys/types.h>

ssize_t sendfile(int to, int from, off_t *offset, size_t count);

#endif
