/* SPDX-License-Identifier: MIT */
/*
 * A libvchan server. The client sets cli_live to 1 when it has mapped the page and to 0 when it goes;
 * 2 means that none has come yet. The client never reads it (is_open of libxenvchan's client looks at
 * srv_live), so that the server notes there which client it knows: one that comes writes 1 again, also
 * when the server has not seen the one before go. The server's own indexes are never read back from the
 * page.
 */
#include <ringlet/event_channel.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/vchan.h>
#include <ringlet/xenstore.h>

#define IN_OFFSET  1024u /* order 10: from the client */
#define IN_SIZE    1024u
#define OUT_OFFSET 2048u /* order 11: to the client */
#define OUT_SIZE   2048u

#define NOTIFY_WRITE 1u /* the peer wants to know of data */
#define NOTIFY_READ  2u /* ... of room */

enum { GONE, LIVE, NOT_YET, KNOWN /* the server's own: live, and seen */ };

struct vchan_indexes {
    uint32_t cons, prod;
};

struct vchan_page {
    struct vchan_indexes left, right; /* from the client, to the client */
    uint16_t left_order, right_order;
    uint8_t cli_live, srv_live;
    /* what the client has to tell the server of, as the server wants, and the reverse; who tells clears
     * it */
    uint8_t cli_notify, srv_notify;
};

_Static_assert(sizeof(struct vchan_page) == 24, "vchan_interface");
_Static_assert(offsetof(struct vchan_page, right) == 8, "vchan_interface");
_Static_assert(offsetof(struct vchan_page, left_order) == 16, "vchan_interface");
_Static_assert(offsetof(struct vchan_page, cli_live) == 20, "vchan_interface");
_Static_assert(offsetof(struct vchan_page, srv_notify) == 23, "vchan_interface");

struct vchan {
    struct vchan_page *page;
    char *path;
    grant_ref_t ref;
    evtchn_port_t port;
    uint32_t in_cons, out_prod;
    bool live;
    bool refused; /* a client that has broken the protocol is still there */
    void (*fn)(void *arg);
    void *arg;
    struct vchan_stats stats;
};

static char *ring_at(struct vchan *v, unsigned offset)
{
    return (char *)v->page + offset;
}

static bool cli_live_becomes(struct vchan *v, uint8_t from, uint8_t to)
{
    return __atomic_compare_exchange_n(&v->page->cli_live, &from, to, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

/*
 * Before the first client, and when one has gone: what it has not taken, or what was not taken of it, is
 * dropped. Only the server's own indexes are written, as the next client may be there already, and
 * cli_live only if none is.
 */
static void vchan_reset(struct vchan *v)
{
    v->in_cons = READ_ONCE(v->page->left.prod);
    v->out_prod = READ_ONCE(v->page->right.cons);
    WRITE_ONCE(v->page->left.cons, v->in_cons);
    WRITE_ONCE(v->page->right.prod, v->out_prod);
    WRITE_ONCE(v->page->cli_notify, NOTIFY_WRITE);
    WRITE_ONCE(v->page->srv_live, LIVE);
    cli_live_becomes(v, GONE, NOT_YET);
}

/* Xen's rule for both sides: tell the peer if it has asked for that kind, and clear the request. */
static void vchan_tell(struct vchan *v, uint8_t what)
{
    mb(); /* the index before the look at the request */
    if (__atomic_fetch_and(&v->page->srv_notify, (uint8_t)~what, __ATOMIC_SEQ_CST) & what)
        evtchn_notify(v->port);
}

static void vchan_ask(struct vchan *v, uint8_t what)
{
    __atomic_fetch_or(&v->page->cli_notify, what, __ATOMIC_SEQ_CST);
    mb(); /* ... before the last look at the index */
}

static void vchan_look(struct vchan *v)
{
    const uint8_t cli_live = READ_ONCE(v->page->cli_live);

    if (cli_live == KNOWN)
        return;
    if (v->live || v->refused || cli_live == GONE) {
        v->live = v->refused = false;
        vchan_reset(v);
    }
    if (cli_live_becomes(v, LIVE, KNOWN)) {
        v->live = true;
        v->stats.connections++;
    }
}

/* The client is told that the server has gone, until it goes itself. */
static void vchan_violation(struct vchan *v, uint32_t used)
{
    if (!v->stats.violations++)
        pr_warn("vchan %s: the client's index is wrong: %u bytes\n", v->path, used);
    v->live = false;
    v->refused = true;
    WRITE_ONCE(v->page->srv_live, GONE);
    evtchn_notify(v->port);
}

static bool vchan_event(evtchn_port_t port, void *arg)
{
    struct vchan *v = arg;

    (void)port;
    if (v->fn)
        v->fn(v->arg);
    return true;
}

uint64_t vchan_connection(struct vchan *v)
{
    vchan_look(v);
    return v->live ? v->stats.connections : 0;
}

int vchan_receive(struct vchan *v, void *to, size_t len)
{
    uint32_t there, first, at;

    if (!vchan_connection(v))
        return -ENOTCONN;
    vchan_ask(v, NOTIFY_WRITE);
    there = READ_ONCE(v->page->left.prod) - v->in_cons;
    if (there > IN_SIZE) {
        vchan_violation(v, there);
        return -ENOTCONN;
    }
    rmb(); /* the index before the bytes */
    len = MIN(len, (size_t)there);
    if (!len)
        return 0;
    at = v->in_cons & (IN_SIZE - 1);
    first = (uint32_t)MIN(len, (size_t)(IN_SIZE - at));
    memcpy(to, ring_at(v, IN_OFFSET + at), first);
    memcpy((char *)to + first, ring_at(v, IN_OFFSET), len - first);
    mb(); /* the copy before the room is given back */
    v->in_cons += (uint32_t)len;
    WRITE_ONCE(v->page->left.cons, v->in_cons);
    vchan_tell(v, NOTIFY_READ);
    v->stats.received += len;
    return (int)len;
}

int vchan_send(struct vchan *v, const void *from, size_t len)
{
    uint32_t used, first, at;

    if (!vchan_connection(v))
        return -ENOTCONN;
    vchan_ask(v, NOTIFY_READ);
    used = v->out_prod - READ_ONCE(v->page->right.cons);
    if (used > OUT_SIZE) {
        vchan_violation(v, used);
        return -ENOTCONN;
    }
    mb(); /* the index before the space that it gives back is written */
    len = MIN(len, (size_t)(OUT_SIZE - used));
    if (!len)
        return 0;
    at = v->out_prod & (OUT_SIZE - 1);
    first = (uint32_t)MIN(len, (size_t)(OUT_SIZE - at));
    memcpy(ring_at(v, OUT_OFFSET + at), from, first);
    memcpy(ring_at(v, OUT_OFFSET), (const char *)from + first, len - first);
    wmb(); /* the bytes before the index */
    v->out_prod += (uint32_t)len;
    WRITE_ONCE(v->page->right.prod, v->out_prod);
    vchan_tell(v, NOTIFY_WRITE);
    v->stats.sent += len;
    return (int)len;
}

void vchan_on_event(struct vchan *v, void (*fn)(void *arg), void *arg)
{
    v->fn = fn;
    v->arg = arg;
}

/* ---- making and ending ---- */

static int vchan_publish(struct vchan *v)
{
    int ret = xs_printf(XS_NO_TRANSACTION, v->path, "ring-ref", "%u", v->ref);

    if (!ret)
        ret = xs_printf(XS_NO_TRANSACTION, v->path, "event-channel", "%u", v->port);
    return ret;
}

static int vchan_make(struct vchan *v, domid_t peer)
{
    int ret;

    v->page = page_alloc_zeroed(1, MEM_KERNEL);
    if (!v->page)
        return -ENOMEM;
    v->page->left_order = 10;
    v->page->right_order = 11;
    v->page->cli_live = NOT_YET;
    vchan_reset(v);
    ret = gnttab_grant(peer, v->page, false);
    if (ret < 0)
        return ret;
    v->ref = (grant_ref_t)ret;
    ret = evtchn_alloc_unbound(peer, vchan_event, v, &v->port);
    return ret ? ret : evtchn_unmask(v->port);
}

int vchan_listen(domid_t peer, const char *path, struct vchan **out)
{
    struct vchan *v = heap_zalloc(1, sizeof(*v), MEM_KERNEL);
    int ret;

    *out = NULL;
    if (!v)
        return -ENOMEM;
    v->path = heap_strndup(path, strlen(path), MEM_KERNEL);
    ret = v->path ? vchan_make(v, peer) : -ENOMEM;
    if (!ret)
        ret = vchan_publish(v);
    if (ret)
        vchan_close(v);
    else
        *out = v;
    return ret;
}

void vchan_close(struct vchan *v)
{
    if (!v)
        return;
    if (v->port) {
        xs_rm(XS_NO_TRANSACTION, v->path, "ring-ref");
        xs_rm(XS_NO_TRANSACTION, v->path, "event-channel");
        WRITE_ONCE(v->page->srv_live, GONE);
        evtchn_notify(v->port);
        evtchn_close(v->port);
    }
    if (v->ref)
        gnttab_end_or_quarantine(v->ref, v->page);
    page_free(v->page, 1);
    heap_free(v->path);
    heap_free(v);
}

void vchan_get_stats(const struct vchan *v, struct vchan_stats *out)
{
    *out = v->stats;
}
