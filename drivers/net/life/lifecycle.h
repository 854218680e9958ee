/* SPDX-License-Identifier: MIT */
/*
 * The life of a device, in steps that do not know of XenStore, so that a test can take them with
 * limits of its own. open.c strings them together as the frontend's machine says.
 *
 *   create - make_rings - start - stop - (make_rings ...) - release - destroy
 */
#ifndef RINGLET_NET_LIFECYCLE_H
#define RINGLET_NET_LIFECYCLE_H

#include <ringlet/netfront.h>

/* A device that is NET_CONNECTING; config is complete (net_negotiate_config). NULL: no memory. */
struct netfront_dev *net_lifecycle_create(unsigned number, const struct netfront_config *config);

/*
 * For dev->peer: limits.queues queues, each with granted rings and event channels, masked; or fewer
 * queues when memory or grants are short. 0, -ENOMEM, -ENOSPC (no grants or ports), or Xen's error.
 */
int net_lifecycle_make_rings(struct netfront_dev *dev);

/* limits are final: posts buffers, and the device is NET_UP. */
void net_lifecycle_start(struct netfront_dev *dev);

/* Nothing is sent and no response is taken any more; the state is set by the caller. */
void net_lifecycle_stop(struct netfront_dev *dev);

/*
 * The connection is closed: rings are freed, all grants end, or their pages are quarantined; frames
 * in flight wait for the next poll to be ended. invalidated: with the domain's resume; no grant and
 * port exists any more. Harmless to repeat.
 */
void net_lifecycle_disconnect(struct netfront_dev *dev, bool invalidated);

/* After net_lifecycle_disconnect: ends what waits for the poll, and frees all but dev. Harmless to
 * repeat. */
void net_lifecycle_release(struct netfront_dev *dev);

void net_lifecycle_destroy(struct netfront_dev *dev);

#endif
