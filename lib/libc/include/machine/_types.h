/* SPDX-License-Identifier: MIT */
/*
 * Types that newlib would make 16 bits wide: two files could then have the same st_dev and st_ino.
 * It lets this header define them (sys/_types.h).
 */
#ifndef RINGLET_MACHINE_TYPES_H
#define RINGLET_MACHINE_TYPES_H

#include_next <machine/_types.h>

typedef __UINT64_TYPE__ __ino_t;
#define __machine_ino_t_defined
typedef __UINT64_TYPE__ __dev_t;
#define __machine_dev_t_defined
typedef __UINT32_TYPE__ __uid_t;
#define __machine_uid_t_defined
typedef __UINT32_TYPE__ __gid_t;
#define __machine_gid_t_defined
typedef __UINT64_TYPE__ __fsfilcnt_t;
#define __machine_fsfilcnt_t_defined

#endif
