/* SPDX-License-Identifier: MIT */
/* Time, and one-shot timers. All times are nanoseconds. Any context. */
#ifndef RINGLET_CLOCK_H
#define RINGLET_CLOCK_H

#include <ringlet/list.h>

/* Monotonic. Xen's system time, which starts at Xen's boot, until the domain is suspended: while it
 * is stopped this clock stands still, and goes on from there whatever the time of Xen is then. */
uint64_t clock_now(void);
/* Nobody's but clock_recent()'s. */
extern uint64_t clock_last_look;

/*
 * The time at which somebody last looked at the clock, for who needs no better: a look may cost an
 * exit to Xen of more than a thousand instructions (where it emulates rdtsc). Never later than
 * clock_now(), and never goes back. How far behind it is:
 * - in a handler by no more than what the handlers have done that were called before in the same
 *   pass, as the scheduler looks first;
 * - in a thread by no more than what it has done itself since it last waited, yielded or called
 *   clock_now(), provided that a timer was armed then, as there is one while a block device has
 *   requests: the scheduler looks after each sleep, and between two threads if a timer may be due.
 */
static inline uint64_t clock_recent(void)
{
    return clock_last_look;
}
/* Since 1970-01-01 UTC. */
uint64_t clock_wall(void);

/* clock_now() + ns without wrapping: DEADLINE_NEVER (thread.h) stays never. */
uint64_t clock_deadline(uint64_t ns);

struct timer {
    struct list link;
    uint64_t deadline;
    void (*fn)(struct timer *t);
    bool armed;
};

/*
 * fn(t) is called once in handler context at the first chance after deadline; it may start t again.
 * The caller owns t, which must live until it has fired or was stopped. Starting an armed timer
 * moves it.
 */
void timer_init(struct timer *t, void (*fn)(struct timer *t));
void timer_start(struct timer *t, uint64_t deadline);
void timer_stop(struct timer *t);

/* For who makes a hypercall in which this vCPU may stop running: clock_leave() before it;
 * clock_back() after it is clock_now(), but costs nothing when Xen says when it went on. */
void clock_leave(void);
uint64_t clock_back(void);

/* For the scheduler: no timer is armed (at its start); the earliest armed deadline or UINT64_MAX;
 * run what is due at `now` (each armed timer at most once). */
void timer_reset(void);
uint64_t timer_next(void);
void timer_run_due(uint64_t now);

#endif
