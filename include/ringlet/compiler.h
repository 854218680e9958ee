/* SPDX-License-Identifier: MIT */
/* Attributes, single accesses to shared memory, small macros. */
#ifndef RINGLET_COMPILER_H
#define RINGLET_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringlet/symbols.h>

#define RINGLET_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define RINGLET_NORETURN          __attribute__((noreturn))
#define RINGLET_USED              __attribute__((used))
#define RINGLET_COLD              __attribute__((cold)) /* seldom runs: it is to be small */
#define RINGLET_WEAK              __attribute__((weak))
#define RINGLET_MUST_CHECK        __attribute__((warn_unused_result))

/* Exactly one load or store, for memory that a peer or the hypervisor also touches. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
/* to: a power of two */
#define ROUND_UP(n, to)   (((n) + (to)-1) & ~((__typeof__(n))(to)-1))
#define ROUND_DOWN(n, to) ((n) & ~((__typeof__(n))(to)-1))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096UL
#define PAGE_MASK  (PAGE_SIZE - 1) /* the offset within a page */

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL

#endif
