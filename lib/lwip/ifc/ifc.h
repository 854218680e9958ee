/* SPDX-License-Identifier: MIT */
/*
 * An interface: lwIP's struct netif on a netfront. Everything in it is under the core lock, unless
 * stated otherwise. Its own thread receives and sends (ifc.c); the manager's thread opens and closes
 * it, and says what changes (manager.c).
 */
#ifndef RINGLET_LWIP_IFC_H
#define RINGLET_LWIP_IFC_H

#include <ringlet/list.h>
#include <ringlet/netfront.h>
#include <ringlet/thread.h>

#include "lib/lwip/ifc/config.h"
#include "lib/lwip/ifc/join.h"
#include "lib/lwip/port/core_lock.h"
#include "lwip/netif.h"

#define IFC_TEXT 400 /* of a line that describes an interface's addresses */

enum ifc_conflict { CONFLICT_NONE, CONFLICT_SEEN, CONFLICT_GIVEN_UP };

struct ifc {
    struct netif netif; /* netif.state is the struct ifc */
    struct list link;   /* interfaces */
    struct netfront_dev *dev;
    struct netfront_limits limits;
    struct net_config config;

    /* the thread that receives */
    struct thread *thread;
    struct wait_queue work;
    bool ready; /* netfront_poll has work; set in handler context */
    bool stop;

    /* events of the driver, set by its thread */
    bool carrier_event, back_event, away_event, failed;

    struct join join;
    bool full; /* netfront had no room; `ready` ends that */

    /* for the manager */
    bool gone;            /* the toolstack detached it */
    bool changed;         /* an address */
    bool dhcp_answered;   /* or said that nobody answers */
    uint64_t asked_since; /* clock_now() at which DHCP began */
    char said[IFC_TEXT];  /* the last line about addresses */
    uint8_t conflict_mac[6];
    enum ifc_conflict conflict;
    bool conflict_said;
    uint64_t address_since; /* when the static address was set, or given up */
    uint64_t defended;      /* when it was last announced to another that uses it */

    uint64_t rx_dropped, tx_dropped;
};

/* All interfaces in the order of their numbers; changed by the manager only. */
extern struct list interfaces;

static inline struct ifc *ifc_of(struct netif *netif)
{
    return netif->state;
}

/* ---- ifc.c ---- */

/*
 * Opens netfront `name` ("0"), adds it to lwIP and starts its thread. Waits; without the core lock.
 * NULL: it did not work, which was said.
 */
struct ifc *ifc_open(const char *name, const struct net_config *config);
/* Ends its thread, removes it from lwIP and frees it. Waits; without the core lock. */
void ifc_close(struct ifc *ifc);

/* ---- receive.c ---- */

void ifc_receive(struct netfront_dev *dev, const struct netfront_rx *frame, void *arg);
/*
 * Data that nobody has read has all the buffers that it may have. From now on a socket that has none of it
 * gets IFC_SHORT_MAX bytes at once, and one that has some gets no more. (Of TCP net_tcp_input sees to that.)
 */
bool ifc_buffers_are_short(void);
#define IFC_SHORT_MAX 1500u

/* ---- output.c ---- */

/* lwIP's output and output_ip6: fragments of what is larger than a frame, but of TCP segments that the
 * backend cuts. */
err_t ifc_output(struct netif *netif, struct pbuf *p, const ip4_addr_t *dest);
err_t ifc_output_ip6(struct netif *netif, struct pbuf *p, const ip6_addr_t *dest);
/* The size of the segments that an IP packet, of which len bytes are at ip, is cut into by the backend: its
 * connection's mss. 0: it is no TCP, of no connection, or the backend does not cut it (into frames of mtu). */
unsigned ifc_segment_size(const struct netif *netif, const uint8_t *ip, unsigned len, unsigned mtu);
/* net_large_taken (lib/lwip/port/large.h) */
bool ifc_takes_large(const struct netif *netif, bool v6);

/* ---- send.c ---- */

/* lwIP's linkoutput. */
err_t ifc_send(struct netif *netif, struct pbuf *p);
/* Sends what waits to be joined; false: there is no room now. */
bool ifc_send_joined(struct ifc *ifc);
/* What lwIP and what the glue does about checksums, after limits have changed. */
void ifc_set_offloads(struct ifc *ifc);
/* After `full` has ended: lets lwIP send what it could not. */
void ifc_send_again(struct ifc *ifc);

/* ---- conflict.c ---- */

/* Looks at an ARP frame of len bytes that was received. */
void ifc_arp_seen(struct ifc *ifc, const uint8_t *frame, unsigned len);
/* Announces the address of the interface, or asks whether it is free (a probe). */
void ifc_arp_announce(struct ifc *ifc);
void ifc_arp_probe(struct ifc *ifc);

/* ---- address.c ---- */

/* Gives the interface what its configuration says, in place of what it has. */
void ifc_configure(struct ifc *ifc);
/* Name servers that were configured take precedence over DHCP's and those of router advertisements, which
 * lwIP writes over them. */
void ifc_set_name_servers(void);
/* The line about its addresses, without "net: vif0: ". */
void ifc_describe(struct ifc *ifc, char *buf, size_t size);
/* "10.0.0.2/24", "fd00::2/64", ..., separated by blanks: what XenStore gets. */
void ifc_addresses(struct ifc *ifc, char *buf, size_t size);
/* Whether it has an address that others than its neighbours can use. */
bool ifc_has_address(struct ifc *ifc);

/* ---- manager.c ---- */

/* Woken when an address, or the interfaces, have changed. */
extern struct wait_queue addresses_changed;
/* Starts the manager, which opens all interfaces. Waits until it has tried each. 0 or -ENOMEM. */
int manager_start(void);
/* There is work for it. Any context. */
void manager_wake(void);

#endif
