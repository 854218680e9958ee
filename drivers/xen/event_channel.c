/* SPDX-License-Identifier: MIT */
/*
 * Event channels, 2-level ABI. Upcalls stay masked forever: the scheduler calls pending() between
 * threads, and dispatch() when there is an event, so that a handler never interrupts a thread. Xen
 * still maintains the selector and evtchn_upcall_pending; only the upcall itself does not happen.
 */
#include <kernel/event_channel.h>

#include <kernel/arch.h>
#include <kernel/thread.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#define BITS        (8 * sizeof(xen_ulong_t))
#define WORDS       BITS
#define PORTS       (WORDS * BITS)
#define POLL_MAX    128 /* more ports are -EINVAL in SCHEDOP_poll */
#define POLL_SLICE  NSEC_PER_MSEC
#define NOT_LIVE    UINT32_MAX
#define LIVE_AT_ONE 64 /* first size of the list of live ports */

_Static_assert(sizeof(xen_ulong_t) == 8, "4096 ports");
_Static_assert(sizeof(((struct shared_info *)0)->evtchn_pending) * 8 == PORTS, "pending bitmap");
_Static_assert(sizeof(((struct shared_info *)0)->evtchn_mask) * 8 == PORTS, "mask bitmap");
_Static_assert(sizeof(struct vcpu_info) == 64, "vcpu_info is 64 bytes");
_Static_assert(sizeof(struct sched_poll) == 24, "sched_poll ABI");
_Static_assert(sizeof(struct evtchn_send) == 4, "evtchn_send ABI");
_Static_assert(sizeof(struct evtchn_alloc_unbound) == 8, "evtchn_alloc_unbound ABI");
_Static_assert(sizeof(struct evtchn_bind_interdomain) == 12, "evtchn_bind_interdomain ABI");
_Static_assert(sizeof(struct evtchn_bind_virq) == 12, "evtchn_bind_virq ABI");
_Static_assert(sizeof(struct evtchn_close) == 4, "evtchn_close ABI");

struct binding {
    evtchn_handler_t handler; /* NULL: the port is not bound */
    void *arg;
    uint32_t live_index; /* place in live[], NOT_LIVE while masked */
};

/* One chunk per word of the bitmaps, allocated when the first of its ports is bound. */
static struct binding *chunks[WORDS];
/* The ports that are bound and unmasked, in no order: an idle guest waits for these. */
static evtchn_port_t *live;
static unsigned live_count, live_room;
static struct evtchn_stats stats;

static struct binding *binding_of(evtchn_port_t port)
{
    struct binding *b;

    if (port >= PORTS || !chunks[port / BITS])
        return NULL;
    b = &chunks[port / BITS][port % BITS];
    return b->handler ? b : NULL;
}

static void set_bit(xen_ulong_t *map, evtchn_port_t port)
{
    __atomic_fetch_or(&map[port / BITS], (xen_ulong_t)1 << (port % BITS), __ATOMIC_SEQ_CST);
}

static void clear_bit(xen_ulong_t *map, evtchn_port_t port)
{
    __atomic_fetch_and(&map[port / BITS], ~((xen_ulong_t)1 << (port % BITS)), __ATOMIC_SEQ_CST);
}

static bool test_bit(xen_ulong_t *map, evtchn_port_t port)
{
    return READ_ONCE(map[port / BITS]) >> (port % BITS) & 1;
}

/* Room for all bound ports, so that unmasking cannot fail. */
static RINGLET_COLD int live_reserve(unsigned count)
{
    unsigned room = MAX(live_room * 2, LIVE_AT_ONE);
    evtchn_port_t *bigger;

    if (count <= live_room)
        return 0;
    bigger = heap_alloc(room * sizeof(*bigger), MEM_KERNEL);
    if (!bigger)
        return -ENOMEM;
    if (live_count)
        memcpy(bigger, live, live_count * sizeof(*live));
    heap_free(live);
    live = bigger;
    live_room = room;
    return 0;
}

static int reserve(evtchn_port_t port)
{
    if (!chunks[port / BITS]) {
        chunks[port / BITS] = heap_zalloc(BITS, sizeof(struct binding), MEM_KERNEL);
        if (!chunks[port / BITS])
            return -ENOMEM;
    }
    return live_reserve(stats.bound + 1);
}

RINGLET_COLD int evtchn_bind_existing(evtchn_port_t port, evtchn_handler_t handler, void *arg)
{
    struct binding *b;
    int ret;

    if (port == 0 || port >= PORTS || !handler)
        return -EINVAL;
    if (binding_of(port))
        return -EBUSY;
    ret = reserve(port);
    if (ret)
        return ret;
    set_bit(shared_info->evtchn_mask, port);
    b = &chunks[port / BITS][port % BITS];
    b->handler = handler;
    b->arg = arg;
    b->live_index = NOT_LIVE;
    stats.bound++;
    return 0;
}

static int close_port(evtchn_port_t port)
{
    struct evtchn_close op = {.port = port};

    return (int)hypercall_event_channel_op(EVTCHNOP_close, &op);
}

/* A port that Xen has just allocated; it is closed again if it cannot be recorded. */
static int keep_new_port(evtchn_port_t got, evtchn_handler_t handler, void *arg,
                         evtchn_port_t *port)
{
    int ret = evtchn_bind_existing(got, handler, arg);

    if (ret) {
        close_port(got);
        return ret;
    }
    *port = got;
    return 0;
}

int evtchn_alloc_unbound(domid_t remote, evtchn_handler_t handler, void *arg, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = remote};
    long ret = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &op);

    return ret ? (int)ret : keep_new_port(op.port, handler, arg, port);
}

int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_handler_t handler,
                            void *arg, evtchn_port_t *port)
{
    struct evtchn_bind_interdomain op = {.remote_dom = remote, .remote_port = remote_port};
    long ret = hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &op);

    return ret ? (int)ret : keep_new_port(op.local_port, handler, arg, port);
}

int evtchn_bind_virq(unsigned virq, evtchn_handler_t handler, void *arg, evtchn_port_t *port)
{
    struct evtchn_bind_virq op = {.virq = virq, .vcpu = 0};
    long ret = hypercall_event_channel_op(EVTCHNOP_bind_virq, &op);

    return ret ? (int)ret : keep_new_port(op.port, handler, arg, port);
}

RINGLET_COLD int evtchn_unmask(evtchn_port_t port)
{
    struct binding *b = binding_of(port);

    if (!b)
        return -EINVAL;
    if (b->live_index == NOT_LIVE) {
        b->live_index = live_count;
        live[live_count++] = port;
    }
    clear_bit(shared_info->evtchn_mask, port);
    /*
     * Xen checked the mask when it set the pending bit, so the event of a port that was masked then
     * is not in the selector. There is only this vCPU and no upcall, therefore the selector can be
     * set here: either Xen sees the cleared mask or this sees the bit.
     */
    if (test_bit(shared_info->evtchn_pending, port)) {
        struct vcpu_info *vcpu = &shared_info->vcpu_info[0];

        __atomic_fetch_or(&vcpu->evtchn_pending_sel, (xen_ulong_t)1 << (port / BITS),
                          __ATOMIC_SEQ_CST);
        WRITE_ONCE(vcpu->evtchn_upcall_pending, 1);
    }
    return 0;
}

RINGLET_COLD int evtchn_mask(evtchn_port_t port)
{
    struct binding *b = binding_of(port);

    if (!b)
        return -EINVAL;
    set_bit(shared_info->evtchn_mask, port);
    if (b->live_index != NOT_LIVE) {
        evtchn_port_t last = live[--live_count];

        live[b->live_index] = last;
        binding_of(last)->live_index = b->live_index;
        b->live_index = NOT_LIVE;
    }
    return 0;
}

int evtchn_notify(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    stats.notifications++;
    return (int)hypercall_event_channel_op(EVTCHNOP_send, &op);
}

RINGLET_COLD bool evtchn_consume(evtchn_port_t port)
{
    if (port >= PORTS || !test_bit(shared_info->evtchn_pending, port))
        return false;
    clear_bit(shared_info->evtchn_pending, port);
    return true;
}

int evtchn_close(evtchn_port_t port)
{
    struct binding *b = binding_of(port);
    int ret;

    if (!b)
        return -EINVAL;
    evtchn_mask(port);
    b->handler = NULL;
    stats.bound--;
    ret = close_port(port);
    /* An event after the last dispatch has no handler any more. */
    if (evtchn_consume(port))
        stats.spurious++;
    return ret;
}

static void deliver(evtchn_port_t port)
{
    struct binding *b = binding_of(port);

    if (!b) {
        /* An unbound port: it was closed by a handler earlier in this pass, which has counted
         * the event already, or was never bound. */
        set_bit(shared_info->evtchn_mask, port);
        if (evtchn_consume(port))
            stats.spurious++;
        return;
    }
    if (b->live_index == NOT_LIVE)
        return; /* masked by a handler in this pass: the event waits for evtchn_unmask */
    clear_bit(shared_info->evtchn_pending, port);
    stats.events++;
    if (!b->handler(port, b->arg))
        stats.spurious++;
}

static bool events_pending(void)
{
    return READ_ONCE(shared_info->vcpu_info[0].evtchn_upcall_pending) != 0;
}

/*
 * One pass over a snapshot: each port is handled at most once, however often its peer notifies
 * meanwhile. An event during the pass sets upcall_pending again and is found by the next one.
 */
static void dispatch(void)
{
    struct vcpu_info *vcpu = &shared_info->vcpu_info[0];
    xen_ulong_t words;

    WRITE_ONCE(vcpu->evtchn_upcall_pending, 0);
    words = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    for (; words; words &= words - 1) {
        unsigned word = (unsigned)__builtin_ctzl(words);
        xen_ulong_t bits = READ_ONCE(shared_info->evtchn_pending[word]) &
                           ~READ_ONCE(shared_info->evtchn_mask[word]);

        for (; bits; bits &= bits - 1)
            deliver((evtchn_port_t)(word * BITS + (unsigned)__builtin_ctzl(bits)));
    }
}

static void yield(void)
{
    hypercall_sched_op(SCHEDOP_yield, NULL);
}

static void poll_ports(evtchn_port_t *ports, unsigned count, uint64_t deadline)
{
    struct sched_poll op = {
        .nr_ports = count,
        .timeout = deadline == DEADLINE_NEVER ? 0 : arch_poll_timeout(deadline), /* 0: none */
    };

    if (deadline == 0)
        return;
    stats.blocks++;
    set_xen_guest_handle(op.ports, ports);
    if (hypercall_sched_op(SCHEDOP_poll, &op))
        yield();
}

static void block(uint64_t deadline)
{
    unsigned count = live_count;

    if (events_pending())
        return;
    /*
     * Xen checks the listed ports before it puts the vCPU to sleep; while it sleeps with more than
     * one port listed, any event of the domain ends the poll. So only one event could be missed:
     * that of a port that is not listed, between the check above and Xen's. With more live ports
     * than the list can have, the sleep is therefore cut into slices.
     */
    if (count > POLL_MAX) {
        count = POLL_MAX;
        deadline = MIN(deadline, clock_deadline(POLL_SLICE));
    }
    poll_ports(live, count, deadline);
}

RINGLET_COLD void evtchn_wait_port(evtchn_port_t port, uint64_t deadline_ns)
{
    if (port < PORTS && !test_bit(shared_info->evtchn_pending, port))
        poll_ports(&port, 1, deadline_ns);
}

static void mask_all(void)
{
    for (unsigned i = 0; i < WORDS; i++)
        WRITE_ONCE(shared_info->evtchn_mask[i], ~(xen_ulong_t)0);
}

/* Pending events belong to the new domain's ports and stay. */
RINGLET_COLD void evtchn_resume(void)
{
    for (unsigned i = 0; i < WORDS; i++)
        if (chunks[i])
            memset(chunks[i], 0, BITS * sizeof(*chunks[i]));
    live_count = 0;
    stats.bound = 0;
    mask_all();
}

RINGLET_COLD int evtchn_init(void)
{
    static const struct event_source source = {
        .pending = events_pending,
        .dispatch = dispatch,
        .block = block,
        .yield = yield,
    };

    memset(chunks, 0, sizeof(chunks));
    memset(&stats, 0, sizeof(stats));
    live = NULL;
    live_count = live_room = 0;
    mask_all();
    if (live_reserve(1))
        return -ENOMEM;
    thread_set_event_source(&source);
    return 0;
}

void evtchn_get_stats(struct evtchn_stats *out)
{
    *out = stats;
}
