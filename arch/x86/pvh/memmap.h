/* SPDX-License-Identifier: MIT */
/* What is where in a PVH guest's physical address space. */
#ifndef RINGLET_X86_MEMMAP_H
#define RINGLET_X86_MEMMAP_H

#include <ringlet/compiler.h>

struct hvm_start_info;

/* Makes boot_info.ram the memory that the builder, or else Xen, lists. 0, -ENOMEM (lists none), or
 * what Xen says. */
int memmap_read(const struct hvm_start_info *si);
/* Addresses above the memory that the list says nothing about, aligned to and at least 2 MiB away
 * from any memory below. Needs memmap_read. */
uintptr_t memmap_gap(size_t bytes);

#endif
