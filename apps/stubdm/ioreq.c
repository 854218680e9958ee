/* SPDX-License-Identifier: MIT */
/* The ioreq server's set-up, and the slots. What a request does is in ioreq_handle.c. */
#include "ioreq.h"

#include <ringlet/barrier.h>
#include <ringlet/event_channel.h>
#include <ringlet/foreign.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

_Static_assert(sizeof(struct ioreq) == 32, "ioreq");
_Static_assert(offsetof(struct ioreq, vp_eport) == 24, "ioreq");
_Static_assert(offsetof(struct ioreq, type) == 31, "ioreq");
_Static_assert(IOREQ_VCPUS_MAX * sizeof(struct ioreq) == 4096, "one page of slots");

/* state:4, data_is_ptr, dir, df and a bit of padding share a byte, which is read and written whole: Xen
 * writes the others only while the slot is its own. */
#define STATE_BYTE 30
#define STATE_MASK 0xf

static uint8_t *state_of(struct ioreq *slot)
{
    return (uint8_t *)slot + STATE_BYTE;
}

static void set_state(struct ioreq *slot, uint8_t state)
{
    WRITE_ONCE(*state_of(slot), (uint8_t)((READ_ONCE(*state_of(slot)) & ~STATE_MASK) | state));
}

static bool ioreq_event(evtchn_port_t port, void *arg)
{
    struct ioreq_server *s = arg;

    (void)port;
    s->found = true;
    wake_all(s->wake);
    return true;
}

static int report(const char *what, int ret)
{
    if (ret)
        pr_err("stubdm: cannot %s: %s\n", what, errno_name(ret));
    return ret;
}

static int map_by_frame(struct ioreq_server *s, void **page)
{
    struct dm_ioreq_pages pages;
    int ret = dm_op_get_ioreq_server_info(s->domid, s->id, false, &pages);

    return ret ? ret : foreign_map(s->domid, pages.ioreq_gfn, 1, page);
}

static int map_page(struct ioreq_server *s)
{
    void *page;
    int ret = foreign_map_resource(s->domid, XENMEM_resource_ioreq_server, s->id,
                                   XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &page);

    if (ret == -ENOSYS || ret == -EOPNOTSUPP || ret == -EPERM || ret == -EACCES) {
        pr_info("stubdm: the requests' page as a resource: %s; taken by its frame number\n",
                errno_name(ret));
        ret = map_by_frame(s, &page);
    }
    if (!ret)
        s->page = page;
    return report("map the page of requests", ret);
}

int ioreq_create(struct ioreq_server *s)
{
    int ret = dm_op_create_ioreq_server(s->domid, false, &s->id);

    if (ret)
        return report("create an ioreq server", ret);
    s->created = true;
    return map_page(s);
}

static int bind(struct ioreq_server *s, unsigned vcpu)
{
    const evtchn_port_t remote = READ_ONCE(s->page->vcpu_ioreq[vcpu].vp_eport);
    int ret = evtchn_bind_interdomain(s->domid, remote, ioreq_event, s, &s->port[vcpu]);

    return ret ? ret : evtchn_unmask(s->port[vcpu]);
}

int ioreq_enable(struct ioreq_server *s)
{
    int ret =
        report("enable the ioreq server", dm_op_set_ioreq_server_state(s->domid, s->id, true));

    for (unsigned i = 0; i < s->vcpus && !ret; i++)
        ret = report("bind to a vCPU's event channel", bind(s, i));
    s->found = true; /* what came before */
    return ret;
}

/* The slot is the other side's memory: everything is copied before it is looked at. */
static bool serve_slot(struct ioreq_server *s, unsigned vcpu)
{
    struct ioreq *slot = &s->page->vcpu_ioreq[vcpu], r;

    if ((READ_ONCE(*state_of(slot)) & STATE_MASK) != STATE_IOREQ_READY)
        return false;
    rmb(); /* the state before the request */
    memcpy(&r, slot, sizeof(r));
    compiler_barrier();
    set_state(slot, STATE_IOREQ_INPROCESS);
    ioreq_handle(s, &r);
    WRITE_ONCE(slot->data, r.data);
    wmb(); /* the answer before the state */
    set_state(slot, STATE_IORESP_READY);
    evtchn_notify(s->port[vcpu]);
    return true;
}

unsigned ioreq_serve(struct ioreq_server *s)
{
    unsigned n = 0;

    s->found = false; /* before the look */
    for (unsigned i = 0; i < s->vcpus; i++)
        n += serve_slot(s, i);
    s->stats.requests += n;
    return n;
}

void ioreq_destroy(struct ioreq_server *s)
{
    for (unsigned i = 0; i < s->vcpus; i++)
        if (s->port[i])
            evtchn_close(s->port[i]);
    if (s->page)
        foreign_unmap(s->page, 1);
    s->page = NULL;
    if (s->created)
        dm_op_destroy_ioreq_server(s->domid, s->id);
    s->created = false;
}
