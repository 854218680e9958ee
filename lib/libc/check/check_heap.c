/* SPDX-License-Identifier: MIT */
/* Blocks with red zones (check_heap.h). */
#define CHECK_HEAP_ITSELF
#include "check_heap.h"

#include <ringlet/list.h>
#include <ringlet/panic.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <string.h>

#define IN_USE    0x52494e474c455431ULL
#define FREED     0x52494e474c455430ULL
#define RED_ZONE  32
#define CALLERS   4
#define KEPT_MAX  256       /* blocks */
#define KEPT_SIZE (1 << 20) /* bytes */
#define LEAKS_MAX 16        /* that are listed */

/* Fillings: of red zones, of new and of freed blocks. */
#define RED   0xfd
#define FRESH 0xcd
#define DEAD  0xdd

/* In front of a block's first red zone. */
struct head {
    struct list link; /* in blocks or in kept */
    void *base;       /* the heap's block */
    size_t size;
    bool before_main;
    void *callers[CALLERS]; /* of the allocation, or of the free */
    uint64_t state;
};

static struct list blocks = LIST_INIT(blocks), kept = LIST_INIT(kept);
static size_t kept_blocks, kept_bytes;
static bool main_runs;

/* Buffers that the C library keeps for itself, if the program has these functions. */
void __smakebuf_r(void) __attribute__((weak));
void __sfmoreglue(void) __attribute__((weak));
void _Balloc(void) __attribute__((weak));

static uint8_t *data_of(const struct head *h)
{
    return (uint8_t *)(h + 1) + RED_ZONE;
}

static struct head *head_of(const void *block)
{
    return (struct head *)((uintptr_t)block - RED_ZONE) - 1;
}

/* The return addresses above the functions of this file; everything has frame pointers. */
static void remember_callers(struct head *h)
{
    const uintptr_t *frame = __builtin_frame_address(0);

    memset(h->callers, 0, sizeof(h->callers));
    for (unsigned i = 0; i < CALLERS + 2 && frame; i++) {
        const uintptr_t *above = (const uintptr_t *)frame[0];

        if (i >= 2)
            h->callers[i - 2] = (void *)frame[1];
        if (above <= frame || above > frame + (1 << 17)) /* another stack, or the end */
            break;
        frame = above;
    }
}

static void print_block(const char *what, const struct head *h)
{
    print_raw("heap check: %s: %zu bytes at %p, from %p %p %p %p\n", what, h->size, data_of(h),
              h->callers[0], h->callers[1], h->callers[2], h->callers[3]);
}

static void wrong(const char *what, const struct head *h)
{
    print_block(h->state == FREED ? "the block was freed" : "the block was allocated", h);
    panic("heap check: %s", what);
}

static bool filled(const uint8_t *p, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != value)
            return false;
    return true;
}

static void check_zones(const struct head *h)
{
    if (!filled((const uint8_t *)(h + 1), RED_ZONE, RED))
        wrong("a write in front of a block", h);
    if (!filled(data_of(h) + h->size, RED_ZONE, RED))
        wrong("a write behind a block", h);
}

static void forget_oldest(void)
{
    struct head *h = list_entry(kept.next, struct head, link);

    check_zones(h);
    if (!filled(data_of(h), h->size, DEAD))
        wrong("a write to a freed block", h);
    list_del(&h->link);
    kept_blocks--;
    kept_bytes -= h->size;
    h->state = 0;
    heap_free(h->base);
}

void *check_alloc(size_t size, size_t alignment)
{
    const size_t front = sizeof(struct head) + RED_ZONE;
    struct head *h;
    uint8_t *base;

    if (size > SIZE_MAX / 2 || alignment > SIZE_MAX / 4)
        return NULL;
    alignment = MAX(alignment, (size_t)16);
    base = heap_alloc(front + alignment + size + RED_ZONE, MEM_APP);
    while (!base && kept_blocks) {
        forget_oldest();
        base = heap_alloc(front + alignment + size + RED_ZONE, MEM_APP);
    }
    if (!base)
        return NULL;
    h = head_of((void *)(((uintptr_t)base + front + alignment - 1) & ~(uintptr_t)(alignment - 1)));
    *h = (struct head){.base = base, .size = size, .before_main = !main_runs, .state = IN_USE};
    remember_callers(h);
    memset(h + 1, RED, RED_ZONE);
    memset(data_of(h), FRESH, size);
    memset(data_of(h) + size, RED, RED_ZONE);
    list_add_tail(&blocks, &h->link);
    return data_of(h);
}

void *check_zalloc(size_t n, size_t size)
{
    void *p;

    if (size && n > SIZE_MAX / size)
        return NULL;
    p = check_alloc(n * size, 16);
    return p ? memset(p, 0, n * size) : NULL;
}

static struct head *known(const void *block, const char *what)
{
    struct head *h = head_of(block);

    if ((uintptr_t)block % 16 || (h->state != IN_USE && h->state != FREED))
        panic("heap check: %s of %p, which is no block", what, block);
    if (h->state == FREED)
        wrong("a block is used that was freed before", h);
    return h;
}

void check_free(void *block)
{
    struct head *h;

    if (!block)
        return;
    h = known(block, "free");
    check_zones(h);
    list_del(&h->link);
    h->state = FREED;
    remember_callers(h);
    memset(block, DEAD, h->size);
    list_add_tail(&kept, &h->link);
    kept_blocks++;
    kept_bytes += h->size;
    while (kept_blocks > KEPT_MAX || (kept_bytes > KEPT_SIZE && kept_blocks > 1))
        forget_oldest();
}

size_t check_size(const void *block)
{
    return known(block, "size")->size;
}

static bool within(const void *pc, void (*fn)(void))
{
    return fn && (uintptr_t)pc > (uintptr_t)fn && (uintptr_t)pc < (uintptr_t)fn + 512;
}

static bool librarys_own(const struct head *h)
{
    for (unsigned i = 0; i < CALLERS; i++)
        if (within(h->callers[i], __smakebuf_r) || within(h->callers[i], __sfmoreglue) ||
            within(h->callers[i], _Balloc))
            return true;
    return false;
}

static void report(void)
{
    size_t count = 0, bytes = 0;

    for (struct list *l = blocks.next; l != &blocks; l = l->next) {
        const struct head *h = list_entry(l, struct head, link);

        check_zones(h);
        if (h->before_main || librarys_own(h))
            continue;
        if (count++ < LEAKS_MAX)
            print_block("not freed", h);
        bytes += h->size;
    }
    while (kept_blocks)
        forget_oldest();
    print_raw("heap check: %zu blocks of %zu bytes were not freed\n", count, bytes);
}

static void __attribute__((constructor)) begin(void)
{
    main_runs = true;
    if (shutdown_register(report))
        print_raw("heap check: no report at exit\n");
}
