/* SPDX-License-Identifier: MIT */
/*
 * lwIP's mailboxes (lwip/sys.h): a ring of pointers that grows as it fills, up to the size that lwIP
 * asked for. A connection that waits costs little, and one that receives fast has room.
 */
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#include "lib/lwip/port/prepare.h"
#include "lib/lwip/port/timeout.h"
#include "lwip/sys.h"

#define SLOTS_FIRST 8u

struct net_mbox {
    void **slot;
    unsigned slots, slots_max; /* powers of two */
    unsigned first, count;
    bool look; /* of lwIP's thread: its wait ends */
    struct wait_queue not_empty, not_full;
};

static struct net_mbox *of_thread; /* lwIP's */

static unsigned power_of_two(unsigned n)
{
    unsigned p = SLOTS_FIRST;

    while (p < n)
        p *= 2;
    return p;
}

err_t sys_mbox_new(sys_mbox_t *mbox, int size)
{
    struct net_mbox *m;
    void **slot;

    *mbox = net_prepared_mbox();
    if (*mbox) {
        of_thread = *mbox;
        return ERR_OK;
    }
    m = heap_zalloc(1, sizeof(*m), MEM_KERNEL);
    slot = heap_alloc(SLOTS_FIRST * sizeof(*slot), MEM_KERNEL);
    if (!m || !slot || size < 0) {
        heap_free(m);
        heap_free(slot);
        return ERR_MEM;
    }
    m->slot = slot;
    m->slots = SLOTS_FIRST;
    m->slots_max = power_of_two((unsigned)size);
    wait_queue_init(&m->not_empty);
    wait_queue_init(&m->not_full);
    *mbox = m;
    return ERR_OK;
}

/* lwIP has emptied it, and nobody waits. */
void sys_mbox_free(sys_mbox_t *mbox)
{
    heap_free((*mbox)->slot);
    heap_free(*mbox);
    *mbox = NULL;
}

static bool grow(struct net_mbox *m)
{
    const unsigned slots = m->slots * 2;
    void **slot;

    if (slots > m->slots_max)
        return false;
    slot = heap_alloc(slots * sizeof(*slot), MEM_KERNEL);
    if (!slot)
        return false;
    for (unsigned i = 0; i < m->count; i++)
        slot[i] = m->slot[(m->first + i) & (m->slots - 1)];
    heap_free(m->slot);
    m->slot = slot;
    m->slots = slots;
    m->first = 0;
    return true;
}

err_t sys_mbox_trypost(sys_mbox_t *mbox, void *msg)
{
    struct net_mbox *m = *mbox;

    if (m->count == m->slots && !grow(m))
        return ERR_MEM;
    m->slot[(m->first + m->count++) & (m->slots - 1)] = msg;
    wake_one(&m->not_empty);
    return ERR_OK;
}

err_t sys_mbox_trypost_fromisr(sys_mbox_t *mbox, void *msg)
{
    return sys_mbox_trypost(mbox, msg);
}

void sys_mbox_post(sys_mbox_t *mbox, void *msg)
{
    while (sys_mbox_trypost(mbox, msg) != ERR_OK)
        wait_on(&(*mbox)->not_full, clock_deadline(NSEC_PER_SEC));
}

/* msg may be NULL: then the message is dropped. */
u32_t sys_arch_mbox_tryfetch(sys_mbox_t *mbox, void **msg)
{
    struct net_mbox *m = *mbox;
    void *taken;

    if (!m->count)
        return SYS_MBOX_EMPTY;
    taken = m->slot[m->first];
    m->first = (m->first + 1) & (m->slots - 1);
    m->count--;
    wake_one(&m->not_full);
    if (msg)
        *msg = taken;
    return 0;
}

void net_timeouts_changed(void)
{
    if (!of_thread)
        return;
    of_thread->look = true;
    wake_one(&of_thread->not_empty);
}

u32_t sys_arch_mbox_fetch(sys_mbox_t *mbox, void **msg, u32_t timeout)
{
    const uint64_t begin = clock_recent();
    struct net_mbox *m = *mbox;

    /* (without a timeout lwIP expects a message) */
    wait_event(&m->not_empty, m->count || (timeout && m->look), timeout_deadline(timeout));
    if (timeout)
        m->look = false;
    if (!m->count)
        return SYS_ARCH_TIMEOUT;
    sys_arch_mbox_tryfetch(mbox, msg);
    return timeout_elapsed(begin);
}
