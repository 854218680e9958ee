/* SPDX-License-Identifier: MIT */
/*
 * Memory of other domains, mapped at addresses that are not memory. A page of them is free, in use, or
 * lost; what is not known to be unmapped is not used again.
 */
#include <kernel/arch.h>
#include <kernel/foreign.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/suspend.h>

#define RESOURCE_FRAMES_MAX 32

enum { FREE, USED, GONE /* a suspend has unmapped it; the owner has not yet */, LOST };

static char *foreign_area;
static uint8_t *foreign_use;  /* of each page of the area */
static unsigned foreign_next; /* where the search for free pages begins */
static unsigned foreign_ends; /* suspends */
static struct foreign_stats foreign_counts;

static char *page_at(unsigned i)
{
    return foreign_area + i * PAGE_SIZE;
}

/* The page then has the state `after`, or is lost. 0 or -EIO. */
static int unmap_page(unsigned i, uint8_t after)
{
    int ret;

    if (foreign_use[i] != USED) {
        foreign_use[i] = foreign_use[i] == LOST ? LOST : after;
        return 0;
    }
    foreign_counts.mapped--;
    ret = arch_foreign_unmap(page_at(i));
    foreign_use[i] = ret ? LOST : after;
    if (!ret)
        return 0;
    if (!foreign_counts.lost++)
        pr_err("a page of another domain cannot be unmapped: %s\n", errno_name(ret));
    return -EIO;
}

/* Before a suspend: the page tables of a domain that is saved hold only its own memory. */
static void foreign_suspend(void)
{
    foreign_ends++;
    for (unsigned i = 0; i < FOREIGN_PAGES; i++)
        if (foreign_use[i] == USED)
            unmap_page(i, GONE);
}

static int prepare_area(void)
{
    static struct suspend_hook foreign_hook = {.suspend = foreign_suspend};
    void *addresses;
    int ret;

    if (foreign_use)
        return 0;
    ret = arch_foreign_area(&addresses);
    if (ret)
        return ret;
    foreign_use = heap_zalloc(FOREIGN_PAGES, sizeof(*foreign_use), MEM_GRANT);
    if (!foreign_use)
        return -ENOMEM;
    foreign_area = addresses;
    suspend_register(&foreign_hook);
    return 0;
}

static bool find_run(unsigned from, unsigned to, unsigned count, unsigned *first)
{
    for (unsigned i = from, run = 0; i < to; i++) {
        run = foreign_use[i] == FREE ? run + 1 : 0;
        if (run == count) {
            *first = i + 1 - count;
            return true;
        }
    }
    return false;
}

/* Addresses are used in turn, so that an access to pages that were unmapped faults for long. */
static int reserve_run(unsigned count, unsigned *first)
{
    int ret;

    if (!count || count > FOREIGN_PAGES)
        return -EINVAL;
    ret = prepare_area();
    if (ret)
        return ret;
    if (!find_run(foreign_next, FOREIGN_PAGES, count, first) &&
        !find_run(0, MIN(foreign_next + count - 1, FOREIGN_PAGES), count, first))
        return -ENOSPC;
    foreign_next = (*first + count) % FOREIGN_PAGES;
    return 0;
}

static int mapped_run(int ret, unsigned first, unsigned count, void **va)
{
    if (ret) {
        foreign_counts.failures++;
        return ret;
    }
    memset(foreign_use + first, USED, count);
    foreign_counts.mapped += count;
    *va = page_at(first);
    return 0;
}

int foreign_map(domid_t domid, uint64_t gfn, unsigned count, void **va)
{
    unsigned first = 0;
    int ret = reserve_run(count, &first);

    *va = NULL;
    foreign_counts.maps++;
    /* a frame number has at most 40 bits (52 of an address) */
    if (!ret && gfn + count > 1ull << 40)
        ret = -EINVAL;
    if (!ret)
        ret = arch_foreign_map(page_at(first), domid, gfn, count);
    return mapped_run(ret, first, count, va);
}

int foreign_map_resource(domid_t domid, unsigned type, unsigned id, unsigned frame, unsigned count,
                         void **va)
{
    unsigned first = 0;
    int ret = count > RESOURCE_FRAMES_MAX ? -EINVAL : reserve_run(count, &first);

    *va = NULL;
    foreign_counts.maps++;
    if (!ret)
        ret = arch_foreign_resource(page_at(first), domid, type, id, frame, count);
    return mapped_run(ret, first, count, va);
}

int foreign_unmap(void *va, unsigned count)
{
    const size_t offset = (uintptr_t)va - (uintptr_t)foreign_area;
    const unsigned first = (unsigned)(offset >> PAGE_SHIFT);
    int ret = 0;

    if (!foreign_use || (offset & PAGE_MASK) || !count || offset >= FOREIGN_PAGES * PAGE_SIZE ||
        count > FOREIGN_PAGES - first)
        return -EINVAL;
    for (unsigned i = first; i < first + count; i++)
        if (foreign_use[i] != USED && foreign_use[i] != GONE)
            return -EINVAL;
    for (unsigned i = first; i < first + count; i++) {
        int error = unmap_page(i, FREE);

        ret = ret ? ret : error;
    }
    return ret;
}

unsigned foreign_suspends(void)
{
    return foreign_ends;
}

void foreign_get_stats(struct foreign_stats *out)
{
    *out = foreign_counts;
}

void foreign_reset(void)
{
    foreign_use = NULL;
    foreign_next = 0;
    foreign_counts = (struct foreign_stats){0};
}
