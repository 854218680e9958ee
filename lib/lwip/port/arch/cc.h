/* SPDX-License-Identifier: MIT */
/* What lwIP has to know of the compiler and of the C library. */
#ifndef RINGLET_LWIP_ARCH_CC_H
#define RINGLET_LWIP_ARCH_CC_H

#include <errno.h>
#include <fcntl.h> /* O_NONBLOCK, which lwIP would define otherwise */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/types.h>

#include "arch/symbols.h"

#ifndef SSIZE_MAX /* lwIP makes a ssize_t of its own without it */
#define SSIZE_MAX LONG_MAX
#endif

void net_diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void net_assert_failed(const char *what, const char *file, int line) __attribute__((noreturn));
uint32_t net_random(void);
void *net_mem_alloc(size_t size);
void *net_mem_zalloc(size_t n, size_t size);
void net_mem_free(void *block);
uint16_t net_checksum(const void *data, int len);
void net_core_lock(void);
void net_core_unlock(void);
void net_core_check(void);

#define LWIP_PLATFORM_DIAG(x)   net_diag x
#define LWIP_PLATFORM_ASSERT(x) net_assert_failed(x, __FILE__, __LINE__)
#ifdef NET_GROUPS /* igmp.c, mld6.c: lib/lwip/port/groups.h */
uint32_t net_groups_random(void);
#define LWIP_RAND() net_groups_random()
#else
#define LWIP_RAND() net_random()
#endif

/* Threads are cooperative and handlers do not call lwIP: nothing comes between. */
#define SYS_ARCH_DECL_PROTECT(level)
#define SYS_ARCH_PROTECT(level)   ((void)0)
#define SYS_ARCH_UNPROTECT(level) ((void)0)

#endif
