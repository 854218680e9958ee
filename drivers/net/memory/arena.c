/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <kernel/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

static uint32_t all_blocks(unsigned class)
{
    return (uint32_t)(((uint64_t)1 << (PAGE_SIZE >> (ARENA_SHIFT_MIN + class))) - 1);
}

static unsigned class_for(size_t bytes)
{
    unsigned class = 0;

    while (((size_t)1 << (ARENA_SHIFT_MIN + class)) < bytes)
        class ++;
    return class;
}

void arena_init(struct arena *a, unsigned limit, int (*taken)(struct arena *, struct arena_page *))
{
    *a = (struct arena){.limit = limit, .taken = taken};
    list_init(&a->empty);
    list_init(&a->spare);
    for (unsigned i = 0; i < ARENA_CLASSES; i++)
        list_init(&a->partial[i]);
}

void arena_destroy(struct arena *a)
{
    for (unsigned i = 0; i < a->count; i++) {
        struct arena_page *p = arena_at(a, i);

        if (p->hold)
            gnttab_quarantine_forget(&p->hold);
        if (!p->foreign)
            page_free(p->va, 1);
    }
    for (unsigned i = 0; i < a->groups && a->group[i]; i++)
        heap_free(a->group[i]);
    heap_free(a->group);
    arena_init(a, a->limit, a->taken);
}

/* Room for the page with the next index. */
static bool make_room(struct arena *a)
{
    const unsigned g = a->count / ARENA_GROUP;

    if (g == a->groups) {
        const unsigned groups = a->groups ? 2 * a->groups : 4;
        struct arena_group **group = heap_zalloc(groups, sizeof(*group), MEM_NET);

        if (!group)
            return false;
        if (a->groups)
            memcpy(group, a->group, a->groups * sizeof(*group));
        heap_free(a->group);
        a->group = group;
        a->groups = groups;
    }
    if (!a->group[g])
        a->group[g] = heap_zalloc(1, sizeof(*a->group[g]), MEM_NET);
    return a->group[g];
}

/* A new page, in `empty`. */
static bool grow(struct arena *a)
{
    struct arena_page *p;

    if (a->count - a->foreign >= a->limit || !make_room(a))
        return false;
    p = arena_at(a, a->count);
    *p = (struct arena_page){.index = a->count};
    p->va = page_alloc_zeroed(1, MEM_NET); /* zeroes: a peer will read it */
    if (!p->va)
        return false;
    if (a->taken && a->taken(a, p)) {
        page_free(p->va, 1);
        return false;
    }
    a->count++;
    list_init(&p->link);
    list_add_head(&a->empty, &p->link);
    return true;
}

struct arena_page *arena_add(struct arena *a, uint8_t *va)
{
    struct arena_page *p = list_first(&a->spare, struct arena_page, link);

    if (!p) {
        if (!make_room(a))
            return NULL;
        p = arena_at(a, a->count);
        *p = (struct arena_page){.index = a->count, .foreign = true};
        a->count++;
        a->foreign++;
        list_init(&p->link);
        list_add_head(&a->spare, &p->link);
    }
    p->va = va;
    if (a->taken && a->taken(a, p)) {
        p->va = NULL;
        return NULL;
    }
    list_del(&p->link);
    a->blocks++;
    return p;
}

void arena_remove(struct arena *a, struct arena_page *p)
{
    p->va = NULL;
    p->held_back = false;
    list_add_head(&a->spare, &p->link);
    a->blocks--;
}

static void make_empty(struct arena *a, struct arena_page *p)
{
    list_del(&p->link);
    p->avail = 0;
    list_add_head(&a->empty, &p->link);
}

void arena_quarantine(struct arena *a, struct arena_page *p, grant_ref_t ref)
{
    gnttab_quarantine_counted(ref, p->va, &p->hold);
    p->held_back = a->held_back = true;
    /* a peer that is not ours any more must not read what is put there from now on */
    if (!p->avail && !list_empty(&p->link)) {
        p->class = ARENA_CLASSES - 1;
        p->avail = all_blocks(p->class);
    }
    list_del(&p->link);
    p->pending |= p->avail;
    p->avail = 0;
}

/* A hold also ends when a quarantined grant could be ended, of which nobody is told. */
static bool settle_some(struct arena *a)
{
    bool any = false;

    if (!a->held_back)
        return false;
    a->held_back = false;
    for (unsigned i = 0; i < a->count; i++) {
        struct arena_page *p = arena_at(a, i);

        a->held_back |= p->held_back && p->hold;
        if (!p->held_back || p->hold)
            continue;
        p->held_back = false;
        if (p->pending)
            arena_settle(a, p);
        any = true;
    }
    return any;
}

/* A page of another class of which no block is used: there is at most one, the last of its list, as it is only
 * kept when it is the only one, and others come before it. */
static void take_from_another(struct arena *a)
{
    for (unsigned class = 0; class < ARENA_CLASSES && list_empty(&a->empty); class ++) {
        struct arena_page *p = list_entry(a->partial[class].prev, struct arena_page, link);

        if (!list_empty(&a->partial[class]) && p->avail == all_blocks(class))
            make_empty(a, p);
    }
}

static struct arena_page *page_of_class(struct arena *a, unsigned class)
{
    struct arena_page *p = list_first(&a->partial[class], struct arena_page, link);

    if (p)
        return p;
    if (list_empty(&a->empty) && !grow(a)) {
        if (settle_some(a) && !list_empty(&a->partial[class]))
            return list_first(&a->partial[class], struct arena_page, link);
        take_from_another(a);
    }
    p = list_first(&a->empty, struct arena_page, link);
    if (!p)
        return NULL;
    list_del(&p->link);
    p->class = class;
    p->avail = all_blocks(class);
    list_add_head(&a->partial[class], &p->link);
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes, struct arena_page **page)
{
    const unsigned class = class_for(bytes);
    struct arena_page *p = page_of_class(a, class);
    unsigned i;

    if (!p)
        return NULL;
    i = (unsigned)__builtin_ctz(p->avail);
    p->avail &= p->avail - 1;
    if (!p->avail)
        list_del(&p->link);
    a->blocks++;
    *page = p;
    return p->va + ((size_t)i << (ARENA_SHIFT_MIN + class));
}

void arena_settle(struct arena *a, struct arena_page *p)
{
    struct list *partial = &a->partial[p->class];

    if (!p->avail)
        list_add_head(partial, &p->link);
    p->avail |= p->pending;
    p->pending = 0;
    /* the only page of a class with free blocks keeps it */
    if (p->avail == all_blocks(p->class) &&
        (partial->next != &p->link || partial->prev != &p->link))
        make_empty(a, p);
}

bool arena_free(struct arena *a, struct arena_page *p, const void *block)
{
    const size_t offset = (size_t)((const uint8_t *)block - p->va);
    const uint32_t bit = (uint32_t)1 << (offset >> (ARENA_SHIFT_MIN + p->class));

    if (p->foreign || (p->avail | p->pending) & bit || (!p->avail && !list_empty(&p->link)))
        return false;
    a->blocks--;
    p->pending |= bit;
    if (!p->hold)
        arena_settle(a, p);
    return true;
}
