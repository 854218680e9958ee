/* SPDX-License-Identifier: MIT */
/*
 * Where the toolstack finds a PV guest's list of machine frames when it saves the domain: a page
 * (the "frame list list") names pages, each of which names pages of the list. The list itself lies
 * where the domain builder put it; after a restore the toolstack has filled in the new frames, but
 * not in this tree.
 */
#include <ringlet/arch.h>

#include "boot.h"
#include "mmu.h"

#define PER_PAGE (PAGE_SIZE / sizeof(xen_pfn_t))

_Static_assert(MMU_ADDRESS_END >> PAGE_SHIFT == PER_PAGE * PER_PAGE * PER_PAGE,
               "one top page is enough");
_Static_assert(offsetof(struct shared_info, arch.max_pfn) == 3088, "shared_info");
_Static_assert(offsetof(struct shared_info, arch.pfn_to_mfn_frame_list_list) == 3096,
               "shared_info");

/* Pages one after the other: the top, then the middle ones. */
static xen_pfn_t *top;
static unsigned middle_count;

static xen_pfn_t *middle(unsigned i)
{
    return top + (1 + i) * PER_PAGE;
}

int pv_p2m_init(void)
{
    middle_count = (unsigned)DIV_ROUND_UP(pv_pages, PER_PAGE * PER_PAGE);
    for (unsigned i = 0; i <= middle_count; i++) {
        xen_pfn_t *page = boot_ram_take(UINT64_MAX);

        if (!page)
            return -ENOMEM;
        if (i == 0)
            top = page;
        else if (page != middle(i - 1)) /* the lowest free pages: only a hole can come between */
            return -ENOMEM;
    }
    return 0;
}

/* What lies behind the end names the last page again: the toolstack reads no further, but a frame
 * that is not ours would end the save. */
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
