/* SPDX-License-Identifier: MIT */
/*
 * The module that the toolstack has put into the guest's memory: ramdisk= in xl's configuration. This is part of
 * the archive of files, so that only images have it that mount the module: in others its memory is free.
 */
#include <kernel/arch.h>
#include <kernel/boot_module.h>

#include <xen/arch-x86/hvm/start_info.h>

#include "arch/x86/boot.h"
#include "arch/x86/mmu.h"

_Static_assert(offsetof(struct start_info, mod_start) == 112, "start_info");
_Static_assert(offsetof(struct start_info, mod_len) == 120, "start_info");
_Static_assert(offsetof(struct hvm_start_info, nr_modules) == 12, "hvm_start_info");
_Static_assert(offsetof(struct hvm_start_info, modlist_paddr) == 16, "hvm_start_info");
_Static_assert(offsetof(struct hvm_modlist_entry, size) == 8, "hvm_modlist_entry");

static struct mem_region module;

static void found(uint64_t start, uint64_t bytes, boot_keep keep)
{
    if (!start || !bytes || start >= MMU_ADDRESS_END || bytes > MMU_ADDRESS_END - start)
        return;
    module = (struct mem_region){start, bytes};
    keep(start, bytes);
}

/* Virtual addresses are pseudo-physical ones. */
void ringlet_boot_module_pv(const struct start_info *si, boot_keep keep)
{
    found(si->flags & SIF_MOD_START_PFN ? si->mod_start << PAGE_SHIFT : si->mod_start, si->mod_len,
          keep);
}

void ringlet_boot_module_pvh(const struct hvm_start_info *si, boot_keep keep)
{
    const struct hvm_modlist_entry *list = (const void *)si->modlist_paddr;

    if (si->nr_modules && list && si->modlist_paddr < PVH_BOOT_MAPPED - sizeof(*list))
        found(list->paddr, list->size, keep);
}

const void *ringlet_boot_module(size_t *bytes)
{
    *bytes = module.bytes;
    return module.bytes ? (const void *)module.start : NULL;
}
