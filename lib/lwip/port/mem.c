/* SPDX-License-Identifier: MIT */
/*
 * Memory of lwIP's PBUF_RAM and of little else: netfront sends it from where it is. A backend can
 * read all of it at any time, so nothing else is kept in it. What does not fit in a page comes from
 * the heap, and is copied when it is sent.
 */
#include <ringlet/heap.h>
#include <ringlet/netfront.h>
#include <ringlet/string.h>

#include "arch/cc.h"

/* A word in front of each block says where it came from; MEM_ALIGNMENT is its size. */
#define FROM_NETFRONT 0x6e657466u
#define FROM_HEAP     0x68656170u
#define HEADER        sizeof(uint64_t)

/* When connections with much to send have taken all of netfront's memory, others still get small blocks,
 * for handshakes and acknowledgements. */
#define SMALL     2048u
#define SMALL_MAX (1u << 20) /* bytes of them, of the heap's */

static size_t small;

static bool is_small(size_t bytes)
{
    return bytes <= SMALL;
}

static uint64_t *from_heap(size_t size)
{
    uint64_t *block;

    if (is_small(size) && small + size > SMALL_MAX)
        return NULL;
    block = heap_alloc(size, MEM_KERNEL);
    if (!block)
        return NULL;
    if (is_small(size))
        small += heap_size(block);
    *block = FROM_HEAP;
    return block;
}

void *net_mem_alloc(size_t size)
{
    uint64_t *block = NULL;

    if (size > SIZE_MAX - HEADER)
        return NULL;
    size += HEADER;
    if (size <= PAGE_SIZE) {
        block = netfront_mem_alloc(size);
        if (block)
            *block = FROM_NETFRONT;
        else if (!is_small(size))
            return NULL;
    }
    if (!block)
        block = from_heap(size);
    return block ? block + 1 : NULL;
}

void *net_mem_zalloc(size_t n, size_t size)
{
    size_t bytes;
    void *block = __builtin_mul_overflow(n, size, &bytes) ? NULL : net_mem_alloc(bytes);

    if (block)
        memset(block, 0, bytes);
    return block;
}

void net_mem_free(void *block)
{
    uint64_t *begin = block;

    if (!begin)
        return;
    if (*--begin == FROM_NETFRONT) {
        netfront_mem_free(begin);
        return;
    }
    if (is_small(heap_size(begin)))
        small -= heap_size(begin);
    heap_free(begin);
}
