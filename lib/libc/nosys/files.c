/* SPDX-License-Identifier: MIT */
/* Files that no file system here has. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <sys/mman.h>
#include <sys/stat.h>

#include "nosys.h"

NOSYS(int, mkfifo, (const char *path, mode_t mode), -1)
NOSYS(int, mkfifoat, (int fd, const char *path, mode_t mode), -1)
NOSYS(int, mknod, (const char *path, mode_t mode, dev_t device), -1)
NOSYS(int, mknodat, (int fd, const char *path, mode_t mode, dev_t device), -1)
NOSYS(int, shm_open, (const char *name, int flags, mode_t mode), -1)
NOSYS(int, shm_unlink, (const char *name), -1)
