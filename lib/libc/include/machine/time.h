/* SPDX-License-Identifier: MIT */
/* POSIX' number; newlib would take 1000. */
#ifndef _MACHTIME_H_
#define _MACHTIME_H_

#define _CLOCKS_PER_SEC_ 1000000

#endif
