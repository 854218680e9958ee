/* SPDX-License-Identifier: MIT */
/* Event channels. */
#include "kernel.h"

#include <errno.h>
#include <mini-os/events.h>
#include <mini-os/xenbus.h>
#include <stdlib.h>

struct binding {
    evtchn_handler_t handler;
    void *data;
    evtchn_port_t port;
    struct binding *next;
};

static struct binding *bindings;

static struct binding *find(evtchn_port_t port)
{
    struct binding *b = bindings;

    while (b && b->port != port)
        b = b->next;
    return b;
}

/* The handler may unbind its port, and so free b. */
static bool on_event(evtchn_port_t port, void *arg)
{
    const struct binding *b = arg;

    b->handler(port, NULL, b->data);
    return true;
}

static struct binding *new_binding(evtchn_handler_t handler, void *data)
{
    struct binding *b = malloc(sizeof(*b));

    if (b)
        *b = (struct binding){.handler = handler, .data = data};
    return b;
}

/* Keeps b if the kernel has made the port, and frees it otherwise. Returns ret. */
static int settle(struct binding *b, int ret, evtchn_port_t port)
{
    if (ret) {
        free(b);
        return ret;
    }
    b->port = port;
    b->next = bindings;
    bindings = b;
    return 0;
}

int evtchn_alloc_unbound(domid_t remote, evtchn_handler_t handler, void *data, evtchn_port_t *port)
{
    struct binding *b = new_binding(handler, data);
    int ret = b ? kernel_evtchn_alloc_unbound(remote, on_event, b, port) : -ENOMEM;

    return settle(b, ret, ret ? 0 : *port);
}

int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_handler_t handler,
                            void *data, evtchn_port_t *local_port)
{
    struct binding *b = new_binding(handler, data);
    int ret =
        b ? kernel_evtchn_bind_interdomain(remote, remote_port, on_event, b, local_port) : -ENOMEM;

    return settle(b, ret, ret ? 0 : *local_port);
}

evtchn_port_t bind_virq(uint32_t virq, evtchn_handler_t handler, void *data)
{
    struct binding *b = new_binding(handler, data);
    evtchn_port_t port = 0;
    int ret = b ? evtchn_bind_virq(virq, on_event, b, &port) : -ENOMEM;

    if (!settle(b, ret, port))
        return port;
    kernel_printk(LOG_ERROR, "VIRQ %u cannot be bound: %s\n", virq, errno_name(ret));
    return (evtchn_port_t)-1;
}

evtchn_port_t bind_evtchn(evtchn_port_t port, evtchn_handler_t handler, void *data)
{
    struct binding *b = find(port);
    int ret;

    if (b) {
        b->handler = handler;
        b->data = data;
        return port;
    }
    b = new_binding(handler, data);
    ret = b ? evtchn_bind_existing(port, on_event, b) : -ENOMEM;
    return settle(b, ret, port) ? (evtchn_port_t)-1 : port;
}

void unbind_evtchn(evtchn_port_t port)
{
    for (struct binding **at = &bindings; *at; at = &(*at)->next) {
        struct binding *b = *at;

        if (b->port != port)
            continue;
        evtchn_close(port);
        *at = b->next;
        free(b);
        return;
    }
}

void mask_evtchn(uint32_t port)
{
    evtchn_mask(port);
}

void unmask_evtchn(uint32_t port)
{
    evtchn_unmask(port);
}

int notify_remote_via_evtchn(evtchn_port_t port)
{
    return evtchn_notify(port);
}

domid_t get_domid(void)
{
    return xenbus_get_self_id();
}
