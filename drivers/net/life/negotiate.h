/* SPDX-License-Identifier: MIT */
/*
 * XenStore values in, checked limits and keys to publish out. No state, no XenStore calls: the
 * items are read by the caller, in one batch per step. Every value has a range; what lies outside
 * has a defined result and a message that names key and value.
 */
#ifndef RINGLET_NET_NEGOTIATE_H
#define RINGLET_NET_NEGOTIATE_H

#include "drivers/net/path/chain.h"

#include <kernel/frontend.h>

/* What there is to read when the backend has made its offers (InitWait). */
enum net_offer {
    NET_OFFER_RX_COPY,
    NET_OFFER_SG,
    NET_OFFER_GSO_V4,
    NET_OFFER_GSO_V6,
    NET_OFFER_NO_CSUM,
    NET_OFFER_CSUM_V6,
    NET_OFFER_SPLIT,
    NET_OFFER_QUEUES,
    NET_OFFER_MULTICAST,
    NET_OFFER_TRUSTED,
    NET_OFFER_MAC,
    NET_OFFERS
};

/* What there is to read when it is Connected, and again when it may have changed. */
enum net_property {
    NET_PROPERTY_CARRIER,
    NET_PROPERTY_MTU,         /* the toolstack's, for the frontend */
    NET_PROPERTY_BACKEND_MTU, /* where some toolstacks write it */
    NET_PROPERTIES
};

/* Fill items[] for xs_batch; frontend and backend are directories that must outlive it. */
void net_negotiate_offer_items(struct xs_batch_item items[NET_OFFERS], const char *frontend,
                               const char *backend);
void net_negotiate_property_items(struct xs_batch_item items[NET_PROPERTIES], const char *frontend,
                                  const char *backend);

/* 0, or -EINVAL for a configuration out of range (printed). config may be NULL. *out: every default
 * filled in. */
int net_negotiate_config(const struct netfront_config *config, struct netfront_config *out);

/*
 * The offers: sets all of limits but mtu and carrier. fewer: 0..2, as frontend.fewer_keys. *rules:
 * what the backend will be told that it may send. 0, or -EINVAL, -EOPNOTSUPP when the interface
 * cannot be used (printed).
 */
int net_negotiate_offers(const struct xs_batch_item items[NET_OFFERS],
                         const struct netfront_config *config, unsigned fewer,
                         struct netfront_limits *limits, struct net_chain_rules *rules);

/* What a queue publishes; without split channels the ports are the same. */
struct net_queue_keys {
    grant_ref_t tx_ref, rx_ref;
    evtchn_port_t tx_port, rx_port;
};

/* limits->queues of them are in queues. keys has room for FRONTEND_KEYS_MAX. The number of keys. */
unsigned net_negotiate_keys(const struct netfront_limits *limits,
                            const struct net_chain_rules *rules,
                            const struct net_queue_keys *queues, struct frontend_key *keys);

/* Sets mtu and carrier. */
void net_negotiate_properties(const struct xs_batch_item items[NET_PROPERTIES],
                              struct netfront_limits *limits);

/* "00:16:3e:01:02:03" of len bytes to a unicast address that is not zero. */
bool net_negotiate_mac(const char *text, size_t len, uint8_t mac[6]);

#endif
