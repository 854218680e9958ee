/* SPDX-License-Identifier: MIT */
/*
 * The interface between the portable sources and the machine. lib/core and the drivers use nothing
 * else of the outside world. arch/ implements it on Xen; a host program that runs the same sources
 * on a simulated Xen implements it again.
 */
#ifndef RINGLET_ARCH_H
#define RINGLET_ARCH_H

#include <kernel/page.h>
#include <ringlet/compiler.h>
#include <ringlet/guest.h>
#include <ringlet/xen.h>

/* ---- what the domain was started with ---- */

#define BOOT_REGIONS_MAX 16
#define BOOT_CMDLINE_MAX 4095 /* maximum length of the stored command line */

struct boot_info {
    enum guest_type type;
    char cmdline[BOOT_CMDLINE_MAX + 1];
    bool cmdline_cut; /* it was, or may have been, truncated: its last word may be incomplete */
    struct mem_region ram[BOOT_REGIONS_MAX]; /* for the page allocator, mapped read-write */
    unsigned ram_regions;
    uintptr_t populated; /* RAM at or above this address is not populated: Xen holds it */
    uint64_t memory;     /* bytes the domain has in all */
    uint64_t started;    /* clock_now() when the guest's first instruction ran */
    /* Shared pages, mapped; NULL when the domain has none. */
    struct xencons_interface *console;
    evtchn_port_t console_port;
    struct xenstore_domain_interface *xenstore;
    evtchn_port_t xenstore_port;
};

extern struct boot_info boot_info;
/* Mapped before kernel_main. Fields that Xen writes are read with READ_ONCE. */
extern struct shared_info *shared_info;
/* Name of the source of clock_now(), such as "tsc", for the probe table. */
const char *arch_clock_source(void);
/* Instruction that makes hypercalls: "syscall", "vmcall", "vmmcall". */
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
 * Maps grant table frames 0..nr-1 at one address that does not change as nr grows. 0; -ENOSPC: nr is
 * beyond the domain's limit, or Xen has no more; -ENOMEM: no page for the list of frames (PV) or for
 * a page table (PVH); the hypercall's error. Frames that were mapped stay mapped when it fails.
 */
int arch_map_grant_frames(unsigned nr, void **table);

/*
 * The address of GRANT_MAP_PAGES pages that are not memory, where grants of other domains can be
 * mapped (grant_map.c): Xen's host_addr, of PV and PVH, is the address of the page. Makes the page
 * tables at the first call. 0; -ENOMEM; Xen's error.
 */
int arch_grant_area(void **area);
/* Makes a page of it, to which Xen has mapped a grant, accessible, or lets accesses fault before
 * Xen unmaps it. */
void arch_grant_area_set(void *page, bool present, bool readonly);

/*
 * The address of FOREIGN_PAGES pages that are not memory, where pages of other domains can be mapped
 * (foreign.c). Makes the page tables at the first call. 0; -ENOMEM; Xen's error.
 */
int arch_foreign_area(void **area);
/*
 * Maps count consecutive frames of the domain's physical address space to consecutive pages of the area,
 * at which nothing is mapped. 0, or Xen's error, and then nothing is mapped.
 */
int arch_foreign_map(void *page, domid_t domid, uint64_t gfn, unsigned count);
/* The same with up to 32 frames of a resource, from `frame` on. */
int arch_foreign_resource(void *page, domid_t domid, unsigned type, unsigned id, unsigned frame,
                          unsigned count);
/* Ends that for one page. 0, or Xen's error: then it may still be mapped. */
int arch_foreign_unmap(void *page);

/* Unmaps one page of boot_info.ram so that an access faults, or maps it again read-write. 0;
 * -ENOMEM; -EINVAL: the address is not page-aligned. */
int arch_guard_page(void *page, bool guard);

/*
 * Removes a page of boot_info.ram, which is to be returned to Xen, from the page tables. Returns
 * the frame number by which Xen knows it.
 */
xen_pfn_t arch_page_unmap(void *page);
/* Maps a page read-write after Xen has populated it; Xen knows it as `frame`. 0 or -errno; never
 * an error for a page that arch_page_unmap removed or that was not populated at boot. */
int arch_page_remap(void *page, xen_pfn_t frame);

/* ---- addresses for memory of vmem_alloc ---- */

/* Where they are: a range in which nothing is mapped, whole pages. */
void arch_vmem_range(uintptr_t *start, size_t *bytes);
/* Maps a page of the page allocator at an address of the range as well, read-write. 0; -ENOMEM, or
 * what Xen says, and nothing is mapped. */
int arch_vmem_map(void *va, void *page);
/* Ends that. 0, or what Xen says: then it is still mapped. */
int arch_vmem_unmap(void *va);
/* The page that is mapped at an address of the range, by its own address; NULL: none. Any context. */
void *arch_vmem_page(const void *va);

/* ---- time, ns ---- */
uint64_t arch_clock_now(void);
uint64_t arch_clock_wall(void);

/*
 * Read the clock at no cost where possible. Call arch_clock_leave() before a hypercall in which
 * this vCPU may stop running, and arch_clock_back() after it: it returns the time at which Xen ran
 * the vCPU again, if it did stop and Xen reports that time, and arch_clock_now() otherwise.
 */
void arch_clock_leave(void);
uint64_t arch_clock_back(void);

/* Converts a time of clock_now() to the timeout argument of SCHEDOP_poll; never 0, which would
 * mean no timeout. */
uint64_t arch_poll_timeout(uint64_t deadline);

/* ---- suspending the domain (others use suspend.h) ---- */

/*
 * Stops the domain so that the toolstack can save or move it, and returns when it runs again. No
 * thread and no handler runs meanwhile. 1: the suspend was cancelled, and the domain has everything
 * that it had. 0: this is another domain with the same memory: shared_info is mapped and new (no
 * port is bound in it), boot_info holds the current ports and pages of console and XenStore,
 * machine frames may have changed, no grant table frame is mapped, and Xen knows none of the old
 * ports and references. -errno: Xen refused, and nothing changed. clock_now() stands still
 * meanwhile.
 */
int arch_suspend(void);

/* ---- contexts of execution (threads) ---- */

struct arch_context {
    void *sp;   /* the saved stack pointer */
    void *priv; /* for the implementation */
};

/* Prepares ctx so that the first switch to it calls entry() on the given stack (lowest address,
 * bytes). entry never returns. 0; -EINVAL: the stack is smaller than a page; -ENOMEM. */
int arch_context_init(struct arch_context *ctx, void *stack, size_t size, void (*entry)(void));
void arch_context_switch(struct arch_context *from, struct arch_context *to);
/* Calls fn(arg) on another stack (lowest address, bytes). fn returns to the caller's stack, and
 * does not switch contexts. */
void arch_call_on_stack(void *stack, size_t size, void (*fn)(void *arg), void *arg);
/* The stack that kernel_main was called on: its lowest address, below which a page is unmapped, and
 * its bytes. It may be used for something else when no code runs on it any more. */
void *arch_boot_stack(size_t *size);
/* ctx will not be switched to again. Not called on the running context. */
void arch_context_destroy(struct arch_context *ctx);

/* ---- debugging ---- */

/* Prints the callers of this function, symbolised where the image has symbols. */
void arch_print_backtrace(void);
/* The same from an instruction and a frame pointer, which may be anything. */
void arch_print_frames(uintptr_t ip, uintptr_t fp);
/* The same of a context that does not run. */
void arch_print_context(const struct arch_context *ctx);

#endif
