/* SPDX-License-Identifier: MIT */
/* flock(), whose locks are those of open files: of two that are opened, also in one process. */
#ifndef RINGLET_SYS_FILE_H
#define RINGLET_SYS_FILE_H

#include <sys/fcntl.h>
#include <unistd.h>

#define L_SET  SEEK_SET
#define L_INCR SEEK_CUR
#define L_XTND SEEK_END

#endif
