/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes another domain's memory (foreign.h) by guest physical address, through a bounded
 * number of pages that stay mapped. Frames are mapped in groups of FOREIGN_CACHE_GROUP, those that have
 * no page alone; the group that was not used for longest is given up for a new one. The other domain may
 * give memory back (ballooning): whoever is told of that (an ioreq of type INVALIDATE) calls
 * foreign_cache_invalidate, as the mappings would keep the pages. After a suspend, which ends all mappings,
 * the next access maps anew. Thread and handler context.
 */
#ifndef RINGLET_FOREIGN_CACHE_H
#define RINGLET_FOREIGN_CACHE_H

#include <ringlet/xen.h>

#define FOREIGN_CACHE_GROUP 16u /* pages; a power of two */

struct foreign_cache;

/* pages: how many may be mapped, rounded down to groups; at least one group, at most FOREIGN_PAGES. 0
 * and *cache; -EINVAL; -ENOMEM. */
int foreign_cache_create(domid_t domid, unsigned pages, struct foreign_cache **cache);
/* Unmaps all; NULL does nothing. */
void foreign_cache_destroy(struct foreign_cache *cache);
void foreign_cache_invalidate(struct foreign_cache *cache);

/*
 * Copies bytes from or to physical addresses of the other domain, across any number of pages. 0, or
 * the error of foreign_map for the first page that is not there: what lies before it was copied. An
 * address range that wraps is -EINVAL.
 */
int foreign_read(struct foreign_cache *cache, uint64_t addr, void *to, size_t bytes);
int foreign_write(struct foreign_cache *cache, uint64_t addr, const void *from, size_t bytes);

struct foreign_cache_stats {
    uint64_t hits, misses; /* pages found mapped; mapped anew */
    uint64_t failures;     /* pages that could not be mapped */
    uint64_t invalidations;
    unsigned mapped; /* pages, now */
};

void foreign_cache_get_stats(const struct foreign_cache *cache, struct foreign_cache_stats *out);

#endif
