/* SPDX-License-Identifier: MIT */
/*
 * The heap. A page holds blocks of one size and one class, and their bookkeeping is in descriptors
 * elsewhere: a buffer in a granted page exposes neither the allocator's data nor another class'
 * blocks to the peer. Of each size and class one page is kept when its last block is freed, so that
 * a block that is allocated and freed again and again costs little; it counts as free, and goes to
 * the page allocator when that has no other.
 */
#include "mem_private.h"

#include <kernel/heap.h>
#include <ringlet/list.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

static const uint16_t block_size[] = {32,  48,  64,  96,   128,  192, 256,
                                      384, 512, 672, 1024, 1360, 2048};

#define SIZES      ARRAY_SIZE(block_size)
#define SMALL_MAX  2048
#define SLAB_WORDS 2 /* 128 blocks of 32 bytes */

struct slab {
    struct list link; /* on partial[][] while it has free blocks and is not frozen */
    uint8_t *page;    /* NULL: the descriptor is free */
    uint64_t used[SLAB_WORDS];
    uint16_t blocks, in_use, deferred;
    uint8_t size, class;
    uint32_t tag;
    bool frozen; /* the page is pinned: no block in it is handed out */
};

/* The tag of a large block's first page; a slab's page has its descriptor's number. */
#define TAG_LARGE UINT32_MAX

#define SLABS_PER_PAGE ((uint32_t)(PAGE_SIZE / sizeof(struct slab)))

/* Descriptors are found by number, in a table of pages of them, which has room for one
 * descriptor per page of memory. Neither the table nor its pages are freed. */
static struct slab **slab_table;
static uint32_t slab_pages, slab_pages_max;
static struct list free_slabs = LIST_INIT(free_slabs);
static struct list partial[MEM_CLASSES][SIZES]; /* an empty one is the last, and the only such */
static size_t empty;                            /* slabs in partial[][] without a block in use */
static struct heap_stats stats;
static uint64_t allocations, fail_at;

bool mem_should_fail(void)
{
    allocations++;
    if (!fail_at || --fail_at)
        return false;
    return true;
}

void mem_fail_nth(uint64_t n)
{
    fail_at = n;
}

uint64_t mem_allocations(void)
{
    return allocations;
}

/* Tag 0 means that a page is not the heap's, so numbers start at 1. */
static struct slab *slab_by_tag(uint32_t tag)
{
    tag--;
    return &slab_table[tag / SLABS_PER_PAGE][tag % SLABS_PER_PAGE];
}

void heap_reset(void)
{
    slab_table = NULL;
    slab_pages = 0;
    list_init(&free_slabs);
    for (unsigned c = 0; c < MEM_CLASSES; c++)
        for (unsigned i = 0; i < SIZES; i++)
            list_init(&partial[c][i]);
    memset(&stats, 0, sizeof(stats));
    empty = 0;
    allocations = fail_at = 0;
}

static bool more_slabs(void)
{
    struct slab *s;

    if (!slab_table) {
        slab_pages_max = (uint32_t)DIV_ROUND_UP(page_total(), SLABS_PER_PAGE);
        slab_table = page_take(
            (unsigned)DIV_ROUND_UP(slab_pages_max * sizeof(*slab_table), PAGE_SIZE), MEM_KERNEL);
        if (!slab_table)
            return false;
    }
    if (slab_pages == slab_pages_max)
        return false;
    s = page_take(1, MEM_KERNEL);
    if (!s)
        return false;
    memset(s, 0, PAGE_SIZE);
    slab_table[slab_pages] = s;
    for (uint32_t i = 0; i < SLABS_PER_PAGE; i++) {
        s[i].tag = slab_pages * SLABS_PER_PAGE + i + 1;
        list_add_tail(&free_slabs, &s[i].link);
    }
    slab_pages++;
    return true;
}

static struct slab *new_slab(unsigned size, enum mem_class class)
{
    struct slab *s;

    if (list_empty(&free_slabs) && !more_slabs())
        return NULL;
    s = list_first(&free_slabs, struct slab, link);
    s->page = page_take(1, MEM_HEAP);
    if (!s->page)
        return NULL;
    list_del(&s->link);
    memset(s->used, 0, sizeof(s->used));
    s->blocks = (uint16_t)(PAGE_SIZE / block_size[size]);
    s->in_use = s->deferred = 0;
    s->size = (uint8_t)size;
    s->class = (uint8_t) class;
    s->frozen = false;
    page_set_tag(s->page, s->tag);
    mem_poison(s->page, PAGE_SIZE);
    list_add_head(&partial[class][size], &s->link);
    empty++;
    return s;
}

static void release(struct slab *s)
{
    list_del(&s->link);
    page_set_tag(s->page, 0);
    page_free(s->page, 1);
    s->page = NULL;
    list_add_head(&free_slabs, &s->link);
}

/* It is in its list, and so is an empty one that is already kept. */
static void release_or_keep(struct slab *s)
{
    if (s->in_use)
        return;
    if (s->link.next == s->link.prev) /* the list's head: it is alone */
        empty++;
    else
        release(s);
}

size_t heap_empty_pages(void)
{
    return empty;
}

bool heap_give_back(void)
{
    if (!empty)
        return false;
    for (unsigned c = 0; c < MEM_CLASSES; c++)
        for (unsigned i = 0; i < SIZES; i++) {
            struct list *last = partial[c][i].prev;

            if (last != &partial[c][i] && !list_entry(last, struct slab, link)->in_use)
                release(list_entry(last, struct slab, link));
        }
    empty = 0;
    return true;
}

static void account(enum mem_class class, size_t bytes)
{
    stats.in_use[class] += bytes;
    stats.high_water[class] = MAX(stats.high_water[class], stats.in_use[class]);
    stats.blocks++;
}

static void *take_small(unsigned size, enum mem_class class)
{
    struct slab *s = list_first(&partial[class][size], struct slab, link);
    unsigned i = 0;

    if (!s)
        s = new_slab(size, class);
    if (!s)
        return NULL;
    if (s->used[0] == UINT64_MAX)
        i = 64;
    i += (unsigned)__builtin_ctzll(~s->used[i / 64]);
    s->used[i / 64] |= 1ULL << (i % 64);
    if (!s->in_use) {
        empty--;
        page_used_more();
    }
    if (++s->in_use == s->blocks)
        list_del(&s->link);
    account(class, block_size[size]);
    return s->page + (size_t)i * block_size[size];
}

void *heap_alloc(size_t size, enum mem_class class)
{
    unsigned i = 0;
    size_t bytes = ROUND_UP(size, PAGE_SIZE);
    void *p;

    if (mem_should_fail())
        return NULL;
    if (size <= SMALL_MAX) {
        while (block_size[i] < size)
            i++;
        p = take_small(i, class);
        if (p)
            mem_unpoison(p, size);
        return p;
    }
    if (size > (size_t)PAGE_SIZE << PAGE_MAX_ORDER)
        return NULL;
    p = page_take((unsigned)(bytes / PAGE_SIZE), class);
    if (p) {
        page_set_tag(p, TAG_LARGE);
        account(class, bytes);
        mem_poison((char *)p + size, bytes - size);
    }
    return p;
}

void *heap_zalloc(size_t n, size_t size, enum mem_class class)
{
    size_t bytes;
    void *p;

    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    p = heap_alloc(bytes, class);
    if (p)
        memset(p, 0, bytes);
    return p;
}

char *heap_strndup(const char *text, size_t len, enum mem_class class)
{
    char *p = len == SIZE_MAX ? NULL : heap_alloc(len + 1, class);

    if (p) {
        memcpy(p, text, len);
        p[len] = '\0';
    }
    return p;
}

/* The slab that the block is in, and its number there; NULL when it is no block in use. */
static struct slab *find_small(const void *block, unsigned *number)
{
    uint32_t tag = page_tag(block);
    struct slab *s;
    unsigned offset = (uintptr_t)block & PAGE_MASK;

    if (!tag || tag == TAG_LARGE)
        return NULL;
    s = slab_by_tag(tag);
    *number = offset / block_size[s->size];
    if (offset % block_size[s->size] || !(s->used[*number / 64] >> (*number % 64) & 1))
        return NULL;
    return s;
}

/* Number of pages of a large block; 0 when it is none. */
static unsigned find_large(const void *block, enum mem_class *class)
{
    return page_tag(block) == TAG_LARGE ? page_block_count(block, class) : 0;
}

size_t heap_size(const void *block)
{
    enum mem_class class;
    unsigned number;
    const struct slab *s = find_small(block, &number);
    size_t size = s ? block_size[s->size] : find_large(block, &class) * PAGE_SIZE;

    mem_unpoison(block, size); /* the caller may use all of the returned size */
    return size;
}

void heap_free(void *block)
{
    enum mem_class class;
    unsigned number, pages;
    struct slab *s;

    if (!block)
        return;
    s = find_small(block, &number);
    if (!s) {
        pages = find_large(block, &class);
        if (!pages) {
            pr_err("heap_free: %p is no block in use\n", block);
            return;
        }
        stats.in_use[class] -= pages * PAGE_SIZE;
        stats.blocks--;
        page_set_tag(block, 0);
        page_free(block, pages);
        return;
    }
    stats.in_use[s->class] -= block_size[s->size];
    stats.blocks--;
    s->used[number / 64] &= ~(1ULL << (number % 64));
    s->in_use--;
    if (s->frozen) {
        s->deferred++;
        stats.deferred++;
        return;
    }
    mem_poison(block, block_size[s->size]);
    if (s->in_use + 1 == s->blocks)
        list_add_head(&partial[s->class][s->size], &s->link);
    release_or_keep(s);
}

void heap_page_pinned(uint32_t tag)
{
    struct slab *s;

    if (tag == TAG_LARGE)
        return; /* whole pages are page_free's matter */
    s = slab_by_tag(tag);
    s->frozen = true;
    empty -= !s->in_use;
    list_del(&s->link);
}

/* Blocks that were freed while the page was frozen were still accessible to the peer until now. */
static void poison_free_blocks(const struct slab *s)
{
    for (unsigned i = 0; i < s->blocks; i++)
        if (!(s->used[i / 64] >> (i % 64) & 1))
            mem_poison(s->page + (size_t)i * block_size[s->size], block_size[s->size]);
}

void heap_page_unpinned(uint32_t tag)
{
    struct slab *s;

    if (tag == TAG_LARGE)
        return;
    s = slab_by_tag(tag);
    s->frozen = false;
    poison_free_blocks(s);
    stats.deferred -= s->deferred;
    s->deferred = 0;
    if (s->in_use < s->blocks)
        list_add_head(&partial[s->class][s->size], &s->link);
    release_or_keep(s);
}

void heap_get_stats(struct heap_stats *out)
{
    *out = stats;
}
