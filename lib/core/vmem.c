/* SPDX-License-Identifier: MIT */
/* Address space, in which pages from anywhere are mapped: first fit, in order of address. */
#include <kernel/vmem.h>
#include <ringlet/heap.h>
#include <ringlet/list.h>
#include <ringlet/printk.h>

struct area {
    struct list link;
    uintptr_t start;
    size_t pages; /* mapped; one more is reserved */
};

struct vmem_range vmem_range;
static struct list areas = LIST_INIT(areas);

static uintptr_t end_of(const struct area *a)
{
    return a->start + ((a->pages + 1) << PAGE_SHIFT);
}

static struct area *find(const void *memory)
{
    list_for_each (l, &areas) {
        struct area *a = list_entry(l, struct area, link);

        if (a->start == (uintptr_t)memory)
            return a;
    }
    return NULL;
}

/* Gives a an address with room for its pages and the one behind them. */
static bool place(struct area *a)
{
    const size_t need = (a->pages + 1) << PAGE_SHIFT;
    uintptr_t at = vmem_range.start;
    struct list *before = &areas;

    list_for_each (l, &areas) {
        const struct area *other = list_entry(l, struct area, link);

        if (other->start - at >= need)
            break;
        at = end_of(other);
        before = l;
    }
    if (vmem_range.start + vmem_range.bytes - at < need)
        return false;
    a->start = at;
    list_add_head(before, &a->link);
    return true;
}

/* Unmaps and frees the first n pages. One that Xen does not unmap is lost: it must not get another
 * owner. */
static void clear(const struct area *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        void *va = (void *)(a->start + (i << PAGE_SHIFT)), *page = arch_vmem_page(va);

        if (page && arch_vmem_unmap(va) == 0)
            page_free(page, 1);
    }
}

static bool fill(const struct area *a, enum mem_class class)
{
    for (size_t i = 0; i < a->pages; i++) {
        void *page = page_alloc(1, class);

        if (page && arch_vmem_map((void *)(a->start + (i << PAGE_SHIFT)), page) == 0)
            continue;
        page_free(page, 1);
        clear(a, i);
        return false;
    }
    return true;
}

void *vmem_alloc(size_t bytes, enum mem_class class)
{
    struct page_stats stats;
    struct area *a;

    page_get_stats(&stats);
    if (!bytes || bytes > stats.free << PAGE_SHIFT)
        return NULL;
    a = heap_alloc(sizeof(*a), MEM_KERNEL);
    if (!a)
        return NULL;
    if (!vmem_range.bytes)
        arch_vmem_range(&vmem_range.start, &vmem_range.bytes);
    a->pages = DIV_ROUND_UP(bytes, PAGE_SIZE);
    if (place(a)) {
        if (fill(a, class))
            return (void *)a->start;
        list_del(&a->link);
    }
    heap_free(a);
    return NULL;
}

void vmem_free(void *memory)
{
    struct area *a = find(memory);

    if (!memory)
        return;
    if (!a) {
        pr_err("vmem_free: %p is not from vmem_alloc\n", memory);
        return;
    }
    clear(a, a->pages);
    list_del(&a->link);
    heap_free(a);
}

size_t vmem_size(const void *memory)
{
    const struct area *a = find(memory);

    return a ? a->pages << PAGE_SHIFT : 0;
}
