/* SPDX-License-Identifier: MIT */
/* Time, and one-shot timers. All times are nanoseconds. Any context. */
#ifndef RINGLET_CLOCK_H
#define RINGLET_CLOCK_H

#include <ringlet/list.h>

/* Monotonic. It begins as Xen's system time, which counts from the boot of Xen. It stands still
 * while the domain is suspended, and then continues from the same value, independent of Xen's
 * time. */
uint64_t clock_now(void);
/* Only clock_recent() reads it. */
extern uint64_t clock_last_look;

/*
 * The result of the last clock_now() in the guest. It is free, while clock_now() may cost an exit
 * to Xen of more than a thousand instructions (where Xen emulates rdtsc). It never goes back and is
 * never later than clock_now(). How old it is at most:
 * - in a handler: the time that earlier handlers of the same pass took, as the scheduler reads the
 *   clock before each pass;
 * - in a thread: the time since the thread last waited, yielded or called clock_now(), if a timer
 *   was armed then (one is, while a block device has requests): the scheduler reads the clock after
 *   each sleep, and between two threads if a timer may be due.
 */
static inline uint64_t clock_recent(void)
{
    return clock_last_look;
}
/* Since 1970-01-01 UTC. */
uint64_t clock_wall(void);

/* clock_now() + ns, or DEADLINE_NEVER (thread.h) if the sum overflows. */
uint64_t clock_deadline(uint64_t ns);

struct timer {
    struct list link;
    uint64_t deadline;
    void (*fn)(struct timer *t);
    bool armed;
};

/*
 * fn(t) is called once, in handler context, as soon as possible after the deadline (clock_now()
 * time); it may start t again. The caller owns t, which must stay valid until fn was called or the
 * timer was stopped. Starting an armed timer changes its deadline.
 */
void timer_init(struct timer *t, void (*fn)(struct timer *t));
void timer_start(struct timer *t, uint64_t deadline);
void timer_stop(struct timer *t);

#endif
