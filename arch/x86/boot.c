/* SPDX-License-Identifier: MIT */
/* The end of booting, the same for PV and PVH. */
#include "boot.h"

#include "domain.h"
#include "mmu.h"

void boot_finish(void)
{
    mmu_boot_done();
    /* Events are polled for, never delivered (thread.h). */
    WRITE_ONCE(shared_info->vcpu_info[0].evtchn_upcall_mask, 1);
    clock_init();
    clock_begin();
    kernel_main();
}
