/* SPDX-License-Identifier: MIT */
/* What newlib's <glob.h> lacks. */
#ifndef RINGLET_GLOB_H
#define RINGLET_GLOB_H

#include_next <glob.h>

#define GLOB_ABORTED GLOB_ABEND
#ifndef GLOB_NOESCAPE
#define GLOB_NOESCAPE 0x100000
#endif
#ifndef GLOB_NOMATCH
#define GLOB_NOMATCH (-3)
#endif

#endif
