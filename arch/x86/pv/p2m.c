/* SPDX-License-Identifier: MIT */
/*
 * Where the toolstack finds a PV guest's list of machine frames when it saves the domain: a page
 * (the "frame list list") names pages, each of which names pages of the list. The list itself lies
 * where the domain builder put it; after a restore the toolstack has filled in the new frames, but
 * not in this tree.
 */
#include <kernel/arch.h>

#include "arch/x86/boot.h"
#include "arch/x86/mmu.h"

#define PER_PAGE (PAGE_SIZE / sizeof(xen_pfn_t))

_Static_assert(MMU_ADDRESS_END >> PAGE_SHIFT == PER_PAGE * PER_PAGE * PER_PAGE,
               "one top page is enough");
_Static_assert(offsetof(struct shared_info, arch.max_pfn) == 3088, "shared_info");
_Static_assert(offsetof(struct shared_info, arch.pfn_to_mfn_frame_list_list) == 3096,
               "shared_info");

/* Consecutive pages: the top page, then the middle pages. */
static xen_pfn_t *top;
static unsigned middle_count;

static xen_pfn_t *middle(unsigned i)
{
    return top + (1 + i) * PER_PAGE;
}

int pv_p2m_init(void)
{
    middle_count = (unsigned)DIV_ROUND_UP(pv_pages, PER_PAGE * PER_PAGE);
    top = boot_ram_take(1 + middle_count, UINT64_MAX);
    return top ? 0 : -ENOMEM;
}

/* Entries beyond the end name the last page again: the toolstack does not use them, but a frame
 * that is not the guest's would make the save fail. */
void pv_p2m_publish(void)
{
    unsigned long pages = DIV_ROUND_UP(pv_pages, PER_PAGE);

    for (unsigned long i = 0; i < middle_count * PER_PAGE; i++)
        middle(0)[i] = arch_frame(pv_p2m + MIN(i, pages - 1) * PER_PAGE);
    for (unsigned i = 0; i < PER_PAGE; i++)
        top[i] = arch_frame(middle(MIN(i, middle_count - 1)));
    shared_info->arch.max_pfn = pv_pages;
    shared_info->arch.pfn_to_mfn_frame_list_list = arch_frame(top);
}
