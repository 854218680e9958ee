/* SPDX-License-Identifier: MIT */
/*
 * lwIP's pools (lwip/memp.h), in place of its own memp.c: an element's memory comes from the heap,
 * a slab at a time, when it is needed, up to the number of elements that lwipopts.h allows. It stays
 * in its pool. The memory is not what a backend can read (mem.c).
 */
#include "lwip/memp.h"
#include "lib/lwip/port/timeout.h"

#include <ringlet/heap.h>

#include "lwip/opt.h"
/* what the sizes of elements are computed from */
#include "lwip/altcp.h"
#include "lwip/api.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/netbuf.h"
#include "lwip/netdb.h"
#include "lwip/pbuf.h"
#include "lwip/priv/api_msg.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/priv/tcpip_priv.h"
#include "lwip/raw.h"
#include "lwip/stats.h"
#include "lwip/tcpip.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"

#define SLAB 2048u /* bytes: the heap wastes nothing of them */

struct element {
    struct element *next;
};

static const struct {
    unsigned size, max;
} kind[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, num, size, desc) [MEMP_##name] = {LWIP_MEM_ALIGN_SIZE(size), num},
#include "lwip/priv/memp_std.h"
};

static struct pool {
    struct element *free;
    unsigned made; /* elements, used or free */
    struct stats_mem stats;
} pool[MEMP_MAX];

void memp_init(void)
{
    for (unsigned i = 0; i < MEMP_MAX; i++) {
        pool[i].stats.avail = (mem_size_t)kind[i].max;
        lwip_stats.memp[i] = &pool[i].stats;
    }
}

static bool refill(unsigned type)
{
    const unsigned size = kind[type].size;
    const unsigned wanted = MAX(SLAB / size, 1u);
    const unsigned n = MIN(wanted, kind[type].max - pool[type].made);
    char *slab = n ? heap_alloc((size_t)n * size, MEM_KERNEL) : NULL;

    if (!slab)
        return false;
    for (unsigned i = 0; i < n; i++) {
        struct element *e = (struct element *)(void *)(slab + (size_t)i * size);

        e->next = pool[type].free;
        pool[type].free = e;
    }
    pool[type].made += n;
    return true;
}

void *memp_malloc(memp_t type)
{
    struct pool *p = &pool[type];
    struct element *e;

    if (!p->free && !refill(type)) {
        p->stats.err++;
        return NULL;
    }
    e = p->free;
    p->free = e->next;
    p->stats.used++;
    p->stats.max = MAX(p->stats.max, p->stats.used);
    if (type == MEMP_SYS_TIMEOUT)
        net_timeouts_changed();
    return e;
}

void memp_free(memp_t type, void *mem)
{
    struct element *e = mem;

    if (!e)
        return;
    e->next = pool[type].free;
    pool[type].free = e;
    pool[type].stats.used--;
}
