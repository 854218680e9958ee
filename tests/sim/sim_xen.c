/* SPDX-License-Identifier: MIT */
/* The scheduler of the world, the clock, and event channels with delays, merges and spurious
 * events (sim.h). */
#include "sim.h"

#include <ringlet/printk.h>

#define ACTORS    8
#define PORTS     1024
#define IN_FLIGHT 256
#define TURN_NS   400 /* the maximum time of a turn of the world */

struct random sim_random;
int sim_countdown;

static struct actor *actors[ACTORS];
static unsigned actor_count, pace;
static bool in_world;

/* ---- event channels ---- */

enum port_state { PORT_FREE, PORT_UNBOUND, PORT_BOUND };

static struct {
    enum port_state state;
    uint32_t generation; /* an event on its way to a port that was closed is lost */
    domid_t remote;
    struct sim_channel *peer;
} ports[PORTS];

static struct {
    evtchn_port_t port;
    uint32_t generation;
    uint64_t due;
} flying[IN_FLIGHT];
static unsigned flying_count;

static void deliver(struct actor *a);
static struct actor deliveries = {.name = "events", .due = NEVER, .run = deliver};

static void deliver(struct actor *a)
{
    a->due = NEVER;
    for (unsigned i = 0; i < flying_count;) {
        if (flying[i].due > seam_now) {
            a->due = MIN(a->due, flying[i++].due);
            continue;
        }
        if (ports[flying[i].port].generation == flying[i].generation) {
            seam_raise(flying[i].port);
            totals.events++;
        }
        flying[i] = flying[--flying_count];
    }
}

void sim_raise(evtchn_port_t port, uint64_t delay)
{
    if (port >= PORTS || ports[port].state == PORT_FREE)
        return;
    if (!delay || flying_count == IN_FLIGHT) {
        seam_raise(port);
        totals.events++;
        return;
    }
    delay = 1 + below((unsigned)delay);
    flying[flying_count].port = port;
    flying[flying_count].generation = ports[port].generation;
    flying[flying_count++].due = seam_now + delay;
    actor_wake(&deliveries, delay);
}

bool sim_bind(struct sim_channel *c, domid_t who, evtchn_port_t port)
{
    if (port >= PORTS || ports[port].state != PORT_UNBOUND || ports[port].remote != who)
        return false;
    ports[port].state = PORT_BOUND;
    ports[port].peer = c;
    c->port = port;
    /* Xen marks an interdomain channel pending when it is bound: the guest gets a spurious
     * event, sooner or later */
    sim_raise(port, 2000);
    return true;
}

void sim_unbind(struct sim_channel *c)
{
    if (c->port && ports[c->port].peer == c) {
        ports[c->port].peer = NULL;
        ports[c->port].state = PORT_UNBOUND;
    }
    c->port = 0;
}

unsigned sim_ports_open(void)
{
    unsigned n = 0;

    for (unsigned i = 1; i < PORTS; i++)
        n += ports[i].state != PORT_FREE;
    return n;
}

static long alloc_port(domid_t remote, evtchn_port_t *out)
{
    for (evtchn_port_t p = 3; p < PORTS; p++) {
        if (ports[p].state != PORT_FREE)
            continue;
        ports[p].state = PORT_UNBOUND;
        ports[p].remote = remote;
        *out = p;
        return 0;
    }
    return -ENOSPC;
}

static long send(evtchn_port_t port)
{
    if (port >= PORTS || ports[port].state == PORT_FREE)
        return -EINVAL;
    if (ports[port].peer) {
        ports[port].peer->sends++;
        ports[port].peer->notified(ports[port].peer);
    }
    return 0;
}

static long close_port(evtchn_port_t port)
{
    if (port >= PORTS || ports[port].state == PORT_FREE)
        return -EINVAL;
    if (ports[port].peer)
        ports[port].peer->port = 0;
    ports[port].peer = NULL;
    ports[port].state = PORT_FREE;
    ports[port].generation++;
    return 0;
}

static long event_channel_op(unsigned long cmd, void *arg)
{
    switch (cmd) {
    case EVTCHNOP_send:
        return send(((struct evtchn_send *)arg)->port);
    case EVTCHNOP_alloc_unbound: {
        struct evtchn_alloc_unbound *op = arg;

        return alloc_port(op->remote_dom, &op->port);
    }
    case EVTCHNOP_close:
        return close_port(((struct evtchn_close *)arg)->port);
    default:
        return -ENOSYS;
    }
}

void sim_new_domain(void)
{
    for (evtchn_port_t p = 1; p < PORTS; p++)
        close_port(p);
    memset(shared_info, 0, sizeof(*shared_info));
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
    boot_info.xenstore_port = 1 + below(20);
    boot_info.console_port = boot_info.xenstore_port + 1 + below(20);
    ports[boot_info.xenstore_port].state = ports[boot_info.console_port].state = PORT_UNBOUND;
    ports[boot_info.xenstore_port].remote = ports[boot_info.console_port].remote = 0;
}

/* ---- turns ---- */

void sim_add_actor(struct actor *a)
{
    CHECK(actor_count < ACTORS, "simulation: too many actors");
    actors[actor_count++] = a;
}

void actor_wake(struct actor *a, uint64_t delay)
{
    a->due = MIN(a->due, seam_now + delay);
}

/* Runs an actor that is due; false when there is none. */
static bool turn(void)
{
    struct actor *ready[ACTORS];
    unsigned n = 0;
    struct actor *a;

    for (unsigned i = 0; i < actor_count; i++) {
        if (actors[i]->due <= seam_now)
            ready[n++] = actors[i];
    }
    if (!n)
        return false;
    a = ready[n > 1 ? below(n) : 0];
    a->due = NEVER;
    in_world = true;
    totals.world_steps++;
    a->run(a);
    in_world = false;
    seam_now += below(TURN_NS);
    return true;
}

void sim_preempt(void)
{
    if (in_world) {
        sim_countdown = 1 << 30;
        return;
    }
    do
        turn();
    while (one_in(4));
    seam_now += below(64);
    sim_countdown = (int)below(2 * pace);
}

static uint64_t next_due(void)
{
    uint64_t due = NEVER;

    for (unsigned i = 0; i < actor_count; i++)
        due = MIN(due, actors[i]->due);
    return due;
}

static bool is_pending(evtchn_port_t port)
{
    return shared_info->evtchn_pending[port / 64] >> (port % 64) & 1;
}

static bool any_pending(const struct sched_poll *op)
{
    evtchn_port_t *list;

    memcpy(&list, &op->ports, sizeof(list));
    for (unsigned i = 0; i < op->nr_ports; i++) {
        if (is_pending(list[i]))
            return true;
    }
    return false;
}

/* The guest sleeps: the world runs until it is woken. */
static long poll(const struct sched_poll *op)
{
    while (!any_pending(op)) {
        uint64_t target;

        if (turn())
            continue;
        target = MIN(next_due(), op->timeout ? op->timeout : NEVER);
        CHECK(target != NEVER, "stuck: the guest waits for an event that nobody will send\n%s",
              seam_console());
        seam_now = MAX(seam_now, target);
        if (op->timeout && seam_now >= op->timeout)
            return 0;
    }
    return 0;
}

static long hook(unsigned nr, const unsigned long *arg)
{
    long ret = SEAM_DEFAULT;

    sim_access();
    if (nr == __HYPERVISOR_event_channel_op)
        ret = event_channel_op(arg[0], (void *)arg[1]);
    else if (nr == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_poll)
        ret = poll((void *)arg[1]);
    else if (nr == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_shutdown)
        sim_violation("the guest ended itself: %s", seam_console());
    sim_access();
    return ret;
}

void sim_xen_init(size_t memory, unsigned mean)
{
    seam_init(memory);
    seam_hypercall = hook;
    printk_set_level(LOG_INFO);
    actor_count = flying_count = 0;
    memset(ports, 0, sizeof(ports));
    pace = MAX(mean, 1u);
    sim_countdown = (int)pace;
    ports[1].state = ports[2].state = PORT_UNBOUND;
    deliveries.due = NEVER;
    sim_add_actor(&deliveries);
    grant_init();
}

void peer_copy(void *to, const void *from, size_t bytes)
{
    __asm__ __volatile__("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

void peer_fill(void *to, uint8_t value, size_t bytes)
{
    __asm__ __volatile__("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
}
