/* SPDX-License-Identifier: MIT */
/* POSIX' timers. One with an absolute time on the wall clock follows that when it is set. */
#include "signal_private.h"
#include "timespec.h"
#include "wait.h"

#include <ringlet/heap.h>

#include <errno.h>
#include <limits.h>

struct posix_timer {
    struct timer timer;
    struct list link;
    struct sigevent event;
    struct signal_entry entry;
    int id;
    clockid_t clock;
    uint64_t next;     /* clock_now() time; 0: not running */
    uint64_t interval; /* ns; 0: expires once */
    bool follows_wall;
    struct timespec wall;
    int overrun; /* expirations since the signal was queued */
};

static struct list timers = LIST_INIT(timers);

static int fail(int err)
{
    errno = err;
    return -1;
}

static struct posix_timer *find(timer_t id)
{
    list_for_each (pos, &timers) {
        struct posix_timer *t = list_entry(pos, struct posix_timer, link);

        if ((timer_t)t == id)
            return t;
    }
    errno = EINVAL;
    return NULL;
}

static void add_overrun(struct posix_timer *t, uint64_t n)
{
    t->overrun = n > (uint64_t)(DELAYTIMER_MAX - t->overrun) ? DELAYTIMER_MAX : t->overrun + (int)n;
}

/* One notification for `count` expirations. While its signal is pending there is no other. */
static void notify(struct posix_timer *t, uint64_t count)
{
    if (t->entry.queued) {
        add_overrun(t, count);
        t->entry.info.si_overrun = t->overrun;
        return;
    }
    t->overrun = 0;
    add_overrun(t, count - 1);
    t->entry.kept = true;
    t->entry.info = (siginfo_t){.si_signo = t->event.sigev_signo,
                                .si_code = SI_TIMER,
                                .si_value = t->event.sigev_value,
                                .si_timerid = t->id,
                                .si_overrun = t->overrun};
    signal_notify(&t->event, &t->entry);
}

/* The end of time is never reached, also by an interval of hundreds of years. */
static uint64_t later(uint64_t time, uint64_t count, uint64_t interval)
{
    uint64_t sum;

    if (__builtin_mul_overflow(count, interval, &sum) || __builtin_add_overflow(time, sum, &sum))
        return DEADLINE_NEVER;
    return sum;
}

/* Starts the kernel's timer for the next expiration. */
static void arm(struct posix_timer *t)
{
    uint64_t deadline = t->next;

    if (t->follows_wall && libc_deadline(CLOCK_REALTIME, &t->wall, &t->next) == 0)
        deadline = MIN(t->next, clock_deadline(WALL_CLOCK_LOOK));
    timer_start(&t->timer, deadline);
}

static void expired(struct timer *timer)
{
    struct posix_timer *t = container_of(timer, struct posix_timer, timer);
    const uint64_t now = clock_now();
    uint64_t count = 1;

    if (t->follows_wall) {
        libc_deadline(CLOCK_REALTIME, &t->wall, &t->next);
        if (t->next > now) {
            arm(t);
            return;
        }
        t->follows_wall = false;
        t->next = MAX(t->next, timer->deadline);
    }
    if (t->interval) {
        count = now > t->next ? (now - t->next) / t->interval + 1 : 1;
        t->next = later(t->next, count, t->interval);
        arm(t);
    } else {
        t->next = 0;
    }
    notify(t, count);
}

int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict out)
{
    static int number;
    const struct sigevent standard = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    struct posix_timer *t;
    uint64_t unused;

    if (libc_deadline(clock, &(struct timespec){0}, &unused) ||
        (event && signal_check_event(event)))
        return fail(EINVAL);
    t = heap_zalloc(1, sizeof(*t), MEM_APP);
    if (!t)
        return fail(EAGAIN);
    timer_init(&t->timer, expired);
    t->clock = clock;
    t->id = ++number;
    t->event = event ? *event : standard;
    if (!event)
        t->event.sigev_value.sival_ptr = t;
    list_add_tail(&timers, &t->link);
    *out = (timer_t)t;
    return 0;
}

int timer_delete(timer_t id)
{
    struct posix_timer *t = find(id);

    if (!t)
        return -1;
    timer_stop(&t->timer);
    signal_entry_cancel(&t->entry);
    list_del(&t->link);
    heap_free(t);
    return 0;
}

static struct itimerspec value_of(const struct posix_timer *t)
{
    const uint64_t now = clock_now();

    return (struct itimerspec){
        .it_interval = timespec_of(t->interval),
        .it_value = timespec_of(!t->next        ? 0
                                : t->next > now ? t->next - now
                                                : 1),
    };
}

int timer_gettime(timer_t id, struct itimerspec *value)
{
    const struct posix_timer *t = find(id);

    if (!t)
        return -1;
    *value = value_of(t);
    return 0;
}

int timer_settime(timer_t id, int flags, const struct itimerspec *restrict value,
                  struct itimerspec *restrict old)
{
    struct posix_timer *t = find(id);
    const clockid_t clock = t && (flags & TIMER_ABSTIME) ? t->clock : CLOCK_MONOTONIC;
    uint64_t first, interval;

    if (!t)
        return -1;
    if (value->it_value.tv_sec < 0 || value->it_interval.tv_sec < 0 ||
        libc_deadline(CLOCK_MONOTONIC, &value->it_interval, &interval) ||
        libc_deadline(clock, &value->it_value, &first))
        return fail(EINVAL);
    if (old)
        *old = value_of(t);
    timer_stop(&t->timer);
    signal_entry_cancel(&t->entry);
    t->interval = interval;
    t->next = 0;
    t->follows_wall = false;
    if (!value->it_value.tv_sec && !value->it_value.tv_nsec)
        return 0;
    t->next = flags & TIMER_ABSTIME ? MAX(first, 1ULL) : clock_deadline(first);
    t->follows_wall = clock == CLOCK_REALTIME;
    t->wall = value->it_value;
    arm(t);
    return 0;
}

int timer_getoverrun(timer_t id)
{
    const struct posix_timer *t = find(id);

    return t ? t->overrun : -1;
}
