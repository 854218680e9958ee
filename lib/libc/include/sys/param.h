/* SPDX-License-Identifier: MIT */
/* What newlib's <sys/param.h> lacks. */
#ifndef RINGLET_SYS_PARAM_H
#define RINGLET_SYS_PARAM_H

#include_next <sys/param.h>

#undef NOFILE
#define NOFILE      OPEN_MAX
#define MAXSYMLINKS 40
#ifndef MAXHOSTNAMELEN
#define MAXHOSTNAMELEN 64
#endif
#ifndef DEV_BSIZE
#define DEV_BSIZE 512
#endif
#ifndef roundup
#define roundup(x, y) (howmany(x, y) * (y))
#endif
#ifndef powerof2
#define powerof2(x) ((((x)-1) & (x)) == 0)
#endif

#endif
