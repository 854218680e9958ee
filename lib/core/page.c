/* SPDX-License-Identifier: MIT */
/*
 * The page allocator: binary buddies. What is known of a page is kept beside the pages, not in
 * them, as a page may be written by a peer at any time; only free pages, which nobody maps, carry
 * list links.
 */
#include "mem_private.h"

#include <ringlet/errno.h>
#include <ringlet/list.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

const char *const mem_class_name[MEM_CLASSES] = {
    "kernel", "thread", "xenstore", "grant", "block", "app", "heap",
};

/*
 * A page's state. USED_*: the low bits are its class; FREE_HEAD: the order of the free block.
 * Within a free block all but the head are FREE_TAIL already when it is split or merged, so that
 * neither costs more for large blocks.
 */
enum {
    ABSENT = 0x00, /* not ours: a hole, or our own bookkeeping */
    FREE_TAIL = 0x01,
    QUARANTINED = 0x02,
    FREE_HEAD = 0x40,
    USED_HEAD = 0x80,
    USED_TAIL = 0xc0,
    KIND = 0xc0,
    LOW = 0x3f,
};

_Static_assert(PAGE_MAX_ORDER <= (int)LOW && (int)MEM_CLASSES <= (int)LOW,
               "they share a byte with the kind");

static uint8_t *state, *pins;
static uint32_t *tags;
static size_t base, limit; /* page frame numbers: state[0] describes base */
static struct list free_list[PAGE_MAX_ORDER + 1];
static struct page_stats stats;

static void *address(size_t pfn)
{
    return (void *)(pfn << PAGE_SHIFT);
}

static size_t frame(const void *va)
{
    return (uintptr_t)va >> PAGE_SHIFT;
}

static uint8_t *state_of(size_t pfn)
{
    return &state[pfn - base];
}

static bool managed(const void *va)
{
    size_t pfn = frame(va);

    return pfn >= base && pfn < limit && *state_of(pfn) != ABSENT;
}

/* ---- free blocks ---- */

static void insert_free(size_t pfn, unsigned order)
{
    *state_of(pfn) = (uint8_t)(FREE_HEAD | order);
    mem_unpoison(address(pfn), sizeof(struct list));
    list_add_head(&free_list[order], address(pfn));
}

static void give_block(size_t pfn, unsigned order)
{
    stats.free += (size_t)1 << order;
    while (order < PAGE_MAX_ORDER) {
        size_t buddy = pfn ^ ((size_t)1 << order);

        if (buddy < base || buddy + ((size_t)1 << order) > limit ||
            *state_of(buddy) != (FREE_HEAD | order))
            break;
        list_del(address(buddy));
        *state_of(buddy) = FREE_TAIL;
        pfn &= buddy;
        order++;
    }
    insert_free(pfn, order);
}

/* Any run of pages that are FREE_TAIL, as the aligned powers of two that it consists of. */
static void give_run(size_t pfn, size_t count)
{
    while (count) {
        unsigned order = 0;

        while (order < PAGE_MAX_ORDER && !(pfn & (((size_t)2 << order) - 1)) &&
               ((size_t)2 << order) <= count)
            order++;
        give_block(pfn, order);
        pfn += (size_t)1 << order;
        count -= (size_t)1 << order;
    }
}

static size_t take_block(unsigned order)
{
    unsigned o = order;
    size_t pfn;

    while (o <= PAGE_MAX_ORDER && list_empty(&free_list[o]))
        o++;
    if (o > PAGE_MAX_ORDER)
        return 0;
    pfn = frame(free_list[o].next);
    list_del(address(pfn));
    stats.free -= (size_t)1 << order;
    while (o > order) { /* the upper halves go back */
        o--;
        insert_free(pfn + ((size_t)1 << o), o);
    }
    return pfn;
}

static void release_run(size_t pfn, size_t count)
{
    memset(state_of(pfn), FREE_TAIL, count);
    mem_poison(address(pfn), count * PAGE_SIZE);
    give_run(pfn, count);
}

/* ---- setting up ---- */

static bool plausible(const struct mem_region *r, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (r[i].start + r[i].bytes < r[i].start)
            return false;
        for (unsigned k = 0; k < i; k++)
            if (r[i].start < r[k].start + r[k].bytes && r[k].start < r[i].start + r[i].bytes)
                return false;
    }
    return true;
}

/* The whole pages of a region, of which page 0 is none: its address is NULL. False: there are none.
 */
static bool whole_pages(const struct mem_region *r, size_t *from, size_t *to)
{
    *from = (r->start >> PAGE_SHIFT) + ((r->start & PAGE_MASK) != 0);
    *from = MAX(*from, (size_t)1);
    *to = (r->start + r->bytes) >> PAGE_SHIFT;
    return *from < *to;
}

int page_init(const struct mem_region *regions, unsigned count)
{
    size_t first = SIZE_MAX, end = 0, span, need, total = 0, from, to, book = 0;

    if (!plausible(regions, count))
        return -EINVAL;
    memset(&stats, 0, sizeof(stats));
    for (unsigned o = 0; o <= PAGE_MAX_ORDER; o++)
        list_init(&free_list[o]);
    for (unsigned i = 0; i < count; i++) {
        if (!whole_pages(&regions[i], &from, &to))
            continue;
        total += to - from;
        first = MIN(first, from);
        end = MAX(end, to);
    }
    if (total < 64)
        return -ENOMEM;

    span = end - first;
    need = DIV_ROUND_UP(span * (2 + sizeof(*tags)), PAGE_SIZE);
    for (unsigned i = 0; i < count && !book; i++)
        if (whole_pages(&regions[i], &from, &to) && to - from >= need)
            book = from;
    if (!book)
        return -ENOMEM;
    memset(address(book), 0, need * PAGE_SIZE);
    tags = address(book);
    state = (uint8_t *)(tags + span);
    pins = state + span;
    base = first;
    limit = end;
    stats.total = total;

    for (unsigned i = 0; i < count; i++) {
        if (!whole_pages(&regions[i], &from, &to))
            continue;
        if (from == book)
            from += need;
        memset(state_of(from), FREE_TAIL, to - from);
        give_run(from, to - from);
    }
    stats.in_use[MEM_KERNEL] = need;
    stats.high_water = need;
    heap_reset();
    return 0;
}

/* ---- allocation ---- */

void *page_take(unsigned count, enum mem_class class)
{
    unsigned order = 0;
    size_t pfn, used;

    if (!count || count > 1U << PAGE_MAX_ORDER)
        return NULL;
    while (1U << order < count)
        order++;
    pfn = take_block(order);
    if (!pfn)
        return NULL;
    *state_of(pfn) = (uint8_t)(USED_HEAD | class);
    for (size_t i = 1; i < count; i++)
        *state_of(pfn + i) = (uint8_t)(USED_TAIL | class);
    give_run(pfn + count, (1U << order) - count);
    stats.in_use[class] += count;
    used = stats.total - stats.free;
    stats.high_water = MAX(stats.high_water, used);
    mem_unpoison(address(pfn), count * PAGE_SIZE);
    return address(pfn);
}

void *page_alloc(unsigned count, enum mem_class class)
{
    return mem_should_fail() ? NULL : page_take(count, class);
}

void *page_alloc_zeroed(unsigned count, enum mem_class class)
{
    void *p = page_alloc(count, class);

    if (p)
        memset(p, 0, count * PAGE_SIZE);
    return p;
}

unsigned page_block_count(const void *p, enum mem_class *class)
{
    size_t pfn = frame(p);
    unsigned n = 1;

    if (((uintptr_t)p & PAGE_MASK) || !managed(p) || (*state_of(pfn) & KIND) != USED_HEAD)
        return 0;
    *class = (enum mem_class)(*state_of(pfn) & LOW);
    while (pfn + n < limit && *state_of(pfn + n) == (USED_TAIL | *class))
        n++;
    return n;
}

void page_free(void *pages, unsigned count)
{
    enum mem_class class;
    size_t pfn = frame(pages);
    unsigned run = 0;

    if (!pages)
        return;
    if (!count || page_tag(pages) || page_block_count(pages, &class) != count) {
        pr_err("page_free: %p is no block of %u pages\n", pages, count);
        return;
    }
    stats.in_use[class] -= count;
    for (unsigned i = 0; i < count; i++) {
        if (pins[pfn + i - base]) {
            release_run(pfn + i - run, run);
            run = 0;
            *state_of(pfn + i) = QUARANTINED;
            stats.pinned--;
            stats.quarantined++;
        } else {
            run++;
        }
    }
    release_run(pfn + count - run, run);
}

/* ---- pins ---- */

int page_pin(const void *va)
{
    size_t i = frame(va) - base;

    if (!managed(va) || state[i] == FREE_TAIL || (state[i] & KIND) == FREE_HEAD)
        return -EINVAL;
    if (pins[i] == UINT8_MAX)
        return -EOVERFLOW;
    if (!pins[i]++) { /* so it is in use, not quarantined */
        stats.pinned++;
        if (tags[i])
            heap_page_pinned(tags[i]);
    }
    return 0;
}

void page_unpin(const void *va)
{
    size_t i = frame(va) - base;

    if (!managed(va) || !pins[i]) {
        pr_err("page_unpin: %p is not pinned\n", va);
        return;
    }
    if (--pins[i])
        return;
    if (state[i] == QUARANTINED) {
        stats.quarantined--;
        release_run(frame(va), 1);
    } else {
        stats.pinned--;
        if (tags[i])
            heap_page_unpinned(tags[i]);
    }
}

bool page_is_pinned(const void *va)
{
    return managed(va) && pins[frame(va) - base];
}

uint32_t page_tag(const void *va)
{
    return managed(va) ? tags[frame(va) - base] : 0;
}

void page_set_tag(const void *va, uint32_t tag)
{
    tags[frame(va) - base] = tag;
}

size_t page_total(void)
{
    return stats.total;
}

void page_get_stats(struct page_stats *out)
{
    *out = stats;
}
