/* SPDX-License-Identifier: MIT */
/*
 * Frontends when the domain is suspended (suspend.h). Each thread finishes its present step, so
 * that no half of a handshake reaches the backend of another domain, and stops. When the domain was
 * resumed, all connections are invalidated before any thread runs.
 */
#include "frontend_private.h"

#include <ringlet/suspend.h>

static struct list frontends = LIST_INIT(frontends);
static struct wait_queue resting = WAIT_QUEUE_INIT(resting); /* woken when one has stopped */
static struct wait_queue going = WAIT_QUEUE_INIT(going);     /* stopped threads wait here */
static bool suspending;

static bool all_parked(void)
{
    list_for_each (l, &frontends) {
        if (!list_entry(l, struct frontend, link)->parked)
            return false;
    }
    return true;
}

static void park_all(void)
{
    suspending = true;
    list_for_each (l, &frontends)
        wake_all(&list_entry(l, struct frontend, link)->events);
    /* Its steps wait only for XenStore. */
    wait_event(&resting, all_parked(), DEADLINE_NEVER);
}

static void restart_all(void)
{
    list_for_each (l, &frontends) {
        struct frontend *fe = list_entry(l, struct frontend, link);

        fe->resume_wanted = true;
        fe->ops->restart(fe);
    }
}

static void go_on(bool cancelled)
{
    (void)cancelled;
    suspending = false;
    wake_all(&going);
}

void frontend_add(struct frontend *fe)
{
    static struct suspend_hook hook = {
        .suspend = park_all, .restart = restart_all, .resume = go_on};

    suspend_register(&hook);
    list_add_tail(&frontends, &fe->link);
}

void frontend_remove(struct frontend *fe)
{
    list_del(&fe->link);
    wake_all(&resting);
}

bool frontend_suspending(void)
{
    return suspending;
}

void frontend_park(struct frontend *fe)
{
    while (suspending) {
        fe->parked = true;
        wake_all(&resting);
        wait_on(&going, DEADLINE_NEVER);
    }
    fe->parked = false;
}
