/* SPDX-License-Identifier: MIT */
/* Facts about the machine for applications. */
#include <kernel/arch.h>

void guest_get_info(struct guest_info *out)
{
    *out = (struct guest_info){
        .type = boot_info.type,
        .memory = boot_info.memory,
        .started = boot_info.started,
        .clock_source = arch_clock_source(),
        .hypercalls = arch_hypercall_method(),
    };
}
