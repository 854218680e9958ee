/* SPDX-License-Identifier: MIT */
/* Suspend and resume, in the order that suspend.h promises. */
#include <ringlet/suspend.h>

#include <kernel/arch.h>
#include <kernel/console.h>
#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/xenstore.h>
#include <ringlet/printk.h>

static struct list hooks = LIST_INIT(hooks); /* oldest first */
static unsigned count;
static unsigned busy; /* a suspend, and those that forbid one */

void suspend_register(struct suspend_hook *h)
{
    list_for_each (l, &hooks) {
        if (l == &h->link)
            return;
    }
    list_add_tail(&hooks, &h->link);
}

void suspend_forbid(void)
{
    busy++;
}

void suspend_permit(void)
{
    busy--;
}

unsigned suspend_count(void)
{
    return count;
}

/* No other thread runs until this has returned. */
static void start_over(void)
{
    int ret;

    count++;
    evtchn_resume();
    ret = console_resume();
    if (ret)
        pr_warn("console: %s, output only\n", errno_name(ret));
    gnttab_resume();
    list_for_each (l, &hooks) {
        const struct suspend_hook *h = list_entry(l, struct suspend_hook, link);

        if (h->restart)
            h->restart();
    }
}

int domain_suspend(void)
{
    int ret;

    if (busy)
        return -EBUSY;
    busy++;
    for (struct list *l = hooks.prev; l != &hooks; l = l->prev) {
        const struct suspend_hook *h = list_entry(l, struct suspend_hook, link);

        if (h->suspend)
            h->suspend();
    }
    xs_suspend();
    printk_drain();
    ret = arch_suspend();
    if (ret == 0)
        start_over();
    xs_resume(ret != 0);
    list_for_each (l, &hooks) {
        const struct suspend_hook *h = list_entry(l, struct suspend_hook, link);

        if (h->resume)
            h->resume(ret != 0);
    }
    busy--;
    return ret;
}
