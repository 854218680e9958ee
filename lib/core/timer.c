/* SPDX-License-Identifier: MIT */
/* The clock's general part, and one-shot timers in a list sorted by deadline. */
#include <kernel/arch.h>
#include <kernel/clock.h>

static struct list timers = LIST_INIT(timers);

uint64_t clock_last_look;

uint64_t clock_now(void)
{
    return clock_last_look = arch_clock_now();
}

void clock_leave(void)
{
    arch_clock_leave();
}

uint64_t clock_back(void)
{
    return clock_last_look = arch_clock_back();
}

uint64_t clock_wall(void)
{
    return arch_clock_wall();
}

uint64_t clock_deadline(uint64_t ns)
{
    uint64_t sum;

    return __builtin_add_overflow(clock_now(), ns, &sum) ? UINT64_MAX : sum;
}

RINGLET_COLD void timer_reset(void)
{
    list_init(&timers);
    clock_last_look = 0;
}

void timer_init(struct timer *t, void (*fn)(struct timer *t))
{
    list_init(&t->link);
    t->fn = fn;
    t->armed = false;
}

void timer_start(struct timer *t, uint64_t deadline)
{
    struct list *after;

    timer_stop(t);
    after = timers.prev; /* after the removal, as it may have been t itself */
    t->deadline = deadline;
    t->armed = true;
    /* from the end, as a new timer is mostly the latest */
    while (after != &timers && list_entry(after, struct timer, link)->deadline > deadline)
        after = after->prev;
    list_add_head(after, &t->link);
}

void timer_stop(struct timer *t)
{
    t->armed = false;
    list_del(&t->link);
}

uint64_t timer_next(void)
{
    return list_empty(&timers) ? UINT64_MAX : list_entry(timers.next, struct timer, link)->deadline;
}

void timer_run_due(uint64_t now)
{
    struct list due = LIST_INIT(due);

    if (timer_next() > now)
        return;
    while (timer_next() <= now) {
        struct list *node = timers.next;

        list_del(node);
        list_add_tail(&due, node);
    }
    /* one at a time from the head of the list, as a function may stop another timer that is due */
    while (!list_empty(&due)) {
        struct timer *t = list_entry(due.next, struct timer, link);

        timer_stop(t);
        t->fn(t);
    }
}
