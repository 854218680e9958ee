/* SPDX-License-Identifier: MIT */
/* The name of the system. */
#ifndef RINGLET_SYS_UTSNAME_H
#define RINGLET_SYS_UTSNAME_H

#include <sys/cdefs.h>

struct utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65];
};

int uname(struct utsname *out);

#endif
