/* SPDX-License-Identifier: MIT */
/*
 * Memory of another domain, mapped by frame number and without its consent. Xen allows that only to a
 * domain to which the toolstack has given the other one as its target (xl does so for the device-model
 * stubdomain of an HVM guest) and to dom0. Its content changes at any moment, as the other domain
 * likes: read each value once, and believe nothing. The pages cannot be granted, passed to a device
 * other than through a copy, or freed.
 *
 * A PV domain maps by mmu_update with the other one as foreigndom. A PVH domain would have to add the
 * pages to its own physical address space; Xen refuses that to all but dom0 (p2m_add_foreign; acquired
 * resources from 4.19 on), and the error is passed on.
 *
 * While pages are mapped, a domain that ends keeps them: unmap what is not needed any more. Each suspend
 * (suspend.h), also one that is cancelled, ends all mappings when it begins, as a domain that is saved
 * must have none: an access faults from then on. Their owners still have to unmap them, and nothing is to be
 * mapped before the resume. Nothing here waits; thread and handler context.
 */
#ifndef RINGLET_FOREIGN_H
#define RINGLET_FOREIGN_H

#include <ringlet/xen.h>

#define FOREIGN_PAGES 4352u /* that can be mapped at once: 17 MiB */

/*
 * Maps count consecutive frames of the domain's physical address space, readable and writable, and sets
 * *va to the address of the first. All or nothing: 0; -EINVAL: count is 0 or beyond FOREIGN_PAGES, or
 * there is no page at one of the frames; -ENOSPC: no addresses; -ENOMEM: no memory for page tables; -EPERM,
 * -EACCES: not allowed; -ESRCH: no such domain; or another error of Xen's.
 */
int foreign_map(domid_t domid, uint64_t gfn, unsigned count, void **va);

/*
 * Maps frames of a resource that Xen keeps for the domain (XENMEM_acquire_resource): frames
 * frame..frame+count-1 of resource type (XENMEM_resource_...) and id. Errors as above; -ENOSYS or
 * -EOPNOTSUPP: this Xen has no such call; also: count is at most 32.
 */
int foreign_map_resource(domid_t domid, unsigned type, unsigned id, unsigned frame, unsigned count,
                         void **va);

/* Unmaps count pages of one mapping, or all of it. 0; -EINVAL: one is not mapped, nothing has changed;
 * -EIO: Xen did not unmap one, which is reported, and whose address is never used again. */
int foreign_unmap(void *va, unsigned count);

struct foreign_stats {
    unsigned mapped;         /* pages, now */
    unsigned lost;           /* addresses that are not used any more */
    uint64_t maps, failures; /* calls */
};

void foreign_get_stats(struct foreign_stats *out);

#endif
