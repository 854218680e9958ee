/* SPDX-License-Identifier: MIT */
/* The memory of netfront_mem_alloc, which all devices send from. */
#ifndef RINGLET_NET_MEM_H
#define RINGLET_NET_MEM_H

#include "arena.h"

extern struct arena net_mem;

/* The page of an address in this memory; NULL: it is somewhere else. Any context. */
struct arena_page *net_mem_page(const void *va);

/* A page of somebody else's, which devices may send from. 0; -EINVAL: it is not of the guest's memory, or is
 * here already; -ENOMEM. */
int net_mem_add(uint8_t *va);
/* It is not sent from any more: nothing holds it, and nobody grants it. */
void net_mem_remove(struct arena_page *p);

/* A device that grants these pages. While there is one they are kept; when the last one has gone, and
 * no block is in use, all of it is given back. */
void net_mem_use(void);
void net_mem_unuse(void);

#endif
