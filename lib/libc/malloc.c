/* SPDX-License-Identifier: MIT */
/*
 * malloc() on the kernel's heap, of the class MEM_APP: freed pages go back to the page allocator,
 * and so to the balloon and to drivers. A large block for which there are not enough pages in a row
 * is made of scattered ones (vmem.h). newlib itself calls the names with _r.
 */
#include <errno.h>
#include <malloc.h>
#include <reent.h>
#include <ringlet/heap.h>
#include <ringlet/vmem.h>
#include <stdlib.h>
#include <string.h>

/* Up to this size the heap aligns a block of 2^n bytes to its size, and larger blocks to pages. */
#define SMALL_MAX 2048

/* The lowest address that vmem_alloc has given; all others are lower. */
static uintptr_t vmem_lowest = UINTPTR_MAX;

static void *allocate(size_t size)
{
    void *p = heap_alloc(size, MEM_APP);

    if (!p && size > PAGE_SIZE) {
        p = vmem_alloc(size, MEM_APP);
        if (p)
            vmem_lowest = MIN(vmem_lowest, (uintptr_t)p);
    }
    return p;
}

static void release(void *p)
{
    if ((uintptr_t)p >= vmem_lowest)
        vmem_free(p);
    else
        heap_free(p);
}

static size_t usable(const void *p)
{
    return (uintptr_t)p >= vmem_lowest ? vmem_size(p) : heap_size(p);
}

void *_malloc_r(struct _reent *r, size_t size)
{
    void *p = allocate(size);

    if (!p)
        r->_errno = ENOMEM;
    return p;
}

void _free_r(struct _reent *r, void *p)
{
    (void)r;
    release(p);
}

void *_calloc_r(struct _reent *r, size_t n, size_t size)
{
    size_t bytes;
    void *p = __builtin_mul_overflow(n, size, &bytes) ? NULL : allocate(bytes);

    if (!p)
        r->_errno = ENOMEM;
    else
        memset(p, 0, bytes);
    return p;
}

/* Blocks stay where they are if less than half of them would be free. realloc(p, 0) frees p and
 * returns NULL, as newlib's does. */
void *_realloc_r(struct _reent *r, void *p, size_t size)
{
    size_t have;
    void *next;

    if (!p)
        return _malloc_r(r, size);
    if (!size) {
        release(p);
        return NULL;
    }
    have = usable(p);
    if (size <= have && size > have / 2)
        return p;
    next = allocate(size);
    if (!next && size <= have)
        return p;
    if (!next) {
        r->_errno = ENOMEM;
        return NULL;
    }
    memcpy(next, p, MIN(size, have));
    release(p);
    return next;
}

/* A block of 2^n bytes, at least the alignment, is aligned to its size: small ones lie in a page
 * one after the other, and blocks of pages are buddies. */
static void *aligned(size_t alignment, size_t size)
{
#ifdef RINGLET_CHECK_HEAP
    return check_alloc(size, alignment);
#else
    size_t block = alignment;

    if (alignment <= 16 || (alignment <= PAGE_SIZE && size > SMALL_MAX))
        return allocate(size);
    while (block < size) {
        if (block > SIZE_MAX / 2)
            return NULL;
        block *= 2;
    }
    return heap_alloc(block, MEM_APP);
#endif
}

void *_memalign_r(struct _reent *r, size_t alignment, size_t size)
{
    void *p;

    if (!alignment || (alignment & (alignment - 1))) {
        r->_errno = EINVAL;
        return NULL;
    }
    p = aligned(alignment, size);
    if (!p)
        r->_errno = ENOMEM;
    return p;
}

size_t _malloc_usable_size_r(struct _reent *r, void *p)
{
    (void)r;
    return p ? usable(p) : 0;
}

void *malloc(size_t size)
{
    return _malloc_r(_REENT, size);
}

void free(void *p)
{
    release(p);
}

void *calloc(size_t n, size_t size)
{
    return _calloc_r(_REENT, n, size);
}

void *realloc(void *p, size_t size)
{
    return _realloc_r(_REENT, p, size);
}

void *memalign(size_t alignment, size_t size)
{
    return _memalign_r(_REENT, alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return _memalign_r(_REENT, alignment, size);
}

void *valloc(size_t size)
{
    return _memalign_r(_REENT, PAGE_SIZE, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *p;

    if (alignment < sizeof(void *) || (alignment & (alignment - 1)))
        return EINVAL;
    p = aligned(alignment, size);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

size_t malloc_usable_size(void *p)
{
    return p ? usable(p) : 0;
}

/* All that is free is there for any use already. */
int malloc_trim(size_t pad)
{
    (void)pad;
    return 0;
}

struct mallinfo _mallinfo_r(struct _reent *r)
{
    struct heap_stats heap;
    struct page_stats pages;

    (void)r;
    heap_get_stats(&heap);
    page_get_stats(&pages);
    return (struct mallinfo){
        .arena = (pages.free * PAGE_SIZE) + heap.in_use[MEM_APP],
        .uordblks = heap.in_use[MEM_APP],
        .fordblks = pages.free * PAGE_SIZE,
    };
}

struct mallinfo mallinfo(void)
{
    return _mallinfo_r(_REENT);
}
