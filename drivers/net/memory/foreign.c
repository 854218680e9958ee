/* SPDX-License-Identifier: MIT */
/* Memory that others own, and that devices send from: netfront_mem_add() and what belongs to it. */
#include "grants.h"
#include "mem.h"

#include <ringlet/errno.h>
#include <ringlet/netfront.h>

static void take_out(uint8_t *va)
{
    struct arena_page *p = net_mem_page(va);

    net_grants_forget(p);
    net_mem_remove(p);
}

int netfront_mem_add(void *base, size_t pages)
{
    uint8_t *va = base;

    if ((uintptr_t)va & PAGE_MASK || !pages)
        return -EINVAL;
    for (size_t i = 0; i < pages; i++) {
        const int ret = net_mem_add(va + i * PAGE_SIZE);

        if (!ret)
            continue;
        while (i--)
            take_out(va + i * PAGE_SIZE);
        return ret;
    }
    return 0;
}

int netfront_mem_remove(void *base, size_t pages)
{
    uint8_t *va = base;

    if ((uintptr_t)va & PAGE_MASK || !pages)
        return -EINVAL;
    for (size_t i = 0; i < pages; i++) {
        const struct arena_page *p = net_mem_page(va + i * PAGE_SIZE);

        if (!p || !p->foreign)
            return -EINVAL;
        if (p->hold)
            return -EBUSY;
    }
    for (size_t i = 0; i < pages; i++)
        take_out(va + i * PAGE_SIZE);
    return 0;
}

bool netfront_mem_busy(const void *data, size_t len)
{
    const uintptr_t first = (uintptr_t)data & ~(uintptr_t)PAGE_MASK;

    for (uintptr_t at = first; at < (uintptr_t)data + len; at += PAGE_SIZE) {
        const struct arena_page *p = net_mem_page((const void *)at);

        if (p && p->hold)
            return true;
    }
    return false;
}
