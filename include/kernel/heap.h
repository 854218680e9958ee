/* SPDX-License-Identifier: MIT */
/* The allocators, for tests of error paths. */
#ifndef RINGLET_KERNEL_HEAP_H
#define RINGLET_KERNEL_HEAP_H

#include <ringlet/heap.h>

/* Makes the n-th allocation from now on (1: the next), of heap or pages, fail; 0: none. */
void mem_fail_nth(uint64_t n);
/* Allocations attempted since boot, heap and pages. */
uint64_t mem_allocations(void);

#endif
