/* SPDX-License-Identifier: MIT */
/* Token buckets for messages (kernel/ratelimit.h). A bucket is stored as one time: that at which
 * it is full again. */
#include <kernel/ratelimit.h>

#define ROOM (RATELIMIT_BURST * RATELIMIT_INTERVAL)

static void say(struct ratelimit *limit)
{
    unsigned n = limit->left_out;

    limit->left_out = 0;
    timer_stop(&limit->say);
    pr_warn("%s: %u more message%s left out\n", limit->name ? limit->name : "peer", n,
            n == 1 ? "" : "s");
}

static void token_is_there(struct timer *t)
{
    struct ratelimit *limit = container_of(t, struct ratelimit, say);

    limit->paid_until = MAX(limit->paid_until, clock_now()) + RATELIMIT_INTERVAL;
    say(limit);
}

bool ratelimit_take(struct ratelimit *limit)
{
    const uint64_t now = clock_now();

    /* it cannot be later, unless the clock is another one after a resume */
    if (limit->paid_until < now || limit->paid_until - now > ROOM)
        limit->paid_until = now;
    if (limit->paid_until - now > ROOM - RATELIMIT_INTERVAL) {
        if (!limit->left_out++) {
            timer_init(&limit->say, token_is_there);
            timer_start(&limit->say, limit->paid_until - (ROOM - RATELIMIT_INTERVAL));
        }
        return false;
    }
    limit->paid_until += RATELIMIT_INTERVAL;
    if (limit->left_out)
        say(limit);
    return true;
}

void ratelimit_end(struct ratelimit *limit)
{
    if (limit->left_out)
        say(limit);
}
