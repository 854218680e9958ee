/* SPDX-License-Identifier: MIT */
/*
 * Further consoles: the ring of console.c's kind in a granted page, connected by the frontends' machine.
 * Its own indexes are never read back from the page.
 */
#include <kernel/device.h>
#include <ringlet/clock.h>
#include <ringlet/console_port.h>
#include <ringlet/event_channel.h>
#include <ringlet/format.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <xen/io/console.h>

#define PORT_TIMEOUT (10 * NSEC_PER_SEC)
#define PORT_AWAY    (3600 * NSEC_PER_SEC) /* a backend that does not come back in that time is lost */

struct console_port {
    struct frontend fe;
    char path[32];
    struct xencons_interface *ring; /* NULL: there is no connection */
    grant_ref_t ref;
    evtchn_port_t port;
    uint32_t out_prod, in_cons;
    bool connected;
    void (*fn)(void *arg);
    void *arg;
};

static void port_tell(struct console_port *p)
{
    if (p->fn)
        p->fn(p->arg);
}

static bool port_event(evtchn_port_t port, void *arg)
{
    (void)port;
    port_tell(arg);
    return true;
}

/* ---- the connection ---- */

static void port_release(struct console_port *p)
{
    p->connected = false;
    if (p->port)
        evtchn_close(p->port);
    if (p->ref)
        gnttab_end_or_quarantine(p->ref, p->ring);
    page_free(p->ring, 1);
    p->ring = NULL;
    p->ref = 0;
    p->port = 0;
}

static int port_make(struct console_port *p, domid_t peer)
{
    int ret;

    p->ring = page_alloc_zeroed(1, MEM_KERNEL);
    if (!p->ring)
        return -ENOMEM;
    p->out_prod = p->in_cons = 0;
    ret = gnttab_grant(peer, p->ring, false);
    if (ret < 0)
        return ret;
    p->ref = (grant_ref_t)ret;
    return evtchn_alloc_unbound(peer, port_event, p, &p->port);
}

static void port_key(struct frontend_key *key, const char *name, unsigned value)
{
    format(key->name, sizeof(key->name), "%s", name);
    format(key->value, sizeof(key->value), "%u", value);
}

static int port_negotiate(struct frontend *fe, struct frontend_key *keys, unsigned *count)
{
    struct console_port *p = fe->priv;
    int ret;

    port_release(p);
    if (fe->fewer_keys)
        return -ENOSPC; /* there are no fewer */
    ret = port_make(p, fe->backend_id);
    if (ret) {
        port_release(p);
        return ret;
    }
    port_key(&keys[0], "ring-ref", p->ref);
    port_key(&keys[1], "port", p->port);
    *count = 2;
    return 0;
}

static int port_connected(struct frontend *fe)
{
    struct console_port *p = fe->priv;

    p->connected = true;
    evtchn_unmask(p->port);
    port_tell(p);
    return 0;
}

static void port_lost(struct frontend *fe, int reason)
{
    struct console_port *p = fe->priv;

    (void)reason;
    p->connected = false;
}

static void port_disconnected(struct frontend *fe)
{
    port_release(fe->priv);
}

static void port_restart(struct frontend *fe)
{
    struct console_port *p = fe->priv;

    p->ref = 0; /* of the domain before */
    p->port = 0;
    port_release(p);
}

static void port_away(struct frontend *fe)
{
    port_lost(fe, 0);
}

static void port_ended(struct frontend *fe, bool orderly)
{
    (void)orderly;
    port_release(fe->priv);
}

static const struct frontend_ops port_ops = {
    .type = "console",
    .negotiate = port_negotiate,
    .connected = port_connected,
    .lost = port_lost,
    .disconnected = port_disconnected,
    .restart = port_restart,
    .away = port_away,
    .ended = port_ended,
};

/* ---- what it is for ---- */

size_t console_port_read(struct console_port *p, void *to, size_t len)
{
    uint32_t there, at, first;

    if (!p->connected)
        return 0;
    there = READ_ONCE(p->ring->in_prod) - p->in_cons;
    if (there > sizeof(p->ring->in)) {
        p->in_cons += there; /* out of range: there is no input */
        WRITE_ONCE(p->ring->in_cons, p->in_cons);
        return 0;
    }
    rmb(); /* the index before the bytes */
    len = MIN(len, (size_t)there);
    if (!len)
        return 0;
    at = MASK_XENCONS_IDX(p->in_cons, p->ring->in);
    first = (uint32_t)MIN(len, sizeof(p->ring->in) - at);
    memcpy(to, p->ring->in + at, first);
    memcpy((char *)to + first, p->ring->in, len - first);
    mb(); /* the copy before the room is given back */
    p->in_cons += (uint32_t)len;
    WRITE_ONCE(p->ring->in_cons, p->in_cons);
    evtchn_notify(p->port);
    return len;
}

size_t console_port_write(struct console_port *p, const void *from, size_t len)
{
    uint32_t used, at, first;

    if (!p->connected)
        return 0;
    used = p->out_prod - READ_ONCE(p->ring->out_cons);
    if (used > sizeof(p->ring->out))
        used = sizeof(p->ring->out); /* out of range: it is full */
    mb();                            /* the index before the space that it gives back is written */
    len = MIN(len, sizeof(p->ring->out) - used);
    if (!len)
        return 0;
    at = MASK_XENCONS_IDX(p->out_prod, p->ring->out);
    first = (uint32_t)MIN(len, sizeof(p->ring->out) - at);
    memcpy(p->ring->out + at, from, first);
    memcpy(p->ring->out, (const char *)from + first, len - first);
    wmb(); /* the bytes before the index */
    p->out_prod += (uint32_t)len;
    WRITE_ONCE(p->ring->out_prod, p->out_prod);
    evtchn_notify(p->port);
    return len;
}

int console_port_close(struct console_port *p)
{
    int ret;

    if (!p)
        return 0;
    frontend_stop(&p->fe);
    ret = p->fe.close_error;
    port_release(p);
    ratelimit_end(&p->fe.messages);
    heap_free(p);
    return ret;
}

int console_port_open(unsigned number, uint64_t timeout_ns, void (*fn)(void *arg), void *arg,
                      struct console_port **port)
{
    struct console_port *p = heap_zalloc(1, sizeof(*p), MEM_KERNEL);
    int ret;

    *port = NULL;
    if (!p)
        return -ENOMEM;
    p->fn = fn;
    p->arg = arg;
    format(p->path, sizeof(p->path), "device/console/%u", number);
    p->fe.connect_timeout_ns = timeout_ns ? timeout_ns : PORT_TIMEOUT;
    p->fe.close_timeout_ns = PORT_TIMEOUT;
    p->fe.reconnect_timeout_ns = PORT_AWAY;
    p->fe.messages.name = p->path;
    ret = number ? frontend_start(&p->fe, p->path, &port_ops, p) : -EINVAL;
    if (ret) {
        heap_free(p);
        return ret;
    }
    ret = frontend_wait_connected(&p->fe);
    if (ret)
        console_port_close(p);
    else
        *port = p;
    return ret;
}
