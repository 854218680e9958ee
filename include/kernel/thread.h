/* SPDX-License-Identifier: MIT */
/* The scheduler, for the code that starts the guest and for the event channel driver. */
#ifndef RINGLET_KERNEL_THREAD_H
#define RINGLET_KERNEL_THREAD_H

#include <ringlet/thread.h>

/* Makes the caller the first thread ("main"); once, after page_init. */
int thread_init(void);

/*
 * Moves the first thread to a stack of its own, of at least stack_size bytes with an unmapped page
 * below, and calls entry() there, which never returns. Called by the first thread, once; it returns
 * only when that fails: -ENOMEM.
 */
int thread_move_first(size_t stack_size, void (*entry)(void));

/* From now on handlers run on this stack (lowest address, bytes), and not on that of the thread
 * that gave up the CPU. NULL: on that again. No handler runs while it is called. */
void thread_set_handler_stack(void *stack, size_t size);

/*
 * Prints the name, state and backtrace of each thread (the first 32). ip, fp: the position of the
 * running one; 0: in the caller. Any context, also in an NMI.
 */
void thread_print_all(uintptr_t ip, uintptr_t fp);

/* ---- the source of events: the event channel driver registers it once ---- */

struct event_source {
    bool (*pending)(void);  /* whether there is anything to dispatch; cheap */
    void (*dispatch)(void); /* calls the handlers of pending events: one bounded pass */
    void (*block)(uint64_t deadline_ns); /* until an event is pending or the deadline passes */
    void (*yield)(void);                 /* gives the CPU to other domains for once */
};

void thread_set_event_source(const struct event_source *source);

#endif
