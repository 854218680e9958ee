/* SPDX-License-Identifier: MIT */
/* Mapping pages that other domains have granted. */
#ifndef MINI_OS_GNTMAP_H
#define MINI_OS_GNTMAP_H

#include <mini-os/types.h>

struct gntmap_entry;

/* The grants that are mapped through it. */
struct gntmap {
    int nentries; /* at most; 0: 128, set at the first use */
    int room;     /* entries in the table, which grows up to that */
    int mapped;
    struct gntmap_entry *entries;
};

void gntmap_init(struct gntmap *map);
/* Unmaps all. */
void gntmap_fini(struct gntmap *map);
/*
 * 0; -EINVAL: count is not positive; -EBUSY: it was set, or used, before. Costs no memory until so many
 * are mapped. More than GRANT_MAP_PAGES (<ringlet/grant_map.h>) are as good as that: a program that
 * says how many domains there could be, such as xenstored, gets what there is.
 */
int gntmap_set_max_grants(struct gntmap *map, int count);
/*
 * Maps count grants to consecutive pages: reference refs[i] of domain domids[i * stride]. stride is 1
 * or 0. NULL and errno: ENOSPC (more than max_grants, or no room), EIO (a reference is not
 * granted), EINVAL (count is 0, or there is no such reference), ESRCH (no such domain), EACCES (a grant
 * is read-only), ENOMEM, EAGAIN. Only grants of other domains: see <ringlet/grant_map.h>.
 */
void *gntmap_map_grant_refs(struct gntmap *map, uint32_t count, uint32_t *domids, int domids_stride,
                            uint32_t *refs, int writable);
/* Pages mapped through `map`, of one call or several. 0; -EINVAL: one of them is not mapped, and
 * nothing has changed; -EIO: Xen did not unmap one. */
int gntmap_munmap(struct gntmap *map, unsigned long start_address, int count);

#endif
