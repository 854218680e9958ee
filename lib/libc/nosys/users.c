/* SPDX-License-Identifier: MIT */
/* Other users. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <grp.h>
#include <unistd.h>

#include "nosys.h"

NOSYS(int, setreuid, (uid_t real, uid_t effective), -1)
NOSYS(int, setregid, (gid_t real, gid_t effective), -1)
NOSYS(int, setgroups, (int count, const gid_t *groups), -1)
NOSYS(int, initgroups, (const char *name, gid_t group), -1)
NOSYS(int, chroot, (const char *path), -1)
