/* SPDX-License-Identifier: MIT */
/* The handler of NMIs: prints the position of each thread. */
#include <kernel/nmi.h>

#include <kernel/thread.h>
#include <ringlet/barrier.h>
#include <ringlet/printk.h>

static volatile unsigned held;
static volatile bool missed; /* one came while it was held */
static volatile bool inside;

void nmi_hold(void)
{
    held++;
    compiler_barrier();
}

void nmi_release(void)
{
    compiler_barrier();
    if (--held || !missed)
        return;
    missed = false;
    print_raw("\nNMI:\n");
    thread_print_all(0, 0);
}

bool in_nmi(void)
{
    return inside;
}

void nmi_handle(uintptr_t ip, uintptr_t fp)
{
    if (held) {
        missed = true;
        return;
    }
    inside = true;
    print_raw("\nNMI:\n");
    thread_print_all(ip, fp);
    inside = false;
}
