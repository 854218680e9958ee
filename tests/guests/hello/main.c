/* SPDX-License-Identifier: MIT */
/* The smallest guest: says what it runs on. */
#include "../verdict.h"
#include <ringlet/arch.h>
#include <ringlet/format.h>

int main(int argc, char *argv[])
{
    char memory[24];

    (void)argc;
    (void)argv;
    print_raw("Hello from Ringlet\n");
    print_raw("%s guest, %s, hypercalls by %s, time from %s\n",
              boot_info.type == GUEST_PV ? "PV" : "PVH",
              format_bytes(memory, sizeof(memory), boot_info.memory), arch_hypercall_method(),
              arch_clock_source());
    return verdict_print(SUCCESS);
}
