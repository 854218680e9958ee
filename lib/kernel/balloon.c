/* SPDX-License-Identifier: MIT */
/*
 * Returns memory to Xen and takes it back. The size of the domain is the one that Xen reports
 * (XENMEM_current_reservation): it is the figure of `xl list`, and includes the few pages that the
 * toolstack has added to the guest's memory.
 */
#include <kernel/balloon.h>

#include <kernel/arch.h>
#include <kernel/page.h>
#include <kernel/ratelimit.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <ringlet/xenstore.h>

#define STEP        256 /* pages between two checks of the target, with other threads running */
#define SUPER_ORDER 9   /* the largest extent that Xen takes from a guest as it is built */
#define SUPER_PAGES (1UL << SUPER_ORDER)
#define PER_MIB     256 /* pages */
/* The toolstack's pages (console, XenStore, ACPI tables ...) count as the domain's and are not
 * in its memory map. There are about ten. At boot the guest returns this many pages more, until
 * the target is known; and a guest that exceeds its target by up to this many has reached it. */
#define TOOLSTACK_PAGES 64
/* A guest that ends sooner than this need not read its target. */
#define FIRST_LOOK NSEC_PER_SEC
#define KIB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))

_Static_assert(sizeof(struct xen_memory_reservation) == 32, "xen_memory_reservation ABI");

static void *pages[STEP];
static xen_pfn_t frames[STEP];

/* Number of pages of the domain, or -errno. */
static long reservation(void)
{
    domid_t self = DOMID_SELF;

    return hypercall_memory_op(XENMEM_current_reservation, &self);
}

/* Applies `op` to the first n of frames, each the first page of 2^order. Returns how many of
 * them succeeded, which are the first ones. */
static unsigned change(unsigned op, unsigned n, unsigned order)
{
    struct xen_memory_reservation r = {.nr_extents = n, .extent_order = order, .domid = DOMID_SELF};
    long done;

    set_xen_guest_handle(r.extent_start, frames);
    done = n ? hypercall_memory_op(op, &r) : 0;
    return done < 0 ? 0 : (unsigned)MIN(done, (long)n);
}

/* ---- at boot ---- */

/* 2 MiB at a time where possible, as there may be gigabytes. */
static void give_back(size_t pfn, size_t count)
{
    unsigned largest = SUPER_ORDER;

    while (count) {
        bool super = largest && pfn % SUPER_PAGES == 0 && count >= SUPER_PAGES;
        size_t size = super ? SUPER_PAGES : 1;
        size_t fit = super ? count / SUPER_PAGES : MIN(count, SUPER_PAGES - pfn % SUPER_PAGES);
        unsigned n = (unsigned)MIN(fit, (size_t)STEP), done;

        for (unsigned i = 0; i < n; i++)
            frames[i] = pfn + i * size;
        done = change(XENMEM_decrease_reservation, n, super ? SUPER_ORDER : 0);
        pfn += done * size;
        count -= done * size;
        if (done == n)
            continue;
        if (!super) {
            pr_warn("memory: Xen does not take back %llu KiB that it has not got\n", KIB(count));
            return;
        }
        largest = 0;
    }
}

static size_t ram_pages(void)
{
    size_t n = 0;

    for (unsigned i = 0; i < boot_info.ram_regions; i++)
        n += boot_info.ram[i].bytes >> PAGE_SHIFT;
    return n;
}

/* From the top of the memory map, as the image and the pages that the builder added are low. */
static void give_back_highest(size_t count)
{
    for (unsigned i = boot_info.ram_regions; i-- > 0 && count;) {
        size_t bytes = MIN(boot_info.ram[i].bytes, count << PAGE_SHIFT);
        uintptr_t from = boot_info.ram[i].start + boot_info.ram[i].bytes - bytes;

        give_back(from >> PAGE_SHIFT, bytes >> PAGE_SHIFT);
        boot_info.populated = from;
        count -= bytes >> PAGE_SHIFT;
    }
}

static void forget_highest(size_t count)
{
    while (count && boot_info.ram_regions) {
        struct mem_region *r = &boot_info.ram[boot_info.ram_regions - 1];
        size_t bytes = MIN(r->bytes, count << PAGE_SHIFT);

        r->bytes -= bytes;
        count -= bytes >> PAGE_SHIFT;
        if (!r->bytes)
            boot_info.ram_regions--;
    }
}

void balloon_boot(void)
{
    size_t shown = boot_info.memory >> PAGE_SHIFT;
    long given = reservation();

    if (boot_info.type == GUEST_PV || given <= 0 || shown <= (size_t)given)
        return;
    give_back_highest(shown - (size_t)given + TOOLSTACK_PAGES);
    boot_info.memory = ROUND_DOWN((size_t)given, (size_t)PER_MIB) << PAGE_SHIFT;
    if (ram_pages() > BALLOON_GROWTH * (size_t)given)
        forget_highest(ram_pages() - BALLOON_GROWTH * (size_t)given);
}

/* ---- later ---- */

static unsigned give(size_t count)
{
    struct page_stats s;
    unsigned n, done;

    page_get_stats(&s);
    n = (unsigned)MIN(count, s.free > BALLOON_KEEP ? s.free - BALLOON_KEEP : 0);
    n = page_withdraw(pages, n);
    for (unsigned i = 0; i < n; i++) {
        /* Xen does not clear it, and may give it to another domain */
        memset(pages[i], 0, PAGE_SIZE);
        frames[i] = arch_page_unmap(pages[i]);
    }
    done = change(XENMEM_decrease_reservation, n, 0);
    for (unsigned i = done; i < n; i++)
        if (arch_page_remap(pages[i], frames[i]) == 0)
            page_return(pages[i]);
    return done;
}

static unsigned take(size_t count)
{
    unsigned n = page_away(pages, (unsigned)count), done;

    for (unsigned i = 0; i < n; i++)
        frames[i] = (uintptr_t)pages[i] >> PAGE_SHIFT;
    done = change(XENMEM_populate_physmap, n, 0);
    for (unsigned i = 0; i < done; i++)
        if (arch_page_remap(pages[i], frames[i]) == 0)
            page_return(pages[i]);
    return done;
}

static struct {
    struct xs_watch watch;
    size_t pages;     /* the target */
    bool told;        /* whether it was reported as out of reach */
    uint64_t backoff; /* ns */
    /* a toolstack that writes new targets all the time does not fill the console */
    struct ratelimit messages;
} target;

static void tell(long have, bool shrink)
{
    struct page_stats s;

    if (target.told)
        return;
    target.told = true;
    page_get_stats(&s);
    pr_warn_limited(&target.messages,
                    "memory: the domain has %llu KiB and should have %llu KiB: %s\n", KIB(have),
                    KIB(target.pages),
                    shrink   ? "the rest is in use"
                    : s.away ? "Xen has no more"
                             : "there is no room for more");
}

/* Works until the target is reached, or changes, or no progress is possible. Returns when to
 * continue, in clock_now() time. */
static uint64_t follow(void)
{
    bool changed = false;

    while (target.watch.events == target.watch.seen) {
        long have = reservation();
        bool shrink;
        size_t missing;

        if (have < 0)
            return DEADLINE_NEVER;
        shrink = (size_t)have > target.pages;
        missing = shrink ? (size_t)have - target.pages : target.pages - (size_t)have;
        if (!missing || (!changed && shrink && missing <= TOOLSTACK_PAGES))
            return DEADLINE_NEVER;
        if (!(shrink ? give(MIN(missing, (size_t)STEP)) : take(MIN(missing, (size_t)STEP)))) {
            tell(have, shrink);
            target.backoff = MIN(MAX(2 * target.backoff, BALLOON_RETRY), BALLOON_RETRY_MAX);
            return clock_now() + target.backoff;
        }
        changed = true;
        target.backoff = 0;
        thread_yield();
    }
    return DEADLINE_NEVER;
}

static int read_target(void)
{
    uint64_t kib;
    int ret = xs_read_u64(XS_NO_TRANSACTION, "memory", "target", 1, UINT64_MAX / 1024, 0, &kib);

    if (!ret && kib && kib / (PAGE_SIZE / 1024) != target.pages) {
        target.pages = kib / (PAGE_SIZE / 1024);
        target.told = false;
        target.backoff = 0;
    }
    return ret;
}

static void balloon_thread(void *arg)
{
    uint64_t deadline = DEADLINE_NEVER;
    int ret;

    (void)arg;
    thread_sleep(FIRST_LOOK);
    ret = xs_watch(&target.watch, "memory", "target");
    if (ret) {
        pr_debug("memory/target cannot be watched: %s\n", errno_name(ret));
        return;
    }
    for (;;) {
        ret = xs_watch_wait(&target.watch, deadline);
        if (ret == 0)
            read_target();
        else if (ret != -ETIMEDOUT)
            return;
        deadline = target.pages ? follow() : DEADLINE_NEVER;
    }
}

int balloon_init(void)
{
    memset(&target, 0, sizeof(target));
    target.messages.name = "memory";
    return thread_create(NULL, "memory", balloon_thread, NULL, 0);
}
