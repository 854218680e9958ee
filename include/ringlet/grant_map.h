/* SPDX-License-Identifier: MIT */
/*
 * Mapping pages that other domains have granted to this one, for backends and for services such as
 * xenstored (xen/grant_table.h). Their content changes at any moment, as the peer likes: read each
 * value once, and believe nothing. Nothing here blocks; thread and handler context.
 *
 * Mapped pages are not memory of this domain: they cannot be granted, passed to a block device
 * other than through a copy, or freed. A suspend of the domain ends all mappings, also one that is
 * cancelled: accesses to them fault afterwards, and they still have to be unmapped by their owners.
 */
#ifndef RINGLET_GRANT_MAP_H
#define RINGLET_GRANT_MAP_H

#include <ringlet/xen.h>

#define GRANT_MAP_PAGES 4096u /* that can be mapped at once */

struct grant_map_ref {
    domid_t domid;
    grant_ref_t ref;
    int status; /* out: 0, or why this one cannot be mapped */
};

/*
 * Maps count grants to consecutive pages, and sets *va to the address of the first. readonly: a
 * write to the pages faults; it must be so for a grant that is read-only. All or nothing: 0, or the
 * first status that is not 0, and then nothing is mapped:
 *   -ESRCH    no such domain, or it is dying
 *   -EINVAL   the peer's grant table has no such reference; also: count is 0 or beyond
 *             GRANT_MAP_PAGES, and then no status is set
 *   -EACCES   the grant is read-only
 *   -ENOSPC   Xen has no maptrack entry left for this domain; or there is no room for count
 *             pages here, and then each status is that
 *   -EAGAIN   the peer's page is swapped out: a retry later may succeed
 *   -ENOMEM   no memory for page tables; each status is that
 *   -EIO      the reference is not granted to this domain, or another error of Xen
 * The granted pages must be another domain's: Xen removes a PVH guest's own page from where it was.
 */
int grant_map(struct grant_map_ref *refs, unsigned count, bool readonly, void **va);

/*
 * Unmaps count pages that grant_map has mapped, by one call or several. 0; -EINVAL: one of the
 * addresses is not mapped, nothing has changed; -EIO: Xen did not unmap one of them, which is
 * reported on the console. No access is possible to any of them afterwards, and the address of that
 * one is never used again.
 */
int grant_unmap(void *va, unsigned count);

struct grant_map_stats {
    unsigned mapped; /* pages, now */
    unsigned lost;   /* pages of addresses that are not used any more, as Xen did not unmap them */
};

void grant_map_get_stats(struct grant_map_stats *out);

#endif
