/* SPDX-License-Identifier: MIT */
/*
 * The seam: what lib/core and the drivers need from the machine. arch/ implements it on Xen; a host
 * program that runs the same sources on a simulated Xen implements it again. Nothing else of
 * the outside world is used by lib/core or drivers.
 */
#ifndef RINGLET_ARCH_H
#define RINGLET_ARCH_H

#include <ringlet/compiler.h>
#include <ringlet/page.h>
#include <ringlet/xen.h>

/* ---- what the domain was started with ---- */

enum guest_type { GUEST_PV, GUEST_PVH };

#define BOOT_REGIONS_MAX 16
#define BOOT_CMDLINE_MAX 1024 /* Xen's MAX_GUEST_CMDLINE; longer lines are cut by the toolstack */

struct boot_info {
    enum guest_type type;
    char cmdline[BOOT_CMDLINE_MAX + 1];
    struct mem_region ram[BOOT_REGIONS_MAX]; /* free for the page allocator, mapped read-write */
    unsigned ram_regions;
    uint64_t memory;  /* bytes the domain has in all */
    uint64_t started; /* clock_now() when the guest's first instruction ran */
    /* Shared pages, mapped; NULL when the domain has none. */
    struct xencons_interface *console;
    evtchn_port_t console_port;
    struct xenstore_domain_interface *xenstore;
    evtchn_port_t xenstore_port;
};

extern struct boot_info boot_info;
/* Mapped before kernel_main. Fields that Xen writes are read with READ_ONCE. */
extern struct shared_info *shared_info;
/* "tsc" or what else drives clock_now(), for the probe table. */
const char *arch_clock_source(void);
/* How hypercalls are made: "syscall", "vmcall", "vmmcall". */
const char *arch_hypercall_method(void);

/* arch/ calls this on a boot stack once boot_info is complete and the memory is mapped. */
void kernel_main(void) RINGLET_NORETURN;

/* ---- hypercalls (xen.h has typed wrappers) ---- */

/* The hypercall's result; -ENOSYS when Xen does not know it. Any context. */
long hypercall(unsigned nr, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4,
               unsigned long a5);

/* ---- memory ---- */

/* The frame number by which Xen and a peer know the page at va (a machine frame for PV, else a
 * guest frame). va must be in the kernel image or in memory of boot_info.ram. */
xen_pfn_t arch_frame(const void *va);

/*
 * Makes grant table frames 0..nr-1 addressable at one address that never changes as nr grows. 0,
 * -ENOMEM (no page table page), or what the hypercall says. Nothing is lost when it fails: what was
 * mapped stays.
 */
int arch_map_grant_frames(unsigned nr, void **table);

/* Unmaps one page of boot_info.ram so that touching it is a fault, or maps it again read-write. 0
 * or -ENOMEM. */
int arch_guard_page(void *page, bool guard);

/* ---- time, ns ---- */
uint64_t arch_clock_now(void);
uint64_t arch_clock_wall(void);

/*
 * For a look at the clock that may cost nothing. arch_clock_leave() goes before a hypercall in
 * which this vCPU may stop running, arch_clock_back() after it: if it did stop, and Xen says when
 * it was run again, that time; else what arch_clock_now() says.
 */
void arch_clock_leave(void);
uint64_t arch_clock_back(void);

/* What SCHEDOP_poll must be given for a time of clock_now()'s: never 0, which would mean no end. */
uint64_t arch_poll_timeout(uint64_t deadline);

/* ---- suspending the domain (suspend.h is for everybody else) ---- */

/*
 * Stops the domain for the toolstack to save or move it, and returns when it runs again. No thread
 * and no handler runs meanwhile. 1: nothing came of it, it is the same domain with all it had. 0:
 * this is another domain with the same memory: shared_info is mapped and new (nothing in it is
 * anybody's), boot_info says the ports and pages that belong to console and XenStore now, machine
 * frames may be others, no grant table frame is mapped, and Xen knows none of the old ports and
 * references. -errno: Xen refused, all is as it was. clock_now() stands still meanwhile.
 */
int arch_suspend(void);

/* ---- contexts of execution (threads) ---- */

struct arch_context {
    void *sp;   /* the saved stack pointer */
    void *priv; /* for the implementation */
};

/* Prepares ctx so that the first switch to it calls entry() on the given stack (lowest address,
 * bytes). entry never returns. */
int arch_context_init(struct arch_context *ctx, void *stack, size_t size, void (*entry)(void));
void arch_context_switch(struct arch_context *from, struct arch_context *to);
/* ctx will not be switched to again. Not called on the running context. */
void arch_context_destroy(struct arch_context *ctx);

/* ---- debugging ---- */

/* Prints the callers of this function, symbolised where the image has symbols. */
void arch_print_backtrace(void);

#endif
