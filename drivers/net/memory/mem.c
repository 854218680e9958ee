/* SPDX-License-Identifier: MIT */
/*
 * netfront_mem_alloc: an arena, and a table of two levels from an address to its page: one entry for
 * each 2 MiB of the guest's memory, below it one for each page where the arena has any.
 */
#include "mem.h"

#include <kernel/page.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/netfront.h>
#include <ringlet/printk.h>

#define WINDOW_SHIFT  9u /* pages */
#define WINDOW        (1u << WINDOW_SHIFT)
#define LIMIT_DEFAULT 4096u
#define LIMIT_MAX     (1u << 20)

struct arena net_mem;

static struct {
    struct arena_page ***window; /* NULL: no page in it */
    size_t base, windows;
    unsigned users;
    unsigned limit; /* asked for; 0: the default */
    bool ready;
    bool leaving; /* the last device went, and blocks were in use */
} table;

struct arena_page *net_mem_page(const void *va)
{
    const size_t pfn = (uintptr_t)va >> PAGE_SHIFT;
    const size_t w = (pfn >> WINDOW_SHIFT) - table.base;
    return w < table.windows && table.window[w] ? table.window[w][pfn & (WINDOW - 1)] : NULL;
}

static int note_page(struct arena *a, struct arena_page *p)
{
    const size_t pfn = (uintptr_t)p->va >> PAGE_SHIFT;
    const size_t w = (pfn >> WINDOW_SHIFT) - table.base;

    (void)a;
    if (!table.window[w])
        table.window[w] = heap_zalloc(WINDOW, sizeof(*table.window[w]), MEM_NET);
    if (!table.window[w])
        return -ENOMEM;
    table.window[w][pfn & (WINDOW - 1)] = p;
    return 0;
}

static unsigned default_limit(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return (unsigned)MIN((s.total - s.away) / 8, (size_t)LIMIT_DEFAULT);
}

static bool prepare(void)
{
    const size_t first = page_map.base >> WINDOW_SHIFT;
    const size_t last = (page_map.base + page_map.count) >> WINDOW_SHIFT;

    table.window = heap_zalloc(last - first + 1, sizeof(*table.window), MEM_NET);
    if (!table.window)
        return false;
    table.base = first;
    table.windows = last - first + 1;
    arena_init(&net_mem, table.limit ? table.limit : default_limit(), note_page);
    table.ready = true;
    return true;
}

static void give_back(void)
{
    table.leaving = true;
    if (!table.ready || table.users || net_mem.blocks)
        return;
    arena_destroy(&net_mem);
    for (size_t i = 0; i < table.windows; i++)
        heap_free(table.window[i]);
    heap_free(table.window);
    table.window = NULL;
    table.windows = 0;
    table.ready = false;
}

int net_mem_add(uint8_t *va)
{
    const size_t pfn = (uintptr_t)va >> PAGE_SHIFT;

    if (pfn < page_map.base || pfn - page_map.base >= page_map.count || net_mem_page(va))
        return -EINVAL;
    if (!table.ready && !prepare())
        return -ENOMEM;
    table.leaving = false;
    return arena_add(&net_mem, va) ? 0 : -ENOMEM;
}

void net_mem_remove(struct arena_page *p)
{
    const size_t pfn = (uintptr_t)p->va >> PAGE_SHIFT;

    table.window[(pfn >> WINDOW_SHIFT) - table.base][pfn & (WINDOW - 1)] = NULL;
    arena_remove(&net_mem, p);
    if (table.leaving)
        give_back();
}

void net_mem_use(void)
{
    table.users++;
}

void net_mem_unuse(void)
{
    table.users--;
    give_back();
}

void *netfront_mem_alloc(size_t bytes)
{
    struct arena_page *p;

    if (!bytes || bytes > PAGE_SIZE || (!table.ready && !prepare()))
        return NULL;
    table.leaving = false;
    return arena_alloc(&net_mem, bytes, &p);
}

void netfront_mem_free(void *data)
{
    struct arena_page *p = data ? net_mem_page(data) : NULL;

    if (!p) {
        if (data)
            pr_err("netfront: %p is not from netfront_mem_alloc\n", data);
        return;
    }
    if (!arena_free(&net_mem, p, data))
        pr_err("netfront: %p is freed twice, or is not from netfront_mem_alloc\n", data);
    if (table.leaving)
        give_back();
}

size_t netfront_mem_size(const void *data)
{
    const struct arena_page *p = net_mem_page(data);

    return p && !p->foreign ? arena_block_size(p) : 0;
}

int netfront_mem_limit(size_t pages)
{
    if (!pages || pages > LIMIT_MAX || (table.ready && pages < net_mem.count - net_mem.foreign))
        return -EINVAL;
    table.limit = (unsigned)pages;
    if (table.ready)
        net_mem.limit = table.limit;
    return 0;
}
