/* SPDX-License-Identifier: MIT */
/* The smallest guest: prints the system that it runs on. */
#include "../verdict.h"
#include <ringlet/format.h>
#include <ringlet/guest.h>

int main(int argc, char *argv[])
{
    char memory[24];
    struct guest_info guest;

    (void)argc;
    (void)argv;
    guest_get_info(&guest);
    print_raw("Hello from Ringlet\n");
    print_raw(
        "%s guest, %s, hypercalls by %s, time from %s\n", guest.type == GUEST_PV ? "PV" : "PVH",
        format_bytes(memory, sizeof(memory), guest.memory), guest.hypercalls, guest.clock_source);
    return verdict_print(SUCCESS);
}
