/* SPDX-License-Identifier: MIT */
/*
 * XenStore values in, checked limits and keys to publish out. No state, no XenStore calls: the
 * items are read by the caller, in one batch per step. Every value has a range; what lies outside
 * has a defined result and a message that names key and value.
 */
#ifndef RINGLET_BLOCK_NEGOTIATE_H
#define RINGLET_BLOCK_NEGOTIATE_H

#include <kernel/frontend.h>
#include <ringlet/blkfront.h>

#include "drivers/block/wire.h"

/* How a ring of several pages is announced: two schemes exist, and a backend reads the one it
 * offers. */
enum ring_scheme { RING_ONE_PAGE, RING_PAGE_ORDER, RING_NUM_PAGES };

/* What there is to read when the backend has made its offers (InitWait). */
enum offer_item {
    OFFER_RING_ORDER,
    OFFER_RING_PAGES,
    OFFER_INDIRECT,
    OFFER_QUEUES,
    OFFER_PERSISTENT,
    OFFER_TRUSTED,
    OFFER_SECTOR_SIZE,
    OFFER_ITEMS
};

/* What there is to read when it is Connected. */
enum property_item {
    PROPERTY_SECTORS,
    PROPERTY_SECTOR_SIZE,
    PROPERTY_PHYSICAL,
    PROPERTY_INFO,
    PROPERTY_MODE,
    PROPERTY_FLUSH,
    PROPERTY_BARRIER,
    PROPERTY_DISCARD,
    PROPERTY_DISCARD_GRANULARITY,
    PROPERTY_DISCARD_ALIGNMENT,
    PROPERTY_DISCARD_SECURE,
    PROPERTY_PERSISTENT,
    PROPERTY_INDIRECT,
    PROPERTY_ITEMS
};

/* Fill items[] for xs_batch; frontend and backend are directories that must outlive it. */
void negotiate_offer_items(struct xs_batch_item items[OFFER_ITEMS], const char *frontend,
                           const char *backend);
void negotiate_property_items(struct xs_batch_item items[PROPERTY_ITEMS], const char *backend);

/* 0, or -EINVAL for a configuration out of range (printed). config may be NULL. *out: every default
 * filled in but the grant budget's, which needs the grant table. */
int negotiate_config(const struct blkfront_config *config, struct blkfront_config *out);

/*
 * The offers: sets ring_pages (a power of two, at most config->ring_pages), queues,
 * indirect_offered, max_segments, persistent_offered, trusted; and persistent: whether the frontend
 * says that it would, which it has to say before all backends have made that offer. Offers that
 * make no sense count as not made. limits->name is for messages. 0, or -EINVAL when the disk cannot
 * be used (printed with key and value).
 */
int negotiate_offers(const struct xs_batch_item items[OFFER_ITEMS],
                     const struct blkfront_config *config, struct blkfront_limits *limits,
                     enum ring_scheme *scheme);

/* What a queue publishes. */
struct queue_keys {
    const grant_ref_t *ring_refs; /* limits->ring_pages of them */
    evtchn_port_t port;
};

/* limits->queues of them are in queues. The keys for the frontend's directory; keys has room for
 * FRONTEND_KEYS_MAX. Their number. */
unsigned negotiate_keys(const struct blkfront_limits *limits, enum ring_scheme scheme,
                        const struct queue_keys *queues, struct frontend_key *keys);

/*
 * The disk: sets sectors, sector_size, physical_sector_size, the features, readonly, removable,
 * cdrom, persistent, and again what depends on indirect segments. 0, or -EINVAL when the disk
 * cannot be used (printed with key and value).
 */
int negotiate_properties(const struct xs_batch_item items[PROPERTY_ITEMS],
                         const struct blkfront_config *config, struct blkfront_limits *limits);

/* "vbd" from "/local/domain/0/backend/vbd/1/51712"; "?" when there is none. */
void negotiate_backend_type(const char *backend_path, char *type, size_t size);

/* ---- negotiate_properties.c for negotiate.c ---- */

/* Segments per request from feature-max-indirect-segments: some backends write the key with their
 * offers, some when they connect. */
void negotiate_segments(const struct xs_batch_item *item, const struct blkfront_config *config,
                        struct blkfront_limits *limits);

/* The size of a sector: sets sector_size. 0, or -EINVAL when that cannot be used (printed). */
int negotiate_sector_size(const struct xs_batch_item *item, struct blkfront_limits *limits);

#endif
