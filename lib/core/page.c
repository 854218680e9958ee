/* SPDX-License-Identifier: MIT */
/*
 * The page allocator: binary buddies. The state of a page is kept in a table beside the pages, as a
 * peer may write to a page at any time. Only free pages, which no peer maps, hold list links.
 */
#include "mem_private.h"

#include <kernel/arch.h>
#include <kernel/page.h>
#include <ringlet/errno.h>
#include <ringlet/list.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

const char *const mem_class_name[MEM_CLASSES] = {
    "kernel", "thread", "xenstore", "grant", "block", "net", "app", "heap",
};

/*
 * A page's state. USED_*: the low bits are its class. FREE_HEAD: the low bits are the order of the
 * free block. All pages of a free block but the head are FREE_TAIL before it is split or merged, so
 * that neither costs more for large blocks.
 */
enum {
    ABSENT = 0x00, /* not managed: a hole, or the allocator's own tables */
    FREE_TAIL = 0x01,
    QUARANTINED = 0x02,
    AWAY = 0x03, /* Xen has it (kernel/page.h) */
    FREE_HEAD = 0x40,
    USED_HEAD = 0x80,
    USED_TAIL = 0xc0,
    KIND = 0xc0,
    LOW = 0x3f,
};

_Static_assert(PAGE_MAX_ORDER <= (int)LOW && (int)MEM_CLASSES <= (int)LOW,
               "order and class share a byte with the kind");

static uint8_t *state, *pins;
static uint32_t *tags;
static size_t base, limit; /* page frame numbers: state[0] describes base */
static size_t away_from;   /* no page below is AWAY */
static struct list free_list[PAGE_MAX_ORDER + 1];
static struct page_stats stats;
struct page_map page_map;

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

/* The links go: what nobody has written to is zero, as Xen gives it. */
static void remove_free(size_t pfn)
{
    struct list *links = address(pfn);

    links->prev->next = links->next;
    links->next->prev = links->prev;
    links->next = links->prev = NULL;
}

static void give_block(size_t pfn, unsigned order)
{
    stats.free += (size_t)1 << order;
    while (order < PAGE_MAX_ORDER) {
        size_t buddy = pfn ^ ((size_t)1 << order);

        if (buddy < base || buddy + ((size_t)1 << order) > limit ||
            *state_of(buddy) != (FREE_HEAD | order))
            break;
        remove_free(buddy);
        *state_of(buddy) = FREE_TAIL;
        pfn &= buddy;
        order++;
    }
    insert_free(pfn, order);
}

/* Frees a run of pages that are FREE_TAIL, as the aligned blocks that it consists of. */
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

static unsigned find_order(unsigned order)
{
    while (order <= PAGE_MAX_ORDER && list_empty(&free_list[order]))
        order++;
    return order;
}

static size_t take_block(unsigned order)
{
    unsigned o = find_order(order);
    size_t pfn;

    if (o > PAGE_MAX_ORDER && heap_give_back())
        o = find_order(order);
    if (o > PAGE_MAX_ORDER)
        return 0;
    pfn = frame(free_list[o].next);
    remove_free(pfn);
    stats.free -= (size_t)1 << order;
    while (o > order) { /* the upper halves stay free */
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

/* The whole pages of a region. Page 0 is not used: its address is NULL. False: there are none. */
static bool whole_pages(const struct mem_region *r, size_t *from, size_t *to)
{
    *from = (r->start >> PAGE_SHIFT) + ((r->start & PAGE_MASK) != 0);
    *from = MAX(*from, (size_t)1);
    *to = (r->start + r->bytes) >> PAGE_SHIFT;
    return *from < *to;
}

int page_init_partly(const struct mem_region *regions, unsigned count, uintptr_t populated)
{
    size_t first = SIZE_MAX, end = 0, span, need, total = 0, from, to, book = 0;
    const size_t there = populated >> PAGE_SHIFT; /* the first page that is not populated */

    if (!plausible(regions, count))
        return -EINVAL;
    memset(&stats, 0, sizeof(stats));
    for (unsigned o = 0; o <= PAGE_MAX_ORDER; o++)
        list_init(&free_list[o]);
    for (unsigned i = 0; i < count; i++) {
        if (!whole_pages(&regions[i], &from, &to))
            continue;
        total += MIN(to, there) - MIN(from, there);
        first = MIN(first, from);
        end = MAX(end, to);
    }
    if (total < 64)
        return -ENOMEM;

    span = end - first;
    need = DIV_ROUND_UP(span * (2 + sizeof(*tags)), PAGE_SIZE);
    for (unsigned i = 0; i < count && !book; i++)
        if (whole_pages(&regions[i], &from, &to) && from + need <= MIN(to, there))
            book = from;
    if (!book)
        return -ENOMEM;
    memset(address(book), 0, need * PAGE_SIZE);
    tags = address(book);
    state = (uint8_t *)(tags + span);
    pins = state + span;
    base = first;
    limit = end;
    page_map = (struct page_map){state, base, span};
    stats.total = total;

    for (unsigned i = 0; i < count; i++) {
        if (!whole_pages(&regions[i], &from, &to))
            continue;
        if (from == book)
            from += need;
        memset(state_of(from), AWAY, to - from);
        if (to > there) {
            stats.away += to - MAX(from, there);
            to = MAX(from, there);
        }
        memset(state_of(from), FREE_TAIL, to - from);
        give_run(from, to - from);
    }
    away_from = base;
    stats.in_use[MEM_KERNEL] = need;
    stats.high_water = need;
    heap_reset();
    return 0;
}

/* ---- allocation ---- */

void page_used_more(void)
{
    const size_t used = stats.total - stats.free - heap_empty_pages();

    stats.high_water = MAX(stats.high_water, used);
}

void *page_take(unsigned count, enum mem_class class)
{
    unsigned order = 0;
    size_t pfn;

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
    page_used_more();
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

/* ---- ballooning ---- */

unsigned page_withdraw(void **pages, unsigned max)
{
    unsigned n = 0;

    for (size_t pfn; n < max && (pfn = take_block(0)) != 0; n++) {
        *state_of(pfn) = AWAY;
        away_from = MIN(away_from, pfn);
        mem_unpoison(address(pfn), PAGE_SIZE);
        pages[n] = address(pfn);
    }
    stats.total -= n;
    stats.away += n;
    return n;
}

unsigned page_away(void **pages, unsigned max)
{
    unsigned n = 0;

    for (size_t pfn = away_from; pfn < limit && n < max && n < stats.away; pfn++) {
        if (*state_of(pfn) != AWAY)
            continue;
        if (n == 0)
            away_from = pfn;
        pages[n++] = address(pfn);
    }
    return n;
}

void page_return(void *page)
{
    if (!managed(page) || *state_of(frame(page)) != AWAY)
        return;
    stats.away--;
    stats.total++;
    release_run(frame(page), 1);
}

/* ---- pins ---- */

/* More pins than are counted: a page that is lost is better than one that is handed out while a
 * peer maps it. */
#define PINNED_FOR_EVER UINT8_MAX

int page_pin(const void *va)
{
    size_t i = frame(va) - base;

    if (!managed(va) || state[i] == FREE_TAIL || state[i] == AWAY || (state[i] & KIND) == FREE_HEAD)
        return -EINVAL;
    if (pins[i] == PINNED_FOR_EVER)
        return 0;
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
    if (pins[i] == PINNED_FOR_EVER || --pins[i])
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
    return stats.total + stats.away;
}

void page_get_stats(struct page_stats *out)
{
    const size_t empty = heap_empty_pages();

    *out = stats;
    out->free += empty;
    out->in_use[MEM_HEAP] -= empty;
}

int page_guard(void *page, bool guard)
{
    if (!managed(page) || *state_of(frame(page)) == AWAY)
        return -EINVAL;
    return arch_guard_page(page, guard);
}

uint64_t page_frame(const void *va)
{
    return arch_frame(va);
}
