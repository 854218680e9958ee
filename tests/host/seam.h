/* SPDX-License-Identifier: MIT */
/*
 * The host's implementation of the seam (kernel/arch.h): lib/core and drivers as part of an
 * ordinary process. Hypercalls go to a hook of the test, time stands still unless the test moves
 * it.
 */
#ifndef RINGLET_TESTS_SEAM_H
#define RINGLET_TESTS_SEAM_H

#include <kernel/arch.h>
#include <kernel/thread.h>

#include <setjmp.h>

/*
 * Resets everything: `bytes` of memory for the page allocator, cleared shared_info, console and
 * XenStore pages (their ports: 1 and 2), the time at 1 s, no hypercall hook, thread_init() done.
 * Free memory of the page allocator and the heap, and the bytes behind a heap block, are poisoned
 * for AddressSanitizer. Every test's setup, on the stack that main() runs on. Ends the process when
 * the host has no memory.
 */
void seam_init(size_t bytes);
/* Frees the memory of seam_init. */
void seam_exit(void);

/* Answers hypercalls; NULL or an answer of SEAM_DEFAULT: seam's own (below). */
#define SEAM_DEFAULT (-123456L)
extern long (*seam_hypercall)(unsigned nr, const unsigned long *arg);

/*
 * Seam's own answers: SCHEDOP_poll returns 0 and, if no polled port is pending, moves seam_now to
 * the timeout (a poll without end and without event aborts the process with a message: the test is
 * stuck); SCHEDOP_yield 0; SCHEDOP_shutdown jumps to seam_shutdown_jmp if set, else it
 * aborts; GNTTABOP_query_size 1 of seam_grant_max_frames (32); EVTCHNOP_alloc_unbound hands out
 * ports from 3; send counts; unmask behaves; close, bind_* 0; the rest -ENOSYS.
 */
extern unsigned seam_grant_max_frames;
extern uint64_t seam_hypercalls;     /* so far */
extern uint64_t seam_sends;          /* EVTCHNOP_send so far */
extern evtchn_port_t seam_last_send; /* its port */
extern uint64_t seam_polls, seam_yields;
extern int seam_shutdown_reason; /* -1, or SCHEDOP_shutdown's */
/* Set by the first thread's setjmp, reached from every thread. Behind it only seam_exit and
 * seam_init may follow. (panic() prints its message once a process.) */
extern jmp_buf *seam_shutdown_jmp;

/* Called by SCHEDOP_poll before it looks for events: a place for a fake peer to run. May be NULL.
 */
extern void (*seam_idle)(void);

/* The value of arch_clock_now(), ns, and the number of its calls. */
extern uint64_t seam_now, seam_clock_reads;

/* Does the same as Xen when the peer notifies: sets the pending bit and, unless the port is
 * masked, selector and upcall_pending. */
void seam_raise(evtchn_port_t port);

/* The result of a suspend: 1 cancelled, 0 resumed, -errno. NULL: cancelled. Before it returns 0 it
 * must have set boot_info and shared_info of the new domain; no grant frame is mapped any more. */
extern int (*seam_suspend)(void);

/* Called by arch_guard_page, before it does anything; NULL: nothing is. */
extern void (*seam_guard)(void);

/* arch_grant_area()'s result; 0 after seam_init. */
extern int seam_grant_area_error;

/*
 * Another domain whose memory can be mapped (arch_foreign_map): frames 0 to `pages` - 1, but for those
 * of which hole() says so (NULL: none). *memory is the domain's own view of it. Frame 0 is also each frame of
 * each resource. None after seam_init. error: of each mapping; unmap_error: of each unmapping.
 */
struct seam_foreign {
    domid_t domid;
    unsigned pages;
    char *memory;
    bool (*hole)(uint64_t gfn);
    int error, resource_error, unmap_error, area_error;
    unsigned mapped, calls; /* pages now; arch_foreign_map and _resource */
};

extern struct seam_foreign seam_foreign;
/* Makes the memory; seam_exit ends it. */
void seam_foreign_make(domid_t domid, unsigned pages);
void seam_foreign_end(void);

/* The module of the toolstack; NULL after seam_init: there is none. */
extern const void *seam_module;
extern size_t seam_module_bytes;

/* The grant table that arch_map_grant_frames gave. */
extern grant_entry_v1_t *seam_grants;
/* The address of a page from its frame number (arch_frame's reverse). */
void *seam_page(xen_pfn_t frame);

/* The text of printk and print_raw since seam_init, NUL-terminated (the newest 64 KiB). */
const char *seam_console(void);
void seam_console_clear(void);

/* For seam.c, in context.c: forget the first thread's context; jump there from whichever thread
 * runs. */
void host_contexts_reset(void);
void host_contexts_jump(jmp_buf *to) RINGLET_NORETURN;

#endif
